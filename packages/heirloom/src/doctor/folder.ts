import { lstatSync } from "node:fs";
import { type Finding, fail, ok } from "./finding.js";

/** Whether control sockets can be made in a folder, or are there already. The rules are the runtime's. */
export function checkFolder(path: string, uid = process.geteuid?.()): Finding[] {
  let found: ReturnType<typeof lstatSync>;
  try {
    found = lstatSync(path);
  } catch {
    return [ok("control", `${path} will be made by the first service`)];
  }
  const mode = (found.mode & 0o777).toString(8);
  if (!found.isDirectory()) return [fail("control", `${path} is not a folder: remove it`)];
  if (found.uid !== uid && uid !== 0)
    return [
      fail(
        "control",
        `${path} belongs to user ${found.uid}: services of user ${uid} run without control sockets there`,
      ),
    ];
  if ((found.mode & 0o077) !== 0)
    return [fail("control", `others may enter ${path} (mode ${mode}): services do not use it; chmod 700 it`)];
  return [ok("control", `${path} is private`)];
}
