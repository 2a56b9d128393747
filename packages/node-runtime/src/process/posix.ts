import { loadCLibrary } from "../syscalls/c-library.js";

export interface PosixProgram {
  /** Path of the executable, with a slash in it. */
  readonly file: string;
  /** With the program's name as the first. */
  readonly argv: readonly string[];
  readonly env: Readonly<NodeJS.ProcessEnv>;
  readonly cwd: string;
  /** Descriptors of this process, which the program gets as 3, 4, 5 ... Beside standard input, output and error, the only ones. */
  readonly descriptors: readonly number[];
}

export interface ExitStatus {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Processes as the system makes them, without Node's way of it. Errors carry the system's error name as `code`. */
export interface Posix {
  /** Two connected sockets, closed on exec. @throws Error */
  socketPair(): [number, number];
  /** Starts a program in a session of its own, and returns its process ID. It is a zombie from its exit until `wait`. @throws Error */
  spawn(program: PosixProgram): number;
  /** Goes through a spawn that fails: each call takes longest when it is made for the first time. Starts nothing. */
  rehearse(): void;
  /** How a child of this process has ended, once; undefined while it runs. Nulls: somebody else has waited for it. */
  wait(pid: number): ExitStatus | undefined;
  /** A child that has ended, whichever, each once; undefined where none has. Not for a process that uses node:child_process. */
  waitForAny(): ({ readonly pid: number } & ExitStatus) | undefined;
  /** Makes this process the parent of every descendant that loses its own. @throws Error */
  becomeReaper(): void;
}

/* Linux alone, where every architecture that Node runs on has these numbers alike, and glibc and musl these sizes or smaller ones. */
const AF_UNIX = 1;
const SOCK_STREAM_CLOEXEC = 0o2000001;
const F_GETFL = 3;
const F_SETFL = 4;
const O_NONBLOCK = 0o4000;
const WNOHANG = 1;
const ECHILD = 10;
const PR_SET_CHILD_SUBREAPER = 36;
const SETSIGDEF_SETSIGMASK_SETSID = 0x04 | 0x08 | 0x80;
const attributesBytes = 512;
const actionsBytes = 128;
const signalSetBytes = 128;
const standardStreams = [0, 1, 2];
const firstDescriptor = standardStreams.length;

let loading: Promise<Posix | undefined> | undefined;

/** Loads it, once; undefined where the platform has none. */
export function loadPosix(): Promise<Posix | undefined> {
  loading ??= load().catch(() => undefined);
  return loading;
}

async function load(): Promise<Posix | undefined> {
  const loaded = process.platform === "linux" ? await loadCLibrary() : undefined;
  if (loaded === undefined) return undefined;
  const { koffi, library: c, duplicate, failure } = loaded;
  const socketpair = c.func("int socketpair(int domain, int type, int protocol, _Out_ int *pair)");
  const waitpid = c.func("int waitpid(int pid, _Out_ int *status, int options)");
  const prctl = c.func("int prctl(int option, unsigned long value)");
  const fcntl = c.func("int fcntl(int descriptor, int command, ...)");
  const initAttributes = c.func("int posix_spawnattr_init(void *attributes)");
  const setFlags = c.func("int posix_spawnattr_setflags(void *attributes, short flags)");
  const setDefault = c.func("int posix_spawnattr_setsigdefault(void *attributes, void *set)");
  const setMask = c.func("int posix_spawnattr_setsigmask(void *attributes, void *set)");
  const initActions = c.func("int posix_spawn_file_actions_init(void *actions)");
  const addDup2 = c.func("int posix_spawn_file_actions_adddup2(void *actions, int from, int to)");
  const addChdir = c.func("int posix_spawn_file_actions_addchdir_np(void *actions, const char *path)");
  const destroyActions = c.func("int posix_spawn_file_actions_destroy(void *actions)");
  const close = c.func("int close(int descriptor)");
  const posixSpawn = c.func(
    "int posix_spawn(_Out_ int *pid, const char *file, void *actions, void *attributes, const char **argv, const char **env)",
  );

  /** As node:child_process does: a program that is not Node expects its standard streams to block. */
  const letBlock = (descriptor: number): void => {
    const flags: number = fcntl(descriptor, F_GETFL);
    if (flags >= 0 && (flags & O_NONBLOCK) !== 0) fcntl(descriptor, F_SETFL, "int", flags & ~O_NONBLOCK);
  };

  const startWith = (copies: readonly number[], { file, argv, env, cwd }: PosixProgram): number => {
    const attributes = Buffer.alloc(attributesBytes);
    const actions = Buffer.alloc(actionsBytes);
    const check = (error: number) => {
      if (error !== 0) throw failure(`start ${file}`, error);
    };
    check(initAttributes(attributes));
    check(setFlags(attributes, SETSIGDEF_SETSIGMASK_SETSID));
    // Node ignores SIGPIPE, and what is ignored stays so across an exec.
    check(setDefault(attributes, Buffer.alloc(signalSetBytes, 0xff)));
    check(setMask(attributes, Buffer.alloc(signalSetBytes)));
    check(initActions(actions));
    try {
      check(addChdir(actions, cwd));
      // Onto itself: it loses the flag that closes it on exec, which Node sets on everything that it inherits.
      for (const stream of standardStreams) check(addDup2(actions, stream, stream));
      for (const [index, copy] of copies.entries()) check(addDup2(actions, copy, firstDescriptor + index));
      const pid = [0];
      check(posixSpawn(pid, file, actions, attributes, [...argv, null], [...pairs(env), null]));
      return pid[0] as number;
    } finally {
      destroyActions(actions);
    }
  };

  const start = (program: PosixProgram): number => {
    for (const text of [program.file, program.cwd, ...program.argv, ...pairs(program.env)]) {
      if (text.includes("\0")) throw failure(`start ${program.file}`, koffi.os.errno.EINVAL as number);
    }
    // Copies that lie above every number that the program gets: so none of them is overwritten before it was copied.
    const lowest = firstDescriptor + program.descriptors.length;
    const copies: number[] = [];
    try {
      for (const descriptor of program.descriptors) copies.push(duplicate(descriptor, lowest));
      return startWith(copies, program);
    } finally {
      for (const copy of copies) close(copy);
    }
  };

  const socketPair = (): [number, number] => {
    const pair: [number, number] = [0, 0];
    if (socketpair(AF_UNIX, SOCK_STREAM_CLOEXEC, 0, pair) !== 0) throw failure("make a channel");
    return pair;
  };

  return {
    socketPair,
    spawn(program) {
      for (const stream of standardStreams) letBlock(stream);
      return start(program);
    },
    rehearse() {
      let descriptors: number[] = [];
      try {
        descriptors = socketPair();
        start({ file: "/dev/null/nothing", argv: [""], env: process.env, cwd: "/", descriptors });
      } catch {
        // As it has to; and where it was for want of descriptors, the spawn tells, should that last.
      }
      for (const descriptor of descriptors) close(descriptor);
    },
    wait(pid) {
      const status = [0];
      const found: number = waitpid(pid, status, WNOHANG);
      if (found === 0) return undefined;
      if (found === pid) return exitStatus(status[0] as number);
      if (koffi.errno() === ECHILD) return { code: null, signal: null };
      throw failure(`wait for process ${pid}`);
    },
    waitForAny() {
      const status = [0];
      const pid: number = waitpid(-1, status, WNOHANG);
      return pid > 0 ? { pid, ...exitStatus(status[0] as number) } : undefined;
    },
    becomeReaper() {
      if (prctl(PR_SET_CHILD_SUBREAPER, 1) !== 0) throw failure("become the reaper");
    },
  };
}

function pairs(env: Readonly<NodeJS.ProcessEnv>): string[] {
  return Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));
}

/** The low seven bits are the signal, or zero: then the next byte is the code. */
function exitStatus(status: number): ExitStatus {
  const number = status & 0x7f;
  if (number === 0) return { code: (status >> 8) & 0xff, signal: null };
  const { constants } = process.getBuiltinModule("node:os");
  const named = Object.entries(constants.signals).find(([, value]) => value === number);
  return { code: null, signal: (named?.[0] ?? `signal ${number}`) as NodeJS.Signals };
}
