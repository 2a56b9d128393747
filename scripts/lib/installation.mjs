import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { runQuietly } from "./child.mjs";
import { ROOT } from "./root.mjs";

const LOCK_FILE = join(ROOT, "package-lock.json");
// npm's own record of what it put into node_modules.
const INSTALLED_FILE = join(ROOT, "node_modules", ".package-lock.json");
const STAMP_FILE = join(ROOT, "node_modules", ".setup-stamp");
// What tells one installed package from another in a lock file.
const RECORDED = ["version", "integrity", "resolved", "link"];
const MACHINE = `${process.platform}-${process.arch}-${process.versions.modules}`;

// A hash, because a checkout changes the times of files that it does not change.
const wantedStamp = () =>
  `${createHash("sha256").update(readFileSync(LOCK_FILE)).digest("hex")} ${MACHINE}\n`;

/** True where node_modules is what package-lock.json asks for on this machine; costs a few milliseconds. */
export function isInstalled() {
  const found = existsSync(STAMP_FILE) ? readFileSync(STAMP_FILE, "utf8") : undefined;
  if (found === wantedStamp()) return true;
  const fromThisMachine = found === undefined || found.endsWith(` ${MACHINE}\n`);
  if (!fromThisMachine || !isWhatTheLockAsksFor()) return false;
  // Somebody ran `npm install` by hand: what it left is right, and to install it again would take a minute.
  writeFileSync(STAMP_FILE, wantedStamp());
  return true;
}

export async function install() {
  const packages = requiredPackages(readJson(LOCK_FILE).packages);
  const present = () => packages.filter((path) => existsSync(join(ROOT, path, "package.json"))).length;
  const [command, ...args] = npm();
  await runQuietly("Installing", command, [...args, "ci", "--no-progress"], {
    detail: () => `${present()} of ${packages.length} packages`,
  });
  writeFileSync(STAMP_FILE, wantedStamp());
}

/** The npm that runs this script, or the one on the PATH where a person runs it with node. */
export function npm() {
  const running = process.env.npm_execpath;
  return running && basename(running) === "npm-cli.js" ? [process.execPath, running] : ["npm"];
}

function isWhatTheLockAsksFor() {
  if (!existsSync(INSTALLED_FILE)) return false;
  const wanted = readJson(LOCK_FILE).packages;
  const installed = readJson(INSTALLED_FILE).packages;
  const isTheSame = (path) => RECORDED.every((key) => wanted[path]?.[key] === installed[path][key]);
  const isMissing = (path) =>
    path.includes("node_modules/") && !wanted[path].optional && !(path in installed);
  return (
    Object.keys(installed).every((path) => isTheSame(path) && isOnDisk(path, installed[path].version)) &&
    !Object.keys(wanted).some(isMissing)
  );
}

// npm's record is not enough: `npm install --package-lock-only` changes it, too, and installs nothing.
function isOnDisk(path, version) {
  const file = join(ROOT, path, "package.json");
  return existsSync(file) && (version === undefined || readJson(file).version === version);
}

/** What every machine gets: which of the optional packages belong to this one is npm's to decide. */
const requiredPackages = (packages) =>
  Object.keys(packages).filter((path) => path.includes("node_modules/") && !packages[path].optional);

const readJson = (path) => JSON.parse(readFileSync(path, "utf8"));
