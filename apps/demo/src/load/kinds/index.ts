import { idle } from "./idle.js";
import { keptAlive } from "./kept-alive.js";
import type { Kind, KindName } from "./kind.js";
import { newConnections } from "./new-connections.js";
import { slowResponses } from "./slow-responses.js";
import { slowUploads } from "./slow-uploads.js";
import { webSockets } from "./web-sockets.js";

export const KINDS: Record<KindName, Kind> = {
  newConnections,
  slowResponses,
  slowUploads,
  keptAlive,
  idle,
  webSockets,
};
