"""The operators: every kind of mistake that the injected miner makes, one small class each."""

from __future__ import annotations

import importlib
import inspect
from functools import cache

from oxidizer.miners.operators.operator import Operator

FAMILIES = (
    "borrow", "loans", "moves", "spent", "lifetimes", "closures", "asyncs", "traits", "trait_uses", "generics",
    "derives", "objects", "visibility", "resolve", "confusions", "renames", "signatures", "types", "values",
    "numbers", "patterns", "unsafety", "consts", "macros", "errors", "syntax", "habits", "lints_style",
    "lints_complexity", "lints_branches", "lints_calls", "lints_loops", "lints_options", "lints_slips",
    "lints_leftovers", "lints_literals", "lints_pedantic", "lints_rustc", "behaviour", "manifest",
    "manifest_workspace",
)  # fmt: skip
"""The modules that hold operators, in the order of their lists."""


@cache
def operators() -> tuple[Operator, ...]:
    """One of each, in the order of the files. Raises ValueError where two share a name."""
    modules = [importlib.import_module(f"oxidizer.miners.operators.{family}") for family in FAMILIES]
    found = [
        kind()
        for module in modules
        for kind in vars(module).values()
        if inspect.isclass(kind) and issubclass(kind, Operator) and kind.__module__ == module.__name__
        and not inspect.isabstract(kind) and hasattr(kind, "name")
    ]  # fmt: skip
    names = [operator.name for operator in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"operators share a name: {', '.join(twice)}")
    return tuple(found)


def family(operator: Operator) -> str:
    """The module that holds an operator."""
    return type(operator).__module__.rpartition(".")[2]
