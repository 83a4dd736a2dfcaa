"""Sketches by hand, for what decides over them."""

from typing import Any

import pyarrow as pa

from oxidizer.datasets.corpus.columns import SCHEMA
from oxidizer.datasets.corpus.signature import signatures

_NONE: dict[str, Any] = {
    "part": "run.unit.diag_fix", "type": "diag_fix", "version": "1.0.0", "source": "registry", "member": ".",
    "source_url": "https://example.com/a/a", "tool": "rustc", "code": "E0308", "class": "type", "sealed": False,
    "quality": 0, "bytes": 1000, "license": "MIT",
}  # fmt: skip


def sketch(number: int, lesson: str = "", function: str = "", **fields: Any) -> dict[str, Any]:
    """A sketch with an id of its own; `lesson` and `function` are words that are compared."""
    row = dict.fromkeys(SCHEMA.names) | _NONE
    row |= {"row": number, "id": f"{number:032x}", "sha256": f"{number:064x}", "crate": "a", "home": "example.com/a/a"}
    row["content"] = number.to_bytes(16, "big")
    for name, words in (("lesson", lesson), ("function", function)):
        row[name] = signatures([words.split()])[0].astype("<u4").tobytes() if words else None
    return row | fields


def table(rows: list[dict[str, Any]]) -> pa.Table:
    """The sketches as a build has them."""
    return pa.Table.from_pylist(rows, SCHEMA)


def words(count: int, first: int = 0) -> str:
    """So many words, none twice."""
    return " ".join(f"w{number}" for number in range(first, first + count))
