import type * as Runtime from "../index.js";

// By a call: to import CommonJS, Node first reads it for its exports, which takes 2 ms of a child's way to ready.
const { createRequire } = process.getBuiltinModule("node:module");
const runtime: typeof Runtime = createRequire(import.meta.url)("./index.cjs");

export const { asJson, HandoffError, joinGeneration, joinGenerationSync, serve } = runtime;
