"""The regions of a file that a patch touches: runs of whole items, as they were, as they are, as the source has them.

They are cut by the outline of the patched file, which has to be whole to be a fix; the broken code may be anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property

from tree_sitter import Node

from oxidizer.cluster.edits import Edit
from oxidizer.cluster.outline import is_test_file
from oxidizer.cluster.syntax import parse
from oxidizer.cluster.tricks.piece import COMMENTS, Piece, is_for_tests, piece

_BODIED = frozenset({"mod_item", "impl_item", "trait_item"})
_BLANK = b" \t\r\n"
_MOST_LINES = 4000


@dataclass(frozen=True)
class Region:
    """Whole items that one or more edits touch."""

    start: int
    """Where it begins in the patched file."""
    before: Piece
    after: Piece
    source: Piece | None
    """As the healthy source has it; None where the source is the code before."""
    begin: int
    """Where it begins in the file before."""


class Change:
    """What a patch makes of one file."""

    def __init__(self, file: str, before: bytes, after: bytes, edits: Sequence[Edit], source: bytes | None) -> None:
        self.file, self.before, self.after, self.edits = file, before, after, edits
        self.source = None if source == before else source
        """The healthy source, where it is another than the code before."""

    @cached_property
    def regions(self) -> list[Region]:
        """The regions of a Rust file, in order."""
        found, shift = [], 0
        for start, end, in_test, grown in self._touched():
            begin, finish = start - shift, end - shift - grown
            source = None
            if self.source is not None:
                a, b = self._in_source(begin, finish)
                source = piece(self.source[a:b], in_test)
            before, after = piece(self.before[begin:finish], in_test), piece(self.after[start:end], in_test)
            found.append(Region(start, before, after, source, begin))
            shift += grown
        return found

    def line(self, offset: int) -> int:
        """The line of a byte offset in the patched file."""
        return self.after.count(b"\n", 0, offset) + 1

    def _touched(self) -> list[tuple[int, int, bool, int]]:
        """Start, end, whether it is test code, and how much the edits made it grow."""
        root, in_test = parse(self.after).root_node, is_test_file(self.file)
        found: list[tuple[int, int, bool, int]] = []
        shift = 0
        for edit in sorted(self.edits):
            start = edit.start + shift
            grown = len(edit.replacement) - (edit.end - edit.start)
            a, b, tests = _home(root, self.after, start, start + len(edit.replacement), in_test)
            shift += grown
            while found and found[-1][1] >= a:
                last = found.pop()
                a, b, tests, grown = min(a, last[0]), max(b, last[1]), tests and last[2], grown + last[3]
            found.append((a, b, tests, grown))
        return found

    def _in_source(self, begin: int, end: int) -> tuple[int, int]:
        """Where a range of the broken code lies in the source: by lines that both have."""
        return self._moved(begin, first=True), max(self._moved(begin, first=True), self._moved(end, first=False))

    def _moved(self, offset: int, *, first: bool) -> int:
        """An offset in the source; what a change of the source touches is widened by all of it."""
        shift = 0
        for tag, i, j, k, m in self._moves:
            if tag != "equal" and i <= offset <= j:
                return k if first else m
            if offset < i:
                break
            shift = m - j
        return offset + shift

    @cached_property
    def _moves(self) -> list[tuple[str, int, int, int, int]]:
        """The changes between the code before and the source, as byte ranges of both."""
        assert self.source is not None
        old, new = self.before.splitlines(keepends=True), self.source.splitlines(keepends=True)
        head = next((n for n, (x, y) in enumerate(zip(old, new, strict=False)) if x != y), min(len(old), len(new)))
        most = min(len(old), len(new)) - head
        tail = next((n for n in range(most) if old[-1 - n] != new[-1 - n]), most)
        middle, own = old[head : len(old) - tail], new[head : len(new) - tail]
        starts, ends = _offsets(old), _offsets(new)
        if max(len(middle), len(own)) > _MOST_LINES:
            codes = [("replace", 0, len(middle), 0, len(own))]
        else:
            codes = list(SequenceMatcher(None, middle, own, autojunk=False).get_opcodes())
        return [(tag, starts[head + i], starts[head + j], ends[head + k], ends[head + m]) for tag, i, j, k, m in codes]


def sides(regions: Sequence[Region]) -> tuple[list[Piece], list[Piece]]:
    """The pieces before and those after."""
    return [r.before for r in regions], [r.after for r in regions]


def _offsets(lines: Sequence[bytes]) -> list[int]:
    found = [0]
    for line in lines:
        found.append(found[-1] + len(line))
    return found


def _home(root: Node, text: bytes, start: int, end: int, in_test: bool) -> tuple[int, int, bool]:
    """The run of whole items around a range, and whether it is test code."""
    # What stands before or behind a gap may be what an attribute there belongs to.
    while start and text[start - 1] in _BLANK:
        start -= 1
    while end < len(text) and text[end] in _BLANK:
        end += 1
    node = root
    while True:
        touched = [group for group in _groups(node) if group[0].start_byte <= end and start <= group[-1].end_byte]
        if len(touched) == 1 and (inside := _entered(touched[0][-1], start, end)) is not None:
            in_test = in_test or _is_test(touched[0])
            node = inside
            continue
        a = min([start, *(group[0].start_byte for group in touched)])
        b = max([end, *(group[-1].end_byte for group in touched)])
        return a, b, in_test


def _entered(item: Node, start: int, end: int) -> Node | None:
    """The body of a container that a range lies in."""
    body = item.child_by_field_name("body") if item.type in _BODIED else None
    return body if body is not None and body.start_byte < start and end < body.end_byte else None


def _groups(node: Node) -> Iterator[list[Node]]:
    """The children of a container, each behind the attributes and comments that lead it."""
    group: list[Node] = []
    for child in node.named_children:
        group.append(child)
        if child.type != "attribute_item" and child.type not in COMMENTS:
            yield group
            group = []
    if group:
        yield group


def _is_test(group: Sequence[Node]) -> bool:
    """A module that is built for tests alone."""
    return group[-1].type == "mod_item" and any(
        is_for_tests(a)
        for node in group
        if node.type == "attribute_item"
        for a in piece(node.text or b"", False).attributes
    )
