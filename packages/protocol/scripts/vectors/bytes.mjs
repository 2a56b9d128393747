/** Bytes from hex digits, spaces allowed; numbers stand for themselves, texts for their UTF-8. */
export function bytes(...parts) {
  const all = [];
  for (const part of parts) {
    if (typeof part === "number") all.push(part);
    else if (typeof part === "string") all.push(...fromHex(part));
    else all.push(...part);
  }
  return Uint8Array.from(all);
}

function fromHex(hex) {
  const digits = hex.replaceAll(" ", "");
  if (!/^([0-9a-f]{2})*$/.test(digits)) throw new Error(`not hex: ${hex}`);
  return digits === "" ? [] : digits.match(/../g).map((pair) => Number.parseInt(pair, 16));
}

export function hex(value) {
  return Array.from(value, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A string in its shortest form. */
export function text(value) {
  const utf8 = [...new TextEncoder().encode(value)];
  const head = utf8.length < 32 ? [0xa0 + utf8.length] : [0xd9, utf8.length];
  return [...head, ...utf8];
}

export function frame(payload) {
  const prefix = new Uint8Array(4);
  new DataView(prefix.buffer).setUint32(0, payload.length);
  return bytes(prefix, payload);
}

/** JSON has no bytes: they stand as {"$bytes": hex digits}. */
export function toJson(value) {
  if (value instanceof Uint8Array) return { $bytes: hex(value) };
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, toJson(one)]));
}
