"""
What systemd does for a service with FileDescriptorStoreMax=: keeps descriptors that it is sent, by name, and passes them to the process that
it starts when the main one has died. Prints what it keeps as one line of JSON for each change.
Usage: descriptor-store.py NOTIFY_SOCKET command...
"""

import array
import json
import os
import socket
import sys

path, command = sys.argv[1], sys.argv[2:]
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind(path)
receiver.settimeout(0.05)
store = []


def start():
    pid = os.fork()
    if pid > 0:
        return pid
    # Each twice, as where a socket unit has them, too.
    passed = store + store
    for index, (_, descriptor) in enumerate(passed):
        os.dup2(descriptor, 100 + index)
    for index in range(len(passed)):
        os.dup2(100 + index, 3 + index)
        os.close(100 + index)
        os.set_inheritable(3 + index, True)
    os.environ["LISTEN_FDS"] = str(len(passed))
    os.environ["LISTEN_PID"] = str(os.getpid())
    os.environ["LISTEN_FDNAMES"] = ":".join(name for name, _ in passed)
    os.execvp(command[0], command)


def keep(name, descriptors):
    for descriptor in descriptors:
        inode = os.fstat(descriptor).st_ino
        if any(os.fstat(kept).st_ino == inode for _, kept in store):
            os.close(descriptor)
        else:
            # Away from the numbers that the service expects them under.
            high = os.dup2(descriptor, 50 + len(store) + descriptor, inheritable=False)
            os.close(descriptor)
            store.append((name, high))


os.environ["NOTIFY_SOCKET"] = path
os.environ["FDSTORE"] = "16"
main = start()
stopping = False
while True:
    try:
        data, ancillary, _, _ = receiver.recvmsg(4096, socket.CMSG_SPACE(4 * 16))
    except socket.timeout:
        data = None
    if data is not None:
        descriptors = [fd for level, kind, value in ancillary if kind == socket.SCM_RIGHTS for fd in array.array("i", value)]
        message = dict(line.split("=", 1) for line in data.decode().splitlines() if "=" in line)
        main = int(message.get("MAINPID", main))
        stopping = "STOPPING" in message
        if "FDSTORE" in message:
            keep(message["FDNAME"], descriptors)
        if "FDSTOREREMOVE" in message:
            for _, descriptor in [each for each in store if each[0] == message["FDNAME"]]:
                os.close(descriptor)
            store = [each for each in store if each[0] != message["FDNAME"]]
        if "FDSTORE" in message or "FDSTOREREMOVE" in message:
            print(json.dumps({"event": "stored", "pid": os.getpid(), "names": sorted(name for name, _ in store)}), flush=True)
    while True:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                break
        except ChildProcessError:
            break
    try:
        os.kill(main, 0)
        alive = "State:\tZ" not in open(f"/proc/{main}/status").read()
    except (ProcessLookupError, FileNotFoundError):
        alive = False
    if not alive:
        if stopping:
            break
        main = start()
