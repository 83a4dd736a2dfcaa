"""Shapes of Rust code by syntax alone: calls, tails of blocks, statements, places, and sets of node kinds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node

from oxidizer.miners.operators.operator import Code, named

LOOPS = ("for_expression", "while_expression", "loop_expression")
LEAVES = ("return_expression", "break_expression", "continue_expression")
ASSIGNMENTS = ("assignment_expression", "compound_assignment_expr")
LITERALS = frozenset({"integer_literal", "boolean_literal", "char_literal", "string_literal", "float_literal"})
PRIMARY = LITERALS | {
    "identifier", "self", "field_expression", "call_expression", "index_expression", "parenthesized_expression",
    "macro_invocation", "scoped_identifier", "try_expression",
}  # fmt: skip
"""Expressions that bind tighter than any operator."""
SIMPLE = ("identifier", "field_expression", "index_expression", "integer_literal", "string_literal", "call_expression")
BLOCKS = frozenset({"if_expression", "match_expression", "block", "unsafe_block", *LOOPS})
COMPARISONS = frozenset({"==", "!=", "<", ">", "<=", ">="})
OTHER_INTEGER = {
    "u8": "u16", "u16": "u32", "u32": "usize", "u64": "u32", "u128": "u64", "usize": "u32",
    "i8": "i16", "i16": "i32", "i32": "i64", "i64": "i32", "i128": "i64", "isize": "i32",
}  # fmt: skip
"""The integer types, each with one that is taken for it."""
COPIED = 400
"""Bytes up to which an item is pasted twice."""


@dataclass(frozen=True)
class Call:
    """A call of a method: `value.name(args)`."""

    node: Node
    value: Node
    field: Node
    name: str
    args: tuple[Node, ...]
    is_generic: bool
    """It has type arguments, as in `value.name::<T>(args)`."""


def fields(node: Node, *names: str) -> tuple[Node, ...]:
    """The children of these fields; empty where one is missing."""
    found = tuple(c for name in names if (c := node.child_by_field_name(name)) is not None)
    return found if len(found) == len(names) else ()


def method(node: Node | None, code: Code) -> Call | None:
    """The call of a method that the node is."""
    if node is None or node.type != "call_expression" or not (parts := fields(node, "function", "arguments")):
        return None
    callee, arguments = parts
    is_generic = callee.type == "generic_function"
    if is_generic:
        (callee,) = fields(callee, "function")
    if callee.type != "field_expression" or not (called := fields(callee, "value", "field")):
        return None
    value, field = called
    if field.type != "field_identifier":
        return None
    return Call(node, value, field, code.text(field), tuple(named(arguments)), is_generic)


def call(node: Node, code: Code) -> tuple[str, Node] | None:
    """The path that is called with one argument, and the argument; None for calls of methods and other nodes."""
    parts = fields(node, "function", "arguments") if node.type == "call_expression" else ()
    if not parts or parts[0].type not in ("identifier", "scoped_identifier") or len(named(parts[1])) != 1:
        return None
    return code.text(parts[0]), named(parts[1])[0]


def let_parts(node: Node) -> tuple[Node, ...]:
    """The pattern and the value of an `if let` or a `while let`; empty for other nodes."""
    condition = node.child_by_field_name("condition")
    is_let = condition is not None and condition.type == "let_condition"
    return fields(condition, "pattern", "value") if is_let and condition is not None else ()


def variant(pattern: Node) -> list[Node]:
    """The name and the only field of a variant's pattern, such as `Some(x)`; empty for other patterns."""
    inner = named(pattern) if pattern.type == "tuple_struct_pattern" else []
    return inner if len(inner) == 2 else []


def is_callee(node: Node) -> bool:
    """The node is what a call calls."""
    above = node.parent
    if above is None or above.type not in ("call_expression", "generic_function"):
        return False
    return above.child_by_field_name("function") == node


def tail(block: Node | None) -> Node | None:
    """The expression that gives a block its value; None where it ends with a statement."""
    if block is None or block.type != "block" or not (inside := named(block)):
        return None
    last = inside[-1]
    if last.type == "expression_statement":
        return None if is_closed(last) else last.named_children[0]
    if last.type.endswith(("_item", "_declaration", "_definition")):
        return None
    return None if last.type in ("empty_statement", "label") else last


def returned(body: Node) -> Iterator[Node]:
    """The expressions whose value a block gives: its tail, or the tails of the branches that the tail is."""
    todo = [body]
    while todo:
        at = todo.pop()
        if at.type == "expression_statement":
            if is_closed(at):
                continue
            at = at.children[0]
        if at.type == "block":
            todo += named(at)[-1:]
        elif at.type == "unsafe_block":
            todo += named(at)
        elif at.type == "if_expression":
            alternative = at.child_by_field_name("alternative")
            todo += [*(named(alternative) if alternative is not None else ()), *fields(at, "consequence")]
        elif at.type == "match_expression" and (arms := at.child_by_field_name("body")) is not None:
            todo += [v for a in reversed(named(arms)) if a.type == "match_arm" for v in fields(a, "value")]
        elif not at.type.endswith(("_item", "_declaration")):
            yield at


def statement(node: Node) -> Node | None:
    """The statement that consists of the expression alone, in a block."""
    parent = node.parent
    if parent is None or parent.type != "expression_statement":
        return None
    return parent if parent.parent is not None and parent.parent.type == "block" else None


def is_closed(statement: Node) -> bool:
    """The statement ends with its own `;`."""
    return statement.children[-1].type == ";"


def is_place(node: Node | None) -> bool:
    """The expression is a name or a chain of fields, which costs nothing to repeat."""
    while node is not None and node.type == "field_expression":
        node = node.child_by_field_name("value")
    return node is not None and node.type in ("identifier", "self")


def root(place: Node, code: Code) -> str | None:
    """The variable that a place starts from: `v` of `v.items[0].len`, "self" of `self.items`; else None."""
    at: Node | None = place
    while at is not None and at.type in ("field_expression", "index_expression", "parenthesized_expression"):
        at = named(at)[0]
    if at is not None and (at.type == "self" or (at.type == "identifier" and not code.text(at)[0].isupper())):
        return code.text(at)
    return None


def path(node: Node, code: Code) -> str | None:
    """The text of a variable or of fields of one, such as `self.items`: what stays the same wherever it is written."""
    return "".join(code.text(node).split()) if is_place(node) and root(node, code) is not None else None


def operator_of(node: Node, code: Code) -> str:
    """The sign of a binary or compound expression."""
    sign = node.child_by_field_name("operator")
    return code.text(sign) if sign else ""


def in_pattern(node: Node) -> bool:
    """A literal is (part of) a pattern."""
    parent = node.parent
    return parent is not None and (parent.type.endswith("_pattern") and parent.child_by_field_name("condition") != node)


def on_one_line(*nodes: Node | None) -> bool:
    """Each of the nodes is there and lies on one line."""
    return all(n is not None and n.start_point.row == n.end_point.row for n in nodes)
