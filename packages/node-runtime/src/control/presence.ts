import { connect } from "node:net";

/** How long an owner may take to say so. */
const answerDeadlineMs = 1_000;

/** What is behind a socket's path: somebody listens, nobody does, or it can't be told. */
export type Presence = "answers" | "dead" | "missing";

/** Looks whether a process listens on a socket. A connection is made and given up at once. */
export function presenceOf(path: string): Promise<Presence> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.unref();
    probe.once("error", (error) => resolve(presenceAfter(error)));
    probe.once("connect", () => {
      probe.destroy();
      resolve("answers");
    });
  });
}

/** Whether the process behind a control socket is owner of its service. One that does not answer may be. */
export function mayBeOwner(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    let answer = "";
    const done = (owner: boolean) => {
      clearTimeout(timer);
      probe.destroy();
      resolve(owner);
    };
    const timer = setTimeout(() => done(true), answerDeadlineMs);
    probe.unref().setEncoding("utf8");
    probe.once("error", (error) => done(presenceAfter(error) === "answers"));
    probe.once("connect", () => probe.write('{"command":"status"}\n'));
    probe.once("end", () => done(!answer.includes('"isOwner":false')));
    probe.on("data", (text: string) => {
      answer += text;
    });
  });
}

function presenceAfter({ code }: NodeJS.ErrnoException): Presence {
  // A full queue (EAGAIN) is somebody's, too, and what cannot be told is better left alone.
  if (code === "ENOENT") return "missing";
  return code === "ECONNREFUSED" || code === "ENOTSOCK" ? "dead" : "answers";
}
