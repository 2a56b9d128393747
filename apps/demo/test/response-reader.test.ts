import { expect, it } from "vitest";
import { ResponseReader } from "../src/load/response-reader.js";

function read(...pieces: string[]) {
  const reader = new ResponseReader();
  const responses = pieces.map((piece) => reader.feed(Buffer.from(piece)));
  const [last] = responses.slice(-1);
  return {
    early: responses.slice(0, -1).filter((response) => response !== undefined).length,
    last: last && { status: last.status, body: last.body.toString() },
  };
}

it("a response is read alike, however its bytes are cut", () => {
  const bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
  expect(read(bytes)).toEqual({ early: 0, last: { status: 200, body: "hello" } });
  expect(read(...bytes)).toEqual({ early: 0, last: { status: 200, body: "hello" } });
});

it("a chunked response is read alike, however its bytes are cut", () => {
  const bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n";
  expect(read(bytes)).toEqual({ early: 0, last: { status: 200, body: "hello" } });
  expect(read(...bytes)).toEqual({ early: 0, last: { status: 200, body: "hello" } });
});

it("an interim response is not the answer", () => {
  const bytes = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n";
  expect(read(bytes)).toEqual({ early: 0, last: { status: 204, body: "" } });
});

it.each([
  ["no HTTP", "hello\r\n\r\n"],
  ["a header without a colon", "HTTP/1.1 200 OK\r\nnonsense\r\n\r\n"],
  ["no length", "HTTP/1.1 200 OK\r\n\r\n"],
  ["a length that is no number", "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n"],
  ["a length beyond 1 MB", "HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n"],
  ["more bytes than announced", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab"],
  ["a chunk without an end", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc"],
  ["a head without an end", "x".repeat(16 * 1024 + 1)],
])("%s is a wrong body", (_what, bytes) => {
  expect(() => read(bytes)).toThrow(expect.objectContaining({ failureClass: "wrongBody" }));
});
