import { createHash, randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { nowMs } from "../clock.js";
import type { Target } from "../connection.js";
import { RequestFailure } from "../failure.js";
import { checkedJson, newRequestId, type Request, recordOnNewConnection, requestHead } from "../request.js";
import type { Kind } from "./kind.js";

const UPLOAD = { pieces: 12, pieceBytes: 4_096, durationMs: 3_000 };

/** Bodies that take 3 seconds to send: the service is in the middle of reading them when a restart comes. */
export const slowUploads: Kind = {
  name: "slowUploads",
  clients: 6,
  thinkMs: { min: 0, max: 200 },
  newClient: (target) => ({
    request: () => recordOnNewConnection(target, uploadRequest(target, UPLOAD)),
  }),
};

/** `POST /upload` with random bytes, sent in pieces over the given time. */
export function uploadRequest(
  target: Target,
  upload: typeof UPLOAD,
  deadlineMs = upload.durationMs + 10_000,
): Request {
  const id = newRequestId();
  const body = randomBytes(upload.pieces * upload.pieceBytes);
  const sha256 = createHash("sha256").update(body).digest("hex");
  const head = requestHead(
    target,
    { method: "POST", path: "/upload" },
    { "x-request-id": id, "content-type": "application/octet-stream", "content-length": String(body.length) },
  );
  let sendingMs = 0;
  return {
    deadlineMs,
    write: async (write, over) => {
      const startedAtMs = nowMs();
      write(head);
      for (let piece = 0; piece < upload.pieces && !over.aborted; piece += 1) {
        if (piece > 0) await pause(upload.durationMs / (upload.pieces - 1));
        if (!over.aborted) write(body.subarray(piece * upload.pieceBytes, (piece + 1) * upload.pieceBytes));
        sendingMs = nowMs() - startedAtMs;
      }
    },
    check: (response) => {
      const answer = checkedJson(response, id);
      if (answer.bytes === body.length && answer.sha256 === sha256) return;
      const seen = JSON.stringify(answer).slice(0, 120);
      throw new RequestFailure(
        "wrongBody",
        `sent were ${body.length} bytes with SHA-256 ${sha256}, the answer is ${seen}`,
      );
    },
    deliberateMs: () => sendingMs,
  };
}
