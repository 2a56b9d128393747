"""Accepts on listeners, and knows every connection that is not finished: what a generation parks and drains."""

import selectors
import socket
import threading
import time
from contextlib import suppress

OUT_OF_DESCRIPTORS_SECONDS = 0.05


class Connections:
    """Those that this generation accepted. `on_empty` is called, from any thread, whenever the last one has ended."""

    def __init__(self, on_empty):
        self._lock = threading.Lock()
        self._open = set()
        self._on_empty = on_empty
        #: Ended by themselves since draining began, and cut: the numbers of `farewell`.
        self.finished = 0
        self.cut = 0
        self.draining = False

    def __len__(self):
        with self._lock:
            return len(self._open)

    def add(self, connection):
        with self._lock:
            self._open.add(connection)

    def remove(self, connection):
        with self._lock:
            self._open.discard(connection)
            self.finished += self.draining
            empty = not self._open
        if empty:
            self._on_empty()

    def drain(self):
        with self._lock:
            self.draining = True

    def resume(self):
        with self._lock:
            self.draining = False

    def cut_all(self):
        with self._lock:
            left, self._open = self._open, set()
            self.cut += len(left)
        for connection in left:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class Acceptor:
    """Accepts on one listener, in a thread of its own. Parking leaves the socket and what was accepted (L-11)."""

    def __init__(self, listener, connections, serve):
        self._listener = listener
        self._connections = connections
        self._serve = serve
        self._thread = None
        self._wake = None

    def start(self):
        if self._thread is not None:
            return
        woken, self._wake = socket.socketpair()
        self._thread = threading.Thread(target=self._run, args=(woken,), daemon=True)
        self._thread.start()

    def park(self):
        """Once this returns, nothing is accepted any more."""
        if self._thread is None:
            return
        self._wake.close()
        self._thread.join()
        self._thread = None

    def _run(self, woken):
        with selectors.DefaultSelector() as selector, woken:
            selector.register(woken, selectors.EVENT_READ)
            selector.register(self._listener, selectors.EVENT_READ)
            while True:
                ready = {key.fileobj for key, _ in selector.select()}
                if woken in ready:
                    return
                try:
                    self._take(self._listener.accept()[0])
                except (BlockingIOError, ConnectionAbortedError):
                    continue
                except OSError:
                    # Out of descriptors, most likely: clients wait in the queue until there is one.
                    time.sleep(OUT_OF_DESCRIPTORS_SECONDS)

    def _take(self, connection):
        connection.setblocking(True)
        self._connections.add(connection)
        threading.Thread(target=self._handle, args=(connection,), daemon=True).start()

    def _handle(self, connection):
        try:
            self._serve(connection)
        except OSError:
            # The client went away, or the drain deadline cut it.
            pass
        finally:
            connection.close()
            self._connections.remove(connection)
