import { existsSync } from "node:fs";
import { faultOfFolder, ownerOf } from "../client/folder.js";
import { type Finding, fail, ok } from "./finding.js";

/** Whether control sockets can be made in a folder, or are there already. */
export function checkFolder(path: string, uid = process.geteuid?.()): Finding[] {
  // Root looks at those of others, too.
  const fault = faultOfFolder(path, uid === 0 ? ownerOf(path) : uid);
  if (fault !== undefined) return [fail("control", fault)];
  return [
    ok("control", existsSync(path) ? `${path} is private` : `${path} will be made by the first service`),
  ];
}
