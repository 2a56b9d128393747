import { type GenerationOptions, HandoffError } from "@heirloom/node-runtime";

/** What makes a generation ready. */
export type ReadyRule =
  /** The program listens on all that was handed down; in a first generation, on anything. */
  | { readonly kind: "inherited" }
  /** The program listens on anything. */
  | { readonly kind: "listening" }
  /** The program listens on this port. */
  | { readonly kind: "port"; readonly port: number }
  /** The program answers this request with 200. */
  | { readonly kind: "url"; readonly url: URL }
  /** The program says so. */
  | { readonly kind: "program" };

export interface RegisterSettings {
  readonly ready: ReadyRule;
  /** What starts a handoff; undefined: no signal does. */
  readonly restartSignal: NodeJS.Signals | undefined;
  /** Whose handlers a generation runs that has handed over; undefined: none. */
  readonly endSignals: readonly NodeJS.Signals[];
  readonly generation: GenerationOptions;
}

const deadlineVariables = {
  HEIRLOOM_READY_DEADLINE_MS: "readyDeadlineMs",
  HEIRLOOM_PARK_DEADLINE_MS: "parkDeadlineMs",
  HEIRLOOM_COMMIT_DEADLINE_MS: "commitDeadlineMs",
  HEIRLOOM_DRAIN_DEADLINE_MS: "drainDeadlineMs",
  HEIRLOOM_EXIT_DEADLINE_MS: "exitDeadlineMs",
  HEIRLOOM_RELINQUISH_DEADLINE_MS: "relinquishDeadlineMs",
  HEIRLOOM_PROBATION_MS: "probationMs",
} as const;

/** How long a generation that has drained waits for the program's own handlers, unless it is told. As in the runtime. */
export const exitDeadlineMsDefault = 5_000;

/** @throws HandoffError OPTION_INVALID */
export function readSettings(env: Readonly<NodeJS.ProcessEnv>): RegisterSettings {
  const generation: Record<string, unknown> = { signals: false };
  for (const [variable, option] of Object.entries(deadlineVariables)) {
    const text = env[variable];
    if (text === undefined || text === "") continue;
    if (!/^\d{1,10}$/.test(text)) throw invalid(variable, text, "a whole number of milliseconds");
    generation[option] = Number(text);
  }
  const log = choice(env, "HEIRLOOM_LOG", ["stderr", "none"]);
  if (log === "none") generation.log = false;
  generation.control = choice(env, "HEIRLOOM_CONTROL", ["on", "none"]) === "on" && controlOptions(env);
  if (env.HEIRLOOM_PID_FILE) generation.pidFile = env.HEIRLOOM_PID_FILE;
  const restart = choice(env, "HEIRLOOM_SIGNAL", ["SIGHUP", "SIGUSR2", "none"]);
  const end = choice(env, "HEIRLOOM_END_SIGNAL", ["SIGTERM", "SIGINT", "none"], "");
  return {
    ready: readyRule(env.HEIRLOOM_READY),
    restartSignal: restart === "none" ? undefined : (restart as NodeJS.Signals),
    endSignals: end === "" ? ["SIGTERM", "SIGINT"] : end === "none" ? [] : [end as NodeJS.Signals],
    generation,
  };
}

function controlOptions(env: Readonly<NodeJS.ProcessEnv>): GenerationOptions["control"] {
  const { HEIRLOOM_NAME: name, HEIRLOOM_CONTROL_FOLDER: folder, HEIRLOOM_RELEASE: release } = env;
  return { ...(name && { name }), ...(folder && { folder }), ...(release && { release }) };
}

function readyRule(text: string | undefined): ReadyRule {
  if (text === undefined || text === "" || text === "inherited") return { kind: "inherited" };
  if (text === "listening" || text === "program") return { kind: text };
  const port = /^port:(\d{1,5})$/.exec(text)?.[1];
  if (port !== undefined && Number(port) <= 65_535) return { kind: "port", port: Number(port) };
  if (/^https?:\/\//.test(text) && URL.canParse(text)) return { kind: "url", url: new URL(text) };
  throw invalid(
    "HEIRLOOM_READY",
    text,
    "inherited, listening, program, port:8080 or http://127.0.0.1:8080/healthz",
  );
}

function choice(
  env: Readonly<NodeJS.ProcessEnv>,
  variable: string,
  values: readonly string[],
  unset = values[0] ?? "",
): string {
  const text = env[variable];
  if (text === undefined || text === "") return unset;
  if (values.includes(text)) return text;
  throw invalid(variable, text, `one of ${values.join(", ")}`);
}

function invalid(variable: string, text: string, wanted: string): HandoffError {
  return new HandoffError("OPTION_INVALID", {
    message: `${variable} is ${JSON.stringify(text)}: set it to ${wanted}, or leave it out`,
  });
}
