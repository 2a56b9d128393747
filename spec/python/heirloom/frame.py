"""Frames: a length of four bytes, and that many bytes of payload. spec/v1/framing.md, F-1 to F-7."""

from .error import HandoffError

PAYLOAD_BYTES_MAX = 1_048_576
LENGTH_BYTES = 4


def frame(payload):
    check_length(len(payload))
    return len(payload).to_bytes(LENGTH_BYTES, "big") + payload


def check_length(length):
    if length == 0:
        raise HandoffError("FRAME_EMPTY", "a frame announces no payload")
    if length > PAYLOAD_BYTES_MAX:
        raise HandoffError("FRAME_TOO_LARGE", f"a frame has {length} bytes, at most {PAYLOAD_BYTES_MAX} are allowed")


class FrameReader:
    """Turns pieces of a stream into payloads, however it was cut (F-4)."""

    def __init__(self):
        self._bytes = bytearray()
        self._failed = None

    def feed(self, piece):
        """Yields the payloads that are complete with this piece; raises after the last one in front of an error."""
        if self._failed is not None:
            raise self._failed
        self._bytes += piece
        while len(self._bytes) >= LENGTH_BYTES:
            length = int.from_bytes(self._bytes[:LENGTH_BYTES], "big")
            try:
                check_length(length)
            except HandoffError as error:
                self._failed = error
                raise
            end = LENGTH_BYTES + length
            if len(self._bytes) < end:
                return
            payload = bytes(self._bytes[LENGTH_BYTES:end])
            del self._bytes[:end]
            yield payload

    def end(self):
        if self._failed is None and self._bytes:
            raise HandoffError("FRAME_TRUNCATED", "the stream ended inside a frame")
