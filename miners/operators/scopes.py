"""Variables and names in the text around a node: who names them later, what may change, what the file calls."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache

from tree_sitter import Node

from oxidizer.miners.operators.operator import Code, child, named
from oxidizer.miners.operators.shapes import ASSIGNMENTS, Call, is_closed, method, path
from oxidizer.miners.operators.surroundings import at_compile_time, function_of, receiver

_COMMENT = re.compile(rb"//[^\n]*")


def mentions(start: int, end: int, name: str, code: Code) -> bool:
    """A byte range names a variable: not as a field, a method or a lifetime."""
    return re.search(rf"(?<![\w'])(?<!(?<!\.)\.){re.escape(name)}\b".encode(), code.source[start:end]) is not None


def statement_around(node: Node) -> Node | None:
    """The statement of a block that a node is, or lies in."""
    at: Node | None = node
    while at is not None and (at.parent is None or at.parent.type != "block"):
        at = at.parent
    return at


def rest(node: Node) -> list[Node]:
    """The statements of the same block after this one."""
    block = named(node.parent) if node.parent is not None else []
    return [s for s in block if s.start_byte >= node.end_byte]


def used_after(node: Node, name: str, code: Code) -> bool:
    """A later statement of the same block names the variable."""
    return any(mentions(s.start_byte, s.end_byte, name, code) for s in rest(node))


def says_before(node: Node, pattern: str, code: Code) -> bool:
    """The text of the function around a node, up to the node, holds a match of the pattern."""
    home = function_of(node)
    return home is not None and re.search(pattern.encode(), code.source[home.start_byte : node.start_byte]) is not None


def is_mutable(name: str, node: Node, code: Code) -> bool:
    """The function around a node may change the variable: it says `mut name`, `name: &mut T`, or takes `&mut self`."""
    if name == "self":
        own = receiver(function_of(node))
        return own is not None and child(own, "mutable_specifier") is not None
    lent = rf"\b{re.escape(name)}\s*:\s*&\s*(?:'\w+\s+)?mut\b"
    return is_declared_mut(name, node, code) or says_before(node, lent, code)


def is_declared_mut(name: str, node: Node, code: Code) -> bool:
    """The function around a node says `mut name` before it."""
    return says_before(node, rf"\bmut\s+{re.escape(name)}\b", code)


def changed_place(node: Node, code: Code) -> tuple[str, Call | None] | None:
    """The mutable variable or field that a statement assigns to, or calls a method on; and that call."""
    if node.parent is None or node.parent.type != "block" or not is_closed(node):
        return None
    expression = node.children[0]
    while expression.type == "try_expression":
        expression = expression.children[0]
    target = expression.child_by_field_name("left") if expression.type in ASSIGNMENTS else None
    if target is None and (call := method(expression, code)) is not None:
        target = call.value
    else:
        call = None
    place = path(target, code) if target is not None else None
    return (place, call) if place is not None and is_mutable(place.split(".")[0], node, code) else None


def allocates(node: Node, method: str, code: Code) -> bool:
    """A method of `alloc` such as `to_owned` can be called here: in no const function and no `no_std` file."""
    if at_compile_time(node, code):
        return False
    return f".{method}(".encode() in code.source or re.search(rb"\b(?:core|alloc)::|no_std", code.source) is None


@lru_cache(maxsize=8)
def words(source: bytes) -> Counter[str]:
    """How often each word occurs in a file, comments aside."""
    return Counter(w.decode() for w in re.findall(rb"[A-Za-z_]\w*", _COMMENT.sub(b"", source)))


def is_called(name: str, code: Code) -> bool:
    """The file calls a function or method of this name, as far as its text tells."""
    return name in _called(code.source)


@lru_cache(maxsize=8)
def _called(source: bytes) -> frozenset[str]:
    found = re.findall(rb"(?<!\bfn )\b([A-Za-z_]\w*)(?:::<[^()]*>)?\(", _COMMENT.sub(b"", source))
    return frozenset(w.decode() for w in found)
