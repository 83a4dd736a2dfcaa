"""What an operator is: one kind of mistake, found in syntax trees, as the edits that make it.

An operator proposes; rustc decides. It may propose what turns out to compile, but never touches two functions where its
route says one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import ClassVar

from tree_sitter import Node

from oxidizer.cluster.classes import class_of
from oxidizer.cluster.edits import Edit
from oxidizer.cluster.syntax import is_manifest, parse, parse_toml

COMMENTS = frozenset({"line_comment", "block_comment"})


class Route(StrEnum):
    """Where the complaints of a mistake can stand, which decides what may share a compiler's run."""

    BODY = "body"
    """In the outermost function around the edits, which lie inside it; its signature stays."""
    ITEM = "item"
    """In the outermost item around the edits (a function, a whole impl, a struct), which nobody else notices."""
    CRATE = "crate"
    """Anywhere in the crate."""
    LINT = "lint"
    """It compiles; a lint of clippy or rustc complains inside the outermost function, else the outermost item."""
    SYNTAX = "syntax"
    """The parser complains."""
    BEHAVIOUR = "behaviour"
    """It compiles; tests may fail. One edit, which replaces one whole expression or removes one whole statement."""
    MANIFEST = "manifest"
    """Anywhere in the package; the edits are of the package's Cargo.toml or its workspace's. Judged alone, by cargo."""


@dataclass(frozen=True)
class Site:
    """One mistake at one place: edits of the source, and its cause in the words of this code."""

    edits: tuple[Edit, ...]
    cause: str


class Code:
    """A source file, or a package's Cargo.toml, as operators read it."""

    def __init__(self, file: str, source: bytes, workspace: Code | None = None) -> None:
        self.file, self.source = file, source
        self.workspace = workspace
        """Of a manifest: the one of its workspace's root, which is the same file where that is a package too."""
        self.is_manifest = is_manifest(file)

    @cached_property
    def root(self) -> Node:
        """The syntax tree's root: Rust's, of a manifest TOML's."""
        return (parse_toml if self.is_manifest else parse)(self.source).root_node

    def text(self, node: Node) -> str:
        """The code of a node."""
        return self.source[node.start_byte : node.end_byte].decode()

    def replace(self, node: Node, text: str) -> Edit:
        """An edit that puts `text` in the node's place."""
        return self.span(node.start_byte, node.end_byte, text)

    def insert(self, at: int, text: str) -> Edit:
        """An edit that puts `text` before byte `at`."""
        return self.span(at, at, text)

    def cut(self, node: Node, *, space: bool = True) -> Edit:
        """An edit that removes the node and, with `space`, the blanks after it on its line."""
        end = node.end_byte
        while space and self.source[end : end + 1] in (b" ", b"\t"):
            end += 1
        return self.span(node.start_byte, end, "")

    def span(self, start: int, end: int, text: str) -> Edit:
        """An edit of a byte range."""
        return Edit(self.file, start, end, text.encode())

    def newline(self, node: Node, deeper: int = 0) -> str:
        """What parts a statement of its own from the node: the end of a line, and the indentation of the node's line.

        `deeper` is how many levels deeper it goes. A node of one line in the middle of its line gives a blank.
        """
        start = self.source.rfind(b"\n", 0, node.start_byte) + 1
        before = self.source[start : node.start_byte].decode()
        indent = before[: len(before) - len(before.lstrip())]
        if indent != before and node.start_point.row == node.end_point.row:
            return " "
        level = "\t" if "\t" in indent else "    "
        end = "\r\n" if self.source[start - 2 : start] == b"\r\n" else "\n"
        return f"{end}{indent}{level * deeper}"

    def site(self, cause: str, *edits: Edit) -> Site:
        """A site; the cause is a sentence without its final point."""
        return Site(tuple(sorted(edits)), cause)


class Operator(ABC):
    """One kind of mistake. Subclasses are stateless; `codes` are those that it was seen to raise on its fixture."""

    name: ClassVar[str]
    codes: ClassVar[tuple[str, ...]]
    """Codes aimed at, most typical first; a lint's by its full name (`clippy::len_zero`); "" for an error without."""
    route: ClassVar[Route]
    rationale: ClassVar[str]
    """Why Rust objects and how people come to write it: one line, which feeds the explanation."""
    rationales: ClassVar[Mapping[str, str]] = {}
    """Codes for which another line is true than `rationale`."""
    nodes: ClassVar[tuple[str, ...]]
    """Kinds of tree-sitter nodes that `sites` wants to see."""

    @abstractmethod
    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The mistakes to make at a node of one of the kinds in `nodes`."""

    def why(self, code: str) -> str:
        """The rationale of a mistake that raised a code."""
        return self.rationales.get(code, self.rationale)

    @property
    def classes(self) -> frozenset[str]:
        """The classes aimed at."""
        if self.route is Route.BEHAVIOUR:
            return frozenset({class_of("test", None)})
        return frozenset(class_of("clippy" if c.startswith("clippy::") else "rustc", c or None) for c in self.codes)


def child(node: Node, kind: str) -> Node | None:
    """The first child of a kind, anonymous ones (`=>`, `mut`) included."""
    return next((c for c in node.children if c.type == kind), None)


def named(node: Node) -> list[Node]:
    """The named children without comments."""
    return [c for c in node.named_children if c.type not in COMMENTS]


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it, in the order of the text."""
    todo = [node]
    while todo:
        at = todo.pop()
        yield at
        todo += reversed(at.children)


def ancestor(node: Node, *kinds: str) -> Node | None:
    """The nearest node above of one of the kinds."""
    at = node.parent
    while at is not None and at.type not in kinds:
        at = at.parent
    return at
