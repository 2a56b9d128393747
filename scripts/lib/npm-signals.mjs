const ECHO_MS = 200;
const ORPHAN_POLL_MS = 250;

/**
 * Makes a script that runs under `npm run` see each signal once.
 *
 * npm forwards SIGINT and SIGTERM, and not SIGHUP, to the shell that it started (tried with npm 10 and 11). What
 * comes of it depends on the shell. dash keeps the signal to itself and dies of a SIGTERM, so that the script is
 * orphaned: that is taken as its SIGTERM. bash (/bin/sh on macOS) has become the script, so that the signal
 * arrives; but then Ctrl-C arrives twice, from the terminal, which sends it to the whole process group, and from
 * npm: the second one is dropped.
 */
export function receiveSignalsOnce() {
  if (!process.env.npm_lifecycle_event) return;
  const { emit, ppid: npmOrShell } = process;
  let lastInterrupt = Number.NEGATIVE_INFINITY;
  process.emit = function emitOnce(event, ...args) {
    if (event === "SIGINT") {
      const echo = performance.now() - lastInterrupt < ECHO_MS;
      lastInterrupt = performance.now();
      if (echo) return true;
    }
    return emit.call(this, event, ...args);
  };
  const poll = setInterval(() => {
    if (process.ppid === npmOrShell) return;
    clearInterval(poll);
    process.kill(process.pid, "SIGTERM");
  }, ORPHAN_POLL_MS).unref();
}
