import type { Caller } from "./caller.js";
import { connectionsOf } from "./status.js";
import type { ControlSubject } from "./subject.js";

/** How often a caller hears of the connections that are still to be finished. */
const everyMs = 250;

/** Tells a caller how many connections are left, now and then, as long as it listens. */
export function tellDraining(subject: ControlSubject, caller: Caller): void {
  const tell = () => caller.say({ type: "draining", connections: connectionsOf(subject.service) });
  const telling = setInterval(tell, everyMs).unref();
  caller.gone(() => clearInterval(telling));
  tell();
}
