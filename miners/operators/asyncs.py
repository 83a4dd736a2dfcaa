"""Mistakes with futures: not awaited, awaited where nothing can wait, not pinned, or not fit for another thread."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from oxidizer.miners.operators.bases import DropWrapper
from oxidizer.miners.operators.cuts import only
from oxidizer.miners.operators.operator import Code, Operator, Route, Site, ancestor, child, named, walk
from oxidizer.miners.operators.scopes import is_called, rest, statement_around
from oxidizer.miners.operators.shapes import call
from oxidizer.miners.operators.surroundings import function_of, implements_trait
from oxidizer.miners.operators.wording import short


class DropAwait(Operator):
    """`read().await` becomes `read()`."""

    name = "drop_await"
    codes = ("E0308", "E0277", "E0599", "E0369")
    route = Route.BODY
    rationale = "A call of an async function only makes a future; its result is there once the future is awaited."
    nodes = ("await_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """An `.await`."""
        future = named(node)[0]
        cause = f"`{short(code, future)}` is a future, which is not awaited, but used as its result"
        yield code.site(cause, code.span(future.end_byte, node.end_byte, ""))


class DropAsync(Operator):
    """`async fn f()` becomes `fn f()`."""

    name = "drop_async"
    codes = ("E0728", "E0277")
    route = Route.CRATE
    rationale = "Only async code can wait for a future, and only a future can be awaited, which a plain result is not."
    nodes = ("function_item",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The `async` of a function."""
        modifiers, name = child(node, "function_modifiers"), node.child_by_field_name("name")
        keyword = child(modifiers, "async") if modifiers is not None else None
        if keyword is None or name is None:
            return
        waits = next((n for n in walk(node) if n.type == "await_expression"), None)
        where = f"awaits `{short(code, named(waits)[0])}`" if waits is not None else "is awaited by its callers"
        yield code.site(f"`{code.text(name)}` is not declared `async`, but {where}", code.cut(keyword))


class DropAsyncBlock(Operator):
    """`async move { x.await }` becomes `{ x.await }`."""

    name = "drop_async_block"
    codes = ("E0728", "E0277")
    route = Route.BODY
    rationale = (
        "A plain block runs at once and gives its value; only an async block is a future, which can wait for others."
    )
    nodes = ("async_block",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """The `async` or `async move` of a block."""
        block = child(node, "block")
        if block is not None:
            cause = f"`{short(code, block)}` is a plain block, where a future, `async` before it, is wanted"
            yield code.site(cause, *only(code, node, block))


class NeedlessAsync(Operator):
    """`fn f() -> T` becomes `async fn f() -> T`, although its callers do not await it."""

    name = "needless_async"
    codes = ("E0308", "E0599", "E0277", "E0369")
    route = Route.CRATE
    rationale = (
        "An async function returns a future in place of its result, which is no use to whoever wants that itself."
    )
    nodes = ("function_item",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A function that gives a value and is called in the file."""
        result, name = node.child_by_field_name("return_type"), node.child_by_field_name("name")
        keyword = child(node, "fn")
        if result is None or name is None or keyword is None or child(node, "function_modifiers") is not None:
            return
        called = code.text(name)
        if node.child_by_field_name("body") is None or implements_trait(node) or ancestor(node, "trait_item"):
            return
        if is_called(called, code):
            cause = f"`{called}` is `async`, so its callers get a future in place of its `{short(code, result)}`"
            yield code.site(cause, code.insert(keyword.start_byte, "async "))


class AwaitInSync(Operator):
    """`let x = f(y);` becomes `let x = f(y).await;` in a function that is not async."""

    name = "await_in_sync"
    codes = ("E0728",)
    route = Route.BODY
    rationale = "`.await` works only inside of async functions and blocks, as a plain function has no way to wait."
    nodes = ("let_declaration",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A call whose result a `let` binds."""
        value, home = node.child_by_field_name("value"), function_of(node)
        while value is not None and value.type == "try_expression":
            value = named(value)[0]
        name = home.child_by_field_name("name") if home is not None else None
        if value is None or home is None or name is None or value.type != "call_expression":
            return
        modifiers = child(home, "function_modifiers")
        if modifiers is not None or ancestor(node, "async_block", "closure_expression") is not None:
            return
        cause = f"`.await` stands behind `{short(code, value)}`, but `{code.text(name)}` is not `async`"
        yield code.site(cause, code.insert(value.end_byte, ".await"))


class RcOverAwait(Operator):
    """`let held = Rc::new(()); x.await; drop(held);` in a future that must be `Send`."""

    name = "rc_over_await"
    codes = ("",)
    route = Route.BODY
    rationale = "What lives over an `.await` is part of the future, which is `Send` only if all that it holds is."
    nodes = ("await_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A statement that awaits, in an async block of a function that returns a `Send` future."""
        block, home, at = ancestor(node, "async_block"), function_of(node), statement_around(node)
        result = home.child_by_field_name("return_type") if home is not None else None
        if block is None or result is None or at is None or not re.search("Send|BoxFuture", code.text(result)):
            return
        if at.type not in ("let_declaration", "expression_statement") or not rest(at):
            return
        cause = f"`shared` is an `Rc`, which lives over `{short(code, node)}` in a future that must be `Send`"
        start = code.insert(at.start_byte, "let shared = std::rc::Rc::new(()); ")
        yield code.site(cause, start, code.insert(at.end_byte, " drop(shared);"))


class UnpinnedReceiver(Operator):
    """`fn poll(self: Pin<&mut Self>, ..)` becomes `fn poll(&mut self, ..)`."""

    name = "unpinned_receiver"
    codes = ("E0053",)
    route = Route.ITEM
    rationale = "A future may borrow from itself, so it is polled behind a `Pin`; a plain `&mut self` could move it."
    nodes = ("parameter",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A pinned receiver in the `impl` of a trait."""
        pattern, kind, home = node.child_by_field_name("pattern"), node.child_by_field_name("type"), function_of(node)
        name = home.child_by_field_name("name") if home is not None else None
        if pattern is None or kind is None or name is None or pattern.type != "self" or not implements_trait(node):
            return
        if re.fullmatch(r"(?:\w+::)*Pin<&mut Self>", code.text(kind)):
            cause = f"`{code.text(name)}` takes `&mut self`, but its trait declares it with `self: {code.text(kind)}`"
            yield code.site(cause, code.replace(node, "&mut self"))


class DropBoxPin(Operator):
    """`Box::pin(f)` becomes `f`, or `Box::new(f)`."""

    name = "drop_box_pin"
    codes = ("E0308", "E0277")
    route = Route.BODY
    rationale = "A future must stay where it is while it runs: a boxed one is made by `Box::pin`, which promises that."
    nodes = ("call_expression",)

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        """A call of `Box::pin`."""
        if (called := call(node, code)) is not None and called[0] == "Box::pin":
            future = short(code, called[1])
            yield code.site(f"`{future}` is neither boxed nor pinned, as by `Box::pin`", *only(code, node, called[1]))
            cause = f"`Box::new({future})` boxes a future, but does not pin it"
            yield code.site(cause, code.replace(node.children[0], "Box::new"))


class DropReady(DropWrapper):
    """`Poll::Ready(x)` becomes `x`."""

    name = "drop_ready"
    rationale = (
        "`poll` says by `Poll::Ready` or `Poll::Pending` whether there is a result; the bare result says neither."
    )
    wrapper = "Poll::Ready"
    wanted = "a `Poll`"
