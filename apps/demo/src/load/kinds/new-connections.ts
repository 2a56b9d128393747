import { recordOnNewConnection } from "../request.js";
import { whoamiRequest } from "../whoami.js";
import type { Kind } from "./kind.js";

/** Each request on a connection of its own: what a refused connection would hit. */
export const newConnections: Kind = {
  name: "newConnections",
  clients: 50,
  thinkMs: { min: 50, max: 150 },
  newClient: (target) => ({
    request: () => recordOnNewConnection(target, whoamiRequest(target, "close")),
  }),
};
