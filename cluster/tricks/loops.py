"""Code that never comes to an end: loops without a way out, functions that do nothing but call themselves."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from oxidizer.cluster.tricks.piece import Piece, Word
from oxidizer.cluster.tricks.places import is_constant, parts
from oxidizer.cluster.tricks.trick import Fact, TrickName

_WAYS_OUT = frozenset({"return_expression", "try_expression", "await_expression", "yield_expression"})
_LOOPS = frozenset({"loop_expression", "while_expression", "for_expression"})
_BODIES = frozenset({"closure_expression", "function_item", "async_block"})
_ENDLESS = (b".cycle()", b"repeat(", b"repeat_with(")
_WRAPPERS = frozenset(
    {"expression_statement", "return_expression", "parenthesized_expression", "block", "unsafe_block"}
)


def endless(piece: Piece) -> Iterator[Fact]:
    """Loops without a way out."""
    todo = [piece.root]
    while todo:
        node = todo.pop()
        todo += node.named_children
        if node.type in _LOOPS and _goes_on(node) and not _has_way_out(node):
            yield _endless(piece, node.start_byte)
    # In macros there are no expressions.
    for a, b, c in zip(piece.words, piece.words[1:], piece.words[2:], strict=False):
        if (a.text, b.text, c.text) == ("loop", "{", "}") and _in_macro(piece, a):
            yield _endless(piece, a.at)


def self_calls(piece: Piece) -> Iterator[Fact]:
    """Functions, but for methods, all of which is a call of themselves: a method may hand on to another one's."""
    todo = [piece.root]
    while todo:
        node = todo.pop()
        if node.type == "function_item" and _calls_itself(node):
            owner = next((w.owner for w in piece.words if w.at >= node.start_byte), "")
            names = (TrickName.PANIC_IN_PLACE,)
            yield Fact(names, "calls itself", owner, node.start_byte, f"`{owner}` only calls itself")
        if node.type != "token_tree":
            todo += node.named_children


def _goes_on(loop: Node) -> bool:
    """What it hangs on is always so, or has no end."""
    if loop.type == "for_expression":
        over = loop.child_by_field_name("value")
        while over is not None and over.type == "parenthesized_expression" and parts(over):
            over = parts(over)[0]
        text = (over.text or b"") if over is not None else b""
        return over is not None and (
            (over.type == "range_expression" and text.endswith(b".."))
            or (over.type == "call_expression" and (text.endswith(_ENDLESS[0]) or any(w in text for w in _ENDLESS[1:])))
        )
    condition = loop.child_by_field_name("condition")
    return loop.type == "loop_expression" or (
        condition is not None and condition.text != b"false" and is_constant(condition)
    )


def _calls_itself(function: Node) -> bool:
    name, given = function.child_by_field_name("name"), function.child_by_field_name("parameters")
    at = function.child_by_field_name("body")
    while at is not None and at.type in _WRAPPERS:
        inside = parts(at)
        at = inside[0] if len(inside) == 1 else None
    if at is None or at.type != "call_expression" or name is None or given is None:
        return False
    called = at.child_by_field_name("function")
    is_method = any(parameter.type == "self_parameter" for parameter in given.named_children)
    return called is not None and called.text == name.text and not is_method


def _endless(piece: Piece, at: int) -> Fact:
    owner = next((w.owner for w in piece.words if w.at >= at), "")
    return Fact((TrickName.ENDLESS_LOOP,), "loop", owner, at, f"loops for ever in `{owner}`")


def _in_macro(piece: Piece, word: Word) -> bool:
    node = piece.root.descendant_for_byte_range(word.at, word.at + 1)
    return node is not None and node.parent is not None and node.parent.type == "token_tree"


def _has_way_out(loop: Node) -> bool:
    todo = [(child, False) for child in loop.named_children]
    while todo:
        at, inner = todo.pop()
        if at.type in _WAYS_OUT:
            return True
        # Without a label it leaves the loop that is nearest.
        if at.type == "break_expression" and (not inner or any(c.type == "label" for c in at.named_children)):
            return True
        # A macro may hold any of them.
        if at.type == "macro_invocation" and any(w in (at.text or b"") for w in (b"break", b"return", b"?")):
            return True
        if at.type not in _BODIES:
            todo += [(child, inner or at.type in _LOOPS) for child in at.named_children]
    return False
