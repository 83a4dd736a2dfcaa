"""What surrounds a node: its impl or trait, its place in a comma list, the words that its file uses."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache

from tree_sitter import Node

from oxidizer.cluster.edits import Edit
from oxidizer.miners.operators.operator import COMMENTS, Code, child, named

INTEGERS = {
    "usize": "u32", "u32": "usize", "u8": "u16", "u16": "u8", "u64": "u32", "u128": "u64",
    "isize": "i32", "i32": "i64", "i64": "i32", "i16": "i32", "i8": "u8", "i128": "i64",
}  # fmt: skip
"""Integer types and the one that is taken for it."""

_SHOWN = 60
_COMMENT = re.compile(rb"//[^\n]*")
_PLACES = {
    "function_item": "fn", "function_signature_item": "fn", "struct_item": "struct", "enum_item": "enum",
    "impl_item": "impl", "trait_item": "trait", "type_item": "type", "const_item": "const", "static_item": "static",
}  # fmt: skip


def short(text: str) -> str:
    """The text on one line, cut where it is long."""
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1].rstrip() + "…"


def owner(node: Node) -> Node | None:
    """The impl or trait whose member the node is."""
    body = node.parent
    if body is None or body.type != "declaration_list" or body.parent is None:
        return None
    return body.parent if body.parent.type in ("impl_item", "trait_item") else None


def trait_impl(node: Node) -> Node | None:
    """The impl of a trait whose member the node is."""
    home = owner(node)
    return home if home is not None and home.child_by_field_name("trait") is not None else None


def is_free(function: Node) -> bool:
    """A function whose signature is its own: neither a trait's nor an impl's of one."""
    home = owner(function)
    return home is None or (home.type == "impl_item" and home.child_by_field_name("trait") is None)


def name_of(node: Node, code: Code) -> str:
    """The declared name, "" where there is none."""
    found = node.child_by_field_name("name")
    return code.text(found) if found is not None else ""


def headline(impl: Node, code: Code) -> str:
    """An impl without its body, as in `impl Display for Point`."""
    of, target = impl.child_by_field_name("trait"), impl.child_by_field_name("type")
    words = [code.text(n) for n in (of, target) if n is not None]
    return short("impl " + " for ".join(words))


def parameters(function: Node) -> list[Node]:
    """The parameters of a function without its receiver and without attributes."""
    found = function.child_by_field_name("parameters")
    return [p for p in named(found) if p.type == "parameter"] if found is not None else []


def receiver(function: Node) -> Node | None:
    """The `self` parameter."""
    found = function.child_by_field_name("parameters")
    return child(found, "self_parameter") if found is not None else None


def without(node: Node, code: Code) -> Edit:
    """An edit that takes an element out of a comma list, along with one comma."""
    siblings = [c for c in node.parent.children if c.type not in COMMENTS] if node.parent is not None else []
    at = next((i for i, c in enumerate(siblings) if c.id == node.id), -1)
    if at >= 0 and at + 1 < len(siblings) and siblings[at + 1].type == ",":
        if at + 2 < len(siblings) and siblings[at + 2].start_point[0] == node.end_point[0]:
            return code.span(node.start_byte, siblings[at + 2].start_byte, "")
        return code.span(node.start_byte, siblings[at + 1].end_byte, "")
    if at > 0 and siblings[at - 1].type == ",":
        return code.span(siblings[at - 1].start_byte, node.end_byte, "")
    return code.cut(node, space=False)


def attributes(node: Node) -> list[Node]:
    """The attributes right before an item, last one first."""
    found: list[Node] = []
    at = node.prev_sibling
    while at is not None and (at.type == "attribute_item" or at.type in COMMENTS):
        if at.type == "attribute_item":
            found.append(at)
        at = at.prev_sibling
    return found


def leads_with_comment(node: Node) -> bool:
    """A comment stands right before the item or among its attributes."""
    at = node.prev_sibling
    while at is not None and at.type == "attribute_item":
        at = at.prev_sibling
    return at is not None and at.type in COMMENTS and at.end_point[0] >= node.start_point[0] - 1 - len(attributes(node))


def removal(node: Node, code: Code) -> Edit:
    """An edit that removes an item along with its attributes."""
    return code.span(min([node.start_byte, *(a.start_byte for a in attributes(node))]), node.end_byte, "")


def one_line(node: Node, code: Code) -> str | None:
    """The node's code on one line; None where a comment or a string forbids that, or where it is long."""
    text = code.text(node)
    if len(text) > 200 or "//" in text or "/*" in text or ("\n" in text and '"' in text):
        return None
    return " ".join(text.split()) if "\n" in text else text


@lru_cache(maxsize=8)
def words(source: bytes) -> Counter[str]:
    """How often each word occurs in a file, comments aside."""
    return Counter(w.decode() for w in re.findall(rb"[A-Za-z_]\w*", _COMMENT.sub(b"", source)))


@lru_cache(maxsize=8)
def calls(source: bytes) -> Counter[str]:
    """How often each name stands before a parenthesis in a file, its definition included."""
    return Counter(w.decode() for w in re.findall(rb"([A-Za-z_]\w*)\s*\(", _COMMENT.sub(b"", source)))


def plural(name: str) -> str:
    """The name in plural, or in singular where it is one: what a rename often changes."""
    upper = name.isupper() and len(name) > 1
    if name.lower().endswith("s") and not name.lower().endswith("ss") and len(name) > 3:
        return name[:-1]
    return name + ("S" if upper else "s")


def place(node: Node, code: Code) -> str:
    """The nearest item around a node, as in `fn area` or `struct Point`."""
    at: Node | None = node
    while at is not None and at.type not in _PLACES:
        at = at.parent
    if at is None:
        return "this file"
    if at.type == "impl_item":
        return f"`{headline(at, code)}`"
    word = _PLACES[at.type]
    if at.type == "function_item" and (home := owner(at)) is not None and home.type == "impl_item":
        return f"`{name_of(at, code)}` of `{headline(home, code)}`"
    return f"`{word} {name_of(at, code)}`"


def is_called(node: Node) -> bool:
    """The node is what a call calls."""
    parent = node.parent
    if parent is None or parent.type not in ("call_expression", "generic_function"):
        return False
    return parent.child_by_field_name("function") == node
