import type { ChildState, ParentState } from "@heirloom/protocol";
import type { Service } from "../handoff/service.js";
import type { KeeperInfo } from "../keeper/attachment.js";
import type { HandoffReport } from "../report.js";

/** A generation, as its control socket sees it. */
export interface ControlSubject {
  readonly service: Service;
  readonly states: { readonly child: ChildState; readonly parent: ParentState };
  readonly isOwner: boolean;
  /** How long its parent still takes the service back should it die, in milliseconds; 0 or less: no more. */
  readonly probationLeftMs: number;
  /** The process of the child of the handoff that is under way, or that this generation drains after. */
  readonly childPid: number | undefined;
  /** The folder of the service's sockets, where it was started by a keeper, which has chosen it. */
  readonly folder: string | undefined;
  /** The process that keeps its listeners, where there is one. */
  readonly keeper: KeeperInfo | undefined;
  handoff(): Promise<HandoffReport>;
  stop(): void;
}
