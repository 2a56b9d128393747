import { load } from "./load.js";

export const { asJson, HandoffError, joinGeneration, joinGenerationSync, serve } = load(import.meta.dirname);
