import { createServer } from "node:net";
import { entries } from "../client/service.js";
import { type Finding, fail, ok, warn } from "./finding.js";
import type { Port } from "./port.js";
import { readProc, readProcLink } from "./proc.js";

/** A process that has a socket listening on a port. */
export interface Holder {
  readonly pid: number;
  /** What it was started as. */
  readonly command: string;
}

/** A port of a service that runs. */
export interface ServicePort {
  readonly port: number;
  /** Whether the owner could bind it anew; undefined where the system does not tell. */
  readonly mayBind: boolean | undefined;
  /** Who has a socket on it besides the service. */
  readonly strangers: readonly Holder[];
}

const listening = "0A";
/** The bit of CAP_NET_BIND_SERVICE. */
const bindService = 10n;

/** Whether a service could bind this port now, as this user: binds it for a moment where nobody holds it. */
export async function checkPort({ text, host, port }: Port): Promise<Finding> {
  const check = `port ${text}`;
  const code = await bind(port, host);
  if (code === undefined) return ok(check, "is free, and may be bound");
  if (code === "EADDRINUSE") {
    const holders = holdersOf(port).map(named).join(", ");
    return fail(check, `is held by ${holders || "a process that this user may not see: ask as root"}`);
  }
  if (code === "EACCES")
    return fail(
      check,
      `may not be bound by this user: ports below ${unprivilegedFrom()} need CAP_NET_BIND_SERVICE (AmbientCapabilities= of a unit), or a socket unit`,
    );
  if (code === "EADDRNOTAVAIL") return fail(check, "the address is none of this machine's");
  return fail(check, `cannot be bound (${code})`);
}

export function checkServicePort({ port, mayBind, strangers }: ServicePort): Finding {
  const check = `port ${port}`;
  if (strangers.length > 0)
    return warn(
      check,
      `is held by ${strangers.map(named).join(", ")}, too: it takes a part of the clients, or keeps the port when the service ends`,
    );
  if (mayBind === false)
    return warn(
      check,
      "is handed down by a restart, but the owner may not bind it anew: a start after a crash needs CAP_NET_BIND_SERVICE, a socket unit or heirloom run",
    );
  return ok(check, "nobody else has a socket on it");
}

/** @param own the processes of the service, and its keeper */
export function readServicePort(port: number, owner: number, own: ReadonlySet<number>): ServicePort {
  const [, effective] = /^CapEff:\s+([0-9a-f]+)$/m.exec(readProc(`/proc/${owner}/status`) ?? "") ?? [];
  const mayBind =
    port >= unprivilegedFrom() ||
    (effective === undefined ? undefined : ((BigInt(`0x${effective}`) >> bindService) & 1n) === 1n);
  return { port, mayBind, strangers: rivalsOf(port, owner).filter(({ pid }) => !own.has(pid)) };
}

/** A socket that listens, as the kernel's table has it. */
interface Listening {
  /** In hexadecimal digits. */
  readonly address: string;
  /** As the links in /proc name it: `socket:[4711]`. */
  readonly link: string;
}

/** Who has a socket that listens on a port, of those that this user may look at. */
function holdersOf(port: number): Holder[] {
  return holders(listeningOn(port, "self"));
}

/** Who has a socket that would get a client of this process's. */
function rivalsOf(port: number, pid: number): Holder[] {
  const all = listeningOn(port, pid);
  const links = linksOf(String(pid));
  const own = all.filter(({ link }) => links.includes(link));
  return holders(all.filter(({ address }) => own.some((each) => overlap(each.address, address))));
}

/** Of the same family: [::] is mostly IPv6 alone where somebody else has the port of IPv4. */
function overlap(one: string, other: string): boolean {
  return one.length === other.length && (one === other || /^0+$/.test(one) || /^0+$/.test(other));
}

function listeningOn(port: number, pid: number | "self"): Listening[] {
  return ["tcp", "tcp6"].flatMap((table) => socketsOn(port, readProc(`/proc/${pid}/net/${table}`) ?? ""));
}

function holders(sockets: readonly Listening[]): Holder[] {
  if (sockets.length === 0) return [];
  const wanted = new Set(sockets.map(({ link }) => link));
  return entries("/proc")
    .filter((entry) => /^\d+$/.test(entry) && linksOf(entry).some((link) => wanted.has(link)))
    .map((entry) => ({ pid: Number(entry), command: commandOf(entry) }));
}

function linksOf(pid: string): string[] {
  return entries(`/proc/${pid}/fd`).map((number) => readProcLink(`/proc/${pid}/fd/${number}`) ?? "");
}

export function socketsOn(port: number, table: string): Listening[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, "0");
  return table
    .split("\n")
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .flatMap(([, local = "", , state, , , , , , inode]) => {
      const [address = "", digits] = local.split(":");
      return digits === wanted && state === listening ? [{ address, link: `socket:[${inode}]` }] : [];
    });
}

/** The first port that anybody may bind. */
export function unprivilegedFrom(): number {
  return Number(readProc("/proc/sys/net/ipv4/ip_unprivileged_port_start") ?? 1_024);
}

function commandOf(pid: string): string {
  const words = (readProc(`/proc/${pid}/cmdline`) ?? "").split("\0").join(" ").trim();
  return words.length > 60 ? `${words.slice(0, 59)}…` : words;
}

function named({ pid, command }: Holder): string {
  return `pid ${pid} (${command})`;
}

/** The error's code; undefined where it was bound, and let go again. */
function bind(port: number, host: string | undefined): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", ({ code }: NodeJS.ErrnoException) => resolve(code));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}
