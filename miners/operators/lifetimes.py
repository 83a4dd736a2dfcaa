"""Mistakes in how lifetimes are declared, left out and tied to each other."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar

from tree_sitter import Node

from oxidizer.miners.operators.cuts import without
from oxidizer.miners.operators.names import typo
from oxidizer.miners.operators.operator import Code, Operator, Route, Site, ancestor, child, named, walk
from oxidizer.miners.operators.scopes import is_called
from oxidizer.miners.operators.surroundings import function_of, implements_trait, lifetimes, name_of, receiver
from oxidizer.miners.operators.wording import short

_TYPES = ("struct_item", "enum_item")
_MOST_SITES = 3


class DropReturnLifetime(Operator):
    """`-> &'static str` becomes `-> &str` where no parameter tells the lifetime."""

    name = "drop_return_lifetime"
    codes = ("E0106",)
    route = Route.ITEM
    rationale = "A returned reference must say what it borrows from unless exactly one parameter, or `self`, tells it."
    nodes = ("function_item",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The lifetimes of references in a return type which Rust cannot fill in by itself."""
        result, name = node.child_by_field_name("return_type"), node.child_by_field_name("name")
        if result is None or name is None or receiver(node) is not None or _borrowing(node) == 1:
            return
        yield from _without_lifetime(
            result, code, lambda lost: f"`{code.text(name)}` returns `{lost}`, and nothing tells what it borrows from"
        )


class DropSelfLifetime(Operator):
    """`fn f(&self) -> &'a str` becomes `fn f(&self) -> &str`."""

    name = "drop_self_lifetime"
    codes = ("", "E0499", "E0502", "E0515")
    route = Route.CRATE
    rationale = (
        "Without a lifetime, what a method returns borrows from `self`, and so keeps `self` borrowed while it is used."
    )
    nodes = ("function_item",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The lifetimes of references that a method returns."""
        result, name = node.child_by_field_name("return_type"), node.child_by_field_name("name")
        own = receiver(node)
        if result is None or name is None or own is None or child(own, "&") is None or child(own, "lifetime"):
            return
        called = code.text(name)
        yield from _without_lifetime(
            result, code, lambda lost: f"`{called}` returns `{lost}`, which ties what it gives to the loan of `self`"
        )


class DropParameterLifetime(Operator):
    """`fn f<'a>(x: &'a str) -> &'a str` becomes `fn f<'a>(x: &str) -> &'a str`."""

    name = "drop_parameter_lifetime"
    codes = ("E0621", "")
    route = Route.ITEM
    rationale = (
        "A parameter without a name for its lifetime may live for any time, so it cannot become part of a named one."
    )
    nodes = ("parameter",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The lifetimes of references in a parameter's type."""
        kind, pattern = node.child_by_field_name("type"), node.child_by_field_name("pattern")
        home = node.parent.parent if node.parent is not None else None
        if kind is None or pattern is None or home is None or home.type != "function_item":
            return
        bound, body, impl = code.text(pattern), home.child_by_field_name("body"), ancestor(home, "impl_item")
        of = impl.child_by_field_name("type") if impl is not None else None
        # A lifetime that nothing else names ties the parameter to nothing.
        others = code.source[node.parent.start_byte : kind.start_byte] if node.parent is not None else b""
        others += code.source[kind.end_byte : body.start_byte if body is not None else home.end_byte]
        tied = others.decode() + (code.text(of) if of is not None else "")
        cause = f"`{bound}` has the type `%s`, but it is given out for a named lifetime"
        yield from _without_lifetime(kind, code, lambda lost: cause.replace("%s", lost), tied)


class DropFieldLifetime(Operator):
    """`struct S<'a> { text: &'a str }` becomes `struct S<'a> { text: &str }`."""

    name = "drop_field_lifetime"
    codes = ("E0106",)
    route = Route.ITEM
    rationale = "A type that holds a reference must say for how long; lifetimes are only filled in for functions."
    nodes = ("field_declaration", "ordered_field_declaration_list")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The lifetimes of a field's type: of references, and of types that take one."""
        name = node.child_by_field_name("name")
        where = f"the field `{code.text(name)}`" if name is not None else "a field"
        for kind in (c for c in named(node) if c.type in ("reference_type", "generic_type")):
            yield from _without_lifetime(
                kind, code, lambda lost: f"{where} has the type `{lost}`, which lacks the lifetime of what it borrows"
            )


class ElideTypeLifetime(Operator):
    """`impl Iterator for Parser<'_>` becomes `impl Iterator for Parser`."""

    name = "elide_type_lifetime"
    codes = ("E0726",)
    route = Route.ITEM
    rationale = "The header of an `impl` must write the lifetimes of its types, at least as `'_`."
    nodes = ("impl_item",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The lifetimes of the type that an `impl` is for, where it takes nothing else."""
        kind = node.child_by_field_name("type")
        arguments = kind.child_by_field_name("type_arguments") if kind is not None else None
        of = kind.child_by_field_name("type") if kind is not None else None
        if kind is None or arguments is None or of is None or any(a.type != "lifetime" for a in named(arguments)):
            return
        cause = f"the `impl` is for `{code.text(of)}`, which takes a lifetime, as in `{code.text(kind)}`"
        yield code.site(cause, code.span(arguments.start_byte, arguments.end_byte, ""))


class UndeclaredLifetime(Operator):
    """`fn f<'a>(x: &'a str)` and `impl<'a> S<'a>` lose their `<'a>`."""

    name = "undeclared_lifetime"
    codes = ("E0261",)
    route = Route.ITEM
    rationale = (
        "A lifetime must be declared in angle brackets before it is used, which is easily left out when copying."
    )
    nodes = ("function_item", "impl_item")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The declaration of each lifetime of a function or an `impl` that is used."""
        parameters = node.child_by_field_name("type_parameters")
        declared = [c for c in named(parameters) if c.type == "lifetime_parameter"] if parameters is not None else []
        for one in declared[:_MOST_SITES]:
            assert parameters is not None
            label = one.child_by_field_name("name")
            name = node.child_by_field_name("name") or node.child_by_field_name("type")
            used = label is not None and code.source.find(code.text(label).encode(), parameters.end_byte, node.end_byte)
            if label is None or name is None or used == -1:
                continue
            what = "`impl` for" if node.type == "impl_item" else "function"
            cause = f"the {what} `{short(code, name)}` uses `{code.text(label)}` without declaring it"
            yield code.site(cause, without(code, one))


class UndeclaredTypeLifetime(Operator):
    """`struct S<'a> { x: &'a str }` becomes `struct S { x: &'a str }`."""

    name = "undeclared_type_lifetime"
    codes = ("E0261",)
    route = Route.CRATE
    rationale = "A type that holds references has the lifetime as a parameter, and all that name the type rely on it."
    nodes = ("struct_item", "enum_item", "type_item", "trait_item")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The declaration of a lifetime of a type or a trait."""
        parameters = node.child_by_field_name("type_parameters")
        declared = [c for c in named(parameters) if c.type == "lifetime_parameter"] if parameters is not None else []
        for one in declared[:_MOST_SITES]:
            cause = f"`{name_of(node, code)}` does not declare `{short(code, one)}`, which it uses"
            yield code.site(cause, without(code, one))


class MisnamedLifetime(Operator):
    """`&'a str` becomes `&'b str` where only `'a` is declared."""

    name = "misnamed_lifetime"
    codes = ("E0261",)
    route = Route.ITEM
    rationale = (
        "Names of lifetimes are arbitrary, and differ from one item to the next, so that the wrong one slips in."
    )
    nodes = ("reference_type", "type_arguments")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A named lifetime in a signature, a field or the header of an `impl`."""
        label = child(node, "lifetime")
        if label is None or (name := code.text(label)) in ("'static", "'_"):
            return
        home = ancestor(node, "function_item", "impl_item", *_TYPES)
        if home is None:
            return
        other = {"'a": "'b", "'b": "'c"}.get(name) or ("'a" if len(name) < 4 else f"'{typo(label, code, name[1:])}")
        if other.encode() in code.source[home.start_byte : home.end_byte]:
            return
        around = ancestor(node, "impl_item")
        if around is not None and other in lifetimes(around, code):
            return
        cause = f"`{short(code, node)}` is written with `{other}`, but the lifetime declared here is `{name}`"
        yield code.site(cause, code.replace(label, other))


class ReturnStatic(Operator):
    """`fn f(&self) -> &str` becomes `fn f(&self) -> &'static str`."""

    name = "return_static"
    codes = ("",)
    route = Route.CRATE
    rationale = "`'static` promises a reference for the whole run; what is borrowed from a parameter cannot keep it."
    nodes = ("function_item",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The first reference in the return type of a function that borrows from its parameters."""
        result, name = node.child_by_field_name("return_type"), node.child_by_field_name("name")
        if result is None or name is None or node.child_by_field_name("body") is None or implements_trait(node):
            return
        reference = next((n for n in walk(result) if n.type == "reference_type"), None)
        if reference is None or ancestor(reference, "function_type") is not None:
            return
        label = child(reference, "lifetime")
        if label is not None and code.text(label) == "'static":
            return
        called, was = code.text(name), short(code, reference)
        cause = f"`{called}` promises `&'static` in place of `{was}`, but returns what it borrows from its parameters"
        edit = (
            code.replace(label, "'static") if label is not None else code.insert(reference.start_byte + 1, "'static ")
        )
        yield code.site(cause, edit)


class ClaimTypeLifetime(Operator):
    """In `impl<'a> S<'a>`, `fn f(&self) -> &str` becomes `fn f(&self) -> &'a str`."""

    name = "claim_type_lifetime"
    codes = ("",)
    route = Route.ITEM
    rationale = (
        "What a method borrows from `self` lives as long as that loan, not as long as what the type itself holds."
    )
    nodes = ("function_item",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A returned reference without a lifetime, in an `impl` that has one."""
        impl, own = ancestor(node, "impl_item"), receiver(node)
        result, name = node.child_by_field_name("return_type"), node.child_by_field_name("name")
        if impl is None or own is None or result is None or name is None or child(own, "&") is None:
            return
        known = lifetimes(impl, code)
        reference = next((n for n in walk(result) if n.type == "reference_type" and not child(n, "lifetime")), None)
        if known and reference is not None and not implements_trait(node) and not child(own, "lifetime"):
            cause = f"`{code.text(name)}` claims `{known[0]}` for what it borrows from `{code.text(own)}`"
            yield code.site(cause, code.insert(reference.start_byte + 1, f"{known[0]} "))


class ReceiverForWholeLife(Operator):
    """In `impl<'a> S<'a>`, `fn f(&mut self)` becomes `fn f(&'a mut self)`."""

    name = "receiver_for_whole_life"
    codes = ("E0308", "", "E0499")
    route = Route.CRATE
    rationale = (
        "A receiver with the type's own lifetime borrows the value for all of that, which is more than others ask for "
        "or can give: a trait's method has no such bound, and after `&'a mut self` the value can never be used again."
    )
    nodes = ("self_parameter",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A receiver by reference in an `impl` that declares a lifetime."""
        impl, home, reference = ancestor(node, "impl_item"), function_of(node), child(node, "&")
        name = home.child_by_field_name("name") if home is not None else None
        if impl is None or name is None or reference is None or child(node, "lifetime") is not None:
            return
        known = lifetimes(impl, code)
        if known and (child(node, "mutable_specifier") is not None or implements_trait(node)):
            cause = f"`{code.text(name)}` borrows `self` for all of `{known[0]}`, the life of what `self` holds"
            yield code.site(cause, code.insert(reference.end_byte, f"{known[0]} "))


class StaticParameter(Operator):
    """`fn f(x: &str)` becomes `fn f(x: &'static str)`."""

    name = "static_parameter"
    codes = ("E0521", "E0597", "E0716")
    route = Route.CRATE
    rationale = "A parameter that asks for `'static` cannot be given anything that a caller only borrows."
    nodes = ("parameter",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A parameter that is a reference without a lifetime, of a function that is called in the file."""
        kind, pattern, home = node.child_by_field_name("type"), node.child_by_field_name("pattern"), function_of(node)
        name = home.child_by_field_name("name") if home is not None else None
        if kind is None or pattern is None or name is None or kind.type != "reference_type" or child(kind, "lifetime"):
            return
        if implements_trait(node) or node.parent is None or node.parent.parent != home:
            return
        if is_called(code.text(name), code):
            called = code.text(name)
            cause = (
                f"`{called}` asks for `{code.text(pattern)}` as a `&'static`, but its callers lend what lives shorter"
            )
            yield code.site(cause, code.insert(kind.start_byte + 1, "'static "))


class DropOutlivesBound(Operator):
    """`T: 'a`, `'b: 'a` and `dyn Trait + 'a` lose their bound."""

    name = "drop_outlives_bound"
    codes = ("E0310", "E0309", "", "E0700")
    route = Route.CRATE
    rationale = "What is kept or returned for a lifetime must be known to live that long, which Rust does not guess."
    rationales: ClassVar[Mapping[str, str]] = {
        "E0700": "Before the edition of 2024, what an `impl Trait` borrows must be named by a lifetime in its bounds."
    }
    nodes = ("trait_bounds", "bounded_type")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A lifetime among bounds."""
        label = child(node, "lifetime")
        owner = node.parent
        if label is None or owner is None:
            return
        # Types and `impl`s find out by themselves how long parameters live, and a boxed `dyn` is `'static` anyway.
        implied = owner.type == "type_parameter" and function_of(node) is None
        implied = implied or ancestor(node, "function_item", *_TYPES, "impl_item", "trait_item") is None
        if implied or owner.type == "trait_item" or (node.type == "bounded_type" and code.text(label) == "'static"):
            return
        of = owner.child_by_field_name("name") or owner.child_by_field_name("left")
        what = of if of is not None and node.type == "trait_bounds" else node
        says = code.text(label)
        cause = f"`{short(code, what)}` is used for `{says}`, but no bound `{says}` says that it lives so long"
        if what == node:
            cause = f"`{short(code, node)}` has lost its `{says}`, which says how long what is in it lives"
        if owner.type != "where_predicate" or len(named(node)) > 1:
            yield code.site(cause, without(code, label))


def _borrowing(home: Node) -> int:
    """How many lifetimes the parameters of a function have to choose from."""
    parameters = home.child_by_field_name("parameters")
    kinds = [p.child_by_field_name("type") for p in named(parameters)] if parameters is not None else []
    found = [n for k in kinds if k is not None for n in walk(k) if n.type in ("reference_type", "lifetime")]
    named_ones = sum(n.type == "lifetime" for n in found)
    bare = sum(n.type == "reference_type" and child(n, "lifetime") is None for n in found)
    return named_ones + bare


def _without_lifetime(kind: Node, code: Code, cause: Callable[[str], str], tied: str | None = None) -> Iterator[Site]:
    """A type without one of its lifetimes: of a reference, or of a type that takes nothing else.

    With `tied`, only lifetimes that this text names too.
    """
    made = 0
    for at in walk(kind):
        if at.type not in ("reference_type", "type_arguments") or (label := child(at, "lifetime")) is None:
            continue
        if made == _MOST_SITES or code.text(label) == "'_" or any(a.type != "lifetime" for a in _taken(at)):
            continue
        if tied is not None and re.search(re.escape(code.text(label)) + r"\b", tied) is None:
            continue
        made += 1
        start, end = (at.start_byte, at.end_byte) if at.type == "type_arguments" else (label.start_byte, label.end_byte)
        while at.type == "reference_type" and code.source[end : end + 1] == b" ":
            end += 1
        lost = code.source[kind.start_byte : start] + code.source[end : kind.end_byte]
        yield code.site(cause(" ".join(lost.decode().split())), code.span(start, end, ""))


def _taken(node: Node) -> list[Node]:
    return named(node) if node.type == "type_arguments" else []
