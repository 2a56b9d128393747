import { readFileSync } from "node:fs";

/** The cases of one file in spec/v1/vectors. */
export function vectors<Case>(name: string): readonly Case[] {
  const text = readFileSync(new URL(`../../../../spec/v1/vectors/${name}.json`, import.meta.url), "utf8");
  return (JSON.parse(text, reviveBytes) as { cases: Case[] }).cases;
}

export function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function reviveBytes(_key: string, value: unknown): unknown {
  if (typeof value === "object" && value !== null && "$bytes" in value)
    return fromHex(value.$bytes as string);
  return value;
}
