"""Rust and TOML by their syntax trees (tree-sitter): the items or tables of a file and which an edit lies in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import tree_sitter_rust
import tree_sitter_toml
from tree_sitter import Language, Node, Parser, Tree

ITEMS = frozenset(
    {
        "associated_type", "const_item", "enum_item", "extern_crate_declaration", "foreign_mod_item", "function_item",
        "function_signature_item", "impl_item", "macro_definition", "macro_invocation", "mod_item", "static_item",
        "struct_item", "trait_item", "type_item", "union_item", "use_declaration",
    }
)  # fmt: skip
NAMED = ITEMS | {"field_declaration", "enum_variant"}
"""Kinds of definitions, which have a field `name`."""
_CONTAINERS = frozenset({"source_file", "declaration_list"})
_COMMENTS = frozenset({"line_comment", "block_comment"})
_TABLES = frozenset({"table", "table_array_element"})


@lru_cache(maxsize=1)
def _parser() -> Parser:
    return Parser(Language(tree_sitter_rust.language()))


@lru_cache(maxsize=1)
def _toml_parser() -> Parser:
    return Parser(Language(tree_sitter_toml.language()))


def is_manifest(file: str) -> bool:
    """The file is a package's Cargo.toml."""
    return file.rpartition("/")[2] == "Cargo.toml"


@lru_cache(maxsize=64)
def parse(source: bytes) -> Tree:
    """The syntax tree of a file; faulty code gives a tree with error nodes."""
    return _parser().parse(source)


@lru_cache(maxsize=4)
def parse_toml(source: bytes) -> Tree:
    """The syntax tree of a manifest; what is no TOML gives a tree with error nodes."""
    return _toml_parser().parse(source)


def table_region(source: bytes, ranges: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The smallest run of whole tables of a TOML file that covers all byte ranges; whole lines outside of tables.

    A comment behind a table's last key is not counted to it: mostly it speaks of the next one.
    """
    start, end = min(a for a, _ in ranges), max(b for _, b in ranges)
    tables = [t for t in parse_toml(source).root_node.children if t.type in _TABLES]
    touched = [t for t in tables if t.start_byte < max(end, start + 1) and t.end_byte > start]
    first, last = _whole_lines(source, start, end)
    if touched:
        keys = [c for c in touched[-1].children if c.type != "comment"]
        first, last = min(first, touched[0].start_byte), max(end, keys[-1].end_byte)
    return first, last


def item_region(source: bytes, ranges: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The smallest run of whole items, their attributes and comments included, that covers all byte ranges.

    Inner attributes and comments that lead no item stand for themselves; a file without either gives whole lines.
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
    while _leads(last) and last.next_named_sibling is not None:
        last = last.next_named_sibling
    return min(start, _with_leading(first)[0]), max(end, _end(last))


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


def renames(source: bytes, start: int, end: int, replacement: bytes) -> bool:
    """Replacing the bytes takes away the name of an item, a field or a variant, which other places may use."""
    todo, kept = [parse(source).root_node], set(re.findall(rb"\w+", replacement))
    while todo:
        node = todo.pop()
        if node.type in NAMED and (name := node.child_by_field_name("name")) is not None:
            inside = start < name.end_byte and name.start_byte < end
            if inside and source[name.start_byte : name.end_byte] not in kept:
                return True
        todo += [c for c in node.named_children if c.start_byte < end and start < c.end_byte]
    return False


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
    while (before := first.prev_named_sibling) is not None and _leads(before):
        if before.type in _COMMENTS and not _is_outer_doc(before) and not _stands_by(before, first):
            break
        first = before
    return first.start_byte, _end(node)


def _leads(node: Node) -> bool:
    """An attribute or a comment that speaks of what comes after it, not of what it lies in."""
    inner = any(child.type == "inner_doc_comment_marker" for child in node.children)
    return node.type == "attribute_item" or (node.type in _COMMENTS and not inner)


def _is_outer_doc(comment: Node) -> bool:
    return any(child.type == "outer_doc_comment_marker" for child in comment.children)


def _stands_by(comment: Node, after: Node) -> bool:
    """No blank line is between the two, and the comment has its line to itself: else it is the item's before it."""
    before = comment.prev_named_sibling
    alone = before is None or _last_row(before) < comment.start_point[0]
    return alone and after.start_point[0] <= _last_row(comment) + 1


def _last_row(node: Node) -> int:
    # The grammar counts the line's end to a doc comment.
    row, column = node.end_point
    return row - 1 if column == 0 and row > node.start_point[0] else row


def _end(node: Node) -> int:
    return node.end_byte - 1 if _last_row(node) < node.end_point[0] else node.end_byte


def _whole_lines(source: bytes, start: int, end: int) -> tuple[int, int]:
    stop = source.find(b"\n", end)
    return source.rfind(b"\n", 0, start) + 1, len(source) if stop < 0 else stop
