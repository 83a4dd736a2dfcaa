"""Mistakes of kind: a field taken for a method, a type for a function, one name for two things."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from oxidizer.miners.operators.cuts import only
from oxidizer.miners.operators.operator import Code, Operator, Route, Site, ancestor, child, named, walk
from oxidizer.miners.operators.shapes import ASSIGNMENTS, COPIED, LOOPS, is_callee, method
from oxidizer.miners.operators.surroundings import function_of, name_of, owner, parameters
from oxidizer.miners.operators.wording import place, short


class CallWithoutParentheses(Operator):
    """A method taken for a field."""

    name = "call_without_parentheses"
    codes = ("E0615", "E0616")
    route = Route.BODY
    rationale = "Methods are called with parentheses, also those that read like a property such as `len`."
    nodes = ("call_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The `()` of a method without arguments."""
        called = method(node, code)
        if called is not None and not called.args and not called.is_generic:
            cause = f"`{short(code, node.children[0])}` is a method and is not called"
            yield code.site(cause, *only(code, node, node.children[0]))


class FieldAsMethod(Operator):
    """A field called like a method."""

    name = "field_as_method"
    codes = ("E0599",)
    route = Route.BODY
    rationale = "A field is read without parentheses; getters elsewhere suggest that it is a method."
    nodes = ("field_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """`x.field` becomes `x.field()`."""
        field = node.child_by_field_name("field")
        if field is None or field.type != "field_identifier" or is_callee(node) or node.parent is None:
            return
        assigned = node.parent.type in ASSIGNMENTS
        if not (assigned and node.parent.child_by_field_name("left") == node):
            cause = f"the field `{short(code, node)}` is called like a method in `{short(code, node.parent)}`"
            yield code.site(cause, code.insert(node.end_byte, "()"))


class UnknownLabel(Operator):
    """A `break` or `continue` with a label that no loop has."""

    name = "unknown_label"
    codes = ("E0426",)
    route = Route.BODY
    rationale = "A label has to stand before the loop it names; there is no `'outer` that is known by itself."
    nodes = ("break_expression", "continue_expression", "label")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A loop's label dropped; `'outer` for a loop that has none."""
        if node.type == "label":
            colon = node.next_sibling
            if node.parent is not None and node.parent.type in LOOPS and colon is not None and colon.type == ":":
                after = colon.next_sibling
                if after is not None:
                    cause = f"the loop that `{code.text(node)}` is to name has no such label"
                    yield code.site(cause, code.span(node.start_byte, after.start_byte, ""))
            return
        around = ancestor(node, *LOOPS, "closure_expression", "function_item")
        if len(node.children) > 1 or around is None or around.type not in LOOPS or child(around, "label") is not None:
            return
        word = node.children[0]
        cause = f"`{code.text(word)} 'outer` names a label that no loop has in {place(code, node)}"
        yield code.site(cause, code.insert(word.end_byte, " 'outer"))


class RepeatItem(Operator):
    """An item defined twice."""

    name = "repeat_item"
    codes = ("E0428",)
    route = Route.CRATE
    rationale = "A module has one item of a name; a merge or a careless paste leaves two."
    nodes = ("const_item", "static_item", "type_item", "function_item", "struct_item")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A copy behind the item."""
        in_module = node.parent is not None and node.parent.type in ("source_file", "declaration_list")
        short_one = node.end_byte - node.start_byte <= COPIED
        if in_module and short_one and owner(node) is None and ancestor(node, "block") is None:
            copy = code.newline(node) + code.text(node)
            yield code.site(f"`{name_of(node, code)}` is defined twice", code.insert(node.end_byte, copy))


class RepeatParameterName(Operator):
    """Two parameters of one name."""

    name = "repeat_parameter_name"
    codes = ("E0415",)
    route = Route.BODY
    rationale = "Each parameter needs a name of its own; the second one of a pair is easily pasted unchanged."
    nodes = ("function_item",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The second name becomes the first."""
        patterns = [p.child_by_field_name("pattern") for p in parameters(node)[:2]]
        plain = [p for p in patterns if p is not None and p.type == "identifier"]
        if len(plain) == 2 and code.text(plain[0]) != code.text(plain[1]):
            cause = f"two parameters of `{name_of(node, code)}` are called `{code.text(plain[0])}`"
            yield code.site(cause, code.replace(plain[1], code.text(plain[0])))


class RepeatBinding(Operator):
    """One name bound twice in a pattern."""

    name = "repeat_binding"
    codes = ("E0416",)
    route = Route.BODY
    rationale = "A pattern binds each name once; that two parts are equal is said by a guard."
    nodes = ("tuple_pattern", "tuple_struct_pattern", "slice_pattern")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The second of two names becomes the first."""
        of = node.child_by_field_name("type")
        bound = [c for c in named(node) if c.type == "identifier" and c != of and code.text(c)[0].islower()]
        if len(bound) > 1 and function_of(node) is not None:
            cause = f"`{code.text(bound[0])}` is bound twice where `{short(code, node)}` is meant"
            yield code.site(cause, code.replace(bound[1], code.text(bound[0])))


class StructAsFunction(Operator):
    """A struct with named fields built like a tuple."""

    name = "struct_as_function"
    codes = ("E0423", "E0533", "")
    route = Route.BODY
    rationale = "A struct with named fields has no constructor function: it is built with braces and the names."
    nodes = ("struct_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """`Point { x: a, y }` becomes `Point(a, y)`."""
        of, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        fields = named(body) if body is not None else []
        if of is None or body is None or not fields or len(fields) > 4 or of.type == "generic_type_with_turbofish":
            return
        edits = [code.span(of.end_byte, body.start_byte + 1, "("), code.replace(body.children[-1], ")")]
        for entry in fields:
            value = entry.child_by_field_name("value")
            if entry.type == "field_initializer" and value is not None:
                edits.append(code.span(entry.start_byte, value.start_byte, ""))
            elif entry.type != "shorthand_field_initializer":
                return
        if not any(c.type == "attribute_item" for c in walk(body)):
            yield code.site(
                f"`{short(code, of)}` has named fields and is built by a call in {place(code, node)}", *edits
            )


class TypeAsFunction(Operator):
    """A type called as if that were its constructor."""

    name = "type_as_function"
    codes = ("E0423",)
    route = Route.BODY
    rationale = "A type is no function: elsewhere its name makes a new value, here an associated function does."
    nodes = ("call_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """`Type::new(x)` becomes `Type(x)`."""
        function = node.child_by_field_name("function")
        path = function.child_by_field_name("path") if function is not None else None
        last = function.child_by_field_name("name") if function is not None else None
        if function is None or path is None or last is None or not code.text(last).startswith(("new", "with_", "from")):
            return
        if code.text(path)[:1].isupper() and code.text(path) != "Self" and path.type == "identifier":
            cause = f"`{code.text(path)}` is a type and no function, it is made by `{short(code, function)}`"
            yield code.site(cause, code.span(path.end_byte, function.end_byte, ""))
