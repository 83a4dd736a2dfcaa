"""Mistakes with `unsafe`: it is missing where it is needed, or stands where nothing needs it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from oxidizer.miners.operators.cuts import only
from oxidizer.miners.operators.operator import Code, Operator, Route, Site, child, named, walk
from oxidizer.miners.operators.shapes import ASSIGNMENTS, fields, method
from oxidizer.miners.operators.surroundings import attributes, is_unsafe, name_of
from oxidizer.miners.operators.wording import quoted, ticked


class DropUnsafeBlock(Operator):
    """`unsafe { .. }` becomes `{ .. }`."""

    name = "drop_unsafe_block"
    codes = ("E0133",)
    route = Route.BODY
    rationale = "What the compiler cannot check is allowed only within `unsafe`, which one comes to forget or avoid."
    nodes = ("unsafe_block",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """Every unsafe block in a body."""
        block = child(node, "block")
        inside = named(block) if block is not None else []
        if block is not None and inside:
            cause = f"{quoted(code, inside[0])} needs `unsafe`, but stands in a plain block"
            yield code.site(cause, code.cut(node.children[0]))


class DropUnsafeFn(Operator):
    """`unsafe fn f()` becomes `fn f()`."""

    name = "drop_unsafe_fn"
    codes = ("E0133",)
    route = Route.CRATE
    rationale = "The body of an `unsafe fn` may do what is unsafe; without the word it needs an unsafe block for that."
    nodes = ("function_item",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """An unsafe function whose body has no unsafe block that would stand in for the word."""
        modifiers, body = child(node, "function_modifiers"), node.child_by_field_name("body")
        unsafe = child(modifiers, "unsafe") if modifiers is not None else None
        if unsafe is None or body is None or not named(body):
            return
        if not any(at.type == "unsafe_block" for at in walk(body)):
            yield code.site(
                f"the body of `{name_of(node, code)}` is unsafe, but its `fn` does not say so", code.cut(unsafe)
            )


class UncheckedIndex(Operator):
    """`items[i]` becomes `*items.get_unchecked(i)`."""

    name = "unchecked_index"
    codes = ("E0133",)
    route = Route.BODY
    rationale = "Calls that skip a check are unsafe, and who tunes a loop puts them in without `unsafe`."
    nodes = ("index_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """An item that is read."""
        inside = named(node)
        if len(inside) != 2 or inside[1].type == "range_expression" or is_unsafe(node, code):
            return
        is_receiver = node.parent is not None and node.parent.type == "field_expression"
        if _is_lent(node) and not is_receiver:
            return
        cause = f"`get_unchecked` is called on {quoted(code, inside[0])} outside of `unsafe`"
        at = code.span(inside[0].end_byte, inside[1].start_byte, ".get_unchecked(")
        closed = code.span(inside[1].end_byte, node.end_byte, ")")
        yield code.site(cause, *(() if is_receiver else (code.insert(node.start_byte, "*"),)), at, closed)


def _is_lent(node: Node) -> bool:
    """The expression is assigned to or borrowed, or something is called on it or taken from it."""
    parent = node.parent
    if parent is not None and parent.type in ASSIGNMENTS:
        return parent.child_by_field_name("left") == node
    return parent is None or parent.type in (
        "reference_expression", "field_expression", "index_expression", "try_expression", "unary_expression",
        "match_expression", "let_condition", "range_expression",
    )  # fmt: skip


class UncheckedCall(Operator):
    """`x.unwrap()` becomes `x.unwrap_unchecked()`."""

    name = "unchecked_call"
    codes = ("E0133",)
    route = Route.BODY
    rationale = "The unchecked sister of a call is an unsafe function, which only an unsafe block may call."
    nodes = ("call_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """An `unwrap`, alone or with the call before it that has an unchecked sister."""
        called = method(node, code)
        if called is None or called.name not in ("unwrap", "expect") or is_unsafe(node, code):
            return
        value = called.value
        checked = value.child_by_field_name("function")
        if checked is not None and re.search(r"(\.get|\.get_mut|\bfrom_utf8|char::from_u32)$", code.text(checked)):
            cause = f"{ticked(code.text(checked) + '_unchecked')} is called outside of `unsafe`"
            yield code.site(cause, code.insert(checked.end_byte, "_unchecked"), *only(code, node, value))
        else:
            cause = f"`unwrap_unchecked` is called on {quoted(code, value)} outside of `unsafe`"
            yield code.site(cause, *only(code, node, value, ".unwrap_unchecked()"))


class NeedlessUnsafeImpl(Operator):
    """`impl Clone for X` becomes `unsafe impl Clone for X`."""

    name = "unsafe_impl_of_safe_trait"
    codes = ("E0199",)
    route = Route.CRATE
    rationale = "`unsafe impl` promises what an unsafe trait asks for; a safe trait asks for nothing."
    nodes = ("impl_item",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The impl of a trait."""
        parts = fields(node, "trait", "type")
        if parts and child(node, "unsafe") is None and child(node, "!") is None:
            cause = f"{quoted(code, parts[0])} is a safe trait, but its impl for {quoted(code, parts[1])} is `unsafe`"
            yield code.site(cause, code.insert(node.start_byte, "unsafe "))


class MissingUnsafeImpl(Operator):
    """`unsafe impl Send for X` becomes `impl Send for X`."""

    name = "safe_impl_of_unsafe_trait"
    codes = ("E0200",)
    route = Route.CRATE
    rationale = "An unsafe trait has rules that the compiler cannot check, so its impl must say `unsafe`."
    nodes = ("impl_item",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """An unsafe impl."""
        parts, unsafe = fields(node, "trait", "type"), child(node, "unsafe")
        if parts and unsafe:
            cause = f"{quoted(code, parts[0])} is an unsafe trait, but its impl for {quoted(code, parts[1])} is plain"
            yield code.site(cause, code.cut(unsafe))


class StaticMadeMutable(Operator):
    """`static TABLE` becomes `static mut TABLE`."""

    name = "static_made_mutable"
    codes = ("E0133",)
    route = Route.CRATE
    rationale = "Any thread may change a `static mut`, so every use of it is unsafe, reads too."
    nodes = ("static_item", "const_item")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A static, or a constant at the level of a module that holds data."""
        parts, keyword = fields(node, "name", "type"), child(node, "const")
        if not parts or child(node, "mutable_specifier") is not None:
            return
        at_module = node.parent is not None and node.parent.type == "source_file"
        if not keyword:
            cause = f"{quoted(code, parts[0])} is a `static mut`, but it is used outside of `unsafe`"
            yield code.site(cause, code.insert(parts[0].start_byte, "mut "))
        elif at_module and parts[1].type in ("array_type", "reference_type"):
            cause = f"{quoted(code, parts[0])} is made a `static mut`, but it is used outside of `unsafe`"
            yield code.site(cause, code.replace(keyword, "static mut"))


class TransmuteForCast(Operator):
    """`x as u32` becomes a `transmute`."""

    name = "transmute_for_cast"
    codes = ("E0512",)
    route = Route.BODY
    rationale = "`transmute` takes the same bytes as another type, so both must have one size; a cast converts."
    nodes = ("type_cast_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A cast between numbers."""
        parts = fields(node, "value", "type")
        if not parts or parts[1].type != "primitive_type" or node.parent is None or parts[0].type == "integer_literal":
            return
        kind = code.text(parts[1])
        before = "core::mem::transmute::<_, " + kind + ">("
        opened, closed = ("", "") if is_unsafe(node, code) else ("unsafe { ", " }")
        # At the start of a statement or an operand a block would end it, so parentheses stand around.
        if opened and node.parent.type not in ("arguments", "let_declaration", "field_initializer"):
            opened, closed = "(unsafe { ", " })"
        cause = f"{quoted(code, parts[0])} is transmuted to `{kind}`, which has another size"
        edits = code.insert(node.start_byte, opened + before), code.span(parts[0].end_byte, node.end_byte, f"){closed}")
        yield code.site(cause, *edits)


class WrongAbi(Operator):
    """`extern "C"` becomes `extern "c"`."""

    name = "wrong_abi"
    codes = ("E0703",)
    route = Route.CRATE
    rationale = "A calling convention has one spelling, such as `C` or `system`, and no other."
    nodes = ("extern_modifier",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The name of a calling convention."""
        literal = child(node, "string_literal")
        if literal is not None:
            new = {'"C"': '"c"', '"system"': '"System"'}.get(code.text(literal), '"cdecl "')
            yield code.site(f"`{new}` is no calling convention", code.replace(literal, new))


class ConstForMutPointer(Operator):
    """`x.as_mut_ptr()` becomes `x.as_ptr()`, and `*mut T` becomes `*const T`."""

    name = "const_for_mut_pointer"
    codes = ("E0308", "E0594")
    route = Route.BODY
    rationale = "A `*const` pointer does not become a `*mut` one by itself, and nothing can be written through it."
    nodes = ("call_expression", "pointer_type")
    _constant = {  # noqa: RUF012
        "as_mut_ptr": "as_ptr", "as_mut_slice": "as_slice", "get_mut": "get", "cast_mut": "cast_const",
    }  # fmt: skip

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A call that gives a mutable pointer; the type in a cast or a `let`."""
        called = method(node, code)
        if called is not None and (new := self._constant.get(called.name)) is not None:
            cause = f"{quoted(code, called.value)} gives no mutable pointer or reference by `{new}`, but a constant one"
            yield code.site(cause, code.replace(called.field, new))
            return
        mutable, home = child(node, "mutable_specifier"), node.parent.type if node.parent is not None else ""
        if node.type == "pointer_type" and mutable is not None and home in ("type_cast_expression", "let_declaration"):
            cause = f"{quoted(code, node)} is declared `*const`, but is used to write"
            yield code.site(cause, code.replace(mutable, "const"))


class MisspeltRepr(Operator):
    """`#[repr(C)]` becomes `#[repr(c)]`."""

    name = "misspelt_repr"
    codes = ("E0552",)
    route = Route.CRATE
    rationale = "`repr` takes `C`, `transparent`, `packed` or an integer type, in just this spelling."
    nodes = ("struct_item", "enum_item", "union_item")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The `repr` attribute of a type."""
        for at in attributes(node):
            if (found := re.fullmatch(r"#\[repr\((\w+)\)\]", code.text(at))) is not None:
                new = {"C": "c", "transparent": "Transparent", "packed": "pack"}.get(found[1], "int")
                start = at.start_byte + found.start(1)
                cause = f"`{name_of(node, code)}` asks for the layout `{new}`, which does not exist"
                yield code.site(cause, code.span(start, start + len(found[1]), new))
