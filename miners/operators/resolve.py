"""Mistakes with names: misspelt, without their path, taken for something else, or given twice."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from oxidizer.miners.operators.cuts import only
from oxidizer.miners.operators.names import typo
from oxidizer.miners.operators.operator import Code, Operator, Route, Site, ancestor
from oxidizer.miners.operators.shapes import is_callee, method
from oxidizer.miners.operators.wording import changed, place, short

_FOREIGN = {
    "len": "length", "push": "append", "push_str": "append", "is_empty": "empty", "contains": "includes",
    "to_string": "toString", "get": "at", "starts_with": "startsWith", "ends_with": "endsWith", "trim": "strip",
    "to_lowercase": "lower", "to_uppercase": "upper", "insert": "put", "contains_key": "has_key", "all": "every",
    "any": "some", "extend": "addAll", "remove": "delete", "unwrap_or": "get_or_else", "is_some": "has_value",
    "is_none": "is_null", "sort": "sorted", "join": "implode", "clone": "copy", "find": "indexOf",
    "position": "index_of", "as_ptr": "ptr", "chars": "characters", "reverse": "reversed", "last": "back",
    "first": "front", "map": "select", "to_owned": "to_own", "is_ascii_digit": "isdigit",
    "is_digit": "isdigit", "is_alphabetic": "isalpha", "is_whitespace": "isspace", "copy_from_slice": "copy_from",
    "push_back": "enqueue", "min": "minimum", "max": "maximum", "truncate": "shrink", "lines": "splitlines",
    "split_at": "splitAt", "concat": "concatenate", "is_err": "is_error", "swap": "exchange", "unwrap": "orElseThrow",
    "iter": "iterator", "into_iter": "iterator", "as_bytes": "get_bytes",
}  # fmt: skip
"""Methods and what other languages, or a guess, call them."""

_READ = frozenset(
    {
        "arguments", "binary_expression", "index_expression", "reference_expression", "unary_expression",
        "return_expression", "field_initializer", "match_expression", "range_expression", "assignment_expression",
        "compound_assignment_expr", "type_cast_expression", "if_expression", "tuple_expression", "field_expression",
    }
)  # fmt: skip
"""Parents in which an identifier is a value that is read."""


class MisspellLocal(Operator):
    """A value whose name is misspelt where it is used."""

    name = "misspell_local"
    codes = ("E0425",)
    route = Route.BODY
    rationale = "A name is found only as it was declared; the compiler offers a similar one, but does not take it."
    nodes = ("identifier",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A variable or a constant that is read."""
        text = code.text(node)
        if node.parent is not None and node.parent.type in _READ and len(text) > 2:
            wrong = typo(node, code)
            cause = f"`{wrong}` is written for `{text}` where `{short(code, node.parent)}` is meant"
            yield code.site(cause, code.replace(node, wrong))


class MisspellFunction(Operator):
    """A function whose name is misspelt in a call."""

    name = "misspell_function"
    codes = ("E0425",)
    route = Route.BODY
    rationale = "A call finds a function by its exact name in scope."
    nodes = ("call_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A function called without a path."""
        function = node.child_by_field_name("function")
        if function is not None and function.type == "identifier":
            wrong = typo(function, code)
            cause = f"`{short(code, node)}` is meant, but there is no `{wrong}`"
            yield code.site(cause, code.replace(function, wrong))


class MisspellMethod(Operator):
    """A method whose name is misspelt in a call."""

    name = "misspell_method"
    codes = ("E0599",)
    route = Route.BODY
    rationale = "A type has just the methods that its impls and the traits in scope define, by their exact names."
    nodes = ("call_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The name."""
        if (called := method(node, code)) is not None:
            wrong = typo(called.field, code)
            edit = code.replace(called.field, wrong)
            yield code.site(f"{changed(code, node, edit)} calls `{called.name}` by the wrong name", edit)


class ForeignMethod(Operator):
    """A method called by its name in another language."""

    name = "foreign_method"
    codes = ("E0599", "E0308")
    route = Route.BODY
    rationale = "Habits from other languages suggest names that sound right, such as `length` or `toString`."
    nodes = ("call_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A method with a well-known other name."""
        called = method(node, code)
        if called is not None and (wrong := _FOREIGN.get(called.name)) is not None:
            cause = f"there is no `{wrong}`, the method in `{short(code, node)}` is called `{called.name}`"
            yield code.site(cause, code.replace(called.field, wrong))


class MisspellField(Operator):
    """A field whose name is misspelt."""

    name = "misspell_field"
    codes = ("E0609", "E0560", "E0026", "E0559")
    route = Route.BODY
    rationale = "A struct has just the fields that it declares, in accesses, literals and patterns alike."
    nodes = ("field_expression", "field_initializer", "field_pattern")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The field of an access, of a literal `name: value` or of a pattern `name: pattern`."""
        field = node.child_by_field_name("name" if node.type == "field_pattern" else "field")
        if field is None or field.type != "field_identifier" or is_callee(node):
            return
        wrong = typo(field, code)
        yield code.site(f"the field in `{short(code, node)}` is not called `{wrong}`", code.replace(field, wrong))


class MisspellType(Operator):
    """A type whose name is misspelt."""

    name = "misspell_type"
    codes = ("E0425", "E0422")
    route = Route.CRATE
    rationale = "Types are found by their exact names, capitals included, in the scope where they are used."
    nodes = ("type_identifier",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The type of a parameter, a result, a field or a literal."""
        holder = node.parent
        if holder is not None and holder.type in ("generic_type", "reference_type"):
            holder = holder.parent
        kinds = ("parameter", "function_item", "field_declaration", "struct_expression", "let_declaration")
        text = code.text(node)
        if holder is not None and holder.type in kinds and len(text) > 2 and text != "Self":
            wrong = typo(node, code)
            yield code.site(f"`{wrong}` in {place(code, node)} is a misspelt `{text}`", code.replace(node, wrong))


class MisspellPath(Operator):
    """A path with a misspelt part."""

    name = "misspell_path"
    codes = ("E0599", "E0433", "E0425")
    route = Route.BODY
    rationale = "Each part of a path is looked up in the one before it, by its exact name."
    nodes = ("scoped_identifier",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The last part, and the first one."""
        path, last = node.child_by_field_name("path"), node.child_by_field_name("name")
        if node.parent is None or node.parent.type in ("scoped_identifier", "use_declaration", "macro_invocation"):
            return
        # The compiler looks no further when it does not find what a bound names.
        around = ancestor(node, "where_clause", "trait_bounds", "block")
        if around is None or around.type != "block":
            return
        for part in (last, path):
            if part is not None and part.type == "identifier" and len(code.text(part)) > 2:
                if code.text(part) == "Self":
                    continue
                wrong = typo(part, code)
                cause = f"`{wrong}` is written for `{code.text(part)}` where `{short(code, node)}` is meant"
                yield code.site(cause, code.replace(part, wrong))


class MisspellMacro(Operator):
    """A macro whose name is misspelt."""

    name = "misspell_macro"
    codes = ("",)
    route = Route.CRATE
    rationale = "Macros have names of their own that have to be in scope before anything else is looked at."
    nodes = ("macro_invocation",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The name."""
        name = node.child_by_field_name("macro")
        if name is not None and name.type == "identifier":
            wrong = typo(name, code)
            cause = f"the macro of `{short(code, node)}` is called as `{wrong}!`"
            yield code.site(cause, code.replace(name, wrong))


class DropSelf(Operator):
    """A field or a method of `self` used without `self.`."""

    name = "drop_self"
    codes = ("E0425",)
    route = Route.BODY
    rationale = "Elsewhere `this` may be left away; here fields and methods are reached only through `self`."
    nodes = ("field_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The `self.`."""
        value, field = node.child_by_field_name("value"), node.child_by_field_name("field")
        if value is not None and value.type == "self" and field is not None and field.type == "field_identifier":
            cause = f"`{code.text(field)}` is a member of `self`, and is used as if it were in scope"
            edit = code.span(node.start_byte, field.start_byte, "")
            within = f" in {changed(code, node.parent, edit)}" if node.parent is not None else ""
            yield code.site(cause + within, edit)


class DropPathPrefix(Operator):
    """`Type::function` becomes `function`, `mem::swap` becomes `swap`."""

    name = "drop_path_prefix"
    codes = ("E0425", "E0433")
    route = Route.BODY
    rationale = "What a type or a module holds is not in scope: it is named with the path, or imported."
    nodes = ("scoped_identifier",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """All of the path; its first part where it has several."""
        path, last = node.child_by_field_name("path"), node.child_by_field_name("name")
        kinds = ("call_expression", "arguments", "binary_expression", "field_initializer", "block", "index_expression")
        if path is None or last is None or node.parent is None or node.parent.type not in kinds:
            return
        text = short(code, node)
        cause = f"`{code.text(last)}` is written without its `{short(code, path)}::` where `{text}` is meant"
        yield code.site(cause, *only(code, node, last))
        inner = path.child_by_field_name("name") if path.type == "scoped_identifier" else None
        if inner is not None:
            cause = f"`{code.text(inner)}::{code.text(last)}` lacks the start of its path where `{text}` is meant"
            yield code.site(cause, code.span(node.start_byte, inner.start_byte, ""))


class VariantWithoutEnum(Operator):
    """A variant in a pattern or a literal without its enum."""

    name = "variant_without_enum"
    codes = ("E0531", "E0422")
    route = Route.BODY
    rationale = "The variants of an enum are in scope only as `Enum::Variant`, unless they are imported."
    nodes = ("tuple_struct_pattern", "struct_pattern", "struct_expression")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The path before the name."""
        of = node.child_by_field_name("name" if node.type == "struct_expression" else "type")
        last = of.child_by_field_name("name") if of is not None and of.type.startswith("scoped") else None
        if of is not None and last is not None:
            written = f"`{code.text(last)}` in `{short(code, node)}`"
            cause = f"{written} is not in scope without its path, as in `{code.text(of)}`"
            yield code.site(cause, code.span(of.start_byte, last.start_byte, ""))
