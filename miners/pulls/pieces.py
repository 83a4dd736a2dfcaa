"""A file's change as pieces in order, each of the test part or of the source part, or the same on both sides.

The old lines of all pieces are the file before, the new ones the file after; old source with new tests is the file in
between. That is exact by construction, whatever the marks say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from oxidizer.miners.pulls.marks import Mark, Marked
from oxidizer.miners.pulls.objects import Hunk

Part = Literal["same", "test", "source"]
_DOCS = frozenset[Mark]({"example", "prose"})
_WORD = re.compile(rb"\w")


@dataclass(frozen=True)
class Piece:
    """A run of lines of one part."""

    part: Part
    old: tuple[bytes, ...]
    new: tuple[bytes, ...]


@dataclass(frozen=True)
class Pieces:
    """A file's whole change."""

    pieces: tuple[Piece, ...]

    @property
    def before(self) -> bytes:
        """The file before."""
        return b"".join(line for piece in self.pieces for line in piece.old)

    @property
    def after(self) -> bytes:
        """The file after."""
        return b"".join(line for piece in self.pieces for line in piece.new)

    @property
    def between(self) -> bytes:
        """The file before, with the test part laid on it."""
        chosen = [line for piece in self.pieces for line in (piece.old if piece.part == "source" else piece.new)]
        # A last line without its end may stand in the middle now.
        return b"".join([line if line.endswith(b"\n") else line + b"\n" for line in chosen[:-1]] + chosen[-1:])

    @property
    def source_lines(self) -> int:
        """The number of lines that change in the source part."""
        return sum(len(piece.old) + len(piece.new) for piece in self.pieces if piece.part == "source")


def divide(old: Marked, new: Marked, hunks: Sequence[Hunk]) -> Pieces:
    """The change of one file in pieces.

    Where code that stays as it is becomes part of tests, or ceases to be, what makes it so is source.
    """
    slid = _absorb(old, new, _slide(old, new, hunks))
    turned = _turned(old, new, slid)
    pieces: list[Piece] = []
    at = 0
    for number, hunk in enumerate(slid):
        pieces += _same(old, at, hunk.old_start)
        pieces += [Piece("source", *_lines(old, new, hunk))] if number in turned else _of_hunk(old, new, hunk)
        at = hunk.old_start + hunk.old_count
    pieces += _same(old, at, len(old.lines))
    return Pieces(tuple(pieces))


def _same(old: Marked, start: int, end: int) -> list[Piece]:
    lines = old.lines[start:end]
    return [Piece("same", lines, lines)] if lines else []


def _lines(old: Marked, new: Marked, hunk: Hunk) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    return (
        old.lines[hunk.old_start : hunk.old_start + hunk.old_count],
        new.lines[hunk.new_start : hunk.new_start + hunk.new_count],
    )


def _slide(old: Marked, new: Marked, hunks: Sequence[Hunk]) -> list[Hunk]:
    """Hunks that only add or only take away, moved along equal lines to where they are of one part."""
    moved: list[Hunk] = []
    for number, hunk in enumerate(hunks):
        floor = moved[-1].old_start + moved[-1].old_count if moved else 0
        ceiling = hunks[number + 1].old_start if number + 1 < len(hunks) else len(old.lines)
        places = _places(old, new, hunk, hunk.old_start - floor, ceiling - hunk.old_start - hunk.old_count)
        moved.append(next((place for place in places if not _is_mixed(old, new, place)), hunk))
    return moved


def _places(old: Marked, new: Marked, hunk: Hunk, above: int, below: int) -> Iterator[Hunk]:
    """The places of a hunk that mean the same, its own first."""
    yield hunk
    if bool(hunk.old_count) == bool(hunk.new_count):
        return
    lines = old.lines if hunk.old_count else new.lines
    start, count = (hunk.old_start, hunk.old_count) if hunk.old_count else (hunk.new_start, hunk.new_count)
    for step in range(1, above + 1):
        if lines[start - step] != lines[start - step + count]:
            break
        yield _by(hunk, -step)
    for step in range(below):
        if lines[start + step] != lines[start + step + count]:
            break
        yield _by(hunk, step + 1)


def _by(hunk: Hunk, step: int) -> Hunk:
    return replace(hunk, old_start=hunk.old_start + step, new_start=hunk.new_start + step)


def _absorb(old: Marked, new: Marked, hunks: Sequence[Hunk]) -> list[Hunk]:
    """Hunks with the brackets beside them that are of tests on one side only: there the diff took one for another."""
    found: list[Hunk] = []
    for number, hunk in enumerate(hunks):
        floor = found[-1].old_start + found[-1].old_count if found else 0
        ceiling = hunks[number + 1].old_start if number + 1 < len(hunks) else len(old.lines)
        shift, end = hunk.new_start - hunk.old_start, hunk.old_start + hunk.old_count
        up = _mistaken(old, new, range(hunk.old_start - 1, floor - 1, -1), shift)
        down = _mistaken(old, new, range(end, ceiling), shift + hunk.new_count - hunk.old_count)
        grown = up + down
        found.append(Hunk(hunk.old_start - up, hunk.old_count + grown, hunk.new_start - up, hunk.new_count + grown))
    return found


def _mistaken(old: Marked, new: Marked, rows: range, shift: int) -> int:
    """How many of the lines that stay, from the first on, have no word and are part of tests on one side only."""
    for number, row in enumerate(rows):
        if (old.marks[row] == "test") == (new.marks[row + shift] == "test") or _WORD.search(old.lines[row]):
            return number
    return len(rows)


def _turned(old: Marked, new: Marked, hunks: Sequence[Hunk]) -> set[int]:
    """The hunks beside lines that stay, and are part of tests on one side only."""
    found: set[int] = set()
    edges = [(0, 0), *((h.old_start + h.old_count, h.new_start + h.new_count) for h in hunks)]
    ends = [*(h.old_start for h in hunks), len(old.lines)]
    for number, ((a, b), end) in enumerate(zip(edges, ends, strict=True)):
        turned = (
            (old.marks[a + n] == "test") != (new.marks[b + n] == "test") and _WORD.search(old.lines[a + n])
            for n in range(end - a)
        )  # fmt: skip
        if any(turned):
            found |= {number - 1, number}
    return found & set(range(len(hunks)))


def _cut(marked: Marked, start: int, count: int) -> Marked:
    end = start + count
    return Marked(marked.lines[start:end], marked.marks[start:end], marked.neutral[start:end])


def _sides(old: Marked, new: Marked, hunk: Hunk) -> tuple[list[Part], list[Part]]:
    """The part of each line of a hunk."""
    sides = _cut(old, hunk.old_start, hunk.old_count), _cut(new, hunk.new_start, hunk.new_count)
    kinds = sides[0].kinds | sides[1].kinds
    # What is told of code that comes with it is its documentation; an example told of code that stays is a test.
    docs: Part = "test" if "example" in kinds and "source" not in kinds else "source"
    if not kinds:
        kinds = frozenset(sides[0].marks + sides[1].marks)
        only: Part = "test" if kinds == {"test"} else "source"
        return [only] * hunk.old_count, [only] * hunk.new_count
    spoken = [_spoken(side, docs) for side in sides]
    other = next(part for part in spoken[0] + spoken[1] if part is not None)
    return _lean(spoken[0], other), _lean(spoken[1], other)


def _spoken(side: Marked, docs: Part) -> list[Part | None]:
    """None for lines that go with others."""
    found: list[Part | None] = []
    for mark, neutral in zip(side.marks, side.neutral, strict=True):
        found.append(None if neutral else docs if mark in _DOCS else "test" if mark == "test" else "source")
    return found


def _lean(parts: Sequence[Part | None], other: Part) -> list[Part]:
    """Lines that go with others go with the one before, the first ones with the one behind."""
    last = next((part for part in parts if part is not None), other)
    found: list[Part] = []
    for part in parts:
        last = part or last
        found.append(last)
    return found


def _is_mixed(old: Marked, new: Marked, hunk: Hunk) -> bool:
    before, after = _sides(old, new, hunk)
    return len({*before, *after}) > 1


def _of_hunk(old: Marked, new: Marked, hunk: Hunk) -> list[Piece]:
    """A hunk's lines in runs of one part; runs of the same part that meet are one piece."""
    before, after = _sides(old, new, hunk)
    olds, news = _runs(before, hunk.old_start), _runs(after, hunk.new_start)
    if olds and news and olds[0][0] != news[0][0]:
        # Parts take turns: without the first run of the longer side the two begin alike.
        if len(news) > len(olds):
            olds.insert(0, (news[0][0], range(0)))
        else:
            news.insert(0, (olds[0][0], range(0)))
    most = max(len(olds), len(news))
    return [_piece(old, new, *_pair(olds, news, at)) for at in range(most)]


def _runs(parts: Sequence[Part], start: int) -> list[tuple[Part, range]]:
    found: list[tuple[Part, range]] = []
    for row, part in enumerate(parts, start):
        if found and found[-1][0] == part:
            found[-1] = (part, range(found[-1][1].start, row + 1))
        else:
            found.append((part, range(row, row + 1)))
    return found


def _pair(olds: Sequence[tuple[Part, range]], news: Sequence[tuple[Part, range]], at: int) -> tuple[Part, range, range]:
    part = (olds[at] if at < len(olds) else news[at])[0]
    return part, olds[at][1] if at < len(olds) else range(0), news[at][1] if at < len(news) else range(0)


def _piece(old: Marked, new: Marked, part: Part, before: range, after: range) -> Piece:
    return Piece(part, tuple(old.lines[at] for at in before), tuple(new.lines[at] for at in after))
