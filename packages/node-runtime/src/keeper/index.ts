export { encodeOffer, type Listener, supportedVersions } from "@heirloom/protocol";
export { openPrivateFolder, remove } from "../control/folder.js";
export { presenceOf } from "../control/presence.js";
export { firstActivatedDescriptor, takeActivated } from "../init/activation.js";
export { logToStderr } from "../log.js";
export { netServer, socketDescriptor } from "../node-internals.js";
export { offerVariable } from "../process/environment.js";
export { exists } from "../process/exists.js";
export { givenDirectory } from "../process/launch.js";
export { type ExitStatus, loadPosix, type Posix } from "../process/posix.js";
export { channelDescriptor, firstListenerDescriptor } from "../process/spawn.js";
export { loadSyscalls, type Syscalls } from "../syscalls.js";
export { letterBoxVariable } from "./letter-box.js";
export { keeperVariable, lifelineVariable } from "./link.js";
export {
  type Deposit,
  keeperMessageBytesMax,
  type RestartOrder,
  type RestartTaken,
  type Stopping,
  type Welcome,
} from "./message.js";
export { receiveFirst, receiveRest } from "./receive.js";
