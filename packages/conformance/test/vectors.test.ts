import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { python, repositoryRoot } from "../src/implementation.js";

const found = python();

test.skipIf(found === undefined)(
  "the second implementation replays every vector of the specification",
  async () => {
    const tests = join(repositoryRoot, "spec", "python", "test");
    const { stderr } = await promisify(execFile)(found!.command[0]!, [
      "-B",
      "-m",
      "unittest",
      "discover",
      "-s",
      tests,
    ]);
    expect(stderr).toMatch(/^Ran \d+ tests in .*\n\nOK\n$/m);
  },
);
