import { eventually } from "../eventually.js";
import { answerOn, type Connection } from "../load/connection.js";
import type { Side } from "../play.js";
import { handOver, type Scenario } from "../scenario.js";
import { answeredBy } from "./courses.js";

/** More than fit into the first batch of a parent that begins with few. */
const clients = 9;
const able: Side = { features: ["connections"] };
const all = { parent: able, child: able, third: able };

/** Clients that keep their connections are answered on them by one generation after the other. */
export const moves: readonly Scenario[] = [
  {
    name: "moves: kept connections",
    survivor: 2,
    ...all,
    async play(play) {
      const kept = await play.keptConnections(clients);
      await handOver(play);
      await untilAnsweredBy(kept, 2);
    },
  },
  {
    name: "moves: through three generations",
    survivor: 3,
    ...all,
    async play(play) {
      const kept = await play.keptConnections(clients);
      await handOver(play);
      await untilAnsweredBy(kept, 2);
      const { pid } = await play.program.untilGeneration(2);
      play.program.signal("SIGHUP", pid);
      await untilAnsweredBy(kept, 3);
    },
  },
  {
    name: "moves: while another request is under way",
    survivor: 2,
    ...all,
    async play(play) {
      const kept = await play.keptConnections(clients);
      const slow = await play.slowRequest(2_000);
      await handOver(play);
      await untilAnsweredBy(kept, 2);
      await answeredBy(slow, play.program.pid);
    },
  },
  {
    name: "moves: the parent is killed when they have moved",
    survivor: 2,
    ...all,
    async play(play) {
      const kept = await play.keptConnections(clients);
      const { pid } = play.program;
      // It keeps the parent, which dies with it.
      await play.slowRequest(4_000);
      await handOver(play);
      await untilAnsweredBy(kept, 2);
      await play.kill(pid);
      await untilAnsweredBy(kept, 2);
    },
  },
];

/** Each client asks again on its connection until this generation answers there, and nobody else in between closes it. */
export async function untilAnsweredBy(kept: readonly Connection[], generation: number): Promise<void> {
  for (const connection of kept) {
    await eventually(`a kept connection is answered by generation ${generation}`, async () => {
      const who = await answerOn(connection);
      return who.generation === generation;
    });
  }
}
