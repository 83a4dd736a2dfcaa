"""A tuple on a terminal: found by a beginning of its id, drawn whole, and harmless whatever it holds."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from oxidizer.datasets.records import to_row
from oxidizer.miners.lookup import NotFound
from oxidizer.miners.report import RunUnreadable, read_run
from oxidizer.miners.show import find_tuple, list_tuples, render_tuple
from tests.unit import run_fixture as fixture


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fixture.build_run(tmp_path_factory.mktemp("show") / "run")


def console(width: int = 100, terminal: bool = False) -> Console:
    return Console(
        file=io.StringIO(), width=width, force_terminal=terminal, color_system="truecolor" if terminal else None
    )


def shown(of: Console) -> str:
    assert isinstance(of.file, io.StringIO)
    return of.file.getvalue()


def test_a_beginning_of_an_id_finds_the_whole_row(run: Path) -> None:
    row = read_run(run).tuples[5]
    found = find_tuple(run, f" {row.id[:10].upper()} ")
    assert found["id"] == row.id
    assert found["class"] == row.class_
    assert found["patch_diff"].startswith("diff --git ")


@pytest.mark.parametrize("prefix", ["zz", "", "0" * 32])
def test_an_unknown_id_says_how_to_list_all(run: Path, prefix: str) -> None:
    with pytest.raises(NotFound, match=r"`oxidizer show .*` lists all"):
        find_tuple(run, prefix)


def test_an_ambiguous_id_names_some_that_it_fits(run: Path) -> None:
    ids = [row.id for row in read_run(run).tuples]
    prefix = next(one[0] for one in ids if sum(other[0] == one[0] for other in ids) > 1)
    fitting = sorted(one for one in ids if one[0] == prefix)
    with pytest.raises(NotFound, match=rf"{len(fitting)} records .*{fitting[0][:8]}.*give more of the id"):
        find_tuple(run, prefix)


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunUnreadable, match=r"run\.json"):
        find_tuple(tmp_path, "ab")


@pytest.mark.parametrize("lesson", fixture.LESSONS, ids=lambda lesson: lesson.code or lesson.tool)
def test_a_tuple_shows_diagnostic_diff_verdict_and_probe(lesson: object) -> None:
    out = console()
    row = to_row(fixture.diag_fix(lesson, "itoa", "1.0.0", 7))
    render_tuple(row, out)
    text = shown(out)
    assert row["error"]["message"] in text
    assert row["id"] in text
    for line in row["patch_diff"].splitlines()[3:]:
        assert line.rstrip() in text
    assert "✓ proven together, audited alone" in text
    assert "coverage unknown" in text
    assert "cargo clippy --lib -- -W" in text


def test_carets_stand_under_the_code(run: Path) -> None:
    out = console(60)
    render_tuple(to_row(fixture.diag_fix(fixture.LESSONS[3], "itoa", "1.0.0", 17)), out)
    lines = shown(out).splitlines()
    at = next(i for i, line in enumerate(lines) if "^^^" in line)
    start, end = lines[at].index("^"), lines[at].rindex("^") + 1
    assert lines[at - 1][start:end] == "&self.names"


def test_escapes_and_markup_of_a_crate_do_nothing() -> None:
    evil = "\x1b]0;owned\x07 [bold red]hi[/] [link=http://x]y[/link] \u202e \x9b2J :smile:"
    lesson = fixture.Lesson("clippy", evil, "lint", evil, evil + "\n", evil + "2\n", "1 | " + evil)
    out = console(120, terminal=True)
    render_tuple(to_row(fixture.diag_fix(lesson, evil, "1", 3, explanation=evil, license=evil, source_url=evil)), out)
    text = shown(out)
    assert "\x1b]" not in text
    assert not {"\x07", "\u202e", "\x9b"} & set(text)
    assert "[bold red]" in text
    assert ":smile:" in text


def test_the_table_tells_all_tuples_apart_and_fits_the_terminal(run: Path) -> None:
    out = console(100, terminal=True)
    out.no_color = True
    list_tuples(run, out)
    lines = Console(file=io.StringIO()).render_str(shown(out)).plain.splitlines()
    rows = [line for line in lines if "src/lib.rs:" in line]
    assert len(rows) == len({row.split()[0] for row in rows}) == len(read_run(run).tuples)


def test_a_pipe_gets_whole_messages(run: Path) -> None:
    out = console(40)
    list_tuples(run, out)
    assert "this expression creates a reference which is immediately dereferenced by the compiler\n" in shown(out)


def test_a_run_without_tuples_says_so(tmp_path: Path) -> None:
    fixture.write_manifest(tmp_path, ["a"])
    out = console()
    list_tuples(tmp_path, out)
    assert "no tuple yet" in shown(out)
