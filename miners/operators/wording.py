"""How causes speak of code: pieces of it on one line, the items that it stands in, names that are nearly right."""

from __future__ import annotations

import re

from tree_sitter import Node

from oxidizer.miners.operators.operator import Code
from oxidizer.miners.operators.surroundings import name_of, owner

_WIDTH = 60
_CHAIN = re.compile(r"\s*\n\s*(?=\?|\.(?!\.))")
"""Between the links of a chain of methods, where it is laid out on lines of its own."""
_KEYWORDS = frozenset({
    "Self", "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do",
    "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop",
    "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static",
    "struct", "super", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where",
    "while", "yield",
})  # fmt: skip
_PLACES = {
    "function_item": "fn", "function_signature_item": "fn", "struct_item": "struct", "enum_item": "enum",
    "impl_item": "impl", "trait_item": "trait", "type_item": "type", "const_item": "const", "static_item": "static",
}  # fmt: skip


def short(code: Code, node: Node, width: int = _WIDTH) -> str:
    """The code of a node on one line, cut where it is long."""
    # A whole block need not be read for its beginning.
    end = min(node.end_byte, node.start_byte + 8 * width)
    return flat(code.source[node.start_byte : end].decode(errors="ignore"), width)


def flat(text: str, width: int = _WIDTH) -> str:
    """The text on one line, without backticks, cut where it is long."""
    line = " ".join(_CHAIN.sub("", text).split()).replace("`", "'")
    return line if len(line) <= width else line[: width - 1].rstrip() + "…"


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


def plural(name: str) -> str:
    """The name in plural, or in singular where it is one: what a rename often changes; never a keyword."""
    if name.lower().endswith("s") and not name.lower().endswith("ss") and len(name) > 3:
        new = name[:-1]
    else:
        new = name + ("S" if name.isupper() and len(name) > 1 else "s")
    return f"{new}_" if new in _KEYWORDS else new
