"""Edits as a hand makes them: code left out with its separator and its lines, two pieces exchanged, lines moved in."""

from __future__ import annotations

from tree_sitter import Node

from oxidizer.cluster.edits import Edit
from oxidizer.miners.operators.operator import COMMENTS, Code, named
from oxidizer.miners.operators.surroundings import attributes

_SEPARATORS = (",", "+")
_CLOSING = (")", "]", "}", ">", "|")
_NEVER_EMPTY = frozenset({"trait_bounds", "type_parameters", "type_arguments", "where_clause"})
"""Lists that go with the last of their elements."""


def cut_line(code: Code, node: Node) -> Edit:
    """An edit that removes a statement, an arm or the like: with its lines where it stands there alone."""
    return _cut(code, node.start_byte, node.end_byte)


def removal(code: Code, node: Node) -> Edit:
    """An edit that removes an item along with its attributes and its lines."""
    return _cut(code, _start(node), node.end_byte)


def without(code: Code, node: Node) -> Edit:
    """An edit that takes an element out of a list, along with one separator."""
    home = node.parent
    assert home is not None
    if home.type in _NEVER_EMPTY and len(named(home)) == 1:
        if home.parent is not None and home.parent.type == "where_predicate":
            return without(code, home.parent)
        return cut_line(code, home) if home.type == "where_clause" else code.cut(home, space=False)
    parts = [c for c in home.children if c.type not in COMMENTS]
    at = next(i for i, c in enumerate(parts) if c.id == node.id)
    separator, follows = [*parts[at + 1 : at + 3], None, None][:2]
    if separator is not None and separator.type in _SEPARATORS:
        if follows is None or follows.start_point.row > node.end_point.row:
            return _cut(code, _start(node), separator.end_byte)
        if follows.type not in _CLOSING or at == 1:
            return code.span(_start(node), follows.start_byte, "")
    if at > 1 and parts[at - 1].type in _SEPARATORS:
        return code.span(parts[at - 2].end_byte, node.end_byte, "")
    return code.cut(node, space=False)


def only(code: Code, outer: Node, inner: Node, after: str = "") -> list[Edit]:
    """The edits that leave of the outer node just the inner one, with a text after it."""
    edits = [code.span(outer.start_byte, inner.start_byte, ""), code.span(inner.end_byte, outer.end_byte, after)]
    return [edit for edit in edits if edit.start < edit.end or edit.replacement]


def swapped(code: Code, left: Node, right: Node) -> tuple[Edit, Edit]:
    """The edits that put each of two nodes, both on one line, in the place of the other."""
    return code.replace(left, code.text(right)), code.replace(right, code.text(left))


def deeper(code: Code, start: int, end: int) -> list[Edit]:
    """The edits that move the lines that begin in a byte range one level in, but those of a text."""
    edits, at = [], code.source.find(b"\n", start, end) + 1
    while at:
        line = code.source[at : code.source.find(b"\n", at) % (len(code.source) + 1)]
        if line.strip() and not _in_text(code, at):
            level = "\t" if line.startswith(b"\t") else "    "
            edits.append(code.insert(at, level))
        at = code.source.find(b"\n", at, end) + 1
    return edits


def _in_text(code: Code, at: int) -> bool:
    """What stands there goes on with a string that began before."""
    node = code.root.descendant_for_byte_range(at, at)
    while node is not None and node.type not in ("string_literal", "raw_string_literal"):
        node = node.parent
    return node is not None and node.start_byte < at


def _start(node: Node) -> int:
    return min([node.start_byte, *(a.start_byte for a in attributes(node))])


def _cut(code: Code, start: int, end: int) -> Edit:
    """An edit that removes a byte range: its lines where they hold nothing else, else the blanks beside it too."""
    source, after = code.source, end
    while source[after : after + 1] in (b" ", b"\t"):
        after += 1
    if source[after : after + 2].strip(b"\r")[:1] not in (b"\n", b""):
        return code.span(start, after, "")
    before = len(source[:start].rstrip(b" \t"))
    if before and source[before - 1 : before] != b"\n":
        return code.span(before, after, "")
    line_end = source.find(b"\n", after)
    return code.span(before, line_end + 1 if line_end >= 0 else len(source), "")
