"""What mistakes that share a run of the compiler do to each other: of code that leans on broken code less is told."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cached_property

from tree_sitter import Node

from oxidizer.cluster.layout import Influence
from oxidizer.cluster.syntax import NAMED
from oxidizer.miners.operators.operator import Code, Route, walk

_TOLD = frozenset({Route.BODY, Route.ITEM, Route.SYNTAX, Route.LINT})
_RUN = frozenset({"const_item", "static_item", "const_block"})
_OPAQUE = frozenset({"macro_definition", "token_tree", "attribute_item", "inner_attribute_item"})


class Influences:
    """The influence of mistakes in one file."""

    def __init__(self, code: Code) -> None:
        self._code = code
        self._needs: dict[int, frozenset[str]] = {}
        self._named: dict[int, frozenset[str]] = {}
        self._run_names: dict[int, frozenset[str]] = {}

    def of(self, route: Route, start: int, end: int, item: Node | None, function: Node | None) -> Influence:
        """Of edits in a byte range, with the outermost item and function around them."""
        home = function if function is not None and function.start_byte <= start else item
        if home is None or route not in _TOLD:
            return Influence()
        in_body = _lies_in_body(start, end, function)
        spoils, needs = frozenset[str](), self._run_in(home)
        if function is None or is_const(function, self._code):
            spoils = self._running(home)
        if route is Route.LINT:
            # It compiles, mostly: what cannot be run any more complains where it is called.
            return Influence(False, spoils, imports=home.type == "use_declaration")
        if route is not Route.ITEM or in_body:
            return Influence(False, spoils, needs)
        names = self._names(home)
        words = Counter(_words(self._code.text(home)))
        # Its own names are no calls where it says them but once.
        said = {word for word, times in words.items() if word not in names or times > 1}
        return Influence(True, spoils if _answers_trait(home) else spoils | names, needs | said)

    @cached_property
    def _run(self) -> dict[str, frozenset[str]]:
        """The words of each function and constant of the file that the compiler may run."""
        found = {}
        for node in walk(self._code.root):
            name = node.child_by_field_name("name")
            if name and (node.type in _RUN or (node.type == "function_item" and is_const(node, self._code))):
                found[self._code.text(name)] = frozenset(_words(self._code.text(node)))
        return found

    def _names(self, home: Node) -> frozenset[str]:
        if home.start_byte not in self._named:
            self._named[home.start_byte] = frozenset(_names(home, self._code))
        return self._named[home.start_byte]

    def _running(self, home: Node) -> frozenset[str]:
        """The calls of its names, and of all by which the compiler comes to run them: they fail with what they call."""
        if home.start_byte not in self._run_names:
            found = set(self._names(home))
            while more := {n for n, words in self._run.items() if n not in found and not words.isdisjoint(found)}:
                found |= more
            self._run_names[home.start_byte] = frozenset(f"{name}()" for name in found)
        return self._run_names[home.start_byte]

    def _run_in(self, region: Node) -> frozenset[str]:
        """What the compiler runs before it can check the code of a region: lengths of arrays, constants, arguments."""
        if region.start_byte not in self._needs:
            texts = [self._code.text(part) for node in walk(region) if (part := _run_part(node)) is not None]
            self._needs[region.start_byte] = frozenset(f"{word}()" for text in texts for word in _words(text))
        return self._needs[region.start_byte]


def is_const(function: Node, code: Code) -> bool:
    """The compiler may run the function."""
    return any(c.type == "function_modifiers" and "const" in code.text(c) for c in function.children)


def _run_part(node: Node) -> Node | None:
    if node.type in ("array_type", "array_expression"):
        return node.child_by_field_name("length")
    return node if node.type in _RUN or node.type == "type_arguments" else None


def _lies_in_body(start: int, end: int, function: Node | None) -> bool:
    body = function and function.child_by_field_name("body")
    return body is not None and body.start_byte < start and end < body.end_byte


def _answers_trait(home: Node) -> bool:
    """A function of a trait's impl: who calls it is held to what the trait says."""
    above = home.parent and home.parent.parent
    return home.type == "function_item" and above is not None and above.child_by_field_name("trait") is not None


def _names(definition: Node, code: Code) -> Iterator[str]:
    """The names by which other code knows a definition, of an impl its type's, and its methods, fields and variants."""
    todo = [definition]
    while todo:
        node = todo.pop()
        if node.type == "impl_item" and (of := node.child_by_field_name("type")) is not None:
            yield from [code.text(n) for n in walk(of) if n.type in ("type_identifier", "primitive_type")][:1]
        elif node.type in NAMED and (name := node.child_by_field_name("name")) is not None:
            yield code.text(name)
        todo += [] if node.type == "function_item" else [c for c in node.named_children if c.type not in _OPAQUE]


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text)
