"""Two runs compared: what one gained and lost, whose verdicts changed, in JSON, on a page and on a terminal."""

import io
import json
import shutil
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from oxidizer.cli import app
from oxidizer.miners.against import say_comparison
from oxidizer.miners.report import RunUnreadable, read_run
from oxidizer.miners.report.compare import compare, write_comparison
from tests.unit import run_fixture as fixture
from tests.unit.test_report import HOSTILE, Tags


def tuples(count: int, **changes: object) -> list[fixture.DiagFix]:
    return [
        fixture.diag_fix(fixture.LESSONS[at % 3], "mixed", "1.0.0", 10 + at, **(changes if at == 1 else {}))
        for at in range(count)
    ]


@pytest.fixture
def runs(tmp_path: Path) -> tuple[Path, Path]:
    """A run and an older one that lacks its last tuple, has one more and judged one otherwise."""
    now, before = tmp_path / "now", tmp_path / "before"
    for run in (now, before):
        fixture.write_manifest(run, ["mixed"])
    verdict = {"scope": "alone", "audited": False, "covered": True, "flags": ["slow"]}
    fixture.write_unit(
        now, "mixed", "1.0.0", tuples(6, verdict=verdict, tests={"before": "none", "after": "none", "names": []})
    )
    extra = fixture.diag_fix(fixture.LESSONS[5], "mixed", "1.0.0", 99)
    fixture.write_unit(before, "mixed", "1.0.0", [*tuples(5), extra])
    none = {"counts": {}, "tests": {}, "stages": {}, "status": "rejected"}
    fixture.write_unit(now, "fails", "1.0.0", cause="timeout", message="300 s", **none)
    fixture.write_unit(before, "fails", "1.0.0", tuples(0))
    fixture.write_unit(now, "fresh", "1.0.0", tuples(0))
    fixture.write_unit(before, "steady", "1.0.0", cause="oom", message="1 GB", **none)
    shutil.copytree(next(before.glob("units/steady-*")), now / "units" / next(before.glob("units/steady-*")).name)
    return now, before


def test_gained_lost_and_changed_are_told_apart(runs: tuple[Path, Path]) -> None:
    now, before = map(read_run, runs)
    shown = compare(now, before)
    assert shown["totals"] == {"gained": 1, "lost": 1, "changed": 1, "same": 4}
    assert [row["line"] for row in shown["gained"]] == [15]
    assert [row["code"] for row in shown["lost"]] == ["clippy::redundant_clone"]
    assert shown["changed"][0]["changes"] == [
        {"detail": "tests", "before": "pass", "after": "none"},
        {"detail": "proven", "before": "together", "after": "alone"},
        {"detail": "covered", "before": "unknown", "after": "yes"},
        {"detail": "flags", "before": "none", "after": "slow"},
    ]
    assert {"detail": "proven", "before": "together", "after": "alone", "count": 1} in shown["details"]
    assert {"name": "clippy::redundant_clone", "gained": 0, "lost": 1, "changed": 0} in shown["code"]
    assert shown["crate"] == [{"name": "mixed 1.0.0", "gained": 1, "lost": 1, "changed": 1}]
    ends = [(row["crate"], row["against"], row["run"]) for row in shown["units"]]
    assert ends == [("fails", "mined", "rejected: timeout"), ("fresh", None, "mined")]
    assert shown["made"] == []


def test_the_other_way_round_gained_is_lost(runs: tuple[Path, Path]) -> None:
    now, before = map(read_run, runs)
    one, other = compare(now, before), compare(before, now)
    assert (one["gained"], one["lost"]) == (other["lost"], other["gained"])
    itself = compare(now, now)
    assert itself["totals"] == {"gained": 0, "lost": 0, "changed": 0, "same": 6}
    assert itself["units"] == itself["code"] == itself["details"] == []


def test_another_toolchain_is_said_to_leave_nothing_in_common(runs: tuple[Path, Path]) -> None:
    now, before = runs
    fixture.write_manifest(before, ["mixed"], toolchain={"version": "rustc 1.96.0"})
    _, shown = write_comparison(now, before)
    assert {"what": "toolchain", "run": fixture.TOOLCHAIN, "against": "rustc 1.96.0"} in shown["made"]
    assert "no tuple in common" in (now / "against-before.html").read_text()


def test_the_command_prints_it_and_leaves_a_page_and_json(runs: tuple[Path, Path]) -> None:
    now, before = runs
    done = CliRunner().invoke(app, ["report", str(now), "--against", str(before)])
    assert done.exit_code == 0, done.output
    assert "+1 gained, −1 lost, 1 changed, 4 the same" in done.output
    assert "mined → rejected: timeout" in done.output
    assert "proven: together → alone" in done.output
    told = json.loads((now / "against-before.json").read_text())
    assert told["totals"]["changed"] == 1
    page = (now / "against-before.html").read_text()
    assert "judged otherwise" in page
    assert not list(before.glob("against*"))
    done = CliRunner().invoke(app, ["report", str(now), "--against", str(now / "units")])
    assert done.exit_code == 1
    assert "holds no run.json" in done.output


def test_a_folder_that_is_no_run_says_so(runs: tuple[Path, Path]) -> None:
    with pytest.raises(RunUnreadable, match=r"holds no run\.json"):
        write_comparison(runs[0], runs[0] / "units")


def test_hostile_text_is_text_on_page_and_terminal(runs: tuple[Path, Path]) -> None:
    now, before = runs
    evil = fixture.Lesson("clippy", HOSTILE, "lint", HOSTILE, "a\n", "b\n", "")
    none = {"counts": {}, "tests": {}, "stages": {}, "status": "rejected"}
    fixture.write_unit(now, "evil", "1.0.0", [fixture.diag_fix(evil, HOSTILE, "1.0.0", 3, file=HOSTILE)])
    fixture.write_unit(before, "evil", "1.0.0", cause=HOSTILE, message=f"[bold]{HOSTILE}\x1b]0;owned\x07", **none)
    console = Console(file=io.StringIO(), force_terminal=True, width=400)
    say_comparison(now, before, console)
    assert isinstance(console.file, io.StringIO)
    printed = console.file.getvalue()
    assert "\x1b]0" not in printed
    assert "\u202e" not in printed
    assert "\\u{1b}[31m" in printed
    page = (now / "against-before.html").read_text()
    tags = Tags(page).seen
    assert [tag for tag, _ in tags].count("script") == 1
    assert "img" not in {tag for tag, _ in tags}
    assert not {"\x1b", "\u202e"} & set(page)
