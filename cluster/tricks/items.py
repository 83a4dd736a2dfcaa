"""Items that a patch takes away, and with them what other code or other people could use."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tree_sitter import Node

from oxidizer.cluster.tricks.aliases import imports
from oxidizer.cluster.tricks.piece import COMMENTS, Piece, is_for_tests, is_testing, name_of, piece
from oxidizer.cluster.tricks.region import Change, sides
from oxidizer.cluster.tricks.trick import TrickName

_TYPES = frozenset({"struct_item", "enum_item", "union_item", "type_item", "trait_item", "associated_type"})
_VALUES = frozenset({"function_item", "function_signature_item", "const_item", "static_item"})
_PARTS = frozenset({"field_declaration", "enum_variant"})
_NAMES: dict[str, tuple[str, ...]] = defaultdict(lambda: ("name",), {"impl": ("trait", "type"), "use": ("argument",)})
"""The fields that hold what an item is called."""
_REACH = {"": 0, "pub(self)": 0, "pub(super)": 1, "pub(crate)": 1, "pub": 2}
REMOVABLE = frozenset(
    {
        "dead_code", "unused_imports", "unused_macros", "unused_macro_rules", "unused_extern_crates",
        "redundant_imports", "E0081", "E0116", "E0117", "E0118", "E0119", "E0124", "E0184", "E0201", "E0204", "E0206",
        "E0252", "E0254", "E0255", "E0260", "E0322", "E0323", "E0324", "E0325", "E0390", "E0407", "E0428", "E0437",
        "E0438", "E0592", "E0751", "ambiguous_glob_reexports", "hidden_glob_reexports", "clippy::derivable_impls",
        "clippy::duplicate_mod", "clippy::from_over_into", "clippy::inherent_to_string",
        "clippy::non_canonical_clone_impl", "clippy::non_canonical_partial_ord_impl", "clippy::partialeq_ne_impl",
        "clippy::single_component_path_imports", "clippy::to_string_trait_impl",
    }
)  # fmt: skip
"""Complaints of an item itself that its removal may mend."""
HIDEABLE = frozenset(
    {
        "unreachable_pub", "private_interfaces", "private_bounds", "unused_visibilities", "E0364", "E0365", "E0446",
        "E0449", "clippy::redundant_pub_crate", "clippy::needless_pub_self", "clippy::pub_with_shorthand",
        "clippy::pub_without_shorthand", "clippy::partial_pub_fields", "clippy::pub_use",
        "clippy::field_scoped_visibility_modifiers",
    }
)  # fmt: skip
"""Complaints that narrowing a visibility may mend."""


@dataclass(frozen=True)
class Item:
    """Something with a name, or an impl of a trait."""

    group: str
    """What may stand for it under the same name: type, value, part, module, macro, impl, use."""
    name: str
    parent: str
    reach: int
    """0: private; 1: in the crate; 2: public."""
    is_test: bool
    start: int
    end: int
    node: Node
    code: Piece

    @property
    def text(self) -> tuple[str, ...]:
        """Its words but for its name, by which a renaming is known."""
        own = [n for field in _NAMES[self.group] if (n := self.node.child_by_field_name(field)) is not None]
        inside = [w for w in self.code.words if self.start <= w.at < self.end]
        return tuple(w.text for w in inside if not any(n.start_byte <= w.at < n.end_byte for n in own))

    @property
    def key(self) -> tuple[str, str]:
        """What it is known by: who says that name finds it, wherever it stands now."""
        return self.group, f"{self.parent}::{self.name}" if self.group == "part" else self.name


def items(code: Piece) -> list[Item]:
    """What others could use of a piece, in order; nothing that is local to a function."""
    found: list[Item] = []
    todo: list[tuple[Node, str, bool]] = [(code.root, "", code.in_test)]
    while todo:
        node, parent, in_test = todo.pop()
        attributes: list[Node] = []
        below: list[tuple[Node, str, bool]] = []
        for child in node.named_children:
            if child.type == "attribute_item":
                attributes.append(child)
                continue
            if child.type in COMMENTS:
                continue
            tests = in_test or _is_test(attributes)
            attributes = []
            found += _named(child, parent, tests, code)
            if child.type != "function_item":
                below.append((child, name_of(child) or parent, tests))
        todo += [b for b in reversed(below) if b[0].type not in ("token_tree", "block", "macro_definition")]
    return sorted(found, key=lambda item: item.start)


def _named(node: Node, parent: str, tests: bool, code: Piece) -> Iterator[Item]:
    group = _group(node)
    names = [name_of(node)] if group else []
    if group == "use":
        inside = [w for w in code.words if node.start_byte <= w.at < node.end_byte] if _reach(node) else []
        names = [i.alias if i.alias != "*" else "::".join((*i.path, "*")) for i in imports(inside)]
    for name in names:
        if name:
            yield Item(group, name, parent, _reach(node), tests, node.start_byte, node.end_byte, node, code)


def _group(node: Node) -> str:
    if node.type in _TYPES:
        return "type"
    if node.type in _VALUES:
        return "value"
    if node.type in _PARTS:
        return "part"
    if node.type == "impl_item":
        return "impl" if node.child_by_field_name("trait") is not None else ""
    return {"mod_item": "module", "macro_definition": "macro", "use_declaration": "use"}.get(node.type, "")


def _reach(node: Node) -> int:
    modifier = next((c for c in node.named_children if c.type == "visibility_modifier"), None)
    if modifier is None:
        return 0
    return _REACH.get("".join((modifier.text or b"").decode("utf-8", "replace").split()), 1)


def _is_test(attributes: list[Node]) -> bool:
    for node in attributes:
        for attribute in piece(node.text or b"", False).attributes:
            if is_testing(attribute) or is_for_tests(attribute):
                return True
    return False


Place = tuple[Change, int, Item]
"""An item with its file's change and the offset of its piece there."""


def missing(
    changes: Sequence[Change], code: str, spans: Sequence[tuple[str, int]]
) -> Iterator[tuple[Change, TrickName, int, str]]:  # fmt: skip
    """The items that a patch takes away, narrows or renames, with their offsets in the file before.

    `code` and `spans` are the diagnostic's: what it complains of may go. A move within the patch takes nothing.
    """
    regions = [(change, region) for change in changes for region in change.regions]
    before = [(change, region.begin, i) for change, region in regions for i in items(region.before)]
    after = [i for _, region in regions for i in items(region.after)]
    source = [i for _, region in regions for i in items(region.source or region.before)]
    gone = (_counts([i for _, _, i in before]) & _counts(source)) - _counts(after)
    lost: list[Place] = []
    for change, begin, item in reversed(before):
        if gone[item.key] > 0:
            gone[item.key] -= 1
            if not item.is_test:
                lost.append((change, begin, item))
            elif item.group == "module" and item.node.child_by_field_name("body") is None:
                yield change, TrickName.DELETED_TEST, begin + item.start, f"names the tests `{item.name}` no more"
    # Of two of one name, either may go.
    asked = {i.key for c, b, i in before if any(f == c.file and b + i.start <= at < b + i.end for f, at in spans)}
    new = _new(after, before)
    for change, begin, item in reversed(lost):
        inside = item.parent and any(_holds(other, item) for _, _, other in lost)
        if inside or (code in REMOVABLE and item.key in asked) or _is_only_unread(change, item):
            continue
        alike = (n for n in new if (n.group, n.parent) == (item.group, item.parent))
        twin = next((n for n in alike if n.text == item.text), None)
        if twin is not None:
            new.remove(twin)
            yield change, TrickName.RENAMED_ITEM, begin + item.start, f"calls `{item.name}` `{twin.name}`"
        else:
            yield change, TrickName.DELETED_ITEM, begin + item.start, f"takes `{item.name}` away"
    if code not in HIDEABLE:
        yield from _narrowed(before, after, source)


def _new(after: Sequence[Item], before: Sequence[Place]) -> list[Item]:
    had, new = _counts([i for _, _, i in before]), []
    for item in after:
        if had[item.key] > 0:
            had[item.key] -= 1
        else:
            new.append(item)
    return new


def _is_only_unread(change: Change, item: Item) -> bool:
    """The code before is broken, and the item's name stands as often as it did: a tree may find items anywhere."""
    own = item.node.child_by_field_name("name")
    name = (own.text or b"").decode("utf-8", "replace") if own is not None else ""
    regions = change.regions
    if not name or not any(r.before.root.has_error for r in regions):
        return False
    had, has = (sum(w.text == name for p in ps for w in p.words) for ps in sides(regions))
    return has >= had


def _counts(found: Sequence[Item]) -> Counter[tuple[str, str]]:
    return Counter(item.key for item in found)


def _holds(outer: Item, inner: Item) -> bool:
    return outer is not inner and outer.start <= inner.start and inner.end <= outer.end and outer.name == inner.parent


def _narrowed(
    before: Sequence[Place], after: Sequence[Item], source: Sequence[Item]
) -> Iterator[tuple[Change, TrickName, int, str]]:
    reach, meant = _reaches(after), _reaches(source)
    for change, begin, item in before:
        now = reach.get((item.key, item.parent), reach.get((item.key, None)))
        wanted = meant.get((item.key, item.parent), meant.get((item.key, None), 0))
        if now is not None and not item.is_test and now < min(item.reach, wanted):
            yield change, TrickName.DELETED_ITEM, begin + item.start, f"lets fewer see `{item.name}`"


def _reaches(found: Sequence[Item]) -> dict[tuple[tuple[str, str], str | None], int]:
    """How far items are seen, by key and parent; by the key alone: the one that is seen farthest."""
    reach: dict[tuple[tuple[str, str], str | None], int] = {}
    for item in found:
        for place in ((item.key, item.parent), (item.key, None)):
            reach[place] = max(item.reach, reach.get(place, 0))
    return reach
