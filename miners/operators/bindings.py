"""A second name for a variable or field: what people call it, and the later use of the place that goes through it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node

from oxidizer.cluster.edits import Edit
from oxidizer.miners.operators.operator import Code, child, named, walk
from oxidizer.miners.operators.scopes import mentions, rest
from oxidizer.miners.operators.shapes import ASSIGNMENTS, method, operator_of, path
from oxidizer.miners.operators.surroundings import at_compile_time, function_of

_READS = frozenset(
    {
        "as_bytes", "as_ptr", "as_ref", "as_slice", "as_str", "capacity", "chars", "clone", "cmp", "contains",
        "contains_key", "ends_with", "eq", "first", "get", "iter", "keys", "last", "len", "lines", "max", "min",
        "starts_with", "trim", "values",
    }
)  # fmt: skip
_READING = ("is_", "to_", "has_", "checked_", "wrapping_", "saturating_", "leading_", "trailing_", "count_")
"""How the names of methods begin that only read."""
_PLAIN = frozenset(
    {"integer_literal", "float_literal", "boolean_literal", "identifier", "field_expression", "index_expression",
     "binary_expression", "unary_expression", "type_cast_expression"}
)  # fmt: skip
"""Values that mostly are numbers."""
_OWN_SCOPE = frozenset({"closure_expression", "token_tree", "function_item", "impl_item"})
_VALUES = frozenset(
    {"arguments", "binary_expression", "block", "if_expression", "let_declaration", "return_expression",
     "type_cast_expression", "unary_expression", *ASSIGNMENTS}
)  # fmt: skip


@dataclass(frozen=True)
class Reach:
    """How a binding stands for its place."""

    text: str
    """Before a point or an index."""
    value: str | None
    """For the place's value; None where that cannot be had."""
    lent: str | None
    """For a borrow of the place; None where the borrow takes `text`."""
    writes: bool
    """The place can be changed through it."""


def second_name(place: str, node: Node, code: Code, form: str = "{}") -> str | None:
    """A name made after a place by the form, which the function around the node does not use; else None."""
    home = function_of(node)
    last = place.rpartition(".")[2]
    last = "inner" if last.isdigit() else last
    names = [form.format(last), f"{form.format(last)}_ref"]
    for name in names if names[0] != place else names[1:]:
        if home is not None and not mentions(home.start_byte, home.end_byte, name, code):
            return name
    return None


def is_copied(statement: Node, code: Code) -> bool:
    """A statement assigns what looks like a number or a `bool`, which can be had through a reference."""
    at = statement.children[0]
    if at.type not in ASSIGNMENTS:
        return False
    right = at.child_by_field_name("right")
    return (right is not None and right.type in _PLAIN) or operator_of(at, code) not in ("", "=", "+=")


def used_later(node: Node, place: str, reach: Reach, code: Code, asks: str = "") -> Edit | None:
    """The edit by which the place's next use in the node's block goes through a binding; None where it cannot.

    Where the binding `asks` for what a method gives, only a call of that will do.
    """
    use = next(_uses(node, place, code), None)
    if use is None or not asks:
        return _through(use, reach, code) if use is not None else None
    call = method(use.parent.parent, code) if use.parent is not None else None
    return code.replace(call.node, reach.text) if call is not None and call.name == asks and call.value == use else None


def ends_loan(node: Node) -> bool:
    """A statement stands in a function's own block, where people end a loan that nothing later needs."""
    return node.parent is not None and node.parent.parent is not None and node.parent.parent.type == "function_item"


def dropped(name: str, node: Node, code: Code) -> str:
    """A statement that needs a binding, where no later use of its place does."""
    return f"let _ = {name};" if at_compile_time(node, code) else f"drop({name});"


def _uses(node: Node, place: str, code: Code) -> Iterator[Node]:
    """The uses of a place in the later statements, up to what touches more than it, or hides it."""
    root = place.partition(".")[0]
    for at in (n for statement in rest(node) for n in walk(statement)):
        if at.type in _OWN_SCOPE and mentions(at.start_byte, at.end_byte, root, code):
            return
        if at.type not in ("identifier", "self") or code.text(at) != root:
            continue
        if _binds(at):
            return
        found: Node | None = at
        while found is not None and path(found, code) != place:
            above = found.parent
            inner = above is not None and above.type == "field_expression" and not _is_method(above)
            if not inner and f"{place}.".startswith(f"{path(found, code)}."):
                return
            found = above if inner else None
        if found is not None:
            yield found


def _binds(name: Node) -> bool:
    above = name.parent
    if above is None or above.type.endswith("_pattern"):
        return True
    return above.child_by_field_name("pattern") == name


def _is_method(node: Node) -> bool:
    """The field is called, with or without type arguments."""
    above = node.parent
    return above is not None and above.type in ("call_expression", "generic_function") and above.children[0] == node


def _through(use: Node, reach: Reach, code: Code) -> Edit | None:
    top = use
    while (above := top.parent) is not None and above.type in ("field_expression", "index_expression"):
        if above.children[0] != top:
            break
        top = above
        if _is_method(top):
            field = top.child_by_field_name("field")
            reads = field is not None and (code.text(field) in _READS or code.text(field).startswith(_READING))
            return code.replace(use, reach.text) if reads or reach.writes else None
    if above is None or (_is_changed(top, above) and not reach.writes):
        return None
    if top != use:
        return code.replace(use, reach.text)
    if above.type == "reference_expression":
        return code.replace(above, reach.lent or reach.text)
    if above.type not in _VALUES or reach.value is None or (above.type == "block" and named(above)[-1] != use):
        return None
    return code.replace(use, reach.value)


def _is_changed(node: Node, above: Node) -> bool:
    if above.type == "reference_expression":
        return child(above, "mutable_specifier") is not None
    return above.type in ASSIGNMENTS and above.child_by_field_name("left") == node
