"""Broken code, and a candidate laid over it, as one mutant of the healthy source: so many of either share one run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tree_sitter import Node

from oxidizer.cluster.edits import Edit
from oxidizer.cluster.layout import Mutant
from oxidizer.cluster.syntax import ITEMS, parse, parse_part
from oxidizer.miners.influence import Influences
from oxidizer.miners.operators.operator import Code, Route

_OPAQUE = frozenset({"macro_definition", "token_tree", "attribute_item", "inner_attribute_item"})
_TYPES = frozenset({"struct_item", "enum_item", "union_item"})


def mutant_of(
    texts: Mapping[str, bytes], read: Callable[[str], bytes], codes: Sequence[str] = ()
) -> tuple[Mutant, bool] | None:
    """The mutant that makes files into `texts`, and whether it can share a run; None where nothing is other.

    `read` reads the healthy source; `codes` are the lints that it aims at.
    """
    edits = [edit for file in sorted(texts) if (edit := difference(file, read(file), texts[file])) is not None]
    if not edits:
        return None
    first = edits[0]
    whole = Mutant(tuple(edits), first.file, 0, len(read(first.file)), tuple(codes))
    if len(edits) > 1 or not first.file.endswith(".rs"):
        return whole, False
    code = Code(first.file, read(first.file))
    item, function = _around(parse(code.source).root_node, first)
    route = _route(first, item, function)
    home = function if route is Route.BODY else item
    if route is None or home is None or _misread(code.source, texts[first.file], home, first):
        return whole, False
    aimed = Route.LINT if codes else route
    influence = Influences(code).of(aimed, first.start, first.end, item, function)
    return Mutant((first,), first.file, home.start_byte, home.end_byte, tuple(codes), influence), True


def difference(file: str, old: bytes, new: bytes) -> Edit | None:
    """The one edit that makes a text into another; None where they are the same."""
    if old == new:
        return None
    head = _common(old, new, lambda text, size: text[:size], min(len(old), len(new)))
    tail = _common(old, new, lambda text, size: text[len(text) - size :], min(len(old), len(new)) - head)
    return Edit(file, head, len(old) - tail, new[head : len(new) - tail])


def _common(old: bytes, new: bytes, part: Callable[[bytes, int], bytes], most: int) -> int:
    """The size of the longest part that two texts share."""
    low = 0
    while low < most:
        middle = (low + most + 1) // 2
        low, most = (middle, most) if part(old, middle) == part(new, middle) else (low, middle - 1)
    return low


def _around(root: Node, edit: Edit) -> tuple[Node | None, Node | None]:
    """The outermost item that is no module, and the outermost function, around an edit; neither within a macro."""
    item, function = None, None
    node = root.descendant_for_byte_range(edit.start, edit.end)
    while node is not None:
        if node.type in _OPAQUE:
            return None, None
        if node.type in ITEMS and node.type != "mod_item":
            item = node
        if node.type == "function_item":
            function = node
        node = node.parent
    return item, function


def _route(edit: Edit, item: Node | None, function: Node | None) -> Route | None:
    """How the edit is judged: in a body, with others that change items, or (None) alone."""
    body = function and function.child_by_field_name("body")
    if body is not None and body.start_byte < edit.start and edit.end < body.end_byte:
        return Route.BODY
    if item is None or not (item.start_byte < edit.start and edit.end < item.end_byte):
        return None
    if item.type in _TYPES or item.type == "macro_invocation":
        return None
    block = item.child_by_field_name("body")
    heads = item.type == "impl_item" and item.child_by_field_name("trait") is not None
    return None if heads and block is not None and edit.start < block.start_byte else Route.ITEM


def _misread(source: bytes, text: bytes, home: Node, edit: Edit) -> bool:
    """The parser does not find one item in what the home has become."""
    grown = len(text) - len(source)
    root = parse_part(text[home.start_byte : home.end_byte + grown]).root_node
    return root.has_error or sum(child.type == home.type for child in root.named_children) != 1
