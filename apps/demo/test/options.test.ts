import { describe, expect, it } from "vitest";
import { parseOptions, UsageError } from "../src/options.js";

describe("the command line", () => {
  it("starts the service when nothing is said", () => {
    expect(parseOptions([])).toEqual({
      command: "serve",
      host: "127.0.0.1",
      port: undefined,
      restarts: 20,
      json: false,
      color: true,
    });
  });

  it("takes everything that belongs to the load", () => {
    const args = "--load --restarts 3 --json --no-color --port 8123 --host ::1".split(" ");
    expect(parseOptions(args)).toEqual({
      command: "load",
      host: "::1",
      port: 8123,
      restarts: 3,
      json: true,
      color: false,
    });
  });

  it.each([
    [["--lod"], "unknown option --lod: --help lists all options"],
    [["-x"], "unknown option -x: --help lists all options"],
    [["start"], 'unexpected "start": this command takes options only, --help lists them'],
    [["--port"], "--port needs a value: --help has an example"],
    [["--load=yes"], "--load takes no value: write it alone"],
    [["--port", "80a"], '--port is "80a": it must be a whole number from 0 to 65535, such as --port 8000'],
    [
      ["--port", "65536"],
      '--port is "65536": it must be a whole number from 0 to 65535, such as --port 8000',
    ],
    [["--port="], '--port is "": it must be a whole number from 0 to 65535, such as --port 8000'],
    [["--port", "-1"], "--port needs a value: --help has an example"],
    [
      ["--load", "--restarts", "1001"],
      '--restarts is "1001": it must be a whole number from 0 to 1000, such as --restarts 20',
    ],
    [["--restarts", "3"], "--restarts belongs to the load: add --load, or leave it out"],
    [["--json"], "--json belongs to the load: add --load, or leave it out"],
    [["--host="], "--host needs an address, such as --host 127.0.0.1"],
  ])("%j is refused, with what to do instead", (args, message) => {
    expect(() => parseOptions(args)).toThrow(new UsageError(message));
  });
});
