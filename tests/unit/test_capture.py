"""The bounds of a running command, on real pipes and folders."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from oxidizer.cluster.capture import STDERR, STDOUT, Capture, Pipe, Watch
from oxidizer.cluster.sandbox import Status

MB = 1 << 20
FOLLOWER = """
from oxidizer.cluster import capture

capture._LONG_S = 0.5
source = capture.Pipe(0, capture.STDOUT)
followed = capture.Capture([source], wall_s=1.2, silence_s=1.0, output_bytes=1 << 24, watches=[])
print("begun", flush=True)
print(followed.follow(lambda: b"end" in followed.stdout))
"""


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        try:
            os.close(end)
        except OSError:
            continue


def capture_of(*sources: Pipe, watches: tuple[Watch, ...] = (), **bounds: float) -> Capture:
    defaults = {"wall_s": 5.0, "silence_s": 5.0, "output_bytes": MB}
    return Capture(sources, watches=watches, **{**defaults, **bounds})  # type: ignore[arg-type]


def test_streams_are_kept_apart_and_whole(pipe: tuple[int, int]) -> None:
    other = os.pipe()
    os.write(pipe[1], b"out\xff")
    os.write(other[1], b"err\x00")
    capture = capture_of(Pipe(pipe[0], STDOUT), Pipe(other[0], STDERR))
    assert capture.follow(lambda: len(capture.stdout) + len(capture.stderr) == 8) is None
    assert (bytes(capture.stdout), bytes(capture.stderr)) == (b"out\xff", b"err\x00")
    for end in other:
        os.close(end)


def test_an_open_pipe_does_not_hold_up_the_end(pipe: tuple[int, int]) -> None:
    os.write(pipe[1], b"last words")
    capture = capture_of(Pipe(pipe[0], STDOUT))
    assert capture.follow(lambda: True) is None
    started_s = time.monotonic()
    assert capture.drain() is None
    assert bytes(capture.stdout) == b"last words"
    assert time.monotonic() - started_s < 0.1


def test_wall_time(pipe: tuple[int, int]) -> None:
    assert capture_of(Pipe(pipe[0], STDOUT), wall_s=0.05).follow(lambda: False) is Status.TIMEOUT


def test_silence_starts_anew_with_each_byte(pipe: tuple[int, int]) -> None:
    def talk() -> None:
        for _ in range(5):
            time.sleep(0.05)
            os.write(pipe[1], b".")

    speaker = threading.Thread(target=talk)
    speaker.start()
    capture = capture_of(Pipe(pipe[0], STDOUT), silence_s=0.2)
    assert capture.follow(lambda: False) is Status.SILENT
    assert bytes(capture.stdout) == b"....."
    speaker.join()


def test_output_is_cut_at_the_limit_over_both_streams(pipe: tuple[int, int]) -> None:
    os.write(pipe[1], b"x" * 100)
    exact = capture_of(Pipe(pipe[0], STDOUT), output_bytes=100)
    assert exact.follow(lambda: len(exact.stdout) == 100) is None
    os.write(pipe[1], b"x" * 101)
    above = capture_of(Pipe(pipe[0], STDOUT), output_bytes=100)
    assert above.follow(lambda: False) is Status.OUTPUT_LIMIT
    assert len(above.stdout) == 100


def test_a_flood_seen_only_while_draining_counts(pipe: tuple[int, int]) -> None:
    os.write(pipe[1], b"x" * 101)
    assert capture_of(Pipe(pipe[0], STDOUT), output_bytes=100).drain() is Status.OUTPUT_LIMIT


def test_watches_are_asked_at_their_own_pace(pipe: tuple[int, int]) -> None:
    often: list[float] = []
    rarely: list[float] = []

    def count(calls: list[float], end_at: int) -> Status | None:
        calls.append(time.monotonic())
        return Status.OOM if len(calls) == end_at else None

    watches = (Watch(lambda: count(often, 5)), Watch(lambda: count(rarely, 5), every_s=60))
    assert capture_of(Pipe(pipe[0], STDOUT), watches=watches).follow(lambda: False) is Status.OOM
    assert (len(often), len(rarely)) == (5, 1)


def test_what_is_looked_at_last_has_a_say_in_the_end(pipe: tuple[int, int]) -> None:
    full = Watch(lambda: Status.DISK_LIMIT, every_s=60, due_s=time.monotonic() + 60, at_end=True)
    assert capture_of(Pipe(pipe[0], STDOUT), watches=(full,)).follow(lambda: True) is Status.DISK_LIMIT
    full.at_end = False
    assert capture_of(Pipe(pipe[0], STDOUT), watches=(full,)).follow(lambda: True) is None


def talk(descriptor: int) -> None:
    """For 1.6 s a word now and then."""
    for _ in range(16):
        time.sleep(0.1)
        os.write(descriptor, b".")


def end(descriptor: int) -> None:
    time.sleep(1.5)
    os.write(descriptor, b"end")
    time.sleep(0.1)


def fill(descriptor: int) -> None:
    os.set_blocking(descriptor, False)
    while True:
        try:
            os.write(descriptor, bytes(4096))
        except BlockingIOError:
            break
    time.sleep(1.6)


MEANWHILE: dict[str, tuple[Callable[[int], None], bytes, str]] = {
    "it talks": (talk, b"end", "None"),
    "it ends": (end, b"", "None"),
    "it ends soon after": (lambda _: time.sleep(1.6), b"end", "None"),
    "it stays silent": (lambda _: time.sleep(1.6), b"", "silent"),
    "it talks, and goes on for ever": (talk, b"", "timeout"),
    "it waits for us": (fill, b"end", "a command may have waited for it"),
}
"""What a command does while its follower is stopped, what it says soon after, and what the follower makes of it."""


def test_what_passes_while_nobody_looks_is_not_the_commands(root: Path) -> None:
    def said(case: tuple[Callable[[int], None], bytes, str]) -> str:
        meanwhile, then, _ = case
        with subprocess.Popen(
            [sys.executable, "-c", FOLLOWER], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as follower:  # fmt: skip
            assert follower.stdin is not None
            assert follower.stdout is not None
            assert follower.stdout.readline() == b"begun\n"
            follower.send_signal(signal.SIGSTOP)
            meanwhile(follower.stdin.fileno())
            follower.send_signal(signal.SIGCONT)
            time.sleep(0.1)
            with suppress(BrokenPipeError):
                os.write(follower.stdin.fileno(), then)
            return follower.stdout.read().decode()

    with ThreadPoolExecutor(len(MEANWHILE)) as pool:
        words = dict(zip(MEANWHILE, pool.map(said, MEANWHILE.values()), strict=True))
    assert {name: text for name, text in words.items() if MEANWHILE[name][2] not in text} == {}
