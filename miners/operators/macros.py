"""Mistakes in calls of macros: their format strings, their arguments, their exclamation mark."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node

from oxidizer.miners.operators.names import typo
from oxidizer.miners.operators.operator import COMMENTS, Code, Operator, Route, Site, child, named
from oxidizer.miners.operators.wording import quoted, ticked

_FORMAT_AT = {
    "format": 0, "print": 0, "println": 0, "eprint": 0, "eprintln": 0, "panic": 0, "unreachable": 0, "todo": 0,
    "format_args": 0, "write": 1, "writeln": 1, "assert": 1, "debug_assert": 1, "assert_eq": 2, "assert_ne": 2,
    "debug_assert_eq": 2, "trace": 0, "debug": 0, "info": 0, "warn": 0, "error": 0,
}  # fmt: skip
"""Where the format string stands among the arguments."""
_HOLE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")


@dataclass(frozen=True)
class _Call:
    """A call of a macro: its arguments as byte ranges, their nodes and the commas between them."""

    name: str
    arguments: list[list[Node]]
    commas: list[Node]
    code: Code

    def span(self, at: int) -> tuple[int, int]:
        """The byte range of an argument."""
        return self.arguments[at][0].start_byte, self.arguments[at][-1].end_byte

    def text(self, at: int) -> str:
        """The code of an argument."""
        start, end = self.span(at)
        return self.code.source[start:end].decode()


def _call(node: Node, code: Code) -> _Call | None:
    """The call of a macro whose arguments are separated by commas."""
    macro, tokens = node.child_by_field_name("macro"), child(node, "token_tree")
    if macro is None or tokens is None:
        return None
    arguments: list[list[Node]] = [[]]
    commas = []
    for token in tokens.children[1:-1]:
        if token.type == ",":
            commas.append(token)
            arguments.append([])
        elif token.type not in COMMENTS:
            arguments[-1].append(token)
    return _Call(code.text(macro).rpartition("::")[2], [a for a in arguments if a], commas, code)


def _formatted(node: Node, code: Code) -> tuple[_Call, int, Node] | None:
    """A call with a format string, the string's place among the arguments, and the string."""
    called = _call(node, code)
    at = _FORMAT_AT.get(called.name) if called is not None else None
    if called is None or at is None or at >= len(called.arguments) or len(called.arguments[at]) != 1:
        return None
    literal = called.arguments[at][0]
    return (called, at, literal) if literal.type == "string_literal" else None


def _holes(literal: Node, code: Code) -> list[tuple[int, int, str]]:
    """The byte ranges and texts of the placeholders of a format string."""
    text = code.source[literal.start_byte : literal.end_byte].decode("latin-1")
    found = (m for m in _HOLE.finditer(text) if m[0] not in ("{{", "}}"))
    return [(literal.start_byte + m.start(), literal.start_byte + m.end(), m[1]) for m in found]


class MissingFormatArgument(Operator):
    """`format!("{} {}", a, b)` becomes `format!("{} {}", a)`."""

    name = "missing_format_argument"
    codes = ("",)
    route = Route.CRATE
    rationale = "Each placeholder of a format string needs an argument, which the macro counts as it is compiled."
    nodes = ("macro_invocation",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The last argument; a placeholder too many where there is none."""
        if (found := _formatted(node, code)) is None:
            return
        called, at, literal = found
        last = len(called.arguments) - 1
        if last > at and not re.match(r"\w+\s*=[^=]", called.text(last)):
            start, end = called.span(last - 1)[1], called.span(last)[1]
            cause = f"{quoted(code, literal)} has a placeholder for {ticked(called.text(last))}, which is not given"
            yield code.site(cause, code.span(start, end, ""))
        elif last == at and called.name != "assert":
            cause = f"the format string {quoted(code, literal)} gets a placeholder `{{}}` but no argument"
            yield code.site(cause, code.insert(literal.end_byte - 1, " {}"))


class UnusedFormatArgument(Operator):
    """`format!("{} {}", a, b)` becomes `format!("{}", a, b)`."""

    name = "unused_format_argument"
    codes = ("",)
    route = Route.CRATE
    rationale = "An argument that no placeholder shows is surely a mistake, so the format macros refuse it."
    nodes = ("macro_invocation",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The last placeholder without a name."""
        if (found := _formatted(node, code)) is None:
            return
        called, at, literal = found
        unnamed = [hole for hole in _holes(literal, code) if hole[2].partition(":")[0] == ""]
        if unnamed and len(called.arguments) > at + 1:
            cause = f"{quoted(code, literal)} has no placeholder for its last argument {ticked(called.text(-1))}"
            yield code.site(cause, code.span(unnamed[-1][0], unnamed[-1][1], ""))


class MisspeltFormatArgument(Operator):
    """`println!("{name}")` becomes `println!("{naem}")`, and so for arguments after the string."""

    name = "misspelt_macro_argument"
    codes = ("E0425",)
    route = Route.BODY
    rationale = "Names in format strings and arguments of macros are names like all others, and as easily misspelt."
    nodes = ("macro_invocation",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A captured name, else the first argument that is or begins with a plain name."""
        called = _call(node, code)
        if called is None:
            return
        if (found := _formatted(node, code)) is not None:
            for start, _, text in _holes(found[2], code):
                name = text.partition(":")[0]
                if re.fullmatch(r"[a-z_]\w+", name) and f"{name} =" not in code.text(node):
                    wrong = typo(node, code, name)
                    cause = f"the format string names `{wrong}`, but the variable is `{name}`"
                    yield code.site(cause, code.span(start + 1, start + 1 + len(name), wrong))
                    return
        if called.name in (*_FORMAT_AT, "vec", "matches", "debug_assert_ne"):
            for argument in called.arguments:
                first, name = argument[0], code.text(argument[0])
                is_call = len(argument) > 1 and code.text(argument[1]) in ("::", "=", "(", "!")
                if first.type == "identifier" and not is_call and len(name) > 2 and name.islower():
                    wrong = typo(first, code)
                    cause = f"`{called.name}!` is given `{wrong}`, but the variable is `{name}`"
                    yield code.site(cause, code.replace(first, wrong))
                    return


class DisplayForDebug(Operator):
    """`{:?}` becomes `{}`."""

    name = "display_for_debug"
    codes = ("E0277",)
    route = Route.BODY
    rationale = "`{}` needs `Display`, which is never derived; `{:?}` shows all that has `Debug`."
    nodes = ("macro_invocation",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The first placeholder for debugging."""
        if (found := _formatted(node, code)) is None:
            return
        called, at, literal = found
        shown = ticked(called.text(-1)) if len(called.arguments) > at + 1 else quoted(code, literal)
        for start, end, text in _holes(literal, code):
            name, _, how = text.partition(":")
            if how.endswith("?"):
                cause = f"{shown} is shown by `{{}}`, for which its type has no `Display`"
                yield code.site(cause, code.span(start, end, f"{{{name}}}"))
                return


class MacroWithoutBang(Operator):
    """`vec![1]` becomes `vec[1]`, and `println!(..)` becomes `println(..)`."""

    name = "macro_without_bang"
    codes = ("E0423",)
    route = Route.BODY
    rationale = "A macro is called with `!`; without it Rust looks for a function of that name."
    nodes = ("macro_invocation",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A call whose arguments are expressions in round or square brackets."""
        called, bang, tokens = _call(node, code), child(node, "!"), child(node, "token_tree")
        if called is None or bang is None or tokens is None or not (called.name in _FORMAT_AT or called.name == "vec"):
            return
        # A list of several elements in square brackets would be an index, which the parser refuses.
        text, one = code.text(tokens), len(called.arguments) == 1 and not called.commas
        if (text[0] == "(" or (text[0] == "[" and one and ";" not in text)) and not re.search(r"[^=!<>]=[^=>]", text):
            cause = f"`{called.name}` is a macro but is called like a function, without `!`"
            yield code.site(cause, code.cut(bang, space=False))


class MixedElements(Operator):
    """`vec![1, 2]` becomes `vec![1, "2"]`."""

    name = "mixed_elements"
    codes = ("E0308",)
    route = Route.BODY
    rationale = "All elements of a vector or an array have one type, unlike those of a list in Python."
    nodes = ("macro_invocation", "array_expression")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The last element of a list of literals or names."""
        if node.type == "array_expression":
            elements = [[c] for c in named(node)] if node.child_by_field_name("length") is None else []
        else:
            called = _call(node, code)
            is_list = (
                called is not None
                and called.name == "vec"
                and not any(token.type == ";" for argument in called.arguments for token in argument)
            )
            elements = called.arguments if called is not None and is_list else []
        if len(elements) < 2 or len(elements[-1]) != 1:
            return
        last, text = elements[-1][0], code.text(elements[-1][0])
        if last.type in ("integer_literal", "char_literal") and '"' not in text:
            new = '"' + text.removeprefix("b").strip("'") + '"'
        elif last.type == "string_literal":
            new = f"String::from({text})"
        else:
            new = f"Some({text})" if last.type in ("identifier", "scoped_identifier", "reference_expression") else ""
        if new:
            cause = f"the last element of {quoted(code, node)} is {ticked(new)}, which is of another type than the rest"
            yield code.site(cause, code.replace(last, new))


class MacroMissingComma(Operator):
    """`format!("{}", x)` becomes `format!("{}" x)`."""

    name = "macro_missing_comma"
    codes = ("",)
    route = Route.CRATE
    rationale = "Arguments of macros are separated by commas as those of functions are."
    nodes = ("macro_invocation",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The last comma between two arguments."""
        called = _call(node, code)
        if called is None or not called.commas or len(called.arguments) < 2:
            return
        if called.name in _FORMAT_AT or called.name in ("vec", "matches"):
            comma = called.commas[len(called.arguments) - 2]
            cause = f"there is no comma before {ticked(called.text(-1))} in the call of `{called.name}!`"
            follows = code.source[comma.end_byte : comma.end_byte + 1]
            yield code.site(cause, code.replace(comma, "" if follows.isspace() else " "))


class FormatWithoutString(Operator):
    """`println!("{}", x)` becomes `println!(x)`."""

    name = "format_without_string"
    codes = ("",)
    route = Route.CRATE
    rationale = "The format string is read by the compiler, so it must stand there as a literal, unlike in Python."
    nodes = ("macro_invocation",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A string with one placeholder and little else."""
        if (found := _formatted(node, code)) is None:
            return
        called, at, literal = found
        if len(called.arguments) == at + 2:
            text = " ".join(called.text(at + 1).split())
            cause = f"{ticked(text)} stands in the place of the format string of `{called.name}!`"
            yield code.site(cause, code.span(literal.start_byte, called.span(at + 1)[0], ""))


class WriteWithoutTarget(Operator):
    """`write!(f, "..")` becomes `write!("..")`."""

    name = "write_without_target"
    codes = ("",)
    route = Route.CRATE
    rationale = "`write!` is told first where to write to, unlike `print!`, which knows."
    nodes = ("macro_invocation",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The first argument of `write!` and `writeln!`."""
        called = _call(node, code)
        if called is not None and called.name in ("write", "writeln") and len(called.arguments) > 1:
            cause = f"`{called.name}!` is not told to write to `{called.text(0)}`"
            yield code.site(cause, code.span(called.span(0)[0], called.span(1)[0], ""))


class FormatForWrite(Operator):
    """`write!(f, "..")` becomes `print!(f, "..")`."""

    name = "print_to_target"
    codes = ("",)
    route = Route.CRATE
    rationale = "`print!` takes no place to write to: its first argument is the format string."
    nodes = ("macro_invocation",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The name of `write!` and `writeln!`."""
        called, macro = _call(node, code), node.child_by_field_name("macro")
        if (
            called is not None
            and macro is not None
            and called.name in ("write", "writeln")
            and len(called.arguments) > 1
        ):
            new = {"write": "print", "writeln": "println"}[called.name]
            cause = f"`{new}!` is given `{called.text(0)}` to write to, but it takes its format string first"
            yield code.site(cause, code.replace(macro, new))


class AssertOfValue(Operator):
    """`assert!(a == b)` becomes `assert!(a)`, and `assert!(!x.is_empty())` becomes `assert!(!x)`."""

    name = "assert_of_value"
    codes = ("E0308", "E0600")
    route = Route.BODY
    rationale = "`assert!` takes a `bool`, and no other value counts as true, unlike in C and Python."
    nodes = ("macro_invocation",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The comparison or the test in an assertion."""
        called = _call(node, code)
        if called is None or called.name not in ("assert", "debug_assert") or not called.arguments:
            return
        first = called.arguments[0]
        words = [code.text(token) for token in first]
        if any(word in ("&&", "||") for word in words):
            return
        end = called.span(0)[1]
        cut = next((i for i, word in enumerate(words) if word in ("==", "!=", "<", ">", "<=", ">=")), None)
        if cut is None and len(words) > 3 and words[-3] == "." and words[-2].startswith("is_") and words[-1] == "()":
            cut = len(words) - 3
        if cut:
            start = first[cut - 1].end_byte
            value = code.source[first[0].start_byte : start].decode()
            cause = f"`{called.name}!` is given {ticked(value)}, which is no `bool`"
            yield code.site(cause, code.span(start, end, ""))
