"""The offer as text, in the variable HEIRLOOM_OFFER. spec/v1/bootstrap.md and messages.md."""

import base64
import re

from .error import HandoffError
from .frame import LENGTH_BYTES, FrameReader, frame
from .message import decode_message, encode_message

VARIABLE = "HEIRLOOM_OFFER"
CHARACTERS_MAX = 98_304


def seal(offer):
    text = base64.urlsafe_b64encode(frame(encode_message(offer))).rstrip(b"=").decode()
    if len(text) > CHARACTERS_MAX:
        raise HandoffError("FRAME_TOO_LARGE", f"the offer takes {len(text)} characters, at most {CHARACTERS_MAX} fit")
    return text


def unseal(text):
    try:
        return _unseal(text)
    except HandoffError as error:
        raise HandoffError("OFFER_INVALID", f"{VARIABLE} is no offer: {error.message}") from error


def _unseal(text):
    if len(text) > CHARACTERS_MAX or not re.fullmatch(r"[A-Za-z0-9_-]+", text) or len(text) % 4 == 1:
        raise HandoffError("OFFER_INVALID", "its text is not base64url without padding, or too long")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if base64.urlsafe_b64encode(data).rstrip(b"=").decode() != text:
        raise HandoffError("OFFER_INVALID", "its last character has bits left over")
    reader = FrameReader()
    payloads = list(reader.feed(data))
    reader.end()
    if len(payloads) != 1 or len(data) != LENGTH_BYTES + len(payloads[0]):
        raise HandoffError("OFFER_INVALID", "it is not one whole frame")
    message = decode_message(payloads[0])
    if message is None or message["type"] != "offer":
        raise HandoffError("OFFER_INVALID", "it is another message")
    return message
