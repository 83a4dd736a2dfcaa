"""Mistakes with type parameters: bounds, arguments and annotations that are missing or wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from tree_sitter import Node

from oxidizer.miners.operators.cuts import only, swapped, without
from oxidizer.miners.operators.operator import Code, Operator, Route, Site, ancestor, child, named, walk
from oxidizer.miners.operators.surroundings import is_free, leads_with_comment, name_of, owner
from oxidizer.miners.operators.wording import flat, headline, place, short

_INFERRED = frozenset({
    "collect", "parse", "into", "try_into", "sum", "product", "default", "from_iter", "cast", "with_capacity",
    "from_str", "transmute", "zeroed", "uninit", "null", "null_mut", "size_of", "read", "unzip", "partition",
})  # fmt: skip
"""Functions whose result is known only by what is asked of it."""


def _bounded(bounds: Node, code: Code) -> str | None:
    """What a list of bounds speaks of, if dropping them concerns one function or impl only."""
    parent = bounds.parent
    if parent is None or parent.type not in ("type_parameter", "where_predicate"):
        return None
    lists = parent.parent
    item = lists.parent if lists is not None else None
    if item is None or item.type not in ("function_item", "impl_item"):
        return None
    left = parent.child_by_field_name("name" if parent.type == "type_parameter" else "left")
    return code.text(left) if left is not None else None


class DropBound(Operator):
    """A type parameter without a bound that the body relies on."""

    name = "drop_bound"
    codes = ("E0277", "E0599", "E0369", "E0382", "E0507", "E0308")
    route = Route.ITEM
    rationale = "Of a type parameter only its bounds are known, and a body soon uses more than was promised."
    nodes = ("trait_bounds",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The only bound, or each of the first three."""
        subject, bounds = _bounded(node, code), named(node)
        if subject is None or any(b.type == "removed_trait_bound" for b in bounds):
            return
        for bound in bounds[:3]:
            if bound.type in ("lifetime", "function_type"):
                continue
            text = short(code, bound)
            cause = f"`{subject}` is used as `{text}`, which its bounds in {place(code, node)} do not say"
            yield code.site(cause, without(code, bound))


class DropRelaxedBound(Operator):
    """A type parameter without its `?Sized`."""

    name = "drop_relaxed_bound"
    codes = ("E0277",)
    route = Route.CRATE
    rationale = "Every type parameter is `Sized` unless it says `?Sized`, so `str` and `[T]` cannot stand for it."
    nodes = ("removed_trait_bound",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The `?Sized`, with its `+`."""
        bounds = node.parent
        if bounds is None or bounds.type != "trait_bounds" or bounds.parent is None:
            return
        cause = f"`{short(code, named(bounds.parent)[0])}` is always sized here, since nothing says `{code.text(node)}`"
        yield code.site(cause, without(code, node))


class DropSupertrait(Operator):
    """A trait without one of its supertraits."""

    name = "drop_supertrait"
    codes = ("E0277", "E0369")
    route = Route.CRATE
    rationale = "A trait's methods may use another trait only if it is a supertrait, which reads like inheritance."
    nodes = ("trait_item",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The supertraits, one by one."""
        found = node.child_by_field_name("bounds")
        bounds = named(found) if found is not None else []
        for bound in bounds[:3]:
            if bound.type not in ("lifetime", "removed_trait_bound") and code.text(bound) != "Sized":
                cause = f"`{name_of(node, code)}` does not have `{short(code, bound)}` as its supertrait"
                yield code.site(cause, without(code, bound))


class DropTurbofish(Operator):
    """A call without its `::<T>`."""

    name = "drop_turbofish"
    codes = ("E0283", "E0282", "E0284")
    route = Route.BODY
    rationale = "Where neither arguments nor the use of a result tell its type, someone has to write it down."
    nodes = ("generic_function", "generic_type")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The type arguments with their colons."""
        arguments, colons = node.child_by_field_name("type_arguments"), child(node, "::")
        if arguments is not None and colons is not None:
            subject = code.text(node.children[0])
            cause = f"nothing tells the types `{short(code, arguments)}` of `{flat(subject)}`"
            yield code.site(cause, code.span(colons.start_byte, arguments.end_byte, ""))


class DropLetType(Operator):
    """`let x: T = ..` becomes `let x = ..` where only the annotation told the type."""

    name = "drop_let_type"
    codes = ("E0283", "E0282")
    route = Route.BODY
    rationale = "`collect`, `parse`, `into` and `None` fit many types, so a binding has to say which one it wants."
    nodes = ("let_declaration",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The annotation, if the value can have several types."""
        found, value, colon = node.child_by_field_name("type"), node.child_by_field_name("value"), child(node, ":")
        pattern = node.child_by_field_name("pattern")
        if found is None or value is None or colon is None or pattern is None:
            return
        open_ended = any(
            (at.type in ("identifier", "field_identifier") and code.text(at) in _INFERRED) or code.text(at) == "None"
            for at in walk(value)
        )
        if open_ended:
            cause = f"`{short(code, pattern)}` does not say that it is a `{short(code, found)}`"
            yield code.site(cause, code.span(colon.start_byte, found.end_byte, ""))


class DropTypeArguments(Operator):
    """A generic type without all of its arguments."""

    name = "drop_type_arguments"
    codes = ("E0107",)
    route = Route.CRATE
    rationale = "In signatures and fields nothing is inferred: a generic type takes all of its arguments."
    nodes = ("generic_type",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """All arguments; the last one of several."""
        arguments, name = node.child_by_field_name("type_arguments"), node.child_by_field_name("type")
        inside = ancestor(node, "block", "trait_bounds", "function_item", "impl_item", "struct_item", "enum_item")
        above = node.parent
        if arguments is None or name is None or inside is None or inside.type in ("block", "trait_bounds"):
            return
        if (
            above is None
            or above.type in ("dynamic_type", "abstract_type")
            or above.child_by_field_name("trait") == node
        ):
            return
        values = [a for a in named(arguments) if a.type not in ("lifetime", "type_binding")]
        if values:
            text = short(code, node)
            cause = f"`{code.text(name)}` stands without its arguments in {place(code, node)}, it has to be `{text}`"
            yield code.site(cause, code.cut(arguments, space=False))
        if len(values) > 1:
            cause = f"`{short(code, values[-1])}` is missing in the `{code.text(name)}` of {place(code, node)}"
            yield code.site(cause, without(code, values[-1]))


class SwapTypeArguments(Operator):
    """The arguments of a generic type in the wrong order."""

    name = "swap_type_arguments"
    codes = ("E0308", "E0747", "E0599", "E0271")
    route = Route.CRATE
    rationale = "`Result<T, E>` and `Map<K, V>` go by position, so arguments in another order make another type."
    nodes = ("type_arguments",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The last two arguments."""
        values = [a for a in named(node) if a.type not in ("lifetime", "type_binding")]
        if len(values) < 2 or node.parent is None or node.parent.type != "generic_type":
            return
        left, right = values[-2:]
        if code.text(left) != code.text(right) and "\n" not in code.text(left) + code.text(right):
            cause = f"the arguments of `{short(code, node.parent)}` are the other way round in {place(code, node)}"
            yield code.site(cause, *swapped(code, left, right))


class DropTypeParameter(Operator):
    """A type parameter is used that nobody declares."""

    name = "drop_type_parameter"
    codes = ("E0425",)
    route = Route.CRATE
    rationale = "A type parameter is declared in `<..>` behind `impl` or the name, and not only used."
    nodes = ("type_parameter",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """One parameter; the whole list where it is alone."""
        items = node.parent
        if items is None or items.parent is None or items.parent.type not in ("impl_item", "function_item"):
            return
        item = items.parent
        where = f"`{headline(code, item)}`" if item.type == "impl_item" else f"`fn {name_of(item, code)}`"
        cause = f"the type parameter `{name_of(node, code)}` is not declared by {where}"
        yield code.site(cause, without(code, node))


class UnusedTypeParameter(Operator):
    """A type has a parameter that no field uses."""

    name = "unused_type_parameter"
    codes = ("E0392", "E0107")
    route = Route.CRATE
    rationale = "A type's parameter has to be used by a field, or by a `PhantomData` that stands for one."
    rationales: ClassVar[Mapping[str, str]] = {
        "E0107": "A type's parameter asks for an argument in signatures and fields; here none gives one, so it goes."
    }
    nodes = ("struct_item", "enum_item", "field_declaration")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A `PhantomData` left out; `<T>` for a type that needs none."""
        name = node.child_by_field_name("name")
        if node.type == "field_declaration":
            found = node.child_by_field_name("type")
            if found is not None and "PhantomData" in code.text(found) and not leads_with_comment(node):
                yield code.site(
                    f"no field uses the parameter for which a `{short(code, found)}` would stand", without(code, node)
                )
        elif name is not None and child(node, "type_parameters") is None:
            cause = f"`{code.text(name)}` declares a parameter `T` that nothing in it uses"
            yield code.site(cause, code.insert(name.end_byte, "<T>"))


class UnconstrainedParameter(Operator):
    """An impl declares a parameter that its type does not mention."""

    name = "unconstrained_parameter"
    codes = ("E0207",)
    route = Route.CRATE
    rationale = "A parameter of an impl has to appear in its type or trait, else nothing would ever choose it."
    nodes = ("impl_item",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """`<T>` behind `impl`, or one more parameter."""
        declared, start = child(node, "type_parameters"), child(node, "impl")
        if start is None:
            return
        if declared is None:
            cause = f"`T` does not appear in the head of `{headline(code, node)}`, which declares it"
            yield code.site(cause, code.insert(start.end_byte, "<T>"))
        elif named(declared) and named(declared)[-1].type in ("type_parameter", "lifetime_parameter"):
            cause = f"`U` does not appear in the head of `{headline(code, node)}`, which declares it"
            yield code.site(cause, code.insert(named(declared)[-1].end_byte, ", U"))


class DropItemType(Operator):
    """A bound does not say what an associated type is."""

    name = "drop_item_type"
    codes = ("E0308", "E0277", "E0369", "E0599")
    route = Route.CRATE
    rationale = "`Iterator` alone promises items of any type; what they are is told by `Item = ..`."
    nodes = ("type_binding",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The binding, with the brackets where it is alone."""
        arguments = node.parent
        if arguments is None or arguments.parent is None or arguments.parent.parent is None:
            return
        if arguments.type == "type_arguments" and arguments.parent.parent.type != "dynamic_type":
            subject = arguments.parent.child_by_field_name("type")
            cause = f"`{code.text(subject) if subject else 'the bound'}` does not say `{short(code, node)}`"
            yield code.site(cause, without(code, node))


class DropConstOfParameter(Operator):
    """`<const N: usize>` becomes `<N: usize>`."""

    name = "drop_const_of_parameter"
    codes = ("E0404",)
    route = Route.CRATE
    rationale = "Without `const` a parameter is a type, and what stands behind its colon has to be a trait."
    nodes = ("const_parameter",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The keyword."""
        word, kind = child(node, "const"), node.child_by_field_name("type")
        if word is not None and kind is not None:
            cause = (
                f"`{name_of(node, code)}` of {place(code, node)} is declared as a type, `{code.text(kind)}` is no trait"
            )
            yield code.site(cause, code.cut(word))


class RepeatTypeParameter(Operator):
    """A method declares a type parameter that its impl has declared."""

    name = "repeat_type_parameter"
    codes = ("E0403",)
    route = Route.CRATE
    rationale = "A method of a generic impl uses the impl's parameters; to declare one again would make it another."
    nodes = ("function_item",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """`<T>` behind the method's name."""
        home, name = owner(node), node.child_by_field_name("name")
        declared = child(home, "type_parameters") if home is not None else None
        signature = node.child_by_field_name("parameters")
        if home is None or declared is None or name is None or signature is None or not is_free(node):
            return
        own, result = child(node, "type_parameters"), node.child_by_field_name("return_type")
        spoken = {
            code.text(n) for part in (signature, result) if part for n in walk(part) if n.type == "type_identifier"
        }
        mine = [
            code.text(n) for p in named(declared) if (n := p.child_by_field_name("name")) and p.type == "type_parameter"
        ]
        wanted = [name for name in mine if name in spoken] or mine
        if wanted:
            cause = f"`{wanted[0]}` is declared by the impl and once more by `{code.text(name)}`"
            into = own.end_byte - 1 if own is not None else name.end_byte
            yield code.site(cause, code.insert(into, f", {wanted[0]}" if own is not None else f"<{wanted[0]}>"))


class UnsizedByValue(Operator):
    """`str` or `[T]` where a reference to one is meant."""

    name = "unsized_by_value"
    codes = ("E0277",)
    route = Route.CRATE
    rationale = "The size of `str` and `[T]` is not known, so they are handed around behind a reference."
    nodes = ("reference_type",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The reference of parameters, results and fields."""
        inner = node.child_by_field_name("type")
        holder = node.parent.type if node.parent is not None else ""
        if inner is None or holder not in ("parameter", "function_item", "field_declaration", "type_arguments"):
            return
        if code.text(inner) == "str" or (inner.type == "array_type" and len(named(inner)) == 1):
            text = short(code, inner)
            cause = f"{place(code, node)} has `{text}` by value, whose size is not known"
            yield code.site(cause, *only(code, node, inner))
