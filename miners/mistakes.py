"""Where operators can make their mistakes: one walk over a file's syntax tree.

Left out by syntax: test code, definitions and arguments of macros, and files that say that they are generated. A
package's Cargo.toml is for the operators of manifests alone, and they are for nothing else; some of them change its
workspace's instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tree_sitter import Node

from oxidizer.cluster.layout import NO_INFLUENCE, Influence, Mutant
from oxidizer.cluster.outline import is_test_attribute
from oxidizer.cluster.syntax import ITEMS, is_generated, table_region
from oxidizer.miners.influence import Influences, is_const
from oxidizer.miners.operators.operator import Code, Operator, Route, Site, walk

_SKIPPED = frozenset({"macro_definition", "token_tree", "attribute_item", "inner_attribute_item"})
_BODIED = frozenset({Route.BODY, Route.BEHAVIOUR})


@dataclass(frozen=True)
class Mistake:
    """An operator at work at one site."""

    operator: Operator
    site: Site
    file: str
    """The one that the first edit changes."""
    region: tuple[int, int]
    """The byte range of the outermost function or item that the route speaks of; of a manifest, a table."""
    function: str
    """The name of the outermost function or item around the first edit; "" where there is none."""
    is_const: bool
    """The code may run at compile time."""
    route: Route
    """The operator's, but `crate` where others notice what is wrong with an item."""
    influence: Influence = NO_INFLUENCE
    """What it does to others in a shared run."""

    @property
    def lints(self) -> tuple[str, ...]:
        """The lints that it aims at; none where it aims at errors."""
        return self.operator.codes if self.route is Route.LINT else ()

    @property
    def mutant(self) -> Mutant:
        """What is judged of it."""
        return Mutant(self.site.edits, self.file, *self.region, self.lints, self.influence)


def mistakes(code: Code, operators: Iterable[Operator]) -> Iterator[Mistake]:
    """Every mistake that the operators can make in a file, in the order of its nodes."""
    wanting: dict[str, list[Operator]] = {}
    for operator in operators:
        if (operator.route is Route.MANIFEST) == code.is_manifest:
            for kind in operator.nodes:
                wanting.setdefault(kind, []).append(operator)
    if code.is_manifest:
        yield from _in_manifest(code, wanting)
        return
    if is_generated(code.source):
        return
    influences = Influences(code)
    for node, item, function in _live(code.root, code):
        for operator in wanting.get(node.type, ()):
            for site in operator.sites(node, code):
                if (found := _placed(operator, site, code, item, function, influences)) is not None:
                    yield found


def _in_manifest(code: Code, wanting: Mapping[str, Sequence[Operator]]) -> Iterator[Mistake]:
    """The mistakes in a Cargo.toml, or for its package in the workspace's. What is no TOML has none; cargo's word that
    it wrote one does not matter.
    """
    if code.root.has_error:
        return
    sources = {home.file: home.source for home in (code.workspace, code) if home is not None}
    for node in walk(code.root):
        for operator in wanting.get(node.type, ()):
            for site in operator.sites(node, code):
                first = site.edits[0]
                region = table_region(sources[first.file], [(first.start, first.end)])
                yield Mistake(operator, site, first.file, region, "", False, Route.MANIFEST)


def _live(root: Node, code: Code) -> Iterator[tuple[Node, Node | None, Node | None]]:
    """The nodes outside of tests and macros, each with the outermost item and function around it."""
    todo: list[tuple[Node, Node | None, Node | None]] = [(root, None, None)]
    while todo:
        node, item, function = todo.pop()
        if node.type in ITEMS and node.type != "mod_item" and item is None:
            item = node
        if node.type == "function_item" and function is None:
            function = node
        yield node, item, function
        todo += [(c, item, function) for c in reversed(_children(node, code))]


def _children(node: Node, code: Code) -> list[Node]:
    kept: list[Node] = []
    dropped = False
    for child in node.children:
        if child.type in ("attribute_item", "inner_attribute_item"):
            # An attribute of a test takes the item after it along; an inner one all that it lies in.
            if is_test_attribute(code.text(child)):
                if child.type == "inner_attribute_item":
                    return []
                dropped = True
        elif child.type in ("line_comment", "block_comment"):
            continue
        elif dropped and child.is_named:
            dropped = False
        elif child.type not in _SKIPPED:
            kept.append(child)
    # Attributes and the visibility of an item are its own business: operators reach them from the item.
    return kept


def _placed(
    operator: Operator, site: Site, code: Code, item: Node | None, function: Node | None, influences: Influences
) -> Mistake | None:  # fmt: skip
    """The mistake with its region; None where an edit lies outside of what the route allows, or changes nothing."""
    if all(code.source[e.start : e.end] == e.replacement for e in site.edits):
        return None
    start, end = site.edits[0].start, site.edits[-1].end
    home = function if operator.route in _BODIED or (operator.route is Route.LINT and function) else item
    if operator.route in (Route.CRATE, Route.SYNTAX):
        home = home or code.root
    if home is None or not (home.start_byte <= start and end <= home.end_byte):
        if operator.route not in (Route.CRATE, Route.SYNTAX):
            return None
        home = code.root
    named = function or item
    name = named.child_by_field_name("name") or named.child_by_field_name("type") if named else None
    spoils = operator.route is Route.ITEM and item is not None and _is_noticed(operator, start, item)
    return Mistake(
        operator, site, code.file, (home.start_byte, home.end_byte), code.text(name) if name else "",
        function is None or is_const(function, code), Route.CRATE if spoils else operator.route,
        influences.of(operator.route, start, end, item, function),
    )  # fmt: skip


def _is_noticed(operator: Operator, start: int, item: Node) -> bool:
    """What is wrong with an item keeps the compiler from what leans on it, or has it complain there.

    So it is with the head of a trait's impl, for the trait's other impls, and a type's lifetimes, for all its users.
    """
    if item.type in ("struct_item", "enum_item", "union_item"):
        return "lifetime" in operator.classes
    body = item.child_by_field_name("body")
    heads = item.type == "impl_item" and item.child_by_field_name("trait") is not None
    return heads and body is not None and start < body.start_byte
