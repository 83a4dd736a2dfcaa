"""Mistakes about values that are not there: given away before their last use, or not yet assigned."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from oxidizer.miners.operators.cuts import cut_line
from oxidizer.miners.operators.operator import Code, Operator, Route, Site, ancestor, child, named, walk
from oxidizer.miners.operators.scopes import mentions, rest, statement_around, used_after
from oxidizer.miners.operators.shapes import LOOPS
from oxidizer.miners.operators.surroundings import function_of, implements_trait
from oxidizer.miners.operators.wording import short

_OWNED = re.compile(
    r"(?:\w+::)*(?:String|PathBuf|OsString|(?:Vec|Box|VecDeque|HashMap|BTreeMap|HashSet|BTreeSet|Rc|Arc)<.*>)",
    re.DOTALL,
)
_MAKES_OWNED = re.compile(
    r"(?:(?:\w+::)*(?:String|Vec|Box|VecDeque|HashMap|BTreeMap|HashSet|BTreeSet|PathBuf|Rc|Arc)::.*|vec!.*|format!.*"
    r"|.*\.(?:to_string|to_owned|to_vec|into_boxed_slice|into_bytes|collect(?:::<.*>)?)\(\))",
    re.DOTALL,
)
_BLANK = re.compile(
    r"(?:(?:\w+::)*(?:String|Vec|VecDeque|HashMap|BTreeMap|HashSet|BTreeSet)(?:::<.*>)?::new\(\)|vec!\[\])"
)
_CONSTRUCTED = re.compile(r"((?:\w+::)*[A-Z]\w+)::(?:new|with_capacity|default|from|from_\w+)\(")
_HOLES = {"Vec": "<_>", "VecDeque": "<_>", "Box": "<_>", "HashSet": "<_>", "HashMap": "<_, _>", "BTreeMap": "<_, _>"}
_ENDS_WITH_ITS_PLACE = frozenset({"return_expression", "break_expression", "continue_expression"})


class UseAfterDrop(Operator):
    """`drop(x);` comes before the last statement that uses `x`."""

    name = "use_after_drop"
    codes = ("E0382",)
    route = Route.BODY
    rationale = (
        "A value that is not `Copy` is gone once it is passed on; statements that still use it must come before."
    )
    nodes = ("let_declaration", "parameter")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The last use of an owned variable, or of a parameter that is taken by value."""
        pattern, kind = node.child_by_field_name("pattern"), node.child_by_field_name("type")
        if pattern is None or pattern.type != "identifier":
            return
        if node.type == "parameter":
            home = function_of(node)
            body = home.child_by_field_name("body") if home is not None and home == _owner(node) else None
            statements = named(body) if body is not None else []
            owned = kind is not None and (bool(_OWNED.fullmatch(code.text(kind))) or _is_generic(kind, node, code))
        else:
            statements, value = rest(node), node.child_by_field_name("value")
            says, known = (_OWNED, kind) if kind is not None else (_MAKES_OWNED, value)
            owned = known is not None and says.fullmatch(code.text(known)) is not None
        name = code.text(pattern)
        using = [s for s in statements if mentions(s.start_byte, s.end_byte, name, code)]
        if not owned or not using or using[-1].type.endswith("_item"):
            return
        last = using[-1]
        cause = f"`{name}` is dropped before `{short(code, last).rstrip(';')}`, which still uses it"
        yield code.site(cause, code.insert(last.start_byte, f"drop({name});{code.newline(last)}"))


def _owner(parameter: Node) -> Node | None:
    return ancestor(parameter, "function_item", "closure_expression")


def _is_generic(kind: Node, node: Node, code: Code) -> bool:
    """The type is a type parameter of the function around the node that is not bound to be `Copy`."""
    home = function_of(node)
    parameters = home.child_by_field_name("type_parameters") if home is not None else None
    if home is None or parameters is None or kind.type != "type_identifier":
        return False
    head = home.child_by_field_name("body")
    text = code.source[home.start_byte : head.start_byte if head is not None else home.end_byte].decode()
    names = [p.child_by_field_name("name") for p in named(parameters) if p.type == "type_parameter"]
    return "Copy" not in text and code.text(kind) in [code.text(n) for n in names if n is not None]


class DropInitializer(Operator):
    """`let mut found: bool = false;` becomes `let mut found: bool;`."""

    name = "drop_initializer"
    codes = ("E0381", "E0283")
    route = Route.BODY
    rationale = "Rust gives a variable no value of its own; each path must assign one before the variable is read."
    nodes = ("let_declaration",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The value of a mutable variable, or of one whose type is written, that is used later."""
        pattern, value = node.child_by_field_name("pattern"), node.child_by_field_name("value")
        kind, equals = node.child_by_field_name("type"), child(node, "=")
        if pattern is None or value is None or equals is None or pattern.type != "identifier":
            return
        if kind is None and (child(node, "mutable_specifier") is None or value.type == "closure_expression"):
            return
        if node.child_by_field_name("alternative") is not None or not used_after(node, code.text(pattern), code):
            return
        start = (kind or pattern).end_byte
        if kind is None and (known := _known_type(value, code)) is None:
            return
        known = "" if kind is not None else f": {known}" if known else ""
        name, left_out = code.text(pattern), short(code, value)
        cause = f"`{name}` is read before it has a value: its `let` leaves out `= {left_out}`"
        if kind is None and not known:
            cause = f"the `let` of `{name}` leaves out `= {left_out}`, which gives it its value and a type"
        yield code.site(cause, code.span(start, value.end_byte, known))


def _known_type(value: Node, code: Code) -> str | None:
    """The type that the code of a value tells; "" for a plain number, whose type its uses tell."""
    text = code.text(value)
    if made := _CONSTRUCTED.match(text):
        return made[1] + _HOLES.get(made[1].rpartition("::")[2], "")
    if value.type in ("integer_literal", "float_literal"):
        suffix = re.search(r"[iuf](?:8|16|32|64|128|size)$", text) if not text.startswith("0x") else None
        return suffix[0] if suffix else ""
    if text.startswith(("vec!", "format!")):
        return "Vec<_>" if text[0] == "v" else "String"
    return {"boolean_literal": "bool", "char_literal": "char", "string_literal": "&str"}.get(value.type)


class HoistOutOfLoop(Operator):
    """`for .. { let mut row = Vec::new(); .. out.push(row); }` makes `row` before the loop."""

    name = "hoist_out_of_loop"
    codes = ("E0382",)
    route = Route.BODY
    rationale = (
        "A variable from outside of a loop that one turn gives away is gone in the next; each turn must make its own."
    )
    nodes = ("let_declaration",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """An empty collection that each turn of a loop makes, fills and gives away."""
        pattern, value = node.child_by_field_name("pattern"), node.child_by_field_name("value")
        body = node.parent
        loop = body.parent if body is not None else None
        if pattern is None or value is None or loop is None or not loop.type.endswith(LOOPS):
            return
        before = statement_around(loop)
        if pattern.type != "identifier" or _BLANK.fullmatch(code.text(value)) is None or before is None:
            return
        name = code.text(pattern)
        taken = [
            n for s in rest(node) for n in walk(s) if n.type == "identifier" and code.text(n) == name and _gives(n)
        ]
        if not taken:
            return
        around = taken[0].parent or node
        use = short(code, around.parent or around)
        cause = f"`{name}` is made once before the loop, but each turn gives it away at `{use}`"
        text = " ".join(code.text(node).split())
        yield code.site(cause, code.insert(before.start_byte, f"{text} "), cut_line(code, node))


def _gives(use: Node) -> bool:
    """The use passes the variable on by value, in a statement after which the loop goes on."""
    around = use.parent
    at: Node | None = use
    while at is not None and at.type not in _ENDS_WITH_ITS_PLACE and at.type != "block":
        at = at.parent
    return (
        around is not None
        and around.type in ("arguments", "field_initializer", "shorthand_field_initializer")
        and (at is not None and at.type == "block")
    )


class ReceiverByValue(Operator):
    """`&self` becomes `self`."""

    name = "receiver_by_value"
    codes = ("E0507", "E0382", "E0631")
    route = Route.CRATE
    rationale = (
        "A method that takes `self` consumes it, so callers who only borrow it, or use it twice, cannot call it."
    )
    nodes = ("self_parameter",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The `&` or `&mut` of a method's receiver, where the method is no part of a trait."""
        home, impl = function_of(node), ancestor(node, "impl_item")
        if child(node, "&") is None or child(node, "lifetime") is not None or home is None or impl is None:
            return
        name = home.child_by_field_name("name")
        if name is None or implements_trait(node) or b"." + code.text(name).encode() + b"(" not in code.source:
            return
        kind, result = impl.child_by_field_name("type"), home.child_by_field_name("return_type")
        if kind is None or (result is not None and re.search(r"&(?!')|'_", code.text(result)) is not None):
            return
        copied = rf"\bCopy\b[^;{{}}]*\b(?:struct|enum)\s+{re.escape(code.text(kind).partition('<')[0])}\b"
        if re.search(copied.encode(), code.source) is not None:
            return
        called, was = code.text(name), code.text(node)
        cause = f"`{called}` takes `self` by value, but its callers only borrow what they call it on, as for `{was}`"
        yield code.site(cause, code.replace(node, "mut self" if "mut" in was else "self"))
