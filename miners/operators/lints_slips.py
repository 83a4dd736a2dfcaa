"""Slips that clippy's lints of correctness and restriction find: a name copied, a failure swallowed."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from oxidizer.miners.operators.bases import Form, LintOperator, Reworded
from oxidizer.miners.operators.operator import Code, Site, ancestor, child, named, walk
from oxidizer.miners.operators.shapes import (
    PRIMARY,
    fields,
    is_place,
    method,
    on_one_line,
    operator_of,
    statement,
    tail,
)
from oxidizer.miners.operators.surroundings import at_compile_time, function_of, parameter_types, result_type
from oxidizer.miners.operators.wording import short

_PLAIN = ("identifier", "field_expression", "index_expression", "call_expression", "self")
_TRAITS = {
    "add": "+", "sub": "-", "mul": "*", "div": "/", "rem": "%", "bitand": "&", "bitor": "|", "bitxor": "^", "shl": "<<",
    "shr": ">>",
}  # fmt: skip


class SameOperands(LintOperator):
    """`a == b` becomes `a == a`."""

    name = "copy_operand"
    codes = ("clippy::eq_op",)
    rationale = "An operator with the same value on both sides gives the same answer always: one side was copied."
    nodes = ("binary_expression",)
    _signs = frozenset({"==", "!=", "<", ">", "<=", ">=", "-", "/", "&", "|", "^", "&&", "||"})

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """Two different plain operands."""
        left, right = fields(node, "left", "right")
        if left.type not in _PLAIN or right.type not in _PLAIN or code.text(left) == code.text(right):
            return
        if operator_of(node, code) in self._signs and on_one_line(left):
            cause = f"both sides of `{operator_of(node, code)}` are `{short(code, left)}`"
            yield code.site(cause, code.replace(right, code.text(left)))


class AssignedToItself(LintOperator):
    """`self.x = x;` becomes `self.x = self.x;`."""

    name = "assign_to_itself"
    codes = ("clippy::self_assignment",)
    rationale = "A place that is set to its own value keeps it: the new value was mistyped."
    nodes = ("assignment_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A place set to something else of one line."""
        left, right = fields(node, "left", "right") or (node, node)
        if left.type in ("field_expression", "index_expression") and right.type in _PLAIN and on_one_line(left):
            cause = f"`{short(code, left)}` is set to itself, not to `{short(code, right)}`"
            yield code.site(cause, code.replace(right, code.text(left)))


class HalfRefactored(LintOperator):
    """`a += b` becomes `a += a + b`."""

    name = "assign_twice_over"
    codes = ("clippy::misrefactored_assign_op",)
    rationale = "`a += a + b` is a long assignment that was shortened by half, and counts `a` twice."
    nodes = ("compound_assignment_expr",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """An assigning operator with a plain right side."""
        left, right = fields(node, "left", "right")
        sign = operator_of(node, code)[:-1]
        if right.type in PRIMARY and on_one_line(left) and is_place(left):
            cause = f"`{short(code, left)} {sign}= {short(code, left)} {sign} ..` takes `{short(code, left)}` in twice"
            yield code.site(cause, code.insert(right.start_byte, f"{code.text(left)} {sign} "))


class OrForAnd(LintOperator):
    """`x & MASK == 0` becomes `x | MASK == 0`."""

    name = "mask_with_or"
    codes = ("clippy::bad_bit_mask",)
    rationale = "A bit is tested with `&`; with `|` it is set first, and the comparison has one answer always."
    nodes = ("binary_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A masked value compared with a number."""
        if operator_of(node, code) not in ("==", "!=", "<", ">"):
            return
        left, right = fields(node, "left", "right")
        inner = named(left)[0] if left.type == "parenthesized_expression" else left
        sign = inner.child_by_field_name("operator") if inner.type == "binary_expression" else None
        mask = inner.child_by_field_name("right") if sign is not None else None
        known = mask is not None and (mask.type == "integer_literal" or code.text(mask).rpartition("::")[2].isupper())
        if sign is not None and known and code.text(sign) == "&" and code.text(right) == "0":
            cause = f"`{short(code, inner)}` is meant to test bits, but `|` sets them"
            yield code.site(cause, code.replace(sign, "|"))


class SwallowedByLet(LintOperator):
    """`f()?;` becomes `let _ = f();`."""

    name = "swallow_by_let"
    codes = ("clippy::let_underscore_must_use",)
    rationale = "`let _` silences the compiler and hides the failure with it; a failure is handed on with `?`."
    nodes = ("try_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A `?` that is a statement."""
        if statement(node):
            cause = f"`let _` swallows a failure of `{short(code, node.named_children[0])}`"
            yield code.site(
                cause, code.insert(node.start_byte, "let _ = "), code.span(node.end_byte - 1, node.end_byte, "")
            )


class SwallowedByOk(LintOperator):
    """`f()?;` becomes `f().ok();`."""

    name = "swallow_by_ok"
    codes = ("clippy::unused_result_ok",)
    rationale = "`ok()` on a `Result` that nobody reads throws its error away; a failure is handed on with `?`."
    nodes = ("try_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A `?` that is a statement."""
        if statement(node):
            cause = f"`ok()` throws away the error of `{short(code, node.named_children[0])}`"
            yield code.site(cause, code.span(node.end_byte - 1, node.end_byte, ".ok()"))


class UnwrapForQuestionMark(LintOperator):
    """`f()?` becomes `f().unwrap()`."""

    name = "unwrap_for_question_mark"
    codes = ("clippy::unwrap_used",)
    rationale = "`unwrap` panics where the caller could have handled the failure that `?` hands on."
    nodes = ("try_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """Any `?`."""
        cause = f"`unwrap()` panics where `{short(code, node.named_children[0])}` fails, which `?` hands to the caller"
        yield code.site(cause, code.span(node.end_byte - 1, node.end_byte, ".unwrap()"))


class QuestionMarkForReturn(LintOperator):
    """`return Err(e)` becomes `Err(e)?`."""

    name = "question_mark_for_return"
    codes = ("clippy::try_err",)
    rationale = "An error that is made here is returned with `return Err(..)`; `Err(..)?` hides that the code leaves."
    nodes = ("return_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A returned `Err(..)`."""
        inner = named(node)
        if at_compile_time(node, code):
            return
        if inner and inner[0].type == "call_expression" and code.text(inner[0]).startswith("Err("):
            cause = f"`{short(code, inner[0])}?` leaves without the word `return`"
            yield code.site(
                cause, code.span(node.start_byte, inner[0].start_byte, ""), code.insert(inner[0].end_byte, "?")
            )


class PanicForError(LintOperator):
    """`return Err(e)` becomes a `panic!`."""

    name = "panic_for_error"
    codes = ("clippy::panic_in_result_fn",)
    rationale = (
        "A function that gives a `Result` tells its failures by `Err`; a panic takes the choice from the caller."
    )
    nodes = ("return_expression", "function_item")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A returned or a last `Err(..)`."""
        function = function_of(node) if node.type == "return_expression" else node
        if function is None or "Result" not in result_type(function, code):
            return
        last = tail(node.child_by_field_name("body"))
        error = next(iter(named(node)), None) if node.type == "return_expression" else last
        name = function.child_by_field_name("name")
        if error is not None and name is not None and code.text(error).startswith("Err("):
            cause = f"`{code.text(name)}` panics where it could give `{short(code, error)}`"
            whole = node if node.type == "return_expression" else error
            yield code.site(cause, code.replace(whole, f'panic!("{code.text(name)} failed")'))


class GetUnwrap(LintOperator):
    """`xs[i]` becomes `*xs.get(i).unwrap()`."""

    name = "get_then_unwrap"
    codes = ("clippy::get_unwrap",)
    rationale = "Indexing panics out of bounds as `get` with `unwrap` does, and says so in two signs."
    nodes = ("index_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """An element that is read."""
        inner, above = named(node), node.parent
        if len(inner) != 2 or above is None or inner[1].type == "range_expression" or inner[0].type not in PRIMARY:
            return
        if at_compile_time(node, code):
            return
        if above.type in (
            "reference_expression",
            "assignment_expression",
            "compound_assignment_expr",
            "index_expression",
        ):
            return
        cause = (
            f"`{short(code, inner[0])}` is read by `get({short(code, inner[1])}).unwrap()`, which panics as `[]` does"
        )
        star, end = ("(*", ".unwrap())") if above.type == "try_expression" else ("*", ".unwrap()")
        if above.type == "field_expression":
            star = ""
        yield code.site(
            cause,
            code.insert(node.start_byte, star),
            code.span(inner[0].end_byte, inner[1].start_byte, ".get("),
            code.span(inner[1].end_byte, node.end_byte, f"){end}"),
        )


class OwnedToCompare(LintOperator):
    """`a == "x"` becomes `a == "x".to_string()`."""

    name = "own_to_compare"
    codes = ("clippy::cmp_owned",)
    rationale = "Texts are compared as they are; making a `String` for it allocates for nothing."
    nodes = ("binary_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A comparison with a text."""
        left, right = fields(node, "left", "right")
        if operator_of(node, code) in ("==", "!=") and right.type == "string_literal":
            cause = (
                f"a `String` is made of {short(code, right).join('``')} only to compare it with `{short(code, left)}`"
            )
            yield code.site(cause, code.insert(right.end_byte, ".to_string()"))


class OwnedToLend(LintOperator):
    """`f(x)` with a text `x` becomes `f(&x.to_string())`."""

    name = "own_to_lend"
    codes = ("clippy::unnecessary_to_owned",)
    rationale = "A borrowed text or slice is handed on as it is; copying it first allocates for nothing."
    nodes = ("arguments",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The first argument that is a borrowed text or slice from the parameters."""
        known = parameter_types(function_of(node), code) if any(n.type == "identifier" for n in node.children) else {}
        for argument in named(node):
            kind = known.get(code.text(argument))
            text = code.text(kind) if kind is not None else ""
            if text == "&str" or text.startswith("&["):
                copied = "to_string()" if text == "&str" else "to_vec()"
                cause = f"`{code.text(argument)}` is copied by `{copied}` only to lend the copy"
                yield code.site(
                    cause, code.insert(argument.start_byte, "&"), code.insert(argument.end_byte, f".{copied}")
                )
                return


class WrongTraitOperator(LintOperator):
    """`self.0 + other.0` in `add` becomes `self.0 - other.0`."""

    name = "wrong_operator_in_trait"
    codes = ("clippy::suspicious_arithmetic_impl", "clippy::suspicious_op_assign_impl")
    rationale = "An implementation of `Add` that subtracts was copied from that of `Sub` and not changed."
    nodes = ("binary_expression", "compound_assignment_expr")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The operator of the trait in the trait's method."""
        function = function_of(node)
        name = function.child_by_field_name("name") if function else None
        trait = ancestor(node, "impl_item")
        sign = node.child_by_field_name("operator")
        if name is None or sign is None or trait is None or not trait.child_by_field_name("trait"):
            return
        # Beside other operators, clippy takes the wrong one for a part of a longer formula.
        if sum(n.type in self.nodes for n in walk(function or node)) > 1:
            return
        method_of = code.text(name)
        own = _TRAITS.get(method_of.removesuffix("_assign"))
        if own and code.text(sign).removesuffix("=") == own:
            other = {"+": "-", "-": "+", "*": "/", "/": "*", "%": "/", "&": "|", "|": "&", "^": "|", "<<": ">>"}.get(
                own, "<<"
            )
            new = other + ("=" if code.text(sign).endswith("=") else "")
            cause = f"`{method_of}` computes `{short(code, node)}` with `{new}`"
            yield code.site(cause, code.replace(sign, new))


class MutBorrowForNothing(LintOperator):
    """`f(&x)` becomes `f(&mut x)`."""

    name = "mut_borrow_unused"
    codes = ("clippy::unnecessary_mut_passed",)
    rationale = "A function that only reads takes `&`; handing it `&mut` locks the value and hides that."
    nodes = ("reference_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """An argument that borrows what may be changed."""
        value, function = node.child_by_field_name("value"), function_of(node)
        if value is None or function is None or node.parent is None or node.parent.type != "arguments":
            return
        if child(node, "mutable_specifier") or not is_place(value):
            return
        root = code.text(value).split(".", 1)[0]
        listed = function.child_by_field_name("parameters")
        head = code.text(function)
        changes = f"mut {root}" in head or (root == "self" and listed is not None and "&mut self" in code.text(listed))
        if changes:
            cause = f"`{short(code, value)}` is lent as `&mut` to what only reads it"
            yield code.site(cause, code.insert(node.start_byte + 1, "mut "))


class PartialWrite(Reworded):
    """`write_all` becomes `write`, and `read_exact` becomes `read`."""

    name = "partial_write"
    codes = ("clippy::unused_io_amount",)
    rationale = "`write` and `read` may handle only a part; whoever does not look at the amount loses the rest."
    forms = (Form("write_all", 1, ".write({})"), Form("read_exact", 1, ".read({})"))
    because = "`{value}` may handle only a part of the bytes, of which `{name}` would leave none"


class SwapByHand(LintOperator):
    """`mem::swap(&mut a, &mut b);` becomes `a = b; b = a;`."""

    name = "swap_by_hand"
    codes = ("clippy::almost_swapped",)
    rationale = "Two assignments do not swap: the first overwrites what the second needs."
    nodes = ("call_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A swap of two places; an array's swap of two elements."""
        function, arguments = fields(node, "function", "arguments")
        inner, call = named(arguments), method(node, code)
        if len(inner) != 2 or not statement(node) or not on_one_line(node):
            return
        if code.text(function).endswith("mem::swap") or code.text(function) == "swap":
            places = (f"*{code.text(n)}" if n.type != "reference_expression" else code.text(n)[5:] for n in inner)
            left, right = places
        elif call and call.name == "swap":
            left, right = (f"{code.text(call.value)}[{code.text(n)}]" for n in inner)
        else:
            return
        cause = f"`{left}` is overwritten by `{right}` before it is read, so nothing is swapped"
        yield code.site(cause, code.replace(node, f"{left} = {right}; {right} = {left}"))
