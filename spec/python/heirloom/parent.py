"""The parent's role: towards the generation after this one."""

import os
import selectors
import socket
import subprocess
import time

from .channel import Channel
from .error import HandoffError
from .offer import VARIABLE, seal
from .role import Role, event_of

#: B-11: how long to read what a child that has exited left in the channel.
LAST_WORDS_SECONDS = 0.1

#: What a draining parent must not act on before looking whether the child is gone (B-15).
LOOKED_FIRST = {"drained", "deadlineExpired", "relinquishReceived"}

#: D-6: how many generations may drain at once.
DRAINS_MAX = 8

#: The child may be owner, and this side can still take the service back.
AFTER_COMMIT = {"committing", "draining", "fencing"}


class Parent(Role):
    name = "parent"

    def __init__(self, generation, machine):
        super().__init__(generation, machine)
        self._process = None
        self._offered = []
        self.exit_descriptor = None

    def dispatch(self, event, detail=None):
        if event in LOOKED_FIRST and self.machine.state == "draining" and self._process.poll() is not None:
            # Its exit comes next, and is what happened. A relinquish of the dead is void.
            return
        super().dispatch(event, detail)
        if self.machine.state == "serving":
            self.reason = None

    # What happens.

    def read(self):
        for what, detail in self.channel.read():
            if what == "message":
                if not self.deaf:
                    self._message(detail)
            elif what == "violated":
                self.violated(detail)
            else:
                self.generation.unwatch(self.channel)
                if self._process.poll() is not None:
                    # Not an end, but a death: the exit tells it better.
                    continue
                error = HandoffError("CHILD_FAILED", "the child has closed its end of the channel")
                self.dispatch("channelEnded", error)
            self.generation.settle()

    def _message(self, message):
        error = self._contradiction(message)
        if error is not None:
            self.violated(error)
        else:
            self.dispatch(self._event_of(message), message)

    def _event_of(self, message):
        if message["type"] == "superseded" and message["generation"] - self.generation.number > DRAINS_MAX:
            return "drainBoundHit"
        return event_of(message)

    def _contradiction(self, message):
        if message["type"] == "accept":
            spoken = self.generation.versions
            if not spoken["min"] <= message["version"] <= spoken["max"] or message["features"]:
                return HandoffError("MESSAGE_FIELD_INVALID", "the child accepted what this parent did not offer")
        if message["type"].startswith("connections"):
            return HandoffError("MESSAGE_UNEXPECTED", f"{message['type']} came, which was not agreed on")
        if message["type"] == "state-wanted":
            # The feature is not among those of the offer.
            return HandoffError("MESSAGE_UNEXPECTED", "the child wants state, which was not agreed on")
        if message["type"] == "ready":
            answered = [each["name"] for each in message["listeners"] if each["disposition"] != "created"]
            if sorted(answered) != sorted(self._offered):
                return HandoffError("MESSAGE_FIELD_INVALID", "the child did not answer each offered listener once")
        return None

    def child_exited(self):
        """The kernel says so. What the child had written counts first (B-11)."""
        self.generation.unwatch_descriptor(self.exit_descriptor)
        os.close(self.exit_descriptor)
        self.exit_descriptor = None
        status = self._process.wait()
        self._read_last_words()
        self.generation.unwatch(self.channel)
        self.channel.close()
        how = f"was ended by signal {-status}" if status < 0 else f"exited with status {status}"
        was_owner = self.machine.state in AFTER_COMMIT
        code, when = ("CHILD_LOST", "after commit") if was_owner else ("CHILD_EXITED", "before it was owner")
        self.dispatch("childExited", None if self.reason else HandoffError(code, f"the child {how} {when}"))

    def _read_last_words(self):
        until = time.monotonic() + LAST_WORDS_SECONDS
        with selectors.DefaultSelector() as selector:
            selector.register(self.channel, selectors.EVENT_READ)
            while not self.channel.ended and selector.select(max(0, until - time.monotonic())):
                for what, detail in self.channel.read():
                    if what == "message" and not self.deaf:
                        self._message(detail)
                        self.generation.settle()

    # Effects.

    def spawn_child(self, _detail):
        generation = self.generation
        self.reason = None
        listeners = [each.offered() for each in generation.listeners]
        self._offered = [each["name"] for each in listeners]
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        passed = [theirs.fileno()]
        for each in listeners:
            passed += [each["descriptor"], each["custody"]]
        environment = {**os.environ, **generation.child_environment}
        environment = {name: value for name, value in environment.items() if value is not None}
        try:
            environment[VARIABLE] = seal(
                {
                    "type": "offer",
                    "protocol": generation.versions,
                    "generation": generation.number + 1,
                    "parent": {"pid": os.getpid()},
                    "channel": theirs.fileno(),
                    "listeners": listeners,
                    "deadlines": {"commitMs": generation.deadlines["commit"]},
                    "features": [],
                }
            )
            # In a session of its own (B-5). Everything that is not passed is closed in it (B-4).
            self._process = subprocess.Popen(
                generation.command, env=environment, pass_fds=passed, start_new_session=True
            )
        except (OSError, HandoffError) as error:
            ours.close()
            generation.post_first("parent", "spawnFailed", HandoffError("SPAWN_FAILED", f"no child started: {error}"))
            return
        finally:
            theirs.close()
        self.channel = Channel(ours)
        self.deaf = False
        self.exit_descriptor = os.pidfd_open(self._process.pid)
        generation.watch(self.channel, self.read)
        generation.watch_descriptor(self.exit_descriptor, self.child_exited)
        generation.post_first("parent", "childSpawned")

    def send_commit(self, _detail):
        self.generation.is_owner = False
        self.send("commit")

    def send_superseded(self, message):
        """The newest owner that is known here: what a later generation said, or the child."""
        known = message.get("generation") if isinstance(message, dict) else None
        self.generation.child.send_superseded(known or self.generation.number + 1)

    def send_relinquished(self, _detail):
        self.send("relinquished")

    def send_request(self, _detail):
        self.send("request")

    def send_stop(self, _detail):
        self.send("stop")

    def send_farewell(self, _detail):
        connections = self.generation.connections
        self.send("farewell", finished=connections.finished, moved=0, closed=0, cut=connections.cut)

    def park_listeners(self, _detail):
        self.generation.park()
        self.generation.post_first("parent", "parked")

    def unpark_listeners(self, _detail):
        self.generation.is_owner = True
        self.generation.start_accepting()

    def close_listeners(self, _detail):
        # Where a child is owner, the paths are its own to remove (L-15).
        self.generation.close_listeners(removing_paths=self.machine.state == "stopping")

    def release_listeners(self, _detail):
        self.generation.close_listeners(removing_paths=False)

    def drain_connections(self, _detail):
        self.generation.drain()

    def resume_connections(self, _detail):
        self.generation.connections.resume()

    def keep_connections(self, _detail):
        """Without the feature `connections` none is ever on its way."""

    def cut_connections(self, _detail):
        self.generation.connections.cut_all()

    def kill_child(self, _detail):
        # Popen does nothing where the exit status was collected (SE-9 of security.md).
        self._process.kill()

    def report_progress(self, message):
        self.generation.log(f"the child is busy with {message['step']!r}")

    def report_aborted(self, _detail):
        self._report("was aborted")

    def report_committed(self, _detail):
        self.reason = None
        self.generation.log(f"handed over to generation {self.generation.number + 1} (pid {self._process.pid})")

    def report_rolled_back(self, _detail):
        self._report("was rolled back")

    def _report(self, outcome):
        reason = self.reason
        self.generation.log(
            f"serves on: its handoff {outcome}" + (f": {reason.code}: {reason.message}" if reason else "")
        )

    def leave(self, _detail):
        self.generation.leave(0)
