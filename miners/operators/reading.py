"""How the operators of lints read code: calls of methods, tails of blocks, parameters and places."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from tree_sitter import Node

from oxidizer.cluster.edits import Edit
from oxidizer.miners.operators.operator import Code, Operator, Route, Site, ancestor, child, named

LITERALS = frozenset({"integer_literal", "boolean_literal", "char_literal", "string_literal", "float_literal"})
PRIMARY = LITERALS | {
    "identifier", "self", "field_expression", "call_expression", "index_expression", "parenthesized_expression",
    "macro_invocation", "scoped_identifier", "try_expression",
}  # fmt: skip
"""Expressions that bind tighter than any operator."""
BLOCKS = frozenset(
    {"if_expression", "match_expression", "for_expression", "while_expression", "loop_expression", "block",
     "unsafe_block"}
)  # fmt: skip
_WORD = re.compile(r"\w")


@dataclass(frozen=True)
class Call:
    """A call of a method: `value.name(args)`."""

    node: Node
    value: Node
    field: Node
    name: str
    args: tuple[Node, ...]


def method(node: Node | None, code: Code) -> Call | None:
    """The call of a method that the node is; None without one, or with a turbofish."""
    if node is None or node.type != "call_expression":
        return None
    function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
    if function is None or arguments is None or function.type != "field_expression":
        return None
    value, field = function.child_by_field_name("value"), function.child_by_field_name("field")
    if value is None or field is None or field.type != "field_identifier":
        return None
    return Call(node, value, field, code.text(field), tuple(named(arguments)))


def brief(code: Code, node: Node, width: int = 50) -> str:
    """The code of a node on one line, cut where it is long, without backticks."""
    text = " ".join(code.text(node).split()).replace("`", "'")
    return text if len(text) <= width else text[: width - 3] + "..."


def on_one_line(*nodes: Node | None) -> bool:
    """Whether each of the nodes is there and lies on one line."""
    return all(n is not None and n.start_point.row == n.end_point.row for n in nodes)


def tail(block: Node | None) -> Node | None:
    """The expression that gives a block its value."""
    if block is None or block.type != "block" or not (inner := named(block)):
        return None
    last = inner[-1]
    if last.type == "expression_statement":
        return None if child(last, ";") else last.named_children[0]
    if last.type.endswith(("_item", "_declaration")) or last.type in ("empty_statement", "attribute_item"):
        return None
    return last


def statement(node: Node) -> Node | None:
    """The statement that consists of the expression alone, in a block."""
    parent = node.parent
    if parent is None or parent.type != "expression_statement":
        return None
    return parent if parent.parent is not None and parent.parent.type == "block" else None


def is_place(node: Node | None) -> bool:
    """Whether the expression is a name or a chain of fields, which costs nothing to repeat."""
    while node is not None and node.type == "field_expression":
        node = node.child_by_field_name("value")
    return node is not None and node.type in ("identifier", "self")


def function_of(node: Node) -> Node | None:
    """The nearest function around the node."""
    return ancestor(node, "function_item")


def is_const(function: Node | None, code: Code) -> bool:
    """Whether the function is a `const fn`, in which operators and methods of traits are not to be had."""
    modifiers = child(function, "function_modifiers") if function else None
    return modifiers is not None and "const" in code.text(modifiers)


def returns(function: Node | None, code: Code) -> str:
    """The text of a function's return type; "" where it returns nothing."""
    kind = function.child_by_field_name("return_type") if function else None
    return code.text(kind) if kind else ""


def parameters(function: Node | None, code: Code) -> dict[str, Node]:
    """The types of a function's parameters that are plain names."""
    found: dict[str, Node] = {}
    listed = function.child_by_field_name("parameters") if function else None
    for parameter in named(listed) if listed else ():
        pattern, kind = parameter.child_by_field_name("pattern"), parameter.child_by_field_name("type")
        if pattern is not None and kind is not None and pattern.type == "identifier":
            found[code.text(pattern)] = kind
    return found


def fields(node: Node, *names: str) -> tuple[Node, ...]:
    """The children of these fields; empty where one is missing."""
    found = [node.child_by_field_name(name) for name in names]
    return tuple(n for n in found if n is not None) if None not in found else ()


def operator_of(node: Node, code: Code) -> str:
    """The sign of a binary or compound expression."""
    sign = node.child_by_field_name("operator")
    return code.text(sign) if sign else ""


def in_pattern(node: Node) -> bool:
    """Whether a literal is (part of) a pattern."""
    parent = node.parent
    return parent is not None and (parent.type.endswith("_pattern") and parent.child_by_field_name("condition") != node)


class LintOperator(Operator):
    """A mistake that compiles."""

    route = Route.LINT


@dataclass(frozen=True)
class Form:
    """How a call of a method is written worse. `text` stands in the place of `.name(args)`, which stay at each `{}`."""

    method: str
    arity: int
    text: str
    """Where it starts with a point, the blanks before the point of the call are left alone."""
    before: str = ""
    """What comes before the value."""
    first: tuple[str, ...] = ()
    """The kinds of which the first argument must be; any where empty."""
    value: str = ""
    """What the code of the value must match."""


class Reworded(LintOperator):
    """Calls of methods in another form."""

    nodes = ("call_expression",)
    forms: ClassVar[tuple[Form, ...]]
    because: ClassVar[str]
    """The cause, with the call as `{old}`, its method as `{name}`, and its value as `{value}`."""

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The first form that fits the call."""
        call = method(node, code)
        form = next((f for f in self.forms if call and _fits(f, call, code)), None)
        if call and form:
            words = {"old": brief(code, node), "name": call.name, "value": brief(code, call.value, 30)}
            yield code.site(self.because.format(**words), *_rewritten(call, form, code))


def _fits(form: Form, call: Call, code: Code) -> bool:
    if form.method != call.name or form.arity != len(call.args):
        return False
    if form.first and call.args[0].type not in form.first:
        return False
    above = call.node.parent
    if above is not None and (form.before == "match " or re.search("[!=]= ", form.text)):
        # What is no longer one call would be torn apart by what binds tighter around it.
        tight = ("field_expression", "unary_expression", "try_expression", "type_cast_expression", "binary_expression")
        same = operator_of(above, code) in ("&&", "||")
        if above.type in tight and not same:
            return False
    return not form.value or re.search(form.value, code.text(call.value)) is not None


def _rewritten(call: Call, form: Form, code: Code) -> list[Edit]:
    dotted = form.text.startswith(".")
    parts = (form.text[1:] if dotted else form.text).split("{}")
    edits = [code.insert(call.value.start_byte, form.before)] if form.before else []
    start = call.field.start_byte if dotted else call.value.end_byte
    for part, argument in zip(parts[:-1], call.args, strict=False):
        edits.append(code.span(start, argument.start_byte, part))
        start = argument.end_byte
    return [*edits, code.span(start, call.node.end_byte, parts[-1])]


def mentions(text: str, name: str) -> bool:
    """Whether the name stands as a word in the text."""
    return re.search(rf"\b{re.escape(name)}\b", text) is not None
