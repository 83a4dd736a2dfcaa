"""Mistakes of error handling: `?` too few or too many, a `Result` mixed up with its value or with an `Option`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from oxidizer.miners.operators.bases import DropStep, DropWrapper
from oxidizer.miners.operators.cuts import only, removal
from oxidizer.miners.operators.operator import Code, Operator, Route, Site
from oxidizer.miners.operators.shapes import call, fields, method
from oxidizer.miners.operators.surroundings import function_left, function_of, leads_with_comment, name_of, result_of
from oxidizer.miners.operators.wording import quoted

_FALLIBLE = re.compile(r"\b(Result|Option)\b")


class DropQuestionMark(Operator):
    """`f()?` becomes `f()`."""

    name = "drop_question_mark"
    codes = ("E0308", "E0609", "E0599", "E0277", "E0369")
    route = Route.BODY
    rationale = (
        "A `Result` or an `Option` is not the value in it: `?` takes that out, and is one easily lost character."
    )
    nodes = ("try_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A `?` whose value is used."""
        # Alone in a statement its loss is a warning only.
        if node.parent is None or (node.parent.type == "expression_statement" and node.parent.children[-1].type == ";"):
            return
        cause = f"{quoted(code, node.children[0])} is used without `?`, as if it were the value in it"
        yield code.site(cause, code.cut(node.children[-1], space=False))


class AddQuestionMark(Operator):
    """`f()` becomes `f()?` though it cannot fail, or its failure is wanted."""

    name = "needless_question_mark"
    codes = ("E0277", "E0599")
    route = Route.BODY
    rationale = "`?` opens a `Result` or an `Option`; what is neither, or is wanted unopened, goes without it."
    nodes = ("let_declaration",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A bound call in a function that may fail."""
        parts = fields(node, "pattern", "value")
        if not parts or parts[1].type != "call_expression" or node.child_by_field_name("alternative") is not None:
            return
        if _FALLIBLE.search(result_of(node, code)):
            cause = f"`?` is applied to {quoted(code, parts[1])}, which is to be bound as it is"
            yield code.site(cause, code.insert(parts[1].end_byte, "?"))


class QuestionMarkInPlainFn(Operator):
    """`f().unwrap()` becomes `f()?` in a function that returns no `Result`."""

    name = "question_mark_in_plain_fn"
    codes = ("E0277",)
    route = Route.BODY
    rationale = "`?` returns early with the failure, so the function itself must return a `Result` or an `Option`."
    nodes = ("call_expression",)
    _opened = ("unwrap", "expect", "unwrap_or_default", "unwrap_or")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """An `unwrap` and its kin."""
        called, function = method(node, code), function_left(node)
        if called is None or function is None or called.name not in self._opened:
            return
        if not re.search(r"Result|Option|impl|Poll|\bSelf\b", result := result_of(node, code)):
            kind = f"`{result}`" if result else "nothing"
            cause = f"`?` is applied to {quoted(code, called.value)}, but `{name_of(function, code)}` returns {kind}"
            yield code.site(cause, *only(code, node, called.value, "?"))


class DropMapErr(DropStep):
    """`f().map_err(Error::Io)?` becomes `f()?`."""

    name = "drop_map_err"
    codes = ("E0277", "E0308")
    rationale = (
        "An error stays as it is but for `?`, which converts it by `From`; where that does not do, it must be mapped."
    )
    steps = frozenset({"map_err"})
    because = "the error of `{value}` is passed on without `{name}`"


class DropMap(DropStep):
    """`f().map(Shape::from)` becomes `f()`."""

    name = "drop_map"
    codes = ("E0308", "E0277")
    rationale = "A step of a chain makes another type of the value, and where it is lost the old type goes on."
    steps = frozenset({"map", "and_then", "or_else", "filter_map"})
    because = "`{value}` goes on as it is, without `{name}`"


class DropOkOr(DropStep):
    """`x.ok_or(Error)?` becomes `x?`, and `x.ok()` becomes `x`."""

    name = "drop_ok_or"
    codes = ("E0277", "E0308")
    rationale = (
        "`Option` and `Result` do not become each other, not even by `?`: `ok_or` and `ok` lead from one to the other."
    )
    steps = frozenset({"ok_or", "ok_or_else", "ok"})
    because = "`{value}` stands without `{name}` where the other of `Option` and `Result` is wanted"


class DropUnwrapOr(DropStep):
    """`x.unwrap_or(0)` becomes `x`."""

    name = "drop_unwrap_or"
    codes = ("E0308", "E0369")
    rationale = "An `Option` or a `Result` is not its value: what stands for a missing one must be said."
    steps = frozenset(f"{word}_or{end}" for word in ("unwrap", "map") for end in ("", "_else", "_default"))
    because = "`{value}` is used without `{name}`, as if it were the value in it"


class BareOk(DropWrapper):
    """`Ok(x)` becomes `x`."""

    name = "bare_ok_value"
    rationale = "A value does not become a `Result` by itself: success is said by `Ok`."
    wrapper = "Ok"
    wanted = "a `Result`"


class BareErr(DropWrapper):
    """`Err(e)` becomes `e`."""

    name = "bare_error"
    rationale = "Errors are returned, not thrown: they must be wrapped in `Err`."
    wrapper = "Err"
    wanted = "a `Result`"


class OkForErr(Operator):
    """`Err(e)` becomes `Ok(e)`."""

    name = "ok_for_err"
    codes = ("E0308",)
    route = Route.BODY
    rationale = "`Ok` holds the value and `Err` the error, and in a hurry one is written for the other."
    nodes = ("call_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """An `Err(..)` that is an expression."""
        if (called := call(node, code)) is not None and called[0] == "Err":
            cause = f"the error {quoted(code, called[1])} is given by `Ok`, as if it were a value"
            yield code.site(cause, code.replace(node.children[0], "Ok"))


class UnconvertedError(Operator):
    """`Err(Error::Parse(e))` becomes `Err(e)`."""

    name = "unconverted_error"
    codes = ("E0308",)
    route = Route.BODY
    rationale = "`Err` takes the error's own type: only `?` converts, so another error must be wrapped or converted."
    nodes = ("call_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """An `Err` of a call with one argument, or of what a method without arguments gives."""
        called = call(node, code)
        if called is None or called[0] != "Err":
            return
        error = called[1]
        inner, step = call(error, code), method(error, code)
        if inner is not None:
            cause = f"{quoted(code, inner[1])} is put into `Err` without `{inner[0]}`"
            yield code.site(cause, *only(code, error, inner[1]))
        elif step is not None and not step.args:
            cause = f"{quoted(code, step.value)} is put into `Err` without `{step.name}`"
            yield code.site(cause, *only(code, error, step.value))


class NoneForErr(Operator):
    """`Err(e)` becomes `None`, and `None` becomes `Err(())`."""

    name = "none_for_err"
    codes = ("E0308",)
    route = Route.BODY
    rationale = (
        "`None` belongs to `Option` and `Err` to `Result`, and after a change of the signature some stay behind."
    )
    nodes = ("call_expression", "identifier")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """An `Err(..)` of a function that returns a `Result`; a `None` that is returned."""
        result, parent = result_of(node, code), node.parent
        if (called := call(node, code)) is not None and called[0] == "Err" and "Result" in result:
            yield code.site(f"`None` stands for {quoted(code, node)}, but is no `Result`", code.replace(node, "None"))
            return
        if node.type != "identifier" or code.text(node) != "None" or parent is None or "Option" not in result:
            return
        if parent.type in ("block", "return_expression") or parent.child_by_field_name("value") == node:
            name = name_of(function_left(node), code)
            cause = f"`{name}` returns `{result}`, but gives `Err(())` for nothing"
            yield code.site(cause, code.replace(node, "Err(())"))


class OptionResultMix(Operator):
    """`f()?` becomes `f().ok()?` in a function that returns a `Result`."""

    name = "question_mark_on_wrong_kind"
    codes = ("E0277",)
    route = Route.BODY
    rationale = "`?` on an `Option` works only in a function that returns an `Option`, and the same for `Result`."
    nodes = ("try_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A `?` in a function of either kind."""
        result, value = result_of(node, code), node.children[0]
        if re.match(r"(\w+::)*Result\b", result):
            cause = f"{quoted(code, value)} is made an `Option` before its `?`, but the function returns `{result}`"
            yield code.site(cause, code.insert(value.end_byte, ".ok()"))
        elif result.startswith("Option"):
            cause = f"`?` is applied to {quoted(code, value)} as a `Result`, but the function returns `{result}`"
            yield code.site(cause, code.insert(value.end_byte, ".ok_or(())"))


class DropFromImpl(Operator):
    """`impl From<io::Error> for Error` is removed."""

    name = "drop_from_impl"
    codes = ("E0277",)
    route = Route.CRATE
    rationale = "`?`, `into` and `from` convert only that for which there is an impl of `From`."
    nodes = ("impl_item",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The whole impl of `From`."""
        parts = fields(node, "trait", "type")
        if parts and re.match(r"(\w+::)*From<", code.text(parts[0])) and not leads_with_comment(node):
            cause = f"there is no impl of {quoted(code, parts[0])} for {quoted(code, parts[1])}"
            yield code.site(cause, removal(code, node))


class UnwrapPlainValue(Operator):
    """`f()` becomes `f().unwrap()` though it cannot fail, or its failure is wanted."""

    name = "unwrap_plain_value"
    codes = ("E0599",)
    route = Route.BODY
    rationale = (
        "Only an `Option` or a `Result` can be unwrapped, and what comes out is its value, which others may not want."
    )
    nodes = ("let_declaration", "field_initializer")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A call that is bound or becomes a field."""
        value = node.child_by_field_name("value")
        if value is None or value.type != "call_expression" or function_of(node) is None:
            return
        cause = f"`unwrap` is called on {quoted(code, value)}, which is to be taken as it is"
        yield code.site(cause, code.insert(value.end_byte, ".unwrap()"))
