import { createServer, type Server } from "node:net";
import { SocketCaller } from "./caller.js";
import type { HandoffFeed } from "./handoff-feed.js";
import type { ReleaseInfo } from "./message.js";
import { parseRequest, RequestError } from "./request.js";
import { RestartQueue } from "./restart-queue.js";
import { statusOf } from "./status.js";
import { stop } from "./stop.js";
import type { ControlSubject } from "./subject.js";
import { watch } from "./watch.js";

/** Callers at a time. Each costs a descriptor that the service could use. */
const callersMax = 128;

export interface Identity {
  readonly name: string;
  readonly release: ReleaseInfo;
}

/** The server behind a control socket. It does not keep the process running. */
export function createControlServer(subject: ControlSubject, feed: HandoffFeed, identity: Identity): Server {
  let callers = 0;
  const restarts = new RestartQueue(subject, feed);
  const status = () => statusOf(subject, feed, identity);
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const caller = new SocketCaller(socket);
    callers += 1;
    socket.once("close", () => {
      callers -= 1;
    });
    if (callers > callersMax) {
      caller.refuse(
        new RequestError(
          "CONNECTIONS_EXCEEDED",
          `${callersMax} tools are connected already: end some, or ask again`,
        ),
      );
      return;
    }
    caller.read((line) => {
      try {
        const request = parseRequest(line);
        if (request.command === "status") caller.end(status());
        else if (request.command === "watch") watch(status, feed, caller);
        else if (request.command === "restart") restarts.ask(request, caller);
        else stop(subject, feed, caller);
      } catch (error) {
        if (!(error instanceof RequestError)) throw error;
        caller.refuse(error);
      }
    });
  });
  return server.unref();
}
