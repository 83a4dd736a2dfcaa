"""Rust by its syntax tree (tree-sitter): the items of a file and which of them an edit lies in."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import tree_sitter_rust
from tree_sitter import Language, Node, Parser, Tree

ITEMS = frozenset(
    {
        "associated_type", "const_item", "enum_item", "extern_crate_declaration", "foreign_mod_item", "function_item",
        "function_signature_item", "impl_item", "macro_definition", "macro_invocation", "mod_item", "static_item",
        "struct_item", "trait_item", "type_item", "union_item", "use_declaration",
    }
)  # fmt: skip
_CONTAINERS = frozenset({"source_file", "declaration_list"})
_LEADING = frozenset({"attribute_item", "line_comment", "block_comment"})


@lru_cache(maxsize=1)
def _parser() -> Parser:
    return Parser(Language(tree_sitter_rust.language()))


@lru_cache(maxsize=64)
def parse(source: bytes) -> Tree:
    """The syntax tree of a file; faulty code gives a tree with error nodes."""
    return _parser().parse(source)


def item_region(source: bytes, ranges: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The smallest run of whole items, their attributes and comments included, that covers all byte ranges.

    Where no item is near (an inner attribute, an empty file), whole lines.
    """
    start, end = min(a for a, _ in ranges), max(b for _, b in ranges)
    home = _home(source, start, end)
    if home.type in ITEMS and home.parent is not None:
        return _with_leading(home)
    touched = [c for c in home.children if c.start_byte < max(end, start + 1) and c.end_byte > start and c.is_named]
    if not touched:
        near = [c for c in home.children if c.type in ITEMS]
        touched = [min(near, key=lambda c: min(abs(c.start_byte - start), abs(c.end_byte - start)))] if near else []
    if not touched:
        return _whole_lines(source, start, end)
    first, last = touched[0], touched[-1]
    # Attributes and comments belong to the item after them.
    while last.type in _LEADING and last.next_named_sibling is not None:
        last = last.next_named_sibling
    low, high = min(start, _with_leading(first)[0]), max(end, last.end_byte)
    return _whole_lines(source, low, high) if first.type not in ITEMS else (low, high)


def outer_item(source: bytes, start: int, end: int) -> tuple[int, int]:
    """The item that stands for an edit when edits are kept apart: its outermost function, else its smallest item."""
    node: Node | None = _home(source, start, end)
    smallest, function = node, None
    while node is not None:
        function = node if node.type == "function_item" else function
        node = node.parent
    chosen = function or smallest
    assert chosen is not None
    return (chosen.start_byte, chosen.end_byte) if chosen.type in ITEMS else item_region(source, [(start, end)])


def _home(source: bytes, start: int, end: int) -> Node:
    """The smallest item or container of items that holds a range."""
    node: Node | None = parse(source).root_node.descendant_for_byte_range(start, max(start, end))
    while node is not None and node.parent is not None and not _is_home(node):
        node = node.parent
    assert node is not None
    return node


def _is_home(node: Node) -> bool:
    if node.type == "macro_invocation":
        return node.parent is not None and node.parent.type in _CONTAINERS
    return node.type in ITEMS or node.type in _CONTAINERS


def _with_leading(node: Node) -> tuple[int, int]:
    first = node
    while (before := first.prev_named_sibling) is not None and before.type in _LEADING:
        # A comment on the line of the item before it is that item's.
        if before.type != "attribute_item" and _ends_a_line_of_code(before):
            break
        first = before
    return first.start_byte, node.end_byte


def _ends_a_line_of_code(comment: Node) -> bool:
    before = comment.prev_named_sibling
    return before is not None and before.end_point[0] == comment.start_point[0]


def _whole_lines(source: bytes, start: int, end: int) -> tuple[int, int]:
    stop = source.find(b"\n", end)
    return source.rfind(b"\n", 0, start) + 1, len(source) if stop < 0 else stop
