"""Half-done changes within one function: a binding renamed, two slips in one statement."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from oxidizer.miners.operators.names import renamed, typo
from oxidizer.miners.operators.operator import Code, Operator, Route, Site, child, named, walk
from oxidizer.miners.operators.shapes import method
from oxidizer.miners.operators.surroundings import function_of, function_taking, name_of
from oxidizer.miners.operators.wording import place, short


def _uses(name: str, after: Node, within: Node, code: Code) -> list[Node]:
    """Where a variable is read behind a node."""
    return [
        at for at in walk(within)
        if at.type == "identifier" and at.start_byte >= after.end_byte and code.text(at) == name
        and at.parent is not None and at.parent.type not in ("let_declaration", "scoped_identifier", "tuple_pattern")
    ]  # fmt: skip


def _bound(node: Node, code: Code) -> tuple[Node, list[Node]]:
    """The pattern of a `let` in a function and, where that is a name, its uses in the rest of the block."""
    pattern, block = node.child_by_field_name("pattern"), node.parent
    if pattern is None or pattern.type != "identifier" or block is None or function_of(node) is None:
        return node, []
    return pattern, _uses(code.text(pattern), node, block, code)


class RenameBinding(Operator):
    """A variable renamed where it is bound, its uses not."""

    name = "rename_binding"
    codes = ("E0425",)
    route = Route.BODY
    rationale = "A new name has to reach each use of a variable; here only the binding has it: the old one comes back."
    nodes = ("let_declaration",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The name in the `let`."""
        pattern, uses = _bound(node, code)
        if uses and not (old := code.text(pattern)).startswith("_"):
            new = renamed(pattern, code)
            yield code.site(f"`{old}` is now bound as `{new}`, but still read as `{old}`", code.replace(pattern, new))


class RenameParameter(Operator):
    """A parameter renamed in the signature, its uses not."""

    name = "rename_parameter"
    codes = ("E0425",)
    route = Route.BODY
    rationale = "A new name has to reach the body too; here only the signature has it: the old one comes back."
    nodes = ("parameter",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The name in the signature."""
        pattern, function = node.child_by_field_name("pattern"), function_taking(node)
        body = function.child_by_field_name("body") if function is not None else None
        if pattern is None or pattern.type != "identifier" or body is None:
            return
        old = code.text(pattern)
        if _uses(old, node, body, code):
            new = renamed(pattern, code)
            cause = f"the parameter `{old}` of {place(code, node)} is now `{new}`, which its body does not know"
            yield code.site(cause, code.replace(pattern, new))


class RenameTwoUses(Operator):
    """Two uses of a variable renamed, its binding not."""

    name = "rename_two_uses"
    codes = ("E0425",)
    route = Route.BODY
    rationale = "A new name has to reach the binding too; here only two uses have it: the old one comes back."
    nodes = ("let_declaration",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The first two uses."""
        pattern, uses = _bound(node, code)
        kept = ("shorthand_field_initializer", "closure_parameters", "parameter")
        uses = [use for use in uses if use.parent is not None and use.parent.type not in kept]
        if len(uses) >= 2:
            old, new = code.text(pattern), renamed(pattern, code)
            cause = f"`{new}` is read twice in {place(code, node)}, but the variable is called `{old}`"
            yield code.site(cause, *(code.replace(use, new) for use in uses[:2]))


class MisspellTwoFields(Operator):
    """A literal with two fields that are not called so."""

    name = "misspell_two_fields"
    codes = ("E0560", "E0559")
    route = Route.BODY
    rationale = "A literal written from memory misses the names of several fields at once."
    nodes = ("field_initializer_list",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The first two fields that are named."""
        found = [
            f for e in named(node) if e.type == "field_initializer" and (f := e.child_by_field_name("field"))
            and f.type == "field_identifier"
        ][:2]  # fmt: skip
        if len(found) == 2 and node.parent is not None:
            (first, second), wrong = (code.text(f) for f in found), [typo(f, code) for f in found]
            of = node.parent.child_by_field_name("name")
            cause = f"`{short(code, of) if of else ''}` has neither `{wrong[0]}` nor `{wrong[1]}`"
            yield code.site(f"{cause} but `{first}` and `{second}`", *map(code.replace, found, wrong))


class DropTwoMuts(Operator):
    """Two bindings of a block without their `mut`."""

    name = "drop_two_muts"
    codes = ("E0596", "E0594")
    route = Route.BODY
    rationale = "Variables are not mutable by themselves; who forgets that once forgets it for each of them."
    nodes = ("block",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The first two `let mut` of the block."""
        found = [(m, p) for s in node.named_children if s.type == "let_declaration"
                 and (m := child(s, "mutable_specifier")) and (p := s.child_by_field_name("pattern"))]  # fmt: skip
        if len(found) >= 2:
            (one, first), (other, second) = found[:2]
            cause = f"`{code.text(first)}` and `{code.text(second)}` are changed, but neither is bound with `mut`"
            yield code.site(cause, code.cut(one), code.cut(other))


class MisspellMethodThroughout(Operator):
    """A method called by the same wrong name more than once."""

    name = "misspell_method_throughout"
    codes = ("E0599",)
    route = Route.BODY
    rationale = "Who remembers the name of a method wrong writes it so each time."
    nodes = ("function_item",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The first method that the body calls twice or three times."""
        calls: dict[str, list[Node]] = {}
        body = node.child_by_field_name("body")
        for at in walk(body) if body is not None else ():
            if (called := method(at, code)) is not None and not called.is_generic:
                calls.setdefault(called.name, []).append(called.field)
        for name, found in calls.items():
            if 2 <= len(found) <= 3:
                wrong = typo(found[0], code)
                cause = f"`{name}` is called `{wrong}` {len(found)} times in `{name_of(node, code)}`"
                yield code.site(cause, *(code.replace(f, wrong) for f in found))
                return
