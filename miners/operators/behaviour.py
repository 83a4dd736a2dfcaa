"""Mistakes that compile and do the wrong thing: a bound, a sign, an order, a branch turned round.

Each replaces one whole expression of a function's body by another of the same type, or leaves out one statement.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import ClassVar

from tree_sitter import Node

from oxidizer.miners.operators.cuts import cut_line
from oxidizer.miners.operators.operator import Code, Operator, Route, Site, child, named
from oxidizer.miners.operators.shapes import PRIMARY, fields, method, on_one_line, operator_of, tail
from oxidizer.miners.operators.surroundings import attributes, function_of, parameter_types
from oxidizer.miners.operators.wording import short

_CONSTANT = frozenset(
    {"const_item", "static_item", "enum_variant", "type_arguments", "array_type", "const_block", "const_parameter",
     "attribute_item"}
)  # fmt: skip
_LOOSER = frozenset({("*", "+"), ("&", "|"), ("^", "|"), ("&&", "||")})
_TIGHT = frozenset({"binary_expression", "unary_expression", "type_cast_expression"})


def _runs(node: Node) -> bool:
    """Whether the node is an expression of a function's body that runs: no pattern, no constant, no array's length."""
    at, above = node, node.parent
    while above is not None and above.type != "function_item":
        if above.type in _CONSTANT:
            return False
        if above.type.endswith("_pattern") and above.child_by_field_name("condition") != at:
            return False
        if above.type == "array_expression" and above.child_by_field_name("length") == at:
            return False
        at, above = above, above.parent
    return above is not None and at == above.child_by_field_name("body")


def _is_place(node: Node) -> bool:
    """Whether the expression stands where it is written to or borrowed as `&mut`."""
    above = node.parent
    if above is None:
        return False
    if above.type in ("assignment_expression", "compound_assignment_expr"):
        return above.child_by_field_name("left") == node
    return above.type == "reference_expression" and child(above, "mutable_specifier") is not None


class _Behaviour(Operator):
    """A mistake that tests may find."""

    route = Route.BEHAVIOUR
    codes = ()

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The wrong forms of an expression that runs."""
        if not _runs(node) or _is_place(node):
            return
        for text, cause in self.wrong(node, code):
            yield code.site(cause, code.replace(node, text))

    def wrong(self, node: Node, code: Code) -> Iterator[tuple[str, str]]:
        """What may stand in the expression's place by mistake, and why that is wrong."""
        yield from ()


class _WrongSign(_Behaviour):
    """A binary operator becomes another."""

    nodes = ("binary_expression",)
    signs: ClassVar[dict[str, str]]
    because: ClassVar[str]

    def wrong(self, node: Node, code: Code) -> Iterator[tuple[str, str]]:
        """The expression with the other sign."""
        sign, old = node.child_by_field_name("operator"), operator_of(node, code)
        if sign is None or (new := self.signs.get(old)) is None or '"' in code.text(node):
            return
        left, right = fields(node, "left", "right")
        start, end = sign.start_byte - node.start_byte, sign.end_byte - node.start_byte
        whole = code.text(node).encode()
        words = {"left": short(code, left, 40), "right": short(code, right, 40), "old": old, "new": new}
        text = (whole[:start] + new.encode() + whole[end:]).decode()
        # A sign that binds less tightly would pull in what stands around the expression.
        looser = (old, new) in _LOOSER and node.parent is not None and node.parent.type in _TIGHT
        yield f"({text})" if looser else text, self.because.format(**words)


class WrongBoundary(_WrongSign):
    """`a < b` becomes `a <= b`."""

    name = "shift_boundary"
    rationale = (
        "Whether a bound itself belongs to a range is easily confused, and only the value at the bound shows it."
    )
    signs = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}  # noqa: RUF012
    because = "`{left} {new} {right}` treats the boundary wrong: where both are equal, the answer must be the other"


class TurnedEquality(_WrongSign):
    """`a == b` becomes `a != b`."""

    name = "turn_equality"
    rationale = (
        "A test for equality and its opposite differ in one sign, and a condition is easily thought the wrong way."
    )
    signs = {"==": "!=", "!=": "=="}  # noqa: RUF012
    because = "`{left} {new} {right}` asks for the opposite of what is meant"


class TurnedOrder(_WrongSign):
    """`a < b` becomes `a > b`."""

    name = "turn_order"
    rationale = "Which of two values must be smaller is easily turned round."
    signs = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}  # noqa: RUF012
    because = "`{left} {new} {right}` compares the wrong way round"


class WrongArithmetic(_WrongSign):
    """`a + b` becomes `a - b`."""

    name = "wrong_arithmetic"
    rationale = "A sum and a difference, or a product and a quotient, are confused when a formula is turned round."
    signs = {"+": "-", "-": "+", "*": "+", "/": "*", "%": "/"}  # noqa: RUF012
    because = "`{new}` stands between `{left}` and `{right}` where `{old}` is right"


class WrongLogic(_WrongSign):
    """`a && b` becomes `a || b`."""

    name = "and_for_or"
    rationale = "Whether both conditions must hold or one is enough is easily confused, most of all under a negation."
    signs = {"&&": "||", "||": "&&"}  # noqa: RUF012
    because = "`{new}` joins `{left}` and `{right}` where `{old}` is right"


class WrongBits(_WrongSign):
    """`a << b` becomes `a >> b`, and `a & b` becomes `a | b`."""

    name = "wrong_bits"
    rationale = "The direction of a shift, and setting bits or masking them, are easily confused."
    signs = {"<<": ">>", ">>": "<<", "&": "|", "|": "&", "^": "|"}  # noqa: RUF012
    because = "`{new}` changes the bits of `{left}` by `{right}` where `{old}` is right"


class OffByOne(_Behaviour):
    """A number `n` becomes `n + 1`."""

    name = "off_by_one"
    rationale = "Counting from zero or from one, and a bound in or out, make numbers wrong by one."
    nodes = ("integer_literal",)

    def wrong(self, node: Node, code: Code) -> Iterator[tuple[str, str]]:
        """A decimal number, one larger; zero and one for each other."""
        found = re.fullmatch(r"(\d{1,4})(_?[iu](?:8|16|32|64|128|size))?", code.text(node))
        if found is None or node.parent is None or node.parent.type == "field_expression":
            return
        number, above = int(found[1]), short(code, node.parent)
        new = {0: 1, 1: 0}.get(number, number - 1 if number in (127, 128, 255, 256) else number + 1)
        yield f"{new}{found[2] or ''}", f"`{new}{found[2] or ''}` is off by one in what should be `{above}`"


class WrongBool(_Behaviour):
    """`true` becomes `false`."""

    name = "wrong_bool"
    rationale = "A flag or an answer is easily given the wrong way round."
    nodes = ("boolean_literal",)

    def wrong(self, node: Node, code: Code) -> Iterator[tuple[str, str]]:
        """The other value."""
        old = code.text(node)
        new = "false" if old == "true" else "true"
        function = function_of(node)
        name = function.child_by_field_name("name") if function else None
        where = short(code, node.parent, 60) if node.parent and node.parent.type != "block" else ""
        cause = f"`{new}` stands where `{old}` belongs, in `{code.text(name) if name else ''}`"
        yield new, cause + (f" at `{where}`" if where not in ("", old) else "")


class NegatedCondition(_Behaviour):
    """`if c` becomes `if !c`, and `if !c` becomes `if c`."""

    name = "negate_condition"
    rationale = "A `!` before a condition is easily forgotten or one too many."
    nodes = ("if_expression", "while_expression")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A condition that is a call, a name or a negation."""
        at = node.child_by_field_name("condition")
        if at is not None and _runs(node) and on_one_line(at):
            if at.type == "unary_expression" and code.text(at).startswith("!"):
                inner = at.named_children[0]
                cause = f"the `!` before `{short(code, inner)}` is missing"
                yield code.site(cause, code.replace(at, code.text(inner)))
            elif at.type in ("identifier", "call_expression", "field_expression", "macro_invocation"):
                cause = f"the condition `{short(code, at)}` is negated, so its branches run in the wrong cases"
                yield code.site(cause, code.replace(at, f"!{code.text(at)}"))


class SwappedBranches(_Behaviour):
    """`if c { a } else { b }` becomes `if c { b } else { a }`."""

    name = "swap_branches"
    rationale = "With a condition in mind the wrong way round, the two branches change places."
    nodes = ("if_expression",)

    def wrong(self, node: Node, code: Code) -> Iterator[tuple[str, str]]:
        """Two blocks of one expression or statement each."""
        condition, body = fields(node, "condition", "consequence") or (node, node)
        clause = node.child_by_field_name("alternative")
        other = child(clause, "block") if clause else None
        if other is None or "let" in condition.type or len(named(body)) != 1 or len(named(other)) != 1:
            return
        if (first := code.text(body)) != (second := code.text(other)):
            head = code.source[node.start_byte : body.start_byte].decode()
            between = code.source[body.end_byte : other.start_byte].decode()
            cause = f"the branches of the `if` on `{short(code, condition)}` have changed places"
            yield f"{head}{second}{between}{first}", cause


class DroppedStep(_Behaviour):
    """A statement that gives nothing is missing."""

    name = "drop_step"
    rationale = "A step with an effect is easily forgotten, since nothing asks for its value."
    nodes = ("call_expression", "compound_assignment_expr", "assignment_expression")
    _methods = frozenset(
        {"push", "push_str", "extend", "extend_from_slice", "clear", "truncate", "reverse", "sort", "set_len", "fill",
         "copy_from_slice", "swap", "rotate_left", "rotate_right", "push_back", "push_front", "dedup", "append"}
    )  # fmt: skip

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A statement that calls a method which gives nothing, or one of `self`, or that sets something."""
        call, above = method(node, code), node.parent
        if above is None or above.type != "expression_statement" or not child(above, ";") or not _runs(node):
            return
        if attributes(above) or (call is None and node.type == "call_expression"):
            return
        if call is None or call.name in self._methods or call.value.type == "self":
            yield code.site(f"the step `{short(code, node)}` is missing", cut_line(code, above))


class SwappedArguments(_Behaviour):
    """`f(a, b)` becomes `f(b, a)`."""

    name = "swap_similar_arguments"
    rationale = "Two arguments of one type can change places without a word from the compiler."
    nodes = ("call_expression",)

    def wrong(self, node: Node, code: Code) -> Iterator[tuple[str, str]]:
        """The first two neighbours that are names, or numbers."""
        function, arguments = fields(node, "function", "arguments")
        if not on_one_line(node):
            return
        inner, text = named(arguments), code.text(node).encode()
        known = parameter_types(function_of(node), code)
        for left, right in pairwise(inner):
            similar = left.type == right.type and left.type in ("identifier", "integer_literal", "field_expression")
            kinds = [code.text(known[code.text(n)]) if code.text(n) in known else "" for n in (left, right)]
            if similar and kinds[0] == kinds[1] and code.text(left) != code.text(right):
                at = node.start_byte
                between = text[left.end_byte - at : right.start_byte - at]
                pair = code.text(right).encode() + between + code.text(left).encode()
                new = text[: left.start_byte - at] + pair + text[right.end_byte - at :]
                cause = f"`{code.text(left)}` and `{code.text(right)}` have changed places in the call of "
                yield new.decode(), cause + f"`{short(code, function, 40)}`"
                return


class WrongEnd(_Behaviour):
    """`a..b` becomes `a..b - 1`, and `a..=b` loses its last value."""

    name = "wrong_range_end"
    rationale = "Whether a range takes in its end is easily confused, and its last value is lost or one too many comes."
    nodes = ("range_expression",)

    def wrong(self, node: Node, code: Code) -> Iterator[tuple[str, str]]:
        """A range with an end that is not a number."""
        inner, sign = named(node), child(node, "..") or child(node, "..=")
        if sign is None or not inner or inner[-1].start_byte < sign.start_byte or inner[-1].type not in PRIMARY:
            return
        if sign.type == ".." or inner[-1].type in ("identifier", "field_expression"):
            yield f"{code.text(node)} - 1", f"the range `{short(code, node)} - 1` loses its last value"


class WrongStart(_Behaviour):
    """`a..b` becomes `a + 1..b`."""

    name = "wrong_range_start"
    rationale = "Whether a range begins at its start or after it is easily confused, and its first value is lost."
    nodes = ("range_expression",)

    def wrong(self, node: Node, code: Code) -> Iterator[tuple[str, str]]:
        """A range with a start."""
        inner, sign = named(node), child(node, "..") or child(node, "..=")
        if sign is None or not inner or inner[0].end_byte > sign.start_byte or inner[0].type not in PRIMARY:
            return
        start, rest = code.text(inner[0]), code.text(node)[len(code.text(inner[0])) :]
        new = str(int(start) + 1) if re.fullmatch(r"\d+", start) else f"{start} + 1"
        yield f"{new}{rest}", f"the range from `{new}` leaves out the value at `{short(code, inner[0])}`"


class WrongUpdate(_Behaviour):
    """`x += y` becomes `x -= y`."""

    name = "wrong_update"
    rationale = "A value that should grow shrinks when the sign of its step is confused."
    nodes = ("compound_assignment_expr",)
    _signs = {"+=": "-=", "-=": "+=", "*=": "+=", "/=": "*=", "|=": "&=", "&=": "|=", "<<=": ">>=", ">>=": "<<="}  # noqa: RUF012

    def wrong(self, node: Node, code: Code) -> Iterator[tuple[str, str]]:
        """The other sign."""
        left, right = fields(node, "left", "right")
        new, old = self._signs.get(operator_of(node, code)), operator_of(node, code)
        if new and on_one_line(node) and not code.text(right).startswith('"'):
            text = f"{code.text(left)} {new} {code.text(right)}"
            yield text, f"`{short(code, left)}` is changed by `{new} {short(code, right)}` where `{old}` is right"


class WrongMethod(_Behaviour):
    """`a.min(b)` becomes `a.max(b)`, and the like."""

    name = "opposite_method"
    rationale = "Methods come in pairs of opposites, of which the wrong one is easily taken."
    nodes = ("call_expression",)
    _pairs = (
        ("min", "max"), ("any", "all"), ("starts_with", "ends_with"), ("is_some", "is_none"), ("is_ok", "is_err"),
        ("first", "last"), ("strip_prefix", "strip_suffix"), ("trim_start", "trim_end"), ("find", "rfind"),
        ("wrapping_add", "wrapping_sub"), ("checked_add", "checked_sub"), ("saturating_add", "saturating_sub"),
        ("leading_zeros", "trailing_zeros"), ("rotate_left", "rotate_right"), ("next", "next_back"),
        ("wrapping_shl", "wrapping_shr"), ("to_be_bytes", "to_le_bytes"), ("push_back", "push_front"),
        ("to_ascii_lowercase", "to_ascii_uppercase"), ("trim_start_matches", "trim_end_matches"),
        ("is_ascii_lowercase", "is_ascii_uppercase"), ("is_lowercase", "is_uppercase"),
        ("pop_front", "pop_back"), ("to_lowercase", "to_uppercase"), ("add", "sub"), ("floor", "ceil"),
    )  # fmt: skip
    _opposite = {a: b for pair in _pairs for a, b in (pair, pair[::-1])}  # noqa: RUF012

    def wrong(self, node: Node, code: Code) -> Iterator[tuple[str, str]]:
        """The opposite method on the same value, where that keeps the type."""
        call = method(node, code)
        if call is None or (new := self._opposite.get(call.name)) is None or not on_one_line(node):
            return
        at = node.start_byte
        text = code.text(node).encode()
        whole = text[: call.field.start_byte - at] + new.encode() + text[call.field.end_byte - at :]
        yield whole.decode(), f"`{new}` is called on `{short(code, call.value)}` where `{call.name}` is right"


class NegatedAnswer(_Behaviour):
    """A returned condition is negated."""

    name = "negate_answer"
    rationale = "A question that is answered by its opposite leads every caller astray."
    nodes = ("function_item",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The last expression of a function that gives a `bool`."""
        kind, name, body = (node.child_by_field_name(n) for n in ("return_type", "name", "body"))
        last = tail(body)
        if kind is None or name is None or last is None or code.text(kind) != "bool" or not on_one_line(last):
            return
        if last.type in ("call_expression", "macro_invocation", "identifier", "field_expression"):
            cause = f"`{code.text(name)}` answers with the opposite of `{short(code, last)}`"
            yield code.site(cause, code.replace(last, f"!{code.text(last)}"))
