"""Mistakes that clippy finds in literals, formats and assertions."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from oxidizer.miners.operators.bases import LintOperator
from oxidizer.miners.operators.operator import Code, Site, ancestor, child
from oxidizer.miners.operators.shapes import fields, in_pattern, is_place, method, on_one_line, statement
from oxidizer.miners.operators.wording import short


class StaticConstant(LintOperator):
    """`const X: &str` becomes `const X: &'static str`."""

    name = "static_of_constant"
    codes = ("clippy::redundant_static_lifetimes",)
    rationale = "The borrows in constants are `'static` anyway."
    nodes = ("const_item", "static_item")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A constant that is a borrow."""
        name, kind = fields(node, "name", "type") or (node, node)
        above = ancestor(node, "impl_item", "trait_item")
        if kind.type == "reference_type" and not child(kind, "lifetime") and above is None:
            cause = f"the type of `{code.text(name)}` says `'static`, which the borrows in a constant are anyway"
            yield code.site(cause, code.insert(kind.start_byte + 1, "'static "))


class BytesOfText(LintOperator):
    """`b"x"` becomes `"x".as_bytes()`."""

    name = "text_as_bytes"
    codes = ("clippy::string_lit_as_bytes",)
    rationale = "Bytes have their own literal; a text turned into bytes at run time says it in two steps."
    nodes = ("string_literal",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A byte string of plain characters."""
        text = code.text(node)
        if text.startswith('b"') and "\\" not in text and on_one_line(node) and not in_pattern(node):
            cause = f"the bytes `{short(code, node)}` are made from a text with `as_bytes()`"
            yield code.site(cause, code.replace(node, f"{text[1:]}.as_bytes()"))


class UngroupedDigits(LintOperator):
    """`1_000_000` becomes `1000000`."""

    name = "ungroup_digits"
    codes = ("clippy::unreadable_literal",)
    rationale = "Long numbers are grouped with underscores, without which digits have to be counted."
    nodes = ("integer_literal",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A long number with underscores."""
        text = code.text(node)
        kind = re.search(r"_?[iu](?:8|16|32|64|128|size)$", text)
        digits = text[: kind.start()] if kind else text
        if "_" in digits and len(digits.replace("_", "").removeprefix("0x").removeprefix("0b")) > 5:
            new = digits.replace("_", "")
            cause = f"the digits of `{new}` are not grouped"
            yield code.site(cause, code.span(node.start_byte, node.start_byte + len(digits), new))


class MixedCaseHex(LintOperator):
    """`0xFF` becomes `0xfF`."""

    name = "mix_hex_case"
    codes = ("clippy::mixed_case_hex_literals",)
    rationale = "The letters of a number are all large or all small; mixed ones come from two hands."
    nodes = ("integer_literal",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A number with at least two letters."""
        found = re.match(r"0x([\da-fA-F_]+)", code.text(node))
        letters = [n for n, c in enumerate(found[1]) if c.isalpha()] if found else []
        if found and len(letters) > 1:
            at, digits = letters[0], found[1]
            new = digits[:at] + digits[at].swapcase() + digits[at + 1 :]
            cause = f"the letters of `0x{new}` are large and small"
            start = node.start_byte + 2
            yield code.site(cause, code.span(start, start + len(digits), new))


class ApartFormat(LintOperator):
    """`format!("{x}")` becomes `format!("{}", x)`."""

    name = "format_apart"
    codes = ("clippy::uninlined_format_args",)
    rationale = "A variable stands in the text of a format since Rust 2021; apart from it, eyes go back and forth."
    nodes = ("macro_invocation",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A format whose only argument stands in its text."""
        tree = child(node, "token_tree")
        text = code.text(tree) if tree else ""
        found = re.findall(r"\{(\w*)(:[^{}]*)?\}", text)
        literal = [n for n in tree.named_children if n.type == "string_literal"] if tree else []
        if tree is None or len(found) != 1 or not re.match(r"[a-z_]\w*$", found[0][0]) or len(literal) != 1:
            return
        if literal[0].next_sibling is not None and literal[0].next_sibling.type == ")" and "$" not in text:
            name = found[0][0]
            at = literal[0].start_byte + code.source[literal[0].start_byte : literal[0].end_byte].index(
                b"{" + name.encode()
            )
            cause = f"`{name}` stands apart from its place in `{short(code, literal[0])}`"
            yield code.site(
                cause, code.span(at + 1, at + 1 + len(name), ""), code.insert(literal[0].end_byte, f", {name}")
            )


class LiteralArgument(LintOperator):
    """`f.write_str("x")` becomes `write!(f, "{}", "x")`."""

    name = "write_literal_argument"
    codes = ("clippy::write_literal",)
    rationale = "A text that is known belongs into the format itself; as an argument it is filled in at run time."
    nodes = ("call_expression", "macro_invocation")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A text that is written as it is."""
        call = method(node, code)
        literal, target = None, ""
        if call and call.name == "write_str" and len(call.args) == 1 and is_place(call.value):
            literal, target = call.args[0], code.text(call.value)
        elif (
            node.type == "macro_invocation"
            and (tree := child(node, "token_tree"))
            and node.children[0].type == "identifier"
        ):
            inner = tree.named_children
            if code.text(node.children[0]) == "write" and len(inner) == 2 and inner[0].type == "identifier":
                literal, target = inner[1], code.text(inner[0])
        if literal is not None and literal.type == "string_literal" and on_one_line(literal):
            text = code.text(literal)
            if "{" not in text and "}" not in text:
                cause = f"the text `{short(code, literal)}` is an argument of `write!`, not part of its format"
                yield code.site(cause, code.replace(node, f'write!({target}, "{{}}", {text})'))


class AssertedEqual(LintOperator):
    """`assert!(c)` becomes `assert_eq!(c, true)`."""

    name = "assert_equals_bool"
    codes = ("clippy::bool_assert_comparison",)
    rationale = "A condition is asserted as it is; comparing it with `true` adds nothing."
    nodes = ("macro_invocation",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """An assertion of a condition."""
        macro, tree = node.child_by_field_name("macro"), child(node, "token_tree")
        if macro is None or tree is None or code.text(macro) not in ("assert", "debug_assert"):
            return
        ends = [n.start_byte for n in tree.children if n.type == ","] + [tree.end_byte - 1]
        condition = code.source[tree.start_byte + 1 : ends[0]].decode().strip()
        if condition not in ("true", "false") and not re.search(r"[=<>&|{}]|\bmatches!", condition):
            new, other = (condition[1:], "false") if condition.startswith("!") else (condition, "true")
            cause = f"`{new[:50]}` is compared with `{other}` by `{code.text(macro)}_eq!`"
            edits = [code.replace(macro, f"{code.text(macro)}_eq"), code.insert(ends[0], f", {other}")]
            if other == "false":
                edits.append(code.span(tree.start_byte + 1, tree.start_byte + 2, ""))
            yield code.site(cause, *edits)


class PanicForAssert(LintOperator):
    """`assert!(c, "m")` becomes `if !(c) { panic!("m") }`."""

    name = "panic_for_assert"
    codes = ("clippy::manual_assert",)
    rationale = "A condition that must hold is an `assert!`, which names it when it fails."
    nodes = ("macro_invocation",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """An assertion that is a statement."""
        macro, tree, stands = node.child_by_field_name("macro"), child(node, "token_tree"), statement(node)
        if macro is None or tree is None or stands is None or code.text(macro) != "assert" or not on_one_line(tree):
            return
        inner = code.text(tree)[1:-1]
        condition, _, message = inner.partition(', "')
        if "," in re.sub(r"\([^()]*\)", "", condition):
            return
        text = f'"{message}' if message else '"assertion failed"'
        sign = condition[1:] if re.fullmatch(r"![\w.()]+", condition) else f"!({condition})"
        cause = f"`{condition[:50]}` is tested by an `if` that panics, which is `assert!`"
        yield code.site(
            cause, code.replace(stands, f"if {sign} {{{code.newline(stands, 1)}panic!({text});{code.newline(stands)}}}")
        )
