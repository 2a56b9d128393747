import { subscribe } from "node:diagnostics_channel";
import type { Socket } from "node:net";
import { now } from "../clock.js";

/** What an HTTP/1.1 connection has been through. */
export interface Activity {
  /** Requests answered, in all generations. */
  served: number;
  /** When the last answer was finished, or the connection was begun; by `now()`. */
  lastAt: number;
}

/** The channel on which Node publishes each response that an HTTP/1.1 server has finished. */
export const responseFinished = "http.server.response.finish";

const activities = new WeakMap<Socket, Activity>();
let watching = false;

/** Begins to note when connections were last used, for all servers of this process. */
export function watchActivity(): void {
  if (watching) return;
  watching = true;
  subscribe(responseFinished, (message) => {
    const { socket } = message as { socket: Socket };
    const activity = activities.get(socket);
    const at = now();
    if (activity === undefined) activities.set(socket, { served: 1, lastAt: at });
    else {
      activity.served += 1;
      activity.lastAt = at;
    }
  });
}

/** Undefined: no request has been answered on this connection. */
export function activityOf(socket: Socket): Activity | undefined {
  return activities.get(socket);
}

export function carryActivity(socket: Socket, activity: Activity): void {
  activities.set(socket, activity);
}
