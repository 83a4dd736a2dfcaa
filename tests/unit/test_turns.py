"""Commands in turn: each has its own output, and none can draw the boundary."""

import subprocess
from pathlib import Path

from oxidizer.cluster.sandbox import RunResult, Status
from oxidizer.cluster.turns import parted


def run(shims: Path, *commands: str) -> RunResult:
    done = subprocess.run([shims / "in-turn", *commands], capture_output=True, check=True)
    return RunResult(Status.OK, 0, done.stdout, done.stderr, 0.1, 0.1, 1, 0)


def test_each_has_its_output_and_its_exit_code(shims: Path) -> None:
    parts = parted(run(shims, "echo one; echo two >&2", "exit 3", "printf open", "printf '\\n\\n'"), 4)
    assert [(p.exit_code, p.stdout, p.stderr) for p in parts] == [
        (0, b"one\n", b"two\n"), (3, b"", b""), (0, b"open", b""), (0, b"\n\n", b""),
    ]  # fmt: skip
    assert [p.status for p in parts] == [Status.OK, Status.FAILED, Status.OK, Status.OK]


def test_no_command_reads_the_mark_before_it_is_told(shims: Path) -> None:
    spies = 'tr "\\0" "\\n" </proc/$PPID/cmdline; tr "\\0" "\\n" </proc/$PPID/environ; env'
    done = run(shims, spies, "true")
    mark = done.stdout.rstrip(b"\n").rpartition(b"\n")[2]
    said = parted(done, 2)[0].stdout
    assert len(mark) == 36
    assert mark not in said
    assert b"PATH=" in said


def test_words_that_look_like_marks_draw_no_boundary(shims: Path) -> None:
    guess = "11111111-2222-3333-4444-555555555555"
    parts = parted(run(shims, f"printf '\\n{guess} 0\\n{guess}\\n'", "echo later"), 2)
    assert [p.stdout for p in parts] == [f"\n{guess} 0\n{guess}\n".encode(), b"later\n"]


def test_a_stream_that_breaks_off_has_no_parts(shims: Path) -> None:
    whole = run(shims, "echo one", "echo two")
    for cut in range(1, len(whole.stdout)):
        broken = RunResult(Status.OK, 0, whole.stdout[:-cut], whole.stderr, 0.1, 0.1, 1, 0)
        assert parted(broken, 2) == [] or whole.stdout[:-cut].endswith(whole.stdout.rstrip(b"\n")[-36:])
    assert parted(whole, 3) == []
