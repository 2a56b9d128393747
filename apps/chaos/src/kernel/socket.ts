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

const TABLE_BYTES = 2 ** 20;
let table = Buffer.alloc(TABLE_BYTES);

/**
 * The kernel's table of TCP sockets. It has a row for every connection of the last minute, which are thousands, and processes stand
 * still while it is read: into the same memory each time, which is twice as quick as `readFileSync`.
 */
function tcpTable(): string {
  const file = openSync("/proc/net/tcp", "r");
  try {
    let filled = 0;
    for (let read = -1; read !== 0; filled += read) {
      if (filled === table.length) table = Buffer.concat([table, Buffer.alloc(table.length)]);
      read = readSync(file, table, filled, table.length - filled, null);
    }
    return table.toString("latin1", 0, filled);
  } finally {
    closeSync(file);
  }
}

/** Inode numbers of all that listen. They are the first in the table: the rest of it, which is long, is not read. */
function tcpListeners(): Set<string> {
  const file = openSync("/proc/net/tcp", "r");
  try {
    const found = new Set<string>();
    let rest = "";
    for (;;) {
      const read = readSync(file, table, 0, table.length, null);
      const rows = (rest + table.toString("latin1", 0, read)).split("\n");
      rest = rows.pop() ?? "";
      for (const row of rows) {
        const [place, , , state, , , , , , inode = ""] = row.trim().split(/\s+/);
        if (state === LISTEN) found.add(inode);
        else if (place !== "sl") return found;
      }
      if (read === 0) return found;
    }
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
  const tcp = tcpRows(tcpTable(), ports).filter(({ state }) => state === LISTEN);
  const unix = unixRows(folder).filter(({ listens }) => listens);
  return new Set([...tcp, ...unix].map(({ inode }) => inode));
}

/** The connections that one process has accepted, as the kernel's tables have them. */
export interface Accepted {
  /** The clients' ports, and the inode numbers of the sockets that this process has to them. */
  readonly ports: ReadonlyMap<number, string>;
  /** Unix-domain connections have no names: their inode numbers tell them apart, and no client knows those. */
  readonly unix: ReadonlySet<string>;
}

/**
 * Looks at the tables once, and tells what any process has. Exact for one that is stopped. What waits in the accept queue has no
 * descriptor yet, and is not among them.
 */
export function accepted({ ports, folder }: Listening): (pid: number) => Accepted {
  const tcp = tcpRows(tcpTable(), ports).filter(({ state }) => state !== LISTEN);
  const unix = unixRows(folder).filter(({ listens }) => !listens);
  return (pid) => {
    const inodes = socketInodes(pid);
    const its = ({ inode }: { readonly inode: string }) => inodes.has(inode);
    return {
      ports: new Map(tcp.filter(its).map(({ remotePort, inode }) => [remotePort, inode])),
      unix: new Set(unix.filter(its).map(({ inode }) => inode)),
    };
  };
}

/**
 * Those among a process's connections that have outlived it: another process has a copy, or one is on its way to it. To be
 * asked right after its end. A client that was reset may have its port back within a moment, on another connection: the
 * socket tells the two apart.
 */
export function outliving({ ports: had, unix }: Accepted, { ports, folder }: Listening): Accepted {
  const open = tcpRows(tcpTable(), ports).filter(
    ({ state, inode, remotePort }) => state === ESTABLISHED && had.get(remotePort) === inode,
  );
  const rows = unixRows(folder).filter(({ inode }) => unix.has(inode));
  return {
    ports: new Map(open.map(({ remotePort, inode }) => [remotePort, inode])),
    unix: new Set(rows.map(({ inode }) => inode)),
  };
}

const LISTEN = "0A";
const ESTABLISHED = "01";
const CLOSE_WAIT = "08";

/** A process's connections that nobody uses: of which it has a second descriptor, or whose client has closed its side. */
export function forgotten(pid: number, { ports, folder }: Listening): string[] {
  const tcp = tcpRows(tcpTable(), ports).filter(({ state }) => state !== LISTEN);
  const unix = unixRows(folder).filter(({ listens }) => !listens);
  const connections = new Set([...tcp, ...unix].map(({ inode }) => inode));
  const left = new Set(tcp.filter(({ state }) => state === CLOSE_WAIT).map(({ inode }) => inode));
  const seen = new Set<string>();
  const found: string[] = [];
  for (const [descriptor, target] of descriptorsOf(pid) ?? []) {
    const inode = target.replace(/^socket:\[(\d+)\]$/, "$1");
    if (!connections.has(inode)) continue;
    if (seen.has(inode)) found.push(`descriptor ${descriptor} is a second one`);
    else if (left.has(inode)) found.push(`descriptor ${descriptor} is of one that its client has closed`);
    seen.add(inode);
  }
  return found;
}

function socketInodes(pid: number): Set<string> {
  return new Set(
    [...(descriptorsOf(pid)?.values() ?? [])]
      .filter((target) => target.startsWith("socket:["))
      .map((target) => target.slice(8, -1)),
  );
}

/** The sort that an inventory has those under that listen, and are not among the service's listeners. */
export const OTHER_LISTENING = "other listening socket";

/**
 * What a process has open, by sort and count. Connections are left out: they come and go, and one that is reset is in
 * no table of the kernel while its process has not closed it.
 */
export function inventory(
  pid: number,
  { folder }: Listening,
  listeners: ReadonlySet<string>,
): Record<string, number> {
  const others = tcpListeners();
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
    const sort = sortOf(target, folder, { listeners, others, control, unnamed });
    if (sort !== undefined) count[sort] = (count[sort] ?? 0) + 1;
  }
  return count;
}

function sortOf(
  target: string,
  folder: string,
  sockets: Readonly<Record<"listeners" | "others" | "control" | "unnamed", ReadonlySet<string>>>,
): string | undefined {
  if (!target.startsWith("socket:[")) {
    return target
      .replace(/\[\d+\]$/, "")
      .replace(`${folder}/`, "")
      .replace(/^served-\d+$/, "served");
  }
  const inode = target.slice(8, -1);
  if (sockets.listeners.has(inode)) return "listening socket";
  if (sockets.others.has(inode)) return OTHER_LISTENING;
  if (sockets.control.has(inode)) return "control socket";
  return sockets.unnamed.has(inode) ? "unnamed socket" : undefined;
}
