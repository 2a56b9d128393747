import { HandoffError } from "@heirloom/protocol";
import { Generation } from "./generation.js";
import { takeActivated } from "./init/activation.js";
import { type GenerationOptions, settle } from "./options.js";
import { assertPlatform } from "./platform.js";
import { takeOffer } from "./process/environment.js";

/** On the process, not on this module: a dependency may bring a copy of its own. */
const joinedSymbol = Symbol.for("heirloom.joined");
const marks = globalThis as { [joinedSymbol]?: boolean };

/**
 * Makes this process a generation of its service: the child of the process that started it for that, or the first.
 * Call it once, early; then `listen` for every server, and `ready`.
 * @throws HandoffError PLATFORM_UNSUPPORTED, OPTION_INVALID, OFFER_INVALID
 */
export async function joinGeneration(options: GenerationOptions = {}): Promise<Generation> {
  return joinGenerationSync(options);
}

/**
 * The same at once, for what cannot wait: a preload of CommonJS programs.
 * @throws HandoffError PLATFORM_UNSUPPORTED, OPTION_INVALID, OFFER_INVALID
 */
export function joinGenerationSync(options: GenerationOptions = {}): Generation {
  assertPlatform();
  const settings = settle(options);
  if (marks[joinedSymbol]) {
    throw new HandoffError("OPTION_INVALID", {
      message:
        "this process is a generation already: call joinGeneration or serve once, and listen() for each server; a program that does so needs no @heirloom/register",
    });
  }
  marks[joinedSymbol] = true;
  const offer = takeOffer();
  const generation = new Generation(settings, offer, offer ? [] : takeActivated());
  if (settings.signals) {
    // The outcome is logged and emitted; a signal has nobody to tell it to.
    process.on("SIGHUP", () => void generation.handoff().catch(() => {}));
    process.on("SIGTERM", () => generation.stop());
    process.on("SIGINT", () => generation.stop());
  }
  // Not before: a child that has accepted must not be ended by a signal that it is about to take.
  generation.begin();
  return generation;
}
