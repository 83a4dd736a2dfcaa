"""Mistakes of loans that live too long, or longer than what they borrow from."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from oxidizer.miners.operators.bindings import Reach, dropped, ends_loan, is_copied, second_name, used_later
from oxidizer.miners.operators.operator import Code, Operator, Route, Site, child, named, walk
from oxidizer.miners.operators.scopes import allocates, changed_place, is_declared_mut, is_mutable, mentions, used_after
from oxidizer.miners.operators.shapes import let_parts, method, path, variant
from oxidizer.miners.operators.surroundings import function_of
from oxidizer.miners.operators.wording import short

_LENDERS = frozenset(
    {
        "as_bytes", "as_mut_slice", "as_path", "as_str", "bytes", "char_indices", "chars",
        "chunks", "chunks_exact", "first", "get", "iter", "iter_mut", "keys", "last", "lines", "peekable", "split",
        "split_at", "split_once", "split_whitespace", "splitn", "strip_prefix", "strip_suffix", "trim", "trim_end",
        "trim_matches", "trim_start", "values", "windows",
    }
)  # fmt: skip
_ADAPTERS = frozenset(
    {"by_ref", "enumerate", "filter", "fuse", "rev", "skip", "skip_while", "take", "take_while", "zip"}
)
_MOST_USES = 6
_READERS = frozenset({"as_bytes", "capacity", "fmt", "get", "is_empty", "iter", "len", "unwrap", "contains", "lock"})


class HoldSharedLoan(Operator):
    """`v.push(x); v.len()` becomes `let v_ref = &v; v.push(x); v_ref.len()`."""

    name = "hold_shared_loan"
    codes = ("E0502", "E0506")
    route = Route.BODY
    rationale = "A value cannot change while a shared loan of it is used later; a copy of it is often what was meant."
    nodes = ("expression_statement",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A statement that assigns to a variable or field, or calls a method on one that is mutable."""
        if (changed := _changed(node, code)) is None:
            return
        place, verb = changed
        if (held := second_name(place, node, code, "old_{}" if verb == "assigned to" else "{}")) is None:
            return
        where = short(code, node).rstrip(";")
        cause = f"`{held}` borrows `{place}` until after `{where}`, where `{place}` is {verb}"
        reach = Reach(held, f"*{held}" if is_copied(node, code) else None, None, writes=False)
        yield from _held(cause, node, f"&{place}", reach, code, place)


class HoldExclusiveLoan(Operator):
    """`let n = v.len(); v.push(n);` becomes `let v_ref = &mut v; let n = v.len(); v_ref.push(n);`."""

    name = "hold_exclusive_loan"
    codes = ("E0502", "E0499", "E0503", "E0506")
    route = Route.BODY
    rationale = "While a `&mut` loan is in use, what it borrows cannot be touched by any other way, not even read."
    nodes = ("let_declaration", "expression_statement")

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A statement that reads or changes a mutable variable or field."""
        if node.parent is None or node.parent.type != "block":
            return
        if node.type == "let_declaration":
            value = node.child_by_field_name("value")
            call = method(value, code)
            place = path(call.value, code) if call is not None else None
            if place is None or not is_mutable(place.split(".")[0], node, code) or place == "self":
                return
            verb = "used"
        elif (changed := _changed(node, code)) is not None:
            place, verb = changed
        else:
            return
        if (held := second_name(place, node, code)) is None:
            return
        where = short(code, node).rstrip(";")
        lent = f"&mut {place}" if "." in place or is_declared_mut(place, node, code) else f"&mut *{place}"
        cause = f"`{place}` is {verb} in `{where}` while `{held}` still holds a `&mut` loan of it"
        reach = Reach(held, f"*{held}" if is_copied(node, code) else None, None, writes=True)
        yield from _held(cause, node, lent, reach, code, place)


def _held(cause: str, node: Node, lent: str, reach: Reach, code: Code, place: str) -> Iterator[Site]:
    """The site that lends a place before a statement, and needs the loan after it."""
    line = code.newline(node)
    later = used_later(node, place, reach, code)
    if later is None and ends_loan(node):
        later = code.insert(node.end_byte, f"{line}{dropped(reach.text, node, code)}")
    if later is not None:
        yield code.site(cause, code.insert(node.start_byte, f"let {reach.text} = {lent};{line}"), later)


def _changed(node: Node, code: Code) -> tuple[str, str] | None:
    """The variable or field that a statement changes, and how."""
    if (found := changed_place(node, code)) is None or found[0] == "self":
        return None
    place, call = found
    if call is None:
        return place, "assigned to"
    return None if call.name in _READERS else (place, f"borrowed again by `{call.name}`")


class HoistLoan(Operator):
    """`self.step(); self.out.push(x);` becomes `let out = &mut self.out; self.step(); out.push(x);`."""

    name = "hoist_loan"
    codes = ("E0502", "E0499")
    route = Route.BODY
    rationale = (
        "Giving a field a short name by `&mut` keeps it borrowed, so that nothing else of `self` reaches it meanwhile."
    )
    nodes = ("block",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A field that a block calls methods on after it called one on all of `self`."""
        home = function_of(node)
        if home is None or not is_mutable("self", node, code):
            return
        calls: dict[str, list[Node]] = {}
        for call in (c for s in named(node) for c in _evaluated(s)):
            if (found := method(call, code)) is not None and (place := path(found.value, code)) is not None:
                calls.setdefault(place, []).append(found.value)
        for place, held in calls.items():
            field = place.removeprefix("self.")
            user = next((u for u in calls.get("self", ()) if u.start_byte < held[-1].start_byte), None)
            if user is None or user.parent is None or field == place or "." in field or len(held) > _MOST_USES:
                continue
            start = min(user.start_byte, held[0].start_byte)
            first = next(s for s in named(node) if s.start_byte <= start < s.end_byte)
            if mentions(home.start_byte, home.end_byte, field, code):
                continue
            other = short(code, user.parent.parent or user.parent)
            cause = f"`{field}` holds a `&mut` loan of `{place}` over `{other}`, which needs all of `self`"
            binding = f"let {field} = &mut {place};{code.newline(first)}"
            if first.start_byte == held[0].start_byte:
                edits = [code.replace(held[0], binding + field)]
            else:
                edits = [code.insert(first.start_byte, binding), code.replace(held[0], field)]
            yield code.site(cause, *edits, *(code.replace(h, field) for h in held[1:]))


def _evaluated(node: Node) -> Iterator[Node]:
    """The calls that run when a statement does, in the order of the text: not those of closures and items in it."""
    todo = [node]
    while todo:
        at = todo.pop()
        if at.type == "call_expression":
            yield at
        if at.type != "closure_expression" and not at.type.endswith("_item"):
            todo += reversed(at.children)


class LoopOverIterator(Operator):
    """`while let Some(c) = it.next() {` becomes `for c in it.by_ref() {` although the body uses `it`."""

    name = "loop_over_iterator"
    codes = ("E0499", "E0502")
    route = Route.BODY
    rationale = "A `for` keeps its iterator borrowed for the whole loop, so that the body cannot use what it goes over."
    nodes = ("while_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A `while let` that takes items from something that the body uses again."""
        (pattern, value), keyword = let_parts(node) or (node, node), child(node, "while")
        body, parts, call = node.child_by_field_name("body"), variant(pattern), method(value, code)
        if not parts or call is None or body is None or keyword is None:
            return
        source = path(call.value, code)
        ways = {"next": "by_ref()", "pop": "drain(..)", "pop_front": "drain(..)", "peek": "by_ref()"}
        if source is None or call.name not in ways or code.text(parts[0]) != "Some" or call.args:
            return
        if not any(c.type == "call_expression" and _calls(c, source, code) for c in walk(body)):
            return
        loop = f"for {short(code, parts[1])} in {source}.{ways[call.name]}"
        cause = f"`{loop}` borrows `{source}` until the loop ends, but the loop's body uses `{source}` too"
        yield code.site(cause, code.span(keyword.start_byte, value.end_byte, loop))


def _calls(node: Node, place: str, code: Code) -> bool:
    call = method(node, code)
    if call is not None and path(call.value, code) == place:
        return True
    arguments = node.child_by_field_name("arguments")
    taken = named(arguments) if arguments is not None else []
    return any(a.type == "reference_expression" and path(named(a)[-1], code) == place for a in taken)


class BorrowFromInnerScope(Operator):
    """`let x = s.trim();` becomes `let x = { let copy = s.to_owned(); copy.trim() };`."""

    name = "borrow_from_inner_scope"
    codes = ("E0597",)
    route = Route.BODY
    rationale = "A value is dropped at the end of its block, so a loan of it cannot be used outside of that block."
    nodes = ("let_declaration",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A `let` of something borrowed from a variable or a field, which is used later."""
        if (value := _kept(node, code)) is None or (source := _lender(value, code)) is None:
            return
        if not allocates(node, "to_owned", code):
            return
        place, lent = path(source, code), code.source[value.start_byte : source.start_byte].decode()
        writes = "mut" in code.text(value)
        after = " ".join(code.source[source.end_byte : value.end_byte].decode().split())
        bound = code.text(named(node)[-2])
        cause = (
            f"`{bound}` keeps `{lent}copy{after[:40]}`, but `copy` (of `{place}`) is dropped at the end of its block"
        )
        inside = code.newline(node, 1)
        start = f"{{{inside}let {'mut ' if writes else ''}copy = {place}.to_owned();{inside}{lent}copy"
        end = code.insert(value.end_byte, f"{code.newline(node)}}}")
        yield code.site(cause, code.span(value.start_byte, source.end_byte, start), end)


class BorrowTemporary(Operator):
    """`let x = s.trim();` becomes `let x = s.to_owned().trim();`."""

    name = "borrow_temporary"
    codes = ("E0716",)
    route = Route.BODY
    rationale = "A value without a name is dropped at the end of its statement, and so cannot be borrowed for longer."
    nodes = ("let_declaration",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A `let` of what a method lends from a variable or a field, which is used later."""
        value = _kept(node, code)
        if value is None or value.type != "call_expression" or not allocates(node, "to_owned", code):
            return
        if (source := _lender(value, code)) is not None:
            place, bound = path(source, code), code.text(named(node)[-2])
            cause = f"`{place}.to_owned()` is dropped at the end of the `let`, but `{bound}` borrows from it"
            yield code.site(cause, code.insert(source.end_byte, ".to_owned()"))


def _kept(node: Node, code: Code) -> Node | None:
    """The value of a `let` that binds one name, which is used later."""
    pattern, value = node.child_by_field_name("pattern"), node.child_by_field_name("value")
    if pattern is None or value is None or pattern.type != "identifier" or node.child_by_field_name("type") is not None:
        return None
    return value if named(node)[-1] == value and used_after(node, code.text(pattern), code) else None


def _lender(value: Node, code: Code) -> Node | None:
    """The variable or field that a value borrows from: by methods that lend, or by `&v[..]`."""
    if value.type == "reference_expression":
        inner = named(value)[-1]
        source = named(inner)[0] if inner.type == "index_expression" else None
        return source if source is not None and path(source, code) not in (None, "self") else None
    calls, at = [], value
    while (call := method(at, code)) is not None:
        at = call.value
        calls.append(call.name)
    lends = bool(calls) and calls[-1] in _LENDERS and all(c in _LENDERS | _ADAPTERS for c in calls)
    return at if lends and path(at, code) not in (None, "self") else None
