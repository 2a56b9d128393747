import { createRequire } from "node:module";
import { type Finding, fail, ok, warn } from "./finding.js";
import { readProc } from "./proc.js";

/** A dependency of the runtime's, not of this package. */
const library = "koffi";

/** The backlog of a listener that asks for none. */
const defaultBacklog = 511;

export interface Platform {
  readonly platform: string;
  /** Node's version, without a v. */
  readonly node: string;
  readonly somaxconn: number | undefined;
  /** Whether koffi, by which the runtime makes the system calls that Node does not offer, can be loaded; the reason where it cannot. */
  readonly koffi: true | string;
}

export function readPlatform(): Platform {
  const somaxconn = readProc("/proc/sys/net/core/somaxconn");
  return {
    platform: process.platform,
    node: process.versions.node,
    somaxconn: somaxconn === undefined ? undefined : Number(somaxconn),
    koffi: loadKoffi(),
  };
}

/** Loads it from where the runtime would, in a service that is installed beside this command. */
function loadKoffi(): true | string {
  try {
    const require = createRequire(createRequire(import.meta.url).resolve("@heirloom/node-runtime"));
    require(library);
    return true;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === "MODULE_NOT_FOUND" ? "it is not installed" : (message.split("\n")[0] ?? "unknown error");
  }
}

/** What can be said of this machine, whatever runs on it. */
export function checkPlatform({ platform, node, somaxconn, koffi }: Platform): Finding[] {
  return [checkSystem(platform), checkNode(node), checkKoffi(koffi), ...checkBacklog(somaxconn)];
}

function checkSystem(platform: string): Finding {
  if (platform === "linux") return ok("system", "Linux, where everything is tested");
  if (platform === "darwin")
    return warn(
      "system",
      "macOS: restarts work; inherited sockets cannot be checked against the kernel's table",
    );
  return fail("system", `${platform} cannot pass listening sockets to a child process: use Linux or macOS`);
}

function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const supported = major > 20 || (major === 20 && minor >= 19);
  return supported
    ? ok("node", `Node ${version}`)
    : fail("node", `Node ${version} is too old: use 20.19 or later`);
}

function checkKoffi(koffi: Platform["koffi"]): Finding {
  if (koffi === true)
    return ok("koffi", "loads: connections can move, and a child that dies after commit can be rolled back");
  return warn(
    "koffi",
    `cannot be loaded (${koffi}): restarts work, but connections do not move, a child that dies after commit may not be rolled back, a big service stands still while its child is started, and heirloom run does not work; npm install koffi on this platform`,
  );
}

function checkBacklog(somaxconn: number | undefined): Finding[] {
  if (somaxconn === undefined) return [];
  return somaxconn >= defaultBacklog
    ? [ok("backlog", `net.core.somaxconn is ${somaxconn}: what waits while nobody accepts fits`)]
    : [
        warn(
          "backlog",
          `net.core.somaxconn is ${somaxconn}, and listeners ask for ${defaultBacklog}: more clients than that at the moment of a restart are made to wait and try again; sysctl -w net.core.somaxconn=4096`,
        ),
      ];
}
