import { connectionKey } from "./connection.js";
import type { Channel, Process, World } from "./world.js";

// "!" ends a list, so names start behind it.
// Every name gets a character the first time it is met: a world becomes a short string, and equal worlds equal ones.
const characters = new Map<string, string>();

function character(name: string): string {
  let found = characters.get(name);
  if (found === undefined) {
    found = String.fromCharCode(34 + characters.size);
    characters.set(name, found);
  }
  return found;
}

function processKey(p: Process): string {
  if (p.life === "absent" || p.life === "dead") return character(p.life);
  const bits =
    (p.doomed ? 1 : 0) |
    (p.accepting ? 2 : 0) |
    (p.holding ? 4 : 0) |
    (p.exclusive ? 8 : 0) |
    (p.connected ? 16 : 0) |
    (p.draining ? 32 : 0) |
    (p.surplus ? 64 : 0) |
    (p.told ? 128 : 0) |
    (p.parkPending ? 256 : 0) |
    (p.asked ? 512 : 0) |
    (p.leaving ? 1024 : 0) |
    (p.prepared ? 2048 : 0) |
    (p.wants ? 4096 : 0);
  let key =
    character(p.life) +
    character(p.child.state) +
    character(p.parent.state) +
    String.fromCharCode(bits + 33) +
    character(p.spawn) +
    character(p.imported) +
    character(p.report) +
    String.fromCharCode(p.newest + 33);
  for (const fact of p.child.facts.toSorted()) key += character(fact);
  key += "!";
  for (const fact of p.parent.facts.toSorted()) key += character(fact);
  key += "!";
  for (const todo of p.todo) {
    if (todo.role === "child") key += character(`child ${todo.effect}`);
    else key += character(todo.rest === true ? `rest ${todo.effect}` : todo.effect);
  }
  return `${key}!`;
}

function channelKey(c: Channel): string {
  const bits =
    (c.closedBy === "parent" ? 1 : c.closedBy === "child" ? 2 : 0) |
    (c.deafParent ? 4 : 0) |
    (c.deafChild ? 8 : 0) |
    (c.endSeenByParent ? 16 : 0) |
    (c.endSeenByChild ? 32 : 0) |
    (c.deathSeen ? 64 : 0) |
    (c.explained ? 128 : 0) |
    (c.farewell ? 256 : 0) |
    (c.over ? 512 : 0);
  let key = String.fromCharCode(bits + 33);
  for (const message of c.down) key += character(message);
  key += "!";
  for (const message of c.up) key += character(message);
  return `${key}!`;
}

// Processes and channels are never changed once their world is complete, so that their keys are worked out once.
const keys = new WeakMap<object, string>();

function remembered<T extends object>(part: T, keyOf: (part: T) => string): string {
  let key = keys.get(part);
  if (key === undefined) {
    key = keyOf(part);
    keys.set(part, key);
  }
  return key;
}

export function keyOf(world: World): string {
  const budgets =
    world.handoffs |
    (world.terminations << 2) |
    (world.crashes << 4) |
    (world.hangs << 6) |
    (world.garbage << 8) |
    (world.closings << 10) |
    (world.ended ? 1 << 12 : 0);
  let key = String.fromCharCode(budgets);
  for (const process of world.processes) key += remembered(process, processKey);
  for (const channel of world.channels) key += remembered(channel, channelKey);
  return key + connectionKey(world.connection);
}
