import { HandoffError, type Message, negotiate, supportedVersions } from "@heirloom/protocol";

/** What is wrong with a well-formed message, given what was offered; undefined where nothing is. */
export function faultOf(
  message: Message,
  offered: readonly string[],
  features: readonly string[],
): HandoffError | undefined {
  if (message.type === "accept") {
    const { version } = message;
    if (negotiate(supportedVersions, { min: version, max: version }) === undefined) {
      return invalid(`the child accepted protocol version ${version}, which was not offered`);
    }
    const unknown = message.features.find((feature) => !features.includes(feature));
    if (unknown !== undefined)
      return invalid(`the child accepted the feature ${unknown}, which was not offered`);
  }
  if (message.type === "ready") {
    const answered = message.listeners
      .filter(({ disposition }) => disposition !== "created")
      .map(({ name }) => name);
    const unanswered = offered.find((name) => !answered.includes(name));
    if (unanswered !== undefined) return invalid(`the child says nothing about listener ${unanswered}`);
    const unknown = answered.find(
      (name, index) => !offered.includes(name) || answered.indexOf(name) !== index,
    );
    if (unknown !== undefined)
      return invalid(`the child took listener ${unknown}, which was not offered, or took it twice`);
  }
  return undefined;
}

function invalid(message: string): HandoffError {
  return new HandoffError("MESSAGE_FIELD_INVALID", { origin: "remote", message });
}
