import { now } from "../clock.js";
import type { Caller } from "./caller.js";
import { connectionsOf } from "./status.js";
import type { ControlSubject } from "./subject.js";

/** How often a caller hears of the connections that are still to be finished. */
const everyMs = 250;

/**
 * Tells a caller how many connections are left, now and then, as long as it listens.
 * @param stayMs how long this process stays from now on, even with none left
 */
export function tellDraining(subject: ControlSubject, caller: Caller, stayMs = 0): void {
  const leavesAt = now() + stayMs;
  const tell = () => {
    const probationLeftMs = Math.round(leavesAt - now());
    caller.say({
      type: "draining",
      connections: connectionsOf(subject.service),
      ...(probationLeftMs > 0 && subject.states.parent !== "departing" && { probationLeftMs }),
    });
  };
  const telling = setInterval(tell, everyMs).unref();
  caller.gone(() => clearInterval(telling));
  tell();
}
