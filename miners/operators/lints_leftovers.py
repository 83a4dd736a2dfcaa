"""Mistakes that rustc's lints on unused code find: what was once needed, or was meant to be used."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from oxidizer.miners.operators.bases import LintOperator
from oxidizer.miners.operators.cuts import only
from oxidizer.miners.operators.operator import Code, Site, ancestor, child, named, walk
from oxidizer.miners.operators.shapes import (
    ASSIGNMENTS,
    BLOCKS,
    LOOPS,
    OTHER_INTEGER,
    fields,
    is_place,
    method,
    on_one_line,
    operator_of,
    statement,
)
from oxidizer.miners.operators.surroundings import at_compile_time, function_of, result_type
from oxidizer.miners.operators.wording import changed, short

_STALE = {
    "fmt": ("Debug", "Formatter"),
    "io": ("BufRead", "Seek"),
    "cmp": ("Ordering", "Reverse"),
    "mem": ("MaybeUninit", "size_of"),
    "ops": ("RangeInclusive", "Mul"),
    "str": ("Utf8Error", "FromStr"),
    "iter": ("Peekable", "FromIterator"),
    "slice": ("Chunks", "Iter"),
    "collections": ("VecDeque", "BTreeSet"),
    "path": ("PathBuf", "Path"),
    "ptr": ("null_mut", "NonNull"),
    "hash": ("Hasher", "BuildHasher"),
    "sync": ("Mutex", "Arc"),
    "string": ("FromUtf8Error",),
    "vec": ("IntoIter",),
    "error": ("Error",),
}
"""Names that people import from the modules of std, and forget there."""


class NeedlessMut(LintOperator):
    """`let x` becomes `let mut x`."""

    name = "mut_unused"
    codes = ("unused_mut",)
    rationale = "`mut` says that a binding will change; one that never does was declared so to be sure."
    nodes = ("let_declaration", "parameter")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A plain binding or parameter of a function with a body."""
        pattern = node.child_by_field_name("pattern")
        if pattern is None or pattern.type != "identifier" or child(node, "mutable_specifier"):
            return
        name, function = code.text(pattern), function_of(node)
        if node.type == "let_declaration" or (function and function.child_by_field_name("body")):
            cause = f"`{name}` is declared `mut` but never changed"
            yield code.site(cause, code.insert(pattern.start_byte, "mut "))


class NamedForNothing(LintOperator):
    """`_` or `_x` in a pattern becomes a name."""

    name = "name_unused"
    codes = ("unused_variables",)
    rationale = "A name that nothing reads is often a forgotten use; an underscore before it says that it is meant."
    nodes = ("_", "parameter", "let_declaration", "closure_parameters")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A `_` inside of a pattern; an underscored name that is bound."""
        if node.type == "_":
            above = node.parent
            if above is None or above.type not in ("tuple_struct_pattern", "tuple_pattern", "closure_parameters"):
                return
            taken = code.text(function_of(node) or code.root)
            name = next((n for n in ("value", "other", "item", "extra") if not re.search(rf"\b{n}\b", taken)), "unread")
            cause = f"`{name}` stands for the `_` of `{short(code, above)}`, but is never read"
            yield code.site(cause, code.replace(node, name))
            return
        bound = named(node) if node.type == "closure_parameters" else fields(node, "pattern")
        function = function_of(node)
        for pattern in bound:
            text = code.text(pattern)
            if pattern.type != "identifier" or not re.fullmatch(r"_[a-z]\w+", text) or function is None:
                continue
            if len(re.findall(rf"\b{text}\b", code.text(function))) == 1:
                cause = f"`{text[1:]}` is bound but never read, and its name does not begin with an underscore"
                yield code.site(cause, code.replace(pattern, text[1:]))


class ValueNeverRead(LintOperator):
    """`let x = e;` becomes `let mut x = 0; x = e;`."""

    name = "initialize_for_nothing"
    codes = ("unused_assignments",)
    rationale = "A first value that is overwritten before it is read is a habit from languages that demand one."
    nodes = ("let_declaration",)
    _numbers = frozenset({"len", "count", "trailing_zeros", "leading_zeros", "count_ones", "capacity"})

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A number, by its type, its cast or how it is computed."""
        pattern, value = fields(node, "pattern", "value") or (node, node)
        if pattern.type != "identifier" or value.type == "integer_literal" or node.child_by_field_name("alternative"):
            return
        kind, call = node.child_by_field_name("type"), method(value, code)
        cast = value.child_by_field_name("type") if value.type == "type_cast_expression" else None
        known = cast if kind is None else kind
        number = known is not None and code.text(known) in OTHER_INTEGER
        if kind is None and cast is None:
            signs = ("+", "-", "*", "/", "%", "<<", ">>", "&", "|")
            number = bool(call and call.name in self._numbers) or operator_of(value, code) in signs
        if number:
            name, end = code.text(pattern), (kind or pattern).end_byte
            edits = [code.insert(end, f" = 0;{code.newline(node)}{name}")]
            if not child(node, "mutable_specifier"):
                edits.append(code.insert(pattern.start_byte, "mut "))
            cause = f"`{name}` starts as 0, but `{short(code, value)}` overwrites that before it is read"
            yield code.site(cause, *edits)


class DropQuestionMark(LintOperator):
    """`f()?;` becomes `f();`."""

    name = "ignore_result"
    codes = ("unused_must_use",)
    rationale = (
        "What must be used, such as a `Result`, may hold a failure; it is handed on by `?` or dropped by `let _`."
    )
    nodes = ("try_expression", "let_declaration")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A `?` whose value is not used; a `let _` of a call."""
        if node.type == "try_expression":
            if statement(node):
                cause = f"what `{short(code, node.named_children[0])}` gives is ignored, and with it a failure"
                yield code.site(cause, code.span(node.end_byte - 1, node.end_byte, ""))
            return
        value = node.child_by_field_name("value")
        if value is not None and child(node, "_") and value.type in ("call_expression", "macro_invocation"):
            cause = f"the result of `{short(code, value)}` is dropped without `let _`"
            yield code.site(cause, code.span(node.start_byte, value.start_byte, ""))


class ComparedForAssigned(LintOperator):
    """`x = y;` becomes `x == y;`."""

    name = "compare_and_discard"
    codes = ("unused_must_use",)
    rationale = "One equals sign assigns, two compare: a comparison as a statement does nothing."
    nodes = ("assignment_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """An assignment that is a statement."""
        left, right = fields(node, "left", "right") or (node, node)
        sign = child(node, "=")
        if sign is not None and statement(node) and right.type not in BLOCKS:
            cause = f"`{short(code, left)}` is compared with `{short(code, right)}` by `==` where it should be set"
            yield code.site(cause, code.replace(sign, "=="))


class ComputedForNothing(LintOperator):
    """`x += y;` becomes `x + y;`, and `x = x.f(y);` becomes `x.f(y);`."""

    name = "compute_for_nothing"
    codes = ("unused_must_use",)
    rationale = "An operation gives a new value and leaves its operands; without an assignment the result is lost."
    nodes = ASSIGNMENTS

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """An assigning operator; an assignment of what a method makes of the place itself."""
        left, right = fields(node, "left", "right") or (node, node)
        if not statement(node) or code.text(left).startswith("*"):
            return
        # A loop that never ends would keep the compiler busy where it runs the code itself.
        if at_compile_time(node, code) and ancestor(node, *LOOPS):
            return
        if node.type == "compound_assignment_expr":
            sign = node.child_by_field_name("operator")
            if sign is not None:
                cause = f"the result of `{short(code, left)} {code.text(sign)[:-1]} {short(code, right)}` is lost"
                yield code.site(cause, code.replace(sign, code.text(sign)[:-1]))
        elif (call := method(right, code)) and code.text(call.value) == code.text(left):
            cause = f"`{short(code, right)}` leaves `{short(code, left)}` as it is, and its result is lost"
            yield code.site(cause, *only(code, node, right))


class StaleImport(LintOperator):
    """A `use` of std names one thing more."""

    name = "import_unused"
    codes = ("unused_imports",)
    rationale = "An import that nothing uses any more is left behind when code moves on."
    nodes = ("use_declaration",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A private import of a module of std, or from one."""
        used = node.child_by_field_name("argument")
        if used is None or child(node, "visibility_modifier"):
            return
        parts = code.text(used).split("::")
        if len(parts) < 2 or parts[0] not in ("std", "core", "alloc") or " as " in parts[-1]:
            return
        whole = code.source.decode(errors="replace")
        name = next((n for n in _STALE.get(parts[1], ()) if not re.search(rf"\b{n}\b", whole)), None)
        if name is None or (parts[0] != "std" and parts[1] in ("io", "collections", "path", "sync", "error")):
            return
        cause = f"`{name}` is imported from `{parts[0]}::{parts[1]}` but never used"
        if used.type == "scoped_use_list" and len(parts) == 3:
            listed = child(used, "use_list")
            if listed is not None:
                yield code.site(cause, code.insert(listed.start_byte + 1, f"{name}, "))
        elif used.type == "scoped_identifier" and len(parts) == 2:
            yield code.site(cause, code.insert(used.end_byte, f"::{{self, {name}}}"))
        elif used.type == "scoped_identifier" and len(parts) == 3:
            start = used.end_byte - len(parts[2].encode())
            yield code.site(cause, code.insert(start, f"{{{name}, "), code.insert(used.end_byte, "}"))


class NeedlessParens(LintOperator):
    """`if c` becomes `if (c)`."""

    name = "parens_unused"
    codes = ("unused_parens",)
    rationale = "Conditions and values need no parentheses in Rust; other languages demand them."
    nodes = ("if_expression", "while_expression", "match_expression", "return_expression", "let_declaration")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A condition, a matched, returned or bound value."""
        if node.type == "return_expression":
            inner = named(node)
        else:
            name = "condition" if node.type in ("if_expression", "while_expression") else "value"
            inner = list(fields(node, name))
        for value in inner[:1]:
            closed = ("let_condition", "let_chain", "parenthesized_expression", "closure_expression")
            if value.type not in (*closed, *BLOCKS) and on_one_line(value):
                cause = f"the parentheses around `{short(code, value)}` group nothing"
                yield code.site(cause, code.insert(value.start_byte, "("), code.insert(value.end_byte, ")"))


class NeedlessBraces(LintOperator):
    """`let x = y;` becomes `let x = { y };`."""

    name = "braces_unused"
    codes = ("unused_braces",)
    rationale = "A block around a single value groups nothing; it is left when the statements in it are gone."
    nodes = ("let_declaration", "assignment_expression", "return_expression", "arguments")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A simple value that is bound, assigned, returned or handed on."""
        names = {"let_declaration": "value", "assignment_expression": "right"}
        values = list(fields(node, names[node.type])) if node.type in names else named(node)
        for value in values[:1]:
            if value.type in ("integer_literal", "identifier", "boolean_literal", "string_literal", "char_literal"):
                cause = f"the braces around `{short(code, value)}` hold no statement"
                yield code.site(cause, code.insert(value.start_byte, "{ "), code.insert(value.end_byte, " }"))


class Unreachable(LintOperator):
    """A statement follows one that leaves, or an early `return` stands before others."""

    name = "code_after_leaving"
    codes = ("unreachable_code",)
    rationale = "What follows a `return` never runs; the early one is left over from debugging, the late one from C."
    nodes = ("block",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A leaving statement inside of a loop; the middle of a function that gives nothing."""
        inner, above = named(node), node.parent
        if not inner or above is None:
            return
        last = inner[-1].named_children[0] if inner[-1].type == "expression_statement" else inner[-1]
        if last.type == "return_expression" and child(inner[-1], ";") and self._in_loop(node):
            cause = f"the `break` after `{short(code, last)}` is never reached"
            yield code.site(cause, code.insert(inner[-1].end_byte, f"{code.newline(inner[-1])}break;"))
        if above.type == "function_item" and not result_type(above, code) and len(inner) > 1:
            middle = inner[-1]
            if not middle.type.endswith("_item") and middle.prev_named_sibling == inner[-2]:
                cause = f"`{short(code, middle)}` is never reached after a `return`"
                yield code.site(cause, code.insert(middle.start_byte, f"return;{code.newline(middle)}"))

    @staticmethod
    def _in_loop(node: Node) -> bool:
        at = node.parent
        while at is not None and at.type not in ("function_item", "closure_expression"):
            if at.type in LOOPS:
                return True
            at = at.parent
        return False


class TwiceMatched(LintOperator):
    """`A | B` becomes `A | A`, and an arm's pattern that of the arm above."""

    name = "repeat_pattern"
    codes = ("unreachable_patterns",)
    rationale = "A pattern that an earlier one covers never fits: it was copied and not changed."
    nodes = ("or_pattern", "match_block")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A second alternative; the second arm of a match that ends in `_`."""
        if node.type == "or_pattern":
            parts = named(node)
            plain = not any(n.type == "identifier" for n in walk(node) if n.parent == node)
            if len(parts) > 1 and parts[0].type != "or_pattern" and plain:
                again = code.replace(parts[-1], " ".join(code.text(parts[0]).split()))
                cause = f"`{short(code, parts[0])}` stands twice among the alternatives {changed(code, node, again)}"
                yield code.site(cause, again)
            return
        arms = [arm for arm in named(node) if arm.type == "match_arm"]
        patterns = [arm.child_by_field_name("pattern") for arm in arms]
        if len(arms) < 3 or patterns[-1] is None or code.text(patterns[-1]) != "_":
            return
        first, second = patterns[0], patterns[1]
        if first is None or second is None or "if" in (c.type for c in (*first.children, *second.children)):
            return
        if on_one_line(first) and "|" not in code.text(first):
            cause = f"the arm for `{short(code, first)}` stands twice, and the second is never reached"
            yield code.site(cause, code.replace(second, code.text(first)))


class TwoSemicolons(LintOperator):
    """`;` becomes `;;`."""

    name = "double_semicolon"
    codes = ("redundant_semicolons",)
    rationale = "A second semicolon is an empty statement, left by editing."
    nodes = ("let_declaration", "expression_statement")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A binding, a call or an assignment with its semicolon."""
        plain = ("call_expression", "assignment_expression", "compound_assignment_expr", "return_expression")
        value = node.child_by_field_name("value") if node.type == "let_declaration" else None
        bound = value is not None and is_place(value)
        if child(node, ";") and (bound or named(node)[0].type in plain):
            cause = f"an empty statement follows `{short(code, node)}`"
            yield code.site(cause, code.insert(node.end_byte, ";"))


class ImportBraces(LintOperator):
    """`use a::B;` becomes `use a::{B};`."""

    name = "import_braces"
    codes = ("unused_import_braces",)
    rationale = "Braces in a `use` are for several names; one alone is left when the others are gone."
    nodes = ("use_declaration",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """An import of one name."""
        used = node.child_by_field_name("argument")
        name = used.child_by_field_name("name") if used and used.type == "scoped_identifier" else None
        if used is not None and name is not None:
            edits = code.insert(name.start_byte, "{"), code.insert(name.end_byte, "}")
            cause = f"the braces around `{code.text(name)}` in {changed(code, used, *edits)} hold a single name"
            yield code.site(cause, *edits)
