"""Signatures and their users out of step: parameters, results and names changed on one side only."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from tree_sitter import Node

from oxidizer.miners.operators.cuts import only, swapped, without
from oxidizer.miners.operators.names import drawn, is_new, renamed, renamed_function
from oxidizer.miners.operators.operator import Code, Operator, Route, Site, ancestor, named, walk
from oxidizer.miners.operators.scopes import is_called, words
from oxidizer.miners.operators.shapes import OTHER_INTEGER
from oxidizer.miners.operators.surroundings import function_taking, is_free, name_of, owner, parameters, receiver
from oxidizer.miners.operators.wording import changed, flat, place, short

_NEW_PARAMETERS = (
    "limit: usize", "strict: bool", "depth: usize", "flags: u32", "verbose: bool", "offset: usize", "timeout_ms: u64",
    "level: u8", "retries: u32", "recursive: bool", "max: Option<usize>", "force: bool", "mode: u8", "seed: u64",
    "start: usize", "padding: usize", "name: &'static str", "dry_run: bool",
)  # fmt: skip
"""What functions come to take; by value, so that no lifetime of a result depends on it."""
_EXTRA = ("None", "true", "false", "0", "1", '""', "Default::default()")
_REPEATED = frozenset(
    {"identifier", "integer_literal", "string_literal", "boolean_literal", "self", "field_expression"}
)
"""Arguments that are written twice unseen."""
_METHOD_VERBS = ("get", "fetch", "take", "try", "compute", "handle")
_FUNCTION_VERBS = ("do", "make", "run", "get", "build", "compute", "perform")
_WRAPPERS = frozenset({"Some", "Ok", "Err", "Box::new", "Rc::new", "Arc::new"})


def _used_here(function: Node, code: Code) -> bool:
    """A function with a signature of its own, which the file seems to call."""
    return is_free(function) and is_called(name_of(function, code), code)


def _arguments(call: Node, code: Code) -> list[Node]:
    """The arguments of a call of a function or a method; none of what only wraps its argument."""
    function, found = call.child_by_field_name("function"), call.child_by_field_name("arguments")
    if function is None or found is None or code.text(function) in _WRAPPERS:
        return []
    return [a for a in named(found) if a.type != "attribute_item"]


class NewParameter(Operator):
    """A function with one parameter more than its callers know of."""

    name = "new_parameter"
    codes = ("E0061",)
    route = Route.CRATE
    rationale = "There are no default arguments; here no caller gives the new parameter, so it is taken back."
    nodes = ("function_item",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A flag, a limit or the like behind the last parameter."""
        found = parameters(node)
        last = found[-1] if found else receiver(node)
        if last is not None and _used_here(node, code):
            name = name_of(node, code)
            free = [p for p in drawn(_NEW_PARAMETERS, name, node, code) if is_new(p.partition(":")[0], code)]
            for more in free[:1]:
                cause = f"`{name}` takes a new `{more}`, which its callers do not give"
                yield code.site(cause, code.insert(last.end_byte, f", {more}"))


class RemovedParameter(Operator):
    """A function without a parameter that its callers give, and that its body may use."""

    name = "removed_parameter"
    codes = ("E0425",)
    route = Route.CRATE
    rationale = "A parameter goes together with its uses and its arguments; here it went alone, so it comes back."
    nodes = ("function_item",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The last parameter."""
        found = parameters(node)
        if found and _used_here(node, code):
            cause = f"`{name_of(node, code)}` no longer takes `{short(code, found[-1])}`, on which others still count"
            yield code.site(cause, without(code, found[-1]))


class ReorderedParameters(Operator):
    """A function whose parameters changed places."""

    name = "reordered_parameters"
    codes = ("E0308",)
    route = Route.CRATE
    rationale = "Arguments go by position; here only the parameters changed places, so they change back."
    nodes = ("function_item",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The first two parameters of different types."""
        found = parameters(node)
        for left, right in pairwise(found) if _used_here(node, code) else ():
            kinds = [p.child_by_field_name("type") for p in (left, right)]
            texts = [code.text(k) for k in kinds if k is not None]
            both = code.text(left) + code.text(right)
            if len(texts) == 2 and texts[0] != texts[1] and "\n" not in both:
                cause = f"`{name_of(node, code)}` takes `{short(code, right)}` before `{short(code, left)}`"
                yield code.site(f"{cause}, its callers give them the other way round",
                                *swapped(code, left, right))  # fmt: skip
                return


class ParameterWidth(Operator):
    """A parameter that is an integer of another width."""

    name = "parameter_width"
    codes = ("E0308",)
    route = Route.CRATE
    rationale = "Integers of two widths do not mix, neither at a call nor in an expression."
    nodes = ("parameter",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """`usize` for `u32` and the like, also in a slice or behind a reference."""
        found, function = node.child_by_field_name("type"), function_taking(node)
        if found is None or function is None or not is_free(function):
            return
        for kind in walk(found):
            if kind.type == "primitive_type" and (wrong := OTHER_INTEGER.get(code.text(kind))) is not None:
                cause = f"`{short(code, node)}` of {place(code, node)} says `{wrong}` for `{code.text(kind)}`"
                yield code.site(cause, code.replace(kind, wrong))
                return


class ParameterReference(Operator):
    """A parameter taken by reference whose callers give a value."""

    name = "parameter_reference"
    codes = ("E0308", "E0277")
    route = Route.CRATE
    rationale = "`T` and `&T` are two types, and neither is taken for the other, be it by callers or in the body."
    nodes = ("parameter",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """`&` added before a plain type; `&` taken from one."""
        found, function = node.child_by_field_name("type"), function_taking(node)
        if found is None or function is None or not is_free(function):
            return
        inner = found.child_by_field_name("type") if found.type == "reference_type" else None
        said = short(code, node)
        if found.type in ("type_identifier", "primitive_type", "generic_type"):
            cause = f"{place(code, node)} takes `{said}` by reference"
            yield code.site(cause, code.insert(found.start_byte, "&"))
        elif inner is not None and inner.type in ("type_identifier", "generic_type") and code.text(inner) != "Path":
            cause = f"{place(code, node)} takes `{said}` by value"
            yield code.site(cause, code.span(found.start_byte, inner.start_byte, ""))


class WrappedResult(Operator):
    """A function that says it returns an `Option` but returns the value."""

    name = "wrapped_result"
    codes = ("E0308", "E0277")
    route = Route.CRATE
    rationale = "An `Option` is wrapped by the body and opened by callers; here it is in the signature alone, and goes."
    nodes = ("function_item",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The return type wrapped in `Option`."""
        found = node.child_by_field_name("return_type")
        if found is None or not is_free(node) or found.type in ("abstract_type", "never_type", "bounded_type"):
            return
        if not code.text(found).startswith("Option") and "Result" not in code.text(found):
            cause = f"`{name_of(node, code)}` is said to return an `Option` of `{short(code, found)}`"
            yield code.site(f"{cause}, but returns that itself", code.insert(found.start_byte, "Option<"),
                            code.insert(found.end_byte, ">"))  # fmt: skip


class UnwrappedResult(Operator):
    """A function that says it returns a value but returns an `Option` or a `Result`."""

    name = "unwrapped_result"
    codes = ("E0308", "E0277")
    route = Route.CRATE
    rationale = "A function that may find nothing or fail says so in its type: neither `Some(x)` nor `Ok(x)` is an `x`."
    nodes = ("function_item",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """`Option<T>` and `Result<T, E>` become `T`."""
        found = node.child_by_field_name("return_type")
        arguments = found.child_by_field_name("type_arguments") if found is not None else None
        if found is None or arguments is None or not is_free(node):
            return
        if code.text(found).startswith(("Option<", "Result<", "io::Result<", "fmt::Result<")):
            inner = named(arguments)[0]
            cause = f"`{name_of(node, code)}` is said to return `{short(code, inner)}`"
            yield code.site(f"{cause}, but returns `{short(code, found)}`",
                            *only(code, found, inner))  # fmt: skip


class DropReturnType(Operator):
    """A function with a value but without a return type."""

    name = "drop_return_type"
    codes = ("E0308", "E0277")
    route = Route.CRATE
    rationale = "A function without `->` returns `()`: the type of its value is not inferred."
    nodes = ("function_item",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The arrow with the type."""
        found, name = node.child_by_field_name("return_type"), node.child_by_field_name("parameters")
        if found is not None and name is not None and is_free(node):
            cause = f"`{name_of(node, code)}` returns `{short(code, found)}`, but its signature does not say so"
            yield code.site(cause, code.span(name.end_byte, found.end_byte, ""))


class DropArgument(Operator):
    """A call with one argument too few."""

    name = "drop_argument"
    codes = ("E0061", "E0282")
    route = Route.BODY
    rationale = "Every parameter needs its argument: there are neither defaults nor overloads."
    nodes = ("call_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The last argument; the first one of several."""
        found = _arguments(node, code)
        for gone in dict.fromkeys([found[-1], found[0]]) if found else ():
            if gone.type not in ("closure_expression", "call_expression") or len(found) > 1:
                edit = without(code, gone)
                yield code.site(f"{changed(code, node, edit)} lacks the argument `{short(code, gone)}`", edit)


class ExtraArgument(Operator):
    """A call with one argument too many."""

    name = "extra_argument"
    codes = ("E0061",)
    route = Route.BODY
    rationale = "A function takes as many arguments as it declares; a variant with options has another name."
    nodes = ("call_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A flag, a number or nothing at all behind the last argument, or that one again where it is short."""
        found, into = _arguments(node, code), node.child_by_field_name("arguments")
        function = node.child_by_field_name("function")
        if (
            into is None
            or function is None
            or code.text(function) in _WRAPPERS
            or function.type == "parenthesized_expression"
        ):
            return
        at = found[-1].end_byte if found else into.start_byte + 1
        again = [code.text(a) for a in found[-1:] if a.type in _REPEATED]
        more = drawn([*_EXTRA, *again], code.text(function), node, code)[0]
        edit = code.insert(at, f", {more}" if found else more)
        yield code.site(f"`{more}` is one argument too many in {changed(code, node, edit)}", edit)


class SwapArguments(Operator):
    """A call with two arguments in the wrong order."""

    name = "swap_arguments"
    codes = ("E0308", "E0277")
    route = Route.BODY
    rationale = "Arguments go by position, and which of two comes first is easily remembered wrong."
    nodes = ("call_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The first two neighbours that look different."""
        found = _arguments(node, code)
        for left, right in pairwise(found):
            texts = [code.text(left), code.text(right)]
            if left.type != right.type and texts[0] != texts[1] and "\n" not in "".join(texts):
                edits = swapped(code, left, right)
                cause = f"`{flat(texts[1])}` comes before `{flat(texts[0])}` in {changed(code, node, *edits)}"
                yield code.site(f"{cause}, not after it", *edits)
                return


class SwapAndDropReference(Operator):
    """Two arguments in the wrong order, one of them without its `&`."""

    name = "swap_and_drop_reference"
    codes = ("E0308",)
    route = Route.BODY
    rationale = "A call written from memory gets more than one thing wrong: the order and what is borrowed."
    nodes = ("call_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """Neighbours of which one is borrowed."""
        found = _arguments(node, code)
        for left, right in pairwise(found):
            bare = [a.child_by_field_name("value") if a.type == "reference_expression" else None for a in (left, right)]
            if "\n" in code.text(left) + code.text(right) or (bare[0] is None and bare[1] is None):
                continue
            texts = [code.text(b or a) for b, a in zip(bare, (left, right), strict=True)]
            if texts[0] != texts[1]:
                edits = code.replace(left, texts[1]), code.replace(right, texts[0])
                said = changed(code, node, *edits)
                cause = f"`{flat(texts[0])}` and `{flat(texts[1])}` are in the wrong order in {said}, and not borrowed"
                yield code.site(cause, *edits)
                return


class _Rename(Operator):
    """A declaration under a new name, while its uses have the old one."""

    route = Route.CRATE

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The name of the declaration."""
        found = node.child_by_field_name("name")
        if found is None or words(code.source)[old := code.text(found)] < 2 or ancestor(node, "block") is not None:
            return
        if node.type == "function_item" and not _used_here(node, code):
            return
        if owner(node) is not None and node.type != "function_item":
            return
        new = self._new(found, node, code)
        keyword = next((f"`{c.type}`" for c in node.children if c.type.isalpha() and not c.is_named), "")
        word = {"field_declaration": "field", "enum_variant": "variant"}.get(node.type, keyword)
        cause = f"the {word} `{old}` is now called `{new}`, its uses still say `{old}`"
        yield code.site(cause, code.replace(found, new))

    def _new(self, name: Node, item: Node, code: Code) -> str:
        return renamed(name, code)


class RenameFunction(_Rename):
    """A function renamed, its calls not."""

    name = "rename_function"
    codes = ("E0599", "E0425")
    rationale = "A new name has to reach every call; here only the function has it: the old one comes back."
    nodes = ("function_item",)

    def _new(self, name: Node, item: Node, code: Code) -> str:
        return renamed_function(name, code, _METHOD_VERBS if receiver(item) else _FUNCTION_VERBS)


class RenameType(_Rename):
    """A type renamed, its uses not."""

    name = "rename_type"
    codes = ("E0425", "E0405")
    rationale = (
        "A new name has to reach all that name the type; here only the declaration has it: the old one comes back."
    )
    nodes = ("struct_item", "enum_item", "trait_item", "type_item", "union_item")


class RenameField(_Rename):
    """A field renamed, its uses not."""

    name = "rename_field"
    codes = ("E0560", "E0609")
    rationale = (
        "A new name has to reach accesses, literals and patterns; here only the field has it: the old one comes back."
    )
    nodes = ("field_declaration",)


class RenameVariant(_Rename):
    """A variant renamed, its uses not."""

    name = "rename_variant"
    codes = ("E0599",)
    rationale = (
        "A new name has to reach all that match or make the variant; here it alone has it: the old one comes back."
    )
    nodes = ("enum_variant",)


class RenameConstant(_Rename):
    """A constant renamed, its uses not."""

    name = "rename_constant"
    codes = ("E0425",)
    rationale = "A new name has to reach all that read the constant; here it alone has it: the old one comes back."
    nodes = ("const_item", "static_item")
