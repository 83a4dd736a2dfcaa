"""Mistakes about ownership: what is only borrowed is moved. Values that are gone or not there yet are in `spent`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar

from tree_sitter import Node

from oxidizer.miners.operators.bases import DropStep
from oxidizer.miners.operators.cuts import only
from oxidizer.miners.operators.operator import Code, Operator, Route, Site, child, named
from oxidizer.miners.operators.scopes import says_before
from oxidizer.miners.operators.shapes import method, path, root
from oxidizer.miners.operators.wording import short


class DropClone(DropStep):
    """`x.clone()` becomes `x`."""

    name = "drop_clone"
    codes = ("E0507", "E0382", "E0308")
    rationale = (
        "A value that is not `Copy` is moved when it is used; who still needs it, or only borrowed it, must clone."
    )
    steps = frozenset({"clone"})
    because = "`{value}` is given away where only a copy of it may be"


class DropOwnedCopy(DropStep):
    """`x.to_owned()`, `x.to_vec()` and `x.cloned()` become `x`."""

    name = "drop_owned_copy"
    codes = ("E0308", "E0277")
    rationale = "A reference is no owned value: who wants to keep what it points to must copy it out."
    steps = frozenset({"to_owned", "to_vec", "cloned", "copied", "into_owned"})
    because = "`{value}` is borrowed, but an owned value, made by `{name}`, is wanted here"


class IterByValue(Operator):
    """`self.items.iter()` becomes `self.items.into_iter()`."""

    name = "iter_by_value"
    codes = ("E0507", "E0382", "E0308")
    route = Route.BODY
    rationale = "`into_iter` takes the whole collection, which is not the caller's when it is borrowed or needed again."
    rationales: ClassVar[Mapping[str, str]] = {
        "E0308": "`into_iter` gives the items themselves, where `iter` gives references to them."
    }
    nodes = ("call_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A call of `iter`, `iter_mut` or `drain` on a variable or a field."""
        call = method(node, code)
        if call is None or call.name not in ("iter", "iter_mut", "drain") or (call.args and call.name != "drain"):
            return
        place = root(call.value, code)
        if place is None or (path(call.value, code) == place and not _is_owned(place, node, code)):
            return
        of = short(code, call.value)
        why = f"it belongs to `{place}`" if of != place else "it is borrowed or needed again"
        cause = f"`into_iter` takes `{of}` by value where `{call.name}` borrows it, although {why}"
        yield code.site(cause, code.span(call.field.start_byte, node.end_byte, "into_iter()"))


class LoopByValue(Operator):
    """`for x in &v` becomes `for x in v`."""

    name = "loop_by_value"
    codes = ("E0507", "E0382", "E0614")
    route = Route.BODY
    rationale = "A `for` over a collection consumes it and gives its values; over a reference it gives references."
    nodes = ("for_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The `&` or `&mut` before what a loop goes over."""
        if (value := node.child_by_field_name("value")) is not None and value.type == "reference_expression":
            over = named(value)[-1]
            if over.type not in ("identifier", "field_expression", "self", "call_expression"):
                return
            cause = f"the loop consumes `{short(code, over)}`, which it may only borrow by `{short(code, value)}`"
            yield code.site(cause, code.span(value.start_byte, over.start_byte, ""))


class MatchByValue(Operator):
    """`match &self.x` becomes `match self.x`."""

    name = "match_by_value"
    codes = ("E0507", "E0382")
    route = Route.BODY
    rationale = "A pattern on a value moves what its names bind out of it, which a borrowed value does not allow."
    nodes = ("match_expression", "let_condition")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The `&` of what is matched; a `.as_ref()`, `.as_mut()` or `.as_deref()` of it."""
        if (value := node.child_by_field_name("value")) is None:
            return
        if value.type == "reference_expression" and named(value)[-1].type != "self":
            of = named(value)[-1]
            cut = code.span(value.start_byte, of.start_byte, "")
        elif (call := method(value, code)) is not None and call.name in ("as_ref", "as_mut") and not call.args:
            of = call.value
            cut = code.span(of.end_byte, value.end_byte, "")
        else:
            return
        cause = f"the patterns move parts out of `{short(code, of)}`, which is borrowed or needed again"
        yield code.site(cause, cut)


class DropRef(Operator):
    """`Some(ref x)` becomes `Some(x)`."""

    name = "drop_ref"
    codes = ("E0507", "E0308", "E0382", "E0614")
    route = Route.BODY
    rationale = "A name in a pattern takes its part by value unless the pattern says `ref` or matches on a reference."
    nodes = ("ref_pattern", "field_pattern")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The `ref` of a pattern."""
        keyword = child(node, "ref")
        if keyword is None:
            return
        name, mutable = named(node)[-1], child(node, "mutable_specifier")
        if name.type == "mut_pattern":
            mutable, name = child(name, "mutable_specifier"), named(name)[-1]
        around = node.parent
        pattern = short(code, around) if around is not None and around.type.endswith("_pattern") else ""
        bare = pattern.replace(code.source[keyword.start_byte : name.end_byte].decode(), code.text(name))
        within = f" of `{bare}`" if bare else ""
        cause = f"`{code.text(name)}`{within} takes its part by value without `ref`, but a reference to it is wanted"
        end = name.start_byte if mutable is not None else keyword.end_byte + 1
        yield code.site(cause, code.span(keyword.start_byte, end, ""))


class MoveOutOfPlace(Operator):
    """`let x = &self.items[i];` becomes `let x = self.items[i];`."""

    name = "move_out_of_place"
    codes = ("E0507", "E0508", "E0277")
    route = Route.BODY
    rationale = "A part cannot be moved out of what is borrowed or indexed; `let x = &part;` borrows it."
    nodes = ("let_declaration",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The `&` or `&mut` of a field or an element that a `let` binds."""
        value = node.child_by_field_name("value")
        if value is None or value.type != "reference_expression" or child(value, "raw") is not None:
            return
        of = named(value)[-1]
        if of.type not in ("field_expression", "index_expression", "unary_expression"):
            return
        cause = f"`{short(code, of)}` is moved out of what is borrowed, which must stay whole"
        if of.type == "index_expression":
            cause = f"`{short(code, of)}` is moved out of `{short(code, named(of)[0])}`, which only lends its elements"
            if named(of)[-1].type == "range_expression":
                cause = f"`{short(code, of)}` is a slice, of no known size, which a `let` can only hold by reference"
        yield code.site(cause, code.span(value.start_byte, of.start_byte, ""))


class DropAsRef(Operator):
    """`self.x.as_ref().map(f)` becomes `self.x.map(f)`."""

    name = "drop_as_ref"
    codes = ("E0308", "E0507", "E0382")
    route = Route.BODY
    rationale = (
        "Most methods of Option and Result take it by value, so a borrowed one must be turned by `as_ref` first."
    )
    nodes = ("call_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A call of `as_ref`, `as_mut`, `as_deref` or `take`."""
        call, of = method(node, code), node.parent
        if call is None or call.args or call.name not in ("as_ref", "as_mut", "as_deref", "as_deref_mut", "take"):
            return
        # What a `match` or `if let` looks at is the business of `match_by_value`.
        if call.name != "take" and of is not None and of.type in ("match_expression", "let_condition"):
            return
        cause = f"`{short(code, call.value)}` itself stands where what its `{call.name}()` gives is meant"
        yield code.site(cause, *only(code, node, call.value))


class DropTake(Operator):
    """`mem::take(&mut self.x)` and `mem::replace(&mut self.x, y)` become `self.x`."""

    name = "drop_take"
    codes = ("E0507",)
    route = Route.BODY
    rationale = "What is borrowed must stay whole, so a part is only given away against something left in its place."
    nodes = ("call_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A call of `mem::take` or `mem::replace`."""
        callee, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        if (
            callee is None
            or arguments is None
            or (node.parent is not None and node.parent.type == "expression_statement")
        ):
            return
        name = re.fullmatch(r"(?:(?:::)?(?:std|core)::)?mem::(take|replace)", code.text(callee))
        values = named(arguments)
        if name is None or not values or values[0].type != "reference_expression":
            return
        place = named(values[0])[-1]
        if path(place, code) is not None:
            cause = (
                f"`{short(code, place)}` is moved out of what is borrowed, with nothing put in its place by `{name[1]}`"
            )
            yield code.site(cause, code.replace(node, code.text(place)))


def _is_owned(name: str, node: Node, code: Code) -> bool:
    """The function before a node binds the variable to something that it owns."""
    owned = r":\s*(?:Vec|String|Box)\b|=\s*(?:vec!|Vec::|String::|[^;]*collect\(\);)"
    return says_before(node, rf"\b{re.escape(name)}\s*(?:{owned})", code)
