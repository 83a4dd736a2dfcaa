"""A sketch: the little of a row that decides whether a corpus takes it, and where. Rows are read once for it.

What can be judged of a row alone is judged here (its form, its licence, its code, its likeness to sealed code); what
needs the others (duplicates, shares) is judged of all sketches together.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from unidiff.errors import UnidiffParseError

from oxidizer.datasets.corpus.columns import SCHEMA
from oxidizer.datasets.corpus.contamination import Index
from oxidizer.datasets.corpus.files import draft_of
from oxidizer.datasets.corpus.lesson import broken_tokens, code_tokens, content_key, lesson_tokens
from oxidizer.datasets.corpus.licences import Terms, attribution_missing
from oxidizer.datasets.corpus.meaning import is_test_record, record_item, unfit_files, unfit_record
from oxidizer.datasets.corpus.pulls import is_pull, package_of, patch_of, pull_quality
from oxidizer.datasets.corpus.recipe import CorpusRecipe
from oxidizer.datasets.corpus.signature import signatures
from oxidizer.datasets.corpus.sources import Part
from oxidizer.datasets.corpus.split import home_of, row_home
from oxidizer.datasets.records import RecordError, check, decode
from oxidizer.datasets.sealed import is_sealed

Row = dict[str, Any]
_SECTION = re.compile(r"(?m)^diff --git ")


@dataclass(frozen=True)
class Sketching:
    """The work on one part: its sketches go into a folder, as one file."""

    recipe: CorpusRecipe
    index: Path
    folder: Path

    def path(self, part: Part) -> Path:
        """Where a part's sketches are, or will be."""
        return self.folder / f"{part.name}.parquet"

    def is_done(self, part: Part) -> bool:
        """An earlier build sketched this part."""
        return self.path(part).is_file()

    def __call__(self, part: Part) -> str:
        """Sketch all rows of a part; its name."""
        table = sketches(part, part.rows(), self.recipe, _index(self.index))
        draft = draft_of(self.path(part))
        pq.write_table(table, draft, compression="zstd")
        draft.rename(self.path(part))
        return part.name


@cache
def _index(path: Path) -> Index:
    return Index.load(path)


def sketches(part: Part, rows: Sequence[Row], recipe: CorpusRecipe, index: Index) -> pa.Table:
    """The sketches of a part's rows, in their order."""
    terms, closed = Terms(frozenset(recipe.licences)), _Closed(index)
    plain = [_plain(part, number, row, terms) for number, row in enumerate(rows)]
    sound = [row if sketch["malformed"] is None else None for sketch, row in zip(plain, rows, strict=True)]
    lessons = [lesson_tokens(row) if row else [] for row in sound]
    codes = [code_tokens(row) if row else [] for row in sound]
    # An injected mistake may lie in another item than its fix shows.
    befores = [broken_tokens(row) if row else [] for row in sound]
    hits = zip(index.judge_all(codes), index.judge_all(befores), strict=True)
    for sketch, row, (after, before) in zip(plain, sound, hits, strict=True):
        if row and not sketch["sealed"]:
            hit = after or before
            sketch["contaminated"] = closed.word(sketch) or (hit.cause if hit else None)
    for name, documents in (("lesson", lessons), ("function", codes)):
        for sketch, document, signature in zip(plain, documents, signatures(documents), strict=True):
            sketch[name] = signature.astype("<u4").tobytes() if document else None
    return pa.Table.from_pylist(plain, SCHEMA)


class _Closed:
    """What the index names, whatever its code is like: most rows are too short to be known by their likeness."""

    def __init__(self, index: Index) -> None:
        self.names = {str(one["name"]) for one in index.about["sealed"]}
        self.homes = {home_of(str(one["name"]), one["repository"]) for one in index.about["sealed"]}

    def word(self, sketch: Row) -> str | None:
        if sketch["source"] == "registry" and sketch["crate"] in self.names:
            return "its crate is in the index"
        return "its repository is in the index" if sketch["home"] in self.homes else None


def _plain(part: Part, number: int, row: Row, terms: Terms) -> Row:
    """A sketch without what is computed of tokens."""
    found: Row = dict.fromkeys(SCHEMA.names)
    found |= {"part": part.name, "row": number, "type": part.type, "malformed": _malformed(row)}
    found |= {name: str(row.get(name)) for name in ("id", "sha256")}
    found["crate"] = str(row.get("crate") or row.get("repo"))
    if found["malformed"] is not None:
        return found | {"home": "", "code": "", "content": bytes(16), "sealed": False, "quality": 0, "bytes": 0}
    verdict = terms.judge(row["license"])
    repository = (row.get("provenance") or {}).get("repo") or row["source_url"]
    package = package_of(row)
    published = package["crate"] if package["source"] == "registry" else None
    error = row.get("error") or {}
    return found | {
        **{name: package[name] for name in ("version", "source", "member", "source_url")},
        "commit": row["commit"],
        "home": row_home(row),
        "tool": error.get("tool") or row.get("tool"),
        "code": error.get("code") or error.get("tool") or row.get("code") or row.get("kind") or "none",
        "class": row.get("class"),
        "sealed": bool(row.get("sealed")) or is_sealed(published, repository),
        "item": record_item(row).path if "code_before" in row else None,
        "in_tests": is_test_record(row) if "code_before" in row else None,
        "quality": _quality(row),
        "bytes": _bytes(row),
        "refused": verdict.reason if verdict.kept is None else attribution_missing(row),
        "license": verdict.kept,
        "unfit": _unfit(row),
        "content": bytes.fromhex(content_key(row)),
    }


def _unfit(row: Row) -> str | None:
    """Why nobody should learn from the code; a reject has no more of it than its patch."""
    if "code_before" in row:
        return unfit_record(row)
    patch = patch_of(row)
    found = unfit_files(patch)
    # A pull request may touch a table beside its code.
    if is_pull(row) and len(found) < len(_SECTION.findall(patch)):
        return None
    return next(iter(found.values()), None)


def _malformed(row: Row) -> str | None:
    try:
        check(decode(row))
        lesson_tokens(row)
        unfit_files(patch_of(row))
    except RecordError as error:
        return str(error)
    except (ValueError, UnidiffParseError) as error:
        return f"{'model_diff' if is_pull(row) else 'patch_diff'}: cannot be read: {error}"
    return None


def _quality(row: Row) -> int:
    """How well a row is proven, for a choice between rows that say the same: tests that run the edit count most."""
    if is_pull(row):
        return pull_quality(row)
    verdict, tests = row.get("verdict"), row.get("tests")
    if not verdict or not tests:
        return 0
    proof = {"alone": 2, "together": 1, "batch": 0}[verdict["scope"]]
    return int(8 * bool(verdict["covered"]) + 4 * (tests["after"] == "pass") + 2 * bool(verdict["audited"]) + proof)


def _bytes(row: Row) -> int:
    """About what a row takes before compression: its texts, by which shards are measured out."""
    return sum(map(len, _texts(row)))


def _texts(value: Any) -> list[bytes]:
    if isinstance(value, str):
        return [value.encode("utf-8", "surrogatepass")]
    if isinstance(value, bytes):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for part in parts for text in _texts(part)]
