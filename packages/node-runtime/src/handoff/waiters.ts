import type { HandoffError } from "@heirloom/protocol";
import type { HandoffReport } from "../report.js";

interface Waiter {
  resolve(report: HandoffReport): void;
  reject(error: HandoffError): void;
}

/** Those who asked for a handoff: some wait for the one under way, the others for the one that follows it. */
export class Waiters {
  #current: Waiter[] = [];
  #following: Waiter[] = [];

  /** Waits for the next handoff to begin from here on. */
  wait(): Promise<HandoffReport> {
    return new Promise((resolve, reject) => this.#following.push({ resolve, reject }));
  }

  /** A handoff begins: it is the one that everybody waits for. */
  begin(): void {
    this.#current.push(...this.#following);
    this.#following = [];
  }

  /** The handoff committed. Whoever asked meanwhile is served by the child, which was told. */
  commit(report: HandoffReport): void {
    this.begin();
    for (const { resolve } of this.#current) resolve(report);
    this.#current = [];
  }

  /** The handoff failed. Whoever asked meanwhile waits for the following one. */
  fail(error: HandoffError): void {
    for (const { reject } of this.#current) reject(error);
    this.#current = [];
  }

  /** There will be no handoff. */
  deny(error: HandoffError): void {
    this.begin();
    this.fail(error);
  }
}
