import { connect } from "node:net";
import { generate, type Packet, parser } from "mqtt-packet";

/** Connects to a broker, subscribes, publishes, gets the message back, and says goodbye. */
export function exchangeMessage(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    const packets = parser();
    const send = (packet: Packet) => socket.write(generate(packet));
    const topic = `test/${Math.random()}`;
    socket.setTimeout(15_000, () => socket.destroy(new Error("no answer")));
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("the broker closed the connection")));
    socket.on("data", (chunk) => packets.parse(chunk));
    packets.on("packet", (packet) => {
      if (packet.cmd === "connack") {
        send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic, qos: 0 }] });
      } else if (packet.cmd === "suback") {
        send({ cmd: "publish", topic, payload: "hello", qos: 0, dup: false, retain: false });
      } else if (packet.cmd === "publish") {
        resolve();
        socket.end(generate({ cmd: "disconnect" }));
      }
    });
    socket.once("connect", () =>
      send({
        cmd: "connect",
        protocolId: "MQTT",
        protocolVersion: 4,
        clean: true,
        clientId: topic,
        keepalive: 0,
      }),
    );
  });
}
