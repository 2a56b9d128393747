import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { descriptorsOf } from "./process.js";

/** Where one service listens. */
export interface Listening {
  readonly ports: ReadonlySet<number>;
  /** Of its Unix-domain socket, whatever name the kernel knows it by. */
  readonly folder: string;
}

interface TcpRow {
  readonly remotePort: number;
  readonly state: string;
  readonly inode: string;
}

/** `   0: 0100007F:1F90 ...`: from the colon after the row's number to the one before the port. */
const ADDRESS_LENGTH = 10;

/** The rows of these local ports. The table is long where many connections have been: only theirs are taken apart. */
function tcpRows(text: string, ports: ReadonlySet<number>): TcpRow[] {
  const marks = [...ports].map((port) => `:${port.toString(16).toUpperCase().padStart(4, "0")} `);
  const rows: TcpRow[] = [];
  for (const line of text.split("\n")) {
    const localPortAt = line.indexOf(":") + ADDRESS_LENGTH;
    if (!marks.some((mark) => line.startsWith(mark, localPortAt))) continue;
    const [, , remote = "", state = "", , , , , , inode = ""] = line.trim().split(/\s+/);
    rows.push({ remotePort: Number.parseInt(remote.split(":")[1] ?? "", 16), state, inode });
  }
  return rows;
}

const LISTENING_ROWS_BYTES = 65_536;

/** The beginning of the table, where the listening sockets are. */
function tableHead(): string {
  const file = openSync("/proc/net/tcp", "r");
  try {
    const buffer = Buffer.alloc(LISTENING_ROWS_BYTES);
    let filled = 0;
    for (let read = -1; read !== 0 && filled < buffer.length; filled += read) {
      read = readSync(file, buffer, filled, buffer.length - filled, null);
      if (/ 0[1-9B] /.test(buffer.toString("latin1", filled, filled + read))) break;
    }
    return buffer.toString("latin1", 0, filled + 4_096);
  } finally {
    closeSync(file);
  }
}

interface UnixRow {
  readonly listens: boolean;
  readonly inode: string;
  readonly path: string;
}

/** The folder in the service's runtime directory that its control sockets are in: no listener of the service itself. */
export const CONTROL_ROOT = "heirloom";

function unixRows(folder: string): UnixRow[] {
  return allUnixRows(folder).filter(({ path }) => !isControl(path, folder));
}

const isControl = (path: string, folder: string) => path.startsWith(`${folder}/${CONTROL_ROOT}/`);

function allUnixRows(folder: string): UnixRow[] {
  return readFileSync("/proc/net/unix", "latin1")
    .split("\n")
    .filter((line) => line.includes(`${folder}/`))
    .map((line) => {
      const [, , , flags = "", , , inode = "", path = ""] = line.trim().split(/\s+/);
      return { listens: flags === "00010000", inode, path };
    });
}

/** Inode numbers of the listening sockets. */
export function listenersOf({ ports, folder }: Listening): Set<string> {
  const tcp = tcpRows(tableHead(), ports).filter(({ state }) => state === "0A");
  const unix = unixRows(folder).filter(({ listens }) => listens);
  return new Set([...tcp, ...unix].map(({ inode }) => inode));
}

/** The connections that one process has accepted, as the kernel's tables have them. */
export interface Accepted {
  /** The clients' ports. */
  readonly ports: ReadonlySet<number>;
  /** Unix-domain connections have no names: their inode numbers tell them apart, and no client knows those. */
  readonly unix: ReadonlySet<string>;
}

/** Exact for a process that is stopped. What waits in the accept queue has no descriptor yet, and is not among them. */
export function acceptedBy(pid: number, { ports, folder }: Listening): Accepted {
  const inodes = socketInodes(pid);
  return {
    ports: new Set(
      tcpRows(readFileSync("/proc/net/tcp", "latin1"), ports)
        .filter(({ state, inode }) => state !== "0A" && inodes.has(inode))
        .map(({ remotePort }) => remotePort),
    ),
    unix: new Set(
      unixRows(folder)
        .filter(({ listens, inode }) => !listens && inodes.has(inode))
        .map(({ inode }) => inode),
    ),
  };
}

/**
 * Those among a process's connections that have outlived it: another process has a copy, or one is on its way to it. To be
 * asked right after its end.
 */
export function outliving({ ports: had, unix }: Accepted, { ports, folder }: Listening): Accepted {
  const open = tcpRows(readFileSync("/proc/net/tcp", "latin1"), ports).filter(
    ({ state, inode, remotePort }) => state === ESTABLISHED && inode !== "0" && had.has(remotePort),
  );
  const rows = unixRows(folder).filter(({ inode }) => unix.has(inode));
  return {
    ports: new Set(open.map(({ remotePort }) => remotePort)),
    unix: new Set(rows.map(({ inode }) => inode)),
  };
}

const ESTABLISHED = "01";

function socketInodes(pid: number): Set<string> {
  return new Set(
    [...(descriptorsOf(pid)?.values() ?? [])]
      .filter((target) => target.startsWith("socket:["))
      .map((target) => target.slice(8, -1)),
  );
}

/**
 * What a process has open, by sort and count. Connections are left out: they come and go, and one that is reset is in
 * no table of the kernel while its process has not closed it.
 */
export function inventory(
  pid: number,
  { folder }: Listening,
  listeners: ReadonlySet<string>,
): Record<string, number> {
  const targets = [...(descriptorsOf(pid)?.values() ?? [])];
  const control = new Set<string>();
  for (const { listens, inode, path } of allUnixRows(folder)) {
    if (listens && isControl(path, folder)) control.add(inode);
  }
  const unnamed = new Set<string>();
  for (const line of readFileSync("/proc/net/unix", "latin1").split("\n")) {
    const [, , , , , , inode = "", path] = line.trim().split(/\s+/);
    if (path === undefined) unnamed.add(inode);
  }
  const count: Record<string, number> = {};
  for (const target of targets) {
    const sort = sortOf(target, folder, { listeners, control, unnamed });
    if (sort !== undefined) count[sort] = (count[sort] ?? 0) + 1;
  }
  return count;
}

function sortOf(
  target: string,
  folder: string,
  sockets: Readonly<Record<"listeners" | "control" | "unnamed", ReadonlySet<string>>>,
): string | undefined {
  if (!target.startsWith("socket:[")) {
    return target
      .replace(/\[\d+\]$/, "")
      .replace(`${folder}/`, "")
      .replace(/^served-\d+$/, "served");
  }
  const inode = target.slice(8, -1);
  if (sockets.listeners.has(inode)) return "listening socket";
  if (sockets.control.has(inode)) return "control socket";
  return sockets.unnamed.has(inode) ? "unnamed socket" : undefined;
}
