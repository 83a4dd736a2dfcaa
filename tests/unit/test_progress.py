"""What a person sees while mining: a line a crate, the counts, and nothing of a crate's text taken for markup."""

import io

import pytest
from rich.console import Console

from oxidizer.cluster.campaign import Done
from oxidizer.miners.cost import Price
from oxidizer.miners.progress import MiningProgress, planning

MINED = {
    "crate": "itoa", "version": "1.0.0", "status": "mined", "wall_s": 12.4, "tests": {"passed": 3},
    "counts": {"kept": 7, "rejected": {"tests_fail": 2, "new_diagnostic": 1}},
}  # fmt: skip


def shown(*ended: Done, terminal: bool = False) -> tuple[MiningProgress, str]:
    written = io.StringIO()
    console = Console(file=written, force_terminal=terminal, width=200, color_system=None)
    progress = MiningProgress(console, 4, Price())
    with progress.shown():
        for done in ended:
            progress.note(done)
    return progress, written.getvalue()


def test_a_line_for_each_crate() -> None:
    rejected = {"crate": "gpl", "version": "2.0.0", "status": "rejected", "cause": "licence_copyleft", "message": "No."}
    progress, text = shown(
        Done("itoa-1", MINED, None), Done("gpl-2", rejected, None), Done("lost-3", None, "one\nthe daemon went away\n")
    )
    assert text.splitlines() == [
        "[1/4] mined itoa 1.0.0: 7 tuples, 3 rejects, 3 tests, 12 s",
        "[2/4] rejected gpl 2.0.0: licence_copyleft: No.",
        "[3/4] quarantined lost-3: the daemon went away",
    ]
    assert (progress.done, progress.quarantined, progress.tuples) == (3, 1, 7)
    assert progress.told == "7 tuples · 0.00 CPU h · rejects: 2 tests_fail, 1 new_diagnostic"
    assert progress.eta.startswith("about ")


def test_a_crates_own_text_is_not_markup() -> None:
    hostile = "expected `]` at [dependencies] [/red] [bold]x[/bold] [[crate]]"
    rejected = {"crate": "x", "version": "1", "status": "rejected", "cause": "broken_manifest", "message": hostile}
    _, text = shown(Done("x-1", rejected, None), Done("y-1", None, f"Traceback\nKeyError: {hostile}"))
    assert text.count(hostile) == 2


def test_a_crates_own_text_is_no_command_for_a_terminal() -> None:
    hostile = "error: \x1b]0;owned\x07\x1b[2J\x9b31m\u202e gone"
    rejected = {"crate": "x", "version": "1", "status": "rejected", "cause": "compile_error", "message": hostile}
    _, text = shown(Done("x-1", rejected, None), Done("y-1", None, f"Traceback\nKeyError: {hostile}"))
    assert all(line.isprintable() for line in text.splitlines()), text
    assert text.count("\\u{1b}]0;owned\\u{7}") == 2


def test_trouble_without_words_is_still_trouble() -> None:
    for trouble in ("", "\n", None):
        progress, text = shown(Done("x-1", None, trouble))
        assert "quarantined x-1: no reason given" in text
        assert progress.quarantined == 1


def test_on_a_terminal_the_bar_carries_counts_and_time() -> None:
    _, text = shown(Done("itoa-1", MINED, None), terminal=True)
    assert "1/4" in text
    assert "7 tuples · 0.00 CPU h · rejects: 2 tests_fail" in text
    assert "left" in text


def test_what_takes_long_before_mining_is_told_now_and_then_in_a_log(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    with planning(Console(file=written, width=200, color_system=None)) as say:
        say("archive: 1 of 9 files read")
        monkeypatch.setattr("oxidizer.miners.progress.QUIET_S", 0.0)
        say("looking into [bold]x[/]")
    assert written.getvalue() == "looking into [bold]x[/]\n"


def test_on_a_terminal_it_is_one_line_that_goes() -> None:
    written = io.StringIO()
    with planning(Console(file=written, force_terminal=True, width=200)) as say:
        say("looking into [bold]x[/]")
    assert "[bold]x[/]" in written.getvalue()
