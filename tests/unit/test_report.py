"""The report adds up, is the same every time, and survives whatever a crate's author wrote."""

import json
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from oxidizer.cluster.visible import visible
from oxidizer.miners.report import RunUnreadable, read_run, write_report
from oxidizer.miners.report.code import MAX_COLUMNS, MAX_LINES, Line, Piece, diagnostic, diff
from oxidizer.miners.report.columns import Columns
from oxidizer.miners.report.figures import figures
from oxidizer.miners.report.html import page, percent, seconds
from oxidizer.miners.report.samples import SAMPLES, choose
from tests.unit import run_fixture as fixture

HOSTILE = "</pre><script>document.title='owned'</script><img src=x onerror=alert(1)>\u202e{{ 7*7 }}\x1b[31m"


class Tags(HTMLParser):
    """Every tag of a page with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def hostile_run(run: Path) -> Path:
    """A run in which everything that a stranger can write is an attack or absurd."""
    fixture.write_manifest(run, ["evil"])
    lesson = fixture.Lesson("clippy", HOSTILE, "lint", HOSTILE, HOSTILE + "\n", "x" * 300_000 + "\n", "1 | " + HOSTILE)
    row = fixture.diag_fix(lesson, "evil", "1.0.0", 3, explanation=HOSTILE, license=HOSTILE, file=HOSTILE)
    fixture.write_unit(
        run, "evil", "1.0.0", [row], [fixture.reject("evil", "1.0.0", "probe", HOSTILE)], license=HOSTILE
    )
    folder = run / "units" / "bad-unit"
    folder.mkdir()
    unit = '{"unit": "bad-unit", "crate": "bad", "version": "0", "status": "rejected", "message": "lone \\ud800 half"}'
    (folder / "unit.json").write_text(unit)
    (run / "quarantine").mkdir()
    lost = {"unit": "q", "crate": HOSTILE, "version": "1", "error": HOSTILE, "attempts": 1}
    (run / "quarantine" / "q.json").write_text(json.dumps(lost))
    return run


def test_the_funnel_loses_exactly_what_its_reasons_say(tmp_path: Path) -> None:
    shown = figures(read_run(fixture.build_run(tmp_path / "run")))
    steps = shown["funnel"]
    for step, following in pairwise(steps):
        assert step["count"] - following["count"] == sum(drop["count"] for drop in step["drops"])
    assert steps[-1]["count"] == shown["totals"]["tuples"] == 32
    by_step = {step["step"]: {drop["reason"] for drop in step["drops"]} for step in steps}
    assert "new_diagnostic" in by_step["candidates"]
    assert by_step["proven"] == {"tests_fail"}
    assert "set aside: clippy::implicit_return" in by_step["harvested"]
    assert shown["warnings"] == []


def test_one_reason_at_two_stages_counts_at_both(tmp_path: Path) -> None:
    fixture.write_manifest(tmp_path, ["a"])
    stages = ("probe", "format", "test", "test", "test")
    rejects = [fixture.reject("a", "1.0.0", stage, "does_not_compile") for stage in stages]
    counts = {"harvested": 10, "candidates": 5, "proven": 3, "kept": 0, "skipped": {"cap per code": 2, "noise": 2}}
    fixture.write_unit(tmp_path, "a", "1.0.0", [], rejects, counts=counts)
    shown = figures(read_run(tmp_path))
    harvested, candidates, proven, _ = ({d["reason"]: d["count"] for d in s["drops"]} for s in shown["funnel"])
    assert harvested == {"cap per code": 2, "noise": 2, "no reason recorded": 1}
    assert (candidates, proven) == ({"does_not_compile": 2}, {"does_not_compile": 3})
    assert shown["warnings"] == []


def test_reasons_that_exceed_the_loss_are_cut_and_said(tmp_path: Path) -> None:
    fixture.write_manifest(tmp_path, ["a"])
    rejects = [fixture.reject("a", "1.0.0", "probe", "timeout")] * 3
    counts = {"harvested": 2, "candidates": 2, "proven": 0}
    fixture.write_unit(tmp_path, "a", "1.0.0", [], rejects, counts=counts)
    shown = figures(read_run(tmp_path))
    assert shown["funnel"][1]["drops"] == [{"reason": "timeout", "count": 2}]
    assert shown["warnings"] == ["After “candidates” 2 were lost, but reasons are given for 3."]


def test_every_breakdown_sums_to_all_tuples(tmp_path: Path) -> None:
    shown = figures(read_run(fixture.build_run(tmp_path / "run")))
    for name, rows in shown["tuples"].items():
        assert sum(row["count"] for row in rows) == 32, name
    coverage = shown["coverage"]
    assert coverage["covered"] + coverage["uncovered"] + coverage["unknown"] == 32
    assert {row["name"] for row in shown["tuples"]["group"]} == {"style", "nursery", "rustc", "rustfmt"}
    assert {row["name"] for row in shown["tuples"]["applicability"]} == {"MachineApplicable", "MaybeIncorrect"}


def test_totals_tell_mined_rejected_and_quarantined_apart(tmp_path: Path) -> None:
    totals = figures(read_run(fixture.build_run(tmp_path / "run")))["totals"]
    assert (totals["asked"], totals["mined"], totals["rejected"], totals["quarantined"]) == (6, 3, 2, 1)
    assert totals["agreed_share"] == 1.0
    assert 0 < totals["overhead_share"] < 1


def test_time_is_summed_over_units_and_stopped_sessions(tmp_path: Path) -> None:
    facts = read_run(fixture.build_run(tmp_path / "run"))
    shown = figures(facts)
    assert shown["run"]["elapsed_s"] == 198 + 501
    prove = next(stage for stage in shown["time"]["stages"] if stage["stage"] == "prove")
    assert prove["wall_s"] == pytest.approx(0.3 * 32)
    assert shown["slowest"][0].startswith("smallvec")


def test_what_it_cost_is_told_in_all_of_each_crate_and_of_each_tuple(tmp_path: Path) -> None:
    run = fixture.build_run(tmp_path / "run")
    assert figures(read_run(run))["cost"]["money"] is None
    assert "CPU hours" in page(read_run(run), figures(read_run(run)))
    for path, changes in (
        (next(run.glob("units/itoa*/unit.json")), {"worker_cpu_s": 7200.0, "limits": {"memory_bytes": 5_000_000_000}}),
        (run / "run.json", {"price": {"cpu_second": 0.01, "gb_hour": 2.0, "currency": "EUR"}, "reproducible": False,
                            "budget": {"tuples": 30.0}}),
    ):  # fmt: skip
        path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    shown = figures(facts := read_run(run))
    of = {row["crate"]: row for row in shown["crates"]}
    itoa = next(unit for unit in facts.units if unit.crate == "itoa")
    commands_s = sum(stage.cpu_s for stage in itoa.stages.values())
    assert of["itoa"]["cpu_s"] == pytest.approx(7200 + commands_s)
    assert of["itoa"]["money"] == pytest.approx((7200 + commands_s) * 0.01 + 5 * itoa.wall_s / 3600 * 2)
    cost = shown["cost"]
    assert cost["money"] == pytest.approx(sum(row["money"] for row in shown["crates"]))
    assert cost["tuple"]["money"] == pytest.approx(cost["money"] / shown["totals"]["tuples"])
    text = page(facts, shown)
    assert re.search(r"7\d\.\d\d<small> EUR", text)
    assert "30 tuples; it is used" in text


def test_a_killed_session_has_no_length(tmp_path: Path) -> None:
    fixture.write_manifest(
        tmp_path, [], sessions=[{"started": "2026-04-20T09:12:44+00:00", "ended": None, "how": None}]
    )
    assert figures(read_run(tmp_path))["run"]["elapsed_s"] == 0


def test_files_that_disagree_are_said_to(tmp_path: Path) -> None:
    run = fixture.build_run(tmp_path / "run")
    path = next(run.glob("units/itoa-*/unit.json"))
    unit = json.loads(path.read_text())
    unit["counts"]["kept"] += 1
    path.write_text(json.dumps(unit))
    assert any("10 tuples, its table holds 9" in warning for warning in figures(read_run(run))["warnings"])
    assert "disagree" in write_report(run).read_text()


def test_samples_are_spread_and_the_same_every_time(tmp_path: Path) -> None:
    rows = read_run(fixture.build_run(tmp_path / "run")).tuples
    chosen = choose(rows)
    assert chosen == choose(Columns(rows.table.take(list(reversed(range(len(rows)))))))
    assert len(chosen) == SAMPLES
    assert {row.crate for row in chosen} == {row.crate for row in rows}
    assert {row.name for row in chosen} == {row.name for row in rows}


def test_writing_twice_gives_the_same_bytes_and_leaves_no_draft(tmp_path: Path) -> None:
    run = fixture.build_run(tmp_path / "run")
    first = write_report(run).read_bytes()
    assert write_report(run).read_bytes() == first
    assert json.loads((run / "report.json").read_text())["schema_version"] == 1
    assert sorted(path.name for path in run.glob("*report*")) == ["report.html", "report.json"]
    assert not list(run.glob(".report*"))


def test_a_run_that_has_nothing_yet_has_a_report(tmp_path: Path) -> None:
    fixture.write_manifest(tmp_path, ["a"], toolchain={}, sandbox={}, code={}, sessions=[], started=None)
    assert "No tuple yet" in write_report(tmp_path).read_text()


def test_a_unit_without_its_mark_is_not_seen(tmp_path: Path) -> None:
    run = fixture.build_run(tmp_path / "run")
    next(run.glob("units/itoa-*/unit.json")).unlink()
    assert {row.crate for row in read_run(run).tuples} == {"smallvec", "semver"}


def test_a_folder_that_is_no_run_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(RunUnreadable, match=r"no run\.json: give the folder that was named by `oxidizer mine --out`"):
        read_run(tmp_path)


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"counts": {"kept": "3"}}, "counts.kept"),
        ({"stages": {"fetch": {"wall_s": "1"}}}, "stages.fetch.wall_s"),
        ({"status": "fine"}, "status"),
        ({"wall_s": float("nan")}, "wall_s"),
    ],
)
def test_a_wrong_type_names_the_file_and_the_key(tmp_path: Path, changes: dict[str, object], key: str) -> None:
    fixture.write_manifest(tmp_path, ["a"])
    fixture.write_unit(tmp_path, "a", "1.0.0", **changes)
    with pytest.raises(RunUnreadable, match=rf"unit\.json: {re.escape(key)}: .*run `oxidizer mine` again"):
        read_run(tmp_path)


def test_keys_of_a_later_version_pass_and_missing_ones_have_defaults(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"schema_version": 1, "new_in_2027": {"a": 1}}')
    folder = tmp_path / "units" / "a-1"
    folder.mkdir(parents=True)
    (folder / "unit.json").write_text(
        '{"unit": "a-1", "crate": "a", "version": "1", "status": "mined", "mood": "good"}'
    )
    write_report(tmp_path)


@pytest.mark.parametrize("name", ["run.json", "units/itoa-1-0-0-1f2e3d4c/diag_fix.parquet"])
def test_a_torn_file_is_named(tmp_path: Path, name: str) -> None:
    run = fixture.build_run(tmp_path / "run")
    path = run / name
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(RunUnreadable, match=re.escape(path.name)):
        read_run(run)


def test_hostile_text_makes_no_tag_and_the_page_stays_small(tmp_path: Path) -> None:
    page = write_report(hostile_run(tmp_path / "run")).read_text()
    tags = Tags(page).seen
    # All others are data.
    assert [attrs.get("type") for tag, attrs in tags if tag == "script"].count(None) == 1
    assert "img" not in {tag for tag, _ in tags}
    assert not any(name.startswith("on") for _, attrs in tags for name in attrs)
    assert "\u202e" not in page
    assert "\x1b" not in page
    assert "{{ 7*7 }}" in page
    assert "lone ? half" in page
    assert len(page) < 200_000


def test_the_page_asks_nothing_of_the_network(tmp_path: Path) -> None:
    page = write_report(fixture.build_run(tmp_path / "run")).read_text()
    for tag, attrs in Tags(page).seen:
        assert tag not in {"link", "img", "iframe", "object", "embed", "base", "video", "audio"}
        assert not {"src", "srcset", "data", "action", "poster"} & attrs.keys()
        assert (attrs.get("href") or "#").startswith("#")
    assert "@import" not in page
    assert "url(" not in page
    assert "default-src 'none'" in page


def test_a_thousand_crates_stay_within_the_size(tmp_path: Path) -> None:
    run = tmp_path / "run"
    fixture.write_manifest(run, [])
    for at in range(1000):
        fixture.write_unit(run, f"crate-with-a-name-{at}", "1.0.0")
    assert write_report(run).stat().st_size < 1_500_000
    assert len(json.loads((run / "report.json").read_text())["crates"]) == 1000


def text_of(lines: list[Line]) -> str:
    return "\n".join("".join(piece.text for piece in line) for line in lines)


@pytest.mark.parametrize("lesson", fixture.LESSONS, ids=lambda lesson: lesson.code or lesson.tool)
def test_colouring_changes_no_character(lesson: object) -> None:
    row = fixture.diag_fix(lesson, "a", "1.0.0", 7)
    assert text_of(diagnostic(row.error.rendered)) == row.error.rendered.rstrip("\n")
    hunks = row.patch_diff[row.patch_diff.index("@@") :]
    assert text_of(diff(row.patch_diff)) == hunks.rstrip("\n")


def test_carets_labels_and_code_are_told_apart() -> None:
    lines = diagnostic(
        "error[E0308]: mismatched\n --> a.rs:1:5\n  |\n1 | let x = 1;\n  |     --^^ expected `u8` -- a\n"
    )
    assert lines[0] == [Piece("error", "error[E0308]"), Piece("message", ": mismatched")]
    assert Piece("keyword", "let") in lines[3]
    assert [(piece.kind, piece.text) for piece in lines[4] if piece.kind] == [
        ("gutter", "  |"),
        ("underline", "--"),
        ("caret", "^^"),
        ("label", "expected `u8` -- a"),
    ]


def test_a_doc_comment_is_a_comment_and_an_insertion_has_plus_marks() -> None:
    code, marks = diagnostic('15 | //! be within a "word"\n   |     +++')
    assert code[-1] == Piece("comment", '//! be within a "word"')
    assert Piece("added", "+++") in marks


def test_a_removed_line_that_begins_with_dashes_is_not_a_frame() -> None:
    patch = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,2 +1,1 @@\n--- a comment of SQL\n c\n"
    assert [line[0].kind for line in diff(patch)] == ["hunk", "removed", "context"]


def test_a_patch_of_two_files_names_them() -> None:
    one = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n"
    assert text_of(diff(one + one.replace("/x", "/y"))).count("diff --git") == 2


def test_long_lines_and_long_texts_are_cut_with_a_word() -> None:
    assert text_of(diagnostic("x" * (MAX_COLUMNS + 1234))).endswith("… 1,234 more characters")
    assert text_of(diagnostic("a\n" * (MAX_LINES + 7))).endswith("… 7 more lines")


def test_what_acts_unseen_is_spelled_out() -> None:
    assert visible("a\x1b[0m\u202eb\ud800\r\n\tc\x9b") == "a\\u{1b}[0m\\u{202e}b\ufffd\n\tc\\u{9b}"


@pytest.mark.parametrize(
    ("share", "text"),
    [(None, "–"), (0, "0%"), (0.0004, "<0.1%"), (0.041, "4.1%"), (0.66, "66%"), (0.9999, "99.9%"), (1.0, "100%")],
)
def test_a_share_is_never_rounded_to_all_or_nothing(share: float | None, text: str) -> None:
    assert percent(share) == text


def test_durations_read_well() -> None:
    assert [seconds(value) for value in (0.42, 59.4, 59.6, 3599.7, 7800)] == [
        "0.4 s",
        "59 s",
        "1 min 00 s",
        "1 h 00 min",
        "2 h 10 min",
    ]
