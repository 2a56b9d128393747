import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { eventually } from "./eventually.js";

export interface Notification {
  /** The sender, as the kernel says. */
  readonly pid: number;
  /** What stood in the PID file when the message came. */
  readonly pidFile: string | null;
  readonly message: Readonly<Record<string, string>>;
}

/** An init system's end of `$NOTIFY_SOCKET`. */
export class NotifyReceiver {
  readonly received: Notification[] = [];

  static async start(path: string, pidFile = ""): Promise<NotifyReceiver> {
    const receiver = new NotifyReceiver();
    const script = fileURLToPath(new URL("notify-receiver.py", import.meta.url));
    const process = spawn("python3", [script, path, ...(pidFile === "" ? [] : [pidFile])], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(() => void process.kill("SIGKILL"));
    let ready = false;
    createInterface({ input: process.stdout }).on("line", (line) => {
      const value = JSON.parse(line) as { ready?: true } & Notification;
      if (value.ready) ready = true;
      else receiver.received.push(value);
    });
    await eventually("the receiver listens", () => ready);
    return receiver;
  }

  /** The first message with these fields, from this place on. */
  async until(fields: Readonly<Record<string, string>>, since = 0): Promise<Notification> {
    const matches = ({ message }: Notification) =>
      Object.entries(fields).every(([name, value]) => message[name] === value);
    try {
      return (await eventually(`${JSON.stringify(fields)} arrives`, () =>
        this.received.slice(since).find(matches),
      )) as Notification;
    } catch (cause) {
      throw new Error(`not received: ${JSON.stringify(fields)} in ${JSON.stringify(this.received)}`, {
        cause,
      });
    }
  }
}
