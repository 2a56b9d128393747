import { connect, type Socket } from "node:net";

const HALF_REQUEST = "POST / HTTP/1.1\r\nhost: victim\r\ncontent-length: 2\r\n\r\n1";

/** A connection that has to be cut. */
export function halfRequest(port: number): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.on("error", () => {}).once("close", () => resolve(socket));
    socket.once("connect", () => socket.write(HALF_REQUEST, () => resolve(socket)));
  });
}
