import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { isPort } from "./doctor/port.js";
import { CommandError } from "./exit-status.js";

/** What is read where no file is named, if it is there. */
export const configName = "heirloom.json";

/** A service, as it stands in a file: what does not fit on a line. heirloom.schema.json says the same for editors. */
export interface Config {
  /** The service: a program and its arguments. */
  readonly command?: readonly string[];
  readonly name?: string;
  /** Absolute; in the file also relative to the file's own folder. */
  readonly folder?: string;
  readonly register?: boolean;
  readonly crashes?: number;
  /** Variables of the service's environment, beside those that it inherits. */
  readonly env?: Readonly<Record<string, string>>;
  /** What the service is to listen on, for `doctor`: `8080` or `127.0.0.1:8080`. */
  readonly ports?: readonly string[];
}

interface Field {
  readonly is: (value: unknown) => boolean;
  readonly must: string;
}

const isString = (value: unknown): value is string => typeof value === "string";
const isText = (value: unknown) => isString(value) && value !== "";
const isList = (value: unknown, of: (item: unknown) => boolean) => Array.isArray(value) && value.every(of);

export const fields: Readonly<Record<"$schema" | keyof Config, Field>> = {
  $schema: { is: isString, must: "a string" },
  command: {
    is: (value) => isList(value, isString) && isText((value as unknown[])[0]),
    must: 'a list of strings, such as ["node", "server.js"]',
  },
  name: { is: isText, must: "a name" },
  folder: { is: isText, must: "a path" },
  register: { is: (value) => typeof value === "boolean", must: "true or false" },
  crashes: { is: isCrashes, must: "a whole number from 0 to 1000" },
  env: {
    is: (value) => isMap(value) && Object.values(value).every(isString),
    must: 'a map of strings, such as {"PORT": "8080"}',
  },
  ports: {
    is: (value) => isList(value, isPort),
    must: 'a list of ports from 1 to 65535 in quotes, such as ["8080", "127.0.0.1:8080"]',
  },
};

/**
 * Reads a service's file: the one that is named, or heirloom.json in this folder, if there is one.
 * @throws CommandError where it cannot be read, or says what makes no sense
 */
export function readConfig(path: string | undefined): Config {
  const file = resolve(path ?? configName);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (path === undefined && code === "ENOENT") return {};
    throw new CommandError("usage", `the configuration cannot be read: ${message}`);
  }
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch (error) {
    throw new CommandError("usage", `${file} is not JSON: ${(error as Error).message}`);
  }
  assertConfig(config, file);
  const { folder } = config;
  return folder === undefined ? config : { ...config, folder: resolve(dirname(file), folder) };
}

export function isCrashes(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 1_000;
}

function assertConfig(config: unknown, file: string): asserts config is Config {
  if (!isMap(config))
    throw new CommandError("usage", `${file} must be a map, such as {"command": ["node", "server.js"]}`);
  for (const [key, value] of Object.entries(config)) {
    const field = Object.hasOwn(fields, key) ? fields[key as keyof Config] : undefined;
    if (field === undefined) {
      const known = Object.keys(fields).join(", ");
      throw new CommandError("usage", `${file} has ${JSON.stringify(key)}, which is none of ${known}`);
    }
    if (!field.is(value)) throw new CommandError("usage", `${file}: ${key} must be ${field.must}`);
  }
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
