"""Mistakes of complexity that clippy finds: operations without effect, detours through casts, borrows and closures."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from oxidizer.miners.operators.bases import LintOperator
from oxidizer.miners.operators.cuts import only
from oxidizer.miners.operators.operator import Code, Site, ancestor, child, named
from oxidizer.miners.operators.shapes import (
    OTHER_INTEGER,
    PRIMARY,
    fields,
    in_pattern,
    is_place,
    method,
    on_one_line,
    operator_of,
    tail,
)
from oxidizer.miners.operators.surroundings import at_compile_time, function_of, parameter_types, result_type
from oxidizer.miners.operators.wording import short

_TIGHT = ("field_expression", "binary_expression", "unary_expression", "index_expression", "try_expression")
_COPIES = frozenset({*OTHER_INTEGER, "bool", "char", "f32", "f64"})


def _cast(node: Node, text: str) -> str:
    """A cast in the node's place, in parentheses where it would be torn apart."""
    return f"({text})" if node.parent is not None and node.parent.type in _TIGHT else text


class NegatedComparison(LintOperator):
    """`a != b` becomes `!(a == b)`."""

    name = "negate_comparison"
    codes = ("clippy::nonminimal_bool",)
    rationale = "A comparison has its opposite as an operator; negating it as a whole is harder to read."
    nodes = ("binary_expression",)
    _opposite = {"!=": "==", "==": "!=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}  # noqa: RUF012

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A comparison."""
        sign = node.child_by_field_name("operator")
        other = self._opposite.get(operator_of(node, code))
        if sign is not None and other and not in_pattern(node):
            cause = f"`{short(code, node)}` is written as the negation of its opposite with `{other}`"
            yield code.site(
                cause, code.insert(node.start_byte, "!("), code.replace(sign, other), code.insert(node.end_byte, ")")
            )


class PlusZero(LintOperator):
    """`xs[i]` becomes `xs[i + 0]`."""

    name = "index_plus_zero"
    codes = ("clippy::identity_op",)
    rationale = "Adding zero changes nothing; it is written to line up with `i + 1` and `i + 2` beside it."
    nodes = ("index_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """An element at a plain index."""
        inner = named(node)
        if len(inner) == 2 and (inner[1].type in ("identifier", "field_expression")):
            cause = f"`{short(code, inner[1])} + 0` adds nothing to the index into `{short(code, inner[0])}`"
            yield code.site(cause, code.insert(inner[1].end_byte, " + 0"))


class CloneOfCopy(LintOperator):
    """A number `x` becomes `x.clone()`."""

    name = "clone_copy"
    codes = ("clippy::clone_on_copy",)
    rationale = "What is `Copy` is copied by its use; a `clone` is written by those who fear a move."
    nodes = ("arguments", "field_initializer", "let_declaration")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The first use of a parameter of a primitive type."""
        uses = named(node) if node.type == "arguments" else fields(node, "value")
        if not any(use.type == "identifier" for use in uses):
            return
        known = parameter_types(function_of(node), code)
        for use in uses:
            kind = known.get(code.text(use)) if use.type == "identifier" else None
            if kind is not None and code.text(kind) in _COPIES and not at_compile_time(node, code):
                cause = f"`{code.text(use)}` is a `{code.text(kind)}`, which is copied without `clone()`"
                yield code.site(cause, code.insert(use.end_byte, ".clone()"))
                return


class CastToSame(LintOperator):
    """A number `x` of a type `T` becomes `x as T`."""

    name = "cast_to_same"
    codes = ("clippy::unnecessary_cast",)
    rationale = "A cast to the type that a value has already does nothing; it is added to be sure, or left over."
    nodes = ("binary_expression", "arguments", "let_declaration")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The first operand or argument that is a parameter; a literal bound with its type."""
        kind = node.child_by_field_name("type")
        if node.type == "let_declaration":
            value = node.child_by_field_name("value")
            if (
                kind
                and value
                and code.text(kind) in OTHER_INTEGER
                and re.fullmatch(r"[\d_]+|0x[\da-f]+", code.text(value))
            ):
                cause = f"`{code.text(value)}` is cast to `{code.text(kind)}`, the type that it takes on anyway"
                yield code.site(cause, code.insert(value.end_byte, f" as {code.text(kind)}"))
            return
        uses = [use for use in named(node) if use.type == "identifier"]
        known = parameter_types(function_of(node), code) if uses else {}
        for use in uses:
            kind = known.get(code.text(use))
            if kind is not None and code.text(kind) in OTHER_INTEGER:
                cause = f"`{code.text(use)}` is a `{code.text(kind)}` already and is cast to `{code.text(kind)}`"
                yield code.site(cause, code.replace(use, _cast(use, f"{code.text(use)} as {code.text(kind)}")))
                return


class ByteByCast(LintOperator):
    """`b'x'` becomes `'x' as u8`."""

    name = "char_cast_to_byte"
    codes = ("clippy::char_lit_as_u8",)
    rationale = "A byte has its own literal; casting a character cuts it to 8 bits without a word."
    nodes = ("char_literal",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A byte literal in an expression."""
        text = code.text(node)
        if text.startswith("b'") and "\\x" not in text and not in_pattern(node):
            cause = f"the byte `{text}` is written as the character `{text[1:]}` cast to `u8`"
            yield code.site(cause, code.replace(node, _cast(node, f"{text[1:]} as u8")))


class CastForFrom(LintOperator):
    """`u32::from(x)` becomes `x as u32`."""

    name = "cast_for_from"
    codes = ("clippy::cast_lossless",)
    rationale = "`from` compiles only where nothing can be lost; a cast goes on silently when the types change."
    nodes = ("call_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A conversion between numbers."""
        function, arguments = fields(node, "function", "arguments")
        kind, _, name = code.text(function).partition("::")
        inner = named(arguments)
        known = kind in (*OTHER_INTEGER, "f32", "f64") and name == "from"
        if known and len(inner) == 1 and inner[0].type != "unary_expression" and on_one_line(node):
            text = code.text(inner[0]) if inner[0].type in PRIMARY else f"({code.text(inner[0])})"
            cause = f"`{short(code, inner[0])}` is cast to `{kind}`, where `{kind}::from` shows that nothing is lost"
            yield code.site(cause, code.replace(node, _cast(node, f"{text} as {kind}")))


class UnitArgument(LintOperator):
    """`f(); Ok(())` becomes `Ok(f())`."""

    name = "unit_as_argument"
    codes = ("clippy::unit_arg",)
    rationale = "A call that gives nothing is a statement; as an argument it looks as if it gave something."
    nodes = ("block",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A call before the last `Ok(())`."""
        inner = named(node)
        if len(inner) < 2 or code.text(inner[-1]) not in ("Ok(())", "Some(())"):
            return
        before, last = inner[-2], inner[-1]
        call = before.named_children[0] if before.type == "expression_statement" else before
        if call.type == "call_expression" and last.prev_named_sibling == before:
            name = code.text(last)[:-4]
            cause = f"`{short(code, call)}` gives nothing, yet it is the argument of `{name}`"
            yield code.site(
                cause, code.insert(call.start_byte, f"{name}("), code.span(call.end_byte, last.end_byte, ")")
            )


class WrappedQuestionMark(LintOperator):
    """The last call `f()` of a function that gives a `Result` or an `Option` becomes `Ok(f()?)` or `Some(f()?)`."""

    name = "wrap_question_mark"
    codes = ("clippy::needless_question_mark",)
    rationale = "What is opened with `?` and wrapped again at once is what it was before."
    nodes = ("function_item",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A tail that is a call, but of neither `Ok` nor `Err`."""
        last = tail(node.child_by_field_name("body"))
        kind = result_type(node, code).split("<", 1)[0].split("::")[-1]
        wrap = {"Result": "Ok", "Option": "Some"}.get(kind)
        if last is not None and wrap and last.type == "call_expression":
            if re.match(r"(?:Ok|Err|Some)\b", code.text(last)):
                return
            cause = f"`{short(code, last)}` is opened with `?` only to be wrapped in `{wrap}` again"
            yield code.site(cause, code.insert(last.start_byte, f"{wrap}("), code.insert(last.end_byte, "?)"))


class ExplicitDeref(LintOperator):
    """`self.x` becomes `(*self).x`."""

    name = "deref_by_hand"
    codes = ("clippy::explicit_auto_deref",)
    rationale = "The point follows borrows by itself; the star is a habit from C."
    nodes = ("field_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A field of a borrowed `self` or parameter."""
        value, field = fields(node, "value", "field")
        function = function_of(node)
        if function is None or value.type not in ("self", "identifier"):
            return
        if value.type == "identifier":
            kind = parameter_types(function, code).get(code.text(value))
            borrowed = kind is not None and kind.type == "reference_type"
        else:
            listed = function.child_by_field_name("parameters")
            borrowed = listed is not None and code.text(listed).startswith(("(&self", "(&mut self"))
        if borrowed and node.parent is not None and node.parent.type != "call_expression":
            cause = f"`(*{code.text(value)}).{code.text(field)}` follows a borrow by hand, which the dot does"
            yield code.site(cause, code.replace(value, f"(*{code.text(value)})"))


class PlusOneCompared(LintOperator):
    """`a < b` becomes `a + 1 <= b`."""

    name = "compare_plus_one"
    codes = ("clippy::int_plus_one",)
    rationale = "Less than is an operator of its own; adding one to compare can overflow besides."
    nodes = ("binary_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A strict comparison of places, calls and literals."""
        sign, operands = operator_of(node, code), fields(node, "left", "right")
        at = node.child_by_field_name("operator")
        if at is None or sign not in ("<", ">") or any(o.type not in PRIMARY for o in operands):
            return
        if not any(o.type == "integer_literal" for o in operands):
            smaller = operands[0] if sign == "<" else operands[1]
            cause = f"`{short(code, smaller)} + 1` is compared by `{sign}=` where `{sign}` says it"
            yield code.site(cause, code.replace(at, f"{sign}="), code.insert(smaller.end_byte, " + 1"))


class TwoComparisons(LintOperator):
    """`a <= b` becomes `a < b || a == b`."""

    name = "compare_twice"
    codes = ("clippy::double_comparisons",)
    rationale = "Less or equal is one operator; two comparisons of the same values say it twice."
    nodes = ("binary_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A comparison of places and literals."""
        sign, operands = operator_of(node, code), fields(node, "left", "right")
        if sign in ("<=", ">=") and all(is_place(o) or o.type == "integer_literal" for o in operands):
            left, right = (code.text(o) for o in operands)
            text = f"{left} {sign[0]} {right} || {left} == {right}"
            cause = f"`{left}` and `{right}` are compared twice, where `{sign}` does it at once"
            alone = node.parent is not None and node.parent.type in ("if_expression", "while_expression")
            yield code.site(cause, code.replace(node, text if alone else f"({text})"))


class BareShift(LintOperator):
    """`(a << b) | c` loses its parentheses."""

    name = "drop_shift_parens"
    codes = ("clippy::precedence_bits", "clippy::precedence")
    rationale = "Few know how shifts bind beside other operators; parentheses say it, and keep `+` from binding first."
    nodes = ("parenthesized_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A shift in parentheses beside another operator."""
        inner, above = named(node), node.parent
        if above is None or len(inner) != 1 or inner[0].type != "binary_expression":
            return
        sign, outer = operator_of(inner[0], code), operator_of(above, code)
        right = inner[0].child_by_field_name("right")
        if sign in ("<<", ">>") and outer in ("|", "&", "^", "+", "-") and right and right.type in PRIMARY:
            cause = f"`{short(code, inner[0])}` stands beside `{outer}` without parentheses"
            yield code.site(cause, *only(code, node, inner[0]))


class VecForArray(LintOperator):
    """`[a, b]` becomes `vec![a, b]`."""

    name = "vec_for_array"
    codes = ("clippy::useless_vec",)
    rationale = "An array of known length needs no heap; `vec!` is what people reach for first."
    nodes = ("array_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """An array that is bound, borrowed or gone through."""
        above = node.parent
        if above is None or above.type not in ("reference_expression", "for_expression", "let_declaration"):
            return
        inside = above.parent is not None and above.parent.type == "field_initializer"
        if inside or len(named(node)) < 2 or child(node, ";") or at_compile_time(node, code):
            return
        if not above.child_by_field_name("type") and function_of(node) is not None:
            cause = f"`vec!` puts `{short(code, node)}` on the heap, where an array would do"
            yield code.site(cause, code.insert(node.start_byte, "vec!"))


class FormatOfLiteral(LintOperator):
    """`"x".to_string()` becomes `format!("x")`."""

    name = "format_literal"
    codes = ("clippy::useless_format",)
    rationale = "A text without arguments needs no formatting; `to_string` makes it a `String`."
    nodes = ("call_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A `String` made from a literal without braces."""
        call = method(node, code)
        literal = call.value if call and call.name in ("to_string", "to_owned", "into") else None
        if call is None and code.text(node).startswith("String::from("):
            literal = next(iter(named(node.children[-1])), None)
        if literal is not None and literal.type == "string_literal" and on_one_line(node):
            text = code.text(literal)
            if "{" not in text and "}" not in text and text.startswith('"'):
                cause = f"`format!` gets the text {short(code, literal).join('``')} with nothing to fill in"
                yield code.site(cause, code.replace(node, f"format!({text})"))


class LegacyConstant(LintOperator):
    """`u32::MAX` becomes `u32::max_value()` or `core::u32::MAX`."""

    name = "legacy_limit"
    codes = ("clippy::legacy_numeric_constants",)
    rationale = "The limits of numbers are constants of their types; the functions and modules are the old way."
    nodes = ("scoped_identifier",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A limit of a primitive type, in an expression."""
        kind, _, limit = code.text(node).partition("::")
        if kind not in OTHER_INTEGER or limit not in ("MAX", "MIN") or in_pattern(node):
            return
        for text in (f"{kind}::{limit.lower()}_value()", f"core::{kind}::{limit}"):
            cause = f"`{text}` is the old name of the constant `{kind}::{limit}`"
            yield code.site(cause, code.replace(node, text))


class ExplicitSelfType(LintOperator):
    """`&self` becomes `self: &Self`."""

    name = "typed_self"
    codes = ("clippy::needless_arbitrary_self_type",)
    rationale = "The usual receivers have short forms; a typed `self` is for the unusual ones."
    nodes = ("self_parameter",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A receiver in short form without a lifetime."""
        forms = {"&self": "self: &Self", "&mut self": "self: &mut Self", "self": "self: Self"}
        function = ancestor(node, "function_item", "function_signature_item")
        name = function.child_by_field_name("name") if function else None
        if (text := forms.get(code.text(node))) and name:
            cause = f"the receiver of `{code.text(name)}` is spelled out as `{text}`, which `{code.text(node)}` means"
            yield code.site(cause, code.replace(node, text))
