"""Mistakes of types: a reference or a conversion too few or too many, a branch without its value."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from oxidizer.miners.operators.bases import DropWrapper
from oxidizer.miners.operators.cuts import only
from oxidizer.miners.operators.operator import Code, Operator, Route, Site, child, named
from oxidizer.miners.operators.shapes import SIMPLE, call, fields, method, tail
from oxidizer.miners.operators.surroundings import function_left, name_of, result_of
from oxidizer.miners.operators.wording import quoted, ticked

_CONVERSIONS = frozenset(
    {
        "into", "to_string", "as_str", "as_bytes", "to_vec", "chars", "bytes", "as_slice", "into_boxed_slice",
        "as_mut_slice", "collect", "into_bytes", "to_lowercase", "cloned", "copied",
    }
)  # fmt: skip
_MADE = {"to_string": "String", "to_owned": "String", "as_bytes": "&[u8]", "as_str": "&str", "to_vec": "Vec<_>"}
_GENERIC = frozenset(
    {"Box", "Vec", "Rc", "Arc", "Cow", "From", "RefCell", "Cell", "HashMap", "BTreeMap", "VecDeque", "Self"}
)


class DropReference(Operator):
    """`f(&x)` becomes `f(x)`."""

    name = "drop_reference"
    codes = ("E0308", "E0277")
    route = Route.BODY
    rationale = "Rust borrows only where the code says so, and the `&` of an argument is easily forgotten."
    nodes = ("reference_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The `&` of an argument or of a compared value."""
        value, parent = node.child_by_field_name("value"), node.parent
        if (
            value is None
            or parent is None
            or parent.type not in ("arguments", "binary_expression", "field_initializer")
        ):
            return
        if value.type not in ("array_expression", "string_literal"):
            cause = f"{quoted(code, value)} is given by value where a reference to it is wanted"
            yield code.site(cause, *only(code, node, value))


class AddReference(Operator):
    """`f(x)` becomes `f(&x)`."""

    name = "add_reference"
    codes = ("E0308", "E0277")
    route = Route.BODY
    rationale = "A reference to a value is another type than the value, and a `&` is often written out of habit."
    nodes = ("arguments",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The first plain argument of a call."""
        for argument in named(node):
            if argument.type in ("identifier", "field_expression", "integer_literal", "type_cast_expression"):
                cause = f"{quoted(code, argument)} is borrowed where the value itself is wanted"
                if argument.type == "type_cast_expression":
                    edits = code.insert(argument.start_byte, "&("), code.insert(argument.end_byte, ")")
                    yield code.site(cause, *edits)
                else:
                    yield code.site(cause, code.insert(argument.start_byte, "&"))
                return


class DropDereference(Operator):
    """`*x` becomes `x`."""

    name = "drop_dereference"
    codes = ("E0308", "E0277", "E0368", "E0369")
    route = Route.BODY
    rationale = "Operators and assignments do not follow a reference by themselves, though method calls do."
    nodes = ("unary_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A `*` before a plain expression."""
        inside = named(node)
        if child(node, "*") is None or len(inside) != 1 or (node.parent and node.parent.type == "reference_expression"):
            return
        cause = f"{quoted(code, inside[0])} is a reference, and its target is meant, but there is no `*`"
        yield code.site(cause, *only(code, node, inside[0]))


class AddDereference(Operator):
    """`x + 1` becomes `*x + 1` where `x` is no reference."""

    name = "add_dereference"
    codes = ("E0614", "E0308")
    route = Route.BODY
    rationale = "Only references, pointers and types with `Deref` can be followed, and a `*` outlives the reference."
    nodes = ("binary_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The left side of an operator, which is often a number."""
        parts = fields(node, "left", "right")
        if not parts or parts[0].type not in ("identifier", "field_expression"):
            return
        if node.parent is not None and node.parent.type == "binary_expression":
            return
        cause = f"`*` stands before {quoted(code, parts[0])}, which is the value itself and no reference"
        yield code.site(cause, code.insert(parts[0].start_byte, "*"))


class SemicolonAfterValue(Operator):
    """The expression that a function or branch ends with gets a `;`."""

    name = "semicolon_after_value"
    codes = ("E0308",)
    route = Route.BODY
    rationale = "A `;` throws the value of an expression away, so that the block gives `()`; it is a habit from C."
    nodes = ("block",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The tail of a block that is a function's body or a branch with a value."""
        value, parent = tail(node), node.parent
        if value is None or parent is None or value.type in ("return_expression", "macro_invocation"):
            return
        is_body = parent.type == "function_item" and parent.child_by_field_name("return_type") is not None
        is_branch = parent.type in ("if_expression", "else_clause", "match_arm") and value.type in SIMPLE
        if is_body or (is_branch and result_of(node, code)):
            place = f"the body of `{name_of(parent, code)}`" if is_body else "the branch"
            cause = f"{place} ends with `;` after {quoted(code, value)} and so has no value"
            yield code.site(cause, code.insert(value.end_byte, ";"))


class DropElse(Operator):
    """An `if` with a value loses its `else`."""

    name = "drop_else"
    codes = ("E0317",)
    route = Route.BODY
    rationale = "An `if` without `else` has no value when the condition is false, so it must be `()`."
    nodes = ("if_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """An `if` whose first branch ends with a value."""
        parts = fields(node, "condition", "consequence", "alternative")
        if not parts or (value := tail(parts[1])) is None or value.type in ("return_expression", "break_expression"):
            return
        cause = f"the `if` on {quoted(code, parts[0])} gives {quoted(code, value)} but has no `else`"
        yield code.site(cause, code.span(parts[1].end_byte, parts[2].end_byte, ""))


class DropSome(DropWrapper):
    """`Some(x)` becomes `x`."""

    name = "drop_some"
    rationale = "A value does not become an `Option` by itself: it must be wrapped in `Some`."
    wrapper = "Some"
    wanted = "an `Option`"


class WrapBranch(Operator):
    """One branch's value `x` becomes `Some(x)` while the others stay."""

    name = "wrap_branch"
    codes = ("E0308",)
    route = Route.BODY
    rationale = "All branches must have one type, and after a change to `Option` some of them stay behind."
    nodes = ("match_arm", "else_clause")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The short value of an arm or an `else`."""
        value = node.child_by_field_name("value")
        if node.type == "else_clause" and (block := child(node, "block")) is not None:
            value = tail(block)
        if value is None or value.type not in ("identifier", "integer_literal", "string_literal", "boolean_literal"):
            return
        if code.text(value) != "None":
            cause = f"this branch gives {ticked(f'Some({code.text(value)})')} while the others give the plain value"
            yield code.site(cause, code.insert(value.start_byte, "Some("), code.insert(value.end_byte, ")"))


class DropConversion(Operator):
    """`x.to_string()` becomes `x`."""

    name = "drop_conversion"
    codes = ("E0308", "E0599", "E0277")
    route = Route.BODY
    rationale = "Rust converts no value by itself, so a conversion that other languages do silently is forgotten."
    nodes = ("call_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A method call without arguments that makes another type of its receiver."""
        called = method(node, code)
        if called is None or called.name not in _CONVERSIONS or (node.parent and node.parent.type == "try_expression"):
            return
        if called.args:
            return
        if node.parent is not None and node.parent.type == "expression_statement" and node.next_sibling is not None:
            return
        cause = f"{quoted(code, called.value)} is used as it is, without `.{called.name}()`"
        yield code.site(cause, *only(code, node, called.value))


class BareReturn(Operator):
    """`return x` becomes `return`."""

    name = "bare_return"
    codes = ("E0069",)
    route = Route.BODY
    rationale = "A `return` without a value gives `()`, which is not what the signature promises."
    nodes = ("return_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A `return` of a value in a function."""
        values, function = named(node), function_left(node)
        if values and function is not None:
            cause = f"`{name_of(function, code)}` must return `{result_of(node, code)}`, but a `return` has no value"
            yield code.site(cause, code.span(node.children[0].end_byte, node.end_byte, ""))


class DropReturn(Operator):
    """`if c { return x; }` becomes `if c { x }`."""

    name = "drop_return"
    codes = ("E0308",)
    route = Route.BODY
    rationale = "Only the last expression of a body is its value; from a branch before it one must say `return`."
    nodes = ("return_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A `return` with a value that is the last statement of an inner block."""
        statement, values = node.parent, named(node)
        if statement is None or statement.type != "expression_statement" or not values or statement.parent is None:
            return
        outer = statement.parent.parent
        if outer is None or outer.type not in ("if_expression", "for_expression", "while_expression", "match_arm"):
            return
        edits = code.span(node.start_byte, values[0].start_byte, ""), code.span(node.end_byte, statement.end_byte, "")
        yield code.site(f"{quoted(code, values[0])} stands alone in a branch, without `return`", *edits)


class CastInsteadOfConversion(Operator):
    """`String::from(x)` becomes `x as String`."""

    name = "cast_instead_of_conversion"
    codes = ("E0605",)
    route = Route.BODY
    rationale = "`as` is for numbers and pointers only; other conversions are calls such as `from` and `to_string`."
    nodes = ("call_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """`T::from(x)` and method calls that make a well-known type."""
        called, function = method(node, code), call(node, code)
        if called is not None and not called.args and called.name in _MADE:
            value, wanted = called.value, _MADE[called.name]
        elif function is not None and function[0].endswith("::from"):
            path = node.children[0].child_by_field_name("path")
            value, wanted = function[1], code.text(path) if path is not None else ""
            # A type with parameters would lack them here, which is another mistake.
            is_generic = wanted in _GENERIC or f"{wanted}<".encode() in code.source
            if not wanted or is_generic or not re.fullmatch(r"[A-Z]\w+|[iu]\d+|usize|f64", wanted):
                return
        else:
            return
        # A cast before a dot or another operator needs parentheses, which is a mistake of its own.
        alone = node.parent is None or node.parent.type not in (
            "field_expression",
            "try_expression",
            "unary_expression",
        )
        if alone and value.type in (*SIMPLE, "char_literal") and "\n" not in wanted:
            cause = f"{quoted(code, value)} is cast to `{wanted}` by `as`, which converts only numbers and pointers"
            yield code.site(cause, *only(code, node, value, f" as {wanted}"))
