"""Mistakes that other lints of rustc find: names in another style, needless casts, loops and patterns that mislead."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterator
from typing import ClassVar

from tree_sitter import Node

from oxidizer.miners.operators.bases import Form, LintOperator, Reworded
from oxidizer.miners.operators.operator import Code, Operator, Route, Site, ancestor, child, named
from oxidizer.miners.operators.shapes import (
    fields,
    in_pattern,
    let_parts,
    method,
    on_one_line,
    operator_of,
    tail,
    variant,
)
from oxidizer.miners.operators.surroundings import function_of, parameter_types, result_type
from oxidizer.miners.operators.wording import short

_COUNTS = "len|length|count|size|capacity|pos|position|index|idx|offset|width|used|remaining|start|end"


def _or_else(node: Node, way: str, code: Code) -> str:
    """The `else` of a `let` that leaves."""
    return f" else {{{code.newline(node, 1)}{way};{code.newline(node)}}}"


def renamed(function: Node, old: str, new: str, code: Code) -> list[Node]:
    """The places in a function where a local name stands, in macros too; empty where renaming it could go wrong."""
    text = code.text(function)
    if re.search(rf"\b{new}\b", text) or re.search(rf"\{{{old}\b", text):
        return []
    found: list[Node] = []
    for match in re.finditer(rb"\b%s\b" % old.encode(), text.encode()):
        start = function.start_byte + match.start()
        at = function.descendant_for_byte_range(start, start + len(old.encode()))
        if at is None or code.text(at) != old or at.parent is None:
            continue
        if at.type in ("shorthand_field_identifier", "shorthand_field_initializer"):
            return []
        if at.type == "identifier":
            if at.parent.type in ("scoped_identifier", "function_item", "macro_invocation", "label", "lifetime"):
                return []
            if at.parent.type == "shorthand_field_initializer":
                return []
            if at.parent.type == "token_tree" and at.prev_sibling is not None and at.prev_sibling.type == ".":
                continue
            found.append(at)
    return found


class _Renamed(LintOperator):
    """A local variable gets another name throughout its function."""

    nodes: ClassVar[tuple[str, ...]] = ("let_declaration", "parameter")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A plain binding or parameter that is read."""
        pattern, function = node.child_by_field_name("pattern"), function_of(node)
        if pattern is None or pattern.type != "identifier" or function is None or not code.text(pattern).isidentifier():
            return
        old = code.text(pattern)
        new = self.renamed(old)
        places = renamed(function, old, new, code) if new else []
        if len(places) > 1:
            yield code.site(self.because(old, new), *(code.replace(at, new) for at in places))

    @abstractmethod
    def renamed(self, old: str) -> str:
        """The new name; "" where the old one is left alone."""

    @abstractmethod
    def because(self, old: str, new: str) -> str:
        """The cause."""


class CamelCase(_Renamed):
    """`byte_count` becomes `byteCount`."""

    name = "camel_case_local"
    codes = ("non_snake_case",)
    rationale = "Variables are written in snake case in Rust; camel case comes from other languages."

    def renamed(self, old: str) -> str:
        """The name in camel case, or with a capital."""
        if old.startswith("_") or old.endswith("_") or not old.islower() or len(old) < 3:
            return ""
        first, *rest = old.split("_")
        return first + "".join(part.capitalize() for part in rest) if rest else old.capitalize()

    def because(self, old: str, new: str) -> str:
        """The cause."""
        return f"the variable `{new}` is not written in snake case, as `{old}` would be"


class UnderscoredUse(_Renamed):
    """A variable that is read gets a leading underscore."""

    name = "underscore_used"
    codes = ("clippy::used_underscore_binding",)
    rationale = "A leading underscore says that a name is not used; one that is used misleads."

    def renamed(self, old: str) -> str:
        """The name with an underscore."""
        return "" if old.startswith("_") else f"_{old}"

    def because(self, old: str, new: str) -> str:
        """The cause."""
        return f"`{new}` says by its underscore that it is unused, but it is read as `{old}` was"


class Placeholder(_Renamed):
    """A variable is called `foo`."""

    name = "placeholder_name"
    codes = ("clippy::disallowed_names",)
    rationale = "A placeholder such as `foo` says nothing about the value; it stays when a sketch becomes code."
    nodes = ("let_declaration",)

    def renamed(self, old: str) -> str:
        """A placeholder."""
        return ("foo", "baz", "quux")[len(old) % 3]

    def because(self, old: str, new: str) -> str:
        """The cause."""
        return f"the variable `{new}`, which holds the {old.replace('_', ' ').strip()}, has the name of a placeholder"


class AlwaysTrueComparison(LintOperator):
    """`n > 0` becomes `n >= 0`."""

    name = "compare_unsigned_with_zero"
    codes = ("clippy::absurd_extreme_comparisons",)
    rationale = "An unsigned number is never below zero, so one of the two cases of such a comparison cannot happen."
    nodes = ("binary_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A comparison with 0."""
        sign, right = node.child_by_field_name("operator"), node.child_by_field_name("right")
        left = node.child_by_field_name("left")
        new = {">": ">=", "!=": ">=", "==": "<="}.get(operator_of(node, code))
        kind = parameter_types(function_of(node), code).get(code.text(left)) if left is not None else None
        known = kind is not None and code.text(kind).startswith("u")
        counts = left is not None and re.search(rf"(?:{_COUNTS})(?:\(\))?$", code.text(left)) and kind is None
        if not (known or counts):
            return
        if sign is not None and left is not None and right is not None and new and code.text(right) == "0":
            cause = f"`{short(code, left)}` is unsigned, so `{new} 0` does not ask what it seems to ask"
            yield code.site(cause, code.replace(sign, new))


class DelegateToSelf(LintOperator):
    """`self.inner.f()` in `f` becomes `self.f()`."""

    name = "delegate_to_self"
    codes = ("unconditional_recursion",)
    rationale = "A method that hands on to a field of the same interface calls itself for ever without the field."
    nodes = ("function_item",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A function whose tail calls a method of its own name on a field of `self`."""
        name, call = node.child_by_field_name("name"), method(tail(node.child_by_field_name("body")), code)
        if name is None or call is None or call.value.type != "field_expression":
            return
        inner, field = fields(call.value, "value", "field")
        if code.text(name) == call.name and inner.type == "self":
            cause = f"`{call.name}` calls itself on `self` for ever, where it means the field `{code.text(field)}`"
            yield code.site(cause, code.span(inner.end_byte, call.value.end_byte, ""))


class LetElse(LintOperator):
    """A `let` whose pattern always fits gets an `else`."""

    name = "else_of_certain_let"
    codes = ("irrefutable_let_patterns",)
    rationale = "A pattern that always fits needs no way out; the `else` is copied from one that can fail."
    nodes = ("let_declaration",)
    _empty = {  # noqa: RUF012
        "bool": "false", "usize": "0", "u8": "0", "u16": "0", "u32": "0", "u64": "0", "i32": "0", "i64": "0",
        "String": "String::new()", "fmt::Result": "Ok(())", "io::Result<()>": "Ok(())",
    }  # fmt: skip

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A binding of what a call gives, in a function that can give something empty."""
        pattern, value = fields(node, "pattern", "value") or (node, node)
        ends = value.type in ("call_expression", "try_expression", "field_expression")
        kinds = ("identifier", "tuple_pattern", "struct_pattern")
        if not ends or pattern.type not in kinds or node.child_by_field_name("alternative"):
            return
        inner = ancestor(node, "closure_expression", "async_block", "function_item")
        if inner is not None and inner.type == "function_item":
            given = result_type(inner, code)
            value_given = self._empty.get(given, "None" if given.startswith("Option<") else "")
            if given and not value_given:
                return
            way = f"return {value_given}".rstrip()
            cause = f"`{short(code, pattern)}` always fits `{short(code, value)}`, so its `else` never runs"
            yield code.site(cause, code.insert(value.end_byte, _or_else(node, way, code)))


class OldName(Reworded):
    """`trim_start()` becomes `trim_left()`."""

    name = "call_old_name"
    codes = ("deprecated",)
    rationale = "std keeps old names for old code; new code uses those that replaced them."
    forms = (
        Form("trim_start", 0, ".trim_left()"),
        Form("trim_end", 0, ".trim_right()"),
        Form("trim_start_matches", 1, ".trim_left_matches({})"),
        Form("trim_end_matches", 1, ".trim_right_matches({})"),
        Form("join", 1, ".connect({})"),
        Form("source", 0, ".cause()"),
    )
    because = "the method `{name}` of `{value}` is called by its deprecated name"


class LoopOverOption(LintOperator):
    """`if let Some(x) = o` becomes `for x in o`."""

    name = "loop_over_option"
    codes = ("for_loops_over_fallibles",)
    rationale = "A loop over an `Option` runs at most once, which `if let` says; as a `while let` it ends too early."
    nodes = ("if_expression", "while_expression")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """An `if let` without `else` or a `while let`, of `Some` or `Ok`."""
        pattern, value = let_parts(node) or (node, node)
        start = child(node, "if") or child(node, "while")
        inner = variant(pattern)
        if start is None or not inner or node.child_by_field_name("alternative"):
            return
        if code.text(inner[0]) in ("Some", "Ok") and on_one_line(pattern):
            cause = f"the `for` goes through `{short(code, value)}`, which holds at most one value"
            yield code.site(cause, code.span(start.start_byte, value.start_byte, f"for {code.text(inner[1])} in "))


class QualifiedCall(LintOperator):
    """`f(x)` becomes `self::f(x)`."""

    name = "qualify_needlessly"
    codes = ("unused_qualifications",)
    rationale = "A name in scope needs no path before it; the path stays when code moves into the module."
    nodes = ("call_expression", "scoped_identifier", "generic_type")
    _homes = {  # noqa: RUF012
        "Vec": "std::vec::Vec", "String": "std::string::String", "Box": "std::boxed::Box",
        "Option": "core::option::Option", "Result": "core::result::Result",
    }  # fmt: skip

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A call of a free function; a type of the prelude."""
        name = node.children[0]
        text = code.text(name)
        if node.type == "call_expression":
            if (
                name.type == "identifier"
                and text[:1].islower()
                and f"fn {text}" in code.source.decode(errors="replace")
            ):
                cause = f"the function `{text}` is in scope, yet it is called by the path `self::{text}`"
                yield code.site(cause, code.insert(name.start_byte, "self::"))
        elif (home := self._homes.get(text)) and function_of(node) and not in_pattern(node):
            cause = f"`{text}` is in scope, yet its whole path `{home}` stands before `{short(code, node)}`"
            yield code.site(cause, code.replace(name, home))


class CastOfLength(Reworded):
    """`len()` becomes `len() as usize`."""

    name = "cast_length"
    codes = ("trivial_numeric_casts",)
    rationale = "A length is a `usize` already; casting it is a habit from languages in which it is not."
    forms = tuple(Form(name, 0, f".{name}() as usize") for name in ("len", "count", "capacity", "len_utf8"))
    because = "`{old}` is a `usize` already, and it is cast to `usize`"


class _HiddenLifetime(LintOperator):
    """A type loses its `<'_>`."""

    rationale = "A type that borrows says so by `<'_>`; without it a reader does not see the loan."
    nodes = ("generic_type",)
    given: ClassVar[bool]
    """Whether the type is one that the function gives."""

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A type with `'_` in a function's signature."""
        function, arguments = function_of(node), node.child_by_field_name("type_arguments")
        kind = function.child_by_field_name("return_type" if self.given else "parameters") if function else None
        if arguments is None or kind is None or not (kind.start_byte <= node.start_byte < kind.end_byte):
            return
        inner = named(arguments)
        if code.text(inner[0]) == "'_":
            cause = f"`{short(code, node)}` stands without its `'_`, so it hides that it borrows"
            start, end = arguments.start_byte, arguments.end_byte
            if len(inner) > 1:
                start, end = inner[0].start_byte, inner[1].start_byte
            yield code.site(cause, code.span(start, end, ""))


class HiddenInParameter(_HiddenLifetime):
    """The parameter type `Formatter<'_>` becomes `Formatter`."""

    name = "hide_lifetime_of_parameter"
    codes = ("elided_lifetimes_in_paths",)
    given = False


class HiddenInResult(_HiddenLifetime):
    """The return type `Iter<'_, T>` becomes `Iter<T>`."""

    name = "hide_lifetime_of_result"
    codes = ("mismatched_lifetime_syntaxes",)
    given = True


class NeedlessUnsafe(LintOperator):
    """A safe call goes into an `unsafe` block."""

    name = "unsafe_unused"
    codes = ("unused_unsafe",)
    rationale = "An `unsafe` around safe code asks readers to check what needs no check; it is added to be sure."
    nodes = ("let_declaration", "block")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A bound call, or the last one of a function."""
        value = node.child_by_field_name("value")
        if node.type == "block":
            value = tail(node) if node.parent is not None and node.parent.type == "function_item" else None
        if value is not None and value.type in ("call_expression", "field_expression", "index_expression"):
            cause = f"`{short(code, value)}` does nothing unsafe, yet it stands in an `unsafe` block"
            yield code.site(cause, code.insert(value.start_byte, "unsafe { "), code.insert(value.end_byte, " }"))


class BoundVariant(Operator):
    """The pattern `Kind::A` becomes `A`."""

    name = "bind_variant_name"
    codes = ("E0170",)
    route = Route.BODY
    rationale = "A bare name in a pattern binds whatever comes: without its enum, a variant's name matches everything."
    nodes = ("match_arm",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A variant by its path, alone in an arm."""
        pattern = node.child_by_field_name("pattern")
        inner = pattern.named_children[0] if pattern and len(pattern.named_children) == 1 else None
        if inner is None or inner.type != "scoped_identifier":
            return
        name = code.text(inner).rpartition("::")[2]
        if name[:1].isupper() and not name.isupper():
            cause = f"the pattern `{name}` binds every value to a new name instead of matching `{code.text(inner)}`"
            yield code.site(cause, code.replace(inner, name))
