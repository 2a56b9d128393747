import { request } from "node:http";
import type { Evidence } from "../judge/evidence.js";
import { childrenOf, inheritable, processesWith } from "../kernel/process.js";
import { forgotten, inventory } from "../kernel/socket.js";
import type { Turn } from "../plan/cell.js";
import { eventually, pause } from "./clock.js";
import type { Service } from "./service.js";
import type { Track } from "./watch.js";

/** An orphan goes ahead through its next spawn a second after it became owner, and is not done for a while. */
const INVENTORY_MS_MAX = 3_000;
const LOOK_EVERY_MS = 100;

export interface Rest {
  readonly turn: Turn;
  readonly settled: Evidence["settled"];
  readonly owner: Track | undefined;
  /** What an owner at rest has open. */
  readonly atRest: Readonly<Record<string, number>>;
  /** How many timers it has running. */
  readonly timers: number;
}

/** What is there after a handoff and should not be: processes, files, descriptors, timers. */
export async function leftoversOf(
  service: Service,
  { turn, settled, owner, atRest, timers }: Rest,
): Promise<string[]> {
  const found: string[] = [];
  if (settled !== "unsettled") {
    let stray: number[] = [];
    const looked = () => {
      stray = processesWith(service.marker).filter((pid) => pid !== owner?.pid);
      return stray.length === 0;
    };
    // An owner that gets ready for its next handoff goes through a spawn: for a moment there is a process that comes to nothing.
    if (!(await eventually(looked, INVENTORY_MS_MAX, 50)))
      found.push(`processes left behind: ${stray.join(", ")}`);
    const files = service.strayFiles();
    if (files.length > 0) found.push(`files left behind: ${files.join(", ")}`);
  }
  if (owner === undefined) return found;
  const who = `generation ${owner.generation}`;
  const controlled = turn.kind !== "controlBlocked";
  // The next owner clears away what killed processes left of theirs, so this is asked after the plain handoffs.
  if (controlled && turn.kind === "none") {
    const expected = `current, ${owner.generation}-${owner.pid}.sock`;
    let files = "";
    const same = () => {
      files = service.controlFiles().join(", ");
      return files === expected;
    };
    if (!(await eventually(same, INVENTORY_MS_MAX, 50))) {
      found.push(`the folder of the control sockets has ${files || "nothing"} in it, and not ${expected}`);
    }
  }
  let grown = "";
  const same = () => {
    const open = inventory(owner.pid, service.listening, service.watch.listeners);
    grown = differences(controlled ? atRest : { ...atRest, "control socket": 0 }, open);
    return grown === "";
  };
  if (!(await eventually(same, INVENTORY_MS_MAX, 100))) {
    found.push(`${who} has other descriptors than the first had at rest: ${grown}`);
  }
  let unused: string[] = [];
  const used = () => {
    unused = forgotten(owner.pid, service.listening);
    return unused.length === 0;
  };
  if (!(await eventually(used, INVENTORY_MS_MAX, 100))) {
    found.push(`${who} has connections open that nobody uses: ${unused.join(", ")}`);
  }
  const waitedFor = () => childrenOf(owner.pid).length === 0;
  if (!(await eventually(waitedFor, INVENTORY_MS_MAX, 50))) {
    found.push(`${who} has children, alive or not waited for: ${childrenOf(owner.pid).join(", ")}`);
  }
  let running: number | undefined;
  for (let ms = 0; ms <= INVENTORY_MS_MAX; ms += LOOK_EVERY_MS) {
    running = await timersOf(service.targets.port);
    if ((running ?? 0) <= timers) return found;
    await pause(LOOK_EVERY_MS);
  }
  found.push(`${who} has ${running} timers running, and the first had ${timers} at rest`);
  return found;
}

/** What others could lay their hands on. */
export async function exposedBy(
  service: Service,
  { turn, owner }: Pick<Rest, "turn" | "owner">,
): Promise<string[]> {
  if (owner === undefined) return [];
  const exposed = turn.kind === "controlBlocked" ? [] : service.openToOthers();
  const found = exposed.map((path) => `others have rights to ${path}`);
  let open: number[] = [];
  // A program that is being started has some for a moment.
  const closed = () => {
    open = inheritable(owner.pid);
    return open.length === 0;
  };
  if (!(await eventually(closed, INVENTORY_MS_MAX, 50))) {
    found.push(`whatever the owner starts inherits sockets: descriptors ${open.join(", ")}`);
  }
  return found;
}

/** How many timers keep the owner's loop busy, but for those of its requests; undefined: it does not say. */
export function timersOf(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const asked = request(
      { port, host: "127.0.0.1", path: "/timers", agent: false, timeout: 5_000 },
      (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk;
        });
        response.on("end", () => {
          try {
            resolve((JSON.parse(text) as { timers: number }).timers);
          } catch {
            resolve(undefined);
          }
        });
        response.on("error", () => resolve(undefined));
      },
    );
    asked.on("error", () => resolve(undefined));
    asked.on("timeout", () => asked.destroy());
    asked.end();
  });
}

function differences(baseline: Readonly<Record<string, number>>, found: Record<string, number>): string {
  return [...new Set([...Object.keys(baseline), ...Object.keys(found)])]
    .filter((sort) => (baseline[sort] ?? 0) !== (found[sort] ?? 0))
    .map((sort) => `${sort}: ${found[sort] ?? 0} instead of ${baseline[sort] ?? 0}`)
    .join(", ");
}
