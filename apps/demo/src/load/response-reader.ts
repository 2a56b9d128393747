import { RequestFailure } from "./failure.js";

const HEAD_BYTES_MAX = 16 * 1024;
const BODY_BYTES_MAX = 1024 * 1024;

export interface Response {
  status: number;
  /** Names in lower case. */
  headers: Map<string, string>;
  body: Buffer;
}

/**
 * Reads one HTTP/1.1 response from its bytes, strictly: the length must be announced, nothing may follow it.
 * Own code instead of node:http, because what is measured here is exactly what a client library would smooth over.
 */
export class ResponseReader {
  /** Bytes of the response seen so far, interim ones included. */
  bytesRead = 0;
  #buffer = Buffer.alloc(0);
  #head: { status: number; headers: Map<string, string> } | undefined;

  /**
   * The response, once its last byte is here.
   * @throws RequestFailure wrongBody, if the bytes are not the one response that was asked for
   */
  feed(chunk: Buffer): Response | undefined {
    this.bytesRead += chunk.length;
    this.#buffer = Buffer.concat([this.#buffer, chunk]);
    while (!this.#head) {
      const head = this.#takeHead();
      if (!head) return undefined;
      if (head.status >= 200) this.#head = head; // 1xx are interim: the answer is still to come
    }
    const announced = this.#head.headers.get("transfer-encoding");
    const body = announced === undefined ? this.#sized(this.#head.headers) : this.#chunked(announced);
    return body && { ...this.#head, body };
  }

  #takeHead(): { status: number; headers: Map<string, string> } | undefined {
    const end = this.#buffer.indexOf("\r\n\r\n");
    if (end < 0) {
      if (this.#buffer.length > HEAD_BYTES_MAX) throw notHttp("a head without an end");
      return undefined;
    }
    const [statusLine = "", ...lines] = this.#buffer.toString("latin1", 0, end).split("\r\n");
    this.#buffer = this.#buffer.subarray(end + 4);
    const status = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(statusLine)?.[1];
    if (!status) throw notHttp(JSON.stringify(statusLine.slice(0, 60)));
    const headers = new Map<string, string>();
    for (const line of lines) {
      const colon = line.indexOf(":");
      if (colon < 1) throw notHttp(JSON.stringify(line.slice(0, 60)));
      headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
    }
    return { status: Number(status), headers };
  }

  #sized(headers: Map<string, string>): Buffer | undefined {
    const announced = headers.get("content-length") ?? "";
    const length = /^\d{1,9}$/.test(announced) ? Number(announced) : Number.NaN;
    if (!(length <= BODY_BYTES_MAX)) throw notHttp(`content-length: ${announced || "none"}`);
    return this.#exactly(length);
  }

  #chunked(announced: string): Buffer | undefined {
    if (announced.toLowerCase() !== "chunked") throw notHttp(`transfer-encoding: ${announced}`);
    const chunks: Buffer[] = [];
    let at = 0;
    while (true) {
      const lineEnd = this.#buffer.indexOf("\r\n", at);
      if (lineEnd < 0) return undefined;
      const digits = this.#buffer.toString("latin1", at, lineEnd);
      if (!/^[0-9a-f]{1,5}$/i.test(digits))
        throw notHttp(`chunk of length ${JSON.stringify(digits.slice(0, 20))}`);
      const length = Number.parseInt(digits, 16);
      const from = lineEnd + 2;
      if (this.#buffer.length < from + length + 2) return undefined;
      if (this.#buffer.toString("latin1", from + length, from + length + 2) !== "\r\n")
        throw notHttp("chunk without an end");
      chunks.push(this.#buffer.subarray(from, from + length));
      at = from + length + 2;
      if (at > BODY_BYTES_MAX) throw notHttp("more than 1 MB of chunks");
      if (length === 0) break;
    }
    this.#buffer = this.#buffer.subarray(at);
    this.#exactly(0);
    return Buffer.concat(chunks);
  }

  #exactly(length: number): Buffer | undefined {
    if (this.#buffer.length < length) return undefined;
    const excess = this.#buffer.length - length;
    if (excess > 0) throw new RequestFailure("wrongBody", `${excess} bytes more than announced`);
    return this.#buffer;
  }
}

function notHttp(seen: string): RequestFailure {
  return new RequestFailure("wrongBody", `the answer is not an HTTP response: ${seen}`);
}
