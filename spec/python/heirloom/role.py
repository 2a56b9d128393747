"""What both roles have in common: a machine whose effects are methods, and a deadline."""

import re
import time

from .error import HandoffError
from .machine import Unexpected


def event_of(message):
    """state-adopted -> stateAdoptedReceived"""
    return re.sub(r"-(\w)", lambda match: match[1].upper(), message["type"]) + "Received"


class Role:
    """`name` is the role's; each effect of the table is a method in snake case."""

    name = ""

    def __init__(self, generation, machine):
        self.generation = generation
        self.machine = machine
        self.channel = None
        #: Whether what the peer still says is noise: it has broken the protocol, or is dead.
        self.deaf = False
        #: Why a handoff is about to fail: what sendAbort and the reports say.
        self.reason = None
        self._expires_at = None

    def dispatch(self, event, detail=None):
        """Gives the machine an event and executes its effects. A message without a place here is a violation (M-4)."""
        before = self.machine.state
        try:
            effects = self.machine.handle(event)
        except Unexpected:
            if not isinstance(detail, dict):
                raise
            unexpected = f"{detail['type']} came while the {self.name} was {before}"
            self.violated(HandoffError("MESSAGE_UNEXPECTED", unexpected))
            return
        if effects is None:
            return
        if self.machine.moves_deadline(before):
            self._start_deadline()
        self.reason = self.reason_for(event, detail, before) or self.reason
        self.generation.publish(self.name, "event", event, before, self.machine.state)
        for effect in effects:
            self.generation.publish(self.name, "before", effect)
            getattr(self, re.sub(r"[A-Z]", lambda match: "_" + match[0].lower(), effect))(detail)
            self.generation.publish(self.name, "after", effect)

    def violated(self, error):
        self.deaf = True
        self.channel.violate()
        self.dispatch("protocolViolated", error)

    def reason_for(self, event, detail, state):
        """The error that an event stands for, if it stands for one."""
        if isinstance(detail, HandoffError):
            return detail
        if event in ("abortReceived", "refuseReceived"):
            return HandoffError(detail["code"], detail["message"], "remote")
        if event == "deadlineExpired":
            return HandoffError("DEADLINE_EXPIRED", f"the {self.name} waited too long while {state}")
        if event == "terminationRequested":
            return HandoffError("STOPPING", "the service is ending")
        return None

    def send(self, kind, **fields):
        self.channel.send({"type": kind, **fields})

    def send_abort(self, _detail):
        reason = self.reason
        message = reason.message.encode()[:2048].decode(errors="ignore")
        self.send("abort", code=reason.code, message=message)

    # The deadline of the state (one at a time).

    def _start_deadline(self):
        name = self.machine.deadline
        self._expires_at = None if name is None else time.monotonic() + self.deadline_ms(name) / 1000

    def deadline_ms(self, name):
        return self.generation.deadlines[name]

    @property
    def expires_at(self):
        return self._expires_at

    def expire_if_due(self):
        if self._expires_at is not None and time.monotonic() >= self._expires_at:
            self._expires_at = None
            self.deadline_expired()

    def deadline_expired(self):
        self.dispatch("deadlineExpired")
