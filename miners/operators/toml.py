"""How the operators of manifests read a Cargo.toml: keys, tables, dependencies; and the small edits that they share."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node

from oxidizer.cluster.edits import Edit
from oxidizer.miners.operators.operator import Code, child

_REST = re.compile(rb"[ \t]*(,?)[ \t]*(?:#[^\n]*)?\r?\n")
"""What may follow on the line of an element that stands alone there."""
_KEYS = frozenset({"bare_key", "quoted_key", "dotted_key"})


@dataclass(frozen=True)
class Dependency:
    """One dependency of the code itself, on every platform; or what a workspace says of one for its members."""

    name: str
    """Its key: what the code calls it, but for hyphens."""
    node: Node
    """Its own table, or its line in `[dependencies]`."""
    settings: dict[str, Node]
    """What its table, inline or not, says, by key."""

    @property
    def is_table(self) -> bool:
        """It has a table to itself."""
        return self.node.type == "table"

    @property
    def key(self) -> Node:
        """Where its name stands."""
        key = key_of(self.node)
        return key.named_children[-1] if self.is_table else key

    @property
    def is_inherited(self) -> bool:
        """It says `workspace = true`, in any form."""
        return "workspace" in self.settings


def key_of(node: Node) -> Node:
    """The key of a pair or of a table's head."""
    return next(child for child in node.children if child.type in _KEYS)


def value_of(pair: Node) -> Node:
    """The value of a pair."""
    return next(child for child in pair.named_children[1:] if child.type != "comment")


def written(pair: Node, code: Code) -> str:
    """A pair as it stands there; the grammar counts the carriage return behind it to it."""
    return code.text(pair).rstrip()


def path(key: Node, code: Code) -> tuple[str, ...]:
    """A key's parts, without quotes."""
    if key.type == "dotted_key":
        return tuple(part for child in key.named_children for part in path(child, code))
    return (unquoted(key, code),)


def unquoted(text: Node, code: Code) -> str:
    """A text or a key without its quotes."""
    return code.text(text).strip("\"'")


def pairs(node: Node, code: Code) -> dict[str, Node]:
    """The values of a table, inline or not, by key; a dotted key is written with its dots."""
    return {".".join(path(key_of(c), code)): value_of(c) for c in node.children if c.type == "pair"}


def elements(array: Node | None) -> list[Node]:
    """The texts of an array; none of what is no array."""
    return [c for c in array.children if c.type == "string"] if array is not None and array.type == "array" else []


def table(code: Code, *name: str) -> Node | None:
    """The file's table of that name."""
    tables = (c for c in code.root.children if c.type == "table")
    return next((found for found in tables if path(key_of(found), code) == name), None)


def declares(code: Code, heading: tuple[str, ...], name: str) -> bool:
    """A dependency of that name stands under a heading."""
    there = table(code, *heading)
    known = {key.partition(".")[0] for key in pairs(there, code)} if there is not None else set[str]()
    return name in known or table(code, *heading, name) is not None


def dependencies(node: Node, code: Code, *above: str) -> Iterator[Dependency]:
    """The dependencies that a table declares: itself, or each of its lines that says all of one.

    Those of the package, and with "workspace" for `above` those that members may inherit.
    """
    heading, own = (*above, "dependencies"), path(key_of(node), code)
    if own[:-1] == heading:
        yield Dependency(own[-1], node, pairs(node, code))
    elif own == heading:
        lines = [(c, path(key_of(c), code)) for c in node.children if c.type == "pair"]
        for line, key in lines:
            value = value_of(line)
            if len(key) == 1 and value.type in ("string", "inline_table"):
                yield Dependency(key[0], line, pairs(value, code))
            elif key[1:] == ("workspace",) and sum(k[0] == key[0] for _, k in lines) == 1:
                yield Dependency(key[0], line, {"workspace": value})


def feature_words(code: Code) -> set[str]:
    """The names of the features, and all that they turn on."""
    own = table(code, "features")
    listed = pairs(own, code) if own is not None else {}
    return set(listed) | {unquoted(word, code) for value in listed.values() for word in elements(value)}


def head_end(node: Node) -> int:
    """The byte behind the bracket that closes a table's head."""
    closing = child(node, "]")
    assert closing is not None
    return closing.end_byte


def line_end(table: Node, code: Code) -> int:
    """The end of the line that a table's head stands on, a comment behind it included."""
    end = code.source.find(b"\n", head_end(table))
    return len(code.source) if end < 0 else end - code.source.endswith(b"\r", 0, end)


def newline(code: Code) -> str:
    """How the file ends its lines."""
    return "\r\n" if b"\r\n" in code.source else "\n"


def line_of(node: Node, code: Code) -> tuple[int, int]:
    """The whole lines of a pair or a table, to the start of the next line; comments behind a table are not its own."""
    last = node if node.type == "pair" else [c for c in node.children if c.type != "comment"][-1]
    end = code.source.find(b"\n", last.end_byte - 1)
    return code.source.rfind(b"\n", 0, node.start_byte) + 1, len(code.source) if end < 0 else end + 1


def cut(node: Node, code: Code) -> Edit:
    """An edit that takes out a pair or a table with its lines."""
    return code.span(*line_of(node, code), "")


def without(element: Node, code: Code) -> Edit:
    """An edit that takes an element out of an array, with a comma; with its line where nothing else stands there."""
    start, end = element.start_byte, element.end_byte
    line, rest = code.source.rfind(b"\n", 0, start) + 1, _REST.match(code.source, end)
    if rest and not code.source[line:start].strip() and (rest[1] or _is_last(element)):
        return code.span(line, rest.end(), "")
    if after := re.match(rb"\s*,[ \t]*", code.source[end:]):
        if code.source[end + after.end() :].startswith((b"\n", b"\r\n")):
            start = len(code.source[:start].rstrip(b" \t"))
        return code.span(start, end + after.end(), "")
    if before := re.search(rb",\s*\Z", code.source[:start]):
        return code.span(before.start(), end, "")
    return code.span(start, end, "")


def _is_last(element: Node) -> bool:
    """Nothing but the bracket comes behind an element of an array."""
    after = element.next_sibling
    while after is not None and after.type == "comment":
        after = after.next_sibling
    return after is not None and after.type == "]"


def with_setting(dependency: Dependency, setting: str, code: Code) -> Edit:
    """An edit that adds a setting, e.g. `optional = true`, to a dependency."""
    node = dependency.node
    if dependency.is_table:
        return code.insert(head_end(node), f"{newline(code)}{setting}")
    value = value_of(node)
    if value.type == "inline_table":
        last = [c for c in value.children if c.type == "pair"][-1:]
        return code.insert(last[0].end_byte, f", {setting}") if last else code.replace(value, f"{{ {setting} }}")
    key = path(key_of(node), code)[0]
    version = "workspace = true" if "workspace" in dependency.settings else f"version = {code.text(value)}"
    return code.span(node.start_byte, value.end_byte, f"{key} = {{ {version}, {setting} }}")
