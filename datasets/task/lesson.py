"""What of a record's code is shown, and what changes in it: its excerpt found in its diff, cut to a budget of bytes."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from unidiff.errors import UnidiffParseError
from unidiff.patch import Hunk, PatchedFile, PatchSet

from oxidizer.cluster.edits import lines_of
from oxidizer.datasets.task.errors import NotShown
from oxidizer.datasets.task.pieces import Change, Piece, changed

Row = dict[str, Any]


@dataclass(frozen=True)
class Lesson:
    """The pieces of code that are shown, in order of file and line, and the changes of their lines, by file."""

    pieces: tuple[Piece, ...]
    changes: dict[str, tuple[Change, ...]]

    def of(self, piece: Piece) -> list[Change]:
        """The changes that lie in a piece; one that lies between two pieces counts to the first of them."""
        earlier = [p for p in self.shown(piece.file) if p.line < piece.line]
        inside = [c for c in self.changes.get(piece.file, ()) if _holds(piece, c)]
        return [c for c in inside if not any(_holds(p, c) for p in earlier)]

    def shown(self, file: str) -> list[Piece]:
        """The pieces of one file."""
        return [piece for piece in self.pieces if piece.file == file]


def _holds(piece: Piece, change: Change) -> bool:
    return piece.line <= change.first and change.stop <= piece.stop


def lesson(row: Row) -> Lesson:
    """All that a diag_fix shows of its code: `code_before`, and what its diff says of lines elsewhere.

    Raises NotShown.
    """
    found = hunks(row["patch_diff"])
    own = [(piece, changes) for piece, changes in found if piece.file == row["file"]]
    code, after = as_bytes(row["code_before"]), as_bytes(row["code_after"])
    excerpt = locate(row["file"], code, after, own, row["error"]["span"])
    return gathered([(excerpt, [c for _, changes in own for c in changes])]
                    + [(piece, changes) for piece, changes in found if piece.file != row["file"]])  # fmt: skip


def of_diff(diff: str) -> Lesson:
    """What a diff alone shows of the code that it changes: the old side of its hunks. Raises NotShown."""
    return gathered(hunks(diff))


def gathered(parts: Sequence[tuple[Piece, Sequence[Change]]]) -> Lesson:
    """The lesson of some pieces with their changes. Raises NotShown where nothing changes."""
    changes: dict[str, list[Change]] = {}
    for piece, own in parts:
        changes.setdefault(piece.file, []).extend(own)
    if not any(changes.values()):
        raise NotShown("no_change_of_text", "the diff changes no line of text")
    ordered = sorted((piece for piece, _ in parts), key=lambda p: (p.file, p.line))
    return Lesson(tuple(ordered), {file: tuple(own) for file, own in changes.items()})


def as_bytes(text: str) -> bytes:
    """UTF-8. Raises NotShown for the surrogates that stand for foreign bytes."""
    try:
        return text.encode()
    except UnicodeEncodeError as e:
        raise NotShown("not_text", "the code is not UTF-8") from e


def hunks(diff: str) -> list[tuple[Piece, list[Change]]]:
    """The old side of each hunk of a diff of changed files, and what changes in it. Raises NotShown."""
    as_bytes(diff)
    try:
        files = PatchSet(io.StringIO(diff, newline="\n"))
    except UnidiffParseError as e:
        raise NotShown("no_change_of_text", f"the diff cannot be read: {e}") from e
    return [_hunk(patched.path, hunk) for patched in files if _is_edit(patched) for hunk in patched]


def _is_edit(patched: PatchedFile) -> bool:
    if patched.path.rpartition("/")[2] == "Cargo.lock":
        raise NotShown("lock_file", "the diff changes Cargo.lock, which cargo writes and nobody by hand")
    if patched.source_file != f"a/{patched.path}" or patched.target_file != f"b/{patched.path}" or not patched:
        raise NotShown("no_change_of_text", f"the diff makes, moves or takes away {patched.path}")
    return True


def _hunk(file: str, hunk: Hunk) -> tuple[Piece, list[Change]]:
    first = at = hunk.source_start + (hunk.source_length == 0)
    old: list[bytes] = []
    changes: list[Change] = []
    new: list[bytes] = []
    opened, last = at, ""
    for line in [*hunk, None]:
        kind, value = (line.line_type, line.value.encode()) if line else (" ", b"")
        if kind == "\\":
            # "No newline at end of file" speaks of the line before it.
            side = new if last == "+" else old
            side[-1] = side[-1].removesuffix(b"\n")
            continue
        last = kind
        if kind == "+":
            new.append(value)
            continue
        if kind == " ":
            if at > opened or new:
                changes.append(Change(opened, at, tuple(new)))
            opened, new = at + 1, []
        old.append(value)
        at += 1
    return Piece(file, first, b"".join(old)), changes


def locate(
    file: str, code: bytes, after: bytes, own: Sequence[tuple[Piece, Sequence[Change]]], span: Row
) -> Piece:  # fmt: skip
    """The excerpt of a file as the lines that it stands in, completed by what the diff shows of its first and last one.

    Its place is where the diff makes `after` of `code`; of several, the one that the diagnostic marks. Raises NotShown.
    """
    known = {piece.line + i: line for piece, _ in own for i, line in enumerate(piece.lines)}
    changes = [change for _, some in own for change in some]
    lines = lines_of(code)
    if not changes or not lines:
        raise NotShown("code_elsewhere", f"the diff changes nothing in {file}")
    start, stop = min(c.first for c in changes), max(c.stop for c in changes)
    # Where an edit takes a line's end away, the diff changes a line behind the excerpt too.
    for lowest, highest in ((stop - len(lines), start), (start - len(lines), stop)):
        tried = (_at(file, first, lines, after, known, changes) for first in range(max(1, lowest), highest + 1))
        if found := [piece for piece in tried if piece is not None]:
            break
    if not found:
        raise NotShown("code_elsewhere", f"the diff does not make code_after of code_before in {file}")
    marked = [p for p in found if span["file"] == file and p.line <= span["line_start"] < p.stop]
    return (marked or found)[0]


def _at(
    file: str, first: int, lines: list[bytes], after: bytes, known: dict[int, bytes], changes: Sequence[Change]
) -> Piece | None:  # fmt: skip
    """The excerpt that starts in line `first`, as whole lines where the diff shows them whole, and where it agrees."""
    stop = first + len(lines)
    inner = zip(range(first + 1, stop - 1), lines[1:-1], strict=True)
    if any(known.get(number, line) != line for number, line in inner):
        return None
    start, end = min(first, *(c.first for c in changes)), max(stop, *(c.stop for c in changes))
    full = dict(zip(range(first, stop), lines, strict=True)) | known
    if any(number not in full for number in range(start, end)):
        return None
    text = b"".join(full[number] for number in range(start, end))
    closed = end - 1 in known or text.endswith(b"\n")
    piece, code = Piece(file, start, text, start in known, closed), b"".join(lines)
    made, ahead = changed(piece, changes), sum(len(full[number]) for number in range(start, first))
    at = text.find(code, ahead)
    while 0 <= at <= ahead + len(full[first]):
        if made == text[:at] + after + text[at + len(code) :]:
            return piece
        at = text.find(code, at + 1)
    return None


def cut(whole: Lesson, marks: Sequence[tuple[str, int]], fits: Callable[[Lesson], bool]) -> Lesson:
    """The most of a lesson, by whole lines around its changes and the marked lines, that fits. Raises NotShown."""
    if fits(whole):
        return whole
    wanted = {piece: _wanted(piece, whole.of(piece), marks) for piece in whole.pieces}
    low, high = 0, max(len(piece.lines) for piece in whole.pieces)
    if not fits(smallest := _around(whole, wanted, 0)):
        size = sum(len(piece.text) for piece in smallest.pieces)
        raise NotShown("too_large", f"the diagnostic and the {size} bytes of code to be changed exceed the budget")
    while low + 1 < high:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(_around(whole, wanted, middle)) else (low, middle)
    return _around(whole, wanted, low)


def _wanted(piece: Piece, changes: Sequence[Change], marks: Sequence[tuple[str, int]]) -> list[tuple[int, int]]:
    """Runs of lines that cannot be left out: those that change, with a neighbour on each side, and marked ones."""
    runs = [(c.first - 1, c.stop + 1) for c in changes]
    runs += [(line, line + 1) for file, line in marks if file == piece.file and piece.line <= line < piece.stop]
    return sorted(runs)


def _around(whole: Lesson, wanted: dict[Piece, list[tuple[int, int]]], reach: int) -> Lesson:
    """The lesson with only the lines at most `reach` lines from wanted ones."""
    kept: list[Piece] = []
    for piece, runs in wanted.items():
        joined: list[tuple[int, int]] = []
        for first, stop in runs:
            first, stop = max(piece.line, first - reach), min(piece.stop, stop + reach)
            if joined and first <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(stop, joined[-1][1]))
            else:
                joined.append((first, stop))
        kept += [piece.part(first, stop) for first, stop in joined]
    return Lesson(tuple(kept), whole.changes)
