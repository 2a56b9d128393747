import { HandoffError, limits } from "@heirloom/protocol";

/** `state-adopted` comes in as the event `stateAdoptedReceived`. */
export type EventOf<Type extends string> = `${CamelCase<Type>}Received`;

type CamelCase<T extends string> = T extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : T;

export function eventOf<Type extends string>(type: Type): EventOf<Type> {
  return `${type.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())}Received` as EventOf<Type>;
}

/** What the other side said went wrong, in its own words. */
export function remoteError(
  side: "parent" | "child",
  code: HandoffError["code"],
  message: string,
): HandoffError {
  return new HandoffError(code, { origin: "remote", message: `the ${side} says: ${message}` });
}

/** A violation, told as the fault of the side that committed it. */
export function violation(side: "parent" | "child", type: string, state: string): HandoffError {
  return new HandoffError("MESSAGE_UNEXPECTED", {
    origin: "remote",
    message: `the ${side} sent ${type} while this side was ${state}: one of the two does not keep to the protocol; report it with both versions`,
  });
}

/** A reason as `abort` and `refuse` carry it: what an application's error says may be longer than that, or no Unicode. */
export function reasonFields({ code, message }: HandoffError): {
  code: HandoffError["code"];
  message: string;
} {
  // Bytes are cut, so one character may be; what is left of it is shown as U+FFFD, which takes three.
  const bytes = Buffer.from(message).subarray(0, limits.messageBytesMax - 3);
  return { code, message: bytes.toString().replace(/^\uFEFF+/, "") };
}
