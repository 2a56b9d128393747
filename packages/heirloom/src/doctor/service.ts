import { existsSync } from "node:fs";
import type { StatusAnswer } from "@heirloom/node-runtime/control";
import type { Service } from "../client/service.js";
import { megabytes } from "../view/units.js";
import { type Finding, fail, ok, warn } from "./finding.js";
import { checkServicePort, readServicePort, type ServicePort } from "./ports.js";
import {
  availableBytes,
  descriptorCount,
  innermostPid,
  openFilesMax,
  readProc,
  readProcLink,
  serviceUnit,
} from "./proc.js";

/** What was read of the owner's process; undefined where the system or another user's process did not tell. */
export interface Facts {
  readonly status: StatusAnswer;
  readonly openFilesMax: number | undefined;
  readonly openFiles: number | undefined;
  readonly pidInNamespace: number | undefined;
  readonly unit: string | undefined;
  readonly notifies: boolean | undefined;
  readonly executable: string | undefined;
  readonly scriptExists: boolean;
  readonly cwdExists: boolean;
  readonly availableBytes: number | undefined;
  readonly ports: readonly ServicePort[];
}

/** What a restart of this service would meet. */
export async function checkService(service: Service): Promise<Finding[]> {
  const processes = await service.processes();
  const silent = processes.filter(({ status }) => status === undefined);
  const answers = silent.map(({ generation, pid }) =>
    fail(
      "answers",
      `generation ${generation} (pid ${pid}) does not answer: it is stopped, busy, or another user's`,
    ),
  );
  const owner = processes.find(({ status }) => status?.isOwner)?.status;
  if (owner === undefined)
    return [...answers, fail("owner", "no generation says that it is owner: see the service's log")];
  return [...answers, ...checkFacts(readFacts(owner, processes))];
}

function readFacts(status: StatusAnswer, processes: readonly { readonly pid: number }[]): Facts {
  const { pid, release, keeper, handoff } = status;
  const child = handoff?.child.pid;
  const own = new Set([pid, ...processes.map(({ pid }) => pid)]);
  for (const other of [keeper?.pid, child]) if (other !== undefined) own.add(other);
  const ports = status.listeners.flatMap(({ address }) => ("port" in address ? [address.port] : []));
  const of = (name: string) => readProc(`/proc/${pid}/${name}`) ?? "";
  const environment = readProc(`/proc/${pid}/environ`);
  return {
    status,
    openFilesMax: openFilesMax(of("limits")),
    openFiles: descriptorCount(pid),
    pidInNamespace: innermostPid(of("status")),
    unit: serviceUnit(of("cgroup")),
    notifies: environment?.split("\0").some((entry) => entry.startsWith("NOTIFY_SOCKET=")),
    executable: readProcLink(`/proc/${pid}/exe`),
    scriptExists: existsSync(release.script),
    cwdExists: existsSync(release.cwd),
    availableBytes: availableBytes(readProc("/proc/meminfo") ?? ""),
    ports: [...new Set(ports)].map((port) => readServicePort(port, pid, own)),
  };
}

export function checkFacts(facts: Facts): Finding[] {
  return [
    ok("owner", `generation ${facts.status.generation} (pid ${facts.status.pid}) is owner, and answers`),
    ...checkOpenFiles(facts),
    ...checkInit(facts),
    ...checkUnit(facts),
    ...facts.ports.map(checkServicePort),
    checkProgram(facts),
    ...checkMemory(facts),
    ...checkFailure(facts),
  ];
}

function checkOpenFiles({ openFiles, openFilesMax: max }: Facts): Finding[] {
  if (openFiles === undefined || max === undefined) return [];
  const held = `${openFiles} of ${max} descriptors are in use`;
  // A restart needs a handful more, and the child one for each connection that it is to hold itself.
  if (max - openFiles < 16)
    return [
      fail("open files", `${held}: no child can be started; raise the limit (ulimit -n, LimitNOFILE=)`),
    ];
  return [
    openFiles > max / 2
      ? warn(
          "open files",
          `${held}: raise the limit before there are more connections (ulimit -n, LimitNOFILE=)`,
        )
      : ok("open files", held),
  ];
}

function checkInit({ pidInNamespace }: Facts): Finding[] {
  if (pidInNamespace !== 1) return [];
  return [
    fail(
      "init",
      "the service is process 1 of its container: when it leaves after a restart, the kernel ends its child with it; start it with heirloom run, which stays",
    ),
  ];
}

function checkUnit({ unit, notifies }: Facts): Finding[] {
  if (unit === undefined || notifies !== false) return [];
  return [
    warn(
      "systemd",
      `${unit} is not of Type=notify: if systemd knows the service by the process that it started, it takes a restart for the service's end`,
    ),
  ];
}

function checkProgram({ executable, scriptExists, cwdExists, status }: Facts): Finding {
  const { script, cwd } = status.release;
  if (executable?.endsWith(" (deleted)"))
    return warn(
      "program",
      `${executable}: the Node that runs the service was removed or replaced; the next release runs with what is there now`,
    );
  if (!cwdExists)
    return warn(
      "program",
      `the working directory ${cwd} is gone: if it is not behind a link, no child can be started`,
    );
  if (!scriptExists)
    return warn(
      "program",
      `the script ${script} is gone: if it is not behind a link, the next release cannot start`,
    );
  return ok("program", script);
}

function checkMemory({ availableBytes: available, status }: Facts): Finding[] {
  if (available === undefined || status.memory === undefined) return [];
  const needed = status.memory.rssBytes;
  const said = `${megabytes(available)} are available, and the owner uses ${megabytes(needed)}`;
  return [
    available < needed * 1.2
      ? warn("memory", `${said}: during a restart there are two of them`)
      : ok("memory", said),
  ];
}

function checkFailure({ status: { lastFailure } }: Facts): Finding[] {
  if (lastFailure === undefined) return [];
  return [warn("last restart", `it failed: ${lastFailure.error?.message ?? "no reason is known"}`)];
}
