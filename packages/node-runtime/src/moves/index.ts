export type { ArrivedConnection, ListenerOf, Movable, PausedConnection } from "./movable.js";
export { MovableSockets, type SocketHooks } from "./sockets/movable-sockets.js";
export { MovableStreams, type StreamHooks } from "./streams/movable-streams.js";
