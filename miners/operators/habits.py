"""Mistakes of syntax that come from other languages: their keywords, operators and ways to write a type."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from oxidizer.miners.operators.bases import SyntaxOperator
from oxidizer.miners.operators.cuts import cut_line
from oxidizer.miners.operators.operator import Code, Operator, Route, Site, child, named
from oxidizer.miners.operators.shapes import fields, tail
from oxidizer.miners.operators.surroundings import function_taking, name_of
from oxidizer.miners.operators.wording import first_line, quoted, ticked

_FOREIGN = {
    "fn": ("func", "def", "function"), "let": ("var", "auto", "val"), "struct": ("class",), "trait": ("interface",),
    "match": ("switch",), "pub": ("public",), "use": ("import", "using"), "mod": ("module", "namespace"),
}  # fmt: skip

_DEFAULTS = {"bool": "false", "&str": '""', "char": "' '", "f64": "0.0", "f32": "0.0", "String": "String::new()"}


class ForeignKeyword(SyntaxOperator):
    """`fn` becomes `def`, `match` becomes `switch`, `let` becomes `var`."""

    name = "foreign_keyword"
    rationale = "Keywords of other languages are plain names in Rust and do not fit where a keyword is wanted."
    nodes = (
        "function_item", "let_declaration", "struct_item", "trait_item", "match_expression", "visibility_modifier",
        "use_declaration", "mod_item",
    )  # fmt: skip

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The first keyword of the node; which wrong one hangs on how much the line holds."""
        keyword = next((c for c in node.children if c.type in _FOREIGN), None)
        if keyword is not None:
            line = first_line(code, keyword)
            choices = _FOREIGN[keyword.type]
            wrong = choices[len(line) % len(choices)]
            yield code.site(f"{ticked(line)} is begun with `{wrong}`", code.replace(keyword, wrong))


class CompareForAssign(SyntaxOperator):
    """`let x = 1` becomes `let x == 1`."""

    name = "compare_for_assign"
    rationale = "`==` compares and `=` binds, and the two are as easily mixed up in a `let` as in a condition."
    nodes = ("let_declaration",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The `=` of a `let` of a name."""
        equals, pattern = child(node, "="), node.child_by_field_name("pattern")
        if equals is not None and pattern is not None and pattern.type == "identifier":
            yield code.site(f"{quoted(code, pattern)} is bound with `==`", code.replace(equals, "=="))


class Elif(SyntaxOperator):
    """`else if` becomes `elif` or `elsif`."""

    name = "elif_for_else_if"
    rationale = "Rust has no word of its own for `else if`, unlike Python and Ruby."
    nodes = ("else_clause",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """An `else` before an `if`."""
        inner = child(node, "if_expression")
        condition = inner.child_by_field_name("condition") if inner is not None else None
        if inner is not None and condition is not None:
            word = ("elif", "elseif", "elsif")[len(code.text(condition)) % 3]
            end = inner.start_byte + len("if")
            cause = f"the branch for {quoted(code, condition)} is begun with `{word}`"
            yield code.site(cause, code.span(node.start_byte, end, word))


class ForWithoutIn(SyntaxOperator):
    """`for x in y` becomes `for x of y` or `for x : y`."""

    name = "for_without_in"
    rationale = "A `for` names what it goes over after `in`, not after `of` or `:` as in other languages."
    nodes = ("for_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The `in` of a loop."""
        word, parts = child(node, "in"), fields(node, "pattern", "value")
        if word is not None and parts:
            wrong = ("of", ":")[len(code.text(parts[1])) % 2]
            cause = f"the loop over {quoted(code, parts[1])} says `{wrong}` where `in` is wanted"
            yield code.site(cause, code.replace(word, wrong))


class WordOperator(SyntaxOperator):
    """`a && b` becomes `a and b`, and `!a` becomes `not a`."""

    name = "word_operator"
    rationale = "Rust writes its logic as `&&`, `||` and `!`; the words of Python are plain names."
    nodes = ("binary_expression", "unary_expression")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A logical operator."""
        if node.type == "unary_expression":
            value = named(node)[-1] if named(node) else None
            is_word = value is not None and re.match(r"[a-z_]", code.text(value))
            if child(node, "!") is not None and value is not None and is_word and node.parent is not None:
                cause = f"{quoted(code, value)} is negated by the word `not`"
                yield code.site(cause, code.span(node.start_byte, value.start_byte, "not "))
        elif (operator := node.child_by_field_name("operator")) is not None:
            word = {"&&": "and", "||": "or"}.get(code.text(operator))
            if word is not None:
                cause = f"{quoted(code, node)} joins its conditions by the word `{word}`"
                yield code.site(cause, code.replace(operator, word))


class Increment(SyntaxOperator):
    """`x += 1` becomes `x++`."""

    name = "increment"
    rationale = "Rust has no `++` and `--`: to count one adds 1 by `+=`."
    nodes = ("compound_assignment_expr",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A count up or down by one."""
        parts = fields(node, "left", "operator", "right")
        if parts and code.text(parts[1]) in ("+=", "-=") and code.text(parts[2]) == "1":
            new = code.text(parts[1])[0] * 2
            cause = f"{quoted(code, parts[0])} is counted by `{new}`, which Rust does not have"
            yield code.site(cause, code.span(parts[0].end_byte, node.end_byte, new))


class IfWithoutBlock(SyntaxOperator):
    """`if c { return x; }` becomes `if c return x;`."""

    name = "if_without_block"
    rationale = "What an `if` or a loop does stands in braces always; its condition needs no parentheses to end."
    nodes = ("if_expression", "for_expression", "while_expression")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A branch or a loop with a single statement."""
        block = node.child_by_field_name("consequence") or node.child_by_field_name("body")
        if (
            block is None
            or len(inside := block.named_children) != 1
            or node.child_by_field_name("alternative") is not None
        ):
            return
        if block.children[0].type == "{" and code.text(inside[0])[0].isalpha():
            head = "condition" if node.type != "for_expression" else "`for`"
            cause = f"{quoted(code, inside[0])} stands after its {head} without braces"
            yield code.site(cause, cut_line(code, block.children[0]), cut_line(code, block.children[-1]))


class CStyleParameter(SyntaxOperator):
    """`x: u32` becomes `u32 x`."""

    name = "c_style_parameter"
    rationale = "In Rust the name comes first and its type after a colon, unlike in C and Java."
    nodes = ("parameter", "field_declaration")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A parameter or a field with a plain name."""
        name = node.child_by_field_name("pattern") or node.child_by_field_name("name")
        kind = node.child_by_field_name("type")
        if name is None or kind is None or name.type not in ("identifier", "field_identifier"):
            return
        if "\n" not in (text := code.text(kind)):
            cause = f"the type `{text}` stands before its name `{code.text(name)}`"
            yield code.site(cause, code.span(name.start_byte, kind.end_byte, f"{text} {code.text(name)}"))


class Ternary(SyntaxOperator):
    """`if c { a } else { b }` becomes `c ? a : b`."""

    name = "ternary"
    rationale = "Rust has no `? :`, since its `if` is an expression itself."
    nodes = ("if_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A short `if` whose branches are plain values."""
        parts = fields(node, "condition", "consequence", "alternative")
        if not parts or (other := child(parts[2], "block")) is None or parts[0].type.startswith("let_"):
            return
        left, right = tail(parts[1]), tail(other)
        if left is None or right is None or len(named(parts[1])) > 1 or len(named(other)) > 1:
            return
        texts = [" ".join(code.text(part).split()) for part in (parts[0], left, right)]
        if len("".join(texts)) < 100 and "//" not in code.text(node):
            text = f"{texts[0]} ? {texts[1]} : {texts[2]}"
            yield code.site(f"{ticked(text)} chooses by `? :`, which Rust does not have", code.replace(node, text))


class CStyleCast(SyntaxOperator):
    """`x as u32` becomes `(u32)x`."""

    name = "c_style_cast"
    rationale = "A cast is written with `as` after the value; a type in parentheses before it comes from C."
    nodes = ("type_cast_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A cast of a name, a field or a call to a built-in type."""
        parts = fields(node, "value", "type")
        if not parts or parts[1].type != "primitive_type" or not re.match(r"[a-z]", code.text(parts[0])):
            return
        cause = f"{quoted(code, parts[0])} is cast by `({code.text(parts[1])})` before it"
        opened, closed = code.insert(node.start_byte, f"({code.text(parts[1])})"), (parts[0].end_byte, node.end_byte)
        yield code.site(cause, opened, code.span(*closed, ""))


class DropLet(Operator):
    """`let x = 1;` becomes `x = 1;`."""

    name = "drop_let"
    codes = ("E0425", "E0308")
    route = Route.BODY
    rationale = "A new name is bound by `let`: without it Rust looks for a variable that is there already."
    nodes = ("let_declaration",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A `let` of a plain name with a value."""
        parts = fields(node, "pattern", "value")
        if not parts or parts[0].type != "identifier" or node.child_by_field_name("type") is not None:
            return
        start = node.children[0]
        cause = f"{quoted(code, parts[0])} is given a value, but is not bound by `let`"
        yield code.site(cause, code.span(start.start_byte, parts[0].start_byte, ""))


class SingleQuotedString(SyntaxOperator):
    """`"text"` becomes `'text'`."""

    name = "single_quoted_string"
    codes = ("", "E0762")
    rationale = "Single quotes hold one character; strings have double quotes, unlike in Python and JavaScript."
    nodes = ("string_literal",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A plain string of two characters or more."""
        text = code.text(node)
        if re.fullmatch(r'"[^"\'\\\n]{2,60}"', text):
            yield code.site(f"the string {ticked(text)} is put in single quotes", code.replace(node, f"'{text[1:-1]}'"))


class DotForPath(Operator):
    """`String::new()` becomes `String.new()`."""

    name = "dot_for_path"
    codes = ("E0423",)
    route = Route.BODY
    rationale = "What belongs to a type or a module is reached by `::`; a dot is for values."
    nodes = ("scoped_identifier",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A called path with one step from a type."""
        path, parent = node.child_by_field_name("path"), node.parent
        if path is None or path.type != "identifier" or parent is None or parent.type != "call_expression":
            return
        separator = child(node, "::")
        if (
            separator is not None
            and re.fullmatch(r"[A-Z]\w*|[iu]\d+|usize", code.text(path))
            and code.text(path) != "Self"
        ):
            cause = f"`{code.text(path)}` is a type, but {quoted(code, node)} is written with a dot"
            yield code.site(cause, code.replace(separator, "."))


class SingleColonPath(SyntaxOperator):
    """`Error::Empty` becomes `Error:Empty`."""

    name = "single_colon_path"
    rationale = "The steps of a path are separated by two colons; a single one introduces a type."
    nodes = ("scoped_identifier",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A path in an expression."""
        separator, parent = child(node, "::"), node.parent
        places = ("call_expression", "arguments", "block", "binary_expression", "match_arm", "return_expression")
        if (
            separator is not None
            and parent is not None
            and parent.type in places
            and separator.start_byte > node.start_byte
        ):
            yield code.site(f"the path {quoted(code, node)} is written with one colon", code.replace(separator, ":"))


class ArrowField(SyntaxOperator):
    """`self.len` becomes `self->len`."""

    name = "arrow_for_field"
    rationale = "Rust follows references by itself at a dot, so it has no `->` for fields and methods."
    nodes = ("field_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A field or a method of a plain name."""
        dot, parts = child(node, "."), fields(node, "value", "field")
        if dot is None or not parts or parts[0].type not in ("self", "identifier"):
            return
        if parts[1].type == "field_identifier":
            cause = f"`{code.text(parts[1])}` of {quoted(code, parts[0])} is reached by `->`"
            yield code.site(cause, code.replace(dot, "->"))


class ThreeDots(SyntaxOperator):
    """`0..=9` becomes `0...9`."""

    name = "three_dots"
    codes = ("E0783", "")
    rationale = "A range that includes its end is written `..=`; the `...` of old Rust and of Ruby is gone."
    nodes = ("range_pattern", "range_expression")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The dots of a range with both ends."""
        dots = child(node, "..=") or child(node, "..")
        if dots is not None and len(node.children) == 3:
            yield code.site(f"the range {quoted(code, node)} is written with `...`", code.replace(dots, "..."))


class DefaultArgument(SyntaxOperator):
    """`fn f(n: usize)` becomes `fn f(n: usize = 0)`."""

    name = "default_argument"
    rationale = "Parameters have no default values in Rust; an `Option` or a second function takes their place."
    nodes = ("parameter",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A parameter of a built-in type or an `Option`."""
        parts, function = fields(node, "pattern", "type"), function_taking(node)
        if not parts or not function:
            return
        kind = code.text(parts[1])
        value = "None" if kind.startswith("Option<") else _DEFAULTS.get(kind)
        if value is None and re.fullmatch(r"[iu]\d+|[iu]size", kind):
            value = "0"
        if value is not None:
            cause = (
                f"the parameter {quoted(code, parts[0])} of `{name_of(function, code)}` is given the default `{value}`"
            )
            yield code.site(cause, code.insert(node.end_byte, f" = {value}"))
