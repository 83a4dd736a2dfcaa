"""What all records have in common: frozen, versioned, content-hashed; one canonical encoding, Arrow derived.

`id` hashes what makes the lesson and nothing of the circumstances: the same lesson has the same id on any backend,
machine or day. `sha256` hashes the whole record, circumstances included.
"""

from __future__ import annotations

import hashlib
import json
import types
import typing
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, Self

import pyarrow as pa
from pydantic import BaseModel, ConfigDict

SCHEMA_VERSION: Final = 1

_PLAIN = {str: pa.string(), bytes: pa.binary(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}


class Record(BaseModel):
    """The base of all parts of a record: immutable, and an unknown field or another type is an error. Bytes are base64
    in JSON.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, ser_json_bytes="base64", val_json_bytes="base64"
    )


class Identified(Record):
    """The base of whole records: what its id hashes, each type says in `lesson`."""

    if TYPE_CHECKING:
        # Declared below, by `diag_fix` and `reject` themselves: the order of fields is that of the columns.
        id: str
        sha256: str

    later: ClassVar[frozenset[str]] = frozenset()
    """Fields that came when there were rows already: null, they do not count, so that those keep their hashes."""

    @classmethod
    def new(cls, **fields: Any) -> Self:
        """A record with `id` and `sha256` computed from the other fields."""
        draft = cls(**fields, id="", sha256="")
        named = draft.model_copy(update={"id": draft.lesson_id()})
        return named.model_copy(update={"sha256": named.content_hash()})

    @abstractmethod
    def lesson(self) -> dict[str, Any]:
        """What makes the lesson, as plain data."""

    def lesson_id(self) -> str:
        """The id: 32 hex digits over what makes the lesson."""
        return hashlib.sha256(canonical(self.lesson())).hexdigest()[:32]

    def content_hash(self) -> str:
        """SHA-256 of the canonical encoding without the hash itself, and without later fields that are null."""
        told = self.model_dump(mode="json", by_alias=True) | {"sha256": ""}
        kept = {name: value for name, value in told.items() if value is not None or name not in self.later}
        return hashlib.sha256(canonical(kept)).hexdigest()


class Sourced(Identified):
    """The base of the types that came after `diag_fix` and `reject`: what every record says, before its own."""

    schema_version: Literal[1] = SCHEMA_VERSION
    id: str
    license: str
    source_url: str
    commit: str | None
    parents: list[str]
    sha256: str


def canonical(value: Any) -> bytes:
    """JSON with sorted keys, no spaces, UTF-8: one byte string per value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")


def encode(record: Record) -> bytes:
    """The canonical encoding of a record."""
    return canonical(record.model_dump(mode="json", by_alias=True))


def to_row(record: Record) -> dict[str, Any]:
    """A record as a plain row, as Arrow takes it: by public names (`class`, not `class_`), bytes as they are."""
    return record.model_dump(by_alias=True)


def arrow_schema(model: type[Record]) -> pa.Schema:
    """The Arrow schema of a record type, derived from its fields."""
    return pa.schema([_arrow_field(name, info) for name, info in model.model_fields.items()])


def _arrow_field(name: str, info: Any) -> pa.Field:
    kind, nullable = _arrow_type(info.annotation)
    return pa.field(info.alias or name, kind, nullable=nullable)


def _arrow_type(annotation: Any) -> tuple[pa.DataType, bool]:
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (types.UnionType, typing.Union):
        (inner,) = (a for a in args if a is not type(None))
        return _arrow_type(inner)[0], True
    if origin is list:
        return pa.list_(_arrow_type(args[0])[0]), False
    if origin is Literal:
        return (pa.int64() if isinstance(args[0], int) else pa.string()), False
    if isinstance(annotation, type) and issubclass(annotation, Record):
        return pa.struct([_arrow_field(n, i) for n, i in annotation.model_fields.items()]), False
    return {str: pa.string(), int: pa.int64(), bool: pa.bool_(), float: pa.float64(), bytes: pa.binary()}[
        annotation
    ], False
