"""One life of a service: both roles, what they share, and the loop in which everything of the protocol happens."""

import os
import selectors
import signal
import socket
import stat
import sys
import time
from collections import deque
from contextlib import suppress

from . import listener as listeners
from .channel import Channel
from .child import Child
from .error import HandoffError
from .machine import Machine, load
from .offer import VARIABLE, unseal
from .parent import Parent
from .server import Acceptor, Connections
from .version import SPOKEN, negotiate

#: B-17: how long a generation that has handed over stays, although it has nothing to finish.
PROBATION_MS = 1_000
DEADLINES_MS = {"ready": 30_000, "park": 5_000, "commit": 5_000, "drain": 30_000, "exit": 5_000, "relinquish": 5_000}


class Generation:
    """
    `command`: how the next generation is started; default: as this one was. `child_environment`: what is different in
    it; None removes. `on_step`: called with (role, kind, name, ...) at each step of either machine.
    """

    def __init__(
        self,
        serve,
        command=None,
        child_environment=None,
        deadlines=None,
        versions=None,
        probation_ms=PROBATION_MS,
        on_step=None,
    ):
        self.command = command or [sys.executable, *sys.argv]
        self.child_environment = child_environment or {}
        self.deadlines = {**DEADLINES_MS, **(deadlines or {})}
        self.versions = versions or SPOKEN
        self.listeners = []
        self.is_owner = False
        self.connections = Connections(on_empty=self._wake)
        self._serve = serve
        self._probation_ms = probation_ms
        self._acceptors = []
        self._on_step = on_step or (lambda *step: None)
        self._posted = deque()
        self._status = None
        self._stays_until = 0
        self._selector = selectors.DefaultSelector()
        self._handle_signals()
        self._join()

    # Joining.

    def _join(self):
        parent_table, child_table = load()
        self.parent = Parent(self, Machine(parent_table, "serving"))
        text = os.environ.pop(VARIABLE, None)
        if text is None:
            self.number = 1
            self.child = Child(self, Machine(child_table, "founding"))
            return
        offer = unseal(text)
        channel = Channel(_open_channel(offer["channel"]))
        for offered in offer["listeners"]:
            for each in (offered["descriptor"], offered.get("custody", offered["descriptor"])):
                # One that is not open is told when it is wanted.
                with suppress(OSError):
                    os.set_inheritable(each, False)
        self.number = offer["generation"]
        self._unclaimed = {each["name"]: each for each in offer["listeners"]}
        self.child = Child(self, Machine(child_table, "booting"), offer, channel)
        self.child.check_lineage()
        self.child.version = negotiate(offer["protocol"], self.versions)
        self.watch(channel, self._read_parent)
        if self.child.version is None:
            self.child.dispatch("versionUnsupported", self._unsupported(offer["protocol"]))
        else:
            self.child.dispatch("offerRead")

    def _unsupported(self, offered):
        ours = "{min}-{max}".format(**self.versions)
        theirs = "{min}-{max}".format(**offered)
        return HandoffError(
            "VERSION_UNSUPPORTED",
            f"the child speaks protocol versions {ours}, its parent {theirs}: deploy a release that speaks one of both",
        )

    def listen(self, name, wanted):
        """Inherits the listener, or binds it. Nothing is accepted before this generation is owner."""
        if self._status is not None:
            return
        try:
            self.listeners.append(self._claim(name, wanted))
        except HandoffError as error:
            self.child.dispatch("preparationFailed", error)
            if self.child.offer is None:
                raise

    def _claim(self, name, wanted):
        offered = self._unclaimed.pop(name, None) if self.child.offer is not None else None
        if offered is None:
            return listeners.bind(name, wanted)
        if listeners.same_address(wanted, offered["address"]):
            return listeners.adopt(offered)
        self.child.dropped.append(listeners.Dropped(offered))
        return listeners.bind(name, wanted)

    def run(self):
        """Says ready, and goes on until this generation leaves. Returns the status to exit with."""
        if self.child.offer is not None:
            self.child.dropped += [listeners.Dropped(each) for each in self._unclaimed.values()]
            self._turn(wait=False)
        if self._status is None:
            self.post("child", "readyDeclared")
        while self._status is None:
            self._turn()
        return self._status

    # The loop.

    def post(self, role, event, detail=None):
        self._posted.append((role, event, detail))

    def post_first(self, role, event, detail=None):
        """What an effect leads to comes before everything that waits."""
        self._posted.appendleft((role, event, detail))

    def _turn(self, wait=True):
        self.settle()
        if self._status is not None:
            return
        for key, _events in self._selector.select(self._patience() if wait else 0):
            # An effect of an earlier one may have closed it.
            if key.fd in self._selector.get_map():
                key.data()
                self.settle()
            if self._status is not None:
                return
        for role in (self.child, self.parent):
            role.expire_if_due()
            self.settle()
        self.child.watch()
        self.check_drained()
        for role in (self.child, self.parent):
            if role.channel is not None and role.channel.has_unsent:
                role.channel.flush()

    def _patience(self):
        """Until the next deadline or look; something unsent is tried again soon."""
        moments = [self.child.expires_at, self.parent.expires_at, self.child.looks_again_at]
        if self.parent.machine.state == "draining" and time.monotonic() < self._stays_until:
            moments.append(self._stays_until)
        moments += [
            time.monotonic() + 0.01
            for role in (self.child, self.parent)
            if role.channel is not None and role.channel.has_unsent
        ]
        moments = [moment for moment in moments if moment is not None]
        return max(0, min(moments) - time.monotonic()) if moments else None

    def settle(self):
        """Nothing else is read before what was posted has been dispatched."""
        while self._posted and self._status is None:
            role, event, detail = self._posted.popleft()
            self._role(role).dispatch(event, detail)

    def _read_parent(self):
        self.child.read()
        if self.child.channel.ended:
            # A closed one has left the selector already.
            self.unwatch(self.child.channel)

    def _role(self, name):
        """What a signal asks for: for the child's machine while the parent's has nothing to do, else for that one."""
        if name == "either":
            name = "child" if self.parent.machine.state == "serving" else "parent"
        return self.parent if name == "parent" else self.child

    def check_drained(self):
        """Nothing to finish: at once where there is no way back, else when the child has had time to die (B-17)."""
        if not self.connections.draining or len(self.connections) > 0 or self._status is not None:
            return
        state = self.parent.machine.state
        if state in ("departing", "stopping") or (state == "draining" and time.monotonic() >= self._stays_until):
            self.post("parent", "drained")

    def drain(self):
        self._stays_until = time.monotonic() + self._probation_ms / 1000
        self.connections.drain()
        self.check_drained()

    def watch(self, channel, on_readable):
        self.watch_descriptor(channel.fileno(), on_readable)

    def unwatch(self, channel):
        self.unwatch_descriptor(channel.fileno())

    def watch_descriptor(self, descriptor, on_readable):
        self._selector.register(descriptor, selectors.EVENT_READ, on_readable)

    def unwatch_descriptor(self, descriptor):
        with suppress(KeyError, ValueError):
            self._selector.unregister(descriptor)

    def _handle_signals(self):
        self._wakes, woken = socket.socketpair()
        for each in (self._wakes, woken):
            each.setblocking(False)
        self._woken = woken
        self.watch_descriptor(woken.fileno(), self._take_wakes)
        signal.set_wakeup_fd(self._wakes.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGHUP, lambda *_: self.post("either", "handoffRequested"))
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, lambda *_: self.post("either", "terminationRequested"))

    def _wake(self):
        with suppress(BlockingIOError):
            self._wakes.send(b"\0")

    def _take_wakes(self):
        with suppress(BlockingIOError):
            self._woken.recv(4096)

    # What the roles do to the service.

    def start_accepting(self):
        if not self._acceptors:
            self._acceptors = [Acceptor(each.socket, self.connections, self._serve) for each in self.listeners]
        for each in self._acceptors:
            each.start()

    def park(self):
        for each in self._acceptors:
            each.park()

    def become_owner(self):
        self.is_owner = True
        self.log(f"is owner (pid {os.getpid()})")

    def close_listeners(self, removing_paths):
        self.park()
        self._acceptors = []
        for each in self.listeners:
            if removing_paths:
                each.remove_path()
            each.close()
        self.listeners = []

    def discard_created(self):
        """L-15: what a generation that was never owner had bound goes with it."""
        for each in self.listeners:
            if each.disposition == "created":
                each.remove_path()

    def leave(self, status):
        """The loop ends with this."""
        self._status = status

    def publish(self, role, kind, name, *more):
        self._on_step(role, kind, name, *more)

    def log(self, text):
        print(f"generation {self.number} {text}", file=sys.stderr, flush=True)


def _open_channel(descriptor):
    """B-7: a variable without a usable channel is no offer."""
    try:
        if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
            raise OSError("not a socket")
        channel = socket.socket(fileno=descriptor)
        channel.getpeername()
    except OSError as error:
        raise HandoffError("OFFER_INVALID", f"the offer's channel, {descriptor}, is no channel: {error}") from error
    os.set_inheritable(descriptor, False)
    return channel
