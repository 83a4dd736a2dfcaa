"""Pieces: runs of lines of a file as they are shown, what changes in them, and where a text stands in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from oxidizer.cluster.edits import lines_of

BLANKS = b" \t"


@dataclass(frozen=True)
class Piece:
    """A run of lines of a file, byte for byte."""

    file: str
    line: int
    """The number of its first line, from 1."""
    text: bytes
    whole: bool = True
    """Its first line is there from its first byte: an item is shown without the blanks before it."""
    closed: bool = True
    """Its last line is there to its last byte: without a line's end it is the end of the file."""

    @cached_property
    def lines(self) -> list[bytes]:
        """The lines with their ends; only `\\n` ends a line."""
        return lines_of(self.text)

    @property
    def stop(self) -> int:
        """The number of the line after its last one."""
        return self.line + len(self.lines)

    def part(self, first: int, stop: int) -> Piece:
        """The lines [first, stop), by their numbers in the file."""
        text = b"".join(self.lines[first - self.line : stop - self.line])
        return Piece(
            self.file, first, text, self.whole or first > self.line, self.closed or stop < self.stop
        )  # fmt: skip


@dataclass(frozen=True)
class Change:
    """Lines [first, stop) of a file, by number, become `new`; where the two are the same, `new` comes before them."""

    first: int
    stop: int
    new: tuple[bytes, ...]


def changed(piece: Piece, changes: Iterable[Change]) -> bytes:
    """The text of a piece after changes of its lines."""
    parts, at = [], piece.line
    for change in sorted(changes, key=lambda c: (c.first, c.stop)):
        parts += [*piece.lines[at - piece.line : change.first - piece.line], *change.new]
        at = change.stop
    return b"".join([*parts, *piece.lines[at - piece.line :]])


@dataclass(frozen=True)
class Place:
    """Bytes [start, end) of a piece, where a text was found."""

    piece: Piece
    start: int
    end: int
    exact: bool = True
    """Found byte for byte; else the ends of lines or the first line's indentation differ."""

    @property
    def line(self) -> int:
        """The number of the line that it starts in."""
        return self.piece.line + self.piece.text.count(b"\n", 0, self.start)


def places(pieces: Sequence[Piece], wanted: bytes) -> list[Place]:
    """Where whole lines stand in some pieces; byte for byte, and only where nowhere so, by their words.

    By their words: `\\r\\n` is as good as `\\n`, and the first line may lack its indentation. A piece that ends without
    a line's end is taken to have one.
    """
    if not wanted:
        return [Place(piece, 0, 0) for piece in pieces if not piece.text]
    exact = [place for piece in pieces for place in _exact(piece, wanted)]
    return exact or [place for piece in pieces for place in _by_words(piece, lines_of(wanted))]


def _exact(piece: Piece, wanted: bytes) -> list[Place]:
    text, found = piece.text, []
    at = text.find(wanted)
    while at >= 0:
        starts, stops = at == 0 or text[at - 1 : at] == b"\n", at + len(wanted)
        if starts and (wanted.endswith(b"\n") or stops == len(text)):
            found.append(Place(piece, at, stops))
        at = text.find(wanted, at + 1)
    if wanted.endswith(b"\n") and not text.endswith(b"\n") and text.endswith(wanted[:-1]):
        at = len(text) - len(wanted) + 1
        if at < len(text) and (at == 0 or text[at - 1 : at] == b"\n"):
            found.append(Place(piece, at, len(text)))
    return found


def _by_words(piece: Piece, wanted: list[bytes]) -> list[Place]:
    shown, sought = [line.rstrip(b"\r\n") for line in piece.lines], [line.rstrip(b"\r\n") for line in wanted]
    bare, found, start = sought[0][:1] not in (b"", b" ", b"\t"), [], 0
    for i in range(len(shown) - len(sought) + 1):
        indent = len(shown[i]) - len(shown[i].lstrip(BLANKS)) if bare else 0
        if shown[i][indent:] == sought[0] and shown[i + 1 : i + len(sought)] == sought[1:]:
            length = sum(map(len, piece.lines[i : i + len(sought)]))
            found.append(Place(piece, start + indent, start + length, exact=False))
        start += len(piece.lines[i])
    return found
