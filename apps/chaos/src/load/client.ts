import type { Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { now } from "../now.js";
import { type Answer, Connection, RequestFailed, type Target } from "./connection.js";
import type { Closure, LoadKind, RequestRecord, Targets } from "./record.js";

/** Far beyond everything that the victim's deadlines allow: who waits this long is forgotten. */
const REQUEST_DEADLINE_MS = 25_000;

interface Habit {
  readonly clients: number;
  readonly thinkMs: readonly [number, number];
  /** Requests on one connection, while the server keeps it. */
  readonly perConnection: number;
  readonly target: (targets: Targets) => Target;
  readonly path: string;
  readonly upload?: boolean;
  /** Pauses in the middle of a request's head. */
  readonly halts?: boolean;
  /** How long it lets an answer lie before it reads on. */
  readonly lateMs?: number;
  /** Connects before it thinks, and may be called out of its thinking. */
  readonly idle?: boolean;
}

const http = ({ port }: Targets): Target => ({ port });
const unix = ({ path }: Targets): Target => ({ path });
const tls = ({ tlsPort }: Targets): Target => ({ port: tlsPort, tls: true });
const forever = Number.POSITIVE_INFINITY;

/** Light on purpose: what is looked for is one lost request, and many cells share a machine. */
export const HABITS: Record<LoadKind, Habit> = {
  new: { clients: 1, thinkMs: [5, 25], perConnection: 1, target: http, path: "/" },
  keptBusy: { clients: 1, thinkMs: [0, 0], perConnection: forever, target: http, path: "/?ms=24" },
  keptThinking: {
    clients: 3,
    thinkMs: [20, 200],
    perConnection: forever,
    target: http,
    path: "/",
    halts: true,
  },
  // What an idle connection is, and one that was never used: most of their time they are nothing but open.
  idle: { clients: 4, thinkMs: [1_500, 4_000], perConnection: 3, target: http, path: "/", idle: true },
  slow: { clients: 2, thinkMs: [10, 60], perConnection: 1, target: http, path: "/?ms=160" },
  upload: { clients: 1, thinkMs: [10, 40], perConnection: 5, target: http, path: "/", upload: true },
  // The answer is longer than what the kernel holds for a client that does not read: the rest is the process's to keep. A connection
  // that has been read from quickly holds more.
  reader: {
    clients: 1,
    thinkMs: [200, 500],
    perConnection: 1,
    target: http,
    path: "/?long",
    lateMs: 400,
  },
  unix: { clients: 1, thinkMs: [15, 60], perConnection: 1, target: unix, path: "/" },
  unixKept: { clients: 1, thinkMs: [20, 120], perConnection: forever, target: unix, path: "/?ms=4" },
  tls: { clients: 1, thinkMs: [20, 90], perConnection: 4, target: tls, path: "/?ms=4" },
};

/** What a request has come to so far. */
type Progress = { -readonly [Key in "port" | "sent"]?: NonNullable<RequestRecord[Key]> };

const HALT_MS = 20;
const UPLOAD_PIECE = Buffer.alloc(2_000, "heirloom");
const UPLOAD_PIECES = 4;
const UPLOAD_SUM = [...Buffer.concat(Array(UPLOAD_PIECES).fill(UPLOAD_PIECE))].reduce(
  (sum, byte) => (sum + byte) % 65_521,
  0,
);

let ids = 0;

/** One client of a kind: asks, one thing after the other, and records what comes of it. */
export class Client {
  readonly #kind: LoadKind;
  readonly #habit: Habit;
  #connection: Connection | undefined;
  #asked = 0;
  /** Who answered last on this connection. */
  #generation: number | undefined;
  #closures: Closure[] = [];

  constructor(kind: LoadKind) {
    this.#kind = kind;
    this.#habit = HABITS[kind];
  }

  /** `called` ends it for an idle client, which has opened its connection first. */
  async think(targets: Targets, signal: AbortSignal, called: AbortSignal): Promise<void> {
    if (!this.#habit.idle) return this.#pause(signal);
    // A connection that is not to be had is found out, and recorded, by asking.
    await this.#connect(targets, () => {}).catch(() => {});
    await this.#pause(AbortSignal.any([signal, called]));
  }

  /** Connections that were closed while this client thought, since it was asked last. */
  takeClosures(): Closure[] {
    this.#noteClosure();
    const closures = this.#closures;
    this.#closures = [];
    return closures;
  }

  async #pause(signal: AbortSignal): Promise<void> {
    const [min, max] = this.#habit.thinkMs;
    const ms = min + Math.random() * (max - min);
    if (ms > 0) await pause(ms, undefined, { signal }).catch(() => {});
    // Never back-to-back without a turn of the loop.
    else await new Promise(setImmediate);
  }

  async ask(targets: Targets): Promise<RequestRecord> {
    ids += 1;
    const id = `${process.pid}-${ids}`;
    const base = { id, kind: this.#kind, start: now() };
    const progress: Progress = portOf(this.#connection?.port);
    let timer: NodeJS.Timeout | undefined;
    const expired = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new RequestFailed("deadlineExpired", `no answer within ${REQUEST_DEADLINE_MS} ms`)),
        REQUEST_DEADLINE_MS,
      );
    });
    try {
      const exchange = this.#exchange(id, targets, progress);
      // Lost to the deadline, its end has no one to tell.
      exchange.catch(() => {});
      const answer = await Promise.race([exchange, expired]);
      const { pid, generation, owner, release, stateFrom, stateEarly, offerVisible } = verified(
        answer,
        id,
        this.#habit.upload === true,
      );
      return {
        ...base,
        ...progress,
        end: now(),
        pid,
        generation,
        owner,
        release,
        ...(stateFrom !== undefined && { stateFrom }),
        ...(stateEarly && { stateEarly }),
        ...(offerVisible && { offerVisible }),
        ...(this.#movedTo(generation) && { moved: true }),
        ...(answer.closes && this.#asked < this.#habit.perConnection && { closes: true }),
      };
    } catch (error) {
      this.drop();
      const { failure, message } =
        error instanceof RequestFailed ? error : new RequestFailed("other", String(error));
      return { ...base, ...progress, end: now(), failure, detail: message };
    } finally {
      clearTimeout(timer);
    }
  }

  drop(): void {
    this.#noteClosure();
    this.#connection?.close();
    this.#connection = undefined;
  }

  #noteClosure(): void {
    const at = this.#connection?.closedIdleAt;
    if (this.#connection === undefined || at === undefined) return;
    const { port } = this.#connection;
    this.#closures.push({ kind: this.#kind, at, ...portOf(port) });
    this.#connection = undefined;
  }

  #movedTo(generation: number): boolean {
    const moved = this.#generation !== undefined && this.#generation !== generation;
    this.#generation = this.#connection === undefined ? undefined : generation;
    return moved;
  }

  async #connect(targets: Targets, opened: (port: number | undefined) => void): Promise<Connection> {
    // The server may close an idle connection; only one that ends under a request is a failure.
    if (this.#connection?.usable === false) this.drop();
    if (this.#connection !== undefined) return this.#connection;
    this.#asked = 0;
    this.#generation = undefined;
    this.#connection = await Connection.open(this.#habit.target(targets), opened);
    return this.#connection;
  }

  async #exchange(id: string, targets: Targets, progress: Progress): Promise<Answer> {
    const connection = await this.#connect(targets, (port) => Object.assign(progress, portOf(port)));
    this.#asked += 1;
    const last = this.#asked >= this.#habit.perConnection;
    const answer = await connection.request((socket) => {
      this.#write(socket, id, last);
      progress.sent = now();
    }, this.#habit.lateMs);
    if (last || answer.closes) this.drop();
    return answer;
  }

  #write(socket: Socket, id: string, last: boolean): void {
    const { path, upload, halts } = this.#habit;
    const length = upload ? `content-length: ${UPLOAD_PIECE.length * UPLOAD_PIECES}\r\n` : "";
    const close = last ? "connection: close\r\n" : "";
    const head = `${upload ? "POST" : "GET"} ${path} HTTP/1.1\r\nhost: victim\r\nx-request-id: ${id}\r\n${length}${close}\r\n`;
    if (halts) void this.#writeHalting(socket, head);
    else socket.write(head);
    if (upload) void this.#upload(socket);
  }

  async #writeHalting(socket: Socket, head: string): Promise<void> {
    const half = Math.floor(head.length / 2);
    socket.write(head.slice(0, half));
    await pause(HALT_MS);
    if (!socket.destroyed) socket.write(head.slice(half));
  }

  async #upload(socket: Socket): Promise<void> {
    for (let piece = 0; piece < UPLOAD_PIECES && !socket.destroyed; piece += 1) {
      socket.write(UPLOAD_PIECE);
      await pause(25);
    }
  }
}

/** Unix-domain sockets have none. */
function portOf(port: number | undefined): Progress {
  return port === undefined ? {} : { port };
}

interface Body {
  id: string;
  pid: number;
  generation: number;
  owner: boolean;
  release: string;
  stateFrom?: number;
  stateEarly?: boolean;
  received: number;
  sum: number;
  offerVisible: boolean;
}

function verified({ status, body }: Answer, id: string, upload: boolean): Body {
  if (status !== 200) throw new RequestFailed("wrongStatus", `status ${status}: ${body.slice(0, 80)}`);
  let parsed: Body;
  try {
    parsed = JSON.parse(body) as Body;
  } catch {
    throw new RequestFailed("wrongBody", `not JSON: ${body.slice(0, 80)}`);
  }
  if (parsed.id !== id) throw new RequestFailed("wrongBody", `the answer to ${parsed.id}, asked was ${id}`);
  if (upload && (parsed.received !== UPLOAD_PIECE.length * UPLOAD_PIECES || parsed.sum !== UPLOAD_SUM)) {
    throw new RequestFailed(
      "wrongBody",
      `${parsed.received} bytes of the upload arrived, with sum ${parsed.sum}`,
    );
  }
  return parsed;
}
