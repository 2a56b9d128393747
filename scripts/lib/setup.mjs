import { join } from "node:path";
import { StepFailed } from "./entry.mjs";
import { install, isInstalled } from "./installation.mjs";
import { withLock } from "./lock.mjs";
import { refusal } from "./requirements.mjs";
import { ROOT } from "./root.mjs";

/**
 * Makes sure that the dependencies are in place, then runs `work` (a build) alone: of two commands that start in
 * one checkout at the same time, one installs and builds, and the other waits and finds it done.
 * @throws StepFailed where this machine will not do, or the installation fails
 */
export async function setUp(work = async () => {}) {
  const refused = refusal(process.versions.node, process.platform);
  if (refused) throw new StepFailed(refused);
  return withLock(join(ROOT, ".cache", "setup"), "another set-up of this checkout", async () => {
    if (!isInstalled()) await install();
    return work();
  });
}
