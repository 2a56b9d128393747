import type { Terminal } from "../terminal.js";
import { link } from "./address.js";
import type { HandoffEvent, OwnerEvent } from "./events.js";
import { failureText } from "./failure-text.js";
import { onInterrupt } from "./interrupt.js";
import { ServiceProcess } from "./service-process.js";

/** Runs the service in the foreground until it is ended; returns the exit status. */
export async function launch(options: { host: string; port: number }, terminal: Terminal): Promise<number> {
  const service = new ServiceProcess(options);
  let stopped = false;
  const stopListening = onInterrupt(
    () => {
      stopped = true;
      terminal.line("Ending: what was accepted is finished first. Ctrl-C again ends it at once.");
      service.stop();
    },
    () => service.kill(),
  );
  const restart = () => service.restart();
  process.on("SIGHUP", restart);

  service.on("output", (line) => terminal.line(line));
  service.on("handoff", (handoff) => terminal.line(handoffLine(handoff, terminal)));
  service.on("owner", (owner) => {
    if (owner.generation === 1) for (const line of welcome(owner, terminal)) terminal.line(line);
    else
      terminal.line(`${terminal.paint("green", `Generation ${owner.generation} serves`)}, pid ${owner.pid}`);
  });

  try {
    await service.ended;
  } finally {
    process.off("SIGHUP", restart);
    stopListening();
  }
  if (stopped) return 0;
  const { owner } = service;
  const reason = owner
    ? `the service ended by itself; its last owner was generation ${owner.generation}, pid ${owner.pid}`
    : failureText(service.failure, options);
  process.stderr.write(`demo: ${reason}\n`);
  return 1;
}

function welcome(owner: OwnerEvent, terminal: Terminal): string[] {
  const bold = (text: string) => terminal.paint("bold", text);
  return [
    `${terminal.paint("green", `Generation ${owner.generation} serves`)}, pid ${owner.pid}`,
    "",
    `  Open        ${bold(link(owner))}`,
    `  Restart it  ${bold(`kill -HUP ${owner.pid}`)}`,
    `              ${terminal.paint("dim", `each restart has a new pid; kill -HUP ${process.pid} finds the current one`)}`,
    `  End it      ${bold("Ctrl-C")}`,
    "",
  ];
}

function handoffLine(handoff: HandoffEvent, terminal: Terminal): string {
  const { generation, childGeneration, durationMs, drain, error } = handoff;
  if (handoff.outcome === "committed") {
    const drained = drain
      ? `; in ${Math.round(drain.durationMs)} ms ${drain.moved} connections moved, ${drain.finished} finished, ${drain.closed} closed, ${drain.cut} cut`
      : "";
    return terminal.paint(
      "dim",
      `  generation ${generation} left: handed over in ${Math.round(durationMs)} ms${drained}`,
    );
  }
  const what = handoff.outcome === "aborted" ? "did not take over" : "failed after it had taken over";
  const why = error ? `: ${error.message} (${error.code})` : "";
  return `${terminal.paint("red", `Generation ${childGeneration} ${what}`)}${why}; generation ${generation} serves on`;
}
