"""Places in broken code by names that mean the same in any crate: what a template says instead of a byte's number.

| anchor | is |
|---|---|
| `P` | the region that the diagnostic marks first |
| `S:label` | a region that it marks beside that, by its label, names in it left out |
| `K:message0` | a region of one of its notes, by the note's message and its number there |
| `d1.P`, `d2.P` | the same of the second and third diagnostic |
| `X.n` | the syntax node at the region X |
| `X.field`, `` X.`token` ``, `X.arg0`, `X.argL` | a part of that node, its arguments, the last of them |
| `X.open`, `X.close` | the brackets around its arguments, or its block's braces |
| `X~open`, `X~close` | a node up to its block's first brace, and from the last one on |
| `X+,`, `,+X`, `X.:+type` | a node with the token behind it, or before it |
| `X^type` | the nearest node around X of that type, and its parts: `X^call_expression.function` |
| `X~head`, `X~tail`, `X~mtail` | a node without its last part, without its first, what is called on its first |
| `X.stmt`, `X.stmt;`, `X.prev`, `X.next` | the statement around X, its semicolon, its neighbours |
| `X.id`, `X.def`, `X.def^` | the variable that X begins with, where it is bound, and the pattern or parameter around |
| `fn`, `fn.body`, `fn.param0`, `fn.tail` .. | the function around P and its parts |
| `D:name:type` | the definition of a name that the diagnostic says |
| `D:name:derive` | what that one derives |
| `use0` | the file's first `use` |
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tree_sitter import Node

from oxidizer.cluster.diagnostics import Diagnostic, Span
from oxidizer.cluster.syntax import COMMENTS
from oxidizer.serve.policies.prompt import Prompt
from oxidizer.serve.policies.templates.index import CrateView, FileIndex, node_at
from oxidizer.serve.policies.templates.tokens import IDENTIFIER, words

DIAGNOSTICS = 3
"""Of a prompt's diagnostics, so many have anchors."""
_NODES = 10
"""Regions of a prompt around which the tree is looked at."""
_ANCESTORS, _DEEP = 9, 5
_PARTS, _ARGUMENTS, _PARAMETERS = 9, 4, 5
_NAMES, _DEFINITIONS = 8, 2
_LABEL, _NOTE = 40, 30
_QUOTED = re.compile(r"`([^`]*)`")
_DIGITS = re.compile(r"\d+")
_LISTS = frozenset(
    {
        "arguments", "array_expression", "closure_parameters", "field_initializer_list", "field_pattern", "parameters",
        "token_tree", "tuple_expression", "tuple_pattern", "tuple_struct_pattern", "tuple_type", "type_arguments",
        "type_parameters", "use_list",
    }
)  # fmt: skip
_INNER = frozenset(
    {
        "block", "call_expression", "closure_expression", "else_clause", "field_expression", "field_initializer_list",
        "if_expression", "let_condition", "match_block", "parenthesized_expression", "reference_expression",
        "reference_type", "scoped_use_list", "try_expression", "type_cast_expression", "unsafe_block", "use_list",
    }
)  # fmt: skip
_BRACED = frozenset({"block", "declaration_list", "field_declaration_list", "match_block"})
_BINDERS = frozenset(
    {
        "captured_pattern", "closure_parameters", "field_pattern", "for_expression", "let_declaration", "match_pattern",
        "mut_pattern", "parameter", "ref_pattern", "reference_pattern", "self_parameter", "tuple_pattern",
        "tuple_struct_pattern",
    }
)  # fmt: skip
_EDGES = frozenset({"function_item", "impl_item", "mod_item"})


@dataclass(frozen=True)
class Place:
    """Bytes [start, end) of a file."""

    file: str
    start: int
    end: int


@dataclass
class Anchors:
    """A prompt's places by their names, and the words that its first diagnostic quotes."""

    places: dict[str, Place] = field(default_factory=dict)
    quoted: dict[str, bytes] = field(default_factory=dict)
    """By where it is quoted: `M0.1` is the second token of the first quotation of the message, `L` of a label, `K` of a
    note.
    """
    node: Node | None = None
    """The syntax node that the first diagnostic marks."""
    function: Node | None = None
    """The function around it."""


def general(words_of: str | None) -> str:
    """A message or a label without what it quotes and counts."""
    return _DIGITS.sub("N", _QUOTED.sub("`_`", words_of or ""))


def anchors(prompt: Prompt, view: CrateView) -> Anchors:
    """The anchors of a prompt."""
    found = _Finder(view)
    for number, diagnostic in enumerate(prompt.diagnostics[:DIAGNOSTICS]):
        found.diagnostic(number, diagnostic)
    found.around_function()
    found.definitions()
    found.imports()
    return found.anchors


class _Finder:
    def __init__(self, view: CrateView) -> None:
        self.view = view
        self.anchors = Anchors()

    def put(self, name: str, file: str, start: int, end: int) -> None:
        self.anchors.places.setdefault(name, Place(file, start, end))

    def put_node(self, name: str, file: str, node: Node) -> None:
        self.put(name, file, node.start_byte, node.end_byte)

    def diagnostic(self, number: int, diagnostic: Diagnostic) -> None:
        lead = f"d{number}." if number else ""
        spans = [("P" if s.is_primary else f"S:{general(s.label)[:_LABEL]}", s) for s in diagnostic.spans]
        for note in diagnostic.children:
            name = general(note.message)[:_NOTE]
            spans += [(f"K:{name}{at}", span) for at, span in enumerate(note.spans[:_ARGUMENTS])]
        if number == 0:
            self._quote(diagnostic)
        looked_at = 0
        for name, span in spans:
            name, span = lead + name, _called(span)
            file = self.view.file(span.file)
            if file is None or span.byte_end > len(file.text):
                continue
            self.put(name, span.file, span.byte_start, span.byte_end)
            node = node_at(file.tree, span.byte_start, span.byte_end) if looked_at < _NODES else None
            if node is not None:
                looked_at += 1
                if name == "P" and self.anchors.node is None:
                    self.anchors.node = node
                self._around(name, file, node)

    def _quote(self, diagnostic: Diagnostic) -> None:
        said = [("M", diagnostic.message)]
        said += [("Lp" if s.is_primary else "Ls", s.label or "") for s in diagnostic.spans]
        said += [(f"K:{general(note.message)[:20]}:", note.message) for note in diagnostic.children]
        for lead, text in said:
            for at, quoted in enumerate(_QUOTED.findall(text)):
                for number, token in enumerate(words(quoted.encode())):
                    if IDENTIFIER.match(token) or token.startswith(b"'"):
                        self.anchors.quoted.setdefault(f"{lead}{at}.{number}", token)

    # --- around a region

    def _around(self, name: str, file: FileIndex, node: Node) -> None:
        self.put_node(f"{name}.n", file.name, node)
        self._with_neighbours("", name, file, node)
        self._parts(name, file, node, deep=True)
        around, seen = node.parent, set[str]()
        for depth in range(_ANCESTORS):
            if around is None or around.type in ("source_file", "declaration_list"):
                break
            if around.type not in seen:
                seen.add(around.type)
                self.put_node(f"{name}^{around.type}", file.name, around)
                if depth < _DEEP:
                    self._parts(f"{name}^{around.type}", file, around, deep=depth < 2)
            if around.type in _EDGES:
                break
            around = around.parent
        self._statement(name, file, node)
        self._variable(name, file, node)

    def _parts(self, name: str, file: FileIndex, node: Node, *, deep: bool) -> None:
        own = [child for child in node.named_children if child.type not in COMMENTS]
        if own:
            first, last = own[0], own[-1]
            value = first.child_by_field_name("value") if first.type == "field_expression" else None
            if value is not None:
                self.put(f"{name}~mtail", file.name, value.end_byte, node.end_byte)
            if first.end_byte < node.end_byte:
                self.put(f"{name}~tail", file.name, first.end_byte, node.end_byte)
            if last.start_byte > node.start_byte:
                self.put(f"{name}~head", file.name, node.start_byte, last.start_byte)
        if node.type in _LISTS:
            self._list(name, file, node)
        for at, child in enumerate(node.children[:_PARTS]):
            part = node.field_name_for_child(at) or child.type
            self.put_node(f"{name}.{part}" if child.is_named else f"{name}.`{child.type}", file.name, child)
            if deep and child.is_named:
                self._with_neighbours(f"{name}.", part, file, child)
            if child.type in _LISTS:
                self._list(name, file, child)
            elif child.type in _BRACED and child.children:
                self._braces(name, file, node, child)
            if deep and child.type in _INNER:
                self._parts(f"{name}.{part}", file, child, deep=False)

    def _braces(self, name: str, file: FileIndex, node: Node, braced: Node) -> None:
        """The braces of a part, the first with all that leads to it."""
        self.put_node(f"{name}.open", file.name, braced.children[0])
        self.put_node(f"{name}.close", file.name, braced.children[-1])
        self.put(f"{name}~open", file.name, node.start_byte, braced.children[0].end_byte)
        self.put(f"{name}~close", file.name, braced.children[-1].start_byte, node.end_byte)

    def _list(self, name: str, file: FileIndex, node: Node) -> None:
        own = node.named_children
        for at, child in enumerate(own[:_ARGUMENTS]):
            self.put_node(f"{name}.arg{at}", file.name, child)
            self._with_neighbours(f"{name}.", f"arg{at}", file, child)
        if own:
            self.put_node(f"{name}.argL", file.name, own[-1])
            self._with_neighbours(f"{name}.", "argL", file, own[-1])
        if node.children:
            self.put_node(f"{name}.open", file.name, node.children[0])
            self.put_node(f"{name}.close", file.name, node.children[-1])

    def _with_neighbours(self, lead: str, part: str, file: FileIndex, node: Node) -> None:
        before, behind = node.prev_sibling, node.next_sibling
        if before is not None and not before.is_named:
            self.put(f"{lead}{before.type}+{part}", file.name, before.start_byte, node.end_byte)
        if behind is not None and not behind.is_named:
            self.put(f"{lead}{part}+{behind.type}", file.name, node.start_byte, behind.end_byte)

    def _statement(self, name: str, file: FileIndex, node: Node) -> None:
        inner: Node | None = node
        while inner is not None and inner.parent is not None and inner.parent.type != "block":
            inner = inner.parent
        if inner is None or inner.parent is None:
            return
        for part, one in (("stmt", inner), ("prev", inner.prev_named_sibling), ("next", inner.next_named_sibling)):
            if one is not None:
                self.put_node(f"{name}.{part}", file.name, one)
                if file.text[one.end_byte - 1 : one.end_byte] == b";":
                    self.put(f"{name}.{part};", file.name, one.end_byte - 1, one.end_byte)

    def _variable(self, name: str, file: FileIndex, node: Node) -> None:
        root = _root(node)
        if root.type not in ("identifier", "self"):
            return
        self.put_node(f"{name}.id", file.name, root)
        if (binding := _binding(file.text, root)) is not None and binding.parent is not None:
            self.put_node(f"{name}.def", file.name, binding)
            self.put_node(f"{name}.def^", file.name, binding.parent)
            self._parts(f"{name}.def^", file, binding.parent, deep=True)

    # --- around the first region

    def around_function(self) -> None:
        node = self.anchors.node
        place = self.anchors.places.get("P")
        while node is not None and node.type not in ("function_item", "mod_item"):
            node = node.parent
        if node is None or place is None or node.type != "function_item":
            return
        self.anchors.function = node
        self.put_node("fn", place.file, node)
        for part in ("return_type", "parameters", "body", "type_parameters", "name"):
            if (child := node.child_by_field_name(part)) is not None:
                self.put_node(f"fn.{part}", place.file, child)
        for child in node.children:
            if child.type in ("where_clause", "visibility_modifier", "fn"):
                self.put_node(f"fn.{child.type}", place.file, child)
        self._body(place.file, node.child_by_field_name("body"))
        self._parameters(place.file, node.child_by_field_name("parameters"))

    def _body(self, file: str, body: Node | None) -> None:
        own = [child for child in body.named_children if child.type not in COMMENTS] if body is not None else []
        if own:
            self.put_node("fn.first", file, own[0])
            self.put_node("fn.tail", file, own[-1])
            self.put("fn.taillast", file, own[-1].end_byte - 1, own[-1].end_byte)

    def _parameters(self, file: str, parameters: Node | None) -> None:
        own = parameters.named_children[:_PARAMETERS] if parameters is not None else []
        for at, child in enumerate(own):
            self.put_node(f"fn.param{at}", file, child)
            for part in ("type", "pattern"):
                if (inner := child.child_by_field_name(part)) is not None:
                    self.put_node(f"fn.{part}{at}", file, inner)

    def definitions(self) -> None:
        for where, name in list(self.anchors.quoted.items())[:_NAMES]:
            for definition in self.view.definitions(name)[:_DEFINITIONS]:
                self.put(f"D:{where}:{definition.kind}", definition.file, definition.start, definition.end)
                if (file := self.view.file(definition.file)) is not None:
                    for start, end in _derived(file, definition.start, definition.end):
                        self.put(f"D:{where}:derive", file.name, start, end)

    def imports(self) -> None:
        place = self.anchors.places.get("P")
        file = self.view.file(place.file) if place else None
        if file is not None:
            first = next((n for n in file.tree.root_node.children if n.type == "use_declaration"), None)
            if first is not None:
                self.put("use0", file.name, first.start_byte, first.start_byte)


def _called(span: Span) -> Span:
    """The region, or where it comes out of a macro of elsewhere, the call in the crate's own files."""
    while not span.in_source and span.expansion is not None:
        span = span.expansion.span
    return span


def _root(node: Node) -> Node:
    """What an expression begins with."""
    for _ in range(5):
        if node.type in ("identifier", "self"):
            break
        inner = next((c for f in ("value", "function", "left") if (c := node.child_by_field_name(f)) is not None), None)
        inner = inner or next(iter(node.named_children), None)
        if inner is None:
            break
        node = inner
    return node


def _binding(text: bytes, use: Node) -> Node | None:
    """The last pattern or parameter before a variable's use, in its function, that binds its name."""
    function: Node | None = use
    while function is not None and function.type != "function_item":
        function = function.parent
    if function is None:
        return None
    name = text[use.start_byte : use.end_byte]
    best: Node | None = None
    todo: list[Node] = [function]
    while todo:
        node = todo.pop()
        if node.start_byte >= use.start_byte:
            continue
        if (
            node.type in ("identifier", "self")
            and text[node.start_byte : node.end_byte] == name
            and _binds(node)
            and (best is None or node.start_byte > best.start_byte)
        ):
            best = node
        todo += node.children
    return best


def _binds(node: Node) -> bool:
    around = node.parent
    if around is None or around.type not in _BINDERS:
        return False
    return around.type != "let_declaration" or around.child_by_field_name("pattern") == node


def _derived(file: FileIndex, start: int, end: int) -> Iterator[tuple[int, int]]:
    """What stands between the brackets of the `derive`s of an item."""
    node = file.tree.root_node.named_descendant_for_byte_range(start, end)
    before = node.prev_named_sibling if node is not None else None
    while before is not None and (before.type == "attribute_item" or before.type in COMMENTS):
        text = file.text[before.start_byte : before.end_byte]
        if (match := re.match(rb"#\[derive\(", text)) and text.endswith(b")]"):
            yield before.start_byte + match.end(), before.end_byte - 2
        before = before.prev_named_sibling


def simplicity(anchor: str) -> float:
    """How far fetched an anchor is: of several that mark one place, the lowest is the one to say."""
    steps = anchor.count(".") + anchor.count("~") + anchor.count("+") + 2 * anchor.count("^")
    kinds = 3 * anchor.startswith("d") + anchor.startswith("K") + 2 * anchor.startswith("D")
    return steps + kinds + len(anchor) / 200


def nearest(names: Sequence[str]) -> list[str]:
    """Anchors of one place, the simplest first."""
    return sorted(names, key=lambda name: (simplicity(name), name))
