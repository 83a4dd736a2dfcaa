"""A shell in a sandbox, as a person at a terminal has it: the test is the terminal."""

import io
import os
import pty
import select
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from oxidizer.cluster.shell import check_shell
from oxidizer.cluster.toolchain import Toolchain
from tests.integration.living import wait_until

_SHELL = """
import sys
from pathlib import Path
from oxidizer.cluster.sandbox import Limits, Mounts
from oxidizer.cluster.shell import open_shell
source, target, toolchain, shims = map(Path, sys.argv[1:])
mounts = Mounts(source, target, toolchain, shims=shims)
print("ended with", open_shell(mounts, Limits(memory_bytes=1 << 30), cwd="/box/src"))
print("read", sys.stdin.readline().strip())
"""
# What a program in a sandbox tries, so that words stand on the person's own command line.
_TYPE = "import fcntl; [fcntl.ioctl(0, 0x5412, c.encode()) for c in 'touch x\\n']"


class Terminal:
    """A command on a terminal of ours."""

    def __init__(self, argv: list[str], ignored: Sequence[signal.Signals] = ()) -> None:
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            for number in (signal.SIGHUP, signal.SIGINT):
                signal.signal(number, signal.SIG_IGN if number in ignored else signal.SIG_DFL)
            os.execv(argv[0], argv)
        self.said = ""

    def hang_up(self) -> None:
        """The person is gone, and so is the command in a while."""
        os.close(self.descriptor)
        try:
            wait_until(lambda: os.waitpid(self.pid, os.WNOHANG)[0], 20)
        except AssertionError:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            raise

    def type(self, text: str) -> None:
        os.write(self.descriptor, text.encode())

    def wait_for(self, words: str, seconds: float = 60.0) -> str:
        """All up to the words, which must come."""
        end = time.monotonic() + seconds
        while words not in self.said and time.monotonic() < end:
            if select.select([self.descriptor], [], [], 0.2)[0]:
                self.said += os.read(self.descriptor, 1 << 16).decode("utf-8", "replace")
        assert words in self.said, self.said
        before, _, self.said = self.said.partition(words)
        return before


@pytest.fixture
def terminal(request: pytest.FixtureRequest, tmp_path: Path, toolchain: Toolchain, shims: Path) -> Iterator[Terminal]:
    """A shell; the parameter names signals that are ignored when it is started."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src/lib.rs").write_text("// mine\n")
    folders = (tmp_path / "src", tmp_path / "target", toolchain.sysroot, shims)
    opened = Terminal([sys.executable, "-c", _SHELL, *map(str, folders)], getattr(request, "param", ()))
    yield opened
    opened.hang_up()


def test_a_person_works_in_it_and_has_their_terminal_back(terminal: Terminal, tmp_path: Path) -> None:
    terminal.wait_for("(sandbox)")
    terminal.type("cat lib.rs; echo x > lib.rs; ls /root $HOME/.. | cat; wc -l < /proc/net/dev\n")
    said = terminal.wait_for("(sandbox)")
    assert "// mine" in said
    assert "Read-only file system" in said
    assert "cannot access '/root'" in said
    # Two lines of heading, and the loopback.
    assert "\r\n3\r\n" in said
    terminal.type("sleep 600\n")
    time.sleep(1)
    terminal.type("\x03")
    terminal.wait_for("(sandbox)", 10)
    terminal.type(f"python3 -c \"{_TYPE}\"; trap '' HUP; sleep 600 & exit 7\n")
    terminal.wait_for("ended with 7", 20)
    # What came after is only what a person types; lines are edited and end with a key, as before.
    terminal.type("mine again\n")
    terminal.wait_for("read mine again", 10)
    assert (tmp_path / "src/lib.rs").read_text() == "// mine\n"


@pytest.mark.parametrize("terminal", [(signal.SIGHUP, signal.SIGINT)], indirect=True)
def test_signals_that_whoever_started_us_ignores_are_not_ignored_in_it(terminal: Terminal) -> None:
    """As under nohup, or in the background of a script; and without the signal it still ends with the terminal."""
    terminal.wait_for("(sandbox)")
    terminal.type("sleep 601\n")
    time.sleep(1)
    terminal.type("\x03")
    terminal.wait_for("(sandbox)", 10)


def test_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="--sandbox bubblewrap"):
        check_shell("docker")
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(ValueError, match="needs a terminal"):
        check_shell("bubblewrap")
