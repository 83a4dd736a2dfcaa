"""Mistakes of style that clippy finds: more words than Rust needs, habits from other languages."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from oxidizer.miners.operators.bases import LintOperator
from oxidizer.miners.operators.operator import Code, Site, child, named
from oxidizer.miners.operators.shapes import BLOCKS, LITERALS, PRIMARY, fields, method, on_one_line, operator_of, tail
from oxidizer.miners.operators.surroundings import at_compile_time, function_of, parameter_types, result_type
from oxidizer.miners.operators.wording import short

_OPEN = frozenset({"collect", "into", "parse", "sum", "product", "unwrap_or_default"})
"""Methods whose result only the context tells."""


class ReturnAtTail(LintOperator):
    """A function's last expression becomes a `return`."""

    name = "return_at_tail"
    codes = ("clippy::needless_return",)
    rationale = "A function gives its last expression; a `return` there is a habit from other languages."
    nodes = ("function_item", "closure_expression")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The tail of a body that is no branch."""
        last = tail(node.child_by_field_name("body"))
        if last is None or last.type in ("if_expression", "for_expression", "while_expression", "return_expression"):
            return
        if node.type == "closure_expression" or node.child_by_field_name("return_type"):
            cause = f"`return {short(code, last)}` stands at the end of its body, whose last expression is its value"
            yield code.site(cause, code.insert(last.start_byte, "return "), code.insert(last.end_byte, ";"))


class LetThenReturn(LintOperator):
    """A block's last expression is bound before it is given."""

    name = "let_and_give"
    codes = ("clippy::let_and_return",)
    rationale = "A value that is only given needs no name; the binding is left over from debugging."
    nodes = ("block",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The tail of a block, where it is a call or an operation."""
        last = tail(node)
        kinds = (
            "call_expression",
            "binary_expression",
            "struct_expression",
            "type_cast_expression",
            "match_expression",
        )
        call = method(last, code)
        if last is not None and last.type in kinds and not (call and call.name in _OPEN):
            cause = f"`{short(code, last)}` is bound to `result` only to be given at once"
            yield code.site(
                cause,
                code.insert(last.start_byte, "let result = "),
                code.insert(last.end_byte, f";{code.newline(last)}result"),
            )


class LongFieldInit(LintOperator):
    """`S { x }` becomes `S { x: x }`."""

    name = "repeat_field_name"
    codes = ("clippy::redundant_field_names",)
    rationale = "A field that is set from a variable of the same name is written once."
    nodes = ("shorthand_field_initializer",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A field in short form."""
        name = code.text(node)
        if name.isidentifier():
            cause = f"the field `{name}` is set by `{name}: {name}`, which `{name}` alone does"
            yield code.site(cause, code.insert(node.end_byte, f": {name}"))


class LenZero(LintOperator):
    """`is_empty()` becomes a comparison of `len()`."""

    name = "len_compared_to_zero"
    codes = ("clippy::len_zero",)
    rationale = "Emptiness is asked with `is_empty`, which says what is meant and may be cheaper than `len`."
    nodes = ("call_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A call of `is_empty`, negated or not."""
        call, above = method(node, code), node.parent
        if call is None or call.name != "is_empty" or call.args or above is None or above.type == "field_expression":
            return
        negated = above.type == "unary_expression" and code.text(above).startswith("!")
        sign = "> 0" if negated else "== 0"
        cause = f"`{short(code, call.value)}.len()` is compared with 0 where `is_empty()` says it"
        edits = [code.span(call.field.start_byte, node.end_byte, f"len() {sign}")]
        if negated:
            edits.append(code.span(above.start_byte, node.start_byte, ""))
        yield code.site(cause, *edits)


class ComparedWithBool(LintOperator):
    """`if c` becomes `if c == true`."""

    name = "compare_with_bool"
    codes = ("clippy::bool_comparison",)
    rationale = "A condition is a `bool` already; comparing it with `true` or `false` adds nothing."
    nodes = ("if_expression", "while_expression", "binary_expression")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A condition, or a side of `&&`, that is a call, a name or a negation of one."""
        names = ("condition",) if node.type != "binary_expression" else ("left", "right")
        if node.type == "binary_expression" and operator_of(node, code) not in ("&&", "||"):
            return
        for at in fields(node, *names):
            inner = at.named_children[0] if at.type == "unary_expression" and code.text(at).startswith("!") else at
            if inner.type not in ("identifier", "call_expression", "field_expression"):
                continue
            if inner is not at:
                cause = f"`{short(code, inner)}` is compared with `false` where `!` negates it"
                yield code.site(
                    cause, code.span(at.start_byte, inner.start_byte, ""), code.insert(at.end_byte, " == false")
                )
            else:
                cause = f"`{short(code, at)}` is a `bool`, yet it is compared with `true`"
                yield code.site(cause, code.insert(at.end_byte, " == true"))


class LongAssignment(LintOperator):
    """`x += y` becomes `x = x + y`."""

    name = "long_assignment"
    codes = ("clippy::assign_op_pattern",)
    rationale = "An operation on a place that goes back into it is written once, with the operator's assigning form."
    nodes = ("compound_assignment_expr",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """An assigning operator on a place of one line."""
        left, right = fields(node, "left", "right")
        sign = node.child_by_field_name("operator")
        if sign is None or not on_one_line(left):
            return
        text, simple = code.text(left), right.type in PRIMARY or right.type == "unary_expression"
        cause = f"`{short(code, left)}` is named twice in `{short(code, left, 20)} = {short(code, left, 20)} ..`"
        edits = [code.replace(sign, f"= {text} {code.text(sign)[:-1]}")]
        if not simple:
            edits += [code.insert(right.start_byte, "("), code.insert(right.end_byte, ")")]
        yield code.site(cause, *edits)


class ClosureForPath(LintOperator):
    """`map(f)` becomes `map(|x| f(x))`."""

    name = "closure_for_function"
    codes = ("clippy::redundant_closure", "clippy::redundant_closure_for_method_calls")
    rationale = "A closure that only hands its argument on to a function is that function."
    nodes = ("arguments",)
    _takes_none = frozenset({"unwrap_or_else", "or_insert_with", "get_or_insert_with", "ok_or_else"})
    _takes_one = frozenset(
        {"map", "map_err", "and_then", "filter_map", "flat_map", "for_each", "is_some_and", "any", "all", "map_while"}
    )

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A function's name handed to a method."""
        call, inner = method(node.parent, code), named(node)
        if call is None or len(inner) != 1 or inner[0].type not in ("identifier", "scoped_identifier"):
            return
        text, owner = code.text(inner[0]), code.text(inner[0]).rpartition("::")
        cause = f"a closure in `{call.name}` only calls `{text}`, which could stand in its place"
        if call.name in self._takes_none:
            yield code.site(cause, code.replace(inner[0], f"|| {text}()"))
        elif call.name in self._takes_one:
            if owner[0] in ("str", "String", "char", "u8") and owner[2].islower() and not owner[2].startswith("from"):
                yield code.site(cause, code.replace(inner[0], f"|value| value.{owner[2]}()"))
            else:
                yield code.site(cause, code.replace(inner[0], f"|value| {text}(value)"))


class BorrowedBorrow(LintOperator):
    """`f(x)` with a borrowed `x` becomes `f(&x)`."""

    name = "borrow_twice"
    codes = ("clippy::needless_borrow",)
    rationale = "What is a borrow already needs no `&`; the compiler takes the extra one off again."
    nodes = ("arguments",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The first argument that is a borrowed parameter of the function around it."""
        function = function_of(node)
        known = parameter_types(function, code) if function else {}
        for argument in named(node):
            kind = known.get(code.text(argument)) if argument.type == "identifier" else None
            if kind is not None and kind.type == "reference_type" and not child(kind, "mutable_specifier"):
                cause = f"`{code.text(argument)}` is a `{short(code, kind)}` already, and `&` borrows it once more"
                yield code.site(cause, code.insert(argument.start_byte, "&"))
                return


class SpelledMatches(LintOperator):
    """`matches!(x, P)` becomes a `match`."""

    name = "match_for_matches"
    codes = ("clippy::match_like_matches_macro",)
    rationale = "A `match` that gives `true` for one pattern and `false` for the rest is `matches!`."
    nodes = ("macro_invocation",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A `matches!` with a plain value."""
        macro, tree = node.child_by_field_name("macro"), child(node, "token_tree")
        if macro is None or tree is None or code.text(macro) != "matches":
            return
        found = re.fullmatch(r"\(([^,(]+(?:\([^()]*\))?),\s*(.*?),?\s*\)", code.text(tree), re.DOTALL)
        if found and "\n" not in found[1] and "//" not in found[2]:
            start = tree.start_byte + len(code.text(tree)[: found.start(2)].encode())
            end = tree.start_byte + len(code.text(tree)[: found.end(2)].encode())
            cause = f"a `match` asks only whether `{found[1]}` fits one pattern, which `matches!` does"
            yield code.site(
                cause,
                code.span(node.start_byte, start, f"match {found[1]} {{ "),
                code.span(end, node.end_byte, " => true, _ => false }"),
            )


class SpelledRange(LintOperator):
    """`(a..b).contains(&x)` becomes two comparisons."""

    name = "range_by_comparisons"
    codes = ("clippy::manual_range_contains",)
    rationale = "Whether a value lies in a range is one question; two comparisons can be turned the wrong way."
    nodes = ("call_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A `contains` on a range with both ends."""
        call = method(node, code)
        range_ = child(call.value, "range_expression") if call else None
        if call is None or range_ is None or call.name != "contains" or len(call.args) != 1 or not on_one_line(node):
            return
        ends, value = named(range_), code.text(call.args[0]).removeprefix("&")
        if len(ends) == 2 and call.args[0].type == "reference_expression":
            low, high = (code.text(end) for end in ends)
            text = f"({value} >= {low} && {value} {'<=' if child(range_, '..=') else '<'} {high})"
            cause = f"`{value}` is compared with `{low}` and `{high}` apart, where a range contains it or not"
            yield code.site(cause, code.replace(node, text))


class PatternForTest(LintOperator):
    """`if x.is_some()` becomes `if let Some(_) = x`."""

    name = "if_let_for_test"
    codes = ("clippy::redundant_pattern_matching",)
    rationale = "A pattern that binds nothing only asks which variant it is, for which there is a method."
    nodes = ("if_expression", "while_expression")
    _patterns = {"is_some": "Some(_)", "is_none": "None", "is_ok": "Ok(_)", "is_err": "Err(_)"}  # noqa: RUF012

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A condition that tests a variant."""
        call = method(node.child_by_field_name("condition"), code)
        if call and not call.args and (pattern := self._patterns.get(call.name)):
            cause = f"the pattern `{pattern}` on `{short(code, call.value)}` only asks what `{call.name}()` tells"
            yield code.site(
                cause,
                code.insert(call.node.start_byte, f"let {pattern} = "),
                code.span(call.value.end_byte, call.node.end_byte, ""),
            )


class BorrowedOperands(LintOperator):
    """`a == b` becomes `&a == &b`."""

    name = "borrow_operands"
    codes = ("clippy::op_ref",)
    rationale = "Operators compare values; borrowing both sides for it comes from fear of moving them."
    nodes = ("binary_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A comparison of names, fields and elements."""
        left, right = fields(node, "left", "right") or (node, node)
        kinds = ("identifier", "field_expression", "index_expression", "call_expression")
        if at_compile_time(node, code):
            return
        if operator_of(node, code) in ("==", "!=", "<", ">", "<=", ">=") and left.type in kinds and right.type in kinds:
            cause = f"`{short(code, left)}` and `{short(code, right)}` are borrowed only to be compared"
            yield code.site(cause, code.insert(left.start_byte, "&"), code.insert(right.start_byte, "&"))


class ExplicitUnit(LintOperator):
    """`fn f()` becomes `fn f() -> ()`."""

    name = "return_unit_type"
    codes = ("clippy::unused_unit",)
    rationale = "A function without a return type gives `()`; other languages want a `void` there."
    nodes = ("function_item",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A function that gives nothing."""
        name, listed = fields(node, "name", "parameters") or (node, node)
        if not result_type(node, code) and listed is not node:
            cause = f"`{code.text(name)}` says that it gives `()`, which it does without saying"
            yield code.site(cause, code.insert(listed.end_byte, " -> ()"))


class LateInit(LintOperator):
    """`let x = e;` becomes `let x; x = e;`."""

    name = "declare_first"
    codes = ("clippy::needless_late_init",)
    rationale = "A variable is declared where its value is known; declaring it first is a habit from C."
    nodes = ("let_declaration",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A plain binding."""
        pattern, value = fields(node, "pattern", "value") or (node, node)
        if value.type in (*BLOCKS, *LITERALS) or pattern.type != "identifier" or child(node, "mutable_specifier"):
            return
        if not node.child_by_field_name("alternative"):
            name, kind = code.text(pattern), node.child_by_field_name("type")
            end = kind.end_byte if kind else pattern.end_byte
            cause = f"`{name}` is declared without its value `{short(code, value)}`, which follows at once"
            yield code.site(cause, code.insert(end, f";{code.newline(node)}{name}"))


class RefBinding(LintOperator):
    """`let x = &e;` becomes `let ref x = e;`."""

    name = "ref_for_borrow"
    codes = ("clippy::toplevel_ref_arg",)
    rationale = "A borrow is taken from the value with `&`; `ref` in a plain `let` is the old and hidden way."
    nodes = ("let_declaration",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A binding of a borrow."""
        pattern, value = fields(node, "pattern", "value") or (node, node)
        inner = value.child_by_field_name("value") if value.type == "reference_expression" else None
        if inner is None or pattern.type != "identifier" or child(node, "mutable_specifier"):
            return
        if not node.child_by_field_name("type") and not node.child_by_field_name("alternative"):
            sign = "ref mut " if child(value, "mutable_specifier") else "ref "
            cause = f"`{code.text(pattern)}` borrows `{short(code, inner)}` by `{sign.strip()}` in its pattern"
            yield code.site(
                cause, code.insert(pattern.start_byte, sign), code.span(value.start_byte, inner.start_byte, "")
            )
