"""Rows of any record type, drawn from its fields' annotations."""

import types
import typing
from typing import Any, Literal

from hypothesis import strategies as st

from oxidizer.datasets.records import Record

_PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(max_size=20),
    bytes: st.binary(max_size=20),
    int: st.integers(-(2**40), 2**40),
    float: st.floats(allow_nan=False, allow_infinity=False),
    bool: st.booleans(),
}


def rows(model: type[Record]) -> st.SearchStrategy[dict[str, Any]]:
    """Fields by their public names; ids and hashes are left empty."""
    named = {info.alias or name: _values(info.annotation) for name, info in model.model_fields.items()}
    return st.fixed_dictionaries({**named, **{name: st.just("") for name in ("id", "sha256") if name in named}})


def _values(annotation: Any) -> st.SearchStrategy[Any]:
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (types.UnionType, typing.Union):
        return st.one_of(*map(_values, args))
    if origin is list:
        return st.lists(_values(args[0]), max_size=2)
    if origin is Literal:
        return st.sampled_from(args)
    if annotation is type(None):
        return st.none()
    if isinstance(annotation, type) and issubclass(annotation, Record):
        return rows(annotation)
    return _PLAIN[annotation]
