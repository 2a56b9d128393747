export { healthHandler, readinessHandler } from "./health.js";
export { type InstrumentOptions, instrument } from "./instrument.js";
