"""Bases of operators: those of a lint, the parser, a manifest; steps and wrappers left out, calls in another form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from tree_sitter import Node

from oxidizer.cluster.edits import Edit
from oxidizer.miners.operators.cuts import only
from oxidizer.miners.operators.operator import Code, Operator, Route, Site
from oxidizer.miners.operators.shapes import Call, call, method, operator_of
from oxidizer.miners.operators.wording import quoted, short

_RENAMED = re.compile(r"(\)?)\.(\w+)\((?:\{\}(?:, \{\})*)?\)")
"""A form that is the same call of another method, of the value or of what parentheses make of it."""


class LintOperator(Operator):
    """A mistake that compiles."""

    route = Route.LINT


class SyntaxOperator(Operator):
    """A mistake that the parser finds."""

    codes: ClassVar[tuple[str, ...]] = ("",)
    route = Route.SYNTAX


class ManifestOperator(Operator):
    """A mistake in a Cargo.toml."""

    route = Route.MANIFEST
    most: ClassVar[int] = 24
    """Errors that one mistake may show."""


class DropStep(Operator):
    """A chain loses one of its methods."""

    route = Route.BODY
    nodes = ("call_expression",)
    steps: ClassVar[frozenset[str]]
    because: ClassVar[str]
    """The cause, with the code before the step as `{value}` and the step's method as `{name}`."""

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """Every call of such a method."""
        if (called := method(node, code)) is not None and called.name in self.steps:
            cause = self.because.format(value=short(code, called.value), name=called.name)
            yield code.site(cause, *only(code, node, called.value))


class DropWrapper(Operator):
    """A value without the variant that wraps it."""

    codes = ("E0308",)
    route = Route.BODY
    nodes = ("call_expression",)
    wrapper: ClassVar[str]
    wanted: ClassVar[str]
    """The type that the wrapper makes, with its article."""

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """Every call of the wrapper."""
        if (called := call(node, code)) is not None and called[0] == self.wrapper:
            cause = f"{quoted(code, called[1])} stands where {self.wanted} is wanted, without `{self.wrapper}`"
            yield code.site(cause, *only(code, node, called[1]))


@dataclass(frozen=True)
class Form:
    """How a call of a method is written worse. `text` stands in the place of `.name(args)`, which stay at each `{}`."""

    method: str
    arity: int
    text: str
    """Where it starts with a point, the blanks before the point of the call are left alone."""
    before: str = ""
    """What comes before the value."""
    first: tuple[str, ...] = ()
    """The kinds of which the first argument must be; any where empty."""
    value: str = ""
    """What the code of the value must match."""


class Reworded(LintOperator):
    """Calls of methods in another form."""

    nodes = ("call_expression",)
    forms: ClassVar[tuple[Form, ...]]
    because: ClassVar[str]
    """The cause, with the call as `{old}`, its method as `{name}`, and its value as `{value}`."""

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The first form that fits the call."""
        call = method(node, code)
        form = next((f for f in self.forms if call and _fits(f, call, code)), None)
        if call and form:
            words = {"old": short(code, node), "name": call.name, "value": short(code, call.value, 30)}
            yield code.site(self.because.format(**words), *_rewritten(call, form, code))


def _fits(form: Form, call: Call, code: Code) -> bool:
    if form.method != call.name or form.arity != len(call.args) or call.is_generic:
        return False
    if form.first and call.args[0].type not in form.first:
        return False
    above = call.node.parent
    if above is not None and (form.before == "match " or re.search("[!=]= ", form.text)):
        # What is no longer one call would be torn apart by what binds tighter around it.
        tight = ("field_expression", "unary_expression", "try_expression", "type_cast_expression", "binary_expression")
        same = operator_of(above, code) in ("&&", "||")
        if above.type in tight and not same:
            return False
    return not form.value or re.search(form.value, code.text(call.value)) is not None


def _rewritten(call: Call, form: Form, code: Code) -> list[Edit]:
    dotted = form.text.startswith(".")
    parts = (form.text[1:] if dotted else form.text).split("{}")
    edits = [code.insert(call.value.start_byte, form.before)] if form.before else []
    if (renamed := _RENAMED.fullmatch(form.text)) is not None and len(parts) == len(call.args) + 1:
        # Arguments and lines stay as they are.
        edits += [code.insert(call.value.end_byte, renamed[1])] if renamed[1] else []
        return [*edits, code.replace(call.field, renamed[2])]
    start = call.field.start_byte if dotted else call.value.end_byte
    for part, argument in zip(parts[:-1], call.args, strict=False):
        edits.append(code.span(start, argument.start_byte, part))
        start = argument.end_byte
    return [*edits, code.span(start, call.node.end_byte, parts[-1])]
