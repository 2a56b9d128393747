"""Every message of version 1. The tables below are those of spec/v1/messages.md, row by row."""

import re

from .encoding import INTEGER_MAX, decode, encode
from .error import HandoffError

DESCRIPTOR_MAX = 2_147_483_647


def _invalid(path, what):
    return HandoffError("MESSAGE_FIELD_INVALID", f"{path} is not {what}")


# Kinds of values: functions (value, path) -> the value without keys that are not known, or HandoffError.


def integer(low, high):
    def check(value, path):
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise _invalid(path, f"an integer, {low} to {high}")
        return value

    return check


def boolean(value, path):
    if not isinstance(value, bool):
        raise _invalid(path, "a boolean")
    return value


def always(value, path):
    if value is not True:
        raise _invalid(path, "true")
    return value


def string(low, high, rule=lambda text: True, what="what it must be"):
    def check(value, path):
        if not isinstance(value, str) or not low <= len(value.encode()) <= high or value.startswith("\ufeff"):
            raise _invalid(path, f"a string, {low} to {high} bytes, without a byte order mark in front")
        if not rule(value):
            raise _invalid(path, what)
        return value

    return check


def one_of(*words):
    def check(value, path):
        if not isinstance(value, str) or value not in words:
            raise _invalid(path, f"one of {', '.join(words)}")
        return value

    return check


def binary(low, high):
    def check(value, path):
        if not isinstance(value, bytes) or not low <= len(value) <= high:
            raise _invalid(path, f"{low} to {high} bytes")
        return value

    return check


def array(low, high, item, distinct=False):
    def check(value, path):
        if not isinstance(value, list) or not low <= len(value) <= high:
            raise _invalid(path, f"an array of {low} to {high}")
        result = [item(each, f"{path}[{index}]") for index, each in enumerate(value)]
        if distinct and len(set(result)) < len(result):
            raise _invalid(path, "distinct")
        return result

    return check


def table(rows, rule=lambda value: None):
    """`rows`: key -> kind, in the order of the wire; a key that ends in ? is optional."""
    rows = [(key.rstrip("?"), key.endswith("?"), kind) for key, kind in rows.items()]

    def check(value, path):
        if not isinstance(value, dict):
            raise _invalid(path, "a map")
        result = {}
        for key, optional, kind in rows:
            if key in value:
                result[key] = kind(value[key], f"{path}.{key}")
            elif not optional:
                raise HandoffError("MESSAGE_FIELD_MISSING", f"{path} has no {key}")
        broken = rule(result)
        if broken:
            raise _invalid(path, broken)
        return result

    return check


# The maps inside messages.

u32 = integer(0, INTEGER_MAX)
version = integer(1, 65_535)
pid = integer(1, 2_147_483_647)
descriptor = integer(3, DESCRIPTOR_MAX)
name = string(1, 64)
features = array(0, 32, string(1, 64), distinct=True)
batch = integer(1, INTEGER_MAX)

versions = table(
    {"min": version, "max": version},
    lambda it: "in order: min is above max" if it["min"] > it["max"] else None,
)

_host = re.compile(r"(?=[^%]*[.:])[0-9A-Fa-f.:]+(%[0-9A-Za-z._-]+)?")


def _is_path(path):
    if path.startswith("\0"):
        return len(path) > 1
    return path.startswith("/") and "\0" not in path


_ip = {
    "host": string(2, 64, lambda host: _host.fullmatch(host), "a literal IP address"),
    "port": integer(1, 65_535),
    "ipv6Only?": boolean,
}
_addresses = {
    "tcp": table({"kind": one_of("tcp"), **_ip}),
    "unix": table({"kind": one_of("unix"), "path": string(1, 107, _is_path, "an absolute path or an abstract name")}),
    "udp": table({"kind": one_of("udp"), **_ip}),
}


def address(value, path):
    if not isinstance(value, dict):
        raise _invalid(path, "a map")
    if "kind" not in value:
        raise HandoffError("MESSAGE_FIELD_MISSING", f"{path} has no kind")
    return _addresses[one_of(*_addresses)(value["kind"], f"{path}.kind")](value, path)


listener = table(
    {
        "name": name,
        "address": address,
        "descriptor": descriptor,
        "custody?": descriptor,
        "inode?": string(
            1, 20, lambda text: re.fullmatch(r"0|[1-9][0-9]*", text, re.ASCII), "decimal digits without leading zeros"
        ),
    }
)


connection = table(
    {
        "listener": name,
        "protocol": name,
        "still": boolean,
        "idleMs?": u32,
        "served?": u32,
        "state?": binary(0, 65_536),
    }
)


def _offer_rule(offer):
    names = [each["name"] for each in offer["listeners"]]
    if len(set(names)) < len(names):
        return "consistent: the names of the listeners are not distinct"
    numbers = [offer[key] for key in ("channel", "descriptorChannel") if key in offer]
    for each in offer["listeners"]:
        numbers += [each[key] for key in ("descriptor", "custody") if key in each]
    if len(set(numbers)) < len(numbers):
        return "consistent: the descriptors are not distinct"
    return None


def _ready_rule(ready):
    seen = {}
    for each in ready["listeners"]:
        seen.setdefault(each["name"], []).append(each["disposition"])
    for listener_name, dispositions in seen.items():
        if len(dispositions) > 1 and sorted(dispositions) != ["created", "dropped"]:
            return f"consistent: {listener_name!r} stands there more than once"
    return None


def _state_rule(state):
    if "version" not in state and (state["bytes"] or not state["last"]):
        return "consistent: a piece without a version is not empty, or is not the last"
    return None


_reason = {"code": name, "message": string(0, 2048)}

MESSAGES = {
    "offer": table(
        {
            "protocol": versions,
            "generation": integer(2, INTEGER_MAX),
            "parent": table({"pid": pid}),
            "channel": descriptor,
            "descriptorChannel?": descriptor,
            "listeners": array(0, 64, listener),
            "deadlines": table({"commitMs": integer(1, 0x7FFF_FFFF)}),
            "features": features,
        },
        _offer_rule,
    ),
    "accept": table({"version": version, "features": features, "pid": pid}),
    "refuse": table({**_reason, "supported": versions}),
    "abort": table(_reason),
    "progress": table({"step": string(1, 64), "permille?": integer(0, 1000)}),
    "ready": table(
        {
            "listeners": array(
                0, 128, table({"name": name, "disposition": one_of("inherited", "created", "dropped")})
            )
        },
        _ready_rule,
    ),
    "state-wanted": table({"stream": name, "version": integer(1, INTEGER_MAX)}),
    "state": table(
        {
            "stream": name,
            "phase": one_of("warm", "final"),
            "version?": integer(1, INTEGER_MAX),
            "bytes": binary(0, 65_536),
            "last": boolean,
        },
        _state_rule,
    ),
    "state-adopted": table({}),
    "commit": table({}),
    "committed": table({}),
    "relinquish": table({}),
    "relinquished": table({}),
    "request": table({}),
    "superseded": table({"ignorable": always, "generation": integer(3, INTEGER_MAX)}),
    "stop": table({}),
    "connections-awaited": table({"protocols": array(0, 32, name, distinct=True)}),
    "connections": table({"batch": batch, "connections": array(1, 253, connection)}),
    "connections-adopted": table({"batch": batch, "count": integer(0, 253)}),
    "connections-late": table({"batch": batch, "index": integer(0, 252), "bytes": binary(1, 65_536)}),
    "connections-released": table({"batch": batch}),
    "farewell": table({"finished": u32, "moved": u32, "closed": u32, "cut": u32}),
}


def encode_message(message):
    """The payload of a message, keys in the order of the tables. Raises MESSAGE_FIELD_* for one that breaks them."""
    kind = message["type"]
    return encode({"type": kind, **MESSAGES[kind](message, kind)})


def decode_message(payload):
    """The message in a payload; None where it is of an unknown type and ignorable (V-12)."""
    value = decode(payload)
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        raise HandoffError("MESSAGE_INVALID", "the payload is not a map with a type that is a string")
    kind = value["type"]
    if kind not in MESSAGES:
        if value.get("ignorable") is True:
            return None
        raise HandoffError("MESSAGE_TYPE_UNKNOWN", f"the message {kind!r} is not known")
    return {"type": kind, **MESSAGES[kind](value, kind)}
