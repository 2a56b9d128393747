"""The deadlines of a role, on a clock that the test moves."""

import sys
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from heirloom.machine import Machine, load  # noqa: E402
from heirloom.role import Role  # noqa: E402


class Parent(Role):
    name = "parent"

    def __getattr__(self, _effect):
        return lambda _detail: None


class Deadlines(unittest.TestCase):
    def test_d_1(self):
        """`ready` runs on from state to state, `commit` starts anew with `committing`."""
        clock = mock.patch("heirloom.role.time.monotonic").start()
        self.addCleanup(mock.patch.stopall)
        clock.return_value = 0
        generation = mock.Mock(deadlines={"ready": 30_000, "park": 1_000, "commit": 5_000})
        parent = Parent(generation, Machine(load()[0], "spawning"))
        parent.dispatch("childSpawned")
        clock.return_value = 1
        parent.dispatch("acceptReceived")
        self.assertEqual(parent.expires_at, 30)
        for event in ("stateWantedReceived", "readyReceived", "parked"):
            parent.dispatch(event)
        self.assertEqual(parent.expires_at, 6)
        clock.return_value = 5
        parent.dispatch("handoffRequested")
        self.assertEqual(parent.expires_at, 6)
        parent.dispatch("stateAdoptedReceived")
        self.assertEqual(parent.expires_at, 10)


if __name__ == "__main__":
    unittest.main()
