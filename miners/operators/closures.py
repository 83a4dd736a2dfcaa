"""Mistakes with closures: how they capture, what they take, and which of the `Fn` traits is asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar

from tree_sitter import Node

from oxidizer.miners.operators.bindings import Reach, ends_loan, is_copied, second_name, used_later
from oxidizer.miners.operators.cuts import only
from oxidizer.miners.operators.operator import Code, Operator, Route, Site, ancestor, child, named, walk
from oxidizer.miners.operators.scopes import (
    changed_place,
    is_declared_mut,
    is_mutable,
    mentions,
    says_before,
    statement_around,
    used_after,
)
from oxidizer.miners.operators.shapes import ASSIGNMENTS, is_closed, method
from oxidizer.miners.operators.surroundings import at_compile_time, implements_trait
from oxidizer.miners.operators.wording import short

_LAZY = frozenset({"get_or_insert_with", "map_or_else", "ok_or_else", "or_else", "or_insert_with", "then",
                   "unwrap_or_else", "resize_with"})  # fmt: skip
_EAGER = {"unwrap_or": 0, "ok_or": 0, "or_insert": 0, "map_or": 0, "then_some": 0, "or": 0, "get_or_insert": 0}
_GROWS = frozenset({"clear", "extend", "extend_from_slice", "insert", "pop", "push", "push_str", "remove", "truncate"})


class DropMove(Operator):
    """`move |x| ..` becomes `|x| ..`."""

    name = "drop_move"
    codes = ("E0373",)
    route = Route.BODY
    rationale = "A closure borrows what it names unless it says `move`, and so cannot outlive the variables around it."
    nodes = ("closure_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The `move` of a closure."""
        if (keyword := child(node, "move")) is not None:
            cause = (
                f"`{short(code, node).removeprefix('move ')}` borrows the variables that it outlives, without `move`"
            )
            yield code.site(cause, code.cut(keyword))


class AddMove(Operator):
    """`|x| ..` becomes `move |x| ..` where what it captures is used later."""

    name = "add_move"
    codes = ("E0382",)
    route = Route.BODY
    rationale = "`move` takes every variable that the closure names, so they are gone for the code after it."
    nodes = ("closure_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A closure that names a mutable variable, or `self` taken by `&mut`, which later code uses too."""
        body, home = node.child_by_field_name("body"), statement_around(node)
        if child(node, "move") is not None or body is None or home is None or child(node, "async") is not None:
            return
        names = {code.text(n): n for n in walk(body) if n.type in ("identifier", "self")}
        for name in names:
            if not name.islower() or not is_mutable(name, node, code) or _is_number(name, node, code):
                continue
            if mentions(node.end_byte, home.end_byte, name, code) or used_after(home, name, code):
                cause = f"`move` takes `{name}` into `{short(code, node)}`, but `{name}` is used after that"
                yield code.site(cause, code.insert(node.start_byte, "move "))
                return


def _is_number(name: str, node: Node, code: Code) -> bool:
    """The function around a node makes the variable of a number or a bool, so that `move` copies it."""
    kinds = r":\s*(?:[iuf]\d+|[iu]size|bool|char)\b|=\s*(?:\d|true|false|')"
    return says_before(node, rf"\b{re.escape(name)}\s*(?:{kinds})", code)


class ClosureBoundTooWeak(Operator):
    """`f: impl Fn(u8)` becomes `f: impl FnMut(u8)`, and `FnMut` becomes `FnOnce`."""

    name = "closure_bound_too_weak"
    codes = ("E0596", "E0382", "E0507")
    route = Route.ITEM
    rationale = (
        "The bound promises what one may do: to call a closure twice takes `FnMut`, and through a `&` it takes `Fn`."
    )
    nodes = ("function_type",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A bound of a function with a body, which callers can always meet."""
        kind, home = node.child_by_field_name("trait"), ancestor(node, "function_item", "impl_item", "struct_item")
        if kind is None or home is None or home.type != "function_item" or implements_trait(home):
            return
        result = home.child_by_field_name("return_type")
        if result is not None and result.start_byte <= node.start_byte < result.end_byte:
            return
        name = home.child_by_field_name("name")
        around = node.parent
        if name is None or around is None or around.type not in ("trait_bounds", "abstract_type"):
            return
        weaker = {"Fn": ("FnMut", "is called without being `mut`"), "FnMut": ("FnOnce", "can be called only once")}
        if (change := weaker.get(code.text(kind))) is not None:
            bound, was = change[0], short(code, node)
            cause = f"`{code.text(name)}` asks for `{bound}` in place of `{was}`, so its closure {change[1]}"
            yield code.site(cause, code.replace(kind, change[0]))


class ClosureBoundTooStrong(Operator):
    """`F: FnMut(u8)` becomes `F: Fn(u8)`, and `F: FnOnce()` becomes `F: FnMut()` or `F: Fn()`."""

    name = "closure_bound_too_strong"
    codes = ("E0596", "E0525", "E0594", "E0507")
    route = Route.CRATE
    rationale = (
        "`Fn` admits no closure that changes or gives away what it captures, and `FnMut` none that gives it away."
    )
    rationales: ClassVar[Mapping[str, str]] = {
        "E0596": (
            "An `Fn` may not change what it captures; an `FnMut` is called by `&mut`, so that its name must be `mut`, "
            "and an `FnOnce` by value."
        )
    }
    nodes = ("function_type",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """An `FnMut` or `FnOnce` bound."""
        kind = node.child_by_field_name("trait")
        stronger = {"FnMut": ("Fn",), "FnOnce": ("FnMut", "Fn")}.get(code.text(kind), ()) if kind is not None else ()
        for change in stronger:
            assert kind is not None
            home = ancestor(node, "function_item", "impl_item", "struct_item", "trait_item")
            of = home.child_by_field_name("name") or home.child_by_field_name("type") if home is not None else None
            where = f"`{short(code, of)}`" if of is not None else "the bound"
            cause = (
                f"{where} asks for `{change}` where `{short(code, node)}` is enough for the closures that it is given"
            )
            yield code.site(cause, code.replace(kind, change))


class ClosureArity(Operator):
    """`|a, b| ..` becomes `|(a, b)| ..` and the other way round; `|_| ..` becomes `|| ..`; `|| ..` becomes `|_| ..`."""

    name = "closure_arity"
    codes = ("E0593", "E0057")
    route = Route.BODY
    rationale = "A closure takes as many parameters as its caller gives, and one tuple is one parameter, not two."
    nodes = ("closure_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The parameters of a closure."""
        parameters = node.child_by_field_name("parameters")
        if parameters is None:
            return
        taken, was = named(parameters), code.text(parameters)
        inner = was.strip("|").strip()
        if not taken:
            new, count = "|_|", "one parameter, but is given none"
        elif len(taken) > 1:
            if any(p.type == "parameter" for p in taken):
                return
            new, count = f"|({inner})|", f"one tuple, but is given {len(taken)} values"
        elif taken[0].type == "tuple_pattern" and len(named(taken[0])) > 1:
            new, count = (
                f"|{inner.removeprefix('(').removesuffix(')')}|",
                f"{len(named(taken[0]))} values, but is given one",
            )
        elif inner == "_":
            new, count = "||", "no parameter, but is given one"
        elif taken[0].type == "identifier":
            new, count = f"|_, {inner}|", "two parameters, but is given one"
        else:
            return
        if "\n" not in new:
            cause = f"`{new}` in place of `{' '.join(was.split())}`, before `{_body(node, code)}`, takes {count}"
            yield code.site(cause, code.replace(parameters, new))


def _body(node: Node, code: Code) -> str:
    body = node.child_by_field_name("body")
    return short(code, body) if body is not None else ""


class ValueForClosure(Operator):
    """`.unwrap_or_else(|| f())` becomes `.unwrap_or_else(f())`."""

    name = "value_for_closure"
    codes = ("E0277",)
    route = Route.BODY
    rationale = "Methods that end in `_else` or `_with` want a closure to call when it is needed, not the value itself."
    nodes = ("closure_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A closure that uses none of its parameters, given to a method."""
        parameters, body, around = node.child_by_field_name("parameters"), node.child_by_field_name("body"), node.parent
        if parameters is None or body is None or around is None or around.type != "arguments" or child(node, "move"):
            return
        if code.text(parameters).replace(" ", "") not in ("||", "|_|") or body.type == "block":
            return
        call = method(around.parent, code)
        wanted = f"`{call.name}`" if call is not None else "the call"
        cause = f"{wanted} is given the value `{short(code, body)}` where it wants a closure that makes it"
        yield code.site(cause, *only(code, node, body))


class ClosureForValue(Operator):
    """`.unwrap_or(0)` becomes `.unwrap_or(|| 0)`."""

    name = "closure_for_value"
    codes = ("E0308",)
    route = Route.BODY
    rationale = "`unwrap_or`, `ok_or` and their kin take the value itself; only their `_else` forms call a closure."
    nodes = ("call_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The value given to a method that has a lazy form."""
        call = method(node, code)
        if call is None or call.name not in _EAGER or not call.args or call.args[0].type == "closure_expression":
            return
        value = call.args[0]
        cause = f"`{call.name}` is given a closure, `|| {short(code, value)}`, where it wants the value"
        yield code.site(cause, code.insert(value.start_byte, "|| "))


class CallForFunction(Operator):
    """`.unwrap_or_else(f)` becomes `.unwrap_or_else(f())`."""

    name = "call_for_function"
    codes = ("E0061", "E0277")
    route = Route.BODY
    rationale = (
        "A function is passed by its name alone; with `()` it is called there and then, and its result is passed."
    )
    nodes = ("arguments",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The path of a function that is passed to a method which wants a closure."""
        call = method(node.parent, code)
        wanting = _LAZY | {"map", "map_err", "filter", "and_then", "for_each", "flat_map", "filter_map", "any", "all"}
        if call is None or call.name not in wanting or not call.args:
            return
        given = call.args[-1]
        if given.type not in ("scoped_identifier", "identifier") or _is_local(given, given, code):
            return
        what = code.text(given)
        cause = f"`{what}()` is called before `{call.name}` runs, which wants the function `{what}`"
        yield code.site(cause, code.insert(given.end_byte, "()"))


def _is_local(name: Node, before: Node, code: Code) -> bool:
    """The function around a name binds it before another node: as a parameter, or by a `let`."""
    word = re.escape(code.text(name))
    return says_before(before, rf"\b{word}\s*:|\blet\s+(?:mut\s+)?{word}\b|[|,(]\s*{word}\s*[|,]", code)


class ClosurePatternReference(Operator):
    """`|&x| ..` becomes `|x| ..`."""

    name = "closure_pattern_reference"
    codes = ("E0308", "E0277", "E0369")
    route = Route.BODY
    rationale = "Adapters such as `filter` and `iter` hand out references, which `|&x|` or `*x` must look through."
    nodes = ("closure_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The `&` of a closure's parameter, else the first `*` of its body before one."""
        parameters, body = node.child_by_field_name("parameters"), node.child_by_field_name("body")
        if parameters is None or body is None:
            return
        references = [n for n in walk(parameters) if n.type == "reference_pattern"]
        for one in references[:2]:
            bound = short(code, named(one)[-1])
            where, needs = short(code, parameters), _body(node, code)
            cause = f"`{bound}` in `{where}` is a reference, but `{needs}` needs what it points to"
            yield code.site(cause, code.span(one.start_byte, named(one)[-1].start_byte, ""))
        names = {code.text(n) for n in walk(parameters) if n.type == "identifier"}
        for at in walk(body):
            if at.type == "unary_expression" and at.children[0].type == "*" and code.text(named(at)[-1]) in names:
                bound = code.text(named(at)[-1])
                cause = f"`{bound}` is a reference in `{_body(node, code)}`, which needs what it points to"
                yield code.site(cause, code.span(at.start_byte, named(at)[-1].start_byte, ""))
                return


class ClosureHoldsLoan(Operator):
    """`n -= 1; f(n)` becomes `let current_n = || n; n -= 1; f(current_n())`."""

    name = "closure_holds_loan"
    codes = ("E0506", "E0502")
    route = Route.BODY
    rationale = "A closure borrows what it names for as long as it may be called, so that may not change in between."
    nodes = ("expression_statement",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """An assignment to a mutable variable, or a call that grows or shrinks one."""
        # A function that may run at compile time calls no closure.
        if at_compile_time(node, code) or (found := changed_place(node, code)) is None:
            return
        place, call = found
        if call is not None and call.name not in _GROWS:
            return
        look = second_name(place, node, code, "current_{}" if call is None else "{}_len")
        if look is None:
            return
        # An assignment to a variable that has no value yet would make another mistake of it.
        if "." not in place and not is_declared_mut(place, node, code):
            return
        where = short(code, node).rstrip(";")
        cause = f"the closure `{look}` borrows `{place}` and is called after `{where}`, which changes it"
        line, asked = code.newline(node), f"{look}()"
        if call is not None:
            value, reach = f"{place}.len()", Reach(asked, None, None, writes=False)
        elif is_copied(node, code):
            value, reach = place, Reach(asked, asked, f"&{asked}", writes=False)
        else:
            # Without the `&` the closure would take what cannot be copied, instead of borrowing it.
            value, reach = f"&{place}", Reach(asked, None, None, writes=False)
        later = used_later(node, place, reach, code, "len" if call is not None else "")
        if later is None and ends_loan(node):
            later = code.insert(node.end_byte, f"{line}{asked};")
        if later is not None:
            yield code.site(cause, code.insert(node.start_byte, f"let {look} = || {value};{line}"), later)


class FnForClosure(Operator):
    """`let double = |x: u8| x * n;` becomes `fn double(x: u8) -> u8 { x * n }`."""

    name = "fn_for_closure"
    codes = ("E0434",)
    route = Route.BODY
    rationale = "A function inside a function sees none of the variables around it; only a closure captures them."
    nodes = ("let_declaration",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A closure bound by a `let` whose parameters have types, and whose result does or is of no interest."""
        pattern, value = node.child_by_field_name("pattern"), node.child_by_field_name("value")
        if pattern is None or value is None or pattern.type != "identifier" or value.type != "closure_expression":
            return
        parameters, body = value.child_by_field_name("parameters"), value.child_by_field_name("body")
        if parameters is None or body is None or any(p.type != "parameter" for p in named(parameters)):
            return
        result = value.child_by_field_name("return_type")
        gives = code.text(result) if result is not None else _result(body)
        if gives is None:
            return
        own = {code.text(n) for n in walk(parameters) if n.type == "identifier"}
        outer = [
            n for n in walk(body) if n.type == "identifier" and code.text(n) not in own and _is_local(n, node, code)
        ]
        if not outer:
            return
        name, inside = code.text(pattern), code.text(parameters).strip("|")
        cause = f"`{name}` is a `fn`, which cannot see `{code.text(outer[0])}` of the function around it"
        head = " ".join(f"fn {name}({inside}){f' -> {gives}' if gives else ''}".split())
        start, end = ("", "") if body.type == "block" else ("{ ", " }")
        yield code.site(
            cause,
            code.span(node.start_byte, body.start_byte, f"{head} {start}"),
            code.span(body.end_byte, node.end_byte, end),
        )


def _result(body: Node) -> str | None:
    """The type of a closure's result where its syntax tells: "" for none."""
    if body.type == "block":
        last = named(body)[-1:]
        return "" if not last or (last[0].type == "expression_statement" and is_closed(last[0])) else None
    operator = body.child_by_field_name("operator")
    if (
        body.type == "binary_expression"
        and operator is not None
        and operator.type in ("==", "!=", "<", ">", "<=", ">=", "&&", "||")
    ):
        return "bool"
    return "" if body.type in ASSIGNMENTS else None
