"""The table of cases and backends that a run of the suite ends with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict

import pytest

from tests.hostile.trial import Outcome, Row

_PROPERTY = "hostile case"
Tell = Callable[[str, object], None]
_PLACES = ("docker", "bubblewrap", "bubblewrap-user", "preparer")
_MARKS = {Outcome.HELD: "held", Outcome.WEAKER: "weaker", Outcome.VOID: "void"}


def cell(row: Row) -> tuple[str, dict[str, str | float]]:
    """A row as a property of its test's report, which may come from another process: plain texts and numbers."""
    return _PROPERTY, {key: str(value) if isinstance(value, str) else value for key, value in asdict(row).items()}


def rows(reports: Iterable[pytest.TestReport]) -> list[Row]:
    """The rows that reports of tests hold."""
    told = [value for report in reports for name, value in report.user_properties if name == _PROPERTY]
    return [Row(**{**value, "outcome": Outcome(value["outcome"])}) for value in told]  # type: ignore[dict-item]


def table(found: Sequence[Row]) -> str:
    """One line for each case: its promise, each place with the seconds off and on, and what was done or lacks."""
    by_case: dict[tuple[str, str], dict[str, Row]] = {}
    for row in found:
        by_case.setdefault((row.group, row.name), {})[row.place] = row
    lines = [f"{'group':14}{'case':26}{'promise':18}" + "".join(f"{place:>18}" for place in _PLACES)]
    for (group, name), cells in by_case.items():
        first = next(iter(cells.values()))
        line = f"{group:14}{name:26}{first.promise:18}"
        line += "".join(f"{_cell(cells.get(place)):>18}" for place in _PLACES)
        lines.append(line.rstrip())
        lines += [f"{'':14}{words}" for words in dict.fromkeys(map(_words, cells.values()))]
    for outcome in (Outcome.WEAKER, Outcome.VOID):
        named = ", ".join(f"{row.name} ({row.place})" for row in found if row.outcome is outcome)
        lines += [f"{outcome}: {named}"] if named else []
    counts = {outcome: sum(row.outcome is outcome for row in found) for outcome in Outcome}
    told = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
    return "\n".join([*lines, f"{len(by_case)} cases, {len(found)} proofs: {told}"])


def _cell(row: Row | None) -> str:
    return f"{_MARKS[row.outcome]} {row.off_s:.1f}/{row.on_s:.1f} s" if row else "-"


def _words(row: Row) -> str:
    if row.outcome is Outcome.VOID:
        return f"void on {row.place}: {row.harm}"
    if row.outcome is Outcome.WEAKER:
        return f"without it: {row.harm}; weaker on {row.place}: {row.end}"
    return f"without it: {row.harm}; with it: {row.end}"
