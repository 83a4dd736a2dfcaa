"""Mistakes in impls of traits: members that are missing, misspelt, or not as the trait has them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from oxidizer.miners.operators.cuts import removal, without
from oxidizer.miners.operators.names import typo
from oxidizer.miners.operators.operator import Code, Operator, Route, Site, child
from oxidizer.miners.operators.shapes import COPIED, OTHER_INTEGER
from oxidizer.miners.operators.surroundings import leads_with_comment, name_of, owner, parameters, receiver, trait_impl
from oxidizer.miners.operators.wording import flat, headline, short

_PROVIDED = frozenset({
    "ne", "lt", "le", "gt", "ge", "max", "min", "clamp", "size_hint", "nth", "fold", "count", "last", "rfold",
    "nth_back", "write_char", "write_fmt", "clone_from", "description", "cause", "source", "hash_slice", "by_ref",
    "read_to_end", "read_to_string", "read_exact", "write_all", "is_empty", "write_u8", "write_u32", "write_u64",
    "write_usize", "try_fold", "all", "any", "find", "position", "sum", "product", "extend_one", "advance_by",
})  # fmt: skip
"""Methods that well-known traits provide: an impl may do without them."""


class DropTraitMethod(Operator):
    """An impl of a trait without one of its methods."""

    name = "drop_trait_method"
    codes = ("E0046",)
    route = Route.ITEM
    rationale = "An impl has to give every item that the trait does not provide; one is forgotten while impls grow."
    nodes = ("function_item",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The whole method."""
        impl, name = trait_impl(node), name_of(node, code)
        if impl is not None and name not in _PROVIDED and not leads_with_comment(node):
            cause = f"`{headline(code, impl)}` does not give the method `{name}` that the trait requires"
            yield code.site(cause, removal(code, node))


class DropAssociatedItem(Operator):
    """An impl of a trait without one of its associated types or constants."""

    name = "drop_associated_item"
    codes = ("E0046",)
    route = Route.CRATE
    rationale = "Associated types and constants without a default belong into every impl, and are easily overlooked."
    nodes = ("type_item", "const_item")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The whole `type X = Y;` or `const X: Y = z;`."""
        impl = trait_impl(node)
        if impl is not None and not leads_with_comment(node):
            cause = f"`{headline(code, impl)}` lacks `{short(code, node)}`, which the trait asks for"
            yield code.site(cause, removal(code, node))


class MisspellTraitMethod(Operator):
    """A method of an impl has a name that the trait does not know."""

    name = "misspell_trait_method"
    codes = ("E0407",)
    route = Route.ITEM
    rationale = "An impl of a trait may hold only members of that trait, so a misspelt name is a foreign member."
    nodes = ("function_item",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The name."""
        impl, found = trait_impl(node), node.child_by_field_name("name")
        if impl is not None and found is not None:
            of = impl.child_by_field_name("trait")
            assert of is not None
            wrong = typo(found, code)
            cause = f"`{short(code, of)}` has no method `{wrong}`: it is called `{code.text(found)}`"
            yield code.site(cause, code.replace(found, wrong))


class ImplParameterCount(Operator):
    """A method of an impl takes fewer or more parameters than its trait says."""

    name = "impl_parameter_count"
    codes = ("E0050", "E0425")
    route = Route.ITEM
    rationale = "A method of an impl has the trait's parameters, which people write down from memory."
    nodes = ("function_item",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The last parameter dropped; one more behind it."""
        impl, found = trait_impl(node), parameters(node)
        if impl is None or not found:
            return
        method, last = name_of(node, code), found[-1]
        gone = f"`{method}` in `{headline(code, impl)}` lacks the parameter `{short(code, last)}` of the trait"
        yield code.site(gone, without(code, last))
        more = f"`{method}` in `{headline(code, impl)}` takes a `_depth: usize` that the trait does not know"
        yield code.site(more, code.insert(last.end_byte, ", _depth: usize"))


class ImplReceiver(Operator):
    """A method of an impl takes `self` in another way than its trait."""

    name = "impl_receiver"
    codes = ("E0053",)
    route = Route.ITEM
    rationale = "The receiver is a part of the trait's signature: `&self`, `&mut self` and `self` do not mix."
    nodes = ("function_item",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """`&self` for `&mut self` and for `self`; `&mut self` for `&self`."""
        impl, found = trait_impl(node), receiver(node)
        if impl is None or found is None:
            return
        turned = {"&self": "&mut self", "&mut self": "&self", "self": "&self", "mut self": "&mut self"}
        if (wrong := turned.get(code.text(found))) is not None:
            method = name_of(node, code)
            cause = f"`{method}` in `{headline(code, impl)}` takes `{wrong}`, its trait says `{code.text(found)}`"
            yield code.site(cause, code.replace(found, wrong))


class ImplParameterType(Operator):
    """A parameter of an impl's method has another type than in its trait."""

    name = "impl_parameter_type"
    codes = ("E0053",)
    route = Route.ITEM
    rationale = "The types of an impl's method are the trait's, and a slip in a reference makes another type."
    nodes = ("function_item",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """`mut` added to or taken from a reference; an integer of another width; a reference to a value."""
        impl = trait_impl(node)
        for parameter in parameters(node)[:2] if impl is not None else ():
            found = parameter.child_by_field_name("type")
            if impl is None or found is None:
                continue
            text = code.text(found)
            mutable = child(found, "mutable_specifier")
            if mutable is not None:
                edit, wrong = code.cut(mutable), text.replace("mut ", "", 1)
            elif found.type == "reference_type":
                inner = found.child_by_field_name("type")
                assert inner is not None
                edit, wrong = code.insert(inner.start_byte, "mut "), f"&mut {code.text(inner)}"
            else:
                wrong = OTHER_INTEGER.get(text, f"&{text}")
                edit = code.replace(found, wrong) if text in OTHER_INTEGER else code.insert(found.start_byte, "&")
            place = f"`{name_of(node, code)}` in `{headline(code, impl)}`"
            yield code.site(f"{place} takes a `{flat(wrong)}`, the trait a `{flat(text)}`", edit)


class ImplReturnType(Operator):
    """A method of an impl returns another type than its trait says."""

    name = "impl_return_type"
    codes = ("E0053",)
    route = Route.ITEM
    rationale = "What a trait's method returns is fixed by the trait, whatever would be handy in this impl."
    nodes = ("function_item",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The return type dropped; an integer of another width."""
        impl, found, arrow = trait_impl(node), node.child_by_field_name("return_type"), child(node, "->")
        if impl is None or found is None or arrow is None:
            return
        text, place = code.text(found), f"`{name_of(node, code)}` in `{headline(code, impl)}`"
        yield code.site(f"{place} returns nothing, the trait says `{flat(text)}`",
                        code.span(arrow.start_byte - 1, found.end_byte, ""))  # fmt: skip
        if text in OTHER_INTEGER:
            cause = f"{place} returns `{OTHER_INTEGER[text]}`, the trait says `{text}`"
            yield code.site(cause, code.replace(found, OTHER_INTEGER[text]))


class _DropReceiver(Operator):
    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The receiver, with its comma."""
        impl, found = owner(node), receiver(node)
        of_trait = trait_impl(node) is not None
        if impl is None or impl.type != "impl_item" or found is None or of_trait != (self.route is Route.ITEM):
            return
        cause = f"`{name_of(node, code)}` of `{headline(code, impl)}` has no receiver `{code.text(found)}`"
        yield code.site(cause, without(code, found))


class DropReceiver(_DropReceiver):
    """An inherent method without `self`."""

    name = "drop_receiver"
    codes = ("E0424", "E0106")
    route = Route.CRATE
    rationale = "`self` exists only in functions that name it as their first parameter, unlike `this` elsewhere."
    nodes = ("function_item",)


class DropImplReceiver(_DropReceiver):
    """A method of a trait's impl without `self`."""

    name = "drop_impl_receiver"
    codes = ("E0424", "E0186")
    route = Route.ITEM
    rationale = (
        "A method that the trait declares with a receiver needs it in each impl, and so does `self` in its body."
    )
    nodes = ("function_item",)


class RepeatMethod(Operator):
    """A method given twice, as after a merge."""

    name = "repeat_method"
    codes = ("E0592", "E0201")
    route = Route.CRATE
    rationale = "A type has one method of a name; a merge or a careless paste leaves two."
    nodes = ("function_item",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A copy behind the method."""
        home = owner(node)
        if home is not None and home.type == "impl_item" and node.end_byte - node.start_byte <= COPIED:
            cause = f"`{name_of(node, code)}` is defined twice in `{headline(code, home)}`"
            yield code.site(cause, code.insert(node.end_byte, code.newline(node) + code.text(node)))


class MoreGenericInImpl(Operator):
    """A method of an impl is generic where its trait's is not."""

    name = "more_generic_in_impl"
    codes = ("E0049",)
    route = Route.ITEM
    rationale = "An impl's method has as many type parameters as the trait's, however handy a generic one would be."
    nodes = ("function_item",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """`value: X` becomes `value: V` with `V: Into<X>`, a `&X` takes `AsRef`, a `&mut X` `AsMut`."""
        impl, found = trait_impl(node), parameters(node)
        name, of = node.child_by_field_name("name"), found[0].child_by_field_name("type") if found else None
        if impl is None or of is None or name is None or child(node, "type_parameters") is not None:
            return
        inner = of.child_by_field_name("type") if of.type == "reference_type" else of
        # A lifetime that is left out cannot be named in a bound.
        if inner is None or re.search(r"\n|'_|Formatter", code.text(of)):
            return
        if of.type not in ("reference_type", "type_identifier"):
            return
        bound = "Into"
        if of.type == "reference_type":
            bound = "AsMut" if child(of, "mutable_specifier") is not None else "AsRef"
        cause = f"`{code.text(name)}` in `{headline(code, impl)}` is generic over its `{short(code, of)}`"
        edit = code.insert(name.end_byte, f"<V: {bound}<{code.text(inner)}>>")
        yield code.site(f"{cause}, the trait's is not", edit, code.replace(inner, "V"))


class PubInTraitImpl(Operator):
    """`pub` on a member of a trait's impl."""

    name = "pub_in_trait_impl"
    codes = ("E0449",)
    route = Route.CRATE
    rationale = "Members of an impl are as visible as the trait; `pub` is put there as a habit from inherent impls."
    nodes = ("function_item", "type_item", "const_item")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """Before the member."""
        impl = trait_impl(node)
        if impl is not None and child(node, "visibility_modifier") is None:
            cause = f"`{name_of(node, code)}` in `{headline(code, impl)}` says `pub`, which a trait's impl may not"
            yield code.site(cause, code.insert(node.start_byte, "pub "))
