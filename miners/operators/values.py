"""Mistakes with values: a struct's fields, what is called, indexed, compared or assigned, what a condition is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from oxidizer.miners.operators.bases import SyntaxOperator
from oxidizer.miners.operators.cuts import swapped
from oxidizer.miners.operators.operator import Code, Operator, Route, Site, ancestor, named
from oxidizer.miners.operators.shapes import (
    ASSIGNMENTS,
    COMPARISONS,
    SIMPLE,
    fields,
    is_place,
    method,
    on_one_line,
    operator_of,
    tail,
)
from oxidizer.miners.operators.surroundings import name_of, result_type
from oxidizer.miners.operators.wording import quoted, ticked

_PLACES = frozenset({"identifier", "field_expression", "index_expression", "unary_expression"})
_TESTS = frozenset({"is_some", "is_none", "is_empty", "is_ok", "is_err"})


class DropFieldValue(Operator):
    """A struct literal loses one of its fields."""

    name = "drop_field_value"
    codes = ("E0063",)
    route = Route.BODY
    rationale = "A struct literal must give every field, and a field that came later is easily forgotten."
    nodes = ("field_initializer_list",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The last field, with the comma before it."""
        given, struct = named(node), node.parent
        if len(given) < 2 or struct is None or given[-1].type == "base_field_initializer":
            return
        last, name = given[-1], struct.child_by_field_name("name")
        if name is not None:
            field = code.text(last).partition(":")[0].strip()
            cause = f"the literal of `{code.text(name)}` leaves out the field `{field}`"
            yield code.site(cause, code.span(given[-2].end_byte, last.end_byte, ""))


class FieldTwice(Operator):
    """A struct literal gives a field twice."""

    name = "field_given_twice"
    codes = ("E0062",)
    route = Route.BODY
    rationale = "A field can be given only once; a second one is left over from a merge or a copied line."
    nodes = ("field_initializer_list",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The first short field, copied behind itself."""
        for given in named(node):
            text = code.text(given)
            if (
                given.type in ("field_initializer", "shorthand_field_initializer")
                and "\n" not in text
                and len(text) < 40
            ):
                cause = f"the field `{text.partition(':')[0].strip()}` is given twice: `{text}`"
                yield code.site(cause, code.insert(given.end_byte, f", {text}"))
                return


class IndexWhole(Operator):
    """`self.items[i]` becomes `self[i]`."""

    name = "index_the_owner"
    codes = ("E0608",)
    route = Route.BODY
    rationale = "A struct cannot be indexed unless it implements `Index`: the field that holds the items must be named."
    nodes = ("index_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """An indexed field."""
        indexed = node.children[0]
        if indexed.type == "field_expression" and (parts := fields(indexed, "value", "field")):
            cause = f"{quoted(code, parts[0])} is indexed instead of its field `{code.text(parts[1])}`"
            yield code.site(cause, code.span(parts[0].end_byte, indexed.end_byte, ""))


class CallValue(Operator):
    """`n + 1` becomes `n() + 1`."""

    name = "call_a_value"
    codes = ("E0618",)
    route = Route.BODY
    rationale = "Only functions and closures can be called; a name that was a method once keeps its parentheses."
    nodes = ("binary_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A plain name beside an operator."""
        for side in ("right", "left"):
            name = node.child_by_field_name(side)
            if name is not None and name.type == "identifier":
                yield code.site(f"{quoted(code, name)} is a value, but it is called", code.insert(name.end_byte, "()"))
                return


class FieldOfNumber(Operator):
    """`self.0` becomes `self.0.0`."""

    name = "field_of_a_number"
    codes = ("E0610", "E0609")
    route = Route.BODY
    rationale = (
        "What is unwrapped has only its own fields, a number none: who unwraps a newtype twice asks for one too many."
    )
    nodes = ("field_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A field of a tuple struct that is not taken apart already."""
        field, parent = node.child_by_field_name("field"), node.parent
        if field is None or field.type != "integer_literal" or parent is None or parent.type == "field_expression":
            return
        yield code.site(
            f"a field `0` of {quoted(code, node)} is read, which has no such field to reach",
            code.insert(node.end_byte, ".0"),
        )


class AssignBackwards(Operator):
    """`self.mode = mode` becomes `mode = self.mode`, and `n = s.len()` becomes `s.len() = n`."""

    name = "assign_backwards"
    codes = ("E0384", "E0507", "E0070")
    route = Route.BODY
    rationale = "An assignment changes its left side, which must be a place that may be changed; a value is none."
    nodes = ("assignment_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """An assignment of a place, or of what a method gives without arguments, to a place."""
        parts = fields(node, "left", "right")
        if not parts or parts[0].type not in _PLACES or code.text(parts[0]) == "_" or not on_one_line(node):
            return
        left, right = (code.text(part) for part in parts)
        if parts[1].type in _PLACES and is_place(parts[1]) and left != right:
            cause = f"{ticked(left)} is assigned to {ticked(right)}, and not the other way round"
        elif (call := method(parts[1], code)) is not None and not call.args:
            cause = f"{ticked(right)} stands on the left of `=`, but it is a value and no place"
        else:
            return
        if len(left + right) < 80:
            yield code.site(cause, *swapped(code, *parts))


class AssignToGetter(Operator):
    """`self.width += 1` becomes `self.width() += 1`."""

    name = "assign_to_getter"
    codes = ("E0067", "E0070")
    route = Route.BODY
    rationale = "A method gives a value, which cannot be assigned to; only the field that it reads is a place."
    nodes = ASSIGNMENTS

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """An assignment to a field where the file has a method of its name that takes nothing but `self`."""
        left = node.child_by_field_name("left")
        field = left.child_by_field_name("field") if left is not None else None
        if left is None or field is None or field.type != "field_identifier":
            return
        name = code.text(field)
        if re.search(rf"\bfn {name}\(\s*&?\s*self\s*\)".encode(), code.source):
            sign = operator_of(node, code) or "="
            cause = f"`{name}()` stands on the left of `{sign}`, but what a method gives is a value and no place"
            yield code.site(cause, code.insert(left.end_byte, "()"))


class CompareWithReference(Operator):
    """`a == b` becomes `a == &b`."""

    name = "compare_with_reference"
    codes = ("E0308", "E0277")
    route = Route.BODY
    rationale = "A value and a reference to a value cannot be compared; which of the two one holds is easily mixed up."
    nodes = ("binary_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The right side of a comparison."""
        parts = fields(node, "left", "operator", "right")
        if not parts or code.text(parts[1]) not in COMPARISONS or parts[2].type not in (*SIMPLE, "char_literal"):
            return
        cause = f"{quoted(code, parts[0])} is compared with a reference to {quoted(code, parts[2])}"
        yield code.site(cause, code.insert(parts[2].start_byte, "&"))


class PlaceholderType(Operator):
    """`-> Vec<u8>` becomes `-> Vec<_>`."""

    name = "placeholder_type"
    codes = ("E0121", "E0283")
    route = Route.CRATE
    rationale = "`_` is inferred only inside of bodies: what a signature or a constant promises must be written out."
    nodes = ("function_item", "const_item", "static_item")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The type of a constant, or the last argument of a return type."""
        kind = node.child_by_field_name("return_type" if node.type == "function_item" else "type")
        if kind is None:
            return
        arguments = kind.child_by_field_name("type_arguments")
        part = named(arguments)[-1] if arguments is not None and named(arguments) else kind
        if part.type in ("primitive_type", "type_identifier", "generic_type", "array_type", "reference_type"):
            cause = f"the type {quoted(code, part)} of `{name_of(node, code)}` is left to inference by `_`"
            yield code.site(cause, code.replace(part, "_"))


class UnsizedParameter(Operator):
    """`text: &str` becomes `text: str`."""

    name = "unsized_parameter"
    codes = ("E0277",)
    route = Route.CRATE
    rationale = "`str` and slices have no size known to the compiler, so they are passed behind a reference."
    nodes = ("parameter",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A parameter that is a reference to a string or a slice."""
        parts, home = fields(node, "pattern", "type"), ancestor(node, "impl_item", "closure_expression")
        if not parts or parts[1].type != "reference_type":
            return
        # A trait says what its methods take, and an elided lifetime in the result needs its reference.
        result = ancestor(node, "function_item", "function_signature_item")
        is_bound = re.search(r"&|'_", result_type(result, code)) is not None
        if is_bound or (home and home.child_by_field_name("trait") is not None):
            return
        target = parts[1].child_by_field_name("type")
        if target is not None and (
            code.text(target) == "str" or (target.type == "array_type" and len(named(target)) == 1)
        ):
            cause = f"{quoted(code, parts[0])} is taken as {quoted(code, target)}, which has no known size, without `&`"
            yield code.site(cause, code.span(parts[1].start_byte, target.start_byte, ""))


class SemicolonInClosure(Operator):
    """`|x| x + 1` becomes `|x| { x + 1; }`."""

    name = "semicolon_in_closure"
    codes = ("E0308", "E0277")
    route = Route.BODY
    rationale = "A closure's block gives its last expression, and a `;` after it leaves nothing to give."
    nodes = ("closure_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The body of a closure."""
        body = node.child_by_field_name("body")
        if body is None:
            return
        value = tail(body) if body.type == "block" else body
        if value is None:
            return
        cause = f"the closure throws {quoted(code, value)} away by a `;` and gives `()`"
        if body.type == "block":
            yield code.site(cause, code.insert(value.end_byte, ";"))
        else:
            yield code.site(cause, code.insert(body.start_byte, "{ "), code.insert(body.end_byte, "; }"))


class TruthyCondition(Operator):
    """`if x.is_some()` becomes `if x`, and `if n != 0` becomes `if n`."""

    name = "truthy_condition"
    codes = ("E0308", "E0600")
    route = Route.BODY
    rationale = "A condition must be a `bool`: unlike in C and Python no other value counts as true or false."
    nodes = ("if_expression", "while_expression")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A condition that is a test for presence, or a comparison with zero."""
        condition = node.child_by_field_name("condition")
        if condition is None:
            return
        tested = named(condition)[0] if condition.type == "unary_expression" else condition
        value = None
        if (called := method(tested, code)) is not None and called.name in _TESTS:
            value = called.value
        elif tested.type == "binary_expression" and (parts := fields(tested, "left", "operator", "right")):
            is_zero = code.text(parts[2]) == "0"
            value = parts[0] if is_zero and code.text(parts[1]) in ("!=", ">", "==") else None
        if value is not None:
            cause = f"{quoted(code, value)} is no `bool`, but it is used as a condition"
            yield code.site(cause, code.span(value.end_byte, tested.end_byte, ""))


class AssignInCondition(Operator):
    """`if x == y` becomes `if x = y`."""

    name = "assign_in_condition"
    codes = ("E0308",)
    route = Route.BODY
    rationale = "An assignment has no value in Rust, so it is no condition: `==` compares."
    nodes = ("if_expression", "while_expression")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A condition that is a comparison by `==`."""
        condition = node.child_by_field_name("condition")
        parts = fields(condition, "left", "operator", "right") if condition is not None else None
        if parts and code.text(parts[1]) == "==":
            cause = (
                f"{quoted(code, parts[2])} is assigned to {quoted(code, parts[0])} in a condition, not compared with it"
            )
            yield code.site(cause, code.replace(parts[1], "="))


class ChainedComparison(SyntaxOperator):
    """`a <= x && x <= b` becomes `a <= x <= b`."""

    name = "chained_comparison"
    rationale = "A comparison gives a `bool`, so comparisons do not chain as they do in Python and in mathematics."
    nodes = ("binary_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """Two comparisons of one value; a third value behind a comparison of two."""
        parts = fields(node, "left", "operator", "right")
        if not parts or code.text(parts[1]) != "&&":
            return
        first, second = fields(parts[0], "left", "operator", "right"), fields(parts[2], "left", "operator", "right")
        if not first or not second or "\n" in code.text(node):
            return
        low, high = code.text(first[1]), code.text(second[1])
        if low not in ("<", "<=", ">", ">=", "==") or high not in ("<", "<=", ">", ">=", "=="):
            return
        left, middle = code.text(first[0]), code.text(first[2])
        if middle == code.text(second[0]):
            text = f"{left} {low} {middle} {high} {code.text(second[2])}"
        elif left == code.text(second[0]) and low[0] in "<>" and high[0] in "<>":
            text = f"{middle} {'<>'[low[0] == '<']}{low[1:]} {left} {high} {code.text(second[2])}"
        elif low == high == "==" and middle == code.text(second[2]):
            text = f"{left} == {code.text(second[0])} == {middle}"
        else:
            return
        yield code.site(f"{ticked(text)} chains two comparisons", code.replace(node, text))
