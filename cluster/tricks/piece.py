"""A piece of Rust as the tricks read it: its syntax tree, and its words in order, each with the item it belongs to.

Words are read off the leaves of the tree, so they are the same in code and in the arguments and bodies of macros, where
a tree knows no expressions. Comments are left out; documentation is kept apart, since its examples are tests.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

from tree_sitter import Node

from oxidizer.cluster.syntax import ITEMS, NAMED, parse_part

COMMENTS = frozenset({"line_comment", "block_comment"})
STRINGS = frozenset({"string_literal", "raw_string_literal"})
NUMBERS = frozenset({"integer_literal", "float_literal"})
_WHOLE = STRINGS | {"char_literal", "lifetime"}
TESTING = frozenset({"test", "rstest", "quickcheck", "bench", "test_case", "wasm_bindgen_test", "proptest", "test_log"})
_TEST_ITEMS = frozenset({"fn", "mod", "impl", "trait"})
_MAY_TEST = re.compile(rb"test|bench|quickcheck")
_BEFORE_FN = frozenset({"pub", "crate", "async", "const", "unsafe", "extern", "(", ")", "in", "super", "default"})
_CLOSING = {"(": ")", "[": "]", "{": "}"}


class Word(NamedTuple):
    """One token."""

    text: str
    at: int
    """Its byte offset in the piece."""
    kind: str
    """The kind of its node."""
    owner: str
    """The path of the innermost named item that it stands in; of an attribute's words, the one that it stands on."""


@dataclass(frozen=True)
class Attribute:
    """`#[..]` or `#![..]`, wherever it stands."""

    words: tuple[Word, ...]
    """Those between its brackets."""
    inner: bool
    at: int
    end: int
    """The number of the word behind it."""
    owner: str

    @property
    def head(self) -> str:
        """What it is called: `allow`; of `unsafe(no_mangle)`, what it holds."""
        path = [w.text for w in self.words if w.text not in ("(", ")", "unsafe")]
        return path[0] if path else ""

    @property
    def path(self) -> str:
        """Its whole path: `tokio::test`."""
        named = []
        for word in self.words:
            if word.text in ("(", "=", "[", "{"):
                break
            named.append(word.text)
        return "".join(named)

    @property
    def text(self) -> str:
        """Its words, in one way of writing them."""
        return plainly(self.words)


class Piece:
    """Some whole items of a file."""

    def __init__(self, text: bytes, in_test: bool) -> None:
        self.text, self.in_test = text, in_test

    @cached_property
    def root(self) -> Node:
        """The root of its own tree."""
        return parse_part(self.text).root_node

    @cached_property
    def words(self) -> list[Word]:
        """All words, in order."""
        found: list[Word] = []
        _collect(self.root, self.text, found)
        return found

    @cached_property
    def attributes(self) -> list[Attribute]:
        """All attributes, those in macros too."""
        found, at = [], 0
        while at < len(self.words):
            attribute = _attribute(self.words, at)
            if attribute is not None:
                found.append(attribute)
            at = attribute.end if attribute is not None else at + 1
        return found

    @cached_property
    def tests(self) -> dict[str, int]:
        """The paths of the functions that are tests, and where their names stand, in order."""
        found: dict[str, int] = {}
        if not _MAY_TEST.search(self.text):
            return found
        for attribute in self.attributes:
            at = self.stands_on(attribute)
            if is_testing(attribute) and at + 1 < len(self.words) and self.words[at].text == "fn":
                name = self.words[at + 1]
                known = name.owner == name.text or name.owner.endswith(f"::{name.text}")
                # In a macro there are no items.
                found[name.owner if known else under(name.owner, name.text)] = name.at
        return found

    def stands_on(self, attribute: Attribute) -> int:
        """The number of the word that says what an attribute stands on: `fn`, `mod`, `impl`, .."""
        at = attribute.end
        while (other := _attribute(self.words, at)) is not None:
            at = other.end
        while at < len(self.words) and (self.words[at].text in _BEFORE_FN or self.words[at].kind in STRINGS):
            at += 1
        return at

    @cached_property
    def fences(self) -> list[tuple[str, int]]:
        """The words behind the opening fences of the examples in its documentation, and where they stand."""
        return list(_fences(self.text)) if b"```" in self.text else []

    @cached_property
    def owners(self) -> frozenset[str]:
        """The paths of all items that something stands in."""
        return frozenset(w.owner for w in self.words)

    @cached_property
    def test_owners(self) -> frozenset[str]:
        """The items that are tests, or stand in a module that is built for tests alone."""
        if not _MAY_TEST.search(self.text):
            return frozenset()
        found = set(self.tests)
        for attribute in self.attributes:
            at = self.stands_on(attribute)
            if not is_for_tests(attribute) or at >= len(self.words) or self.words[at].text not in _TEST_ITEMS:
                continue
            begin = next((n for n in range(at, len(self.words)) if self.words[n].text in "{;"), None)
            if begin is not None and self.words[begin].text == "{":
                found |= {w.owner for w in self.words[attribute.end : self.group(begin)]}
            found.add(attribute.owner)
        return frozenset(found - {""})

    def is_test(self, owner: str) -> bool:
        """Code in an item of this path is part of a test."""
        return self.in_test or owner in self.test_owners

    def group(self, at: int) -> int:
        """The number of the word that closes the bracket which the word `at` opens; of the last one where none does."""
        return closing(self.words, at)


@lru_cache(maxsize=256)
def piece(text: bytes, in_test: bool) -> Piece:
    """The piece with this text: read once."""
    return Piece(text, in_test)


def is_testing(attribute: Attribute) -> bool:
    """What it stands on is a test."""
    return not attribute.inner and attribute.path.rpartition(":")[2] in TESTING


def is_for_tests(attribute: Attribute) -> bool:
    """What it stands on is built for tests alone."""
    words = attribute.text.split()
    return attribute.head == "cfg" and "test" in words and "not" not in words


def plainly(words: Sequence[Word]) -> str:
    """Words in one way of writing them: without last commas."""
    return re.sub(r" ,(?= [)\]}])| ,$", "", " ".join(w.text for w in words))


def closing(words: Sequence[Word], at: int) -> int:
    """As `Piece.group`, of any words."""
    opener, depth = words[at].text, 0
    closer = _CLOSING[opener]
    for number in range(at, len(words)):
        depth += (words[number].text == opener) - (words[number].text == closer)
        if depth == 0:
            return number
    return len(words) - 1


def _attribute(words: Sequence[Word], at: int) -> Attribute | None:
    if at >= len(words) or words[at].text != "#":
        return None
    inner = at + 1 < len(words) and words[at + 1].text == "!"
    begin = at + 1 + inner
    if begin >= len(words) or words[begin].text != "[":
        return None
    end = closing(words, begin)
    return Attribute(tuple(words[begin + 1 : end]), inner, words[at].at, end + 1, words[at].owner)


def name_of(node: Node) -> str:
    """What an item is called; an impl by its trait and type; "" for what has no name."""
    if node.type == "impl_item":
        parts = (node.child_by_field_name("trait"), node.child_by_field_name("type"))
        named = [bare(part) for part in parts if part is not None]
        return "impl " + " for ".join(named)
    name = node.child_by_field_name("name")
    return _text(name) if name is not None else ""


def under(path: str, name: str) -> str:
    """The path of what is called so in the item of a path; what has no name is the item's own."""
    return f"{path}::{name}" if path and name else path or name


def bare(node: Node) -> str:
    """A type or a trait without its generic arguments and lifetimes."""
    inner = node.child_by_field_name("type") if node.type == "generic_type" else None
    return re.sub(r"'\w+|\s+", "", _text(inner or node))


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")


def _collect(node: Node, text: bytes, found: list[Word]) -> None:
    todo: list[tuple[Node, str]] = [(node, "")]
    while todo:
        at, own = todo.pop()
        kind = at.type
        if kind in COMMENTS:
            continue
        if kind in _WHOLE or not at.child_count:
            start = at.start_byte
            word = text[start : at.end_byte].decode("utf-8", "replace")
            # To a macro's name it is all one whether it is written raw.
            found.append(Word(word.removeprefix("r#") if kind == "identifier" else word, start, kind, own))
            continue
        within = under(own, name_of(at)) if kind in NAMED else own
        for child in reversed(at.children):
            todo.append((child, _stands_on(child, within) if child.type == "attribute_item" else within))


def _stands_on(attribute: Node, owner: str) -> str:
    """The path of what an attribute stands on."""
    at = attribute.next_named_sibling
    while at is not None and (at.type == "attribute_item" or at.type in COMMENTS):
        at = at.next_named_sibling
    return under(owner, name_of(at)) if at is not None and at.type in ITEMS else owner


def _fences(text: bytes) -> Iterator[tuple[str, int]]:
    opened = False
    for line in re.finditer(rb"(?m)^\s*(?://[/!]|\*)\s*```([^`\n]*)$", text):
        if not opened:
            yield line[1].decode("utf-8", "replace").strip(), line.start(1)
        opened = not opened
