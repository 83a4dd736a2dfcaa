"""Tuples on a terminal: one as a person wants to see it, or all of a run as a table.

All text of a crate goes through `code.visible` and `rich.Text`, so that neither a terminal escape nor rich's markup in
it does anything.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from oxidizer.cluster.visible import visible
from oxidizer.miners.lookup import NotFound, find_row
from oxidizer.miners.report.code import Line, diagnostic, diff
from oxidizer.miners.report.facts import TupleFacts, read_run

SHORTEST_MESSAGE = 24

_STYLES = {
    "keyword": "magenta",
    "type": "cyan",
    "function": "yellow",
    "string": "green",
    "number": "blue",
    "comment": "bright_black italic",
    "attribute": "bright_black",
    "error": "bold red",
    "warning": "bold yellow",
    "note": "bold cyan",
    "help": "bold cyan",
    "message": "bold",
    "gutter": "blue",
    "place": "bright_black",
    "caret": "bold yellow",
    "label": "bold yellow",
    "underline": "bold blue",
    "added": "bold green",
    "removed": "bold red",
    "hunk": "cyan",
    "frame": "bright_black",
    "cut": "bright_black italic",
}
_CHANGED = {"added": "green", "removed": "red"}
"""A changed line of a diff has one colour: a background of ours could be unreadable on a stranger's terminal."""


_CELL_STYLES = ("yellow", "", "bold", "bright_black")


def find_tuple(run: Path, id_prefix: str) -> dict[str, Any]:
    """The whole row of the tuple whose id begins so.

    Raises NotFound where there is none or several, and RunUnreadable where `run` is not a run directory.
    """
    if (found := find_row(run, id_prefix, ["diag_fix"])) is None:
        raise NotFound(f"No tuple of {run} has an id that begins with {id_prefix!r}; `oxidizer show {run}` lists all.")
    return found.row


def list_tuples(run: Path, console: Console) -> None:
    """Print a table of all tuples of a run, by crate, file and line. Raises RunUnreadable."""
    facts = read_run(run)
    if not facts.tuples:
        console.print(Text(f"{run} has no tuple yet: {len(facts.mined)} of its crates are mined.", "bright_black"))
        return
    length = facts.tuples.id_length
    rows = sorted(facts.tuples, key=lambda row: (row.crate, row.version, row.file, row.line, row.id))
    cells = [("id", "crate", "code", "where", "message"), *(_cells(row, length) for row in rows)]
    widths = [max(cell_len(row[at]) for row in cells) for at in range(len(_CELL_STYLES))]
    left = console.width - sum(widths) - 2 * len(widths) if console.is_terminal else None
    for at, row in enumerate(cells):
        console.print(_row(row, widths, left, heading=at == 0), soft_wrap=True)
    console.print(Text(f"{len(rows):,} tuples. `oxidizer show {run} ID` shows one.", "bright_black"), soft_wrap=True)


def _cells(row: TupleFacts, length: int) -> tuple[str, ...]:
    message = row.message.partition("\n")[0]
    cells = (row.id[:length], f"{row.crate} {row.version}", row.name, f"{row.file}:{row.line}", message)
    return tuple(visible(cell).replace("\t", " ") for cell in cells)


def _row(cells: tuple[str, ...], widths: list[int], left: int | None, *, heading: bool) -> Text:
    """A line of the table. Its message is cut to what a terminal has `left`; None, to a pipe, leaves it whole."""
    line = Text()
    for cell, width, style in zip(cells, widths, _CELL_STYLES, strict=False):
        line.append(set_cell_size(cell, width) + "  ", "bright_black" if heading else style)
    message = Text(cells[-1], "bright_black" if heading else "")
    if left is not None:
        message.truncate(max(left, SHORTEST_MESSAGE), overflow="ellipsis")
    return line + message


def render_tuple(row: dict[str, Any], console: Console) -> None:
    """Print one tuple: where it is, the diagnostic with its carets, the coloured diff, why, and how it was proven."""
    error = row["error"]
    console.print(
        Rule(Text(visible(error["code"] or error["tool"]), "bold yellow"), align="left", style="bright_black")
    )
    place = f"{row['crate']} {row['version']} · {error['span']['file']}:{error['span']['line_start']} · {row['class']}"
    console.print(Text(visible(place), "bright_black"))
    rendered = error["rendered"] or f"{error['level']}: {error['message']}"
    for lines in (diagnostic(rendered), diff(row["patch_diff"])):
        console.print()
        for line in lines:
            console.print(paint(line), soft_wrap=True)
    console.print()
    console.print(Padding(Text(visible(row["explanation"])), (0, 4, 1, 0)))
    console.print(_badges(row))
    console.print(_facts(row))


def paint(line: Line) -> Text:
    """A line of code, of a diagnostic or of a diff in this terminal's colours."""
    changed = _CHANGED.get(line[0].kind, "") if line else ""
    text = Text()
    for piece in line:
        text.append(piece.text.replace("\t", "    "), changed or _STYLES.get(piece.kind, ""))
    return text


def _badges(row: dict[str, Any]) -> Text:
    verdict = row["verdict"]
    covered = {
        True: ("✓ covered by a test", "green"),
        False: ("· not covered", "yellow"),
        None: ("· coverage unknown", ""),
    }
    passed = ("✓ tests pass", "green") if row["tests"]["after"] == "pass" else ("· no tests", "yellow")
    how = {"batch": "in a shared run"}.get(verdict["scope"], verdict["scope"])
    proven = f"✓ proven {how}" + (", audited alone" if verdict["audited"] else "")
    badges = [(proven, "green"), passed, covered[verdict["covered"]], *((f"· {flag}", "") for flag in verdict["flags"])]
    return Text("   ").join(Text(visible(label), style) for label, style in badges)


def _facts(row: dict[str, Any]) -> Table:
    env = [f"{var['name']}={shlex.quote(var['value'])}" for var in row["probe"]["env"]]
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bright_black", no_wrap=True)
    grid.add_column(overflow="fold")
    tests = ", ".join(test["name"] for test in row["tests"]["names"])
    others = ", ".join(f"{e['code'] or e['level']} at line {e['span']['line_start']}" for e in row["more_errors"])
    rare = [("mistake", row["operator"]), ("fails", tests), ("also shows", others)]
    for name, value in (
        *((name, value) for name, value in rare if value),
        ("probe", " ".join([*env, "cargo", shlex.join(row["probe"]["args"])])),
        ("toolchain", row["toolchain"]),
        ("difficulty", f"{row['difficulty']} of 5" + (", the tool suggests this very fix" if row["trivial"] else "")),
        ("licence", row["license"]),
        ("source", row["source_url"]),
        ("id", row["id"]),
    ):
        grid.add_row(name, Text(visible(value)))
    return grid
