"""The tests of a Rust file by the paths that libtest gives them inside of it, each with its item's text.

What macros make is read from their arguments: functions in them that are tests, and the names that a macro called among
tests is given. Names that are no test's do no harm: they never run.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tree_sitter import Node

from oxidizer.cluster.outline import is_test_attribute, is_testing_macro
from oxidizer.cluster.syntax import COMMENTS, parse
from oxidizer.miners.pulls.examples import documentation
from oxidizer.miners.pulls.layout import rust_tokens


@dataclass(frozen=True, order=True)
class TestItem:
    """A test, by its file."""

    __test__ = False

    file: str
    path: str
    """Inside the file: `tests::works`; of a documentation example its item and ordinal: `Stack::push #1`."""


Known = tuple[str, tuple[str, ...]]
"""A test's name without its modules, and its tokens."""


def test_items(source: bytes) -> dict[str, bytes]:
    """The text of each test function of a file, attributes included, by its path."""
    return dict(_in(parse(source).root_node, ())) if _may_hold(source) else {}


def doctest_items(source: bytes) -> dict[str, bytes]:
    """The text of each documentation example, by its item and ordinal."""
    return {example.name: example.text for example in documentation(source).examples}


def written_items(file: str, new: Mapping[str, bytes], known: Collection[Known]) -> frozenset[TestItem]:
    """The items of a file that are none of the known ones, wherever those stood and however they were laid out."""
    return frozenset(TestItem(file, path) for path, text in new.items() if known_as(path, text) not in known)


def known_as(path: str, text: bytes) -> Known:
    """What stays of a test that is moved, whose module is renamed, or that rustfmt writes anew."""
    return path.rpartition("::")[2], rust_tokens(text)


def changed_doctests(file: str, old: Mapping[str, bytes], new: Mapping[str, bytes]) -> frozenset[TestItem]:
    """The examples whose text is new; one that moved to another place among those of its item has not changed."""
    known = {(path.rpartition(" #")[0], text) for path, text in old.items()}
    return frozenset(
        TestItem(file, path) for path, text in new.items() if (path.rpartition(" #")[0], text) not in known
    )


def _may_hold(source: bytes) -> bool:
    return any(word in source for word in (b"test", b"bench", b"quickcheck", b"!"))


def _in(scope: Node, names: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    """The tests in a scope whose path is `names`."""
    lead: list[Node] = []
    for node in scope.named_children:
        if node.type == "attribute_item" or node.type in COMMENTS:
            lead.append(node)
            continue
        inner = node.named_children[0] if node.type == "expression_statement" and node.named_children else node
        yield from _of(inner, lead, names)
        lead = []


def _of(node: Node, lead: Sequence[Node], names: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    if node.type == "function_item":
        attributes = [_text(some) for some in lead if some.type == "attribute_item"]
        if any(is_test_attribute(text) and not text.lstrip("#![ ").startswith("cfg") for text in attributes):
            yield (
                _path(names, _field(node, "name")),
                "\n".join([*attributes, _text(node)]).encode("utf-8", "surrogateescape"),
            )
    elif node.type == "mod_item":
        body = node.child_by_field_name("body")
        if body is not None:
            yield from _in(body, (*names, _field(node, "name").removeprefix("r#")))
    elif node.type == "macro_invocation":
        tree = next((child for child in node.children if child.type == "token_tree"), None)
        if tree is not None:
            yield from _in_macro(_field(node, "macro"), tree.children[1:-1], names)


def _in_macro(macro: str, tokens: Sequence[Node], names: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    """Functions, else the words at the top, each with what stands behind it up to the next."""
    functions = [at for at, token in enumerate(tokens[:-1]) if token.type == "fn"]
    marked = is_testing_macro(macro) or any(is_test_attribute(f"#{_text(t)}") for t in tokens if t.type == "token_tree")
    heads = functions if functions and marked else [] if functions else _heads(tokens)
    for at, following in pairwise([*heads, len(tokens)]):
        name = tokens[at + bool(functions)]
        words = b" ".join(token.text or b"" for token in tokens[at:following])
        yield _path(names, _text(name)), macro.encode() + b"! " + words


def _heads(tokens: Sequence[Node]) -> list[int]:
    """Where a name stands that a macro may give to a test: first, or behind a `,`, `;` or `}`."""
    found = []
    for at, token in enumerate(tokens):
        before = tokens[at - 1] if at else None
        begins = (
            before is None or before.type in (",", ";") or (before.type == "token_tree" and _text(before)[0] == "{")
        )
        follows = at + 1 < len(tokens) and tokens[at + 1].type in (",", ";", ":", "=>", "token_tree")
        if token.type == "identifier" and begins and follows:
            found.append(at)
    return found


def _path(names: Sequence[str], name: str) -> str:
    return "::".join((*names, name.removeprefix("r#")))


def _field(node: Node, field: str) -> str:
    named = node.child_by_field_name(field)
    return _text(named) if named is not None else ""


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "surrogateescape")
