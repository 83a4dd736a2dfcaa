"""Bodies that a patch guts: a function that did something now only gives a constant, a default or its argument."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from tree_sitter import Node

from oxidizer.cluster.tricks.piece import COMMENTS, Piece, name_of, under
from oxidizer.cluster.tricks.trick import Fact, TrickName

_PLAIN = frozenset(
    {
        "integer_literal", "float_literal", "string_literal", "raw_string_literal", "char_literal", "boolean_literal",
        "identifier", "self", "scoped_identifier", "generic_function", "unit_expression", "negative_literal",
        "shorthand_field_initializer", "type_identifier", "scoped_type_identifier", "field_identifier", "generic_type",
        "mutable_specifier", "primitive_type", "empty_statement", "base_field_initializer", "range_expression",
    }
)  # fmt: skip
_WRAPPERS = frozenset(
    {
        "reference_expression", "unary_expression", "parenthesized_expression", "tuple_expression", "array_expression",
        "struct_expression", "field_initializer_list", "field_initializer", "return_expression", "type_cast_expression",
        "expression_statement", "arguments", "unsafe_block", "block", "field_expression",
    }
)  # fmt: skip
"""What adds nothing to plain parts."""
_EMPTY_CALLS = frozenset({"default", "new", "empty", "none", "zeroed"})
_MAKERS = frozenset({"Some", "Ok", "Err", "Box::new", "Rc::new", "Arc::new", "Cow::Borrowed", "Cow::Owned"})
_COPIES = frozenset({"clone", "into", "to_owned", "to_string", "to_vec", "as_ref", "as_str", "copied", "cloned"})
_INNER = re.compile(rb"\bfn\b")
_OPENS = frozenset({"unwrap", "expect", "unwrap_or_default", "unwrap_or"})
_NAMES = frozenset({"identifier", "self", "metavariable"})
_MACROS = frozenset({"vec", "format", "String"})


@dataclass(frozen=True)
class Function:
    """A function with a body."""

    node: Node
    body: Node

    @cached_property
    def statements(self) -> list[Node]:
        """Its statements, and the value at its end."""
        skipped = COMMENTS | {"attribute_item", "inner_attribute_item", "empty_statement", "label"}
        return [c for c in self.body.named_children if c.type not in skipped]

    @cached_property
    def deeds(self) -> list[Node]:
        """Those that do something."""
        return [s for s in self.statements if not _is_plain(s)]

    @property
    def is_constant(self) -> bool:
        """It names no argument and nothing else that has a value of its own."""
        return not any(_says_name(s) for s in self.statements)

    @property
    def leaves_first(self) -> bool:
        """It returns something plain before its other statements."""
        for statement in self.statements[:-1]:
            inner = _unwrapped(statement)
            if inner.type == "if_expression" and _is_certain(inner) and (then := _consequence(inner)):
                inner = _unwrapped(then[-1])
            if inner.type == "return_expression":
                return _is_plain(inner)
            if not _is_plain(statement):
                return False
        return False


def functions(piece: Piece) -> dict[tuple[str, int], Function]:
    """All functions with a body, by their path and, of one path, their number."""
    found: dict[tuple[str, int], Function] = {}
    seen = Counter[str]()
    todo: list[tuple[Node, str]] = [(piece.root, "")]
    while todo:
        node, path = todo.pop()
        body = node.child_by_field_name("body")
        if node.type == "function_item" and body is not None:
            path = under(path, name_of(node))
            found[path, seen[path]] = Function(node, body)
            seen[path] += 1
            if not _INNER.search(body.text or b""):
                continue
        elif node.type in ("impl_item", "mod_item", "trait_item"):
            path = under(path, name_of(node))
        if node.type != "token_tree":
            todo += [(c, path) for c in reversed(node.named_children)]
    return found


def gutted(before: Piece, after: Piece, source: Piece | None, lint: tuple[int, int] | None) -> Iterator[Fact]:
    """Functions that did something before, and in the source, and do nothing after.

    `lint` is the range before of which a lint complains: it may ask for one whole statement to be put plainer.
    """
    was = functions(before)
    healthy = functions(source) if source is not None else None
    for (path, number), now in functions(after).items():
        old = was.get((path, number))
        if old is None or not old.deeds or now.body.text == old.body.text:
            continue
        if now.deeds and not (now.leaves_first and not old.leaves_first):
            continue
        meant = healthy.get((path, number)) if healthy is not None else None
        if meant is not None and (not meant.deeds or meant.body.text == now.body.text):
            continue
        if not now.deeds and (_is_asked(old, lint) or (len(old.deeds) == 1 and not _drops(old, now))):
            continue
        # Of broken code a tree may say anything; what is gutted is shorter.
        if not now.deeds and _size(after, now) >= _size(before, old):
            continue
        name = path.rpartition("::")[2]
        if after.is_test(path) or before.is_test(path) or (name in ("eq", "ne") and now.is_constant):
            continue  # tricks with names of their own
        yield Fact((TrickName.GUTTED_BODY,), "", path, now.node.start_byte, f"`{path}` does nothing of what it did")


def _size(code: Piece, function: Function) -> int:
    return sum(function.body.start_byte <= w.at < function.body.end_byte for w in code.words)


def _drops(old: Function, now: Function) -> bool:
    """The one statement that did something gave way to what uses nothing, where it used something."""
    return now.is_constant and (not now.statements or not old.is_constant)


def _is_asked(old: Function, lint: tuple[int, int] | None) -> bool:
    """A lint speaks of all that the function did."""
    return lint is not None and all(lint[0] <= d.start_byte and d.end_byte <= lint[1] + 1 for d in old.deeds)


def _is_certain(node: Node) -> bool:
    """An `if` whose condition names nothing."""
    condition = node.child_by_field_name("condition")
    return condition is not None and not _says_name(condition) and _is_plain(condition)


def _consequence(node: Node) -> Sequence[Node]:
    then = node.child_by_field_name("consequence")
    return _parts(then) if then is not None else []


def _unwrapped(node: Node) -> Node:
    named = _parts(node)
    return named[0] if node.type == "expression_statement" and named else node


def _parts(node: Node) -> Sequence[Node]:
    return [c for c in node.named_children if c.type not in COMMENTS]


def _is_plain(node: Node) -> bool:
    """It does nothing but name or put together what is there."""
    if node.type in _PLAIN:
        return True
    if node.type == "let_declaration":
        value = node.child_by_field_name("value")
        return value is None or (node.child_by_field_name("alternative") is None and _is_plain(value))
    if node.type in _WRAPPERS:
        return all(_is_plain(part) for part in _parts(node))
    if node.type == "call_expression":
        return _is_plain_call(node)
    if node.type == "macro_invocation":
        return _is_plain_macro(node)
    return node.type in ("function_item", "use_declaration", "const_item", "static_item", "struct_item", "enum_item")


def _is_plain_call(node: Node) -> bool:
    function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
    if function is None or arguments is None:
        return False
    text, given = (function.text or b"").decode("utf-8", "replace"), _parts(arguments)
    if function.type == "field_expression":
        value = function.child_by_field_name("value")
        method = text.rpartition(".")[2]
        if value is None or not _is_plain(value):
            return False
        # What is taken out of a constant is one.
        return (not given and method in _COPIES) or (method in _OPENS and not _says_name(value))
    if not given:
        return text.rpartition(":")[2] in _EMPTY_CALLS
    return text in _MAKERS and all(_is_plain(part) for part in given)


def _is_plain_macro(node: Node) -> bool:
    name = node.child_by_field_name("macro")
    tokens = next((c for c in node.named_children if c.type == "token_tree"), None)
    if name is None or tokens is None or (name.text or b"").decode("utf-8", "replace") not in _MACROS:
        return False
    return all(c.type in _PLAIN for c in tokens.named_children)


def _says_name(node: Node) -> bool:
    todo = [node]
    while todo:
        at = todo.pop()
        if at.type in _NAMES:
            # `None`, `Vec` and their kin are names of constants, not of values that came in.
            if not (at.text or b"")[:1].isupper():
                return True
            continue
        if at.type in ("scoped_identifier", "let_declaration"):
            value = at.child_by_field_name("value")
            todo += [value] if value is not None else []
            continue
        function = at.child_by_field_name("function") if at.type == "call_expression" else None
        todo += [c for c in at.named_children if c != function or c.type == "field_expression"]
    return False
