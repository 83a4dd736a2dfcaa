"""Mistakes with `#[derive(..)]`: a trait that is missing, cannot be derived, or is there already."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

from tree_sitter import Node

from oxidizer.miners.operators.cuts import cut_line
from oxidizer.miners.operators.names import typo
from oxidizer.miners.operators.operator import Code, Operator, Route, Site, named, walk
from oxidizer.miners.operators.surroundings import attributes, name_of
from oxidizer.miners.operators.wording import flat

_DERIVE = re.compile(r"#\[\s*derive\s*\(([^()]*)\)\s*\]")
_BASIS = {"Copy": ("Clone",), "Eq": ("PartialEq",), "PartialOrd": ("PartialEq",), "Ord": ("PartialOrd", "Eq")}
"""What the derived traits ask for besides."""
_OWNING = re.compile(
    r"\b(?:String|Vec|Box|Rc|Arc|HashMap|HashSet|BTreeMap|BTreeSet|VecDeque|PathBuf|RefCell|File)\b|&mut\b"
)
_FLOAT = re.compile(r"\bf(?:32|64)\b")
_FIELDWISE = ("Debug", "Clone", "PartialEq", "Hash", "Default", "Eq", "PartialOrd", "Ord")


@dataclass(frozen=True)
class _Derive:
    """The first derive of a type: its traits and where they stand."""

    attribute: Node
    start: int
    traits: tuple[str, ...]


def _derive(node: Node, code: Code) -> _Derive | None:
    """The derive of a struct or an enum; None where it has none or one that spans lines."""
    for attribute in attributes(node):
        text = code.text(attribute)
        if (found := _DERIVE.fullmatch(text)) is not None and "\n" not in text:
            traits = tuple(t.strip() for t in found[1].split(",") if t.strip())
            return _Derive(attribute, attribute.start_byte + len(text[: found.start(1)].encode()), traits)
    return None


def _all_traits(node: Node, code: Code) -> frozenset[str]:
    return frozenset(w for a in attributes(node) for w in re.findall(r"\w+", code.text(a)))


@lru_cache(maxsize=8)
def _known(source: bytes) -> dict[str, frozenset[str]]:
    """The types that a file defines, each with the traits that it derives or implements there."""
    code = Code("", source)
    found: dict[str, set[str]] = {}
    impls: list[tuple[str, str]] = []
    for node in walk(code.root):
        if node.type in ("struct_item", "enum_item", "union_item"):
            found.setdefault(name_of(node, code), set()).update(_all_traits(node, code))
        elif node.type == "impl_item" and (of := node.child_by_field_name("trait")) is not None:
            target = node.child_by_field_name("type")
            name = re.findall(r"\w+", re.sub(r"<.*", "", code.text(of), flags=re.DOTALL))
            if target is not None and name:
                impls.append((re.sub(r"<.*", "", code.text(target), flags=re.DOTALL).strip(), name[-1]))
    for target_name, trait in impls:
        if target_name in found:
            found[target_name].add(trait)
    return {name: frozenset(traits) for name, traits in found.items()}


@lru_cache(maxsize=8)
def _asked(source: bytes) -> dict[str, frozenset[str]]:
    """The types of a file that fields of others in it have, each with the traits that those derive."""
    code, found = Code("", source), dict[str, set[str]]()
    for node in walk(code.root):
        if node.type in ("struct_item", "enum_item"):
            for kind in _field_types(node, code):
                for word in re.findall(r"\w+", code.text(kind)):
                    found.setdefault(word, set()).update(_all_traits(node, code))
    return {name: frozenset(traits) for name, traits in found.items()}


def _added(node: Node, code: Code, trait: str, cause: str) -> Site:
    """A derive with one trait more; a derive for a type without one."""
    found = _derive(node, code)
    if found is None:
        return code.site(cause, code.insert(node.start_byte, f"#[derive({trait})] "))
    return code.site(cause, code.insert(found.start, f"{trait}, " if found.traits else trait))


def _dropped(code: Code, found: _Derive, trait: str, cause: str) -> Site:
    """A derive with one trait less; none where that was the only one."""
    if len(found.traits) == 1:
        return code.site(cause, cut_line(code, found.attribute))
    text = code.source[found.start : code.source.index(b")", found.start)].decode()
    word = rf"(?<![\w:]){re.escape(trait)}"
    match = re.search(rf"{word}\s*,\s*|\s*,\s*{word}(?!\w)|{word}(?!\w)", text)
    assert match is not None
    start = found.start + len(text[: match.start()].encode())
    return code.site(cause, code.span(start, start + len(match[0].encode()), ""))


def _field_types(node: Node, code: Code) -> list[Node]:
    """The types of all fields of a struct or an enum."""
    body = node.child_by_field_name("body")
    found: list[Node] = []
    for at in walk(body) if body is not None else ():
        if at.type == "field_declaration" and (kind := at.child_by_field_name("type")) is not None:
            found.append(kind)
        elif at.type == "ordered_field_declaration_list":
            found += [c for c in named(at) if c.type not in ("visibility_modifier", "attribute_item")]
    return found


class DropDerivedBasis(Operator):
    """A derive without what another derived trait asks for."""

    name = "drop_derived_basis"
    codes = ("E0277",)
    route = Route.CRATE
    rationale = "`Copy` needs `Clone`, `Eq` needs `PartialEq` and `Ord` needs both `Eq` and `PartialOrd`."
    nodes = ("struct_item", "enum_item")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """Each trait that another one of the derive builds on."""
        found = _derive(node, code)
        for trait in ("Clone", "PartialEq", "Eq", "PartialOrd") if found is not None else ():
            users = [t for t in found.traits if trait in _BASIS.get(t, ())] if found is not None else []
            if found is not None and trait in found.traits and users:
                cause = f"`{name_of(node, code)}` derives `{users[0]}`, which needs `{trait}`, but that is missing"
                yield _dropped(code, found, trait, cause)


class DropDerive(Operator):
    """A derive without a trait that other code relies on."""

    name = "drop_derive"
    codes = ("E0277", "E0599", "E0369", "E0382", "E0204", "E0308")
    route = Route.CRATE
    rationale = (
        "A struct or an enum can do nothing by itself: to print, copy or compare it takes a trait, as by a derive."
    )
    nodes = ("struct_item", "enum_item")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The derived traits that no other derived one builds on, the most used ones first."""
        found, count = _derive(node, code), 0
        for trait in ("Copy", "Debug", "Clone", "PartialEq", "Default", "Hash", "Ord", "PartialOrd", "Eq"):
            marked = trait == "Default" and node.type == "enum_item"
            if found is None or trait not in found.traits or count == 3 or marked:
                continue
            asked = trait in _asked(code.source).get(name_of(node, code), ())
            if trait not in ("Copy", "Clone", "PartialEq", "Default") and not asked:
                continue
            if not any(trait in _BASIS.get(t, ()) for t in found.traits):
                count += 1
                cause = f"`{name_of(node, code)}` is used as `{trait}`, which it does not derive"
                yield _dropped(code, found, trait, cause)


class DeriveCopy(Operator):
    """`Copy` derived for what owns something."""

    name = "derive_copy"
    codes = ("E0204",)
    route = Route.CRATE
    rationale = "A type is `Copy` only if all of its fields are, and nothing that owns memory is."
    nodes = ("struct_item", "enum_item")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A type with a field that owns, or that is of a type of this file which is not `Copy`."""
        known = _known(code.source)
        name = name_of(node, code)
        if "Copy" in known.get(name, ()):
            return
        for kind in _field_types(node, code):
            text = code.text(kind)
            local = known.get(text)
            if "PhantomData" not in text and (_OWNING.search(text) or (local is not None and "Copy" not in local)):
                traits = "Copy" if "Clone" in known.get(name, ()) else "Clone, Copy"
                yield _added(node, code, traits, f"`{name}` derives `Copy` but holds a `{flat(text)}`")
                return


class DeriveWithoutBasis(Operator):
    """A trait derived alone that builds on another."""

    name = "derive_without_basis"
    codes = ("E0277", "E0204")
    route = Route.CRATE
    rationale = (
        "A derive gives a type just what it names: not the trait that this asks for, nor the same to its fields."
    )
    rationales: ClassVar[Mapping[str, str]] = {"E0204": "A type can be `Copy` only if all of its fields are."}
    nodes = ("struct_item", "enum_item")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """`Copy`, `Eq`, `PartialOrd` or `Ord` for a type that lacks what they need."""
        name, made = name_of(node, code), 0
        has = _known(code.source).get(name, frozenset())
        for trait, needs in _BASIS.items():
            lacking = [n for n in needs if n not in has]
            if trait not in has and lacking and made < 2:
                made += 1
                cause = f"`{name}` derives `{trait}` but has no `{lacking[0]}`"
                if trait == "Copy":
                    cause = f"`{name}` derives `Copy`, which asks for `Clone` and for fields that are `Copy`"
                yield _added(node, code, trait, cause)


class DeriveOverField(Operator):
    """A trait derived that a field's type does not have."""

    name = "derive_over_field"
    codes = ("E0277", "E0369")
    route = Route.CRATE
    rationale = "A derive asks each field for the same trait, also those whose own type came without it."
    nodes = ("struct_item", "enum_item")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """Traits that a field of a type of this file lacks; `Eq` or `Hash` over a float."""
        known, name, made = _known(code.source), name_of(node, code), 0
        has = known.get(name, frozenset())
        for kind in _field_types(node, code):
            text = code.text(kind)
            local = known.get(text)
            for trait in _FIELDWISE if made < 3 else ():
                if trait in has or any(b not in has for b in _BASIS.get(trait, ())) or made == 3:
                    continue
                if trait == "Default" and node.type == "enum_item":
                    continue
                floats = trait in ("Eq", "Hash", "Ord") and _FLOAT.search(text)
                if floats or (local is not None and trait not in local and trait in _FIELDWISE[:5]):
                    made += 1
                    cause = (
                        f"`{name}` derives `{trait}`, which needs it of every field, that of type `{flat(text)}` too"
                    )
                    yield _added(node, code, trait, cause)


class DeriveDefaultOfEnum(Operator):
    """`Default` derived for an enum that does not say which variant it is."""

    name = "derive_default_of_enum"
    codes = ("E0665",)
    route = Route.CRATE
    rationale = "The default of an enum is not its first variant: one has to be marked with `#[default]`."
    nodes = ("enum_item",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The derive added; the mark left out."""
        body, name = node.child_by_field_name("body"), name_of(node, code)
        has = _known(code.source).get(name, frozenset())
        if body is None or not any(c.type == "enum_variant" for c in body.children):
            return
        if "Default" not in has:
            first = next(c for c in body.children if c.type == "enum_variant")
            cause = (
                f"`{name}` derives `Default`, but no variant such as `{name_of(first, code)}` is marked as its default"
            )
            yield _added(node, code, "Default", cause)
        for mark in body.children:
            if mark.type == "attribute_item" and code.text(mark) == "#[default]":
                yield code.site(
                    f"no variant of `{name}`, which derives `Default`, is marked as its default", cut_line(code, mark)
                )


class MisspellDerive(Operator):
    """A derive of a trait that is not there."""

    name = "misspell_derive"
    codes = ("",)
    route = Route.CRATE
    rationale = "What stands in a derive is the name of a macro, and it has to be right to the letter."
    nodes = ("struct_item", "enum_item")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The first and the last trait."""
        found = _derive(node, code)
        for trait in dict.fromkeys([found.traits[0], found.traits[-1]]) if found and found.traits else ():
            assert found is not None
            at = re.compile(rb"(?<!\w)" + re.escape(trait.encode()) + rb"(?!\w)").search(code.source, found.start)
            assert at is not None
            wrong = typo(node, code, trait)
            cause = f"`{name_of(node, code)}` derives `{wrong}`, which should be `{trait}`"
            yield code.site(cause, code.span(at.start(), at.end(), wrong))


class DeriveBesideImpl(Operator):
    """A trait both derived and implemented by hand."""

    name = "derive_beside_impl"
    codes = ("E0119",)
    route = Route.CRATE
    rationale = "A derive is an impl like one by hand, and a type can have only one of them."
    nodes = ("struct_item", "enum_item")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """Traits with an impl in this file."""
        name, derived = name_of(node, code), _all_traits(node, code)
        has = _known(code.source).get(name, frozenset())
        by_hand = [t for t in (*_FIELDWISE, "Copy") if t in has and t not in derived]
        for trait in by_hand[:3]:
            if trait != "Default" or node.type == "struct_item":
                yield _added(node, code, trait, f"`{name}` derives `{trait}` beside its own `impl {trait}`")


class RepeatDerive(Operator):
    """A trait derived twice."""

    name = "repeat_derive"
    codes = ("E0119",)
    route = Route.CRATE
    rationale = "Each mention in a derive makes an impl, so a trait that stands there twice conflicts with itself."
    nodes = ("struct_item", "enum_item")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The last trait of the list once more in front."""
        found = _derive(node, code)
        if found is not None and found.traits:
            trait = found.traits[-1]
            cause = f"`{trait}` stands twice in the derive of `{name_of(node, code)}`"
            yield code.site(cause, code.insert(found.start, f"{trait}, "))
