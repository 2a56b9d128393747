"""The channel: frames in both directions on one stream, without blocking. spec/v1/framing.md and bootstrap.md B-16."""

import socket
from contextlib import suppress

from .error import HandoffError
from .frame import FrameReader, frame
from .message import decode_message, encode_message

READ_BYTES = 65_536


class Channel:
    """`read()` tells what came: ("message", it), ("violated", error), ("ended", None); the latter two once."""

    def __init__(self, stream):
        self.stream = stream
        stream.setblocking(False)
        self._reader = FrameReader()
        self._unsent = bytearray()
        self._violated = False
        self.ended = False

    def fileno(self):
        return self.stream.fileno()

    @property
    def has_unsent(self):
        return len(self._unsent) > 0

    def send(self, message):
        if self.stream.fileno() < 0:
            return
        self._unsent += frame(encode_message(message))
        self.flush()

    def flush(self):
        """As much as fits. What a dead peer does not take is of no interest: its death is."""
        try:
            while self._unsent:
                del self._unsent[: self.stream.send(self._unsent)]
        except BlockingIOError:
            return
        except OSError:
            self._unsent.clear()

    def read(self):
        """All that is there: whole messages in front of an error or of the end come first (F-4, B-16)."""
        found = []
        while not self.ended:
            try:
                piece = self.stream.recv(READ_BYTES)
            except BlockingIOError:
                break
            except OSError:
                piece = b""
            if piece:
                self._take(found, piece)
            else:
                # Also inside a frame: what an end means is not for the bytes to say (F-6, B-14).
                self.ended = True
                found.append(("ended", None))
        return found

    def _take(self, found, piece):
        # After an error nothing is read as frames any more (F-7), but the end is still waited for.
        if self._violated:
            return
        try:
            for payload in self._reader.feed(piece):
                message = decode_message(payload)
                if message is not None:
                    found.append(("message", message))
        except HandoffError as error:
            self._violated = True
            found.append(("violated", error))

    def violate(self):
        """Nothing of what still comes is read as a message."""
        self._violated = True

    def close(self):
        self.ended = True
        with suppress(OSError):
            self.stream.shutdown(socket.SHUT_WR)
        self.stream.close()
