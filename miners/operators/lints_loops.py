"""Mistakes that clippy finds in loops: counters and iterators by hand, steps that do nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from oxidizer.miners.operators.bases import LintOperator
from oxidizer.miners.operators.cuts import cut_line
from oxidizer.miners.operators.operator import Code, Site, child, named, walk
from oxidizer.miners.operators.scopes import mentions
from oxidizer.miners.operators.shapes import (
    ASSIGNMENTS,
    BLOCKS,
    LEAVES,
    LOOPS,
    PRIMARY,
    fields,
    is_place,
    let_parts,
    method,
    on_one_line,
    statement,
    tail,
)
from oxidizer.miners.operators.surroundings import at_compile_time, function_of, parameter_types, result_type
from oxidizer.miners.operators.wording import short

_LEAVES = (*LEAVES, "try_expression")
_ITERATORS = frozenset(
    {"iter", "iter_mut", "into_iter", "chars", "bytes", "char_indices", "enumerate", "rev", "skip", "take", "zip",
     "map", "filter", "windows", "chunks", "chunks_exact", "lines",
     "split", "split_whitespace", "step_by", "drain", "copied",
     "cloned", "filter_map", "keys", "values", "peekable"}
)  # fmt: skip


def _free(code: Code, node: Node, *wanted: str) -> str:
    """The first of the names that the node does not use, else a longer one."""
    return next(
        (name for name in wanted if not mentions(node.start_byte, node.end_byte, name, code)), f"{wanted[-1]}_at"
    )


def _elements(value: Node, code: Code) -> str:
    """The name of what a loop goes through by `&xs` or `xs.iter()`; "" for anything else."""
    inner: Node | None
    if value.type == "reference_expression" and not child(value, "mutable_specifier"):
        inner = value.child_by_field_name("value")
    elif value.type == "identifier":
        kind = parameter_types(function_of(value), code).get(code.text(value))
        inner = value if kind is not None and kind.type == "reference_type" else None
    else:
        call = method(value, code)
        inner = call.value if call and call.name == "iter" and not call.args else None
    return code.text(inner) if inner is not None and inner.type == "identifier" else ""


class IndexLoop(LintOperator):
    """`for x in xs` becomes a loop over the indices."""

    name = "loop_over_indices"
    codes = ("clippy::needless_range_loop",)
    rationale = "A loop over the elements needs no index and no bounds checks; counting is a habit from C."
    nodes = ("for_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A loop over the borrowed elements of a variable, enumerated or not."""
        pattern, value, body = fields(node, "pattern", "value", "body") or (node, node, node)
        if pattern is node:
            return
        call, bound = method(value, code), pattern
        if call and call.name == "enumerate" and pattern.type == "tuple_pattern" and len(named(pattern)) == 2:
            (counter, bound), elements = named(pattern), _elements(call.value, code)
            index = code.text(counter) if counter.type == "identifier" else ""
        else:
            elements, index = _elements(value, code), _free(code, node, "i", "index")
        if not elements or not index or bound.type not in ("identifier", "reference_pattern"):
            return
        borrowed = "&" if bound.type == "identifier" else ""
        name = code.text(bound).removeprefix("&")
        cause = f"the loop counts `{index}` up to `{elements}.len()` only to read `{elements}[{index}]`"
        yield code.site(
            cause,
            code.span(pattern.start_byte, value.end_byte, f"{index} in 0..{elements}.len()"),
            code.insert(body.start_byte + 1, f"{code.newline(node, 1)}let {name} = {borrowed}{elements}[{index}];"),
        )


class WhileLetNext(LintOperator):
    """`for x in xs` becomes `while let Some(x) = items.next()`."""

    name = "while_let_over_iterator"
    codes = ("clippy::while_let_on_iterator",)
    rationale = "A `for` loop asks an iterator for its elements; calling `next` in a `while let` spells that out."
    nodes = ("for_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A loop that is a statement."""
        pattern, value, body = fields(node, "pattern", "value", "body") or (node, node, node)
        stands = statement(node)
        if pattern is node or stands is None or child(node, "label") or not on_one_line(pattern, value):
            return
        iterator, text = _free(code, node, "items", "iter"), code.text(value)
        call = method(value, code)
        if value.type == "reference_expression":
            inner = text.removeprefix("&").removeprefix("mut ").strip()
            text = f"{inner}.{'iter_mut' if child(value, 'mutable_specifier') else 'iter'}()"
        elif value.type != "range_expression" and not (call and call.name in _ITERATORS):
            text = f"{text}.into_iter()" if value.type in PRIMARY else f"({text}).into_iter()"
        cause = f"`while let` calls `{iterator}.next()` by hand for what `for {short(code, pattern)} in ..` does"
        head = (
            f"let mut {iterator} = {text};{code.newline(node)}while let Some({code.text(pattern)}) = {iterator}.next() "
        )
        yield code.site(cause, code.span(node.start_byte, body.start_byte, head))


class CounterByHand(LintOperator):
    """`for (i, x) in xs.enumerate()` becomes a loop with a counter of its own."""

    name = "count_by_hand"
    codes = ("clippy::explicit_counter_loop",)
    rationale = "`enumerate` counts the elements of a loop; a counter of one's own is easily started or stepped wrong."
    nodes = ("for_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A loop over `enumerate()` that never goes on early."""
        pattern, value, body = fields(node, "pattern", "value", "body") or (node, node, node)
        call = method(value, code)
        if pattern is node or call is None or call.name != "enumerate" or not statement(node) or child(node, "label"):
            return
        bound = named(pattern) if pattern.type == "tuple_pattern" else []
        if len(bound) != 2 or bound[0].type != "identifier" or any(n.type == "continue_expression" for n in walk(body)):
            return
        last = tail(body)
        end = ";" if last is not None and last.type not in BLOCKS else ""
        step = f"{end}{code.newline(node, 1)}{code.text(bound[0])} += 1;"
        at = named(body)[-1].end_byte if named(body) else body.start_byte + 1
        cause = f"the loop counts `{code.text(bound[0])}` by hand beside `{short(code, call.value)}`"
        yield code.site(
            cause,
            code.insert(node.start_byte, f"let mut {code.text(bound[0])} = 0;{code.newline(node)}"),
            code.replace(pattern, code.text(bound[1])),
            code.span(call.value.end_byte, value.end_byte, ""),
            code.insert(at, step),
        )


class IterOfBorrow(LintOperator):
    """`for x in &xs` becomes `for x in xs.iter()`."""

    name = "loop_over_iter"
    codes = ("clippy::explicit_iter_loop",)
    rationale = "A loop over a borrow says what it does with `&xs`; the call of `iter` adds nothing."
    nodes = ("for_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A loop over a borrowed place."""
        value = node.child_by_field_name("value")
        inner = value.child_by_field_name("value") if value and value.type == "reference_expression" else None
        if value is not None and inner is not None and inner.type in PRIMARY:
            mutable = child(value, "mutable_specifier")
            name, sign = ("iter_mut", "&mut ") if mutable else ("iter", "&")
            cause = f"the loop calls `{short(code, inner)}.{name}()` where `{sign}{short(code, inner)}` is enough"
            yield code.site(
                cause, code.span(value.start_byte, inner.start_byte, ""), code.insert(value.end_byte, f".{name}()")
            )


class IntoIterOfLoop(LintOperator):
    """`for x in xs` becomes `for x in xs.into_iter()`."""

    name = "loop_over_into_iter"
    codes = ("clippy::explicit_into_iter_loop",)
    rationale = "A `for` loop calls `into_iter` itself; to write it out is to say the same thing twice."
    nodes = ("for_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A loop over a place, or over what a function gives."""
        value = node.child_by_field_name("value")
        call = method(value, code)
        if value is None or (call and call.name in _ITERATORS):
            return
        if is_place(value) or value.type == "call_expression":
            cause = f"the loop calls `{short(code, value)}.into_iter()`, which `for` does with `{short(code, value)}`"
            yield code.site(cause, code.insert(value.end_byte, ".into_iter()"))


class LastContinue(LintOperator):
    """A loop's body ends with a `continue`."""

    name = "continue_at_end"
    codes = ("clippy::needless_continue",)
    rationale = "A loop goes on by itself at the end of its body; a last `continue` is left over or written to be sure."
    nodes = LOOPS

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A body whose last statement does not leave."""
        body = node.child_by_field_name("body")
        inner = named(body) if body else []
        if body is None or not inner or any(n.type in _LEAVES for n in (inner[-1], *inner[-1].named_children)):
            return
        last = tail(body)
        # A `;` of its own behind a block counts as a statement.
        told = next((n for n in reversed(inner) if n.type != "empty_statement"), inner[-1])
        cause = f"the `continue` after `{short(code, told)}` ends a body that goes on anyway"
        end = ";" if last is not None and last.type not in BLOCKS else ""
        yield code.site(cause, code.insert(inner[-1].end_byte, f"{end}{code.newline(told)}continue;"))


class ForEach(LintOperator):
    """`for x in xs.iter() { .. }` becomes `xs.iter().for_each(|x| { .. })`."""

    name = "for_each_for_loop"
    codes = ("clippy::needless_for_each",)
    rationale = "A loop with effects reads best as `for`; `for_each` with a block is a habit from other languages."
    nodes = ("for_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A statement over a plain call, whose body never leaves."""
        pattern, value, body = fields(node, "pattern", "value", "body") or (node, node, node)
        if pattern is node or not statement(node) or child(node, "label") or not on_one_line(pattern, value):
            return
        if value.type == "reference_expression" and is_place(value.child_by_field_name("value")):
            name = "iter_mut" if child(value, "mutable_specifier") else "iter"
            text = f"{code.text(value).removeprefix('&').removeprefix('mut ')}.{name}()"
        else:
            call = method(value, code)
            if call is None or call.args or not is_place(call.value):
                return
            text = code.text(value)
        if all(n.type not in _LEAVES and n.type != "await_expression" for n in walk(body)):
            cause = f"`{text}.for_each(..)` runs a block for its effects, which is what `for` is for"
            head = f"{text}.for_each(|{code.text(pattern)}| "
            yield code.site(cause, code.span(node.start_byte, body.start_byte, head), code.insert(node.end_byte, ");"))


class LoopForWhileLet(LintOperator):
    """`while let P = e { .. }` becomes a `loop` that breaks."""

    name = "loop_for_while_let"
    codes = ("clippy::while_let_loop",)
    rationale = "A loop that ends when a pattern no longer fits is a `while let`; a `loop` with a `break` hides that."
    nodes = ("while_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A `while let`."""
        condition, body = fields(node, "condition", "body") or (node, node)
        start = child(node, "while")
        if not let_parts(node) or start is None or not on_one_line(condition):
            return
        cause = f"the `loop` begins with `{short(code, condition)}` or else `break`, which is a `while let`"
        inside, deeper = code.newline(node, 1), code.newline(node, 2)
        head = f"loop {{{inside}{code.text(condition)} else {{{deeper}break;{inside}}};"
        yield code.site(cause, code.span(start.start_byte, body.start_byte + 1, head))


class UnusedEnumerate(LintOperator):
    """`for x in xs.iter()` becomes `for (_, x) in xs.iter().enumerate()`."""

    name = "enumerate_unused"
    codes = ("clippy::unused_enumerate_index",)
    rationale = "Counting elements without using the count is left over from a version of the loop that needed it."
    nodes = ("for_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A loop over the call of a method."""
        pattern, value = fields(node, "pattern", "value") or (node, node)
        call = method(value, code)
        if call and call.name != "enumerate":
            cause = f"`{short(code, value)}` is counted by `enumerate()`, but the loop ignores the count"
            yield code.site(
                cause,
                code.insert(pattern.start_byte, "(_, "),
                code.insert(pattern.end_byte, ")"),
                code.insert(value.end_byte, ".enumerate()"),
            )


class WhileTrue(LintOperator):
    """`loop` becomes `while true`."""

    name = "while_true_for_loop"
    codes = ("while_true",)
    rationale = "An endless loop is a `loop`, of which the compiler knows that it ends by `break`; C has `while true`."
    nodes = ("loop_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A `loop` that gives no value."""
        start, body = child(node, "loop"), node.child_by_field_name("body")
        function, stands = function_of(node), statement(node)
        if result_type(function, code) and (stands is None or stands.next_named_sibling is None):
            return
        if start is None or body is None or any(n.type == "break_expression" and n.named_children for n in walk(body)):
            return
        inner = named(body)
        cause = f"the endless loop around `{short(code, inner[0] if inner else body)}` is written `while true`"
        yield code.site(cause, code.replace(start, "while true"))


class UnusedLabel(LintOperator):
    """A loop gets a label that nothing uses."""

    name = "label_unused"
    codes = ("unused_labels",)
    rationale = "A label that no `break` or `continue` names is left over from a nested loop that is gone."
    nodes = LOOPS

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A loop without a label."""
        if child(node, "label") is None:
            start = code.text(node).split("{", 1)[0]
            name = next(n for n in ("'outer", "'scan", "'search", "'steps") if n not in code.text(node))
            cause = f"the label `{name}` of `{' '.join(start.split())[:50]}` is named by no `break` or `continue`"
            yield code.site(cause, code.insert(node.start_byte, f"{name}: "))


class UnchangedInLoop(LintOperator):
    """A `while` loop loses the statement that moves it on."""

    name = "drop_loop_step"
    codes = ("clippy::while_immutable_condition",)
    rationale = "A loop whose condition never changes runs for ever: its step was forgotten."
    nodes = ("while_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The only change of a variable that the condition names; the compiler itself may run a `const fn`."""
        if at_compile_time(node, code):
            return
        condition, body = fields(node, "condition", "body") or (node, node)
        steps = [n for n in named(body) if n.type == "expression_statement" and n.named_children]
        changes = [n for n in steps if n.named_children[0].type in ASSIGNMENTS]
        for step in changes[-1:]:
            left = fields(step.named_children[0], "left")[0]
            name, rest = code.text(left), code.text(body).replace(code.text(step), "", 1)
            used = {code.text(n) for n in walk(condition) if n.type == "identifier"}
            plain = all(
                n.type not in ("call_expression", "field_expression", "macro_invocation") for n in walk(condition)
            )
            kept = not re.search(
                rf"&mut |\b(?:{'|'.join(used) or name})\b\s*[-+*/%&|^<>]*=[^=]|\bbreak\b|\breturn\b|\?", rest
            )
            if left.type == "identifier" and name in used and plain and kept:
                cause = f"`{name}` in the condition `{short(code, condition)}` never changes in the loop"
                yield code.site(cause, cut_line(code, step))
