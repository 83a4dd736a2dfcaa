"""Mistakes between trait objects, `impl Trait` and generics."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar

from tree_sitter import Node

from oxidizer.miners.operators.cuts import only, without
from oxidizer.miners.operators.operator import Code, Operator, Route, Site, ancestor, child, named
from oxidizer.miners.operators.shapes import call, method
from oxidizer.miners.operators.surroundings import function_of, function_taking, is_free, name_of, owner, trait_impl
from oxidizer.miners.operators.wording import flat, place, short

_UNFIT = frozenset({"Clone", "Copy", "Sized", "PartialEq", "Eq", "PartialOrd", "Ord", "Hash", "Default", "FromStr"})
"""Traits of std of which there are no objects."""

_ITEMS = {
    "chars": "char", "bytes": "u8", "char_indices": "(usize, char)", "lines": "&str", "split": "&str",
    "split_whitespace": "&str", "iter": "", "into_iter": "", "map": "", "filter": "", "rev": "", "peekable": "",
    "enumerate": "", "zip": "", "iter_mut": "", "windows": "", "chunks": "", "keys": "", "values": "", "skip": "",
    "take": "", "drain": "", "cloned": "", "copied": "", "filter_map": "", "splitn": "&str", "rsplit": "&str",
}  # fmt: skip
"""Methods that give an iterator and what it gives, where that is known."""

_BOXES = ("Box::new", "Rc::new", "Arc::new", "RefCell::new", "Cell::new", "Mutex::new", "Wrapping", "NonZero::new")


def _bounds_of(name: str, item: Node, code: Code) -> list[Node]:
    """The bounds of a type parameter of a function, of its impl or of a type, without `?Sized`."""
    found: list[Node] = []
    for home in (item, owner(item)):
        declared = child(home, "type_parameters") if home is not None else None
        clause = child(home, "where_clause") if home is not None else None
        for entry in [*(named(declared) if declared else ()), *(named(clause) if clause else ())]:
            subject = entry.child_by_field_name("name") or entry.child_by_field_name("left")
            bounds = entry.child_by_field_name("bounds")
            if subject is not None and bounds is not None and code.text(subject) == name:
                found += [b for b in named(bounds) if b.type not in ("removed_trait_bound", "lifetime")]
    return found


def _bound_of(name: str, item: Node, code: Code) -> Node | None:
    """The first bound of a type parameter that has a name."""
    return next((b for b in _bounds_of(name, item, code) if "\n" not in code.text(b)), None)


def _taken(parameter: Node) -> tuple[Node | None, Node, Node]:
    """The function that takes a parameter, the parameter's type, and that without its `&`."""
    found = parameter.child_by_field_name("type") or parameter
    inner = found.child_by_field_name("type") if found.type == "reference_type" else None
    return function_taking(parameter), found, inner or found


class DropDyn(Operator):
    """A trait where a type belongs: `Box<Trait>`."""

    name = "drop_dyn"
    codes = ("E0782",)
    route = Route.CRATE
    rationale = "A trait is no type; its object is `dyn Trait`, and `impl Trait` stands for one hidden type."
    nodes = ("dynamic_type", "abstract_type")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The `dyn` or the `impl`."""
        word, of = child(node, "dyn") or child(node, "impl"), node.child_by_field_name("trait")
        if word is not None and of is not None and of.type != "function_type":
            cause = f"`{short(code, of)}` in {place(code, node)} is a trait, and stands there as if it were a type"
            yield code.site(cause, code.cut(word))


class TraitAsType(Operator):
    """A parameter whose type is a trait, as with interfaces elsewhere."""

    name = "trait_as_type"
    codes = ("E0782",)
    route = Route.CRATE
    rationale = "Elsewhere an interface is a type like any other; here it bounds a parameter or becomes `dyn Trait`."
    nodes = ("parameter",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A parameter of type `T` or `&T`, where `T` has one bound."""
        function, _, inner = _taken(node)
        bound = _bound_of(code.text(inner), function, code) if function is not None and is_free(function) else None
        if bound is None or bound.type == "function_type":
            return
        cause = f"the parameter `{short(code, node)}` of {place(code, node)} has the trait `{short(code, bound)}`"
        yield code.site(f"{cause} for its type", code.replace(inner, code.text(bound)))


class ReturnUnboxed(Operator):
    """A function that returns a bare trait object."""

    name = "return_unboxed"
    codes = ("E0746",)
    route = Route.CRATE
    rationale = "A result needs a known size: `impl Trait` and `Box<dyn Trait>` have one, `dyn Trait` has not."
    nodes = ("function_item",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """`-> impl X` and `-> Box<dyn X>` become `-> dyn X`."""
        found = node.child_by_field_name("return_type")
        if found is None:
            return
        word = child(found, "impl") if found.type == "abstract_type" else None
        head = found.children[0] if found.type == "bounded_type" else None
        if head is not None and head.type == "abstract_type":
            word = child(head, "impl")
        cause = f"`{name_of(node, code)}` returns a bare `dyn` object for `{short(code, found)}`"
        if word is not None:
            yield code.site(cause, code.replace(word, "dyn"))
        elif found.type == "generic_type" and code.text(found).startswith("Box<dyn"):
            arguments = found.child_by_field_name("type_arguments")
            inner = named(arguments)[0] if arguments is not None else None
            if inner is not None:
                before = code.span(found.start_byte, inner.start_byte, "")
                yield code.site(cause, before, code.span(inner.end_byte, found.end_byte, ""))


class ObjectByValue(Operator):
    """A parameter that is a bare trait object."""

    name = "object_by_value"
    codes = ("E0277", "")
    route = Route.CRATE
    rationale = "An object of a trait has no known size and is held behind a reference or in a box."
    nodes = ("dynamic_type", "abstract_type")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """`&dyn X` and `Box<dyn X>` become `dyn X`; so does a parameter's `impl X`."""
        text, where = short(code, node), place(code, node)
        parent = node.parent
        if parent is None or ancestor(node, "block", "function_item") != function_of(node):
            return
        if node.type == "abstract_type":
            word, of = child(node, "impl"), node.child_by_field_name("trait")
            if parent.type == "parameter" and word is not None and of is not None:
                cause = f"a parameter of {where} is a bare `dyn {short(code, of)}`, whose size is not known"
                yield code.site(cause, code.replace(word, "dyn"))
        elif parent.type in ("reference_type", "type_arguments"):
            whole = parent if parent.type == "reference_type" else parent.parent
            boxed = parent.type == "type_arguments" and code.text(parent).startswith("<dyn") and len(named(parent)) == 1
            held = whole is not None and whole.parent is not None and whole.parent.type == "parameter"
            if whole is not None and held and (boxed or parent.type == "reference_type"):
                cause = f"{where} takes a bare `{text}`, whose size is not known"
                before = code.span(whole.start_byte, node.start_byte, "")
                after = [code.span(node.end_byte, whole.end_byte, "")] if whole.end_byte > node.end_byte else []
                yield code.site(cause, before, *after)


class UnfitObject(Operator):
    """An object of a trait that has none."""

    name = "unfit_object"
    codes = ("E0038", "E0393")
    route = Route.CRATE
    rationale = "A trait with `Self` in its signatures, with generic methods or that is `Sized` has no objects."
    rationales: ClassVar[Mapping[str, str]] = {
        "E0393": "A parameter of a trait that is `Self` by default has to be given in its object, which has no `Self`."
    }
    nodes = ("parameter",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A parameter bounded by such a trait, or the other one of a comparison, taken as its object."""
        function, found, inner = _taken(node)
        if function is None:
            return
        impl = trait_impl(function)
        of = impl.child_by_field_name("trait") if impl is not None else None
        bounds = [code.text(b) for b in _bounds_of(code.text(inner), function, code)]
        if of is not None and inner is not found and name_of(function, code) in ("eq", "cmp", "partial_cmp", "ne"):
            bounds = [code.text(of)]
        unfit = [b for b in bounds if re.sub(r"^.*::", "", b) in _UNFIT]
        if unfit:
            wrong = f"dyn {unfit[0]}" if inner is not found else f"&dyn {unfit[0]}"
            cause = f"`{short(code, node)}` of {place(code, node)} is taken as a `dyn {unfit[0]}`"
            yield code.site(f"{cause}, and there is no such object", code.replace(inner, wrong))


class UnfitTrait(Operator):
    """A trait with objects gets what they cannot have."""

    name = "unfit_trait"
    codes = ("E0038", "E0277", "E0049")
    route = Route.CRATE
    rationale = (
        "A supertrait like `Clone` or a generic method takes the objects of a trait away wherever they are used."
    )
    rationales: ClassVar[Mapping[str, str]] = {
        "E0277": "What implements a trait must have its supertraits too; a type that lacks a new one no longer can.",
        "E0049": "Impls have the trait's type parameters; here only the trait has the new one, so it is taken back.",
    }
    nodes = ("trait_item",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """`Clone` or `Sized` as a supertrait; a method that is generic."""
        name, bounds = node.child_by_field_name("name"), node.child_by_field_name("bounds")
        if name is None or not re.search(rb"\bdyn\s+(?:\w+::)*" + code.text(name).encode() + rb"\b", code.source):
            return
        word = code.text(name)
        for trait in ("Clone", "Sized"):
            at = name.end_byte if bounds is None else bounds.end_byte
            cause = f"`{word}` has `{trait}` as its supertrait, so that `dyn {word}` cannot exist"
            yield code.site(cause, code.insert(at, f": {trait}" if bounds is None else f" + {trait}"))
        body = node.child_by_field_name("body")
        for first in named(body)[:1] if body is not None else ():
            found = first.child_by_field_name("name")
            if found is not None and child(first, "type_parameters") is None and "fn" in code.text(first):
                cause = f"`{code.text(found)}` of `{word}` has a type parameter, so that `dyn {word}` cannot exist"
                yield code.site(cause, code.insert(found.end_byte, "<T>"))


class DropBox(Operator):
    """A value without the box, cell or count that holds it."""

    name = "drop_box"
    codes = ("E0308",)
    route = Route.BODY
    rationale = "A value does not box itself: where a `Box` or a cell is asked for, `new` has to make one."
    nodes = ("call_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """`Box::new(x)` becomes `x`, and so on."""
        called = call(node, code)
        if called is None or not called[0].endswith(_BOXES):
            return
        if node.parent is not None and node.parent.type not in ("field_expression", "let_declaration"):
            cause = f"`{short(code, called[1])}` stands where `{called[0]}` has to wrap it"
            yield code.site(cause, *only(code, node, called[1]))


class ImplTraitInLet(Operator):
    """`impl Trait` as the type of a binding."""

    name = "impl_trait_in_let"
    codes = ("E0562",)
    route = Route.BODY
    rationale = "`impl Trait` is for parameters and results; the type of a binding is left away or written out."
    nodes = ("let_declaration",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A binding of an iterator; an annotated `dyn`."""
        pattern, found, value = (node.child_by_field_name(f) for f in ("pattern", "type", "value"))
        if pattern is None or value is None or pattern.type != "identifier":
            return
        name, called = code.text(pattern), method(value, code)
        if found is None and called is not None and called.name in _ITEMS:
            items = _ITEMS[called.name]
            kind = f"impl Iterator<Item = {items}>" if items else "impl Iterator"
            cause = f"the binding `{name}` is annotated as `{kind}`"
            yield code.site(cause, code.insert(pattern.end_byte, f": {kind}"))
        elif found is None and value.type == "closure_expression":
            declared = value.child_by_field_name("parameters")
            count = len(named(declared)) if declared is not None else 0
            kind = f"impl Fn({', '.join('_' * count)})"
            cause = f"the closure `{name}` is annotated as `{kind}`"
            yield code.site(cause, code.insert(pattern.end_byte, f": {kind}"))


class ImplTraitInField(Operator):
    """`impl Trait` as the type of a field."""

    name = "impl_trait_in_field"
    codes = ("E0562",)
    route = Route.CRATE
    rationale = (
        "A field has a type that can be named: a parameter of the struct or a `Box<dyn Trait>`, no `impl Trait`."
    )
    nodes = ("field_declaration",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A field of a bounded parameter's type; a boxed object."""
        found, item = node.child_by_field_name("type"), ancestor(node, "struct_item", "enum_item")
        if found is None or item is None:
            return
        name, text = name_of(node, code), code.text(found)
        bound = _bound_of(text, item, code)
        if bound is not None:
            kind = f"impl {code.text(bound)}"
            yield code.site(f"the field `{name}` of {place(code, node)} is of type `{kind}`", code.replace(found, kind))
        elif (boxed := re.fullmatch(r"Box<dyn ([^\n]+)>|&(?:'\w+ )?(?:mut )?dyn ([^\n]+)", text)) is not None:
            kind = f"impl {boxed[1] or boxed[2]}"
            yield code.site(f"the field `{name}` of {place(code, node)} is of type `{kind}`", code.replace(found, kind))


class ObjectWithoutItem(Operator):
    """An object of `Iterator` or the like that does not say of what."""

    name = "object_without_item"
    codes = ("E0191",)
    route = Route.CRATE
    rationale = "An object has to name the associated types of its trait, since nothing else tells them any more."
    nodes = ("type_binding", "parameter")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The `Item = X` of a `dyn Iterator<Item = X>`; a parameter bounded by `Iterator` taken as its object."""
        if node.type == "type_binding":
            arguments = node.parent
            holder = arguments.parent if arguments is not None else None
            above = holder.parent if holder is not None else None
            if arguments is not None and holder is not None and above is not None and above.type == "dynamic_type":
                cause = f"`dyn {short(code, holder)}` in {place(code, node)} is left without"
                yield code.site(f"{cause} `{short(code, node)}`", without(code, node))
            return
        function, found, inner = _taken(node)
        if function is None:
            return
        bounds = [found] if found.type == "abstract_type" else _bounds_of(code.text(found), function, code)
        named_by = [m for b in bounds if (m := re.match(r"(?:impl )?((?:\w+::)*\w*Iterator)\b", code.text(b)))]
        if inner is found and named_by:
            cause = f"`{short(code, node)}` of {place(code, node)} is taken as a bare `dyn {named_by[0][1]}`"
            yield code.site(cause, code.replace(found, f"&mut dyn {named_by[0][1]}"))


class SecondTraitOfObject(Operator):
    """An object of two traits at once."""

    name = "second_trait_of_object"
    codes = ("E0225",)
    route = Route.CRATE
    rationale = "An object has one trait besides `Send` and the like; two need a trait that has both as supertraits."
    nodes = ("dynamic_type",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """`+ Clone` or `+ PartialEq` behind the trait."""
        parent, of = node.parent, node.child_by_field_name("trait")
        if parent is None or of is None:
            return
        text, where = short(code, of), place(code, node)
        cause = f"the object in {where} is to be of `{text}` and of `Iterator<Item = u8>`, two traits at once"
        more = " + Iterator<Item = u8>" if "Iterator" not in text else " + AsRef<str>"
        cause = cause if "Iterator" not in text else cause.replace("Iterator<Item = u8>", "AsRef<str>")
        if parent.type == "type_arguments":
            yield code.site(cause, code.insert(node.end_byte, more))
        elif parent.type == "reference_type":
            yield code.site(cause, code.insert(node.start_byte, "("), code.insert(node.end_byte, f"{more})"))


class ObjectForParameter(Operator):
    """An object where the parameter of a function was generic."""

    name = "object_for_parameter"
    codes = ("E0308",)
    route = Route.CRATE
    rationale = "`&T` keeps the caller's type and `&dyn Trait` forgets it, so a body cannot give back what it has lost."
    nodes = ("parameter",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A parameter `x: T` or `x: &T` with one bound of its own, taken as `&dyn Bound`."""
        function, found, inner = _taken(node)
        bound = _bound_of(code.text(inner), function, code) if function is not None and is_free(function) else None
        if bound is None:
            return
        text = code.text(bound)
        if re.sub(r"^.*::", "", text) not in _UNFIT and not text.startswith(("Into<", "IntoIterator", "FnOnce")):
            cause = f"`{short(code, node)}` of {place(code, node)} is taken as a `dyn {flat(text)}`"
            yield code.site(cause, code.replace(inner, f"dyn {text}" if inner is not found else f"&dyn {text}"))
