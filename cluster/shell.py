"""A person's shell in a sandbox: the same walls, with a terminal that is ours between theirs and the strangers' code.

What runs inside has a terminal of its own and can put no words into the person's; what it prints is shown as it is.
Time and silence are not bounded: the person is there. In bubblewrap only.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import tty
from collections.abc import Iterator, Mapping
from types import FrameType

from oxidizer.cluster.backends import with_door
from oxidizer.cluster.bubblewrap import BubblewrapSandbox
from oxidizer.cluster.sandbox import Limits, Mounts

SHELL = ("bash", "--noprofile", "--norc", "-i")
_CHUNK = 1 << 16


def check_shell(backend: str) -> None:
    """Raises ValueError where no shell can be opened."""
    if backend != "bubblewrap":
        raise ValueError(f"a shell is opened in bubblewrap, not in {backend}: give --sandbox bubblewrap")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ValueError("--shell needs a terminal: here standard input or output is none")


def open_shell(mounts: Mounts, limits: Limits, *, cwd: str, env: Mapping[str, str] | None = None) -> int:
    """A shell until it ends; its exit code. Raises SandboxUnavailable, ValueError."""
    check_shell("bubblewrap")
    ours, theirs = pty.openpty()
    with contextlib.ExitStack() as stack:
        stack.callback(os.close, ours)
        sandbox = stack.enter_context(BubblewrapSandbox(with_door("bubblewrap", mounts), limits))
        environment = {"TERM": os.environ.get("TERM", "dumb"), "PS1": r"\w (sandbox) \$ ", **(env or {})}
        try:
            process = sandbox.attach(SHELL, theirs, env=environment, cwd=cwd)
        finally:
            os.close(theirs)
        stack.callback(process.kill)
        with _raw(ours):
            if not _carry(ours):
                process.kill()
        return process.wait()


@contextlib.contextmanager
def _raw(ours: int) -> Iterator[None]:
    """The person's terminal hands every key on, and its size is that of the shell's."""
    terminal = sys.stdin.fileno()
    kept = termios.tcgetattr(terminal)

    def resize(*_: int | FrameType | None) -> None:
        size = fcntl.ioctl(terminal, termios.TIOCGWINSZ, struct.pack("HHHH", 0, 0, 0, 0))
        fcntl.ioctl(ours, termios.TIOCSWINSZ, size)

    before = signal.signal(signal.SIGWINCH, resize)
    resize()
    try:
        tty.setraw(terminal)
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, kept)
        signal.signal(signal.SIGWINCH, before)


def _carry(ours: int) -> bool:
    """Keys one way and output the other, until the shell has gone; False where the person's terminal went before."""
    while True:
        for source in select.select([ours, sys.stdin.fileno()], [], [])[0]:
            try:
                data = os.read(source, _CHUNK)
            except OSError:  # nobody holds the other side any more
                data = b""
            if not data:
                return source == ours
            _write(sys.stdout.fileno() if source == ours else ours, data)


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
