"""Two runs compared, on a terminal: what was gained, lost and judged otherwise, and by which code and crate.

All text of a crate goes through `code.visible` and `rich.Text`: neither a terminal's command nor markup in it works.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from oxidizer.cluster.visible import visible
from oxidizer.miners.report.compare import write_comparison

MOST = 15
"""Rows of each table; the page has more, the JSON file all."""
_PARTS = (("gained", "+", "green"), ("lost", "−", "red"), ("changed", "", "yellow"))


def say_comparison(run: Path, other: Path, console: Console) -> None:
    """Write the comparison of a run with another, and print what it comes to. Raises RunUnreadable, OSError."""
    page, shown = write_comparison(run, other)
    _headline(shown, console)
    for row in shown["made"]:
        told = f"  another {_line(row['what'])}: {_line(row['run'])}, was {_line(row['against'])}"
        console.print(Text(told, "bright_black"), soft_wrap=True)
    if shown["run"]["toolchain"] != shown["against"]["toolchain"]:
        console.print(Text("  an id holds the toolchain: the two have no tuple in common", "yellow"), soft_wrap=True)
    _units(shown["units"], console)
    for key in ("code", "crate"):
        _shares(key, shown[key], console)
    if shown["details"]:
        console.print(Text("\nJudged otherwise", "bold"))
    for row in shown["details"][:MOST]:
        console.print(Text(f"  {row['count']:>7,}  {row['detail']}: {_line(row['before'])} → {_line(row['after'])}"))
    console.print(Text(f"\nComparison: {page}"), soft_wrap=True)


def _headline(shown: dict[str, Any], console: Console) -> None:
    run, other, totals = shown["run"], shown["against"], shown["totals"]
    console.print(Text(f"{visible(run['path'])} against {visible(other['path'])}", "bold"), soft_wrap=True)
    line = Text(f"  {run['tuples']:,} tuples, were {other['tuples']:,}: ")
    told = [Text(f"{sign}{totals[part]:,} {part}", style) for part, sign, style in _PARTS]
    console.print(line + Text(", ").join([*told, Text(f"{totals['same']:,} the same")]), soft_wrap=True)


def _units(units: list[dict[str, Any]], console: Console) -> None:
    if not units:
        return
    console.print(Text(f"\nCrates that ended otherwise: {len(units):,}", "bold"))
    for row in units[:MOST]:
        ends = " → ".join((row[end] or "not there").replace("_", " ") for end in ("against", "run"))
        line = Text(f"  {_line(row['crate'])} {_line(row['version'])}  ").append(_line(ends), "yellow")
        console.print(line.append(f"  {_line(row['message'] or '')[:160]}", "bright_black"), soft_wrap=True)
    _more(len(units), console)


def _shares(key: str, rows: list[dict[str, Any]], console: Console) -> None:
    if not rows:
        return
    console.print(Text(f"\nBy {key}", "bold"))
    table = Table(box=None, padding=(0, 2), show_header=True, header_style="bright_black")
    table.add_column(overflow="fold")
    for part, _, _ in _PARTS:
        table.add_column(part, justify="right", no_wrap=True)
    for row in rows[:MOST]:
        cells = [Text(f"{sign}{row[part]:,}" if row[part] else "", style) for part, sign, style in _PARTS]
        table.add_row(Text(_line(row["name"])), *cells)
    console.print(table)
    _more(len(rows), console)


def _more(count: int, console: Console) -> None:
    if count > MOST:
        console.print(Text(f"  … and {count - MOST:,} more", "bright_black"))


def _line(text: str) -> str:
    return " ".join(visible(text).split())
