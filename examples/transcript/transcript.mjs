#!/usr/bin/env node
// Prints a captured handoff as people would tell it. Reads lines of JSON from a file or from standard input:
// {"offer": "<the text of HEIRLOOM_OFFER>"} first, then {"from": "parent" | "child", "bytes": "<base64>"} for each
// piece that was read from the channel, in the order of reading, cut wherever the operating system cut it.
import { readFileSync } from "node:fs";
import { decodeMessage, decodeOffer, FrameDecoder, HandoffError, parentRole, step } from "@heirloom/protocol";

const [file] = process.argv.slice(2);
if (file === "--help") {
  console.log(
    "usage: transcript.mjs [capture.jsonl]\nPrints a captured handoff; without a file, reads standard input.",
  );
  process.exit(0);
}

const decoders = { parent: new FrameDecoder(), child: new FrameDecoder() };
let position = { state: "spawning", facts: [] };

function tell(from, text) {
  console.log(`${from.padEnd(6)} | ${text}`);
}

/** Follows the parent's machine, so that each line can say where the handoff stands. */
function follow(event) {
  try {
    position = step(parentRole, position, event).position;
    return position.state;
  } catch (error) {
    return `${position.state}, and the table has no row for ${event}: ${error.code}`;
  }
}

const eventOf = (type) => `${type.replace(/-(.)/g, (_, letter) => letter.toUpperCase())}Received`;

function describe({ type, ...fields }) {
  const details = Object.entries(fields).map(([key, value]) => {
    return `${key} ${value instanceof Uint8Array ? `<${value.length} bytes>` : JSON.stringify(value)}`;
  });
  return [type, ...details].join("  ");
}

for (const line of readFileSync(file ?? 0, "utf8")
  .split("\n")
  .filter(Boolean)) {
  const { offer, from, bytes } = JSON.parse(line);
  try {
    if (offer !== undefined) {
      const { generation, listeners, protocol } = decodeOffer(offer);
      const names = listeners.map(
        ({ name, address }) => `${name} (${address.path ?? `${address.host}:${address.port}`})`,
      );
      tell(
        "parent",
        `offer  generation ${generation}  versions ${protocol.min}-${protocol.max}  ${names.join(", ")}`,
      );
      tell("", `the parent is ${follow("childSpawned")}`);
      continue;
    }
    for (const payload of decoders[from].push(Buffer.from(bytes, "base64"))) {
      const message = decodeMessage(payload);
      tell(from, message === undefined ? "(a message that may be ignored)" : describe(message));
      if (message !== undefined && from === "child")
        tell("", `the parent is ${follow(eventOf(message.type))}`);
      if (message?.type === "commit") tell("", `the parent is ${follow("parked")}`);
    }
    if (decoders[from].failure !== undefined) throw decoders[from].failure;
  } catch (error) {
    if (!(error instanceof HandoffError)) throw error;
    tell(from ?? "parent", `BROKEN  ${error.code}: ${error.message}`);
    process.exitCode = 1;
  }
}
