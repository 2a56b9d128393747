// What a script needs to move connections by hand: sendmsg(2) and recvmsg(2) with SCM_RIGHTS, on Linux. Written here once more
// rather than taken from an implementation, so that no error of one is in its own test.
import koffi from "koffi";

const headerBytes = 16;
const descriptorsMax = 253;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const MSG_CMSG_CLOEXEC = 0x4000_0000;
const MSG_DONTWAIT = 0x40;

const library = koffi.load(null);
const iov = koffi.struct({ base: "void *", length: "size_t" });
const message = koffi.struct({
  name: "void *",
  nameLength: "uint32_t",
  iov: koffi.pointer(iov),
  iovLength: "size_t",
  control: "void *",
  controlLength: "size_t",
  flags: "int",
});
const sendmsg = library.func("sendmsg", "intptr_t", ["int", koffi.pointer(message), "int"]);
const recvmsg = library.func("recvmsg", "intptr_t", ["int", koffi.inout(koffi.pointer(message)), "int"]);
const header = (bytes, control) => ({
  name: null,
  nameLength: 0,
  iov: [{ base: bytes, length: bytes.length }],
  iovLength: 1,
  control,
  controlLength: control.length,
  flags: 0,
});
const roomFor = (descriptors) => Buffer.alloc(Math.ceil((headerBytes + 4 * descriptors) / 8) * 8);

/** One message: a batch's number, and descriptors. */
export function sendDescriptors(channel, batch, descriptors) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(batch);
  const control = roomFor(descriptors.length);
  control.writeUInt32LE(headerBytes + 4 * descriptors.length, 0);
  control.writeInt32LE(SOL_SOCKET, 8);
  control.writeInt32LE(SCM_RIGHTS, 12);
  for (const [i, descriptor] of descriptors.entries()) control.writeInt32LE(descriptor, headerBytes + 4 * i);
  if (sendmsg(channel, header(bytes, control), 0) !== 4) throw new Error(`sendmsg: errno ${koffi.errno()}`);
}

/** The next message. */
export function receiveDescriptors(channel) {
  const bytes = Buffer.alloc(4);
  const control = roomFor(descriptorsMax);
  const received = header(bytes, control);
  if (recvmsg(channel, received, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) !== 4)
    throw new Error(`recvmsg: errno ${koffi.errno()}`);
  const end = received.controlLength === 0 ? 0 : control.readUInt32LE(0);
  const descriptors = [];
  for (let at = headerBytes; at + 4 <= end; at += 4) descriptors.push(control.readInt32LE(at));
  return { batch: bytes.readUInt32BE(), descriptors };
}
