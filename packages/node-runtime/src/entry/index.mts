import type * as Runtime from "../index.js";
import runtime from "./index.cjs";

export const { asJson, HandoffError, joinGeneration, joinGenerationSync, serve }: typeof Runtime = runtime;
