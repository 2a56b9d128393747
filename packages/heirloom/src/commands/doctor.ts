import { controlRoot } from "@heirloom/node-runtime/control";
import { findService, runningServices } from "../client/discover.js";
import type { Service } from "../client/service.js";
import { readConfig } from "../config.js";
import type { Finding } from "../doctor/finding.js";
import { checkFolder } from "../doctor/folder.js";
import { checkPlatform, readPlatform } from "../doctor/platform.js";
import { parsePort } from "../doctor/port.js";
import { checkPort } from "../doctor/ports.js";
import { checkService } from "../doctor/service.js";
import { type ExitStatus, exitStatus } from "../exit-status.js";
import { plain, type Terminal } from "../view/terminal.js";
import { type CommonOptions, output, printJson } from "./context.js";

interface Section {
  readonly about: string;
  readonly findings: readonly Finding[];
}

export interface DoctorOptions extends CommonOptions {
  /** Ports that a service is to listen on, as `8080` or `127.0.0.1:8080`. */
  readonly port?: readonly string[];
  /** The file of a service, whose ports are looked at, too. */
  readonly config?: string;
}

/** Says what would go wrong in a restart: on this machine, and of each service that runs. */
export async function doctor(name: string | undefined, options: DoctorOptions): Promise<ExitStatus> {
  const config = readConfig(options.config);
  const ports = [...(config.ports ?? []), ...(options.port ?? [])].flatMap((text) => parsePort(text) ?? []);
  const folder = options.folder ?? config.folder;
  const where = folder === undefined ? {} : { folder };
  const services = name === undefined ? await runningServices(where) : [await findService(name, where)];
  const sections: Section[] = [
    {
      about: "this machine",
      findings: [
        ...checkPlatform(readPlatform()),
        ...checkFolder(folder ?? controlRoot()),
        ...(await Promise.all(ports.map(checkPort))),
      ],
    },
    ...(await Promise.all(services.map(sectionOf))),
  ];
  if (options.json) printJson(sections);
  else show(sections, output(options));
  const failed = sections.some(({ findings }) => findings.some(({ level }) => level === "fail"));
  return failed ? exitStatus.failed : exitStatus.done;
}

async function sectionOf(service: Service): Promise<Section> {
  return { about: service.name, findings: await checkService(service) };
}

const marks = { ok: ["green", "✓"], warn: ["yellow", "!"], fail: ["red", "✗"] } as const;

function show(sections: readonly Section[], terminal: Terminal): void {
  for (const { about, findings } of sections) {
    terminal.line(terminal.paint("bold", about));
    for (const { level, check, message } of findings) {
      const [style, mark] = marks[level];
      terminal.line(`  ${terminal.paint(style, mark)} ${check.padEnd(12)} ${plain(message)}`);
    }
  }
  if (sections.length === 1)
    terminal.line(terminal.paint("dim", "no service runs: start one, and ask again"));
}
