import { readFileSync } from "node:fs";
import { Command, Option } from "commander";
import { runningServices } from "./client/discover.js";
import { completion } from "./commands/completion.js";
import type { CommonOptions } from "./commands/context.js";
import { type DoctorOptions, doctor } from "./commands/doctor.js";
import { type RestartOptions, restart } from "./commands/restart.js";
import { type RunOptions, run } from "./commands/run.js";
import { status } from "./commands/status.js";
import { stop } from "./commands/stop.js";
import { watch } from "./commands/watch.js";
import { configName } from "./config.js";
import { isPort } from "./doctor/port.js";
import { CommandError, exitStatus } from "./exit-status.js";

const statuses = `
Exit status:
  0  done; of a restart: the release serves, and the earlier one has finished and left
  1  the restart failed or was rolled back, and the earlier release serves; or doctor found what will fail
  2  the command line makes no sense
  3  no such service runs
  4  refused: the service is ending, or another user's; the restart could not begin; or heirloom run cannot keep the service, for
     want of Linux or koffi, of a folder of this user's own, or as a keeper runs already
  5  a restart is under way, and --no-queue was given
  6  the service does not answer, or died before it told
130  Ctrl-C: what was begun goes on; a restart that waits for another one is withdrawn, unless that one fails
heirloom run ends with the exit status of the service.
`;

/** The command line: what it takes, and what it says of itself. `done` is called with the exit status. */
export function createProgram(done: (status: number) => void): Command {
  const program = new Command("heirloom")
    .description("Restart, watch and check services that use Heirloom.")
    .version(version(), "--version", "print the version")
    .helpOption("-h, --help", "print help")
    .addHelpText("after", statuses)
    .showHelpAfterError("Run heirloom --help to see what there is.")
    .showSuggestionAfterError()
    .exitOverride()
    .enablePositionalOptions()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, "heirloom: ")) });

  const onService = (name: string, description: string) =>
    withCommonOptions(program.command(name).description(description)).argument(
      "[service]",
      "its name; may be left out where only one runs",
    );

  onService(
    "restart",
    "start the next release, and hand over to it; shows each step and ends with the outcome",
  )
    .option("--wait", "end with the outcome: the earlier release has left, or serves on", true)
    .option(
      "--no-wait",
      "return as soon as the restart has begun: after the one that is under way, and the probation of the release that took over last",
    )
    .option(
      "--no-queue",
      "fail with status 5 where a restart is under way, instead of asking for one that follows it",
    )
    .action(async (service: string | undefined, options: RestartOptions) =>
      done(await restart(service, options)),
    );
  onService("status", "who is owner, who still drains, and what each of them is doing").action(
    async (service: string | undefined, options: CommonOptions) => done(await status(service, options)),
  );
  onService("watch", "the status, kept up to date until the service ends").action(
    async (service: string | undefined, options: CommonOptions) => done(await watch(service, options)),
  );
  onService("stop", "finish everything that was accepted, and end").action(
    async (service: string | undefined, options: CommonOptions) => done(await stop(service, options)),
  );
  onService("doctor", "check this machine and a service for what would go wrong in a restart")
    .option(
      "--port <port>",
      "whether a service could listen on this port, or host:port; as often as you like",
      (port: string, others: readonly string[] = []) => {
        if (isPort(port)) return [...others, port];
        throw new CommandError("usage", `--port ${port} is not a port from 1 to 65535, nor host:port`);
      },
    )
    .addOption(configOption())
    .action(async (service: string | undefined, options: DoctorOptions) =>
      done(await doctor(service, options)),
    );
  program
    .command("run")
    .description(
      "run a service under a process that stays: one PID, and a crash keeps clients waiting instead of refusing them",
    )
    .argument("[command...]", "the service, such as: heirloom run -- node server.js")
    .option(
      "--name <name>",
      "what the service is called (default: the name of the package that its script belongs to)",
    )
    .option("--register", "the program knows nothing of Heirloom: load @heirloom/register into it")
    .option(
      "--crashes <number>",
      "how many crashes in a row it is started again after (default: 8); one that served for 10 seconds begins a new row",
    )
    .addOption(configOption())
    .addOption(folderOption())
    .passThroughOptions()
    .action(async (command: string[], options: RunOptions) => done(await run(command, options)));
  program
    .command("completion")
    .description('print a script that completes commands and services: eval "$(heirloom completion bash)"')
    .argument("<shell>", "bash, zsh or fish")
    .action((shell: string) =>
      done(
        completion(
          shell,
          program.commands.map((command) => command.name()).filter((name) => name !== "services"),
        ),
      ),
    );
  withCommonOptions(program.command("services", { hidden: true })).action(async (options: CommonOptions) => {
    for (const { name } of await runningServices(options)) process.stdout.write(`${name}\n`);
    done(exitStatus.done);
  });
  return program;
}

function withCommonOptions(command: Command): Command {
  return command
    .option(
      "--json",
      "JSON: of restart, stop and watch each answer in a line, as docs/control.md tells them; of status an array of {service, folder, processes}, of doctor one of {about, findings}",
    )
    .addOption(folderOption())
    .option("--no-color", "no colours, not even on a terminal (nor with NO_COLOR=1)");
}

function configOption(): Option {
  return new Option("--config <file>", `the service's file (default: ${configName} here, if there is one)`);
}

function folderOption(): Option {
  return new Option("--folder <path>", "the folder of control sockets, where it is not the default one").env(
    "HEIRLOOM_CONTROL_FOLDER",
  );
}

function version(): string {
  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  return version;
}
