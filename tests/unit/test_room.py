"""A command that failed while the disk was full says nothing of the crate."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from oxidizer.cluster import room
from oxidizer.cluster.room import RoomySandbox, free_bytes
from oxidizer.cluster.sandbox import RunResult, SandboxUnavailable, Status

WELL = RunResult(Status.OK, 0, b"", b"", 0.0, 0.0, 0, 0)
FAILED = replace(WELL, status=Status.FAILED, exit_code=1)


class Inner:
    """A sandbox whose command does what it is given."""

    name = "inner"

    def __init__(self) -> None:
        self.closed = False

    def run(self, argv: Callable[[], RunResult], **_: Any) -> RunResult:
        return argv()

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What is free, to be changed."""
    free = [1 << 40]
    monkeypatch.setattr(room, "free_bytes", lambda: free[0])
    monkeypatch.setattr(room, "_EVERY_S", 0.01)
    return free


def test_what_fails_while_the_disk_is_full_is_the_machines_fault(disk: list[int]) -> None:
    inner, before = Inner(), threading.enumerate()

    def fails() -> RunResult:
        # Full only in the middle: neither before nor after it can be seen.
        disk[0] = 0
        time.sleep(0.2)
        disk[0] = 1 << 40
        time.sleep(0.05)
        return FAILED

    with RoomySandbox(inner) as box:  # type: ignore[arg-type]
        assert box.run(lambda: FAILED) == FAILED  # type: ignore[arg-type]
        with pytest.raises(SandboxUnavailable, match="disk is full"):
            box.run(fails)  # type: ignore[arg-type]
        time.sleep(0.05)
        assert box.run(lambda: FAILED) == FAILED  # type: ignore[arg-type]
        disk[0] = 0
        assert box.run(lambda: WELL) == WELL  # type: ignore[arg-type]
    assert inner.closed
    assert threading.enumerate() == before


def test_the_room_of_this_host_is_seen() -> None:
    assert free_bytes() > 0
