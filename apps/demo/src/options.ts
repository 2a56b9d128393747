import { parseArgs } from "node:util";

const RESTARTS_MAX = 1_000;

export interface Options {
  command: "serve" | "load" | "help";
  host: string;
  /** Undefined where nothing was said: 8000 for the service alone, any free port under load. */
  port: number | undefined;
  restarts: number;
  json: boolean;
  color: boolean;
}

export const HELP = `Heirloom demo: a small web service that restarts without losing a request.

  npm run demo                            start it; then restart it with kill -HUP <pid>
  npm run demo -- --load --restarts 20    restart it 20 times under load, and count what fails

  --port <number>      port to serve on, 0 to 65535, 0 for any free one (default: 8000; with --load: a free one)
  --host <address>     address to serve on (default: 127.0.0.1)
  --load               put load on the service, restart it, and report
  --restarts <number>  how often, 0 to ${RESTARTS_MAX} (default: 20); 0 shows the load alone
  --json               with --load: the report as one JSON document on stdout, progress on stderr
  --no-color           no colours, not even on a terminal (nor does NO_COLOR=1)
  --help               this text

Exit status: 0 all well, 1 something failed, 2 the command line makes no sense, 130 or 143 load interrupted.
`;

/** A command line that makes no sense; the message says what to write instead. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** @throws UsageError */
export function parseOptions(args: string[]): Options {
  const { values } = parse(args);
  if (values.help)
    return { command: "help", host: "", port: undefined, restarts: 0, json: false, color: false };
  const command = values.load ? "load" : "serve";
  for (const name of ["restarts", "json"] as const) {
    if (command === "serve" && values[name] !== undefined) {
      throw new UsageError(`--${name} belongs to the load: add --load, or leave it out`);
    }
  }
  if (values.host === "") throw new UsageError("--host needs an address, such as --host 127.0.0.1");
  return {
    command,
    host: values.host ?? "127.0.0.1",
    port: values.port === undefined ? undefined : wholeNumber("port", values.port, 65_535, 8000),
    restarts: wholeNumber("restarts", values.restarts ?? "20", RESTARTS_MAX, 20),
    json: values.json ?? false,
    color: !values["no-color"],
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        help: { type: "boolean", short: "h" },
        host: { type: "string" },
        json: { type: "boolean" },
        load: { type: "boolean" },
        "no-color": { type: "boolean" },
        port: { type: "string" },
        restarts: { type: "string" },
      },
    });
  } catch (error) {
    throw new UsageError(explain(error as NodeJS.ErrnoException));
  }
}

/** Node's own sentence is right but talks of `--` and positional arguments: say what this command knows instead. */
function explain(error: NodeJS.ErrnoException): string {
  const named = /'([^']+)'/.exec(error.message)?.[1] ?? "";
  switch (error.code) {
    case "ERR_PARSE_ARGS_UNKNOWN_OPTION":
      return `unknown option ${named}: --help lists all options`;
    case "ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL":
      return `unexpected ${JSON.stringify(named)}: this command takes options only, --help lists them`;
    case "ERR_PARSE_ARGS_INVALID_OPTION_VALUE":
      return /does not take/.test(error.message)
        ? `${named} takes no value: write it alone`
        : `${named.replace(" <value>", "")} needs a value: --help has an example`;
    default:
      throw error;
  }
}

function wholeNumber(name: string, text: string, max: number, example: number): number {
  const value = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (value <= max) return value;
  throw new UsageError(
    `--${name} is ${JSON.stringify(text)}: it must be a whole number from 0 to ${max}, such as --${name} ${example}`,
  );
}
