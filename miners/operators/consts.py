"""Mistakes of constants: code that must run at compile time and cannot, lengths and values that are not constant."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from oxidizer.miners.operators.bases import SyntaxOperator
from oxidizer.miners.operators.cuts import swapped
from oxidizer.miners.operators.operator import Code, Operator, Route, Site, ancestor, child, named, walk
from oxidizer.miners.operators.shapes import OTHER_INTEGER, fields, method
from oxidizer.miners.operators.surroundings import at_compile_time, attributes, implements_trait, name_of
from oxidizer.miners.operators.wording import quoted, ticked

_BITS = {"u8": 8, "u16": 16, "u32": 32, "u64": 64, "usize": 64, "i32": 32, "i64": 64, "u128": 128, "i8": 8, "i16": 16}
_CONST_METHODS = frozenset(
    {"len", "is_empty", "as_bytes", "as_ptr", "is_some", "is_none", "wrapping_add", "wrapping_sub"}
)


class ConversionInConst(Operator):
    """`x as u32` becomes `u32::from(x)` in a constant or a `const fn`."""

    name = "conversion_in_const"
    codes = ("E0658",)
    route = Route.CRATE
    rationale = (
        "`From` is a trait, and stable Rust calls no methods of traits in constants, where `as` is in its place."
    )
    nodes = ("type_cast_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A cast to a built-in type at compile time."""
        parts = fields(node, "value", "type")
        if not parts or parts[1].type != "primitive_type" or not at_compile_time(node, code):
            return
        kind = code.text(parts[1])
        inside = named(parts[0])[0] if parts[0].type == "parenthesized_expression" else parts[0]
        cause = f"{quoted(code, parts[0])} is converted by `{kind}::from`, which cannot run at compile time"
        opened = code.span(node.start_byte, inside.start_byte, f"{kind}::from(")
        yield code.site(cause, opened, code.span(inside.end_byte, node.end_byte, ")"))


class EagerConstFn(Operator):
    """`fn f()` becomes `const fn f()`."""

    name = "const_on_ordinary_fn"
    codes = ("E0015", "")
    route = Route.CRATE
    rationale = (
        "A `const fn` may do only what can run at compile time: no trait calls, no loops over iterators, no drops."
    )
    nodes = ("function_item",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A function outside of traits whose body calls something or loops over an iterator."""
        keyword, body = child(node, "fn"), node.child_by_field_name("body")
        if keyword is None or body is None or child(node, "function_modifiers") is not None:
            return
        if ancestor(node, "trait_item") is not None or implements_trait(node):
            return
        worst = next((at for at in walk(body) if _runs_late(at, code)), None)
        if worst is not None:
            value = worst.child_by_field_name("value") or worst
            within = f"its body, with {quoted(code, value)}, cannot run at compile time"
            cause = f"`{name_of(node, code)}` is made a `const fn`, but {within}"
            yield code.site(cause, code.insert(keyword.start_byte, "const "))


def _runs_late(node: Node, code: Code) -> bool:
    """The node is a loop over an iterator, a `?`, or a call of a method that is seldom constant."""
    called = method(node, code)
    return node.type in ("for_expression", "try_expression") or (
        called is not None and called.name not in _CONST_METHODS
    )


class DropConstFn(Operator):
    """`const fn f()` becomes `fn f()`."""

    name = "drop_const_fn"
    codes = ("E0015",)
    route = Route.CRATE
    rationale = "Constants and `const fn`s can call `const fn`s only, and the word is forgotten where a helper is made."
    nodes = ("function_item",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A `const fn` whose name stands at least twice in its file."""
        modifiers, name = child(node, "function_modifiers"), name_of(node, code)
        constant = child(modifiers, "const") if modifiers is not None else None
        if constant is not None and code.source.count(name.encode()) > 1:
            cause = f"`{name}` is called where constants are made, but is no `const fn`"
            yield code.site(cause, code.cut(constant))


class ArrayLengthVariable(Operator):
    """`[0; 16]` becomes `let len = 16; [0; len]`, and `vec![0; n]` becomes `[0; n]`."""

    name = "array_length_variable"
    codes = ("E0435",)
    route = Route.BODY
    rationale = "The length of an array is part of its type and must be constant; a `Vec` has one that varies."
    nodes = ("let_declaration", "macro_invocation", "const_item")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """An array bound by a `let`, a vector of a length that varies, a local constant that is made a variable."""
        if node.type == "const_item":
            parts, keyword = fields(node, "name", "type"), child(node, "const")
            if parts and keyword and ancestor(node, "block") is not None:
                block = ancestor(node, "block")
                if block is not None and re.search(rf"; {code.text(parts[0])}\]", code.text(block)):
                    cause = f"{quoted(code, parts[0])} is the length of an array but is bound by `let`"
                    yield code.site(cause, code.replace(keyword, "let"))
        elif node.type == "macro_invocation":
            yield from self._vector(node, code)
        elif (value := node.child_by_field_name("value")) is not None and value.type == "array_expression":
            length = value.child_by_field_name("length")
            if length is not None and length.type in ("integer_literal", "identifier"):
                cause = f"the length of {quoted(code, value)} is held in the variable `len`, which is not constant"
                edit = code.insert(node.start_byte, f"let len = {code.text(length)};{code.newline(node)}")
                yield code.site(cause, edit, code.replace(length, "len"))

    def _vector(self, node: Node, code: Code) -> Iterator[Site]:
        found = re.fullmatch(r"vec!\s*(\[.*;\s*([a-z_][\w.]*(\(\))?)\])", code.text(node))
        if found is not None:
            cause = f"the array {ticked(found[1])} has the length `{found[2]}`, which is not constant"
            yield code.site(cause, code.span(node.start_byte, node.start_byte + found.start(1), ""))


class ConstOverflow(Operator):
    """`1 << 7` becomes `1 << 8` in a constant of type `u8`, and `N - 1` becomes `1 - N`."""

    name = "const_overflow"
    codes = ("E0080",)
    route = Route.CRATE
    rationale = "What a constant computes must fit its type: at compile time an overflow is an error."
    nodes = ("const_item", "static_item")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The first shift by a literal, or subtraction, in the value of a constant."""
        parts = fields(node, "name", "type", "value")
        if not parts or (bits := _BITS.get(kind := code.text(parts[1]))) is None:
            return
        for at in walk(parts[2]):
            if at.type != "binary_expression" or not (sides := fields(at, "left", "operator", "right")):
                continue
            if code.text(sides[1]) == "<<" and sides[2].type == "integer_literal":
                cause = f"{quoted(code, parts[0])} shifts a `{kind}` by all of its {bits} bits"
                yield code.site(cause, code.replace(sides[2], str(bits)))
                return
            if code.text(sides[1]) == "-" and kind.startswith("u") and "\n" not in code.text(at):
                left, right = code.text(sides[0]), code.text(sides[2])
                cause = f"{quoted(code, parts[0])} subtracts the larger from the smaller: {ticked(f'{right} - {left}')}"
                yield code.site(cause, *swapped(code, sides[0], sides[2]))
                return


class DropConstType(Operator):
    """`const N: usize = 4` becomes `const N = 4`."""

    name = "drop_const_type"
    codes = ("",)
    route = Route.CRATE
    rationale = "The type of a constant is never inferred, unlike that of a `let`."
    nodes = ("const_item", "static_item")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The type of a constant with a value."""
        parts = fields(node, "name", "type", "value")
        if parts:
            cause = f"{quoted(code, parts[0])} has a value but no type"
            yield code.site(cause, code.span(parts[0].end_byte, parts[1].end_byte, ""))


class WrongConstType(Operator):
    """`const N: usize = 4` becomes `const N: u32 = 4`."""

    name = "wrong_const_type"
    codes = ("E0308", "E0277")
    route = Route.CRATE
    rationale = "A constant has just the type that it declares, and its uses want theirs: integers do not mix."
    nodes = ("const_item", "static_item")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The first integer type in the type of a constant."""
        parts = fields(node, "name", "type")
        for kind in walk(parts[1]) if parts else ():
            if kind.type == "primitive_type" and (other := OTHER_INTEGER.get(code.text(kind))) is not None and parts:
                cause = f"{quoted(code, parts[0])} is declared with `{other}` where {quoted(code, kind)} is wanted"
                yield code.site(cause, code.replace(kind, other))
                return


class ConstCycle(Operator):
    """`const B: usize = A * 2` becomes `const B: usize = B * 2`."""

    name = "const_cycle"
    codes = ("E0391",)
    route = Route.CRATE
    rationale = "A constant cannot be computed from itself; a copied line easily names the wrong one."
    nodes = ("const_item", "static_item")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The first constant in the value of another; a literal in a sum or product."""
        parts = fields(node, "name", "type", "value")
        if not parts or ancestor(node, "impl_item", "trait_item") is not None:
            return
        name = code.text(parts[0])
        for at in walk(parts[2]):
            if at.type == "identifier" and re.fullmatch(r"[A-Z][A-Z0-9_]+", code.text(at)):
                cause = f"`{name}` is computed from itself, not from {quoted(code, at)}"
                yield code.site(cause, code.replace(at, name))
                return
        if parts[2].type == "binary_expression" and code.text(parts[1]) in OTHER_INTEGER:
            left = parts[2].child_by_field_name("left")
            if left is not None and left.type == "integer_literal":
                yield code.site(
                    f"`{name}` is computed from itself: it stands in its own value", code.replace(left, name)
                )


class DiscriminantClash(Operator):
    """`B` becomes `B = 0` where `A` is 0 already."""

    name = "discriminant_clash"
    codes = ("E0081", "E0370")
    route = Route.ITEM
    rationale = "Each variant has a number of its own, which counts on from the one before and must fit the type."
    nodes = ("enum_variant_list",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The number of the second variant; in an enum of bytes that of the last but one."""
        variants = [c for c in named(node) if c.type == "enum_variant"]
        if len(variants) < 3 or any(v.child_by_field_name("body") is not None for v in variants):
            return
        first, second, late = variants[0], variants[1], variants[-2]
        value = first.child_by_field_name("value")
        number = code.text(value) if value is not None else "0"
        if "\n" not in number:
            own = second.child_by_field_name("value")
            cause = f"{quoted(code, second)} gets the number {ticked(number)} of {quoted(code, first)}"
            edit = code.replace(own, number) if own is not None else code.insert(second.end_byte, f" = {number}")
            yield code.site(cause, edit)
        if _is_bytes(node, code) and all(v.child_by_field_name("value") is None for v in variants[-2:]):
            cause = f"{quoted(code, late)} has the last number of a `u8`, so {quoted(code, variants[-1])} has none left"
            yield code.site(cause, code.insert(late.end_byte, " = 255"))


def _is_bytes(variants: Node, code: Code) -> bool:
    """The enum is laid out as one byte."""
    item = variants.parent
    return item is not None and any(code.text(a) == "#[repr(u8)]" for a in attributes(item))


class LetAtModule(SyntaxOperator):
    """`const N: usize = 4;` becomes `let N: usize = 4;` outside of functions."""

    name = "let_outside_function"
    rationale = "`let` binds within functions only: a value at the level of a module is a `const` or a `static`."
    nodes = ("const_item", "static_item")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The keyword of a constant outside of functions."""
        keyword, name = child(node, "const") or child(node, "static"), node.child_by_field_name("name")
        if keyword is not None and name is not None and ancestor(node, "block") is None:
            cause = f"{quoted(code, name)} is bound by `let` outside of a function"
            yield code.site(cause, code.replace(keyword, "let"))
