import { connect } from "node:net";

/** Whether a process listens behind a socket's path. What may not be asked counts as there. */
export function presence(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once("error", ({ code }: NodeJS.ErrnoException) =>
      resolve(code !== "ECONNREFUSED" && code !== "ENOENT" && code !== "ENOTSOCK"),
    );
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
  });
}
