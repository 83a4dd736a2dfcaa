"""Shapes of Rust code that several families look for: method calls, tails of blocks, the function around a node."""

from __future__ import annotations

from tree_sitter import Node

from oxidizer.cluster.edits import Edit
from oxidizer.miners.operators.operator import Code, ancestor, child, named

LOOPS = ("for_expression", "while_expression", "loop_expression")
INTEGERS = ("u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize")
COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})
_LIMIT = 60


def quoted(code: Code, node: Node) -> str:
    """The code of a node in backticks, on one line, cut where it is long."""
    # A whole block need not be read for its beginning.
    return ticked(
        code.source[node.start_byte : min(node.end_byte, node.start_byte + 8 * _LIMIT)].decode(errors="ignore")
    )


def ticked(text: str) -> str:
    """The text in backticks, on one line, cut where it is long."""
    flat = " ".join(text.split()).replace("`", "'")
    return f"`{flat}`" if len(flat) <= _LIMIT else f"`{flat[: _LIMIT - 1]}…`"


def first_line(node: Node, code: Code) -> str:
    """The code from a node on to the end of its line."""
    end = code.source.find(b"\n", node.start_byte)
    return code.source[node.start_byte : end if end >= 0 else node.end_byte].decode()


def fields(node: Node, *names: str) -> tuple[Node, ...] | None:
    """The children in these fields; None unless all are there."""
    found = tuple(c for name in names if (c := node.child_by_field_name(name)) is not None)
    return found if len(found) == len(names) else None


def method(node: Node, code: Code) -> tuple[Node, str, list[Node]] | None:
    """The receiver, name and arguments of a method call; None for any other node."""
    if node.type != "call_expression" or (parts := fields(node, "function", "arguments")) is None:
        return None
    function, arguments = parts
    if function.type == "generic_function" and (inner := function.child_by_field_name("function")) is not None:
        function = inner
    if function.type != "field_expression" or (called := fields(function, "value", "field")) is None:
        return None
    return called[0], code.text(called[1]), named(arguments)


def call(node: Node, code: Code) -> tuple[str, list[Node]] | None:
    """The last word of the path that is called, and the arguments; None for method calls and other nodes."""
    if node.type != "call_expression" or (parts := fields(node, "function", "arguments")) is None:
        return None
    if parts[0].type not in ("identifier", "scoped_identifier"):
        return None
    return code.text(parts[0]).rpartition("::")[2], named(parts[1])


def tail(block: Node) -> Node | None:
    """The expression that a block ends with, which is its value; None where it ends with a statement."""
    inside = named(block)
    if not inside:
        return None
    last = inside[-1]
    if last.type == "expression_statement":
        return None if last.children[-1].type == ";" else last.children[0]
    return None if last.type.endswith(("_item", "_declaration", "_definition")) or last.type == "label" else last


def function_of(node: Node) -> Node | None:
    """The function that a `return` at this node would leave; None in closures and async blocks."""
    at = ancestor(node, "function_item", "closure_expression", "async_block", "const_item", "static_item")
    return at if at is not None and at.type == "function_item" else None


def result_of(node: Node, code: Code) -> str:
    """The return type of the function that a `return` at this node would leave; "" for none."""
    return result_type(function_of(node), code)


def result_type(function: Node | None, code: Code) -> str:
    """The return type of a function; "" for none."""
    result = function.child_by_field_name("return_type") if function is not None else None
    return code.text(result) if result is not None else ""


def name_of(function: Node | None, code: Code) -> str:
    """The name of a function or other item; "" for none."""
    name = function.child_by_field_name("name") if function is not None else None
    return code.text(name) if name is not None else ""


def at_compile_time(node: Node, code: Code) -> bool:
    """The node lies in a constant, a static or a `const fn`."""
    home = ancestor(node, "function_item", "const_item", "static_item")
    return home is not None and (home.type != "function_item" or has_modifier(home, "const", code))


def has_modifier(function: Node, word: str, code: Code) -> bool:
    """The function is declared with a word such as `const` or `unsafe`."""
    modifiers = child(function, "function_modifiers")
    return modifiers is not None and word in code.text(modifiers).split()


def is_unsafe(node: Node, code: Code) -> bool:
    """The node lies in an unsafe block or function."""
    at: Node | None = node
    while at is not None:
        if at.type == "unsafe_block" or (at.type == "function_item" and has_modifier(at, "unsafe", code)):
            return True
        at = at.parent
    return False


def is_place(node: Node) -> bool:
    """The expression is assigned to or borrowed, or something is called on it or taken from it."""
    parent = node.parent
    if parent is None or parent.type in ("reference_expression", "field_expression", "index_expression"):
        return True
    if parent.type in ("assignment_expression", "compound_assignment_expr"):
        return parent.child_by_field_name("left") == node
    return parent.type in (
        "try_expression",
        "unary_expression",
        "match_expression",
        "let_condition",
        "range_expression",
    )


def only(code: Code, outer: Node, inner: Node, after: str = "") -> list[Edit]:
    """The edits that leave of the outer node just the inner one, with a text after it."""
    edits = [code.span(outer.start_byte, inner.start_byte, ""), code.span(inner.end_byte, outer.end_byte, after)]
    return [edit for edit in edits if edit.start < edit.end or edit.replacement]
