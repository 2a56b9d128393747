import { KeptAliveClient } from "./kept-alive.js";
import type { Kind } from "./kind.js";

/**
 * Connections that have answered one request and are silent through all restarts, as most of a busy service's are. Each answers
 * another request at the end.
 */
export const idle: Kind = {
  name: "idle",
  clients: 2_000,
  newClient: (target) => new KeptAliveClient(target),
};
