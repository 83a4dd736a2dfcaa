"""Mistakes that clippy finds in branches: an `if` that is a `match` and the other way round, arms that say the same."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from oxidizer.cluster.edits import Edit
from oxidizer.miners.operators.bases import LintOperator
from oxidizer.miners.operators.cuts import deeper, swapped
from oxidizer.miners.operators.operator import Code, Site, child, named, walk
from oxidizer.miners.operators.shapes import (
    COMPARISONS,
    LEAVES,
    PRIMARY,
    fields,
    let_parts,
    on_one_line,
    operator_of,
    statement,
    tail,
)
from oxidizer.miners.operators.wording import short


def _else_block(node: Node) -> Node | None:
    clause = node.child_by_field_name("alternative")
    return child(clause, "block") if clause else None


def _clear(edits: list[Edit], other: Edit) -> list[Edit]:
    """The edits that do not lie in another one."""
    return [edit for edit in edits if not other.start < edit.start <= other.end]


class SplitCondition(LintOperator):
    """`if a && b { .. }` becomes `if a { if b { .. } }`."""

    name = "nest_condition"
    codes = ("clippy::collapsible_if",)
    rationale = "Two conditions that must both hold belong into one `if`; nested ones grow when code is added later."
    nodes = ("if_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """An `if` without `else` whose condition is a conjunction."""
        condition, body = fields(node, "condition", "consequence") or (node, node)
        if node.child_by_field_name("alternative") or condition.type != "binary_expression":
            return
        if operator_of(condition, code) != "&&" or any(n.type == "line_comment" for n in condition.children):
            return
        left, right = fields(condition, "left", "right")
        cause = f"the `if` on `{short(code, left)}` holds nothing but the `if` on `{short(code, right)}`"
        yield code.site(
            cause,
            code.span(left.end_byte, right.start_byte, f" {{{code.newline(node, 1)}if "),
            code.insert(body.end_byte, f"{code.newline(node)}}}"),
            *deeper(code, right.start_byte, body.end_byte),
        )


class BlockedElseIf(LintOperator):
    """`else if c { .. }` becomes `else { if c { .. } }`."""

    name = "nest_else_if"
    codes = ("clippy::collapsible_else_if",)
    rationale = "An `else` that holds nothing but an `if` is an `else if`; the extra block is written by habit."
    nodes = ("else_clause",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """An `else if`."""
        inner = child(node, "if_expression")
        condition = inner.child_by_field_name("condition") if inner else None
        if inner and condition:
            cause = f"the `else` block holds nothing but the `if` on `{short(code, condition)}`"
            start, end = f"{{{code.newline(inner, 1)}", f"{code.newline(inner)}}}"
            inside = deeper(code, inner.start_byte, inner.end_byte)
            yield code.site(cause, code.insert(inner.start_byte, start), *inside, code.insert(inner.end_byte, end))


class EmptyElse(LintOperator):
    """An `if` gets an empty `else`."""

    name = "empty_else"
    codes = ("clippy::needless_else",)
    rationale = "An empty `else` does nothing; it is left behind when its content is deleted."
    nodes = ("if_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """An `if` without `else` that is a statement."""
        condition = node.child_by_field_name("condition")
        if condition and not node.child_by_field_name("alternative") and statement(node):
            cause = f"the `else` of the `if` on `{short(code, condition)}` is empty"
            yield code.site(cause, code.insert(node.end_byte, " else {}"))


class MatchForIfLet(LintOperator):
    """`if let P = e { .. }` becomes a `match` with a `_` arm."""

    name = "match_for_if_let"
    codes = ("clippy::single_match", "clippy::single_match_else")
    rationale = "A `match` in which one pattern matters is an `if let`; the second arm is noise."
    nodes = ("if_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """An `if let`, with an `else` only if that holds several statements."""
        (pattern, value), body = let_parts(node) or (node, node), node.child_by_field_name("consequence")
        if pattern is node or body is None or not on_one_line(pattern, value):
            return
        if node.parent is None or node.parent.type == "else_clause":
            return
        clause, other = node.child_by_field_name("alternative"), _else_block(node)
        line, inside = code.newline(node), code.newline(node, 1)
        head = code.span(
            node.start_byte, body.start_byte, f"match {code.text(value)} {{{inside}{code.text(pattern)} => "
        )
        cause = f"the `match` on `{short(code, value)}` has one pattern that matters, `{short(code, pattern)}`"
        moved = deeper(code, body.start_byte, node.end_byte)
        if clause is None:
            yield code.site(cause, head, *moved, code.insert(node.end_byte, f"{inside}_ => {{}}{line}}}"))
        elif other is not None and len(named(other)) > 1:
            between = code.span(body.end_byte, other.start_byte, f"{inside}_ => ")
            yield code.site(cause, head, *_clear(moved, between), between, code.insert(node.end_byte, f"{line}}}"))


class MatchOnBool(LintOperator):
    """`if c { .. } else { .. }` becomes a `match` on `c`."""

    name = "match_on_bool"
    codes = ("clippy::match_bool",)
    rationale = "A condition with two outcomes reads best as `if`; a `match` on `true` and `false` is a detour."
    nodes = ("if_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """An `if` with an `else` block."""
        condition, body = fields(node, "condition", "consequence") or (node, node)
        start, clause, other = child(node, "if"), node.child_by_field_name("alternative"), _else_block(node)
        if start is None or clause is None or other is None or condition.type in ("let_condition", "let_chain"):
            return
        if node.parent is None or node.parent.type == "else_clause":
            return
        cause, inside = f"`{short(code, condition)}` is a `bool`, but a `match` decides on it", code.newline(node, 1)
        between = code.span(body.end_byte, other.start_byte, f"{inside}false => ")
        yield code.site(
            cause,
            code.replace(start, "match"),
            code.insert(body.start_byte, f"{{{inside}true => "),
            between,
            *_clear(deeper(code, body.start_byte, node.end_byte), between),
            code.insert(node.end_byte, f"{code.newline(node)}}}"),
        )


class ElseAfterLeaving(LintOperator):
    """What follows an `if` that leaves goes into an `else`."""

    name = "else_after_return"
    codes = ("clippy::redundant_else",)
    rationale = "After a branch that leaves, the rest needs no `else`; people nest it out of habit."
    nodes = ("if_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A guard with code after it."""
        condition, body = fields(node, "condition", "consequence") or (node, node)
        stands, inner = statement(node), named(body)
        if stands is None or stands.parent is None or node.child_by_field_name("alternative") or not inner:
            return
        last = inner[-1].named_children[0] if inner[-1].type == "expression_statement" else inner[-1]
        rest = stands.next_named_sibling
        if last.type in LEAVES and rest is not None and rest.end_byte < stands.parent.end_byte:
            cause = (
                f"the branch on `{short(code, condition)}` ends in `{short(code, last, 30)}`, so its `else` is needless"
            )
            last = named(stands.parent)[-1]
            end = code.insert(last.end_byte, f"{code.newline(stands)}}}")
            inside = deeper(code, node.end_byte, last.end_byte)
            yield code.site(cause, code.insert(node.end_byte, " else {"), *inside, end)


class BoolByBranches(LintOperator):
    """A condition `c` becomes `if c { true } else { false }`."""

    name = "bool_by_branches"
    codes = ("clippy::needless_bool",)
    rationale = "A condition is a `bool` already; branches that give `true` and `false` only repeat it."
    nodes = ("binary_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A comparison that ends a block, is returned or bound."""
        above = node.parent
        if above is None or operator_of(node, code) not in COMPARISONS:
            return
        bound = above.type == "return_expression" or (
            above.type == "let_declaration" and above.child_by_field_name("alternative") is None
        )
        if bound or (above.type == "block" and tail(above) == node) or above.type == "closure_expression":
            cause = f"`{short(code, node)}` is a `bool` already, but branches turn it into `true` and `false`"
            yield code.site(
                cause, code.insert(node.start_byte, "if "), code.insert(node.end_byte, " { true } else { false }")
            )


class SameBranches(LintOperator):
    """`if c { a } else { b }` becomes `if c { a } else { a }`."""

    name = "copy_branch"
    codes = ("clippy::if_same_then_else",)
    rationale = "Branches that do the same make their condition useless: one was copied and never changed."
    nodes = ("if_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """Two blocks of one line."""
        condition, body = fields(node, "condition", "consequence") or (node, node)
        other = _else_block(node)
        if other is None or condition.type in ("let_condition", "let_chain") or not on_one_line(body):
            return
        if named(body) and code.text(body) != code.text(other):
            cause = f"both branches of the `if` on `{short(code, condition)}` give `{short(code, named(body)[0])}`"
            yield code.site(cause, code.replace(other, code.text(body)))


class SameCondition(LintOperator):
    """`if a { .. } else if b { .. }` becomes `if a { .. } else if a { .. }`."""

    name = "copy_condition"
    codes = ("clippy::ifs_same_cond",)
    rationale = "A condition that was false above is false below: it was copied for the next branch and never changed."
    nodes = ("else_clause",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """An `else if` after a condition without calls."""
        inner = child(node, "if_expression")
        if inner is None or node.parent is None:
            return
        first, second = node.parent.child_by_field_name("condition"), inner.child_by_field_name("condition")
        if first is None or second is None or not on_one_line(first) or "let" in first.type + second.type:
            return
        if code.text(first) != code.text(second) and all(n.type != "call_expression" for n in walk(first)):
            cause = f"the `else if` asks again for `{short(code, first)}`, which is false there"
            yield code.site(cause, code.replace(second, code.text(first)))


class SplitArm(LintOperator):
    """`A | B => x` becomes `A => x, B => x`."""

    name = "repeat_arm"
    codes = ("clippy::match_same_arms",)
    rationale = "Arms with the same body belong together with `|`; repeated ones drift apart."
    nodes = ("match_arm",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """An arm of one line for several patterns."""
        pattern, value = fields(node, "pattern", "value") or (node, node)
        either = child(pattern, "or_pattern")
        if either is None or pattern.child_by_field_name("condition"):
            return
        parts = named(either)
        if len(parts) > 1 and on_one_line(value):
            cause = (
                f"the arms of `{short(code, parts[0])}` and `{short(code, parts[1])}` both give `{short(code, value)}`"
            )
            text = f" => {code.text(value)}, "
            yield code.site(cause, code.span(parts[0].end_byte, parts[1].start_byte, text))


class NegatedFirst(LintOperator):
    """`if a == b { x } else { y }` becomes `if a != b { y } else { x }`."""

    name = "negate_first"
    codes = ("clippy::if_not_else",)
    rationale = "With both branches there, the condition reads best without a negation."
    nodes = ("if_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """Two blocks of one line after a condition that can be turned."""
        condition, body = fields(node, "condition", "consequence") or (node, node)
        other = _else_block(node)
        if other is None or not on_one_line(body, other) or "let" in condition.type:
            return
        sign, edits = condition.child_by_field_name("operator"), []
        if condition.type == "binary_expression" and sign is not None and operator_of(condition, code) == "==":
            edits = [code.replace(sign, "!=")]
        elif condition.type in PRIMARY:
            edits = [code.insert(condition.start_byte, "!")]
        if edits:
            cause = f"the `if` begins with the negation of `{short(code, condition)}` though it has an `else`"
            yield code.site(cause, *edits, *swapped(code, body, other))


class PatternForComparison(LintOperator):
    """`if a == B` becomes `if let B = a`."""

    name = "if_let_for_equality"
    codes = ("clippy::equatable_if_let",)
    rationale = "Equality with a constant is asked with `==`; a pattern that binds nothing reads the wrong way round."
    nodes = ("if_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A comparison with a literal or a variant."""
        condition = node.child_by_field_name("condition")
        if condition is None or condition.type != "binary_expression" or operator_of(condition, code) != "==":
            return
        left, right = fields(condition, "left", "right")
        if right.type in ("integer_literal", "char_literal", "scoped_identifier") and on_one_line(left):
            cause = f"`{short(code, left)}` is compared with `{code.text(right)}` by a pattern that binds nothing"
            yield code.site(cause, code.replace(condition, f"let {code.text(right)} = {code.text(left)}"))
