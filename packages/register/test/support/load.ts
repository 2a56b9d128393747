import { request } from "node:http";
import { eventually } from "./eventually.js";

export interface LoadResult {
  readonly ok: number;
  /** What went wrong, in the words of the system or of the test. Nothing is ever tried again. */
  readonly failures: readonly string[];
}

/** One exchange on a connection of its own; rejects where anything is not as it should be. */
export type Exchange = () => Promise<void>;

export interface Load {
  /** Resolves once this many exchanges more have succeeded: the load has seen what happened before. */
  more(count: number): Promise<void>;
  stop(): Promise<LoadResult>;
}

/** A few clients, each with one exchange after the other and a short breath between. */
export function startLoad(exchange: Exchange, clients = 3, breathMs = 3): Load {
  let ok = 0;
  const failures: string[] = [];
  let stopped = false;
  const ask = async () => {
    while (!stopped) {
      await exchange().then(
        () => {
          ok += 1;
        },
        (error: NodeJS.ErrnoException) => failures.push(error.code ?? error.message),
      );
      await new Promise((resolve) => setTimeout(resolve, breathMs));
    }
  };
  const running = Promise.all(Array.from({ length: clients }, ask));
  return {
    async more(count) {
      const wanted = ok + count;
      await eventually("the load goes on", () => ok >= wanted);
    },
    async stop() {
      stopped = true;
      await running;
      return { ok, failures };
    },
  };
}

export type Target = { readonly port: number; readonly host?: string } | { readonly socketPath: string };

/** A page, whole and with status 200. */
export function get(target: Target, path = "/"): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: "127.0.0.1", path, agent: false, ...target, headers: { Connection: "close" } },
      (response) => {
        let body = "";
        response.setEncoding("utf8").on("data", (chunk) => {
          body += chunk;
        });
        response.on("error", reject);
        response.on("end", () => {
          if (response.statusCode === 200 && response.complete) resolve(body);
          else reject(new Error(`status ${response.statusCode}, complete: ${response.complete}`));
        });
      },
    );
    asked.setTimeout(15_000, () => asked.destroy(new Error("no answer")));
    asked.on("error", reject).end();
  });
}

/** Waits until a program that tells nobody answers. */
export function answers(exchange: Exchange): Promise<unknown> {
  return eventually("the program answers", () =>
    exchange().then(
      () => true,
      () => false,
    ),
  );
}
