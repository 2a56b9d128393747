import type { ControlAnswer } from "@heirloom/node-runtime/control";

type Is = (value: unknown) => boolean;

const number: Is = (value) => typeof value === "number";
const text: Is = (value) => typeof value === "string";
const truth: Is = (value) => typeof value === "boolean";

const maybe =
  (is: Is): Is =>
  (value) =>
    value === undefined || is(value);

const list =
  (is: Is): Is =>
  (value) =>
    Array.isArray(value) && value.every(is);

const map =
  (fields: Readonly<Record<string, Is>>): Is =>
  (value) =>
    isObject(value) && Object.entries(fields).every(([key, is]) => is(value[key]));

const id = map({ generation: number, pid: number });
const child = map({ generation: number, pid: maybe(number) });
const connections = map({ open: number });
const drain = map({ durationMs: number });
const handoff = {
  outcome: text,
  generation: number,
  child,
  startedAt: number,
  durationMs: number,
  error: maybe(map({ message: text })),
  output: maybe(list(text)),
  drain: maybe(drain),
};

const outcomes: Readonly<Record<string, Is>> = {
  committed: map(handoff),
  aborted: map(handoff),
  rolledBack: map(handoff),
  alreadyCommitted: id,
  stopped: map({ drain }),
};

/** What this command reads of each answer. Anything that listens there can say anything. */
const answers: Readonly<Record<string, Is>> = {
  status: map({
    generation: number,
    pid: number,
    isOwner: truth,
    activity: text,
    startedAt: number,
    release: map({ name: maybe(text), cwd: text, script: text }),
    listeners: list(map({ address: map({ port: maybe(number) }) })),
    connections,
    memory: maybe(map({ rssBytes: number })),
    keeper: maybe(map({ pid: number, startedAt: number })),
    handoff: maybe(map({ child })),
    lastFailure: maybe(map(handoff)),
  }),
  queued: map({ behind: text }),
  step: map({ step: text, atMs: number, parent: id, child }),
  draining: map({ connections, probationLeftMs: maybe(number) }),
  passedOn: map({ owner: id, atLeast: number }),
  outcome: (value) => isObject(value) && text(value.outcome) && fits(outcomes, value.outcome, value),
  error: map({ code: text, message: text, owner: maybe(id) }),
};

/** Whether a value is an answer of the control socket, or one that is not known here, as later services give. */
export function isAnswer(value: unknown): value is ControlAnswer {
  return isObject(value) && text(value.type) && fits(answers, value.type, value);
}

function fits(shapes: Readonly<Record<string, Is>>, name: unknown, value: unknown): boolean {
  return !Object.hasOwn(shapes, name as string) || shapes[name as string]?.(value) === true;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
