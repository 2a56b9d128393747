"""Addresses: what is written down of a socket, and which are the same (L-2, L-6, L-7)."""

import os
import socket
import sys
import unittest
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from heirloom.error import HandoffError  # noqa: E402
from heirloom.listener import adopt, bind, same_address  # noqa: E402


def tcp(host, port, **more):
    return {"kind": "tcp", "host": host, "port": port, **more}


class Addresses(unittest.TestCase):
    def setUp(self):
        # One that is refused is closed when it is collected.
        warnings.simplefilter("ignore", ResourceWarning)

    def bound(self, wanted):
        listener = bind("web", wanted)
        self.addCleanup(listener.close)
        return listener

    def adopted(self, offered):
        """Whether a child would take it, on descriptors of its own."""
        copies = {key: os.dup(offered[key]) for key in ("descriptor", "custody")}
        try:
            adopt({**offered, **copies}).close()
        except HandoffError as error:
            self.assertEqual(error.code, "LISTENER_MISMATCH")
            return False
        return True

    def test_ipv6_only(self):
        """It is written, and compared, for the wildcard alone."""
        for host, decides in (("::1", False), ("::", True)):
            for only in (False, True):
                with self.subTest(host=host, only=only):
                    offered = self.bound(tcp(host, 0, ipv6Only=only)).offered()
                    port = offered["address"]["port"]
                    self.assertEqual(offered["address"], tcp(host, port, **({"ipv6Only": True} if decides and only else {})))
                    for other in (False, True):
                        address = tcp(host, port, ipv6Only=other)
                        self.assertEqual(same_address(address, offered["address"]), other == only or not decides)
                        self.assertEqual(self.adopted({**offered, "address": address}), other == only or not decides)
        offered = self.bound(tcp("127.0.0.1", 0)).offered()
        self.assertTrue(self.adopted({**offered, "address": {**offered["address"], "ipv6Only": True}}))

    def test_ways_to_write_one(self):
        self.assertTrue(same_address(tcp("FE80:0::1", 0), tcp("fe80::1%eth0", 80)))
        self.assertFalse(same_address(tcp("::1", 80), tcp("127.0.0.1", 80)))

    def test_no_address(self):
        """The grammar of `host` lets it through; no socket listens there."""
        offered = self.bound(tcp("127.0.0.1", 0)).offered()
        for host in ("1.2", ":::", "1.2:3"):
            with self.subTest(host=host):
                address = {**offered["address"], "host": host}
                self.assertFalse(same_address(tcp("127.0.0.1", 0), address))
                self.assertFalse(self.adopted({**offered, "address": address}))


if __name__ == "__main__":
    unittest.main()
