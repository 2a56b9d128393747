import type { Generation } from "@heirloom/node-runtime";
import type { ProgramListener } from "../listen/interception.js";
import { isAnyPort } from "../listen/request.js";
import type { ReadyRule } from "../settings.js";
import { probeUntilHealthy } from "./probe.js";

export interface ReadinessOptions {
  readonly generation: Generation;
  readonly rule: ReadyRule;
  readonly listeners: () => readonly ProgramListener[];
  readonly log: (line: string) => void;
  /** How long a child may be silent about what it waits for, in milliseconds. */
  readonly patienceMs: number;
}

/**
 * Says ready for a program that does not know of it. A rule has to hold at the end of two turns of the event loop: whoever
 * looks for a free port listens for a moment only.
 */
export class Readiness {
  readonly #options: ReadinessOptions;
  /** What a child has to listen on before it is ready. */
  readonly #awaited: readonly string[];
  readonly #reminder: NodeJS.Timeout;
  #said = false;
  #probing = false;

  constructor(options: ReadinessOptions) {
    this.#options = options;
    const { generation } = options;
    const offered = generation.programListeners.unclaimed.map(({ name }) => name);
    const known = offered.filter((name) => !isAnyPort(name));
    // Clients know a port from the configuration, unless that says any: then the program may or may not ask for one again.
    this.#awaited = generation.number === 1 ? [] : known.length > 0 ? known : offered;
    this.#reminder = setTimeout(() => this.#remind(), options.patienceMs).unref();
    if (generation.number === 1) clearTimeout(this.#reminder);
  }

  /** To be called whenever the program listens on something more. */
  look(): void {
    if (this.#said) return;
    setImmediate(() => setImmediate(() => this.#judge()));
  }

  /** The program could serve now. */
  say(): void {
    if (this.#said) return;
    this.#said = true;
    clearTimeout(this.#reminder);
    // A handoff that fails ends this process; there is nothing else to do about it.
    this.#options.generation.ready().catch(() => {});
  }

  #judge(): void {
    const { rule } = this.#options;
    const listeners = this.#options.listeners();
    if (this.#said || listeners.length === 0) return;
    if (rule.kind === "url") this.#probe(rule.url);
    else if (rule.kind === "listening" || (rule.kind === "inherited" && this.#missing.length === 0))
      this.say();
    else if (rule.kind === "port" && listeners.some(({ port }) => port === rule.port)) this.say();
  }

  get #missing(): readonly string[] {
    const unclaimed = this.#options.generation.programListeners.unclaimed.map(({ name }) => name);
    return this.#awaited.filter((name) => unclaimed.includes(name));
  }

  #probe(url: URL): void {
    if (this.#probing) return;
    const port = Number(url.port || (url.protocol === "https:" ? 443 : 80));
    const server = this.#options.listeners().find((listener) => listener.port === port)?.server;
    if (server === undefined) return;
    this.#probing = true;
    void probeUntilHealthy(server, url).then(() => this.say());
  }

  #remind(): void {
    const { generation, log } = this.#options;
    log(`generation ${generation.number} (pid ${process.pid}) is not ready yet: ${this.#waitsFor()}`);
  }

  #waitsFor(): string {
    const { rule } = this.#options;
    if (rule.kind === "program") return "HEIRLOOM_READY=program waits for the program to call ready()";
    if (rule.kind === "port")
      return `it waits for the program to listen on port ${rule.port} (HEIRLOOM_READY)`;
    if (rule.kind === "url") return `it waits for status 200 from ${rule.url} (HEIRLOOM_READY)`;
    if (rule.kind === "listening" || this.#missing.length === 0)
      return "it waits for the program to listen on something";
    return `it waits for the program to listen on ${this.#missing.join(", ")}, as its parent does; if this release does without, set HEIRLOOM_READY=listening for one restart`;
  }
}
