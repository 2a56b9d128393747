import { type CLibrary, loadCLibrary } from "../syscalls/c-library.js";
import { loadSyscalls, type Syscalls } from "../syscalls.js";

/** Tells an init system how the service is. Messages arrive in order; one that cannot be delivered is dropped. */
export interface Notifier {
  /** `descriptor`: what goes along, asked for when the message is sent. */
  notify(message: string, descriptor?: () => number): void;
}

type Send = (message: string, descriptor?: () => number) => void;

const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 0o2000002;
const MSG_NOSIGNAL_DONTWAIT = 0x4040;

/** A notifier for `$NOTIFY_SOCKET`, which Node has no way to write to: a datagram socket. */
export function notifierOf(path: string): Notifier {
  let last: Promise<unknown> = Promise.resolve();
  let loading: Promise<Send> | undefined;
  return {
    notify(message, descriptor) {
      loading ??= loadSend(path);
      const sending = loading;
      last = last.then(async () => (await sending)(message, descriptor)).catch(() => {});
    },
  };
}

async function loadSend(path: string): Promise<Send> {
  const c = process.platform === "linux" ? await loadCLibrary() : undefined;
  const syscalls = c && (await loadSyscalls());
  // Where koffi is not installed, or not for this machine, the command does it, too.
  return c && syscalls ? throughSystemCalls(path, c, syscalls) : throughCommand();
}

function throughSystemCalls(path: string, { library: c }: CLibrary, { sendDescriptors }: Syscalls): Send {
  const socket = c.func("int socket(int domain, int type, int protocol)");
  const connect = c.func("int connect(int descriptor, const void *address, unsigned int addressLength)");
  const send = c.func("intptr_t send(int descriptor, const void *data, size_t length, int flags)");
  const close = c.func("int close(int descriptor)");
  const family = Buffer.from(new Uint8Array(new Uint16Array([AF_UNIX]).buffer));
  // Written with an @, an abstract name begins with a NUL; a path ends with one.
  const name = path.startsWith("@") ? `\0${path.slice(1)}` : `${path}\0`;
  const address = Buffer.concat([family, Buffer.from(name)]);
  return (message, descriptor) => {
    const to: number = socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
    if (to < 0) return;
    const bytes = Buffer.from(message);
    try {
      connect(to, address, address.length);
      if (descriptor === undefined) send(to, bytes, bytes.length, MSG_NOSIGNAL_DONTWAIT);
      else sendDescriptors(to, { bytes, descriptors: [descriptor()] });
    } finally {
      close(to);
    }
  };
}

function throughCommand(): Send {
  const { spawn } = process.getBuiltinModule("node:child_process");
  return (message, descriptor) => {
    // It can pass descriptors on from systemd 254 on, and there koffi is what is missing: the service goes on without.
    if (descriptor !== undefined) return;
    // Without --no-block it waits until the init system has read the message, five seconds at most.
    const command = spawn("systemd-notify", ["--no-block", ...message.split("\n")], { stdio: "ignore" });
    command.on("error", () => {}).unref();
  };
}
