"""Mistakes of patterns: a case left out, a shape that the value does not have, a byte taken for a character."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar

from tree_sitter import Node

from oxidizer.cluster.edits import Edit
from oxidizer.miners.operators.bases import SyntaxOperator
from oxidizer.miners.operators.cuts import cut_line, swapped
from oxidizer.miners.operators.operator import Code, Operator, Route, Site, ancestor, child, named, walk
from oxidizer.miners.operators.shapes import fields, let_parts, method, statement
from oxidizer.miners.operators.wording import changed, quoted

_OWNED = frozenset(
    {"as_str", "as_ref", "as_bytes", "as_slice", "next", "first", "last", "get", "as_mut", "cmp", "kind", "len", "peek"}
)


class DropArm(Operator):
    """A `match` without catch-all loses one arm."""

    name = "drop_match_arm"
    codes = ("E0004",)
    route = Route.BODY
    rationale = "A `match` must cover every value, and a case is forgotten, often one that came later."
    nodes = ("match_arm",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """An arm of a `match` whose other arms do not catch all."""
        arms = _arms(node)
        if len(arms) < 2 or _guarded(node):
            return
        catching = [arm for arm in arms if _catches_all(arm, code)]
        if catching and catching != [node]:
            return
        pattern, match = node.child_by_field_name("pattern"), ancestor(node, "match_expression")
        if pattern is not None and match is not None and (value := match.child_by_field_name("value")) is not None:
            case = "all other values" if catching else quoted(code, pattern)
            cause = f"the `match` on {quoted(code, value)} has no arm for {case}"
            yield code.site(cause, cut_line(code, node))


def _arms(arm: Node) -> list[Node]:
    return [c for c in named(arm.parent) if c.type == "match_arm"] if arm.parent is not None else []


def _guarded(arm: Node) -> bool:
    pattern = arm.child_by_field_name("pattern")
    return pattern is not None and pattern.child_by_field_name("condition") is not None


def _catches_all(arm: Node, code: Code) -> bool:
    pattern = arm.child_by_field_name("pattern")
    return (
        pattern is not None
        and not _guarded(arm)
        and re.fullmatch(r"_|[a-z_][a-z0-9_]*", code.text(pattern)) is not None
    )


class RefutableLet(Operator):
    """`if let Some(x) = y { .. }` becomes `let Some(x) = y; { .. }`; a `let` loses its `else`."""

    name = "refutable_let"
    codes = ("E0005",)
    route = Route.BODY
    rationale = "A plain `let` must fit every value: a pattern that may fail needs `if let` or `else`."
    nodes = ("if_expression", "let_declaration")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """An `if let` without `else` that is a statement; a `let .. else`."""
        if node.type == "let_declaration":
            parts = fields(node, "pattern", "value", "alternative")
            if parts:
                yield self._site(parts[0], parts[1], code, code.span(parts[1].end_byte, parts[2].end_byte, ""))
            return
        parts = let_parts(node)
        if parts and statement(node) and not node.child_by_field_name("alternative"):
            condition, body = fields(node, "condition", "consequence") or (node, node)
            edits = (
                code.span(node.start_byte, condition.start_byte, ""),
                code.span(condition.end_byte, body.start_byte, f";{code.newline(node)}"),
            )
            yield self._site(parts[0], parts[1], code, *edits)

    def _site(self, pattern: Node, value: Node, code: Code, *edits: Edit) -> Site:
        unfit = f"{quoted(code, pattern)} does not fit every value of {quoted(code, value)}"
        return code.site(f"{unfit}, but the `let` has no `else`", *edits)


class VariantArity(Operator):
    """`Some(x)` becomes `Some(x, _)`."""

    name = "variant_pattern_arity"
    codes = ("E0023",)
    route = Route.BODY
    rationale = "A pattern must name as many fields as its variant has, and variants gain and lose fields."
    nodes = ("tuple_struct_pattern",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A field too many; a `_` among several is left out instead."""
        kind = node.child_by_field_name("type")
        inside = [c for c in named(node) if c != kind]
        if kind is None or not inside or any(c.type == "remaining_field_pattern" for c in inside):
            return
        last = node.children[-2]
        if len(inside) > 1 and code.text(last) == "_":
            cause = f"the pattern of {quoted(code, kind)} leaves out its last field"
            yield code.site(cause, code.span(node.children[-4].end_byte, last.end_byte, ""))
        else:
            edit = code.insert(inside[-1].end_byte, ", _")
            cause = f"the pattern {changed(code, node, edit)} names one field more than {quoted(code, kind)} has"
            yield code.site(cause, edit)


class MissingPatternFields(Operator):
    """`Point { x, .. }` becomes `Point { x }`."""

    name = "missing_pattern_fields"
    codes = ("E0027",)
    route = Route.BODY
    rationale = "A pattern of a struct must name all fields or say `..`, unlike in languages that pick what they need."
    nodes = ("struct_pattern",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The `..`, or the last field where it is not bound to a name."""
        kind, rest = node.child_by_field_name("type"), child(node, "remaining_field_pattern")
        inside = [c for c in named(node) if c != kind]
        if kind is None or len(inside) < 2:
            return
        if rest is not None:
            cause = f"the pattern of {quoted(code, kind)} names only some of its fields and has no `..`"
            yield code.site(cause, code.span(inside[-2].end_byte, rest.end_byte, ""))
        elif code.text(inside[-1]).endswith("_"):
            cause = f"the pattern of {quoted(code, kind)} leaves out its field {quoted(code, inside[-1])}"
            yield code.site(cause, code.span(inside[-2].end_byte, inside[-1].end_byte, ""))


class UnboundAlternative(Operator):
    """`Some(x) => ..` becomes `Some(x) | None => ..`."""

    name = "unbound_alternative"
    codes = ("E0408",)
    route = Route.BODY
    rationale = "All alternatives of a pattern must bind the same names, or a name would have no value."
    nodes = ("match_arm",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """An arm of an `Option` or a `Result` that binds a name; an alternative that loses its binding."""
        match_pattern = node.child_by_field_name("pattern")
        if match_pattern is None or not match_pattern.children:
            return
        pattern = match_pattern.children[0]
        other = {"Some": "None", "Ok": "Err(_)", "Err": "Ok(_)"}.get(code.text(pattern).partition("(")[0])
        bound = [c for c in walk(pattern) if c.type == "identifier" and c.parent is not None
                 and c.parent.type == "tuple_struct_pattern" and c.parent.child_by_field_name("type") != c]  # fmt: skip
        if pattern.type == "tuple_struct_pattern" and other is not None and bound:
            cause = f"`{other}` is an alternative of {quoted(code, pattern)} but does not bind {quoted(code, bound[0])}"
            yield code.site(cause, code.insert(pattern.end_byte, f" | {other}"))
        elif pattern.type == "or_pattern" and bound:
            cause = f"one alternative of {quoted(code, pattern)} does not bind {quoted(code, bound[-1])}"
            yield code.site(cause, code.replace(bound[-1], "_"))


class MatchOnOwner(Operator):
    """`match text.as_str()` becomes `match text`."""

    name = "match_on_owner"
    codes = ("E0308",)
    route = Route.BODY
    rationale = "A pattern must have the type of what is matched; a literal is a `&str`, and no `String` fits it."
    nodes = ("match_expression", "let_condition")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A matched method call that gives the form which the patterns have."""
        value = node.child_by_field_name("value")
        if value is not None and (called := method(value, code)) is not None and called.name in _OWNED:
            cause = f"{quoted(code, called.value)} is matched itself and not what `.{called.name}` gives of it"
            yield code.site(cause, code.span(called.value.end_byte, value.end_byte, ""))


class CharForByte(Operator):
    """`b'a'` becomes `'a'`, and the other way round."""

    name = "char_for_byte"
    codes = ("E0308", "E0277")
    route = Route.BODY
    rationale = "`b'a'` is a `u8` and `'a'` a `char`, and Rust never compares the two."
    nodes = ("char_literal",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A literal of ASCII."""
        text = code.text(node)
        if text.startswith("b"):
            yield code.site(
                f"`{text[1:]}` is a `char` where a `u8` is wanted", code.span(node.start_byte, node.start_byte + 1, "")
            )
        elif text.isascii() and "u{" not in text:
            yield code.site(f"`b{text}` is a `u8` where a `char` is wanted", code.insert(node.start_byte, "b"))


class StringForChar(Operator):
    """`'a'` becomes `"a"`."""

    name = "string_for_char"
    codes = ("E0308", "E0029", "E0277")
    route = Route.BODY
    rationale = "Single quotes make a `char` and double quotes a string, unlike in Python and JavaScript."
    nodes = ("char_literal",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A literal that is compared, matched or handed over."""
        text = code.text(node)
        if node.parent is None or '"' in text or "\\'" in text:
            return
        if node.parent.type == "range_pattern":
            ends = [c for c in node.parent.children if c.type == "char_literal"]
            if node == ends[0]:
                cause = f"{quoted(code, node.parent)} has strings for its ends, which make no range"
                yield code.site(cause, *(code.replace(end, code.text(end).replace("'", '"')) for end in ends))
        else:
            new = text.replace("'", '"')
            yield code.site(f"`{new}` is a string where {quoted(code, node)} is wanted", code.replace(node, new))


class ReversedRange(Operator):
    """`'a'..='z'` becomes `'z'..='a'`."""

    name = "reversed_range_pattern"
    codes = ("E0030",)
    route = Route.BODY
    rationale = "A range goes from its smaller to its larger end; the other way round no value lies in it."
    nodes = ("range_pattern",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A range with two ends."""
        parts = fields(node, "left", "right")
        if parts and child(node, "..=") is not None:
            low, high = (code.text(part) for part in parts)
            cause = f"`{high}..={low}` begins with its larger end, so it is empty"
            yield code.site(cause, *swapped(code, *parts))


class EndlessInclusiveRange(SyntaxOperator):
    """`a..=b` becomes `a..=`, and `a..` too."""

    name = "endless_inclusive_range"
    codes = ("E0586",)
    rationale = "An inclusive range includes its end and so must have one; without an end it is written `..`."
    nodes = ("range_pattern", "range_expression")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A range with an inclusive end, or with a start only."""
        inclusive, open_ended = child(node, "..="), child(node, "..")
        if inclusive is not None and node.children[-1] != inclusive:
            cause = f"{quoted(code, node)} is inclusive but has lost its end"
            yield code.site(cause, code.span(inclusive.end_byte, node.end_byte, ""))
        elif open_ended is not None and node.children[-1] == open_ended and len(node.children) == 2:
            yield code.site(f"{quoted(code, node)} is made inclusive but has no end", code.insert(node.end_byte, "="))


class VariantShape(Operator):
    """`None` becomes `None()`, and `Err(_)` becomes `Err`."""

    name = "wrong_variant_shape"
    codes = ("E0532", "E0164", "E0533", "E0530")
    route = Route.BODY
    rationale = "A pattern must have the shape of its variant: parentheses for a tuple, none for one without fields."
    nodes = ("match_pattern", "or_pattern", "let_condition")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A pattern that is a path, or a variant of which nothing is bound."""
        for pattern in [c for c in named(node) if c != node.child_by_field_name("value")][:2]:
            if pattern.type in ("scoped_identifier", "identifier") and re.search(
                r"(^|::)[A-Z]\w*$", code.text(pattern)
            ):
                cause = f"{quoted(code, pattern)} has no fields, but its pattern has parentheses"
                yield code.site(cause, code.insert(pattern.end_byte, "()"))
                continue
            kind = pattern.child_by_field_name("type") if pattern.type == "tuple_struct_pattern" else None
            if kind is not None and all(code.text(c) in ("_", "..") for c in named(pattern) if c != kind):
                cause = f"{quoted(code, kind)} has fields, but its pattern is just the name"
                yield code.site(cause, code.span(kind.end_byte, pattern.end_byte, ""))


class DropPatternReference(Operator):
    """`for &x in items` becomes `for x in items`."""

    name = "drop_pattern_reference"
    codes = ("E0308", "E0277")
    route = Route.BODY
    rationale = "A `&` in a pattern looks through a reference; without it the name holds the reference itself."
    nodes = ("reference_pattern",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A `&` of a pattern outside of closures."""
        inside = named(node)
        if inside and node.parent is not None and node.parent.type != "closure_parameters":
            cause = f"{quoted(code, inside[-1])} is bound to a reference: its pattern has no `&`"
            yield code.site(cause, code.span(node.start_byte, node.start_byte + 1, ""))


class AddPatternReference(Operator):
    """`for x in items` becomes `for &x in items`, and `Some(x)` becomes `Some(&x)`."""

    name = "add_pattern_reference"
    codes = ("E0308", "E0277")
    route = Route.BODY
    rationale = (
        "A `&` in a pattern fits references only, and copies what they point to; it makes none as in an expression."
    )
    nodes = ("for_expression", "tuple_struct_pattern")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A plain name in a `for` or in a variant."""
        if node.type == "for_expression":
            pattern = node.child_by_field_name("pattern")
        else:
            pattern = next((c for c in named(node) if c != node.child_by_field_name("type")), None)
        if pattern is not None and pattern.type == "identifier":
            name = code.text(pattern)
            cause = f"the pattern `&{name}` takes what a reference points to; `{name}` was to be the value as it is"
            yield code.site(cause, code.insert(pattern.start_byte, "&"))


class TuplePatternShape(Operator):
    """`(a, b)` becomes `(a, b, _)` or `[a, b]`."""

    name = "wrong_tuple_pattern"
    codes = ("E0308", "E0529")
    route = Route.BODY
    rationale = "A tuple has a fixed number of parts and is no array, so its pattern must have just its shape."
    nodes = ("tuple_pattern",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A tuple pattern of at least two parts."""
        inside = named(node)
        if len(inside) < 2 or node.parent is None or any(c.type == "remaining_field_pattern" for c in inside):
            return
        edit = code.insert(inside[-1].end_byte, ", _")
        yield code.site(f"{changed(code, node, edit)} takes a tuple apart and names one part too many", edit)
        edits = code.replace(node.children[0], "["), code.replace(node.children[-1], "]")
        yield code.site(f"{changed(code, node, *edits)} takes a tuple apart as if it were an array", *edits)


class SlicePatternLength(Operator):
    """`[a, b]` becomes `[a, b, _]`."""

    name = "wrong_slice_pattern"
    codes = ("E0527", "E0004", "E0528")
    route = Route.BODY
    rationale = "An array has a fixed number of parts: its pattern names just as many, with a `..` at most as many."
    rationales: ClassVar[Mapping[str, str]] = {
        "E0004": "A slice may have any number of parts, and a `match` must cover every number."
    }
    nodes = ("slice_pattern",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A part too many; a `..` that is lost."""
        inside = named(node)
        rest = next((c for c in inside if c.type == "remaining_field_pattern"), None)
        if rest is None and inside:
            cause = f"{quoted(code, node)} is given one more part, `_`"
            yield code.site(cause, code.insert(inside[-1].end_byte, ", _"))
        elif rest is not None and len(inside) > 1:
            cause = f"{quoted(code, node)} has lost its `..`, so it fits one length only"
            edit = code.span(inside[-2].end_byte, rest.end_byte, "") if inside[-1] == rest else code.replace(rest, "_")
            yield code.site(cause, edit)
            cause = f"{quoted(code, node)} asks for four parts more, each a `_`"
            yield code.site(cause, code.replace(rest, "_, _, _, _, .."))
