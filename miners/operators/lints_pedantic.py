"""Mistakes that the stricter groups of clippy find: lifetimes, types and imports said in more or in fewer words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from oxidizer.miners.operators.bases import LintOperator
from oxidizer.miners.operators.operator import Code, Site, ancestor, child, named, walk
from oxidizer.miners.operators.scopes import is_called
from oxidizer.miners.operators.shapes import PRIMARY, fields, method, operator_of, statement, tail
from oxidizer.miners.operators.surroundings import function_of, parameter_types
from oxidizer.miners.operators.wording import changed, short

_UNIT = frozenset(
    {"push", "push_str", "extend", "extend_from_slice", "clear", "truncate", "reserve", "sort", "fill", "swap",
     "reverse", "copy_from_slice", "rotate_left", "rotate_right", "set_len", "write", "copy_within"}
)  # fmt: skip
"""Methods that mostly give nothing."""


class NamedLifetime(LintOperator):
    """`fn f(&self) -> &T` becomes `fn f<'a>(&'a self) -> &'a T`."""

    name = "name_lifetime"
    codes = ("clippy::needless_lifetimes",)
    rationale = "The lifetime of the only borrow is that of the result without saying; naming it adds noise."
    nodes = ("function_item",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A function with one borrow in its parameters and no lifetime of its own."""
        name, listed = fields(node, "name", "parameters") or (node, node)
        kind, generics = node.child_by_field_name("return_type"), node.child_by_field_name("type_parameters")
        if listed is node or "'" in code.text(listed) + code.text(kind or name) or "'" in code.text(generics or name):
            return
        taken = [n for n in walk(listed) if n.type in ("reference_type", "self_parameter") and child(n, "&")]
        given = [n for n in walk(kind) if n.type == "reference_type"] if kind else []
        if len(taken) != 1 or any(n.type in ("function_type", "dynamic_type", "abstract_type") for n in walk(listed)):
            return
        home = ancestor(node, "impl_item", "trait_item")
        if (taken[0].type == "self_parameter" and not given) or (home and "'a" in code.text(home).split("{", 1)[0]):
            return
        at, text = (generics.start_byte + 1, "'a, ") if generics else (name.end_byte, "<'a>")
        edits = [code.insert(n.start_byte + 1, "'a ") for n in (*taken, *given)]
        cause = f"`{code.text(name)}` names the lifetime `'a` of its only borrow `{short(code, taken[0])}`"
        yield code.site(cause, code.insert(at, text), *edits)


class UnusedLifetime(LintOperator):
    """`fn f()` becomes `fn f<'a>()`."""

    name = "declare_lifetime"
    codes = ("clippy::extra_unused_lifetimes",)
    rationale = "A lifetime that no type of the function names is left over from a version that borrowed."
    nodes = ("function_item",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A function without generics."""
        name, trait = node.child_by_field_name("name"), ancestor(node, "impl_item", "trait_item")
        if (
            name is None
            or node.child_by_field_name("type_parameters")
            or (trait and trait.child_by_field_name("trait"))
        ):
            return
        if "'a" not in code.text(node) and "'a" not in code.text(trait or name):
            cause = f"`{code.text(name)}` declares the lifetime `'a` and uses it nowhere"
            yield code.site(cause, code.insert(name.end_byte, "<'a>"))


class BoundUnit(LintOperator):
    """`f();` becomes `let result = f();`."""

    name = "bind_unit"
    codes = ("clippy::let_unit_value",)
    rationale = "A call that gives nothing has nothing to bind; the `let` is left from a call that did."
    nodes = ("call_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A statement that calls a method which gives nothing, or one of `self`."""
        call = method(node, code)
        if call and statement(node) and (call.name in _UNIT or call.value.type == "self"):
            cause = f"`{short(code, node)}` gives nothing, yet its value is bound"
            yield code.site(cause, code.insert(node.start_byte, "let result = "))


class NameForSelf(LintOperator):
    """`Self` becomes the type's name."""

    name = "name_for_self"
    codes = ("clippy::use_self",)
    rationale = "Inside of its `impl` a type is `Self`; repeating its name makes renaming it harder."
    nodes = ("type_identifier", "identifier")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A `Self` in the `impl` of a type without generics."""
        if code.text(node) != "Self":
            return
        home = ancestor(node, "impl_item", "trait_item")
        kind = home.child_by_field_name("type") if home else None
        if kind is not None and kind.type == "type_identifier":
            edit = code.replace(node, code.text(kind))
            within = changed(code, node.parent or node, edit)
            yield code.site(f"`{code.text(kind)}` is named in its own `impl` in {within}", edit)


class BareUnitTail(LintOperator):
    """The semicolon of a function's last statement is missing."""

    name = "drop_unit_semicolon"
    codes = ("clippy::semicolon_if_nothing_returned",)
    rationale = "A statement that gives nothing ends with a semicolon; without it, it looks like the function's value."
    nodes = ("block",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A last call or assignment that is not a value."""
        inner = named(node)
        last = inner[-1] if inner else None
        sign = child(last, ";") if last is not None and last.type == "expression_statement" else None
        if last is None or sign is None or node.parent is None:
            return
        value = last.named_children[0]
        if value.type in ("call_expression", "assignment_expression", "compound_assignment_expr"):
            cause = f"`{short(code, value)}` gives nothing, but stands without a semicolon as if it were the value"
            yield code.site(cause, code.cut(sign, space=False))


class SemicolonAfterBlock(LintOperator):
    """`if c { .. }` as a statement becomes `if c { .. };`."""

    name = "semicolon_after_block"
    codes = ("clippy::unnecessary_semicolon",)
    rationale = "A block that is a statement needs no semicolon; it is typed by habit."
    nodes = ("if_expression", "match_expression")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A branch that is a statement with others after it."""
        stands = statement(node)
        if stands is not None and not child(stands, ";") and stands.parent and tail(stands.parent) != node:
            about = node.child_by_field_name("condition") or node.child_by_field_name("value")
            cause = f"a semicolon follows the block of the branch on `{short(code, about or node)}`"
            yield code.site(cause, code.insert(node.end_byte, ";"))


class LostConst(LintOperator):
    """`const fn f()` becomes `fn f()`."""

    name = "forgotten_const_fn"
    codes = ("clippy::missing_const_for_fn",)
    rationale = "A function that can run at compile time says so with `const`, which is easily forgotten."
    nodes = ("function_item",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A `const fn`."""
        modifiers, name = child(node, "function_modifiers"), node.child_by_field_name("name")
        if modifiers is None or name is None or code.text(modifiers) != "const":
            return
        # Where it is called, that may be at compile time.
        if not is_called(code.text(name), code):
            cause = f"`{code.text(name)}` could run at compile time, but is not declared `const`"
            yield code.site(cause, code.cut(modifiers))


class EndMinusOne(LintOperator):
    """`a..b` becomes `a..=b - 1`."""

    name = "end_minus_one"
    codes = ("clippy::range_minus_one",)
    rationale = "A range without its end is `a..b`; taking one off the end of a closed one can go below zero."
    nodes = ("range_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A range of a loop or an index with a plain end."""
        inner, sign, above = named(node), child(node, ".."), node.parent
        if sign is None or above is None or above.type not in ("for_expression", "index_expression") or not inner:
            return
        end = inner[-1]
        if end.start_byte > sign.start_byte and end.type in PRIMARY and end.type != "integer_literal":
            cause = f"the range ends at `{short(code, end)} - 1` inclusive, which is `{short(code, end)}` exclusive"
            yield code.site(cause, code.replace(sign, "..="), code.insert(end.end_byte, " - 1"))


class BitwiseBool(LintOperator):
    """`a && b` becomes `a & b`."""

    name = "bitwise_for_bool"
    codes = ("clippy::needless_bitwise_bool",)
    rationale = "`&&` stops at the first `false`; `&` computes both sides and is for bits."
    nodes = ("binary_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """Two conditions without calls on the right side."""
        sign, (left, right) = node.child_by_field_name("operator"), fields(node, "left", "right")
        plain = ("identifier", "field_expression", "binary_expression", "call_expression", "parenthesized_expression")
        if sign is None or code.text(sign) not in ("&&", "||") or left.type not in plain:
            return
        if right.type not in ("binary_expression", "unary_expression") or any(
            n.type in ("call_expression", "macro_invocation") for n in walk(right)
        ):
            return
        if any(n.type == "binary_expression" and operator_of(n, code) in ("&&", "||") for n in (left, right)):
            return
        edits = [code.replace(sign, code.text(sign)[0])]
        for side in (left, right):
            if side.type == "binary_expression":
                edits += [code.insert(side.start_byte, "("), code.insert(side.end_byte, ")")]
        cause = f"`{code.text(sign)[0]}` computes `{short(code, right)}` even where `{short(code, left)}` has decided"
        yield code.site(cause, *edits)


class GlobImport(LintOperator):
    """`use a::{B, C};` becomes `use a::*;`."""

    name = "import_everything"
    codes = ("clippy::wildcard_imports",)
    rationale = "An import of everything hides where names come from, and new names can clash."
    nodes = ("use_declaration",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A private list of names without paths."""
        used = node.child_by_field_name("argument")
        listed = child(used, "use_list") if used and used.type == "scoped_use_list" else None
        if used is None or listed is None or child(node, "visibility_modifier"):
            return
        if all(n.type == "identifier" for n in named(listed)):
            cause = f"everything of `{short(code, fields(used, 'path')[0])}` is imported for `{short(code, listed)}`"
            yield code.site(cause, code.replace(listed, "*"))


class BorrowedDeref(LintOperator):
    """`f(x)` with a borrowed `x` becomes `f(&*x)`."""

    name = "reborrow_by_hand"
    codes = ("clippy::borrow_deref_ref",)
    rationale = "`&*` on a shared borrow gives the same borrow; the signs are piled up until it compiles."
    nodes = ("arguments", "let_declaration")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The first argument, or a bound name, that is a borrowed parameter."""
        uses = [
            n for n in (named(node) if node.type == "arguments" else fields(node, "value")) if n.type == "identifier"
        ]
        known = parameter_types(function_of(node), code) if uses else {}
        for use in uses:
            kind = known.get(code.text(use))
            if kind is not None and kind.type == "reference_type" and not child(kind, "mutable_specifier"):
                cause = f"`&*{code.text(use)}` is the borrow `{code.text(use)}` itself"
                yield code.site(cause, code.insert(use.start_byte, "&*"))
                return


class DefaultByTrait(LintOperator):
    """`Vec::default()` becomes `Default::default()`."""

    name = "default_by_trait"
    codes = ("clippy::default_trait_access",)
    rationale = "`Default::default()` does not say what is made; the type's name does."
    nodes = ("call_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A `default()` or `new()` of a type, as the value of a field, an argument or a typed `let`."""
        function = node.child_by_field_name("function")
        name = code.text(function) if function and function.type == "scoped_identifier" else ""
        plain = ("Vec::new", "String::new", "HashMap::new")
        above = node.parent.type if node.parent else ""
        if above not in ("field_initializer", "arguments", "let_declaration", "block"):
            return
        if code.text(node).endswith("()") and (name in plain or re.fullmatch(r"[A-Z]\w+::default", name)):
            cause = f"`Default::default()` does not say that it makes what `{name}()` makes"
            yield code.site(cause, code.replace(node, "Default::default()"))


class LongFieldPattern(LintOperator):
    """The pattern `S { x }` becomes `S { x: x }`."""

    name = "repeat_field_pattern"
    codes = ("non_shorthand_field_patterns",)
    rationale = "A field that is bound to a variable of its own name is written once."
    nodes = ("field_pattern",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A field in short form."""
        inner = named(node)
        if inner and inner[-1].type == "shorthand_field_identifier":
            name = code.text(inner[-1])
            cause = f"the field `{name}` is bound by `{name}: {name}`, which `{name}` alone does"
            place = " ".join(
                code.text(child(node, kind) or node) for kind in ("ref", "mutable_specifier") if child(node, kind)
            )
            if not place:
                yield code.site(cause, code.insert(node.end_byte, f": {name}"))
