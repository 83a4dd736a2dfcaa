"""Docker's answer on one connection: what came along with its head is output like all that follows."""

import io
import socket
import struct
from types import SimpleNamespace
from typing import Any

import docker
import pytest
from docker.errors import DockerException

from oxidizer.cluster.capture import Capture
from oxidizer.cluster.container import _Stream, cause_of


def frame(stream: int, text: bytes) -> bytes:
    return struct.pack(">BxxxL", stream, len(text)) + text


class Daemon:
    """Answers an exec with what is written to `end`; the first `early` bytes of it the client's reader took along."""

    def __init__(self, text: bytes, early: int) -> None:
        self.end, ours = socket.socketpair()
        head = b"HTTP/1.1 101 UPGRADED\r\n\r\n"
        self.end.sendall(head + text[:early])
        reader = ours.makefile("rb")
        for _ in range(2):
            assert reader.readline().endswith(b"\r\n")
        assert isinstance(reader, io.BufferedReader)
        self.end.sendall(text[early:])
        raw = SimpleNamespace(_fp=SimpleNamespace(fp=reader))
        response = SimpleNamespace(raw=raw, close=ours.close)
        self.answer: Any = SimpleNamespace(_sock=ours, _response=response, close=ours.close)

    def exec_start(self, name: str, *, socket: bool) -> Any:
        return self.answer

    def exec_inspect(self, name: str) -> dict[str, Any]:
        return {"Running": False, "ExitCode": 0}


FRAMES = frame(1, b"tried\n") + frame(2, b"words\n") + frame(1, b"more\n")


@pytest.mark.parametrize("early", range(0, len(FRAMES) + 1, 5))
@pytest.mark.parametrize("closed", [True, False])
def test_no_byte_is_lost_wherever_the_answer_was_cut(early: int, closed: bool) -> None:
    daemon = Daemon(FRAMES, early)
    if closed:
        daemon.end.close()
    stream = _Stream(daemon, "exec")  # type: ignore[arg-type]  # as much of a client as it asks
    capture = Capture([stream], wall_s=5.0, silence_s=5.0, output_bytes=1 << 20, watches=[])
    assert capture.follow(lambda: len(capture.stdout) + len(capture.stderr) == 17) is None
    assert (bytes(capture.stdout), bytes(capture.stderr)) == (b"tried\nmore\n", b"words\n")
    capture.close()
    daemon.end.close()
    stream.close()


def test_trouble_is_told_in_the_systems_words() -> None:
    with pytest.raises(DockerException) as caught:
        docker.DockerClient(base_url="unix:///nowhere.sock", version="auto")
    assert cause_of(caught.value) == "No such file or directory"
    assert cause_of(DockerException("no such image")) == "no such image"
