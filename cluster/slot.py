"""A function that can have siblings: where it stands, and which texts of it can stand beside each other.

Promises: outside of such a function nothing is seen of its body but what it uses. So it runs at no compile time, it
returns no type that its body chooses (`impl Trait`, `async`), it has no name or attribute that tools look for, and no
text of it holds items but `use`, or macros that could make some.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tree_sitter import Node

from oxidizer.cluster.diagnostics import Diagnostic, Span
from oxidizer.cluster.edits import Edit, apply
from oxidizer.cluster.syntax import COMMENTS, parse
from oxidizer.cluster.verdict import Trial
from oxidizer.cluster.workbench import Workbench

_ATTRIBUTE = re.compile(
    rb"#\s*\[\s*(?:inline|cold|must_use|track_caller|deprecated|doc|cfg|allow|warn|deny|rustfmt::\w+|clippy::\w+)\b(?!::)"
)
"""Attributes that mean the same to each of several functions."""
_ITEMS = frozenset(
    {"const", "enum", "extern", "fn", "impl", "macro_rules!", "mod", "static", "struct", "trait", "type", "union"}
)
_MACROS = frozenset(
    {
        b"assert", b"assert_eq", b"assert_ne", b"concat", b"dbg", b"debug_assert", b"debug_assert_eq",
        b"debug_assert_ne", b"env", b"eprint", b"eprintln", b"file", b"format", b"format_args", b"matches",
        b"module_path", b"option_env", b"panic", b"print", b"println", b"stringify", b"todo", b"unimplemented",
        b"unreachable", b"vec", b"write", b"writeln",
    }
)  # fmt: skip
"""The standard library's macros that make no items."""


@dataclass(frozen=True)
class Slot:
    """Such a function in the broken code, and in the healthy source."""

    file: str
    broken: tuple[int, int]
    """Its bytes in the code with the setup."""
    source: tuple[int, int]
    name: tuple[int, int]
    """Its name's bytes, counted from its start."""
    head: bytes
    """Its text up to its body: what a candidate must leave as it is."""
    lead: bytes
    """The attributes and documentation before it."""

    def candidate(self, bench: Workbench, trial: Trial) -> bytes | None:
        """The function as the trial writes it; None where that can be no sibling."""
        begin, end = self.broken
        first = begin + len(self.head)
        if not all(e.file == self.file and first <= e.start and e.end <= end for e in trial.edits):
            return None
        text = bench.reader(trial.setup)(self.file)[begin:end]
        written = apply(text, moved(trial.edits, begin))
        # A sibling would call the healthy function, not itself.
        if re.search(rb"\b%s\b" % text[slice(*self.name)], written[len(self.head) :]):
            return None
        # What does not parse as one function could swallow its siblings.
        root = parse(written).root_node
        whole = [c for c in root.children if c.type not in COMMENTS]
        if len(whole) != 1 or whole[0].type != "function_item" or root.has_error:
            return None
        body = whole[0].child_by_field_name("body")
        same_head = body is not None and body.start_byte == len(self.head)
        return written if same_head and _keeps_to_itself(body) else None

    def in_body(self, diagnostic: Diagnostic) -> bool:
        """The broken code's complaint stands in the function's body."""
        return within(diagnostic, self.file, self.broken[0] + len(self.head), self.broken[1])


def find_slot(bench: Workbench, trial: Trial) -> Slot | None:
    """The function in which a trial's target stands, where it can have siblings."""
    at = trial.target.primary
    if at is None or not at.in_source or {e.file for e in trial.setup} - {at.file}:
        return None
    broken, source = bench.reader(trial.setup)(at.file), bench.read(at.file)
    function = _function(broken, at.byte_start)
    if function is None or not _can_have_siblings(function):
        return None
    grown = sum(len(e.replacement) - (e.end - e.start) for e in trial.setup)
    begin, end = function.start_byte, function.end_byte
    healthy = _function(source, begin)
    if healthy is None or (healthy.start_byte, healthy.end_byte) != (begin, end - grown):
        return None
    name, body, old = (
        function.child_by_field_name("name"),
        function.child_by_field_name("body"),
        healthy.child_by_field_name("body"),
    )
    if name is None or body is None or not _keeps_to_itself(body) or not _keeps_to_itself(old):
        return None
    head = broken[begin : body.start_byte]
    first = min((n.start_byte for n in _before(function)), default=begin)
    inside = all(begin + len(head) <= e.start and e.end <= end - grown for e in trial.setup)
    place = (name.start_byte - begin, name.end_byte - begin)
    slot = Slot(at.file, (begin, end), (begin, end - grown), place, head, broken[first:begin])
    return slot if inside and old is not None and old.start_byte == body.start_byte else None


def moved(edits: Sequence[Edit], by: int) -> list[Edit]:
    """Edits as they are counted from a function's start."""
    return [Edit(e.file, e.start - by, e.end - by, e.replacement) for e in edits]


def within(diagnostic: Diagnostic, file: str, begin: int, end: int) -> bool:
    """The complaint, or the macro call that made its place, stands in a region of a file."""
    at = _call_site(diagnostic)
    return at is not None and at.file == file and begin <= at.byte_start <= end


def _call_site(diagnostic: Diagnostic) -> Span | None:
    at = diagnostic.primary
    while at is not None and at.expansion is not None:
        at = at.expansion.span
    return at


def _function(source: bytes, offset: int) -> Node | None:
    """The outermost function around a byte."""
    node, found = parse(source).root_node.descendant_for_byte_range(offset, offset), None
    while node is not None:
        found = node if node.type == "function_item" else found
        node = node.parent
    return found


def _before(item: Node) -> Iterator[Node]:
    """The attributes and comments that lead to an item, the nearest first."""
    before = item.prev_sibling
    while before is not None and before.type in ("attribute_item", *COMMENTS):
        if any(child.type == "inner_doc_comment_marker" for child in before.children):
            return
        yield before
        before = before.prev_sibling


def _can_have_siblings(function: Node) -> bool:
    """Its kind, its home, its attributes and its head allow it."""
    name = function.child_by_field_name("name")
    if name is None or name.text == b"main" or not _plain(function):
        return False
    home = function.parent
    while home is not None and home.type != "source_file":
        owner = home.parent
        if home.type != "declaration_list" or owner is None or owner.type not in ("impl_item", "mod_item"):
            return False
        if owner.child_by_field_name("trait") is not None or not _plain(owner):
            return False
        home = owner.parent
    # Callers see through a type that the body chooses: whether it is `Send`, how long it lives.
    returned = function.child_by_field_name("return_type")
    modifiers = next((c for c in function.children if c.type == "function_modifiers"), None)
    fixed = modifiers is None or not {"const", "async", "gen"} & {leaf.type for leaf in _leaves(modifiers)}
    head = [leaf for child in function.children if child.type != "block" for leaf in _leaves(child)]
    unhidden = returned is None or all(leaf.type != "impl" for leaf in _leaves(returned))
    return fixed and unhidden and all(leaf.type != "!" or leaf.next_sibling is None for leaf in head)


def _plain(item: Node) -> bool:
    """No attribute of it does, or asks for, more than we know of."""
    attributes = [n.text or b"" for n in _before(item) if n.type == "attribute_item"]
    return all(_ATTRIBUTE.match(text) for text in attributes)


def _keeps_to_itself(body: Node | None) -> bool:
    """A body makes no items but `use`: those are seen outside, or meet those of a sibling."""
    return body is not None and not any(map(_makes_items, _leaves(body)))


def _makes_items(leaf: Node) -> bool:
    parent, after, before = leaf.parent, leaf.next_sibling, leaf.prev_sibling
    if leaf.type in _ITEMS:
        return parent is None or parent.type not in ("pointer_type", "function_type")
    if leaf.type != "!" or after is None or before is None:
        return False
    if before.type == "scoped_identifier":
        return True
    if before.type != "identifier":
        return False  # the operator
    qualified = before.prev_sibling is not None and before.prev_sibling.type == "::"
    return qualified or before.text not in _MACROS


def _leaves(node: Node) -> Iterator[Node]:
    if not node.children:
        yield node
    for child in node.children:
        yield from _leaves(child)
