"""Receives what a service says to its init system, and prints each message as one line of JSON, with its sender."""

import json
import os
import socket
import struct
import sys

path = sys.argv[1]
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind("\0" + path[1:] if path.startswith("@") else path)
receiver.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
print(json.dumps({"ready": True}), flush=True)
pidfile = sys.argv[2] if len(sys.argv) > 2 else None
while True:
    data, ancillary, _, _ = receiver.recvmsg(4096, socket.CMSG_SPACE(struct.calcsize("3i")))
    credentials = [struct.unpack("3i", value) for level, kind, value in ancillary if kind == socket.SCM_CREDENTIALS]
    content = None
    if pidfile is not None and os.path.exists(pidfile):
        with open(pidfile) as file:
            content = file.read().strip()
    message = dict(line.split("=", 1) for line in data.decode().splitlines() if "=" in line)
    print(json.dumps({"pid": credentials[0][0], "pidFile": content, "message": message}), flush=True)
