"""Mistakes that the parser finds: punctuation and keywords that are missing, misspelt or in the wrong place."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from oxidizer.miners.operators.bases import SyntaxOperator
from oxidizer.miners.operators.cuts import cut_line
from oxidizer.miners.operators.operator import Code, Operator, Route, Site, ancestor, child, named
from oxidizer.miners.operators.shapes import LOOPS, fields
from oxidizer.miners.operators.surroundings import function_left, name_of
from oxidizer.miners.operators.wording import first_line, quoted, ticked

_AMBIGUOUS = ("&", "*", "-", "(", "[", "|", "<", ".", "{", "?", "+", "=")
"""With one of these at its start, what follows would go on with the expression before it."""

_MISSPELT = {
    "fn": "fucn", "let": "lte", "struct": "strcut", "enum": "emun", "impl": "imlp", "trait": "triat", 
    "match": "mathc",
    "return": "retrun", "while": "whlie", "for": "fro", "pub": "pbu", "use": "ues", "mod": "mdo", "else": "esle",
    "const": "cosnt", "static": "statci",
}  # fmt: skip


class DropSemicolon(SyntaxOperator):
    """`let x = 1;` loses its `;`."""

    name = "drop_semicolon"
    rationale = "Each statement ends with `;`, and only blocks can do without."
    nodes = ("let_declaration", "expression_statement")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A statement before another one."""
        after = node.next_named_sibling
        if (
            node.children[-1].type == ";"
            and after is not None
            and not code.text(after).startswith((*_AMBIGUOUS, "/", "#"))
        ):
            at = node.end_byte - 1
            yield code.site(f"there is no `;` after {ticked(code.text(node)[:-1])}", code.span(at, at + 1, ""))


class DropComma(SyntaxOperator):
    """`f(a, b)` becomes `f(a b)`."""

    name = "drop_argument_comma"
    rationale = "Arguments, parameters and elements are separated by commas, which are lost as lists are edited."
    nodes = ("arguments", "parameters", "array_expression", "tuple_expression", "tuple_pattern", "tuple_struct_pattern")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The last comma between two parts."""
        for comma in reversed(node.children):
            after = comma.next_named_sibling
            if comma.type == "," and after is not None and not code.text(after).startswith((*_AMBIGUOUS, "/")):
                blank = code.source[comma.end_byte : comma.end_byte + 1].isspace()
                cause = f"there is no comma before {quoted(code, after)} in {quoted(code, node)}"
                yield code.site(cause, code.replace(comma, "" if blank else " "))
                return


class DropFieldComma(SyntaxOperator):
    """A field, a variant or an arm loses the comma after it."""

    name = "drop_field_comma"
    rationale = "Fields, variants and arms are separated by commas, at the ends of lines too."
    nodes = ("field_declaration", "enum_variant", "match_arm", "field_initializer", "shorthand_field_initializer")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The comma before another part of the same kind."""
        comma = node.children[-1] if node.type == "match_arm" and node.children else node.next_sibling
        after = node.next_named_sibling
        if comma is None or comma.type != "," or after is None or after.type != node.type:
            return
        if node.type != "match_arm" or not code.text(after).startswith(_AMBIGUOUS):
            what = ticked(code.text(node).rstrip(","))
            yield code.site(f"there is no comma after {what}", code.cut(comma, space=False))


class UnclosedDelimiter(SyntaxOperator):
    """`f(x)` becomes `f(x`."""

    name = "unclosed_delimiter"
    rationale = "Each opening delimiter needs its closing one, and in nested code the last of several is lost."
    nodes = ("arguments", "block", "index_expression", "match_block", "field_initializer_list", "parameters")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The closing delimiter of a list or a block that holds something."""
        last = node.children[-1]
        if named(node) and last.type in (")", "]", "}"):
            opening = {")": "(", "]": "[", "}": "{"}[last.type]
            cause = f"the `{opening}` of {quoted(code, node)} is never closed"
            inside = last.start_point.row == node.start_point.row and first_line(code, last)[1:].strip()
            yield code.site(cause, code.cut(last, space=False) if inside else cut_line(code, last))


class ExtraDelimiter(SyntaxOperator):
    """`f(x)` becomes `f(x))`."""

    name = "extra_delimiter"
    rationale = "A closing delimiter too many closes what was never opened; it is left over from an edit."
    nodes = ("arguments", "block", "parenthesized_expression")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A list or a block that holds something."""
        last = node.children[-1]
        if named(node) and last.type in (")", "}") and (node.type != "block" or function_left(node) is not None):
            cause = f"after {quoted(code, node)} there is one `{last.type}` too many"
            yield code.site(cause, code.insert(node.end_byte, last.type))


class WrongArmArrow(SyntaxOperator):
    """`Some(x) => x` becomes `Some(x) -> x`."""

    name = "wrong_arm_arrow"
    rationale = "Arms of a `match` are written with `=>`; `->` belongs to signatures and to other languages."
    nodes = ("match_arm",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The arrow of an arm."""
        arrow, pattern = child(node, "=>"), node.child_by_field_name("pattern")
        if arrow is not None and pattern is not None:
            yield code.site(f"the arm of {quoted(code, pattern)} is written with `->`", code.replace(arrow, "->"))


class WrongReturnArrow(SyntaxOperator):
    """`fn f() -> u32` becomes `fn f() => u32` or `fn f(): u32`."""

    name = "wrong_return_arrow"
    rationale = "The type of a result comes after `->`, not after `:` or `=>` as in other languages."
    nodes = ("function_item", "function_signature_item")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The arrow of a signature, in one of two wrong ways."""
        arrow, name = child(node, "->"), name_of(node, code)
        if arrow is not None:
            wrong = "=>" if len(name) % 2 else ":"
            cause = f"the result of `{name}` is declared after `{wrong}`"
            start = arrow.start_byte - (code.source[arrow.start_byte - 1 : arrow.start_byte] == b" " and wrong == ":")
            yield code.site(cause, code.span(start, arrow.end_byte, wrong))


class MisspeltKeyword(SyntaxOperator):
    """`return x` becomes `retrun x`."""

    name = "misspelt_keyword"
    rationale = "A keyword with its letters mixed up is a name like any other, and does not fit in its place."
    nodes = (
        "function_item", "let_declaration", "struct_item", "enum_item", "impl_item", "trait_item", "return_expression",
        "match_expression", "while_expression", "for_expression", "visibility_modifier", "use_declaration", "mod_item",
        "else_clause", "const_item", "static_item",
    )  # fmt: skip

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The first keyword of the node."""
        keyword = next((c for c in node.children if c.type in _MISSPELT), None)
        if keyword is None:
            return
        # A name before a sign or an opening bracket is an operand or a call.
        values = named(node)
        if node.type == "return_expression" and (not values or code.text(values[0]).startswith(_AMBIGUOUS)):
            return
        wrong = _MISSPELT[keyword.type]
        yield code.site(f"{ticked(first_line(code, keyword))} is begun with `{wrong}`", code.replace(keyword, wrong))


class UnterminatedString(SyntaxOperator):
    """`"text"` becomes `"text`."""

    name = "unterminated_string"
    codes = ("", "E0765")
    rationale = "A string goes on over the ends of lines until its closing quote, which must not be forgotten."
    nodes = ("string_literal",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The closing quote of a string."""
        if node.children[-1].type == '"' and node.end_byte - node.start_byte > 2:
            cause = f"the string {ticked(code.text(node)[:-1])} is never closed"
            yield code.site(cause, code.cut(node.children[-1], space=False))


class UnterminatedChar(SyntaxOperator):
    """`b'a'` becomes `b'a`."""

    name = "unterminated_char"
    codes = ("E0763", "", "E0762")
    rationale = "A character needs both its quotes; with one alone it is taken for a lifetime or goes on and on."
    nodes = ("char_literal",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The closing quote of a character."""
        if not code.text(node).endswith("\\'"):
            cause = f"the character {ticked(code.text(node)[:-1])} has no closing quote"
            yield code.site(cause, code.span(node.end_byte - 1, node.end_byte, ""))


class FieldSemicolon(SyntaxOperator):
    """`struct P { x: u32, y: u32 }` becomes `struct P { x: u32; y: u32 }`."""

    name = "field_semicolon"
    rationale = "Fields end with commas; the semicolons of C and Go do not belong there."
    nodes = ("field_declaration",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The comma after a field."""
        comma = node.next_sibling
        if comma is not None and comma.type == ",":
            yield code.site(f"the field {quoted(code, node)} ends with `;`", code.replace(comma, ";"))


class MissingColon(SyntaxOperator):
    """`x: u32` becomes `x u32`."""

    name = "missing_colon"
    rationale = "Between a name and its type stands a colon, unlike in Go."
    nodes = ("parameter", "field_declaration", "const_item")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The colon of a field, a parameter or a constant."""
        colon, kind = child(node, ":"), node.child_by_field_name("type")
        if colon is not None and kind is not None:
            cause = f"there is no colon before the type {quoted(code, kind)} in {quoted(code, node)}"
            yield code.site(cause, code.cut(colon, space=False))


class UntypedParameter(SyntaxOperator):
    """`fn f(x: u32)` becomes `fn f(x)`."""

    name = "untyped_parameter"
    rationale = "A function's parameters must have types; only those of closures are inferred."
    nodes = ("parameter",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The type of a function's parameter."""
        parts, home = fields(node, "pattern", "type"), node.parent
        if parts and home and home.type == "parameters" and parts[0].type == "identifier":
            function = name_of(home.parent, code)
            cause = f"the parameter {quoted(code, parts[0])} of `{function}` has no type"
            yield code.site(cause, code.span(parts[0].end_byte, node.end_byte, ""))


class UnclosedAngle(SyntaxOperator):
    """`Vec<Vec<u8>>` becomes `Vec<Vec<u8>`."""

    name = "unclosed_angle"
    rationale = "Each `<` of a type needs its `>`, and of several in a row one is lost."
    nodes = ("type_arguments", "type_parameters")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The closing bracket of a type's arguments."""
        whole = node.parent
        homes = ("generic_type", "impl_item", "function_item", "struct_item")
        if whole is not None and whole.type in homes and node.children[-1].type == ">":
            shown = quoted(code, whole if whole.type == "generic_type" else node)
            yield code.site(f"the `<` of {shown} is never closed", code.cut(node.children[-1], space=False))


class LifetimeWithoutQuote(SyntaxOperator):
    """`&'a str` becomes `&a str`."""

    name = "lifetime_without_quote"
    rationale = "A lifetime is marked by a quote before its name; without it the name is that of a type."
    nodes = ("reference_type",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The lifetime of a reference."""
        lifetime = child(node, "lifetime")
        if lifetime is not None and code.text(lifetime) != "'_":
            at = lifetime.start_byte
            cause = f"the lifetime {quoted(code, lifetime)} of {quoted(code, node)} has no quote"
            yield code.site(cause, code.span(at, at + 1, ""))


class DropParameterList(SyntaxOperator):
    """`fn new() -> Self` becomes `fn new -> Self`."""

    name = "drop_parameter_list"
    rationale = "A function has its parentheses even where it takes nothing."
    nodes = ("parameters",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The parentheses of a function without parameters."""
        if not named(node) and node.parent is not None and node.parent.type == "function_item":
            cause = f"`{name_of(node.parent, code)}` is declared without its parentheses"
            yield code.site(cause, code.cut(node, space=False))


class DropFnKeyword(SyntaxOperator):
    """`pub fn f()` becomes `pub f()`."""

    name = "drop_fn_keyword"
    rationale = "A function is declared with `fn`; its parentheses alone do not tell."
    nodes = ("function_item",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The keyword of a function."""
        keyword = child(node, "fn")
        if keyword is not None:
            yield code.site(f"`{name_of(node, code)}` is declared without `fn`", code.cut(keyword))


class BreakOutsideLoop(Operator):
    """`return x` becomes `break x` where no loop is, or a `for`."""

    name = "break_for_return"
    codes = ("E0268", "E0571", "E0267")
    route = Route.BODY
    rationale = "`break` leaves a loop, not a function or closure, and only a `loop` can be left with a value."
    nodes = ("return_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A `return`; with its value where `break` could have one."""
        home = ancestor(node, *LOOPS, "closure_expression", "function_item")
        values = named(node)
        if home is None or home.type == "loop_expression":
            return
        if home.type in LOOPS and not values:
            return
        where = {"closure_expression": "a closure", "function_item": "a function"}.get(
            home.type, "a `for` or `while` loop"
        )
        cause = (
            f"`break` is to leave {where} with {quoted(code, values[0])}" if values else f"`break` is to leave {where}"
        )
        yield code.site(cause, code.replace(node.children[0], "break"))
