import type { Generation } from "@heirloom/node-runtime";

/** What the preload leaves for the program, which may load a copy of this package of its own. */
export interface Registration {
  readonly generation: Generation;
  ready(): void;
}

const key = Symbol.for("@heirloom/register");
const registry = globalThis as { [key]?: Registration };

export function registration(): Registration | undefined {
  return registry[key];
}

export function setRegistration(made: Registration): void {
  registry[key] = made;
}
