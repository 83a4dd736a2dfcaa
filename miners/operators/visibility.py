"""Mistakes with what a module shows and what it takes in: `pub`, `use` and what std keeps to itself."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from oxidizer.miners.operators.cuts import removal, without
from oxidizer.miners.operators.names import typo
from oxidizer.miners.operators.operator import Code, Operator, Route, Site, ancestor, child, named, walk
from oxidizer.miners.operators.scopes import words
from oxidizer.miners.operators.surroundings import leads_with_comment, name_of, owner, trait_impl
from oxidizer.miners.operators.wording import headline, short

_UNSTABLE = {
    ("collect", 0): "try_collect", ("push", 1): "push_within_capacity", ("insert", 2): "try_insert",
    ("find", 1): "try_find", ("nth", 1): "advance_by", ("Box::new", 1): "Box::try_new",
    ("Vec::with_capacity", 1): "Vec::try_with_capacity", ("String::with_capacity", 1): "String::try_with_capacity",
    ("div_ceil", 1): "div_floor", ("mem::size_of", 0): "mem::variant_count", ("wrapping_mul", 1): "widening_mul",
    ("overflowing_mul", 1): "widening_mul", ("position", 1): "is_partitioned", ("chunks_exact", 1): "array_chunks",
}  # fmt: skip
"""Functions of std, by name and count of arguments, and what is like them but unstable."""


def _is_inner(node: Node, visibility: Node, code: Code) -> bool:
    """A member that its own crate seems to be there for: not public to all, or without a word of documentation."""
    return code.text(visibility) != "pub" or not leads_with_comment(node)


def _in_module(node: Node, code: Code) -> bool:
    """Someone outside of the node's module can be there: what stands in the crate's root is seen by all."""
    in_root = code.file.endswith(("lib.rs", "main.rs"))
    return ancestor(node, "mod_item") is not None or not in_root


class _Hide(Operator):
    """An item that others use loses its `pub`."""

    route = Route.CRATE

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The visibility."""
        visibility = child(node, "visibility_modifier")
        if visibility is None or owner(node) is not None or not _in_module(node, code):
            return
        if ancestor(node, "block") is None:
            word = next(c.type for c in node.children if not c.is_named)
            cause = f"the `{word}` `{name_of(node, code)}` is used outside of its module, but is not `pub`"
            yield code.site(cause, code.cut(visibility))


class HideFunction(_Hide):
    """A function without `pub`."""

    name = "hide_function"
    codes = ("E0603",)
    rationale = "Items are private to their module unless they say `pub`, and that is noticed only from outside."
    nodes = ("function_item",)


class HideType(_Hide):
    """A type or a trait without `pub`."""

    name = "hide_type"
    codes = ("E0603", "E0446")
    rationale = "A type that leaves its module in a signature or a path has to be visible there too."
    nodes = ("struct_item", "enum_item", "trait_item", "type_item", "union_item")


class HideConstant(_Hide):
    """A constant or a static without `pub`."""

    name = "hide_constant"
    codes = ("E0603",)
    rationale = "Constants are private to their module too, whatever the others that stand beside them say."
    nodes = ("const_item", "static_item")


class HideModule(Operator):
    """A module without `pub` whose content is reached from outside."""

    name = "hide_module"
    codes = ("E0603",)
    route = Route.CRATE
    rationale = "A path is open only if each module on it is, not just the item at its end."
    nodes = ("mod_item",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The visibility."""
        visibility = child(node, "visibility_modifier")
        if visibility is not None and _in_module(node, code):
            cause = f"the module `{name_of(node, code)}` is private, but paths from outside go through it"
            yield code.site(cause, code.cut(visibility))


class HideReexport(Operator):
    """`pub use` becomes `use`."""

    name = "hide_reexport"
    codes = ("E0603",)
    route = Route.CRATE
    rationale = "`use` is private like any other item: what a module hands on has to be a `pub use`."
    nodes = ("use_declaration",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The visibility."""
        visibility, what = child(node, "visibility_modifier"), node.child_by_field_name("argument")
        if visibility is not None and what is not None and _in_module(node, code):
            cause = f"`{short(code, what)}` is imported, but not handed on by a `pub use`"
            yield code.site(cause, code.cut(visibility))


class HideField(Operator):
    """A field without `pub`."""

    name = "hide_field"
    codes = ("E0616", "E0451")
    route = Route.CRATE
    rationale = "Each field has its own visibility: a `pub struct` does not make its fields public."
    nodes = ("field_declaration",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The visibility."""
        visibility, home = child(node, "visibility_modifier"), ancestor(node, "struct_item", "union_item")
        if visibility is None or home is None or not _is_inner(node, visibility, code):
            return
        if _in_module(node, code):
            field = f"the field `{name_of(node, code)}` of `{name_of(home, code)}`"
            cause = f"{field} is used outside of its module, but is private"
            yield code.site(cause, code.cut(visibility))


class HideTupleField(Operator):
    """A field of a tuple struct without `pub`."""

    name = "hide_tuple_field"
    codes = ("E0616", "E0532")
    route = Route.CRATE
    rationale = "With one private field a tuple struct can be neither built nor taken apart outside of its module."
    nodes = ("ordered_field_declaration_list",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The first visibility."""
        visibility, home = child(node, "visibility_modifier"), node.parent
        if visibility is not None and home is not None and home.type == "struct_item" and _in_module(node, code):
            cause = f"the fields `{short(code, node)}` of `{name_of(home, code)}` are not all public"
            yield code.site(cause, code.cut(visibility))


class HideMethod(Operator):
    """A method without `pub`."""

    name = "hide_method"
    codes = ("E0624",)
    route = Route.CRATE
    rationale = "Methods of an inherent impl are private unless they say `pub`, unlike those of a trait's impl."
    nodes = ("function_item", "const_item")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The visibility."""
        visibility, home = child(node, "visibility_modifier"), owner(node)
        if visibility is None or home is None or trait_impl(node) is not None or not _in_module(node, code):
            return
        if not _is_inner(node, visibility, code):
            return
        cause = f"`{name_of(node, code)}` of `{headline(code, home)}` is called outside of its module, but is private"
        yield code.site(cause, code.cut(visibility))


class UnstableApi(Operator):
    """A method of std that only the nightly compiler lets through."""

    name = "unstable_api"
    codes = ("E0658",)
    route = Route.BODY
    rationale = "Documentation shows unstable methods beside stable ones, and stable compilers refuse them."
    nodes = ("call_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A call that has an unstable sibling."""
        function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        if function is None or arguments is None:
            return
        found = function.child_by_field_name("function") if function.type == "generic_function" else function
        name = found.child_by_field_name("field") if found is not None and found.type == "field_expression" else found
        known = _UNSTABLE.get((code.text(name), len(named(arguments)))) if name is not None else None
        if name is not None and known is not None:
            cause = f"`{known}`, which is not stable, is called where `{short(code, node)}` is meant"
            yield code.site(cause, code.replace(name, known))


class DropUse(Operator):
    """A name is used that nobody has imported."""

    name = "drop_use"
    codes = ("E0433", "E0425", "E0405", "E0422")
    route = Route.CRATE
    rationale = "Names of other modules have to be imported in every file; a block of code moves without its `use`."
    nodes = ("use_declaration",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """Up to three of the names that the file goes on to use."""
        if child(node, "visibility_modifier") is not None:
            return
        made = 0
        for entry, name in _entries(node, code):
            if words(code.source)[name] > 1 and made < 3:
                made += 1
                alone = entry.parent is None or entry.parent.type != "use_list"
                edit = removal(code, node) if alone else without(code, entry)
                yield code.site(f"`{name}` is used in this file, but `{short(code, node)}` is missing", edit)


def _entries(node: Node, code: Code) -> Iterator[tuple[Node, str]]:
    """What a `use` imports: the entry and the name that it brings in."""
    for at in walk(node):
        if at.parent is None or at.parent.type not in ("use_list", "use_declaration"):
            continue
        alias = at.child_by_field_name("alias" if at.type == "use_as_clause" else "name")
        if at.type in ("scoped_identifier", "use_as_clause") and alias is not None and code.text(alias) != "_":
            yield at, code.text(alias)
        elif at.type == "identifier":
            yield at, code.text(at)


class MisspellImport(Operator):
    """A `use` of a name that is not there."""

    name = "misspell_import"
    codes = ("E0432",)
    route = Route.CRATE
    rationale = "An import names an item to the letter, capitals included."
    nodes = ("use_declaration",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """Up to two imported names."""
        for entry, _ in list(_entries(node, code))[:2]:
            path = entry.child_by_field_name("path") if entry.type == "use_as_clause" else entry
            last = path.child_by_field_name("name") if path is not None and path.type == "scoped_identifier" else path
            if last is not None and last.type == "identifier":
                wrong = typo(last, code)
                cause = f"`{short(code, node)}` names `{code.text(last)}` as `{wrong}`"
                yield code.site(cause, code.replace(last, wrong))


class MisspellImportPath(Operator):
    """A `use` through a module or a crate that is not there."""

    name = "misspell_import_path"
    codes = ("E0432", "E0433")
    route = Route.CRATE
    rationale = "Each part of a path has to be right: crates and modules are found by their exact names."
    nodes = ("use_declaration",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The last module of the path, and the crate that it starts with."""
        parts = [p for p in _path(node, code) if p.type == "identifier"]
        for part in parts[:1] + parts[1:][-1:]:
            wrong = typo(part, code)
            cause = f"`{wrong}` is written for `{code.text(part)}` where `{short(code, node)}` is meant"
            yield code.site(cause, code.replace(part, wrong))


def _path(node: Node, code: Code) -> list[Node]:
    """The modules of a `use` that lead to its list or its name."""
    argument = node.child_by_field_name("argument")
    if argument is not None and argument.type == "use_as_clause":
        argument = argument.child_by_field_name("path")
    path = argument.child_by_field_name("path") if argument is not None else None
    return [p for p in walk(path) if p.type in ("identifier", "crate", "self", "super")] if path is not None else []


class WrongPathRoot(Operator):
    """A `use` that starts at the wrong module."""

    name = "wrong_path_root"
    codes = ("E0432", "E0433")
    route = Route.CRATE
    rationale = "`crate::` starts at the root, `self::` here and `super::` one above; without one it is another crate."
    nodes = ("use_declaration",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """Another root for `crate`, `super` and `self`; `crate` before the name of a crate."""
        path = _path(node, code)
        if not path:
            return
        root = path[0]
        in_root = not _in_module(node, code)
        for wrong in {"crate": ("",) if in_root else ("self", ""), "super": ("self",)}.get(root.type, ("crate",)):
            what = f"starts at `{wrong}`" if wrong else "starts nowhere"
            cause = f"the import `{short(code, node)}` {what}, where it should start at `{code.text(root)}`"
            if root.type == "identifier":
                if code.text(root) not in ("std", "core", "alloc"):
                    continue
                cause = f"`{code.text(root)}` in `{short(code, node)}` is a crate, and no module of this one"
                yield code.site(cause, code.insert(root.start_byte, "crate::"))
            elif wrong:
                yield code.site(cause, code.replace(root, wrong))
            else:
                yield code.site(cause, code.span(root.start_byte, root.end_byte + 2, ""))


class RepeatImport(Operator):
    """A name imported twice."""

    name = "repeat_import"
    codes = ("E0252",)
    route = Route.CRATE
    rationale = "A module has one item of a name; two imports of the same one are what a merge leaves behind."
    nodes = ("use_declaration",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The same import once more; a name of a list once more."""
        entries = list(_entries(node, code))
        if not entries or child(node, "visibility_modifier") is not None:
            return
        entry, name = entries[-1]
        cause = f"`{name}` is imported twice by `{short(code, node)}`"
        if entry.parent is not None and entry.parent.type == "use_list":
            yield code.site(cause, code.insert(entry.end_byte, f", {code.text(entry)}"))
        elif "\n" not in code.text(node):
            yield code.site(cause, code.insert(node.end_byte, code.newline(node) + code.text(node)))


class DropImportAlias(Operator):
    """An import that loses the name it was given."""

    name = "drop_import_alias"
    codes = ("E0425", "E0255")
    route = Route.CRATE
    rationale = "An alias keeps two names apart; without it its uses stay behind, and the plain name may be taken."
    nodes = ("use_declaration",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The `as X`."""
        for at in walk(node):
            if at.type == "use_as_clause":
                path, alias = at.child_by_field_name("path"), at.child_by_field_name("alias")
                if path is not None and alias is not None and code.text(alias) != "_":
                    cause = f"`{short(code, path)}` is imported without its name `{code.text(alias)}`"
                    yield code.site(cause, code.span(path.end_byte, at.end_byte, ""))
