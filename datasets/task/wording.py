"""Code, diagnostics and commands as a prompt shows them: fenced, with files and line numbers, cut by whole lines."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from oxidizer.datasets.task.lesson import Lesson, Row
from oxidizer.datasets.task.pieces import Piece


def fenced(text: str, language: str = "") -> str:
    """The text in a fence longer than any run of backticks in it."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}{'' if text.endswith(chr(10)) or not text else chr(10)}{fence}"


def code(lesson: Lesson, whole: Lesson) -> str:
    """The pieces of a lesson, and how many lines of the whole were left out between them."""
    parts = []
    for piece in lesson.pieces:
        parts.append(f"{heading(piece, _left_out(piece, whole))}\n{fenced(piece.text.decode(), language(piece.file))}")
    return "\n\n".join(parts)


def heading(piece: Piece, left_out: int = 0) -> str:
    """A piece's file and line numbers, and what is special about it."""
    last = piece.stop - 1
    lines = f"line {piece.line}" if last == piece.line else f"lines {piece.line} to {last}"
    said = [f"{left_out} lines of this excerpt are left out for their length"] if left_out else []
    if piece.closed and not piece.text.endswith(b"\n"):
        said.append("the file ends without a newline")
    return f"{piece.file}, {lines}{' (' + '; '.join(said) + ')' if said else ''}:"


def _left_out(piece: Piece, whole: Lesson) -> int:
    around = next((p for p in whole.shown(piece.file) if p.line <= piece.line and piece.stop <= p.stop), piece)
    return len(around.lines) - len(piece.lines)


def language(file: str) -> str:
    """The fence's word for a file's language; empty for others."""
    return {"rs": "rust", "toml": "toml"}.get(file.rpartition(".")[2], "")


def command(row: Row) -> str:
    """The probe as one types it in the root of the sources."""
    probe = row["probe"]
    words = [f"{variable['name']}={shlex.quote(variable['value'])}" for variable in probe["env"]]
    typed = " ".join([*words, "cargo", shlex.join(probe["args"])])
    return typed if row["member"] in (".", "") else f"cd {shlex.quote(row['member'])} && {typed}"


def diagnostics(row: Row) -> list[str]:
    """What the tool printed of each diagnostic that the fix takes away, without empty lines at the end."""
    errors: Sequence[Row] = [row["error"], *row["more_errors"]]
    return [error["rendered"].rstrip() or error["message"] for error in errors]


def cut_lines(text: str, most_bytes: int) -> str:
    """The first whole lines of a text that fit, with a line that says how many are left out."""
    if len(text.encode()) <= most_bytes:
        return text
    lines, kept, size = text.split("\n"), 0, 0
    note = "… ({} more lines are left out for their length)"
    room = most_bytes - len(note.format(len(lines)).encode())
    while kept < len(lines) and size + len(lines[kept].encode()) + 1 <= room:
        size += len(lines[kept].encode()) + 1
        kept += 1
    return "\n".join([*lines[:kept], note.format(len(lines) - kept)])
