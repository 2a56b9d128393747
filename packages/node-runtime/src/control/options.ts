import { isAbsolute } from "node:path";
import { faultOfNames } from "../unknown-option.js";

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** The socket on which people and tools ask a service. */
export interface ControlOptions {
  /**
   * What the service is called: 1 to 64 letters, digits, dots, dashes and underscores, and the first a letter or digit.
   * Default: the name of the package that its script belongs to, or else the script's.
   */
  readonly name?: string;
  /**
   * The folder that holds a folder for each service; an absolute path to a folder of this user's alone, made where it is missing.
   * Default: `$XDG_RUNTIME_DIR/heirloom`, `/run/heirloom` for root, or `heirloom-<uid>` in the temporary folder.
   */
  readonly folder?: string;
  /** What `heirloom status` calls this release. Default: nothing but its working directory and its script. */
  readonly release?: string;
}

/** What is wrong with the option; undefined where nothing is. */
export function faultOfControl(options: unknown): string | undefined {
  if (typeof options !== "object" || options === null) return "control must be an object or false";
  const fault = faultOfNames("control.", options, ["name", "folder", "release"]);
  if (fault !== undefined) return fault;
  const { name, folder, release } = options as Record<string, unknown>;
  if (name !== undefined && !(typeof name === "string" && namePattern.test(name)))
    return "control.name must be 1 to 64 letters, digits, dots, dashes and underscores, and begin with a letter or digit";
  if (folder !== undefined && !(typeof folder === "string" && isAbsolute(folder)))
    return "control.folder must be an absolute path";
  if (release !== undefined && !(typeof release === "string" && release.length <= 200))
    return "control.release must be a text of at most 200 characters";
  return undefined;
}
