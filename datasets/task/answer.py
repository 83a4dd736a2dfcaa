"""An answer written down: the changes of a lesson as search/replace blocks, as a unified diff or as calls of `edit`.

Each replaced text stands once in the code shown; it takes in lines around the change until it does.

A block's sides are whole lines. A side whose last line has no line's end says so as a diff does, with a line
`\\ No newline at end of file`, where the other side has one. Code that itself looks like a block's marks gets longer
ones: seven or more of `<`, `=` and `>`, as many each.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from oxidizer.cluster.edits import Edit, unified_diff
from oxidizer.datasets.task.errors import NotShown
from oxidizer.datasets.task.lesson import Lesson
from oxidizer.datasets.task.pieces import Change, Piece, changed, places

NO_END = "\\ No newline at end of file\n"
_MARKS = re.compile(r"^(?:(<{7,}) SEARCH|(={7,})|(>{7,}) REPLACE)\s*$", re.MULTILINE)
_HEADER = re.compile(r"^@@ -(\d+),(\d+) \+(\d+),(\d+) @@$", re.MULTILINE)


def blocks(lesson: Lesson) -> str:
    """The changes as search/replace blocks, each below the name of its file. Raises NotShown."""

    def once(piece: Piece, old: bytes) -> bool:
        return len(places(lesson.shown(piece.file), old)) == 1

    return "\n".join(_block(piece.file, old, new) for piece, old, new in _replaced(lesson, once))


def _block(file: str, old: bytes, new: bytes) -> str:
    search, replace = old.decode(), new.decode()
    named = bool(new) and old.endswith(b"\n") != new.endswith(b"\n")
    search, replace = (_ended(side, named) for side in (search, replace))
    longest = max((len(next(filter(None, m.groups()))) for m in _MARKS.finditer(search + replace)), default=6)
    size = max(7, longest + 1)
    return f"{file}\n{'<' * size} SEARCH\n{search}{'=' * size}\n{replace}{'>' * size} REPLACE\n"


def _ended(side: str, named: bool) -> str:
    if not side or side.endswith("\n"):
        return side
    return side + "\n" + (NO_END if named else "")


def diff(lesson: Lesson) -> str:
    """The changes as a git-style unified diff, with no line of context that is not shown whole."""
    texts: dict[str, list[str]] = {}
    for piece in lesson.pieces:
        if changes := lesson.of(piece):
            texts.setdefault(piece.file, []).append(_hunks(*_tidied(piece, changes)))
    head = "diff --git a/{0} b/{0}\n--- a/{0}\n+++ b/{0}\n"
    return "".join(head.format(file) + _renumbered("".join(parts)) for file, parts in texts.items())


def _tidied(piece: Piece, changes: Sequence[Change]) -> tuple[Piece, Sequence[Change]]:
    """Without a first line that is not shown from its start, and with an end to the last one where it goes on."""
    if not piece.whole and len(piece.lines) > 1 and all(c.first > piece.line for c in changes):
        piece = piece.part(piece.line + 1, piece.stop)
    if not piece.closed:
        piece = Piece(piece.file, piece.line, piece.text + b"\n", piece.whole)
    return piece, changes


def _hunks(piece: Piece, changes: Sequence[Change]) -> str:
    offsets = [0]
    for line in piece.lines:
        offsets.append(offsets[-1] + len(line))
    edits = [
        Edit(piece.file, offsets[c.first - piece.line], offsets[c.stop - piece.line], b"".join(c.new)) for c in changes
    ]
    text = unified_diff(edits, lambda _: piece.text).partition("\n+++ ")[2].partition("\n")[2]
    return _HEADER.sub(lambda m: f"@@ -{int(m[1]) + piece.line - 1},{m[2]} +0,{m[4]} @@", text)


def _renumbered(hunks: str) -> str:
    """The hunks of one file with the numbers of their new sides."""
    grown = 0

    def header(m: re.Match[str]) -> str:
        nonlocal grown
        first, old, new = int(m[1]), int(m[2]), int(m[4])
        start = first + grown + (old == 0) - (new == 0)
        grown += new - old
        return f"@@ -{first},{old} +{start},{new} @@"

    return _HEADER.sub(header, hunks)


def calls(lesson: Lesson) -> list[dict[str, str]]:
    """The changes as arguments of the tool `edit`: path, old_text, new_text. Raises NotShown."""

    def once(piece: Piece, old: bytes) -> bool:
        return bool(old.strip()) and sum(occurrences(p.text, old) for p in lesson.shown(piece.file)) == 1

    def fit(piece: Piece, old: bytes) -> bool:
        return once(piece, old.removesuffix(b"\n")) and once(piece, old)

    made = []
    for piece, old, new in _replaced(lesson, fit):
        if old.endswith(b"\n") and new.endswith(b"\n"):
            old, new = old[:-1], new[:-1]
        made.append({"path": piece.file, "old_text": old.decode(), "new_text": new.decode()})
    return made


def occurrences(text: bytes, wanted: bytes) -> int:
    """How often a text stands in another, overlapping ones too."""
    count, at = 0, text.find(wanted)
    while at >= 0:
        count, at = count + 1, text.find(wanted, at + 1)
    return count


def _replaced(lesson: Lesson, once: Callable[[Piece, bytes], bool]) -> list[tuple[Piece, bytes, bytes]]:
    """Each run of changed lines, old and new, made longer until `once` takes it and no two of them meet."""
    found = []
    for piece in lesson.pieces:
        runs: list[tuple[int, int]] = []
        changes = lesson.of(piece)
        for change in sorted(changes, key=lambda c: (c.first, c.stop)):
            first, stop = _grown(piece, change, once)
            while runs and first < runs[-1][1]:
                first, stop = min(first, runs[-1][0]), max(stop, runs.pop()[1])
            runs.append((first, stop))
        for i, (first, stop) in enumerate(runs):
            part = piece.part(first, stop)
            own = [c for c in changes if first <= c.first and c.stop <= stop and not any(
                a <= c.first and c.stop <= b for a, b in runs[:i])]  # fmt: skip
            found.append((piece, part.text, changed(part, own)))
    return found


def _grown(piece: Piece, change: Change, once: Callable[[Piece, bytes], bool]) -> tuple[int, int]:
    first, stop = change.first, change.stop
    while True:
        old = piece.part(first, stop).text
        if old.strip() and once(piece, old):
            return first, stop
        if (first, stop) == (piece.line, piece.stop):
            raise NotShown("not_unique", f"what changes in {piece.file} stands more than once in the code shown")
        if first == stop and first > piece.line:
            first -= 1
        else:
            first, stop = max(piece.line, first - 1), min(piece.stop, stop + 1)
