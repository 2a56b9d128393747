"""Replays spec/v1/vectors on this implementation: python3 -m unittest discover -s spec/python/test."""

import json
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from heirloom.error import HandoffError  # noqa: E402
from heirloom.frame import FrameReader, frame  # noqa: E402
from heirloom.machine import Machine, Unexpected, load  # noqa: E402
from heirloom.message import decode_message, encode_message  # noqa: E402
from heirloom.offer import seal, unseal  # noqa: E402
from heirloom.version import negotiate  # noqa: E402

VECTORS = HERE.parent.parent / "v1" / "vectors"


def cases(file):
    return json.loads((VECTORS / f"{file}.json").read_text())["cases"]


def plain(value):
    """JSON's way to write bytes, undone."""
    if isinstance(value, dict):
        return bytes.fromhex(value["$bytes"]) if set(value) == {"$bytes"} else {k: plain(v) for k, v in value.items()}
    return [plain(each) for each in value] if isinstance(value, list) else value


def read(pieces):
    """The payloads of a stream, and the code of what broke it."""
    reader, payloads = FrameReader(), []
    try:
        for piece in pieces:
            for payload in reader.feed(piece):
                payloads.append(payload)
        reader.end()
    except HandoffError as error:
        return payloads, error.code
    return payloads, None


def refusal(stream):
    payloads, code = read([stream])
    try:
        for payload in payloads:
            decode_message(payload)
    except HandoffError as error:
        return error.code
    return code


def code_of(run):
    try:
        run()
    except HandoffError as error:
        return error.code
    return None


class Vectors(unittest.TestCase):
    def replay(self, file, check):
        found = cases(file)
        self.assertGreater(len(found), 0)
        for case in found:
            with self.subTest(file=file, case=case["name"]):
                check(case)

    def test_messages(self):
        def check(case):
            message, bytes_ = plain(case["message"]), bytes.fromhex(case["frame"])
            self.assertEqual(frame(encode_message(message)), bytes_)
            self.assertEqual(decode_message(bytes_[4:]), message)

        self.replay("messages-valid", check)

    def test_other_encodings(self):
        self.replay(
            "encodings-accepted",
            lambda case: self.assertEqual(decode_message(bytes.fromhex(case["payload"])), plain(case["message"])),
        )

    def test_splits(self):
        def check(case):
            chunks = [bytes.fromhex(chunk) for chunk in case["chunks"]]
            expected = ([bytes.fromhex(payload) for payload in case["payloads"]], case["code"])
            whole = b"".join(chunks)
            self.assertEqual(read(chunks), expected)
            self.assertEqual(read([whole]), expected)
            self.assertEqual(read([whole[i : i + 1] for i in range(len(whole))]), expected)

        self.replay("frames-split", check)

    def test_refused(self):
        self.replay(
            "frames-refused",
            lambda case: self.assertEqual(refusal(bytes.fromhex(case["stream"])), case["code"]),
        )

    def test_negotiation(self):
        self.replay(
            "negotiation",
            lambda case: self.assertEqual(negotiate(case["parent"], case["child"]), case["version"]),
        )

    def test_offers(self):
        def check(case):
            self.assertEqual(unseal(case["text"]), plain(case["offer"]))
            if case["canonical"]:
                self.assertEqual(seal(plain(case["offer"])), case["text"])

        self.replay("offers-valid", check)
        self.replay(
            "offers-refused",
            lambda case: self.assertEqual(code_of(lambda: unseal(case["text"])), case["code"]),
        )

    def test_machines(self):
        tables = dict(zip(("parent", "child"), load()))
        for file in ("parent", "parent-rows", "child", "child-rows"):
            found = json.loads((VECTORS / "machines" / f"{file}.json").read_text())
            self.assertGreater(len(found["sequences"]), 0)
            for sequence in found["sequences"]:
                with self.subTest(file=file, sequence=sequence["name"]):
                    machine = Machine(tables[found["role"]], **sequence["start"])
                    self.assertEqual([step_of(machine, step["event"]) for step in sequence["steps"]], sequence["steps"])


def step_of(machine, event):
    """What a machine does about an event, as the vectors write it."""
    try:
        effects = machine.handle(event)
        note = {"ignored": True} if effects is None else {}
    except Unexpected:
        effects, note = None, {"refused": True}
    return {"event": event, "state": machine.state, "facts": machine.facts, "effects": effects or [], **note}


if __name__ == "__main__":
    unittest.main()
