import { runInForeground, runQuietly } from "./child.mjs";
import { tool } from "./root.mjs";

const environment = () => ({
  ...process.env,
  TURBO_TELEMETRY_DISABLED: "1",
  DO_NOT_TRACK: "1",
  NO_UPDATE_NOTIFIER: "1",
  // Part of the key of a test's cached result (turbo.json): a pass on one version says nothing about another.
  HEIRLOOM_NODE_VERSION: process.version,
});

/** Builds quietly; what did not change costs a tenth of a second. `filter` is turbo's, such as "@heirloom/demo...". */
export function build(filter) {
  const only = filter ? [`--filter=${filter}`] : [];
  return runQuietly("Building", tool("turbo"), ["run", "build", ...only], {
    env: environment(),
  });
}

/** Resolves with turbo's exit status. `args` go to the command of each package. */
export const typecheck = (args) => run(["typecheck"], args);
export const test = (args) => run(["test", "test:scripts", ...testFlags()], args);

function run(tasks, args) {
  const passed = args.length > 0 ? ["--", ...args] : [];
  return runInForeground(tool("turbo"), ["run", ...tasks, "--continue", ...passed], environment());
}

function testFlags() {
  // Two packages at a time: most tests start whole processes and wait for them, and the others keep a core busy.
  const flags = ["--concurrency=2"];
  // A cached pass is worth nothing where the point is to run. --only, or the build would be forced, too.
  if (process.env.CI) flags.push("--force", "--only");
  return flags;
}
