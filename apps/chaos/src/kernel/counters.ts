import { readFileSync } from "node:fs";

/** Of this network namespace, everything in it: on a shared machine others count, too. */
export interface Counters {
  /** Connections that found an accept queue full. */
  readonly listenOverflows: number;
  readonly listenDrops: number;
  /** Connections that were established and reset. */
  readonly establishedResets: number;
  readonly resetsSent: number;
}

export function readCounters(): Counters {
  const netstat = pairs("/proc/net/netstat");
  const snmp = pairs("/proc/net/snmp");
  return {
    listenOverflows: netstat.get("TcpExt.ListenOverflows") ?? 0,
    listenDrops: netstat.get("TcpExt.ListenDrops") ?? 0,
    establishedResets: snmp.get("Tcp.EstabResets") ?? 0,
    resetsSent: snmp.get("Tcp.OutRsts") ?? 0,
  };
}

export function difference(before: Counters, after: Counters): Counters {
  return {
    listenOverflows: after.listenOverflows - before.listenOverflows,
    listenDrops: after.listenDrops - before.listenDrops,
    establishedResets: after.establishedResets - before.establishedResets,
    resetsSent: after.resetsSent - before.resetsSent,
  };
}

/** The files come in pairs of lines: names, then values. */
function pairs(path: string): Map<string, number> {
  const found = new Map<string, number>();
  let lines: string[];
  try {
    lines = readFileSync(path, "latin1").trim().split("\n");
  } catch {
    return found;
  }
  for (let line = 0; line + 1 < lines.length; line += 2) {
    const names = lines[line]?.split(" ") ?? [];
    const values = lines[line + 1]?.split(" ") ?? [];
    const group = names[0]?.replace(":", "") ?? "";
    names.slice(1).forEach((name, index) => {
      found.set(`${group}.${name}`, Number(values[index + 1]));
    });
  }
  return found;
}
