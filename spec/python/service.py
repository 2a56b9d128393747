#!/usr/bin/env python3
"""A small HTTP service on this implementation, and a program as spec/conformance/README.md wants it."""

import json
import os
import signal
import sys
import time

from heirloom.error import HandoffError
from heirloom.generation import PROBATION_MS, Generation
from heirloom.http import serve_http

#: The steps at which a fault may strike: (role, step) -> what the machines publish then.
STEPS = {
    ("child", "before-accept"): ("before", "sendAccept"),
    ("child", "before-ready"): ("before", "sendReady"),
    ("child", "after-ready"): ("after", "sendReady"),
    ("child", "after-commit"): ("event", "commitReceived"),
    ("child", "after-committed"): ("after", "sendCommitted"),
    ("parent", "before-accept"): ("after", "spawnChild"),
    ("parent", "after-accept"): ("event", "acceptReceived"),
    ("parent", "after-ready"): ("event", "readyReceived"),
    ("parent", "after-commit"): ("after", "sendCommit"),
    ("parent", "draining"): ("after", "drainConnections"),
}
SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}
NOT_SUPPORTED = 77
DEFAULT_LISTENERS = '[{"name": "web", "kind": "tcp", "host": "127.0.0.1", "port": 8000}]'

setting = os.environ.get


def fault():
    """What the environment wants to strike: a function for `on_step`."""
    text = setting("CONFORMANCE_FAULT")
    if text is None:
        return None
    role, step, action = text.split(" ")
    if (role, step) not in STEPS or action not in SIGNALS:
        sys.exit(NOT_SUPPORTED)
    struck = []

    def on_step(at_role, kind, name, *_states):
        if (kind, name) == STEPS[role, step] and at_role == role and not struck:
            struck.append(True)
            os.kill(os.getpid(), SIGNALS[action])

    return on_step


def versions():
    text = setting("CONFORMANCE_VERSIONS")
    return None if text is None else dict(zip(("min", "max"), map(int, text.split("-"))))


def main():
    wanted = json.loads(setting("CONFORMANCE_LISTENERS", DEFAULT_LISTENERS))
    if any(each["kind"] not in ("tcp", "unix") for each in wanted):
        sys.exit(NOT_SUPPORTED)
    child = json.loads(setting("CONFORMANCE_CHILD", '{"command": null, "env": {}}'))
    deadlines = json.loads(setting("CONFORMANCE_DEADLINES", "{}"))
    probation_ms = deadlines.pop("probationMs", PROBATION_MS)
    if setting("CONFORMANCE_FEATURES"):
        sys.exit(NOT_SUPPORTED)
    on_step = fault()
    if setting("CONFORMANCE_CHECK"):
        return 0

    def answer(path, query):
        if path not in ("/whoami", "/slow"):
            return "404 Not Found", b"{}"
        if path == "/slow":
            time.sleep(int(query["ms"]) / 1000)
        return "200 OK", json.dumps({"pid": os.getpid(), "generation": generation.number}).encode()

    try:
        generation = Generation(
            lambda connection: serve_http(connection, answer, lambda: generation.connections.draining),
            command=child["command"],
            child_environment=child["env"],
            deadlines={name.removesuffix("Ms"): ms for name, ms in deadlines.items()},
            versions=versions(),
            probation_ms=probation_ms,
            on_step=on_step,
        )
        for each in wanted:
            generation.listen(each["name"], {key: each[key] for key in each if key != "name"})
    except HandoffError as error:
        print(f"{error.code}: {error.message}", file=sys.stderr)
        return 1
    return generation.run()


if __name__ == "__main__":
    sys.exit(main())
