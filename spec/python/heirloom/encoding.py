"""The strict profile of MessagePack. spec/v1/framing.md, E-1 to E-12."""

import msgpack

from .error import HandoffError

INTEGER_MAX = 0xFFFF_FFFF
DEPTH_MAX = 8
VALUES_MAX = 16_384


class _Pairs:
    """A map as it stands in the payload: a dict would already have lost a key that stands twice."""

    def __init__(self, pairs):
        self.pairs = pairs


def encode(value):
    """Keys in the order of the dict; the library writes every value in its shortest form (E-2)."""
    return msgpack.packb(value, use_bin_type=True)


def decode(payload):
    try:
        value = msgpack.unpackb(
            payload,
            raw=False,
            unicode_errors="strict",
            strict_map_key=False,
            object_pairs_hook=_Pairs,
            # Unpacked to something that is refused below: the library reads timestamps by itself otherwise.
            ext_hook=_extension,
            max_array_len=VALUES_MAX,
            max_map_len=VALUES_MAX // 2,
        )
    except HandoffError:
        raise
    except UnicodeDecodeError as error:
        raise HandoffError("ENCODING_UTF8", f"a string is not well-formed UTF-8: {error.reason}") from error
    except msgpack.exceptions.StackError as error:
        raise HandoffError("ENCODING_DEPTH", "maps and arrays are nested too deeply") from error
    except ValueError as error:
        raise HandoffError(_code_of(error), f"the payload is not one complete value: {error}") from error
    return _Checker().plain(value, 1)


def _extension(kind, _data):
    raise HandoffError("ENCODING_TYPE", f"extension {kind} is not part of the profile")


def _code_of(error):
    text = str(error)
    if "exceeds max_array_len" in text or "exceeds max_map_len" in text:
        return "ENCODING_COUNT"
    return "ENCODING_TYPE" if "imestamp" in text else "ENCODING_MALFORMED"


class _Checker:
    def __init__(self):
        self._values = 0

    def plain(self, value, depth):
        self._count()
        if isinstance(value, (list, _Pairs)) and depth > DEPTH_MAX:
            raise HandoffError("ENCODING_DEPTH", f"more than {DEPTH_MAX} maps and arrays inside each other")
        if isinstance(value, list):
            return [self.plain(item, depth + 1) for item in value]
        if isinstance(value, _Pairs):
            return self._map(value.pairs, depth)
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, (bool, bytes)):
            return value
        if isinstance(value, int) and value >= 0:
            if value > INTEGER_MAX:
                raise HandoffError("ENCODING_INTEGER", f"an integer is above {INTEGER_MAX}")
            return value
        raise HandoffError("ENCODING_TYPE", f"a value is a {type(value).__name__}, which is not part of the profile")

    def _map(self, pairs, depth):
        result = {}
        for key, value in pairs:
            self._count()
            if not isinstance(key, str):
                raise HandoffError("ENCODING_KEY", "a key of a map is not a string")
            if self._text(key) in result:
                raise HandoffError("ENCODING_KEY_DUPLICATE", f"the key {key!r} stands twice")
            result[key] = self.plain(value, depth + 1)
        return result

    def _text(self, value):
        if value.startswith("\ufeff"):
            raise HandoffError("ENCODING_UTF8", "a string begins with a byte order mark")
        return value

    def _count(self):
        self._values += 1
        if self._values > VALUES_MAX:
            raise HandoffError("ENCODING_COUNT", f"more than {VALUES_MAX} values")
