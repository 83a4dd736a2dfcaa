"""What was run for a unit: taken down in short, whole where it failed, and read again whoever wrote it."""

import json
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from oxidizer.cluster.episode import LOG, About, Command, End, Episode, More, about, carried, carry, read_episode
from oxidizer.cluster.meter import MeteredSandbox
from oxidizer.cluster.registry import overheard, run_cargo
from oxidizer.cluster.said import said
from oxidizer.cluster.sandbox import RunResult, SandboxUnavailable, Status
from oxidizer.cluster.toolchain import Toolchain


def episode() -> Episode:
    return Episode(about("tiny-1.0.0-0a1b2c3d", "tiny", "1.0.0", "rustc 1.95.0", {"backend": "none"}, "here"))


def ran(status: Status = Status.OK, stdout: bytes = b"", stderr: bytes = b"", exit_code: int | None = 0) -> RunResult:
    return RunResult(status, exit_code, stdout, stderr, 1.5, 0.5, 1000, 0)


def note(into: Episode, run: RunResult, stage: str = "prove") -> None:
    into.note(stage, ["cargo", "check"], run, began=time.monotonic(), cwd="/box/src")


def read(packed: bytes, folder: Path) -> list[Any]:
    (folder / LOG).write_bytes(packed)
    return list(read_episode(folder / LOG))


def test_what_was_taken_down_is_read_again(tmp_path: Path) -> None:
    taken = episode()
    note(taken, ran(Status.FAILED, b"one\n", b"error: \xff no\n", 101))
    first, command, end = read(taken.packed("rejected", "compile_error", "E0308"), tmp_path)
    assert isinstance(first, About)
    assert first.sandbox == {"backend": "none"}
    assert isinstance(command, Command)
    assert command == taken.lines[0]
    assert (command.status, command.exit_code, command.wall_s, command.stage) == ("failed", 101, 1.5, "prove")
    assert command.stderr.head == "error: \ufffd no\n"
    assert isinstance(end, End)
    assert (end.status, end.cause, end.message) == ("rejected", "compile_error", "E0308")


def test_every_failure_has_a_line_and_of_what_went_well_the_first_of_each_stage(tmp_path: Path) -> None:
    taken = episode()
    for n in range(300):
        note(taken, ran() if n % 2 else ran(Status.FAILED, exit_code=1), stage="batch")
    note(taken, ran(), stage="tests")
    lines = read(taken.packed("mined"), tmp_path)
    commands = [line for line in lines if isinstance(line, Command)]
    assert sum(not command.went_well for command in commands) == 150
    assert [command.stage for command in commands][-1] == "tests"
    (more,) = [line for line in lines if isinstance(line, More)]
    assert (more.stage, more.commands) == ("batch", 150 - sum(c.went_well for c in commands if c.stage == "batch"))
    assert more.wall_s == pytest.approx(1.5 * more.commands)


def test_thousands_of_loud_failures_stay_small(tmp_path: Path) -> None:
    """What the sandbox ended is told whole whenever it came; the rest in few words after the first."""
    taken = episode()
    loud = b"".join(b"%d: something is wrong with this line of the crate\n" % n for n in range(2000))
    for _ in range(3000):
        note(taken, ran(Status.FAILED, loud, loud, 1))
    note(taken, ran(Status.TIMEOUT, loud, loud, None))
    packed = taken.packed("mined")
    assert len(packed) < 400_000
    *_, last, _ = read(packed, tmp_path)
    assert last.status == "timeout"
    assert len(last.stdout.head) > 4000
    assert last.stdout.tail.endswith("1999: something is wrong with this line of the crate\n")


def test_long_arguments_are_cut_and_say_so() -> None:
    taken = episode()
    taken.note("batch", ["rustc", "x" * 9000, "y" * 9], ran(), began=time.monotonic(), cwd="/")
    argv = taken.lines[0].argv
    assert argv[0] == "rustc"
    assert argv[-1].endswith("more characters")
    assert sum(map(len, argv)) < 2100


def test_messages_become_what_a_person_reads() -> None:
    lines = [
        {"reason": "compiler-artifact", "target": {}},
        {"reason": "compiler-message", "message": {"rendered": "error[E0308]: mismatched types\n\n"}},
        {"$message_type": "diagnostic", "rendered": "warning: unused\n"},
        {"type": "test", "event": "started", "name": "a"},
        {"type": "test", "event": "ok", "name": "a"},
        {"type": "test", "event": "failed", "name": "b", "stdout": "panicked at x\n"},
        {"type": "suite", "event": "failed", "passed": 1, "failed": 1},
        {"reason": "build-finished", "success": False},
    ]
    text = b"".join(json.dumps(line).encode() + b"\n" for line in lines) + b"plain words\n"
    told = said(text, 4096)
    assert told.head == (
        "error[E0308]: mismatched types\nwarning: unused\ntest b ... failed\npanicked at x\n"
        "test result: failed. 1 passed; 1 failed\nplain words\n"
    )
    assert (told.tail, told.cut, told.bytes) == ("", 0, len(text))


@pytest.mark.parametrize(
    "line",
    [
        b'{"reason":"compiler-message"}', b'{"reason":"compiler-message","message":7}', b'{"reason":' + b"[" * 90_000,
        b'{"type":"test"}', b'{"type":[]}', b'{"$message_type":"diagnostic","rendered":[1]}', b'{"reason":null',
        b'{"type":"suite","event":{"a":1}}', b"\xff\xfe\x00", b'{"reason"' + b"x" * 100_000,
    ],
)  # fmt: skip
def test_no_output_makes_it_fail(line: bytes) -> None:
    told = said(line + b"\nafter\n", 600)
    assert told.bytes == len(line) + 7
    assert "after" in told.head + told.tail
    assert len(told.head) + len(told.tail) < 1500


def test_head_and_tail_and_what_lies_between() -> None:
    text = b"".join(b"line %04d\n" % n for n in range(1000))
    told = said(text, 100)
    assert told.head.startswith("line 0000\n")
    assert told.tail.endswith("line 0999\n")
    assert len(told.head) + len(told.tail) + told.cut == len(text) == told.bytes


class Dying:
    """A sandbox that fails its second command."""

    name = "dying"
    count = 0

    def run(self, argv: list[str], **_: Any) -> RunResult:
        self.count += 1
        if self.count == 2:
            raise SandboxUnavailable("the daemon went away")
        return ran()

    def close(self) -> None: ...


def test_the_command_that_the_machine_failed_is_told(tmp_path: Path) -> None:
    taken = episode()
    meter = MeteredSandbox(Dying(), taken)  # type: ignore[arg-type]
    with meter.stage("baseline"):
        meter.run(["cargo", "check"])
        with pytest.raises(SandboxUnavailable), meter.stage("tests"):
            meter.run(["cargo", "test"], env={"A": "b"})
    first, second = taken.lines
    assert (first.stage, first.trouble) == ("baseline", None)
    assert (second.stage, second.status, second.trouble) == ("tests", "trouble", "the daemon went away")
    assert second.env == {"A": "b"}


def test_an_exception_bears_it() -> None:
    error = SandboxUnavailable("gone")
    assert carried(error) is None
    carry(error, b"what was done")
    assert carried(error) == b"what was done"


def test_cargo_outside_of_the_sandbox_is_overheard(toolchain: Toolchain, tmp_path: Path) -> None:
    taken = episode()
    (tmp_path / "Cargo.toml").write_text("[package\n")
    with overheard(taken.overhear), pytest.raises(Exception, match="unclosed table"):
        run_cargo(toolchain, ("metadata", "--no-deps"), tmp_path / "Cargo.toml")
    (command,) = taken.lines
    assert (command.stage, command.status, command.exit_code) == ("fetch", "failed", 101)
    assert "unclosed table" in command.stderr.head


def test_logins_are_not_kept() -> None:
    heard: list[RunResult] = []
    with overheard(lambda argv, run, began: heard.append(run)):
        from oxidizer.cluster.registry import _tell

        _tell(["cargo"], 0.0, 101, b"", b"error: https://me:secret@registry.invalid/x did not answer")
    assert heard[0].stderr == b"error: https://...@registry.invalid/x did not answer"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"no zstd", "cannot be read"),
        (pa.compress(b"{}\n", "zstd", asbytes=True), "kind"),
        (pa.compress(b'{"kind":"end","status":1}\n', "zstd", asbytes=True), "status"),
        (pa.compress(b"[" * 100_000, "zstd", asbytes=True), "JSON"),
        (pa.compress(b" " * (65 << 20), "zstd", asbytes=True), "no episode of ours"),
    ],
)
def test_a_damaged_one_is_named(content: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / LOG).write_bytes(content)
    with pytest.raises(ValueError, match=words) as error:
        list(read_episode(tmp_path / LOG))
    assert LOG in str(error.value)


def test_half_of_one_is_damaged(tmp_path: Path) -> None:
    taken = episode()
    for n in range(40):
        note(taken, ran(Status.FAILED, b"%d %d\n" % (n, n * n) * 50, exit_code=1))
    packed = taken.packed("mined")
    (tmp_path / LOG).write_bytes(packed[: len(packed) // 2])
    with pytest.raises(ValueError, match=LOG):
        list(read_episode(tmp_path / LOG))
