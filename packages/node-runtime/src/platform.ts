import { HandoffError } from "@heirloom/protocol";

/** @throws HandoffError PLATFORM_UNSUPPORTED where listeners cannot be passed to a child process */
export function assertPlatform(platform: NodeJS.Platform = process.platform, env = process.env): void {
  if (platform === "win32") {
    throw new HandoffError("PLATFORM_UNSUPPORTED", {
      message:
        "Windows cannot pass listening sockets to a child process as descriptors: run this service on Linux or macOS (WSL 2 is Linux)",
    });
  }
  // Node sets this in the workers of node:cluster, whose listening sockets belong to the primary process.
  if (env.NODE_UNIQUE_ID !== undefined) {
    throw new HandoffError("PLATFORM_UNSUPPORTED", {
      message:
        "a worker of node:cluster has no listening sockets of its own to hand over: call joinGeneration or serve in a process that is not a cluster worker",
    });
  }
}
