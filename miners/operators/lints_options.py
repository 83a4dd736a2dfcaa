"""Mistakes that clippy finds where an `Option` or a `Result` is taken apart: by hand, or by a detour."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from oxidizer.miners.operators.bases import Form, LintOperator, Reworded
from oxidizer.miners.operators.operator import Code, Site, ancestor, child, named, walk
from oxidizer.miners.operators.shapes import (
    LEAVES,
    LITERALS,
    PRIMARY,
    fields,
    is_place,
    let_parts,
    method,
    on_one_line,
    statement,
    variant,
)
from oxidizer.miners.operators.surroundings import function_of, result_type
from oxidizer.miners.operators.wording import short

_CHEAP = (*LITERALS, "identifier", "scoped_identifier", "field_expression")


class SpelledQuestionMark(LintOperator):
    """`let x = e?;` becomes a `let` that returns by hand."""

    name = "question_mark_by_hand"
    codes = ("clippy::question_mark",)
    rationale = "Handing a failure on is what `?` does; the spelled out form is longer and converts no error."
    nodes = ("try_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A bound or a discarded `?` of a function that gives an `Option` or a `Result`."""
        function, above, value = function_of(node), node.parent, node.named_children[0]
        kind = result_type(function, code).split("<", 1)[0].split("::")[-1]
        inner = ancestor(node, "closure_expression", "async_block", "function_item")
        if above is None or inner != function or kind not in ("Option", "Result"):
            return
        if above.type == "let_declaration" and not above.child_by_field_name("type"):
            pattern = above.child_by_field_name("pattern")
            if pattern is None or pattern.type != "identifier" or above.child_by_field_name("alternative"):
                return
            line, deeper = code.newline(above), code.newline(above, 1)
            cause = f"`{short(code, value)}` is taken apart by hand to return its failure, which `?` does"
            if kind == "Option":
                start = pattern.start_byte if child(above, "mutable_specifier") is None else above.start_byte + 4
                name = code.source[start : pattern.end_byte].decode()
                yield code.site(
                    cause,
                    code.span(start, pattern.end_byte, f"Some({name})"),
                    code.span(node.end_byte - 1, node.end_byte, f" else {{{deeper}return None;{line}}}"),
                )
            else:
                yield code.site(
                    cause,
                    code.insert(node.start_byte, "match "),
                    code.span(
                        node.end_byte - 1,
                        node.end_byte,
                        f" {{{deeper}Ok(value) => value,{deeper}Err(error) => return Err(error),{line}}}",
                    ),
                )
        elif kind == "Option" and statement(node) and value.type in PRIMARY:
            cause = f"`{short(code, value)}` is asked whether it is `None` only to return that, which `?` does"
            end = above.end_byte
            yield code.site(
                cause,
                code.insert(node.start_byte, "if "),
                code.span(
                    node.end_byte - 1,
                    end,
                    f".is_none() {{{code.newline(above, 1)}return None;{code.newline(above)}}}",
                ),
            )


class StripByHand(LintOperator):
    """`if let Some(rest) = s.strip_prefix(p)` becomes a `starts_with` and a slice."""

    name = "strip_by_hand"
    codes = ("clippy::manual_strip",)
    rationale = "`strip_prefix` tests and cuts in one step; cutting by a length of one's own can go wrong."
    nodes = ("if_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """An `if let` on `strip_prefix` or `strip_suffix` of a literal."""
        condition, body = fields(node, "condition", "consequence") or (node, node)
        pattern, value = let_parts(node) or (node, node)
        inner, call = variant(pattern), method(value, code)
        if call is None or call.name not in ("strip_prefix", "strip_suffix") or not inner:
            return
        literal = code.text(call.args[0]) if call.args else ""
        if inner[1].type != "identifier" or literal[:1] not in ("'", '"') or "\\" in literal:
            return
        text, length = code.text(call.value), len(literal[1:-1].encode())
        name, cut = ("starts_with", f"{length}..")
        if call.name == "strip_suffix":
            name, cut = "ends_with", f"..{text}.len() - {length}"
        cause = f"`{short(code, call.value)}` is tested by `{name}({literal})` and then cut by hand"
        if is_place(call.value):
            head = f"{text}.{name}({literal}) {{ let {code.text(inner[1])} = &{text}[{cut}];"
            yield code.site(cause, code.span(condition.start_byte, body.start_byte + 1, head))


class UnwrapAfterCheck(LintOperator):
    """`if let Some(x) = o` becomes `is_some` and an `unwrap`."""

    name = "unwrap_after_check"
    codes = ("clippy::unnecessary_unwrap",)
    rationale = "A pattern tests and takes at once; an `unwrap` after `is_some` panics as soon as they drift apart."
    nodes = ("if_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """An `if let` of `Some` or `Ok` on a place."""
        condition, body = fields(node, "condition", "consequence") or (node, node)
        pattern, value = let_parts(node) or (node, node)
        inner = variant(pattern)
        test = {"Some": "is_some", "Ok": "is_ok"}.get(code.text(inner[0]) if inner else "")
        if test and is_place(value) and on_one_line(pattern):
            text = code.text(value)
            head = f"{text}.{test}() {{{code.newline(node, 1)}let {code.text(inner[1])} = {text}.unwrap();"
            cause = f"`{text}` is tested by `{test}()` and then unwrapped, which one pattern does"
            yield code.site(cause, code.span(condition.start_byte, body.start_byte + 1, head))


class OkForResult(LintOperator):
    """`if let Ok(x) = e` becomes `if let Some(x) = e.ok()`."""

    name = "some_of_ok"
    codes = ("clippy::match_result_ok",)
    rationale = "A `Result` can be matched as it is; turning it into an `Option` first is a step too many."
    nodes = ("let_condition",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A pattern `Ok(..)`."""
        pattern, value = fields(node, "pattern", "value") or (node, node)
        inner = named(pattern) if pattern.type == "tuple_struct_pattern" else []
        if inner and code.text(inner[0]) == "Ok" and value.type in PRIMARY:
            cause = f"`{short(code, value)}` is turned into an `Option` by `ok()` only to be matched"
            yield code.site(cause, code.replace(inner[0], "Some"), code.insert(value.end_byte, ".ok()"))


class MatchForUnwrapOr(Reworded):
    """`o.unwrap_or(d)` becomes a `match`."""

    name = "match_for_unwrap_or"
    codes = ("clippy::manual_unwrap_or", "clippy::manual_ok_err", "clippy::manual_unwrap_or_default")
    rationale = "Taking a value or a default out of an `Option` or a `Result` has a method; a `match` spells it out."
    forms = (
        Form("unwrap_or", 1, " { Some(value) => value, None => {} }", before="match ", first=tuple(LITERALS)),
        Form("unwrap_or_default", 0, " { Some(value) => value, None => Default::default() }", before="match "),
        Form("ok", 0, " { Ok(value) => Some(value), Err(_) => None }", before="match "),
    )
    because = "a `match` on `{value}` has an arm for each case, which `{name}` covers"


class MapForIfLet(LintOperator):
    """`if let Some(x) = o { f(x); }` becomes `o.map(|x| f(x));`."""

    name = "map_for_if_let"
    codes = ("clippy::option_map_unit_fn",)
    rationale = "`map` is for its result; used for an effect it hides a branch that `if let` shows."
    nodes = ("if_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A block of one call."""
        (pattern, value), body = let_parts(node) or (node, node), node.child_by_field_name("consequence")
        inner, steps = variant(pattern), named(body) if body is not None else []
        if not inner or code.text(inner[0]) != "Some" or value.type not in PRIMARY or not statement(node):
            return
        if len(steps) != 1 or steps[0].type != "expression_statement" or node.child_by_field_name("alternative"):
            return
        call = steps[0].named_children[0]
        if call.type != "call_expression" or any(n.type in (*LEAVES, "try_expression") for n in walk(call)):
            return
        cause = f"`map` on `{short(code, value)}` gets a closure for its effect, `{short(code, call)}`"
        yield code.site(
            cause,
            code.span(node.start_byte, value.start_byte, ""),
            code.span(value.end_byte, call.start_byte, f".map(|{code.text(inner[1])}| "),
            code.span(call.end_byte, node.end_byte, ");"),
        )


class LazyConstant(Reworded):
    """`unwrap_or(0)` becomes `unwrap_or_else(|| 0)`."""

    name = "lazy_for_constant"
    codes = ("clippy::unnecessary_lazy_evaluations",)
    rationale = "A closure that only gives a ready value saves nothing: people defer by habit what costs nothing."
    forms = (
        *(Form(name, 1, f".{name}_else(|| {{}})", first=_CHEAP) for name in ("unwrap_or", "ok_or", "or")),
        Form("then_some", 1, ".then(|| {})", first=_CHEAP),
    )
    because = "`{value}` gets a closure for a ready value, where `{name}(..)` takes the value itself"


class EagerCall(LintOperator):
    """`unwrap_or_else(|| f())` becomes `unwrap_or(f())`."""

    name = "eager_for_lazy"
    codes = ("clippy::or_fun_call",)
    rationale = "An argument is computed even if it is not needed; a closure waits until it is, and is easily left out."
    nodes = ("call_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A method with a closure that calls something."""
        call, eager = method(node, code), {"unwrap_or_else": "unwrap_or", "ok_or_else": "ok_or", "or_else": "or"}
        if call is None or call.name not in eager or len(call.args) != 1 or call.args[0].type != "closure_expression":
            return
        closure = call.args[0]
        listed, body = closure.child_by_field_name("parameters"), closure.child_by_field_name("body")
        if listed is None or body is None or named(listed) or child(listed, "_"):
            return
        function = body.child_by_field_name("function")
        # What only wraps a value, such as `Some(x)`, is as good as the value.
        if body.type != "macro_invocation" and (
            function is None or not re.search(r"(?:^|\W)[a-z_]\w*$", code.text(function))
        ):
            return
        cause = f"`{short(code, body)}` is computed even where `{short(code, call.value, 30)}` needs no other value"
        yield code.site(
            cause, code.replace(call.field, eager[call.name]), code.span(closure.start_byte, body.start_byte, "")
        )


class NoneCompared(Reworded):
    """`is_none()` becomes `== None`."""

    name = "compare_with_none"
    codes = ("clippy::partialeq_to_none",)
    rationale = "Comparing with `None` needs `PartialEq` of the content; people coming from `null` write it so."
    forms = (Form("is_none", 0, " == None"), Form("is_some", 0, " != None"))
    because = "`{value}` is compared with `None` by an operator, where `{name}()` asks without `PartialEq`"


class MapOrFalse(Reworded):
    """`is_some_and(p)` becomes `map_or(false, p)`."""

    name = "is_some_and_by_map_or"
    codes = ("clippy::unnecessary_map_or",)
    rationale = "`map_or` with a plain `true` or `false` has its own names since Rust 1.70, which older habits miss."
    forms = (
        Form("is_some_and", 1, ".map_or(false, {})"),
        Form("is_ok_and", 1, ".map_or(false, {})"),
        Form("is_none_or", 1, ".map_or(true, {})"),
    )
    because = "`{value}` is tested with `map_or` and a plain `bool`, where `{name}(..)` says it"


class ReplaceWithNone(Reworded):
    """`x.take()` becomes `mem::replace(&mut x, None)`."""

    name = "take_by_replace"
    codes = ("clippy::mem_replace_option_with_none",)
    rationale = "An `Option` gives its content away with `take`; replacing it by `None` in memory spells that out."
    forms = (Form("take", 0, ", None)", before="core::mem::replace(&mut ", value=r"^[\w.]+$"),)
    because = "the content of `{value}` is taken out by replacing it with `None`, which is `take()`"


class UnwrapOrDefaultByHand(Reworded):
    """`unwrap_or_default()` becomes `unwrap_or_else(Default::default)`."""

    name = "default_by_closure"
    codes = ("clippy::unwrap_or_default",)
    rationale = "Falling back to the default value has its own method, which people who know `unwrap_or_else` miss."
    forms = (
        Form("unwrap_or_default", 0, ".unwrap_or_else(Default::default)"),
        Form("or_default", 0, ".or_insert_with(Default::default)"),
    )
    because = "`{value}` falls back by a function to the default value, where `{name}()` says it"
