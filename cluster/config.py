"""Frozen configs that a TOML file may change by key: an unknown key is an error that names the nearest one."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Collection
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, TypeVar

Config = TypeVar("Config")
_KINDS = {tuple: "a list of texts", float: "a number", int: "a whole number", str: "a text"}


class RecipeError(ValueError):
    """A recipe file that cannot be meant."""


def overlaid(config: Config, keys: dict[str, Any], where: str, *, tables: Collection[str] = ()) -> Config:
    """A config (a frozen dataclass) with keys of a file laid over it; `tables` are fields that are not its own keys.

    Raises RecipeError, which names `where` the keys are from.
    """
    known = {f.name: getattr(config, f.name) for f in fields(config) if f.name not in tables}  # type: ignore[arg-type]
    for key, value in keys.items():
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; known keys: {', '.join(known)}"
            raise RecipeError(f"{where}: unknown key {key!r}{hint}")
        wanted = type(known[key])
        if wanted is tuple and isinstance(value, list) and all(isinstance(v, str) for v in value):
            keys[key] = tuple(value)
        elif wanted is float and type(value) is int:
            keys[key] = float(value)
        elif type(value) is not wanted:
            raise RecipeError(f"{where}: {key} must be {_KINDS[wanted]}, not {value!r}")
    try:
        return replace(config, **keys)  # type: ignore[type-var]
    except ValueError as error:
        raise RecipeError(f"{where}: {error}") from error


def read_keys(path: Path) -> dict[str, Any]:
    """The keys of a TOML file. Raises RecipeError."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RecipeError(f"{path}: {error}") from error


def changed(recipe: Config, keys: dict[str, Any], where: str, tables: Collection[str]) -> Config:
    """A recipe with keys laid over it, `tables` being fields that are configs of their own. Raises RecipeError."""
    keys = dict(keys)
    told = {name: keys.pop(name, {}) for name in tables}
    for name, table in told.items():
        if not isinstance(table, dict):
            raise RecipeError(f"{where}: {name} is a table: write [{name}] and its keys below it, not {table!r}")
    recipe = overlaid(recipe, keys, where, tables=tables)
    below = {n: overlaid(getattr(recipe, n), dict(table), f"{where} [{n}]") for n, table in told.items()}
    return replace(recipe, **below)  # type: ignore[type-var]
