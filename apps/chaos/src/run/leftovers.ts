import { request } from "node:http";
import type { Evidence } from "../judge/evidence.js";
import { childrenOf, inheritable, processesWith } from "../kernel/process.js";
import { forgotten } from "../kernel/socket.js";
import type { Turn } from "../plan/cell.js";
import { STOPPING_KINDS } from "../plan/kind.js";
import { pause } from "./clock.js";
import { PID_FILE_NEW, type Service } from "./service.js";
import type { Track } from "./watch.js";

/** An orphan goes ahead through its next spawn a second after it became owner, and is not done for a while. */
const INVENTORY_MS_MAX = 3_000;
const LOOK_EVERY_MS = 50;

export interface Rest {
  readonly turn: Turn;
  readonly settled: Evidence["settled"];
  readonly owner: Track | undefined;
  /** Whether a child accepted. */
  readonly tookOver: boolean;
  /** What an owner at rest has open. */
  readonly atRest: Readonly<Record<string, number>>;
  /** How many timers it has running. */
  readonly timers: number;
}

/** What is there after a handoff and should not be: processes, files, descriptors, connections, timers. */
export async function leftoversOf(
  service: Service,
  { turn, settled, owner, tookOver, atRest, timers }: Rest,
): Promise<string[]> {
  const looks: [what: string, look: Look][] = [];
  const hasEnded = settled === "ended";
  const wasTold = STOPPING_KINDS.has(turn.kind);
  // One that was killed as it replaced the PID file leaves the new one to the next owner, and there is none.
  const allKilled = hasEnded && !wasTold;
  const strayFiles = () => service.strayFiles().filter((name) => !(allKilled && name === PID_FILE_NEW));
  if (settled !== "unsettled") {
    // An owner that gets ready for its next handoff goes through a spawn: for a moment there is a process that comes to nothing.
    const stray = () => processesWith(service.marker).filter((pid) => pid !== owner?.pid);
    looks.push(
      ["processes left behind", () => stray().join(", ")],
      ["files left behind", () => strayFiles().join(", ")],
    );
  }
  if (owner !== undefined) {
    const { pid, generation } = owner;
    const who = `generation ${generation}`;
    const controlled = turn.kind !== "controlBlocked";
    const baseline = controlled ? atRest : { ...atRest, "control socket": 0 };
    const open = () => service.inventoryOf(pid);
    // The next owner clears away what killed processes left of theirs, so this is asked after the plain handoffs.
    const expected = `current, ${generation}-${pid}.sock`;
    const files = () => service.controlFiles().join(", ");
    if (turn.kind === "none") {
      looks.push([
        `the folder of the control sockets has not ${expected} in it, but`,
        () => (files() === expected ? "" : files() || "nothing"),
      ]);
    } else {
      // The kernel's table takes long to read where there have been many connections: once in a turn is enough.
      const unused = () => forgotten(pid, service.listening).join(", ");
      looks.push([`${who} has connections open that nobody uses`, unused]);
    }
    const more = async () => {
      const running = (await timersOf(service.targets.port)) ?? 0;
      return running > timers ? `${running} instead of ${timers}` : "";
    };
    looks.push(
      [`${who} has other descriptors than the first had at rest`, () => differences(baseline, open())],
      [`${who} has children, alive or not waited for`, () => childrenOf(pid).join(", ")],
      [`${who} has more timers running than the first had at rest`, more],
    );
  }
  // One that nobody killed clears away what it made. After a commit `current` is the child's, which may end before it has got round to it.
  if (hasEnded && wasTold) {
    const left = () => service.ownFiles().filter((name) => !(tookOver && name === "current"));
    looks.push(["files of a service that ended", () => left().join(", ")]);
  }
  const found: string[] = [];
  for (const [what, look] of looks) {
    const left = await lasting(look);
    if (left !== "") found.push(`${what}: ${left}`);
  }
  return found;
}

/** What others could lay their hands on. */
export async function exposedBy(
  service: Service,
  { turn, owner }: Pick<Rest, "turn" | "owner">,
): Promise<string[]> {
  if (owner === undefined) return [];
  // A program that is being started has sockets for a moment, and one that is being made has no rights yet.
  const inherited = await lasting(() => inheritable(owner.pid).join(", "));
  const open = await lasting(() => (turn.kind === "controlBlocked" ? "" : service.openToOthers().join(", ")));
  return [
    ...(inherited === "" ? [] : [`whatever the owner starts inherits ${inherited}`]),
    ...(open === "" ? [] : [`others have rights to ${open}`]),
  ];
}

/** Where tools are led that ask for the owner, if not to it. */
export async function misledBy(
  service: Service,
  { turn, owner }: Pick<Rest, "turn" | "owner">,
): Promise<string> {
  if (owner === undefined) return "";
  const { generation, pid } = owner;
  const socket = `${generation}-${pid}.sock`;
  return lasting(() => {
    const current = turn.kind === "controlBlocked" ? socket : (service.currentControl() ?? "nothing");
    const named = service.pidInFile() ?? "nobody";
    const led: string[] = [];
    if (current !== socket) led.push(`current leads to ${current}`);
    if (named !== `${pid}`) led.push(`the PID file names ${named}`);
    return led.join(", ");
  });
}

/** Tells what is there, if anything. */
type Look = () => string | Promise<string>;

/** What is there however long one waits. */
async function lasting(look: Look): Promise<string> {
  const end = performance.now() + INVENTORY_MS_MAX;
  for (;;) {
    const found = await look();
    if (found === "" || performance.now() > end) return found;
    await pause(LOOK_EVERY_MS);
  }
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
