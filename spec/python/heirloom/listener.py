"""Listeners: bound, described, verified. spec/v1/listeners.md. Stream sockets; an offered UDP socket is dropped."""

import ipaddress
import os
import secrets
import socket
import stat
from contextlib import suppress

from .error import HandoffError

BACKLOG = 511
ANY_IPV6 = ipaddress.ip_address("::")


class Listener:
    """A listening socket in this process. `listener` is accepted on, `custody` never."""

    def __init__(self, name, listener, disposition, custody=None, path=None):
        self.name = name
        self.socket = listener
        self.disposition = disposition
        self.custody = custody if custody is not None else os.dup(listener.fileno())
        self.path = path
        #: What the path leads to: to know it again when the service ends.
        self._place = _place(path)
        # Somebody else may be the one to accept: an empty queue must not stop this process.
        listener.setblocking(False)
        for descriptor in (listener.fileno(), self.custody):
            os.set_inheritable(descriptor, False)

    def offered(self):
        """What an offer says about it. Descriptors keep their numbers in the child."""
        return {
            "name": self.name,
            "address": address_of(self.socket, self.path),
            "descriptor": self.socket.fileno(),
            "custody": self.custody,
            "inode": inode_of(self.socket.fileno()),
        }

    def close(self):
        self.socket.close()
        os.close(self.custody)

    def remove_path(self):
        """L-15: only where it still leads to this socket."""
        if self._place is not None and _place(self.path) == self._place:
            with suppress(FileNotFoundError):
                os.unlink(self.path)


def _place(path):
    if path is None or path.startswith("\0"):
        return None
    with suppress(FileNotFoundError):
        status = os.stat(path)
        return status.st_dev, status.st_ino
    return None


def inode_of(descriptor):
    return str(os.fstat(descriptor).st_ino)


def address_of(listener, path=None):
    if listener.family == socket.AF_UNIX:
        name = listener.getsockname()
        return {"kind": "unix", "path": path or (name.decode() if isinstance(name, bytes) else name)}
    host, port = listener.getsockname()[:2]
    address = {"kind": "tcp", "host": host, "port": port}
    if host == "::" and listener.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY):
        address["ipv6Only"] = True
    return address


def same_address(wanted, offered):
    """L-6: `wanted` may name its host, and leave the port open."""
    if wanted["kind"] != offered["kind"]:
        return False
    if wanted["kind"] == "unix":
        return _identity(wanted) == _identity(offered)
    port = wanted.get("port") or offered["port"]
    return any(_identity({**wanted, "host": host, "port": port}) == _identity(offered) for host in _resolve(wanted["host"]))


def _identity(address):
    """What is the same of two literal addresses that are the same."""
    if address["kind"] == "unix":
        return os.path.abspath(address["path"])
    host = _ip(address["host"])
    return address["kind"], host, address["port"], host == ANY_IPV6 and bool(address.get("ipv6Only"))


def _ip(host):
    """However it is written, without its zone. What is no address, though it looks like one (`1.2`), is the same as itself."""
    literal = host.partition("%")[0]
    try:
        return ipaddress.ip_address(literal)
    except ValueError:
        return literal


def _resolve(host):
    try:
        return {entry[4][0] for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except OSError:
        return set()


def adopt(offered):
    """The offered listener with both its descriptors, verified (L-7)."""
    name, descriptor = offered["name"], offered["descriptor"]
    descriptors = [descriptor] + ([offered["custody"]] if "custody" in offered else [])
    for each in descriptors:
        _verify_descriptor(name, each, offered)
    listener = socket.socket(fileno=descriptor)
    address = offered["address"]
    path = address["path"] if address["kind"] == "unix" else None
    try:
        listening = listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
        is_stream = listener.type == socket.SOCK_STREAM
        # A Unix-domain socket may have been bound under another name than its path.
        kernel = address if path is not None and listener.family == socket.AF_UNIX else address_of(listener)
    except (OSError, ValueError) as error:
        raise _mismatch(name, f"cannot be examined: {error}") from error
    if not listening or not is_stream:
        raise _mismatch(name, "does not listen")
    if address["kind"] != kernel["kind"] or _identity(address) != _identity(kernel):
        raise _mismatch(name, f"listens at {kernel}, and not at {address}")
    return Listener(name, listener, "inherited", offered.get("custody"), path)


class Dropped:
    """One that this generation does not want: it stays open until the parent is out of the way (L-10)."""

    def __init__(self, offered):
        self.name = offered["name"]
        self._path = offered["address"].get("path")
        self._place = _place(self._path)
        self._descriptors = []
        for key in ("descriptor", "custody"):
            # What is not what the offer says may be something of this process's own: it is not closed.
            with suppress(HandoffError, KeyError):
                _verify_descriptor(self.name, offered[key], offered)
                self._descriptors.append(offered[key])

    def discard(self):
        if self._place is not None and _place(self._path) == self._place:
            os.unlink(self._path)
        for descriptor in self._descriptors:
            os.close(descriptor)


def _verify_descriptor(name, descriptor, offered):
    try:
        status = os.fstat(descriptor)
    except OSError as error:
        raise _mismatch(name, f"descriptor {descriptor} is not open") from error
    if not stat.S_ISSOCK(status.st_mode):
        raise _mismatch(name, f"descriptor {descriptor} is not a socket")
    if str(status.st_ino) != offered.get("inode", str(status.st_ino)):
        raise _mismatch(name, f"descriptor {descriptor} is another socket")


def _mismatch(name, what):
    return HandoffError("LISTENER_MISMATCH", f"the inherited listener {name}: {what}")


def bind(name, wanted):
    """L-5: bound, with a queue, and not accepted on."""
    try:
        if wanted["kind"] == "unix":
            return _bind_unix(name, os.path.abspath(wanted["path"]))
        family = socket.AF_INET6 if ":" in wanted["host"] else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, bool(wanted.get("ipv6Only")))
        listener.bind((wanted["host"], wanted.get("port", 0)))
        listener.listen(BACKLOG)
        return Listener(name, listener, "created")
    except OSError as error:
        raise HandoffError("LISTENER_BIND_FAILED", f"{name} cannot listen at {wanted}: {error.strerror}") from error


def _bind_unix(name, path):
    """Bound beside its path, and given it by link or rename: no moment without it, L-13."""
    beside = f"{path}.{secrets.token_hex(4)}"
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(beside)
    try:
        listener.listen(BACKLOG)
        try:
            os.link(beside, path)
            os.unlink(beside)
        except FileExistsError:
            _check_stale(path)
            os.rename(beside, path)
    except OSError:
        with suppress(FileNotFoundError):
            os.unlink(beside)
        raise
    return Listener(name, listener, "created", path=path)


def _check_stale(path):
    """L-14."""
    if not stat.S_ISSOCK(os.stat(path).st_mode):
        raise FileExistsError(17, "it is there, and no socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            return
    raise OSError(98, "somebody listens there")
