import { parseArgs } from "node:util";
import { everyImplementation, type Implementation } from "./implementation.js";

export interface Options {
  readonly implementations: readonly Implementation[];
  readonly only: RegExp | undefined;
  /** Whether nothing was left out: only then can an expectation be known to have no case. */
  readonly whole: boolean;
  readonly json: boolean;
}

export const usage = `usage: heirloom-conformance [options]

  --with NAME=COMMAND   tests one more program, beside every Node.js and Python at hand; any number of times.
                        COMMAND is an absolute path and its arguments, divided by spaces
  --among NAME,NAME     only these implementations, such as node-20,python
  --only PATTERN        only scenarios whose "parent -> child: name" matches this regular expression
  --json                prints the results for programs
  --help                prints this

HEIRLOOM_NODES: further Node.js binaries, or folders of them, divided by colons. HEIRLOOM_PYTHON: which Python.
What a program must do stands in spec/conformance/README.md.
`;

/** Undefined: only help was asked for. @throws Error with what is wrong */
export function parseOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      with: { type: "string", multiple: true, default: [] },
      among: { type: "string" },
      only: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  const all = [...everyImplementation(), ...values.with.map(parseImplementation)];
  return {
    implementations: values.among === undefined ? all : among(all, values.among.split(",")),
    only: values.only === undefined ? undefined : new RegExp(values.only),
    whole: values.only === undefined && values.among === undefined,
    json: values.json,
  };
}

function parseImplementation(text: string): Implementation {
  const [, name, command] = /^([^=]+)=(\/.*)$/.exec(text) ?? [];
  if (name === undefined || command === undefined)
    throw new Error(`--with ${text}: must be a name, = and an absolute path`);
  return { name, command: command.split(" ").filter((part) => part !== "") };
}

function among(all: readonly Implementation[], names: readonly string[]): Implementation[] {
  return names.map((name) => {
    const found = all.find((each) => each.name === name);
    if (found === undefined)
      throw new Error(`there is no ${name} here, only ${all.map((each) => each.name).join(", ")}`);
    return found;
  });
}
