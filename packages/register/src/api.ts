import type { Generation } from "@heirloom/node-runtime";
import { registration } from "./registration.js";

/**
 * The generation that this process is, for its hooks (`onRetire`, `onResume`, `onExit`) and its number. Undefined where
 * the preload is not there, or stays out: the program runs as it would without.
 */
export function generation(): Generation | undefined {
  return registration()?.generation;
}

/**
 * Says that the program could serve now, whatever HEIRLOOM_READY waits for. With HEIRLOOM_READY=program nothing else does. Saying
 * it twice, or where the preload is not there, does nothing.
 */
export function ready(): void {
  registration()?.ready();
}
