// Writes the capture of a small handoff to standard output, cut into pieces as a busy machine might.
import { encodeMessage, encodeOffer } from "@heirloom/protocol";

const lines = [
  {
    offer: encodeOffer({
      type: "offer",
      protocol: { min: 1, max: 1 },
      generation: 2,
      parent: { pid: 4242 },
      channel: 3,
      listeners: [
        {
          name: "web",
          address: { kind: "tcp", host: "127.0.0.1", port: 8000 },
          descriptor: 4,
          custody: 5,
          inode: "31337",
        },
      ],
      deadlines: { commitMs: 10_000 },
      features: [],
    }),
  },
];

function said(from, ...messages) {
  const bytes = Buffer.concat(messages.map((message) => encodeMessage(message)));
  for (let at = 0; at < bytes.length; at += 24) {
    lines.push({ from, bytes: bytes.subarray(at, at + 24).toString("base64") });
  }
}

said(
  "child",
  { type: "accept", version: 1, features: [], pid: 4260 },
  { type: "progress", step: "warming caches", permille: 500 },
  { type: "ready", listeners: [{ name: "web", disposition: "inherited" }] },
);
said("parent", { type: "commit" });
said("child", { type: "committed" });
said("parent", { type: "farewell", finished: 3, moved: 0, closed: 0, cut: 0 });

for (const line of lines) console.log(JSON.stringify(line));
