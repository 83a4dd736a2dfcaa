"""What surrounds a node: its function with parameters, result and words such as `const`; its impl, its attributes."""

from __future__ import annotations

from tree_sitter import Node

from oxidizer.miners.operators.operator import COMMENTS, Code, ancestor, child, named


def function_of(node: Node) -> Node | None:
    """The nearest function around the node."""
    return ancestor(node, "function_item")


def function_left(node: Node) -> Node | None:
    """The function that a `return` at this node would leave; None in closures and async blocks."""
    at = ancestor(node, "function_item", "closure_expression", "async_block", "const_item", "static_item")
    return at if at is not None and at.type == "function_item" else None


def function_taking(parameter: Node) -> Node | None:
    """The function that a parameter is one of; None for those of closures."""
    at = ancestor(parameter, "function_item", "closure_expression")
    return at if at is not None and at.type == "function_item" else None


def result_type(function: Node | None, code: Code) -> str:
    """The return type of a function; "" for none."""
    result = function.child_by_field_name("return_type") if function is not None else None
    return code.text(result) if result is not None else ""


def result_of(node: Node, code: Code) -> str:
    """The return type of the function that a `return` at this node would leave; "" for none."""
    return result_type(function_left(node), code)


def name_of(item: Node | None, code: Code) -> str:
    """The name that an item declares; "" for none."""
    name = item.child_by_field_name("name") if item is not None else None
    return code.text(name) if name is not None else ""


def parameters(function: Node | None) -> list[Node]:
    """The parameters of a function without its receiver and without attributes."""
    found = function.child_by_field_name("parameters") if function is not None else None
    return [p for p in named(found) if p.type == "parameter"] if found is not None else []


def parameter_types(function: Node | None, code: Code) -> dict[str, Node]:
    """The types of a function's parameters that are plain names."""
    pairs = [(p.child_by_field_name("pattern"), p.child_by_field_name("type")) for p in parameters(function)]
    return {code.text(p): kind for p, kind in pairs if p is not None and kind is not None and p.type == "identifier"}


def receiver(function: Node | None) -> Node | None:
    """The `self` parameter of a function."""
    found = function.child_by_field_name("parameters") if function is not None else None
    return child(found, "self_parameter") if found is not None else None


def has_modifier(function: Node | None, word: str, code: Code) -> bool:
    """The function is declared with a word such as `const` or `unsafe`."""
    modifiers = child(function, "function_modifiers") if function is not None else None
    return modifiers is not None and word in code.text(modifiers).split()


def at_compile_time(node: Node, code: Code) -> bool:
    """The node lies in a constant, a static or a `const fn`, where no methods of traits are to be had."""
    home = ancestor(node, "function_item", "const_item", "static_item")
    return home is not None and (home.type != "function_item" or has_modifier(home, "const", code))


def is_unsafe(node: Node, code: Code) -> bool:
    """The node lies in an unsafe block or function."""
    at: Node | None = node
    while at is not None:
        if at.type == "unsafe_block" or (at.type == "function_item" and has_modifier(at, "unsafe", code)):
            return True
        at = at.parent
    return False


def owner(node: Node) -> Node | None:
    """The impl or trait whose member the node is."""
    body = node.parent
    if body is None or body.type != "declaration_list" or body.parent is None:
        return None
    return body.parent if body.parent.type in ("impl_item", "trait_item") else None


def trait_impl(node: Node) -> Node | None:
    """The impl of a trait whose member the node is."""
    home = owner(node)
    return home if home is not None and home.child_by_field_name("trait") is not None else None


def implements_trait(node: Node) -> bool:
    """The node lies in an `impl Trait for Type`."""
    home = ancestor(node, "impl_item")
    return home is not None and home.child_by_field_name("trait") is not None


def is_free(function: Node) -> bool:
    """A function whose signature is its own: neither a trait's nor an impl's of one."""
    home = owner(function)
    return home is None or (home.type == "impl_item" and home.child_by_field_name("trait") is None)


def lifetimes(item: Node, code: Code) -> list[str]:
    """The lifetimes that an item declares, with their quotes."""
    parameters = item.child_by_field_name("type_parameters")
    declared = named(parameters) if parameters is not None else []
    return [name_of(c, code) for c in declared if c.type == "lifetime_parameter"]


def attributes(node: Node) -> list[Node]:
    """The attributes right before an item, last one first."""
    found: list[Node] = []
    at = node.prev_sibling
    while at is not None and (at.type == "attribute_item" or at.type in COMMENTS):
        if at.type == "attribute_item":
            found.append(at)
        at = at.prev_sibling
    return found


def leads_with_comment(node: Node) -> bool:
    """A comment stands right before the item or among its attributes."""
    at = node.prev_sibling
    while at is not None and at.type == "attribute_item":
        at = at.prev_sibling
    return at is not None and at.type in COMMENTS and at.end_point[0] >= node.start_point[0] - 1 - len(attributes(node))
