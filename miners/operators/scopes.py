"""What operators ask of the code around a node: its function and statement, the places it names, who uses a name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from oxidizer.miners.operators.operator import Code, ancestor, child, named

_LONGEST = 60


def short(code: Code, node: Node) -> str:
    """The code of a node on one line, cut where it is long."""
    text = " ".join(code.text(node).split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def mentions(code: Code, start: int, end: int, name: str) -> bool:
    """A byte range names a variable: not as a field, a method or a lifetime."""
    return re.search(rf"(?<![\w'])(?<!(?<!\.)\.){re.escape(name)}\b".encode(), code.source[start:end]) is not None


def statement(node: Node) -> Node | None:
    """The statement of a block that a node is, or lies in."""
    at: Node | None = node
    while at is not None and (at.parent is None or at.parent.type != "block"):
        at = at.parent
    return at


def rest(node: Node) -> list[Node]:
    """The statements of the same block after this one."""
    block = named(node.parent) if node.parent is not None else []
    return [s for s in block if s.start_byte >= node.end_byte]


def used_after(code: Code, node: Node, name: str) -> bool:
    """A later statement of the same block names the variable."""
    return any(mentions(code, s.start_byte, s.end_byte, name) for s in rest(node))


def returned(body: Node) -> Iterator[Node]:
    """The expressions whose value a block gives: its tail, or the tails of the branches that the tail is."""
    todo = [body]
    while todo:
        at = todo.pop()
        if at.type == "expression_statement":
            if is_closed(at):
                continue
            at = at.children[0]
        if at.type == "block":
            todo += named(at)[-1:]
        elif at.type == "unsafe_block":
            todo += named(at)
        elif at.type == "if_expression":
            alternative, consequence = at.child_by_field_name("alternative"), at.child_by_field_name("consequence")
            todo += named(alternative) if alternative is not None else []
            todo += [consequence] if consequence is not None else []
        elif at.type == "match_expression" and (arms := at.child_by_field_name("body")) is not None:
            values = [a.child_by_field_name("value") for a in named(arms) if a.type == "match_arm"]
            todo += [v for v in reversed(values) if v is not None]
        elif not at.type.endswith(("_item", "_declaration")):
            yield at


def is_closed(node: Node) -> bool:
    """The statement ends with its own `;`."""
    return node.children[-1].type == ";"


def method(node: Node | None, code: Code) -> tuple[Node, str, list[Node]] | None:
    """A method call's receiver, name and arguments."""
    if node is None or node.type != "call_expression":
        return None
    callee, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
    if callee is not None and callee.type == "generic_function":
        callee = callee.child_by_field_name("function")
    if callee is None or callee.type != "field_expression" or arguments is None:
        return None
    receiver, name = callee.child_by_field_name("value"), callee.child_by_field_name("field")
    if receiver is None or name is None:
        return None
    return receiver, code.text(name), named(arguments)


def root(place: Node, code: Code) -> str | None:
    """The variable that a place starts from: `v` of `v.items[0].len`, "self" of `self.items`; else None."""
    at: Node | None = place
    while at is not None and at.type in ("field_expression", "index_expression", "parenthesized_expression"):
        at = named(at)[0]
    if at is not None and (at.type == "self" or (at.type == "identifier" and not code.text(at)[0].isupper())):
        return code.text(at)
    return None


def path(node: Node, code: Code) -> str | None:
    """The text of a variable or of fields of one, such as `self.items`: what stays the same wherever it is written."""
    at: Node | None = node
    while at is not None and at.type == "field_expression":
        at = at.child_by_field_name("value")
    simple = at is not None and at.type in ("identifier", "self") and root(at, code) is not None
    return "".join(code.text(node).split()) if simple else None


def function(node: Node) -> Node | None:
    """The innermost function around a node."""
    return ancestor(node, "function_item")


def receiver(node: Node | None) -> Node | None:
    """The `self` parameter of a function."""
    parameters = node.child_by_field_name("parameters") if node is not None else None
    return child(parameters, "self_parameter") if parameters is not None else None


def is_called(name: str, code: Code) -> bool:
    """The file calls a function or method of this name, as far as its text tells."""
    return re.search(rb"(?<!fn )\b" + re.escape(name.encode()) + rb"\(", code.source) is not None


def is_mutable(name: str, node: Node, code: Code) -> bool:
    """The function around a node may change the variable: it says `mut name`, `name: &mut T`, or takes `&mut self`."""
    home = function(node)
    if home is None:
        return False
    if name == "self":
        own = receiver(home)
        return own is not None and child(own, "mutable_specifier") is not None
    if is_declared_mut(name, node, code):
        return True
    says = rf"\b{re.escape(name)}\s*:\s*&\s*(?:'\w+\s+)?mut\b"
    return re.search(says.encode(), code.source[home.start_byte : node.start_byte]) is not None


def is_declared_mut(name: str, node: Node, code: Code) -> bool:
    """The function around a node says `mut name` before it."""
    home = function(node)
    says = rf"\bmut\s+{re.escape(name)}\b".encode()
    return home is not None and re.search(says, code.source[home.start_byte : node.start_byte]) is not None


def allocates(node: Node, method: str, code: Code) -> bool:
    """A method of `alloc` such as `to_owned` can be called here: in no const function and no `no_std` file."""
    home = function(node)
    modifiers = child(home, "function_modifiers") if home is not None else None
    if modifiers is not None and "const" in code.text(modifiers):
        return False
    return f".{method}(".encode() in code.source or re.search(rb"\b(?:core|alloc)::|no_std", code.source) is None


def implements_trait(node: Node) -> bool:
    """The node lies in an `impl Trait for Type`."""
    home = ancestor(node, "impl_item")
    return home is not None and home.child_by_field_name("trait") is not None


def lifetimes(parameters: Node | None, code: Code) -> list[str]:
    """The lifetimes that a list of type parameters declares, with their quotes."""
    found = [c for c in named(parameters) if c.type == "lifetime_parameter"] if parameters is not None else []
    names = [c.child_by_field_name("name") for c in found]
    return [code.text(n) for n in names if n is not None]
