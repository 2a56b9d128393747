import { findService, runningServices } from "../client/discover.js";
import { CommandError, type ExitStatus, exitStatus } from "../exit-status.js";
import { statusTable } from "../view/status-table.js";
import { type CommonOptions, output, printJson } from "./context.js";

/** One service, or all that run. */
export async function status(name: string | undefined, options: CommonOptions): Promise<ExitStatus> {
  const terminal = output(options);
  const running = name === undefined ? await runningServices(options) : [];
  // With nothing running, says where it looked.
  const services = running.length > 0 ? running : [await findService(name, options)];
  const told = await Promise.all(
    services.map(async (service) => ({ service, processes: await service.processes() })),
  );
  if (options.json)
    printJson(
      told.map(({ service, processes }) => ({ service: service.name, folder: service.folder, processes })),
    );
  else {
    for (const [index, { service, processes }] of told.entries()) {
      if (index > 0) terminal.line();
      for (const line of statusTable(service.name, processes, terminal)) terminal.line(line);
    }
  }
  const denied = told.some(({ processes }) => processes.some(({ silence }) => silence === "denied"));
  if (denied)
    throw new CommandError(
      "refused",
      "a service of another user does not answer: ask as that user, or with sudo",
    );
  const silent = told.some(({ processes }) => processes.some((process) => process.status === undefined));
  return silent ? exitStatus.unknown : exitStatus.done;
}
