"""Traits that are missing where they are used: not imported, not implemented, not the right one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from oxidizer.miners.operators.cuts import only, removal, swapped, without
from oxidizer.miners.operators.names import typo
from oxidizer.miners.operators.operator import Code, Operator, Route, Site, child, named, walk
from oxidizer.miners.operators.scopes import words
from oxidizer.miners.operators.shapes import call, is_place, method
from oxidizer.miners.operators.surroundings import leads_with_comment
from oxidizer.miners.operators.wording import headline, short

_ADAPTORS = frozenset({
    "map", "filter", "filter_map", "enumerate", "zip", "rev", "skip", "take", "collect", "fold", "all", "any", "find",
    "position", "sum", "min", "max", "count", "chain", "peekable", "take_while", "skip_while", "cloned", "copied",
    "for_each", "flat_map", "next", "step_by", "windowed", "last", "nth",
})  # fmt: skip
_NEEDED_BY = {
    "PartialEq": ("Eq", "PartialOrd"), "Clone": ("Copy",), "PartialOrd": ("Ord",), "Eq": ("Ord",),
    "Index": ("IndexMut",), "Debug": ("Error",), "Display": ("Error", "to_string"), "Hash": ("HashMap", "HashSet"),
    "Iterator": ("DoubleEndedIterator", "ExactSizeIterator", "FusedIterator"), "From": ("into",),
    "FromStr": ("parse",), "DoubleEndedIterator": ("rev", "next_back"), "Deref": ("DerefMut",), "Default": ("default",),
    "Add": ("AddAssign",), "IntoIterator": ("into_iter",), "BitOr": ("BitOrAssign",), "AsRef": ("as_ref",),
}  # fmt: skip
"""Traits, and the names of others or of their uses that ask for them."""
_ITERATES = frozenset({"iter", "iter_mut", "into_iter", "chars", "bytes", "char_indices", "lines", "keys", "values"})


class MisspellTrait(Operator):
    """An impl of a trait that is not there."""

    name = "misspell_trait"
    codes = ("E0405",)
    route = Route.CRATE
    rationale = "The name of a trait has to be in scope as it is written, to the letter."
    nodes = ("impl_item", "trait_bounds")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The trait's name in an impl's head and in bounds."""
        found = node.child_by_field_name("trait") if node.type == "impl_item" else next(iter(named(node)), None)
        while found is not None and found.type in ("generic_type", "scoped_type_identifier"):
            found = found.child_by_field_name("type" if found.type == "generic_type" else "name")
        if found is None or found.type != "type_identifier":
            return
        wrong = typo(found, code)
        where = f"`{headline(code, node)}`" if node.type == "impl_item" else f"the bound `{short(code, node)}`"
        yield code.site(f"{where} should name `{code.text(found)}`, but says `{wrong}`", code.replace(found, wrong))


class SwapTraitAndType(Operator):
    """`impl Type for Trait`."""

    name = "swap_trait_and_type"
    codes = ("E0404",)
    route = Route.CRATE
    rationale = "It is `impl Trait for Type`; people who think of `class Type: Trait` turn the two around."
    nodes = ("impl_item",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The two names."""
        of, target = node.child_by_field_name("trait"), node.child_by_field_name("type")
        if of is None or target is None or target.type not in ("type_identifier", "generic_type", "primitive_type"):
            return
        if "\n" in code.text(of) + code.text(target):
            return
        cause = f"`{short(code, target)}` is a type, it stands where the trait `{short(code, of)}` belongs"
        yield code.site(cause, *swapped(code, of, target))


class DropTraitImport(Operator):
    """A trait is not imported whose methods are called."""

    name = "drop_trait_import"
    codes = ("E0599",)
    route = Route.CRATE
    rationale = "Methods of a trait are seen only where the trait is in scope, which calls do not show."
    nodes = ("use_declaration",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A capitalised name that the file never writes again."""
        if child(node, "visibility_modifier") is not None or any(c.type == "use_wildcard" for c in walk(node)):
            return
        for at in walk(node):
            if at.type != "identifier" or words(code.source)[name := code.text(at)] > 1 or not name[0].isupper():
                continue
            if at.parent is None or name.isupper() or at.parent.type == "use_as_clause":
                continue
            entry = at.parent if at.parent.type == "scoped_identifier" else at
            if entry.parent is None or entry.parent.type not in ("use_list", "use_declaration"):
                continue
            edit = without(code, entry) if entry.parent.type == "use_list" else removal(code, node)
            yield code.site(f"the trait `{name}` is not in scope, whose methods this file calls", edit)
            return


class DropTraitImpl(Operator):
    """An impl of a trait left out."""

    name = "drop_trait_impl"
    codes = ("E0277", "E0308", "E0599")
    route = Route.CRATE
    rationale = "A type can do only what its impls say, and derives or users that need one more are far away."
    nodes = ("impl_item",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The whole impl, where the file holds another trait or a use that asks for it."""
        of = node.child_by_field_name("trait")
        if of is None or leads_with_comment(node) or node.end_byte - node.start_byte > 700:
            return
        users = _NEEDED_BY.get(re.sub(r"^.*::|<.*$", "", code.text(of), flags=re.DOTALL), ())
        if any(words(code.source)[user] for user in users):
            yield code.site(f"`{headline(code, node)}` is missing", removal(code, node))


class ExplicitDropCall(Operator):
    """`value.drop()` for `drop(value)`."""

    name = "explicit_drop_call"
    codes = ("E0040",)
    route = Route.BODY
    rationale = "`Drop::drop` may not be called by hand, since the value would be dropped once more; `drop(x)` does it."
    nodes = ("call_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A call of `drop` or `mem::drop` with a plain path."""
        called = call(node, code)
        if called is not None and called[0].endswith("drop") and is_place(called[1]):
            cause = f"`{code.text(called[1])}.drop()` calls the destructor by hand"
            yield code.site(cause, *only(code, node, called[1], ".drop()"))


class DropIterator(Operator):
    """A collection taken for its iterator."""

    name = "drop_iterator"
    codes = ("E0599", "E0277")
    route = Route.BODY
    rationale = "Collections and strings are no iterators: `.iter()` or `.chars()` makes one, elsewhere nobody has to."
    nodes = ("call_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """`.iter()` and the like before an adaptor, or as what a `for` goes over."""
        called, parent = method(node, code), node.parent
        if called is None or called.name not in _ITERATES or parent is None:
            return
        following = parent.child_by_field_name("field") if parent.type == "field_expression" else None
        adapted = following is not None and code.text(following) in _ADAPTORS
        texts = ("chars", "bytes", "char_indices", "lines")
        if adapted or (parent.type == "for_expression" and called.name in texts):
            cause = f"`{short(code, called.value)}` is used as an iterator without `.{called.name}()`"
            yield code.site(cause, *only(code, node, called.value))
