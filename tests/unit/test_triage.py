"""Failed units stand together where they say the same, with the lines that tell something and what repeats them."""

import json
from pathlib import Path
from typing import Any

import pytest

from oxidizer.cluster.episode import LOG
from oxidizer.cluster.sandbox import Status
from oxidizer.miners.report import read_run, write_report
from oxidizer.miners.report.triage import MOST_LINES, headline, likeness, relevant, triage
from tests.unit import run_fixture as fixture
from tests.unit.test_episode import episode, note, ran

NOTHING: dict[str, Any] = {"counts": {}, "tests": {}, "stages": {}, "status": "rejected"}


def rejected(run: Path, crate: str, cause: str, message: str, version: str = "1.0.0") -> Path:
    return fixture.write_unit(run, crate, version, cause=cause, message=message, **NOTHING)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    run = tmp_path / "a run"
    fixture.write_manifest(run, [])
    for crate, line in (("left", 12), ("right", 340)):
        rejected(run, crate, "compile_error", f"E0308: mismatched types at src/{crate}/mod.rs:{line}")
    rejected(run, "other", "compile_error", "E0425: cannot find value `x` in this scope at src/lib.rs:3")
    rejected(run, "slow", "timeout", "the limit of 300 s")
    (run / "quarantine").mkdir()
    for unit, error in (
        ("lost-1", "no daemon answers"),
        ("ours-1", "Traceback (most recent call last):\n  x\nKeyError: 'a'"),
    ):
        note = {"unit": unit, "crate": unit[:-2], "version": "1", "error": error, "attempts": 3}
        (run / "quarantine" / f"{unit}.json").write_text(json.dumps(note))
    return run


def test_what_says_the_same_of_different_things_is_one_group(run: Path) -> None:
    told = triage(read_run(run))
    assert [(row["kind"], row["cause"], row["count"]) for row in told] == [
        ("rejected", "compile_error", 3),
        ("rejected", "timeout", 1),
        ("quarantined", "our own mistake", 1),
        ("quarantined", "trouble with the machine", 1),
    ]
    alike, alone = told[0]["groups"]
    assert (alike["says"], alike["count"]) == ("E0308: mismatched types at …", 2)
    assert [unit["crate"] for unit in alike["units"]] == ["left", "right"]
    # A group of one is in its own words.
    assert alone["says"] == "E0425: cannot find value `x` in this scope at src/lib.rs:3"
    assert told[2]["groups"][0]["says"] == "KeyError: 'a'"


def test_each_names_the_commands_that_show_and_repeat_it(run: Path) -> None:
    (unit,) = triage(read_run(run))[1]["groups"][0]["units"]
    assert unit["commands"] == [f"oxidizer logs '{run}' slow", f"oxidizer reproduce '{run}' slow"]
    assert unit["log"] is None
    assert unit["failed"] is None


def test_its_log_gives_the_lines_of_the_last_command_that_failed(run: Path) -> None:
    (folder,) = run.glob("units/slow-*")
    taken = episode()
    note(taken, ran(Status.FAILED, b"", b"error: an earlier one\n", 101))
    noise = b"".join(b"   Compiling crate-%d\n" % n for n in range(40))
    note(taken, ran(Status.FAILED, b"", noise + b"error: linking failed </pre><script>\n\x1b[31m", 101))
    note(taken, ran())
    (folder / LOG).write_bytes(taken.packed("rejected", "timeout"))
    (unit,) = triage(read_run(run))[1]["groups"][0]["units"]
    assert unit["log"] == f"units/{folder.name}/log.jsonl.zst"
    assert unit["failed"]["command"] == "cargo check"
    assert unit["failed"]["lines"][0] == "error: linking failed </pre><script>"
    page = write_report(run).read_text()
    assert f'href="{unit["log"]}"' in page
    assert "error: linking failed &lt;/pre&gt;" in page
    assert "\x1b" not in page
    (folder / LOG).write_bytes(b"torn")
    (unit,) = triage(read_run(run))[1]["groups"][0]["units"]
    assert unit["failed"]["command"] is None
    assert "cannot be read" in unit["failed"]["lines"][0]


def test_a_crate_in_two_versions_is_named_with_its_version(run: Path) -> None:
    rejected(run, "slow", "timeout", "the limit of 300 s", version="2.0.0")
    units = triage(read_run(run))[1]["groups"][0]["units"]
    assert [unit["commands"][0].rpartition(" ")[2] for unit in units] == ["slow@1.0.0", "slow@2.0.0"]


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("needs rustc 1.89.0 or newer", "needs rustc 1.91.1 or newer", True),
        ("no matching package named `a` found", "no matching package named `b-c` found", True),
        ("E0308: mismatched types at src/a.rs:1", "E0277: mismatched types at src/a.rs:1", False),
        ("linking with `cc` failed: exit status: 1", "linking with `cc` failed: exit status: 127", True),
        ("mine does not compile", "yours does not compile", True),
        ("checksum 0a1b2c3d4e5f of it", "checksum ffee00112233 of it", True),
        ("it reads the clock", "it reads the disk", False),
    ],
)
def test_likeness_leaves_out_paths_numbers_and_names(one: str, other: str, alike: bool) -> None:
    assert (likeness(one, "mine") == likeness(other, "yours")) is alike


def test_of_a_long_message_the_lines_that_tell_something_are_shown() -> None:
    noise = [f"   Compiling crate-{n} v1.0.{n}" for n in range(60)]
    told = ["error: linking with `cc` failed", "  = note: cannot find -lz", "  |", "  x"]
    lines = relevant("\n".join([*noise, *told, *noise]))
    assert lines == told
    assert headline("\n".join([*noise, *told])) == told[0]
    assert relevant("\n".join(noise)) == [noise[0], *noise[1 - MOST_LINES :]]
    assert len(relevant("\n".join(["error: x"] * 100))) == MOST_LINES
    assert relevant("a\nb") == ["a", "b"]


def test_a_long_line_of_a_stranger_takes_no_time() -> None:
    for text in ("a/" * 200_000, "`" + "x" * 400_000, "1." * 200_000, "a" * 400_000, "-" * 400_000):
        likeness(text, "a")
        relevant("\n".join([text] * 2))


def test_spurious_failures_are_counted_where_they_were_tried_again(run: Path) -> None:
    from oxidizer.miners.report.figures import figures

    assert figures(read_run(run))["again"] is None
    assert figures(read_run(run))["totals"]["spurious_share"] is None
    stages = {"baseline": {"wall_s": 5.0, "cpu_s": 4.0, "commands": 2, "overhead_s": 0.5}}
    first = {"first": "timeout", "stages": stages}
    for crate in ("more", "most", "last"):
        fixture.write_unit(run, crate, "1.0.0", cause="timeout", again=first, **NOTHING)
    fixture.write_unit(run, "fine", "1.0.0", again=first, stages={})
    shown = figures(read_run(run))
    assert shown["again"] == {"tried": 4, "passed": 1}
    assert shown["totals"]["spurious_share"] == 0.25
    # The first tries took time, too.
    assert [(stage["stage"], stage["wall_s"]) for stage in shown["time"]["stages"]] == [("baseline", 20.0)]
    assert "25% of the failures are spurious" in write_report(run).read_text()
