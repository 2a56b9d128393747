import type { Machines } from "../../simulation/turn.js";
import { childRole } from "../../src/child/table.js";
import { parentRole } from "../../src/parent/table.js";

/** The tables as they are. */
export const machines: Machines = { parent: parentRole, child: childRole };
