import { launch } from "./launcher/launch.js";
import { runLoad } from "./load/run.js";
import { HELP, type Options, parseOptions, UsageError } from "./options.js";
import { Terminal } from "./terminal.js";

const PORT = 8000;

async function main(args: string[]): Promise<number> {
  let options: Options;
  try {
    options = parseOptions(args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`demo: ${error.message}\n`);
    return 2;
  }
  const terminal = new Terminal(options.json ? process.stderr : process.stdout, { color: options.color });
  switch (options.command) {
    case "help":
      process.stdout.write(HELP);
      return 0;
    case "serve":
      return launch({ host: options.host, port: options.port ?? PORT }, terminal);
    case "load":
      return runLoad(options, terminal);
  }
}

process.exitCode = await main(process.argv.slice(2));
