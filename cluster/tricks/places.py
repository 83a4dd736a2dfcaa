"""Where code stands that panics: in place of a value or a body, alone in its function, or behind a condition."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from tree_sitter import Node

from oxidizer.cluster.tricks.piece import COMMENTS, Piece, Word

_LEAVES = frozenset({"return_expression", "try_expression"})
_CHOICES = frozenset(
    {"else_clause", "match_arm", "for_expression", "while_expression", "let_declaration", "token_tree"}
)
_ASIDE = frozenset(
    {
        "parenthesized_expression", "reference_expression", "type_cast_expression", "index_expression",
        "array_expression", "tuple_expression", "field_expression",
    }
)  # fmt: skip
_BINDINGS = {"let_declaration": "pattern", "const_item": "name", "static_item": "name"}
_MAKERS = frozenset({"once", "repeat", "repeat_n", "empty", "Some", "Ok", "Err", "Box::new"})
_READING = frozenset({"parse"})
_DEPTH = 3


class Place(StrEnum):
    """What hangs on something that panics."""

    BEHIND = "behind"
    """An `if` guards it, or a closure that is called for some values."""
    IN_PLACE = "in place"
    """It is an arm, an `else` or a value."""
    ALONE = "alone"
    """Whoever calls the function comes to it, whatever he gives."""


def place(piece: Piece, word: Word) -> Place:
    """Where a word of a piece stands."""
    at: Node | None = piece.root.descendant_for_byte_range(word.at, word.at + 1)
    found = Place.ALONE
    while at is not None and (parent := at.parent) is not None:
        if parent.type == "closure_expression":
            at = _called(parent)
            if at is None:
                return Place.BEHIND
            continue
        if parent.type == "if_expression" and parent.child_by_field_name("consequence") == at:
            condition = parent.child_by_field_name("condition")
            if condition is None or not is_constant(condition):
                return Place.BEHIND
        if parent.type == "function_item":
            return Place.IN_PLACE if _may_leave(parent, word.at) else found
        if parent.type in ("else_clause", "match_arm") and not _is_only_arm(parent):
            return Place.IN_PLACE
        if parent.type in _CHOICES:
            found = Place.IN_PLACE
        at = parent
    return Place.IN_PLACE


def is_constant(node: Node) -> bool:
    """It names no value and calls nothing that could make one of its own."""
    if node.type in ("identifier", "self", "metavariable", "scoped_identifier"):
        # `None`, `MAX` and their kin are the same wherever they stand.
        return _text(node).rpartition("::")[2][:1].isupper()
    if node.type == "call_expression":
        function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        if function is None or arguments is None:
            return False
        if function.type == "field_expression":
            value, method = function.child_by_field_name("value"), function.child_by_field_name("field")
            known = value is not None and is_constant(value) and (method is None or _text(method) not in _READING)
        else:
            named = function.child_by_field_name("function") if function.type == "generic_function" else function
            known = named is not None and any(_text(named) in (m, f"iter::{m}", f"std::iter::{m}") for m in _MAKERS)
        return known and all(map(is_constant, parts(arguments)))
    if node.type == "macro_invocation":
        name = node.child_by_field_name("macro")
        tokens = next((c for c in node.named_children if c.type == "token_tree"), None)
        return name is not None and _text(name) == "vec" and tokens is not None and all(map(is_constant, parts(tokens)))
    if node.type == "closure_expression":
        return True
    if node.type in ("type_arguments", "type_identifier", "primitive_type", "generic_function"):
        function = node.child_by_field_name("function")
        return function is None or is_constant(function)
    if node.type == "let_condition":
        value = node.child_by_field_name("value")
        return value is not None and is_constant(value)
    return all(map(is_constant, parts(node)))


def parts(node: Node) -> list[Node]:
    """What a node holds, but for comments."""
    return [c for c in node.named_children if c.type not in COMMENTS]


def _called(closure: Node, depth: int = 0) -> Node | None:
    """The call that surely runs a closure; None where it hangs on a value whether there is one."""
    at: Node = closure
    while at.parent is not None and at.parent.type in _ASIDE:
        at = at.parent
    parent = at.parent
    if parent is None or depth == _DEPTH:
        return None
    if parent.type == "call_expression":
        return parent
    if parent.type == "arguments" and (call := parent.parent) is not None:
        function = call.child_by_field_name("function")
        value = function.child_by_field_name("value") if function is not None else None
        others = [other for other in parts(parent) if other != at]
        given = [value, *others] if value is not None else others
        if given and all(map(is_constant, given)):
            return call
        outer = call.parent
        return outer if outer is not None and outer.child_by_field_name("function") == call else None
    name = parent.child_by_field_name(_BINDINGS[parent.type]) if parent.type in _BINDINGS else None
    if name is not None:
        for use in _uses(parent, _text(name)):
            if (found := _called(use, depth + 1)) is not None:
                return found
    return None


def _uses(binding: Node, name: str) -> Iterator[Node]:
    """Where a name stands beside its binding."""
    todo = [n for n in parts(binding.parent) if n != binding] if binding.parent is not None else []
    while todo:
        node = todo.pop()
        if node.type == "identifier" and _text(node) == name:
            yield node
        todo += node.named_children


def _is_only_arm(node: Node) -> bool:
    """The one arm of a `match`: no choice."""
    return node.type == "match_arm" and node.parent is not None and len(parts(node.parent)) == 1


def _may_leave(function: Node, end: int) -> bool:
    """Something before a place leaves the function."""
    todo = [function]
    while todo:
        node = todo.pop()
        if node.type in _LEAVES:
            return True
        if node.type != "closure_expression":
            todo += [c for c in node.named_children if c.start_byte < end]
    return False


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")
