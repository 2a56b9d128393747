/** Tells an init system how the service is. Messages arrive in order; one that cannot be delivered is dropped. */
export interface Notifier {
  notify(message: string): void;
}

type Send = (message: string) => void;

const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 0o2000002;
const MSG_NOSIGNAL_DONTWAIT = 0x4040;

/** A notifier for `$NOTIFY_SOCKET`, which Node has no way to write to: a datagram socket. */
export function notifierOf(path: string): Notifier {
  let last: Promise<unknown> = Promise.resolve();
  let loading: Promise<Send> | undefined;
  return {
    notify(message) {
      loading ??= loadSend(path);
      const sending = loading;
      last = last.then(async () => (await sending)(message)).catch(() => {});
    },
  };
}

async function loadSend(path: string): Promise<Send> {
  if (process.platform === "linux" && process.env.HEIRLOOM_SYSCALLS !== "none") {
    try {
      return await throughKoffi(path);
    } catch {
      // Not installed, or not for this machine: the command does it, too.
    }
  }
  return throughCommand();
}

async function throughKoffi(path: string): Promise<Send> {
  const { default: koffi } = await import("koffi");
  const c = koffi.load(null);
  const socket = c.func("int socket(int domain, int type, int protocol)");
  const sendto = c.func(
    "ssize_t sendto(int descriptor, const void *data, size_t length, int flags, const void *address, unsigned int addressLength)",
  );
  const close = c.func("int close(int descriptor)");
  const family = Buffer.from(new Uint8Array(new Uint16Array([AF_UNIX]).buffer));
  // Written with an @, an abstract name begins with a NUL; a path ends with one.
  const name = path.startsWith("@") ? `\0${path.slice(1)}` : `${path}\0`;
  const address = Buffer.concat([family, Buffer.from(name)]);
  return (message) => {
    const descriptor: number = socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
    if (descriptor < 0) return;
    const data = Buffer.from(message);
    sendto(descriptor, data, data.length, MSG_NOSIGNAL_DONTWAIT, address, address.length);
    close(descriptor);
  };
}

function throughCommand(): Send {
  const { spawn } = process.getBuiltinModule("node:child_process");
  return (message) => {
    // Without --no-block it waits until the init system has read the message, five seconds at most.
    const command = spawn("systemd-notify", ["--no-block", ...message.split("\n")], { stdio: "ignore" });
    command.on("error", () => {}).unref();
  };
}
