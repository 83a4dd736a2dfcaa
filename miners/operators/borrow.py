"""Mistakes that the borrow checker finds: a binding not declared mutable, a shared loan used to write.

Loans that live too long are in `loans`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from oxidizer.miners.operators.operator import Code, Operator, Route, Site, ancestor, child, named
from oxidizer.miners.operators.scopes import allocates, is_mutable
from oxidizer.miners.operators.shapes import call, method, returned, root
from oxidizer.miners.operators.surroundings import function_of, implements_trait
from oxidizer.miners.operators.wording import short

_WRITERS = frozenset(
    {
        "as_bytes_mut", "as_mut", "as_mut_ptr", "as_mut_slice", "back_mut", "borrow_mut", "chunks_exact_mut",
        "chunks_mut", "deref_mut", "first_mut", "front_mut", "get_mut", "get_unchecked_mut", "iter_mut", "last_mut",
        "peek_mut", "split_at_mut", "split_first_mut", "split_last_mut", "values_mut", "as_deref_mut",
    }
)  # fmt: skip
_CHANGES_SELF = re.compile(
    rb"&mut\s+self\b|\bself(?:\.\w+|\[[^\]]*\])*(?:\s*(?:[-+*/%^|&]|<<|>>)?=(?![=>])|\.\w*(?:push|pop|mut|insert|remove|"
    rb"clear|extend|truncate|drain|next|take|write|set|advance|bump|reserve|append|retain)\w*\()"
)


class DropMut(Operator):
    """`let mut x` becomes `let x`."""

    name = "drop_mut"
    codes = ("E0596", "E0384", "E0594")
    route = Route.BODY
    rationale = "A binding is immutable unless it is declared `mut`, and `mut` is easily forgotten until it is needed."
    nodes = ("let_declaration",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The `mut` of a `let`."""
        mutable, pattern = child(node, "mutable_specifier"), node.child_by_field_name("pattern")
        if mutable is not None and pattern is not None:
            cause = f"`{code.text(pattern)}` is changed after it is bound, but its `let` does not say `mut`"
            yield code.site(cause, code.cut(mutable))


class DropPatternMut(Operator):
    """`fn f(mut x: T)` becomes `fn f(x: T)`; so does the `mut` within a pattern."""

    name = "drop_pattern_mut"
    codes = ("E0596", "E0384", "E0594")
    route = Route.BODY
    rationale = (
        "Parameters and names bound by patterns are immutable too, which is easy to overlook outside of a `let`."
    )
    nodes = ("parameter", "self_parameter", "mut_pattern", "field_pattern")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The `mut` of a parameter that is taken by value, or of a name in a pattern."""
        mutable, bound = child(node, "mutable_specifier"), named(node)[-1:]
        if mutable is None or child(node, "&") is not None or child(node, "lifetime") is not None:
            return
        bound = [node.child_by_field_name("pattern") or b for b in bound]
        where = "parameter" if node.type.endswith("parameter") else "pattern"
        if (of := node.parent) is not None and of.type == "ref_pattern":
            where = "`ref` pattern"
        yield code.site(f"`{code.text(bound[0])}` is changed, but its {where} does not say `mut`", code.cut(mutable))


class ShareExclusiveReference(Operator):
    """`&mut x` becomes `&x`."""

    name = "share_exclusive_reference"
    codes = ("E0308", "E0596", "E0594", "E0277")
    route = Route.BODY
    rationale = "What writes through a reference needs `&mut`; the plain `&` is the habit of the hand."
    nodes = ("reference_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A `&mut` expression."""
        mutable, value = child(node, "mutable_specifier"), node.child_by_field_name("value")
        if mutable is None or value is None or child(node, "raw") is not None:
            return
        of = short(code, value)
        cause = f"`&{of}` lends `{of}` for reading only, but what takes the loan is to write through it"
        yield code.site(cause, code.cut(mutable))


class ExclusiveForShared(Operator):
    """`&x` becomes `&mut x` where `x` may not change."""

    name = "exclusive_for_shared"
    codes = ("E0596",)
    route = Route.BODY
    rationale = "`&mut` may only be taken of what may change, and people reach for it although reading is enough."
    nodes = ("reference_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A `&` of a place that starts from an immutable variable."""
        value = node.child_by_field_name("value")
        if value is None or child(node, "mutable_specifier") is not None or child(node, "raw") is not None:
            return
        start = root(value, code)
        if start is None or is_mutable(start, node, code):
            return
        cause = f"`&mut {short(code, value)}` asks for a loan to write, but `{start}` may only be read here"
        yield code.site(cause, code.insert(value.start_byte, "mut "))


class SharedAccessor(Operator):
    """`v.iter_mut()` becomes `v.iter()`."""

    name = "shared_accessor"
    codes = ("E0308", "E0594", "E0596")
    route = Route.BODY
    rationale = "Most accessors come in two kinds, and the one without `_mut` hands out references that cannot write."
    nodes = ("call_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A call of an accessor that ends in `_mut`, or of `as_mut` and its kin."""
        called = method(node, code)
        if called is None or called.name not in _WRITERS:
            return
        plain = {"as_mut": "as_ref", "as_mut_ptr": "as_ptr", "as_mut_slice": "as_slice"}.get(called.name)
        plain = plain or called.name.replace("_mut", "")
        cause = f"`{plain}` gives shared access to `{short(code, called.value)}`, but what it gives is written to"
        yield code.site(cause, code.replace(called.field, plain))


class ReceiverWithoutMut(Operator):
    """`&mut self` becomes `&self` in a method that changes `self`."""

    name = "receiver_without_mut"
    codes = ("E0594", "E0596", "E0053")
    route = Route.ITEM
    rationale = "Fields can only be written through `&mut self`; `&self` is what one types first for a method."
    nodes = ("self_parameter",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The `mut` of a method's `&mut self`, where a trait asks for it or the body uses it."""
        mutable, home = child(node, "mutable_specifier"), function_of(node)
        if mutable is None or child(node, "&") is None or home is None or ancestor(node, "impl_item") is None:
            return
        body, name = home.child_by_field_name("body"), home.child_by_field_name("name")
        if body is None or name is None:
            return
        called = code.text(name)
        if implements_trait(node):
            cause = f"`{called}` takes `&self` here, but its trait declares it with `&mut self`"
        elif changed := _CHANGES_SELF.search(code.source, body.start_byte, body.end_byte):
            what = " ".join(changed[0].decode().rstrip("(=+-*/%^|&<> ").split())
            cause = f"`{called}` changes `self` at `{what}`, but takes it as `&self`"
        else:
            return
        yield code.site(cause, code.cut(mutable))


class ReturnReferenceToLocal(Operator):
    """A function that returns `&str` or a slice returns a loan of a copy that it made itself."""

    name = "return_reference_to_local"
    codes = ("E0515",)
    route = Route.BODY
    rationale = "What a function owns is dropped when it returns, so it cannot return a reference to a copy of its own."
    nodes = ("function_item",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """Results of functions whose return type is a reference to a str or a slice, bare or in an Option or Result."""
        result, body = node.child_by_field_name("return_type"), node.child_by_field_name("body")
        if result is None or body is None:
            return
        found = re.fullmatch(
            r"(?:(Option|Result)<)?&(?:'\w+\s+)?(mut\s+)?(?:str|\[.*\])\s*(?:[,>].*)?", code.text(result)
        )
        if found is None:
            return
        owned = "to_string" if "str" in code.text(result) else "to_vec"
        if (
            not allocates(body, owned, code)
            or re.search(r"\[(?:[A-Z]|\w+::\w+|\w+<.*)\]", code.text(result)) is not None
        ):
            return
        made = 0
        for leaf in returned(body):
            given = call(leaf, code) if found[1] else ("", leaf)
            if given is None or given[0] not in ("", "Some", "Ok") or made == 3:
                continue
            value = given[1]
            while value.type == "reference_expression" and (inner := value.child_by_field_name("value")) is not None:
                value, leaf = inner, value
            if value.type not in ("identifier", "field_expression", "index_expression", "call_expression",
                                  "string_literal", "macro_invocation"):  # fmt: skip
                continue
            made += 1
            text, mutable = short(code, value), found[2] or ""
            cause = f"`&{mutable}{text}.{owned}()` borrows from a copy that this function owns and drops at its end"
            edits = [code.insert(value.end_byte, f".{owned}()")]
            if leaf.type != "reference_expression":
                edits.append(code.insert(value.start_byte, f"&{mutable}"))
            yield code.site(cause, *edits)
