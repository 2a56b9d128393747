import { fstatSync } from "node:fs";
import { decodeOffer, HandoffError, type Offer } from "@heirloom/protocol";

/** Carries the sealed offer from a parent to its child. */
export const offerVariable = "HEIRLOOM_OFFER";

/**
 * Takes the offer out of the environment, so that no process started from here mistakes it for its own.
 * Undefined: nobody handed anything over, and this is the first generation.
 * @throws HandoffError OFFER_INVALID
 */
export function takeOffer(env: NodeJS.ProcessEnv = process.env): Offer | undefined {
  const sealed = env[offerVariable];
  if (sealed === undefined) return undefined;
  delete env[offerVariable];
  const offer = decodeOffer(sealed);
  if (!isSocket(offer.channel)) {
    throw new HandoffError("OFFER_INVALID", {
      message: `${offerVariable} is set, but descriptor ${offer.channel} is not the channel to a parent: if this process was started by a service that uses Heirloom, remove ${offerVariable} from its environment`,
    });
  }
  return offer;
}

/** Whether a number is that of an open socket. */
export function isSocket(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isSocket();
  } catch {
    return false;
  }
}
