"""Services of the host that a crate may try to reach: each greets, and remembers what it heard."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from pathlib import Path

GREETING = b"welcome"
_LOOK_S = 0.05


class Services:
    """Listeners on TCP, UDP and unix sockets, on this machine's loopback only. Nothing is ever sent but a greeting."""

    def __init__(self, path: Path, abstract: str) -> None:
        self.abstract = abstract
        self._path = path
        self._selector = selectors.DefaultSelector()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.heard: list[str] = []
        self.tcp = self._listen("tcp", socket.AF_INET, ("127.0.0.1", 0))
        self.tcp6 = self._listen("tcp6", socket.AF_INET6, ("::1", 0)) if _has_ipv6() else 0
        self.udp = self._listen("udp", socket.AF_INET, ("127.0.0.1", 0), socket.SOCK_DGRAM)
        self._listen("abstract", socket.AF_UNIX, f"\0{abstract}")
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.free = int(server.getsockname()[1])

    def start(self) -> None:
        """Open what needs the stage's folder, and serve."""
        self._listen("unix", socket.AF_UNIX, str(self._path))
        self._path.chmod(0o777)
        self._thread.start()

    def listen_at(self, address: str, port: int) -> None:
        """One more TCP listener, before `start`."""
        self._listen("metadata", socket.AF_INET, (address, port))

    def close(self) -> None:
        """Stop, and forget all connections."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]  # all are sockets
        self._selector.close()

    def _listen(self, name: str, family: int, address: object, kind: int = socket.SOCK_STREAM) -> int:
        listener = socket.socket(family, kind)
        listener.setblocking(False)
        listener.bind(address)
        if kind == socket.SOCK_STREAM:
            listener.listen()
        self._selector.register(listener, selectors.EVENT_READ, name)
        return 0 if family == socket.AF_UNIX else int(listener.getsockname()[1])

    def _serve(self) -> None:
        while not self._ended.is_set():
            for key, _ in self._selector.select(_LOOK_S):
                with contextlib.suppress(OSError):
                    self._answer(key.fileobj, key.data)  # type: ignore[arg-type]  # all are sockets
            # A program of the host that takes whoever answers at the port for a friend.
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.free), timeout=_LOOK_S):
                self.heard.append("visited")

    def _answer(self, listener: socket.socket, name: str) -> None:
        if listener.type == socket.SOCK_DGRAM:
            data, sender = listener.recvfrom(2000)
            self.heard.append(f"{name} {data.decode(errors='replace')}")
            listener.sendto(GREETING, sender)
            return
        connection, _ = listener.accept()
        with connection:
            self.heard.append(name)
            connection.sendall(GREETING)


def _has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False
