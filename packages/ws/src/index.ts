export { type MovingWebSockets, moveWebSockets, type WebSocketHooks } from "./move-web-sockets.js";
