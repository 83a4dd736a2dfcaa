"""The places of which a diagnostic speaks: its own, and those where it proposes something."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from oxidizer.cluster.diagnostics import Diagnostic
from oxidizer.cluster.tricks.piece import Piece, Word

_WHOLE = frozenset({"let_declaration", "expression_statement", "use_declaration", "const_item", "static_item"})


@dataclass(frozen=True)
class Asked:
    """Ranges of a piece of which a diagnostic speaks."""

    ranges: tuple[tuple[int, int], ...]
    statements: tuple[tuple[int, int], ...]
    """The same, widened to the simple statements in which they begin."""

    first: tuple[Word, ...] = ()
    """The words with which they begin."""

    def within(self, words: Sequence[Word]) -> bool:
        """One of the places begins in these words."""
        return bool(self.first) and not set(self.first).isdisjoint(words)

    def touches(self, start: int, end: int, *, widely: bool) -> bool:
        """Some of the range is spoken of."""
        return any(a <= end and start <= b for a, b in (self.statements if widely else self.ranges))


def asked(target: Diagnostic | None, file: str, begin: int, before: Piece) -> Asked:
    """What a diagnostic asks for in the piece that begins at an offset of a file.

    A failed test asks for nothing of itself: it has no code, as what the parser says of broken code.
    """
    if target is None or (target.code is None and target.level != "warning" and not before.root.has_error):
        return Asked((), ())
    size = len(before.text)
    ranges = tuple((a - begin, b - begin) for a, b in _places(target, file) if begin <= a <= begin + size)
    if not ranges:
        return Asked((), ())
    ends = [w.at + len(w.text.encode()) for w in before.words]
    first = [before.words[n] for a, _ in ranges if (n := bisect_right(ends, a)) < len(ends)]
    return Asked(ranges, tuple(_statement(before, a, b) for a, b in ranges), tuple(first))


def _places(target: Diagnostic, file: str) -> Iterator[tuple[int, int]]:
    for said in (target, *target.children):
        yield from ((s.byte_start, s.byte_end) for s in said.spans if s.file == file)


def _statement(code: Piece, start: int, end: int) -> tuple[int, int]:
    node = code.root.descendant_for_byte_range(start, max(start, min(end, len(code.text))))
    while node is not None and node.type not in _WHOLE:
        if node.type in ("block", "function_item", "declaration_list"):
            return start, end
        node = node.parent
    if node is None or b"{" in (node.text or b""):
        return start, end
    return min(start, node.start_byte), max(end, node.end_byte)
