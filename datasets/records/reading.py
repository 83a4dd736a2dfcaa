"""From plain rows to records: what is wrong is told with the field's name, and older versions are brought up."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from oxidizer.datasets.records.cases import DiagCase, Entry, GraphSnap, Triplet
from oxidizer.datasets.records.chats import Chat, Preference
from oxidizer.datasets.records.diag_fix import DiagFix, Reject
from oxidizer.datasets.records.pulls import PrPair, PrUnproven
from oxidizer.datasets.records.record import SCHEMA_VERSION, Identified, canonical
from oxidizer.datasets.records.teaching import CanonTeach, Qa

Row = Mapping[str, Any]

TYPES: Mapping[str, type[Identified]] = {
    "diag_fix": DiagFix, "reject": Reject, "pr_pair": PrPair, "pr_unproven": PrUnproven,
    "canon_teach": CanonTeach, "qa": Qa, "diag_case": DiagCase, "triplet": Triplet, "entry": Entry,
    "graph_snap": GraphSnap, "chat": Chat, "preference": Preference,
}  # fmt: skip
"""Every type of record, by what its field `type` says."""

MIGRATIONS: dict[tuple[str, int], Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""By type and version, what makes a row of one version one of the next. There is one version so far."""


class RecordError(ValueError):
    """A row is no record. The message begins with the field that is wrong."""


def model_of(row: Row) -> type[Identified]:
    """The class of a row, by its field `type`. Raises RecordError."""
    kind = row.get("type")
    if kind not in TYPES:
        near = difflib.get_close_matches(str(kind), TYPES, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(TYPES)}"
        raise RecordError(f"type: no record is a {kind!r}; {hint}")
    return TYPES[str(kind)]


def decode(row: Row, *, from_json: bool = False) -> Identified:
    """The record of a row, of any version that was ever written; in JSON bytes are base64. Raises RecordError."""
    model = model_of(row)
    current = _current(dict(row))
    try:
        record = model.model_validate_json(canonical(current)) if from_json else model.model_validate(current)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        raise RecordError(f"{_field(first['loc'])}: {first['msg']}{more}") from error
    if row.get("schema_version") == SCHEMA_VERSION:
        return record
    # The hash is of the older form; the id names the lesson for ever.
    return record.model_copy(update={"sha256": record.content_hash()})


def check(record: Identified) -> None:
    """The record is what its id and its hash say. Raises RecordError."""
    for name, said, own in (
        ("id", record.id, record.lesson_id()),
        ("sha256", record.sha256, record.content_hash()),
    ):
        if said != own:
            raise RecordError(f"{name}: {said or 'empty'}, but what the record holds gives {own}")


def _current(row: dict[str, Any]) -> dict[str, Any]:
    while (version := row.get("schema_version")) != SCHEMA_VERSION:
        migrate = MIGRATIONS.get((str(row["type"]), version)) if isinstance(version, int) else None
        if migrate is None:
            newer = isinstance(version, int) and version > SCHEMA_VERSION
            way = "a newer Oxidizer wrote it: upgrade" if newer else f"this Oxidizer reads 1 to {SCHEMA_VERSION}"
            raise RecordError(f"schema_version: {version!r}; {way}")
        row = migrate(row)
    return row


def _field(path: tuple[int | str, ...]) -> str:
    """`error.span.line_start`, `review_comments[0].body`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.lstrip(".") or "the row"
