"""How causes speak of code: pieces of it on one line, the items that it stands in, names that are nearly right."""

from __future__ import annotations

import re

from tree_sitter import Node

from oxidizer.cluster.edits import Edit, apply
from oxidizer.miners.operators.operator import Code
from oxidizer.miners.operators.shapes import method
from oxidizer.miners.operators.surroundings import name_of, owner

_WIDTH = 60
_CHAIN = re.compile(r"\s*\n\s*(?=\?|\.(?!\.))")
"""Between the links of a chain of methods, where it is laid out on lines of its own."""
_PLACES = {
    "function_item": "fn", "function_signature_item": "fn", "struct_item": "struct", "enum_item": "enum",
    "impl_item": "impl", "trait_item": "trait", "type_item": "type", "const_item": "const", "static_item": "static",
}  # fmt: skip


def short(code: Code, node: Node, width: int = _WIDTH) -> str:
    """The code of a node on one line, cut where it is long: a call of a method from its name on, else behind."""
    called = method(node, code)
    if called is not None and len(flat(code.text(node), len(code.source))) > width:
        return f"….{flat(code.source[called.field.start_byte : node.end_byte].decode(), width - 2)}"
    # A whole block need not be read for its beginning.
    end = min(node.end_byte, node.start_byte + 8 * width)
    return flat(code.source[node.start_byte : end].decode(errors="ignore"), width)


def flat(text: str, width: int = _WIDTH) -> str:
    """The text on one line, without backticks, cut where it is long."""
    line = " ".join(_CHAIN.sub("", text).split()).replace("`", "'")
    return line if len(line) <= width else line[: width - 1].rstrip() + "…"


def changed(code: Code, node: Node, *edits: Edit) -> str:
    """The code of a node in backticks as some edits, which lie in it, leave it, on one line, cut where it is long."""
    start = node.start_byte
    moved = [Edit(e.file, e.start - start, e.end - start, e.replacement) for e in sorted(edits)]
    after = Code(code.file, b"fn _f() { " + apply(code.source[start : node.end_byte], moved) + b" }")
    shown = after.root.descendant_for_byte_range(10, len(after.source) - 3)
    whole = shown is not None and (shown.start_byte, shown.end_byte) == (10, len(after.source) - 2)
    return quoted(after, shown) if whole and shown is not None else ticked(after.source[10:-2].decode())


def quoted(code: Code, node: Node) -> str:
    """The code of a node in backticks, on one line, cut where it is long."""
    return f"`{short(code, node)}`"


def ticked(text: str) -> str:
    """The text in backticks, on one line, cut where it is long."""
    return f"`{flat(text)}`"


def first_line(code: Code, node: Node) -> str:
    """The code from a node on to the end of its line."""
    end = code.source.find(b"\n", node.start_byte)
    return code.source[node.start_byte : end if end >= 0 else node.end_byte].decode()


def headline(code: Code, impl: Node) -> str:
    """An impl without its body, as in `impl Display for Point`."""
    of, target = impl.child_by_field_name("trait"), impl.child_by_field_name("type")
    return flat("impl " + " for ".join(code.text(n) for n in (of, target) if n is not None))


def place(code: Code, node: Node) -> str:
    """The nearest item around a node in backticks, as in `fn area` or `struct Point`."""
    at: Node | None = node
    while at is not None and at.type not in _PLACES:
        at = at.parent
    if at is None:
        return "this file"
    if at.type == "impl_item":
        return f"`{headline(code, at)}`"
    if at.type == "function_item" and (home := owner(at)) is not None and home.type == "impl_item":
        return f"`{name_of(at, code)}` of `{headline(code, home)}`"
    return f"`{_PLACES[at.type]} {name_of(at, code)}`"
