"""Mistakes of numbers: a wrong width or sign, a cast too few, a literal that is none."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from oxidizer.miners.operators.bases import SyntaxOperator
from oxidizer.miners.operators.cuts import only, swapped
from oxidizer.miners.operators.operator import Code, Operator, Route, Site, ancestor, named, walk
from oxidizer.miners.operators.shapes import OTHER_INTEGER, fields, method
from oxidizer.miners.operators.wording import quoted, ticked

_DECIMAL = re.compile(r"[0-9][0-9_]*")
_SUFFIXED = re.compile(r"(0x[0-9a-fA-F_]+?|[0-9][0-9_]*)_?(" + "|".join(OTHER_INTEGER) + ")")


class DropCast(Operator):
    """`x as usize` becomes `x`."""

    name = "drop_cast"
    codes = ("E0308", "E0277", "E0604")
    route = Route.BODY
    rationale = "Numbers of different types never mix by themselves, unlike in C: each change of type is written out."
    nodes = ("type_cast_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """Every cast in a body."""
        if parts := fields(node, "value", "type"):
            cause = f"{quoted(code, parts[0])} is used where {quoted(code, parts[1])} is wanted, without a cast"
            yield code.site(cause, *only(code, node, parts[0]))


class WrongCastTarget(Operator):
    """`x as usize` becomes `x as u32`."""

    name = "wrong_cast_target"
    codes = ("E0308", "E0277", "E0604")
    route = Route.BODY
    rationale = "A cast must name exactly the type that is wanted, for no other integer type will do."
    nodes = ("type_cast_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A cast to a built-in integer type."""
        parts = fields(node, "value", "type")
        if parts and (other := OTHER_INTEGER.get(wanted := code.text(parts[1]))) is not None:
            cause = f"{quoted(code, parts[0])} is cast to `{other}` where `{wanted}` is wanted"
            yield code.site(cause, code.replace(parts[1], other))


class CastToBool(Operator):
    """`x != 0` becomes `x as bool`."""

    name = "cast_to_bool"
    codes = ("E0054",)
    route = Route.BODY
    rationale = "No number can be cast to `bool`: it has to be compared with zero."
    nodes = ("binary_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A comparison with the literal zero."""
        parts = fields(node, "left", "operator", "right")
        if not parts or code.text(parts[1]) not in ("!=", ">") or code.text(parts[2]) not in ("0", "0x0"):
            return
        value, parent = parts[0], node.parent
        edit = code.span(value.end_byte, node.end_byte, " as bool")
        if parent is None or parent.type not in ("field_expression", "unary_expression"):
            wrap = value.type in ("binary_expression", "unary_expression")
            edits = (code.insert(value.start_byte, "("), code.span(value.end_byte, node.end_byte, ") as bool"))
            yield code.site(f"{quoted(code, value)} is a number and is cast to `bool`", *(edits if wrap else (edit,)))


class CastToChar(Operator):
    """`x as u8 as char` becomes `x as char`, and `b as char` becomes `b as u32 as char`."""

    name = "cast_to_char"
    codes = ("E0604",)
    route = Route.BODY
    rationale = "Only a `u8` can be cast to `char`, since not every larger number is one; `char::from_u32` checks it."
    nodes = ("type_cast_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A cast to `char`."""
        parts = fields(node, "value", "type")
        if not parts or code.text(parts[1]) != "char":
            return
        value = named(parts[0])[0] if parts[0].type == "parenthesized_expression" else parts[0]
        if value.type == "type_cast_expression" and (inner := fields(value, "value", "type")):
            cause = f"{quoted(code, inner[0])} is cast to `char` directly, which only a `u8` can be"
            yield code.site(cause, code.span(inner[0].end_byte, value.end_byte, ""))
        else:
            cause = f"{quoted(code, value)} is made a `u32` and that is cast to `char`, which only a `u8` can be"
            yield code.site(cause, code.insert(parts[0].end_byte, " as u32"))


class CastReference(Operator):
    """`*x as u32` becomes `x as u32`."""

    name = "cast_reference"
    codes = ("E0606",)
    route = Route.BODY
    rationale = "`as` casts numbers, not references to them, so the reference must be followed by `*` first."
    nodes = ("type_cast_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A cast of a followed reference, or of an indexed or plain value that is now borrowed."""
        parts = fields(node, "value", "type")
        if not parts or parts[1].type != "primitive_type":
            return
        if parts[0].type == "unary_expression" and code.text(parts[0]).startswith("*"):
            value = named(parts[0])[0]
            cause = f"{quoted(code, value)} is a reference and is cast to {quoted(code, parts[1])}"
            yield code.site(cause, code.span(node.start_byte, value.start_byte, ""))
        elif parts[0].type in ("index_expression", "field_expression"):
            cause = f"a reference to {quoted(code, parts[0])} is cast to {quoted(code, parts[1])}"
            yield code.site(cause, code.insert(node.start_byte, "&"))


class IndexByNarrowInteger(Operator):
    """`items[i]` becomes `items[i as u32]`."""

    name = "index_by_narrow_integer"
    codes = ("E0277",)
    route = Route.BODY
    rationale = "Slices and vectors are indexed by `usize` only, whatever integer type the index comes in."
    nodes = ("index_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A plain index; one that is cast to `usize` loses or changes its cast."""
        inside = named(node)
        if len(inside) != 2:
            return
        index = inside[1]
        if index.type in ("identifier", "field_expression", "call_expression", "parenthesized_expression"):
            cause = f"{quoted(code, inside[0])} is indexed by {quoted(code, index)} as a `u32`, not a `usize`"
            yield code.site(cause, code.insert(index.end_byte, " as u32"))
        elif index.type == "type_cast_expression" and (parts := fields(index, "value", "type")):
            cause = f"{quoted(code, inside[0])} is indexed by {quoted(code, parts[0])}, which is no `usize`"
            yield code.site(cause, *only(code, index, parts[0]))


class WrongLetInteger(Operator):
    """`let x: u32 = ..` becomes `let x: usize = ..`."""

    name = "wrong_let_integer"
    codes = ("E0308", "E0277")
    route = Route.BODY
    rationale = "A binding's type must be that of its value and of all its uses, and integer types do not mix."
    nodes = ("let_declaration",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """An integer type in a `let`, or the suffix of its literal."""
        parts = fields(node, "pattern", "type")
        if parts:
            for kind in walk(parts[1]):
                if (
                    kind.type == "primitive_type"
                    and (other := OTHER_INTEGER.get(wanted := code.text(kind))) is not None
                ):
                    cause = f"{quoted(code, parts[0])} is declared with `{other}` but used as one with `{wanted}`"
                    yield code.site(cause, code.replace(kind, other))
                    return
            return
        # A literal takes the type that its uses ask for, until the `let` says another.
        bound = fields(node, "pattern", "value")
        if bound and bound[0].type == "identifier" and _DECIMAL.fullmatch(code.text(bound[1])):
            cause = f"{quoted(code, bound[0])} is declared as `i32`, but its uses want another integer type"
            yield code.site(cause, code.insert(bound[0].end_byte, ": i32"))


class WrongSuffix(Operator):
    """`1` becomes `1i32`, and `0u8` becomes `0u16`."""

    name = "wrong_integer_suffix"
    codes = ("E0308",)
    route = Route.BODY
    rationale = "A literal with a suffix has just that type, and no integer type mixes with another."
    nodes = ("integer_literal",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A literal with a suffix, or one that is an operand or an argument."""
        text, parent = code.text(node), node.parent
        if parent is None or parent.type in ("field_expression", "range_pattern"):
            return
        if (suffixed := _SUFFIXED.fullmatch(text)) is not None:
            new = text.removesuffix(suffixed[2]) + OTHER_INTEGER[suffixed[2]]
            yield code.site(f"`{new}` is no `{suffixed[2]}`, which is wanted here", code.replace(node, new))
        elif parent.type in ("binary_expression", "arguments", "compound_assignment_expr") and _DECIMAL.fullmatch(text):
            operator = parent.child_by_field_name("operator")
            if operator is not None and code.text(operator).rstrip("=") in ("<<", ">>"):
                return  # a shift takes any integer type
            whole = quoted(code, parent)
            cause = f"`{text}i32`, which is an `i32` unlike the rest, is written where {whole} is meant"
            yield code.site(cause, code.insert(node.end_byte, "i32"))


class FloatForInteger(Operator):
    """`x / 2` becomes `x / 2.0`."""

    name = "float_for_integer"
    codes = ("E0277", "E0308")
    route = Route.BODY
    rationale = "A literal with a point is a float and never becomes an integer, nor the other way round."
    nodes = ("integer_literal", "float_literal")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A decimal operand, argument or bound value; a float with nothing behind its point loses the point."""
        text, parent = code.text(node), node.parent
        if parent is None or parent.type not in (
            "binary_expression",
            "arguments",
            "let_declaration",
            "return_expression",
        ):
            return
        if node.type == "float_literal" and text.endswith(".0"):
            cause = f"the integer `{text[:-2]}` is written for the float `{text}` where {quoted(code, parent)} is meant"
            yield code.site(cause, code.replace(node, text[:-2]))
        elif node.type == "integer_literal" and _DECIMAL.fullmatch(text):
            cause = f"the float `{text}.0` is written for the integer `{text}` where {quoted(code, parent)} is meant"
            yield code.site(cause, code.insert(node.end_byte, ".0"))


class AmbiguousNumber(Operator):
    """`let mut n = 0u32` becomes `let mut n = 0` before `n.pow(2)`; `x.max(1)` becomes `1.max(x)`."""

    name = "ambiguous_number"
    codes = ("E0689",)
    route = Route.BODY
    rationale = "A method is looked up in the type of its receiver, and a literal without suffix has not got one yet."
    nodes = ("call_expression", "let_declaration")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A call of `min` and the like with a literal; a `let` of a typed literal with methods called on it."""
        if (called := method(node, code)) is not None and len(called.args) == 1:
            name, literal = called.name, code.text(called.args[0])
            is_plain = _DECIMAL.fullmatch(literal) is not None and "\n" not in code.text(called.value)
            if is_plain and name in ("min", "max", "cmp", "eq", "pow", "wrapping_add"):
                cause = f"`{name}` is called on the literal `{literal}`, whose type is open"
                yield code.site(cause, *swapped(code, called.value, called.args[0]))
        elif node.type == "let_declaration" and (parts := fields(node, "pattern", "value")):
            suffixed, kind = _SUFFIXED.fullmatch(code.text(parts[1])), node.child_by_field_name("type")
            if (suffixed or (kind and _DECIMAL.fullmatch(code.text(parts[1])))) and _has_method(parts[0], code):
                cause = f"a method is called on {quoted(code, parts[0])}, but nothing says which integer it is"
                if suffixed:
                    yield code.site(cause, code.span(parts[1].start_byte + len(suffixed[1]), parts[1].end_byte, ""))
                elif kind is not None:
                    yield code.site(cause, code.span(parts[0].end_byte, kind.end_byte, ""))


def _has_method(pattern: Node, code: Code) -> bool:
    """A method is called on the bound name further down in its block."""
    block = ancestor(pattern, "block")
    return (
        block is not None
        and pattern.type == "identifier"
        and any(
            (called := method(node, code)) is not None and code.text(called.value) == code.text(pattern)
            for node in walk(block)
        )
    )


class NegativeUnsigned(Operator):
    """`x - 1` becomes `x + -1`, and `usize::MAX` becomes `-1`."""

    name = "negative_unsigned"
    codes = ("E0600", "E0277")
    route = Route.BODY
    rationale = "Unsigned integers have no negative values: `-1` for none or for the largest one is a habit from C."
    nodes = ("binary_expression", "scoped_identifier", "unary_expression")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A subtracted literal, the largest value of an unsigned type, or `!0`."""
        text = code.text(node)
        if re.fullmatch(r"((std|core)::)?u(8|16|32|64|128|size)::MAX|!0", text):
            yield code.site(f"`-1` stands where `{text}` is meant, but the type is unsigned", code.replace(node, "-1"))
            return
        parts = fields(node, "left", "operator", "right")
        if parts and code.text(parts[1]) == "-" and parts[2].type == "integer_literal":
            cause = f"`-{code.text(parts[2])}` is added to {quoted(code, parts[0])}, which is unsigned"
            yield code.site(cause, code.replace(parts[1], "+"), code.insert(parts[2].start_byte, "-"))


class OverflowingLiteral(Operator):
    """`255` becomes `256` where the type is `u8`."""

    name = "literal_out_of_range"
    codes = ("overflowing_literals",)
    route = Route.LINT
    rationale = "A literal must fit into its type; limits such as 255 and 256 are easily mixed up."
    nodes = ("integer_literal",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A literal beside a byte literal or a `u8`, one at the limit of a type, and bytes in the place of numbers."""
        text, parent = code.text(node).replace("_", ""), node.parent
        if parent is None:
            return
        new = {"255": "256", "127": "128", "0xff": "0x100", "0xFF": "0x100", "0x7f": "0x80", "65535": "65536"}.get(text)
        small = re.fullmatch(r"0x([8-9a-fA-F][0-9a-fA-F])", text)
        if small is not None and parent.type in ("binary_expression", "range_pattern", "match_pattern", "or_pattern"):
            new = f"0x1{small[1]}"
        if new is not None:
            cause = f"`{new}`, which is too large for its type, is written where {quoted(code, parent)} is meant"
            yield code.site(cause, code.replace(node, new))


class MalformedLiteral(SyntaxOperator):
    """`0xff` becomes `0x`, `10u32` becomes `10u`, `0b11` becomes `0b12`."""

    name = "malformed_literal"
    codes = ("", "E0768")
    rationale = "Rust's number literals have their own prefixes and suffixes; those of C and others are not known."
    nodes = ("integer_literal",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A literal with a prefix or a suffix, and larger plain ones."""
        text = code.text(node)
        if (suffixed := _SUFFIXED.fullmatch(text)) is not None:
            new = text.removesuffix(suffixed[2]) + {"usize": "usz", "u64": "ul", "i64": "l"}.get(suffixed[2], "u")
            yield code.site(f"`{new}` has a suffix that Rust does not know", code.replace(node, new))
        elif text.startswith("0x") and len(text) <= 4:
            yield code.site("`0x` has no digits", code.span(node.start_byte + 2, node.end_byte, ""))
        elif text.startswith("0x"):
            yield code.site(
                f"`0X{text[2:]}` begins with a capital `X`", code.span(node.start_byte, node.start_byte + 2, "0X")
            )
        elif text.startswith("0b") and text.endswith("1"):
            yield code.site(f"`{text[:-1]}2` has a digit that no binary number has",
                            code.span(node.end_byte - 1, node.end_byte, "2"))  # fmt: skip
        elif _DECIMAL.fullmatch(text) and int(text) > 99:
            yield code.site(f"`{text}L` has a suffix that Rust does not know", code.insert(node.end_byte, "L"))


class CastWithoutParentheses(SyntaxOperator):
    """`(x as usize) < y` becomes `x as usize < y`, and `(x as u32).min(y)` becomes `x as u32.min(y)`."""

    name = "cast_without_parentheses"
    rationale = "After `as` comes a type, so a `<` opens its arguments and a `.` cannot follow: parentheses are needed."
    nodes = ("binary_expression", "parenthesized_expression")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A cast in parentheses before `<`, `<<` or `.`; a comparison that is turned round is one too."""
        parent = node.parent
        if node.type == "parenthesized_expression" and parent is not None:
            inside = named(node)
            if not inside or inside[0].type != "type_cast_expression":
                return
            operator = parent.child_by_field_name("operator")
            follows = parent.type == "field_expression" or (operator is not None and code.text(operator) in ("<", "<<"))
            if follows and parent.children[0] == node:
                cause = f"{quoted(code, inside[0])} is followed by more of its expression, without parentheses"
                yield code.site(cause, *only(code, node, inside[0]))
        elif (parts := fields(node, "left", "operator", "right")) and code.text(parts[1]) == ">":
            left, right = code.text(parts[0]), code.text(parts[2])
            if parts[2].type == "type_cast_expression" and "\n" not in left + right:
                cause = f"{ticked(right)} is followed by `<`, which is taken for the arguments of a type"
                edits = code.replace(parts[0], right), code.replace(parts[1], "<"), code.replace(parts[2], left)
                yield code.site(cause, *edits)
