import { lstatSync, type Stats } from "node:fs";

/**
 * Why no service of this user has its sockets in a folder; undefined where one may, also where there is no such folder yet.
 * The rules are the runtime's.
 */
export function faultOfFolder(path: string, uid: number | undefined): string | undefined {
  const found = look(path);
  if (found === undefined) return undefined;
  if (!found.isDirectory()) return `${path} is not a folder: remove it`;
  if (found.uid !== uid)
    return `${path} belongs to user ${found.uid}: services of user ${uid} run without control sockets there`;
  if ((found.mode & 0o077) === 0) return undefined;
  const mode = (found.mode & 0o777).toString(8);
  return `others may enter ${path} (mode ${mode}): services do not use it; chmod 700 it`;
}

export function ownerOf(path: string): number | undefined {
  return look(path)?.uid;
}

function look(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch {
    return undefined;
  }
}
