"""The child's role: towards the generation before this one."""

import os
import re
import time

from .error import HandoffError
from .role import Role, event_of

#: B-12: how long to look again whether the parent's process is gone, once its channel has ended.
DEATH_LOOK_SECONDS = 1.0
LOOK_AGAIN_SECONDS = 0.01
#: B-13.
WATCH_SECONDS = 0.5

#: What must not be acted on before looking whether the parent is gone (B-14), and where.
LOOKED_FIRST = {"abortReceived", "protocolViolated", "deadlineExpired", "channelEnded"}
BEFORE_COMMIT = {"preparing", "ready"}


class Child(Role):
    name = "child"

    def __init__(self, generation, machine, offer=None, channel=None):
        super().__init__(generation, machine)
        self.offer = offer
        self.channel = channel
        self.version = None
        self._ended_at = None
        self._end_reported = False
        self._parent_died = False
        self.dropped = []

    def dispatch(self, event, detail=None):
        if event in LOOKED_FIRST and self.machine.state in BEFORE_COMMIT and self._parent_is_gone():
            self._tell_death()
            return
        super().dispatch(event, detail)

    # What happens.

    def read(self):
        for what, detail in self.channel.read():
            if what == "ended":
                self._ended_at = time.monotonic()
                self.watch()
            elif self.deaf:
                continue
            elif what == "message":
                self._message(detail)
            else:
                self.violated(detail)
            self.generation.settle()

    def _message(self, message):
        kind = message["type"]
        if kind == "state" or kind.startswith("connections"):
            # The feature is not among those of the accept.
            self.violated(HandoffError("MESSAGE_UNEXPECTED", f"{kind} came, which was not agreed on"))
        else:
            self.dispatch(event_of(message), message)

    def _parent_is_gone(self):
        return os.getppid() != self.offer["parent"]["pid"]

    def check_lineage(self):
        """B-18: where another process stands in between, its death would be taken for the parent's."""
        if self._parent_is_gone() and _lives(self.offer["parent"]["pid"]):
            raise HandoffError(
                "OFFER_INVALID", "the parent started this process through another one: let that `exec` the program"
            )

    def watch(self):
        """Decides what the end of the channel was, and goes on looking for the parent's death (B-12, B-13)."""
        if self._ended_at is None or self._parent_died:
            return
        if self._parent_is_gone():
            self._tell_death()
        elif not self._end_reported and time.monotonic() - self._ended_at >= DEATH_LOOK_SECONDS:
            self._end_reported = True
            self.dispatch("channelEnded", HandoffError("PARENT_LOST", "the parent lives, and has left the channel"))

    def _tell_death(self):
        if not self._parent_died:
            self._parent_died = self.deaf = True
            self.generation.unwatch(self.channel)
            self.channel.close()
            self.dispatch("parentDied")

    @property
    def looks_again_at(self):
        if self._ended_at is None or self._parent_died:
            return None
        return time.monotonic() + (WATCH_SECONDS if self._end_reported else LOOK_AGAIN_SECONDS)

    def deadline_ms(self, name):
        return self.offer["deadlines"]["commitMs"] if name == "commit" else super().deadline_ms(name)

    # Effects.

    def send_accept(self, _detail):
        self.send("accept", version=self.version, features=[], pid=os.getpid())

    def send_refuse(self, error):
        self.send("refuse", code=error.code, message=error.message, supported=self.generation.versions)

    def send_ready(self, _detail):
        dispositions = [{"name": each.name, "disposition": "dropped"} for each in self.dropped]
        for each in self.generation.listeners:
            dispositions.append({"name": each.name, "disposition": each.disposition})
        self.send("ready", listeners=dispositions)

    def start_accepting(self, _detail):
        self.generation.start_accepting()

    def send_committed(self, _detail):
        self.send("committed")

    def send_relinquish(self, _detail):
        self.send("relinquish")

    def send_superseded(self, newest):
        """What this generation's parent machine knows; there may be nobody to tell."""
        if self.channel is not None:
            self.send("superseded", ignorable=True, generation=newest)

    def send_stop(self, _detail):
        self.send("stop")

    def prepare_adoption(self, _detail):
        """Without the feature `connections` it never comes back as adoptionPrepared."""

    def decline_connections(self, _detail):
        """Without the feature `connections` none was awaited."""

    def inherit_connections(self, _detail):
        """There are none."""

    def discard_dropped(self, _detail):
        for each in self.dropped:
            each.discard()
        self.dropped = []

    def report_owner(self, _detail):
        self.generation.become_owner()

    def start_handoff(self, _detail):
        self.generation.post_first("parent", "handoffRequested")

    def deny_handoff(self, _detail):
        self.generation.log("the generation before this one did not make way for another handoff: ask again later")

    def stop_serving(self, _detail):
        self.generation.post_first("parent", "terminationRequested")

    def leave(self, _detail):
        if self.reason is not None:
            self.generation.log(f"leaves: {self.reason.code}: {self.reason.message}")
        self.generation.discard_created()
        # B-19.
        self.generation.leave(0 if self.reason is not None and self.reason.code == "STOPPING" else 1)


def _lives(pid):
    """A process that is dead and not yet collected still has its number: state Z, behind its name in parentheses."""
    try:
        with open(f"/proc/{pid}/stat", encoding="latin-1") as status:
            return re.search(r"\) [ZX] ", status.read()) is None
    except OSError:
        return False
