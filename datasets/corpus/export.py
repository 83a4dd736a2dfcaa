"""Rows of a corpus as lines of JSON: records as they are encoded, or conversations."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from oxidizer.datasets.corpus.reading import Corpus
from oxidizer.datasets.records import decode, encode
from oxidizer.datasets.task import NotShown, messages

Row = dict[str, Any]


def export(corpus: Corpus, family: str, split: str | None, form: str, target: Path) -> tuple[int, int]:
    """Write the rows of a family to a file; how many were written, and how many have no such form.

    Raises NoCorpus, and ValueError for an unknown form or rows that are no conversations at all.
    """
    forms: dict[str, Callable[[Row], bytes]] = {"jsonl": _record, "chat": _chat}
    if form not in forms:
        raise ValueError(f"there is no format {form!r}, only {' and '.join(forms)}")
    if form == "chat" and family == "negatives":
        raise ValueError("negatives are no conversations: export them as jsonl")
    draft = target.with_name(f".{target.name}.part")
    written = left_out = 0
    with draft.open("wb") as lines:
        for row in corpus.rows(family, split):
            try:
                lines.write(forms[form](row) + b"\n")
                written += 1
            except NotShown:
                left_out += 1
    draft.rename(target)
    return written, left_out


def _record(row: Row) -> bytes:
    return encode(decode(row))


def _chat(row: Row) -> bytes:
    said: dict[str, Any] = {"id": row["id"], "messages": messages(row)}
    if row.get("tools"):
        said["tools"] = json.loads(row["tools"])
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
