"""The examples in a Rust file's documentation: where each stands, and what it is called.

Read as rustdoc reads fences; examples by indentation alone, in `#[doc = ".."]` and in included files are not seen.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from tree_sitter import Node

from oxidizer.cluster.outline import opens_rust
from oxidizer.cluster.syntax import COMMENTS, comments

_FENCE = re.compile(rb"\s*(`{3,}|~{3,})(.*)")
_LEAD = re.compile(rb"\s*(?:///|//!|/\*\*|/\*!|\*(?!/))?")
_NAMED = frozenset({
    "function_item", "function_signature_item", "struct_item", "enum_item", "union_item", "trait_item", "mod_item",
    "const_item", "static_item", "type_item", "associated_type", "macro_definition", "field_declaration",
    "enum_variant",
})  # fmt: skip


@dataclass(frozen=True)
class Example:
    """A fenced block of Rust."""

    name: str
    """The item as rustdoc names it inside its file, and which of the item's examples it is: `Stack<T>::push #2`."""
    text: bytes
    first: int
    """The row of the fence that opens it, from 0."""
    last: int
    """The row of the fence that closes it, or the last one of its documentation."""


@dataclass(frozen=True)
class Documentation:
    """What a file's documentation comments take up."""

    rows: frozenset[int]
    examples: tuple[Example, ...]


@lru_cache(maxsize=8)
def documentation(source: bytes) -> Documentation:
    """The documentation of a file."""
    docs = [node for node in comments(source) if is_documentation(node)]
    lines = source.split(b"\n")
    rows = [_rows(node, lines) for node in docs]
    found: list[Example] = []
    counts: Counter[str] = Counter()
    for run in _runs(docs) if b"```" in source or b"~~~" in source else ():
        item = _item(run[-1])
        for first, last in _blocks(lines, run[0].start_point[0], _last_row(run[-1])):
            counts[item] += 1
            text = b"\n".join(_LEAD.sub(b"", line, count=1) for line in lines[first : last + 1])
            found.append(Example(f"{item} #{counts[item]}", text, first, last))
    return Documentation(frozenset(row for some in rows for row in some), tuple(found))


def is_documentation(comment: Node) -> bool:
    """A comment that rustdoc reads."""
    return any(child.type.endswith("_doc_comment_marker") for child in comment.children)


def _rows(comment: Node, lines: Sequence[bytes]) -> range:
    """The lines that a comment has for itself."""
    row, column = comment.start_point
    return range(row if not lines[row][:column].strip() else row + 1, _last_row(comment) + 1)


def _last_row(node: Node) -> int:
    # The grammar counts the line's end to a doc comment.
    row, column = node.end_point
    return row - 1 if column == 0 and row > node.start_point[0] else row


def _runs(docs: Sequence[Node]) -> Iterator[list[Node]]:
    """The comments that speak of one thing together."""
    run: list[Node] = []
    for node in docs:
        if run and not (_side(run[-1]) == _side(node) and node.start_point[0] == _last_row(run[-1]) + 1):
            yield run
            run = []
        run.append(node)
    if run:
        yield run


def _side(comment: Node) -> str:
    return next(child.type for child in comment.children if child.type.endswith("_doc_comment_marker"))


def _blocks(lines: Sequence[bytes], first: int, last: int) -> Iterator[tuple[int, int]]:
    """The rows of each block of Rust, its fences included."""
    opened: tuple[bytes, int, bool] | None = None
    for row in range(first, last + 1):
        match = _FENCE.match(_LEAD.sub(b"", lines[row], count=1))
        if match is None:
            continue
        if opened is None:
            opened = (match[1], row, opens_rust(match[2].strip()))
        elif match[1].startswith(opened[0]) and not match[2].strip(b" \t\r*/"):
            if opened[2]:
                yield opened[1], row
            opened = None
    if opened is not None and opened[2]:
        yield opened[1], last


def _item(comment: Node) -> str:
    """The path of what documentation speaks of, from its file on."""
    node: Node | None = comment.parent
    if _side(comment) == "outer_doc_comment_marker":
        after: Node | None = comment
        while after is not None and (after.type in COMMENTS or after.type == "attribute_item"):
            after = after.next_named_sibling
        node = after
    names: list[str] = []
    while node is not None:
        names += [name] if (name := _called(node)) else []
        node = node.parent
    return "::".join(reversed(names))


def _called(node: Node) -> str:
    """As rustdoc calls an item: an impl by its type, generic arguments and all, without blanks."""
    field = "type" if node.type == "impl_item" else "name" if node.type in _NAMED else None
    named = node.child_by_field_name(field) if field else None
    return "".join((named.text or b"").decode("utf-8", "replace").split()) if named is not None else ""
