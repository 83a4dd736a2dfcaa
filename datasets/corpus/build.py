"""Building a corpus: sketch every row, let the stages decide, deal the rows out, write ledger, card, manifest.

What is half built lies in `.build/` with a note of what it is of: the same command goes on from there, and any other
one begins anew. The manifest comes last, so that its existence means complete. A finished corpus is never changed
unseen: another content needs another folder, or `replace`.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from oxidizer import __version__
from oxidizer.cluster.toolchain import Toolchain
from oxidizer.datasets.corpus.audit import MANIFEST
from oxidizer.datasets.corpus.card import card
from oxidizer.datasets.corpus.contamination import Index
from oxidizer.datasets.corpus.engine import Engine
from oxidizer.datasets.corpus.families import families_of
from oxidizer.datasets.corpus.ledger import entry, entry_path, entry_text
from oxidizer.datasets.corpus.notices import Used, write_notices
from oxidizer.datasets.corpus.recipe import CorpusRecipe
from oxidizer.datasets.corpus.shards import Dealing, Gathering, Shard, file_hash
from oxidizer.datasets.corpus.sieve import Sieve
from oxidizer.datasets.corpus.sketch import Sketching
from oxidizer.datasets.corpus.sources import Part, Source, parts_of
from oxidizer.datasets.corpus.stages import pipeline, split_column
from oxidizer.datasets.records import canonical

_WORK = ".build"
_ASKED = "asked.json"
SCHEMA_VERSION = 1

Say = Callable[[str, int, int], None]
"""Told of progress: the step, how many of its pieces are done, how many there are."""


class NothingLeft(ValueError):
    """The stages dropped every row: a corpus without rows is none."""


class OtherCorpus(ValueError):
    """The folder holds something else than what is to be built."""


@dataclass(frozen=True)
class Order:
    """What is to be built, of what."""

    sources: tuple[Source, ...]
    index: Path
    """The index of sealed code."""
    recipe: CorpusRecipe
    toolchain: Toolchain
    """Whose cargo fetches the licence texts of published crates."""
    replace: bool = False
    """A finished corpus of another content may be replaced."""


def build(order: Order, corpus: Path, engine: Engine, say: Say = lambda step, done, of: None) -> dict[str, Any]:
    """Build a corpus, or go on where an earlier build of the same was broken off; the manifest.

    Raises OtherCorpus, NothingLeft, SourceError, IndexUnusable, NoticesInterrupted, EngineBroken, OSError.
    """
    parts = parts_of(order.sources)
    asked = _asked(order, parts)
    if (finished := _begin(order, asked, corpus)) is not None:
        return finished
    work = corpus / _WORK
    _all(engine, Sketching(order.recipe, order.index, _folder(work / "sketches")), parts, say)
    sieve = sifted(_sketches(work / "sketches", parts), order.recipe, say)
    if not sieve.alive.any():
        gone = ", ".join(f"{p.stage} {p.came - p.stayed:,}" for p in sieve.passages if p.came > p.stayed)
        raise NothingLeft(f"of {len(sieve):,} rows none is left ({gone}): mine more, or change the recipe")
    splits = split_column(sieve, order.recipe)
    shards = _shards(sieve, splits, order.recipe)
    dealing = Dealing(_kept(sieve, splits), _counts(shards), order.recipe.shards.families, _folder(work / "piles"))
    _all(engine, dealing, parts, say)
    written = _gathered(engine, shards, corpus, order.recipe, say)
    _rejects(corpus, sieve)
    write_notices(corpus, _used(sieve, parts, _folder(work / "sources")), order.toolchain)
    manifest = _manifest(order, asked, sieve, corpus, written)
    _write(corpus / "README.md", card(manifest))
    _write(corpus / MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")
    shutil.rmtree(work)
    return manifest


def sifted(sketches: pa.Table, recipe: CorpusRecipe, say: Say = lambda step, done, of: None) -> Sieve:
    """The sketches when all stages have dropped what they do not keep."""
    sieve = Sieve(sketches)
    stages = pipeline(recipe)
    for number, (name, stage) in enumerate(stages):
        say("decide", number, len(stages))
        sieve.run(name, stage)
    say("decide", len(stages), len(stages))
    return sieve


def _asked(order: Order, parts: Sequence[Part]) -> dict[str, Any]:
    """All that decides what comes out."""
    return {
        "schema_version": SCHEMA_VERSION,
        "code": __version__,
        "recipe": json.loads(canonical(asdict(order.recipe))),
        "index": _index(order.index)["sha256"],
        "parts": {part.name: part.sha256 for part in parts},
    }


def _index(path: Path) -> dict[str, Any]:
    """What the manifest says of the index of sealed code. Raises IndexUnusable where there is none to speak of."""
    sealed = Index.load(path).about["sealed"]
    functions = sum(one.get("functions", 0) for one in sealed)
    return {"sha256": file_hash(path), "sealed": [one["name"] for one in sealed], "functions": functions}


def _begin(order: Order, asked: dict[str, Any], corpus: Path) -> dict[str, Any] | None:
    """Make the folder ready; the manifest where all is done already."""
    digest = hashlib.sha256(canonical(asked)).hexdigest()
    if (corpus / MANIFEST).is_file():
        manifest: dict[str, Any] = json.loads((corpus / MANIFEST).read_text("utf-8"))
        if manifest.get("asked") == digest:
            return manifest
        if not order.replace:
            raise OtherCorpus(
                f"{corpus} holds a finished corpus of other sources, another recipe or index: give another --out, "
                "or --replace to have it replaced"
            )
        (corpus / MANIFEST).unlink()
    elif corpus.is_dir() and any(corpus.iterdir()) and not (corpus / _WORK).is_dir():
        raise OtherCorpus(f"{corpus} is neither empty nor a corpus: give another --out")
    note = corpus / _WORK / _ASKED
    if not (note.is_file() and note.read_text("utf-8") == digest):
        if (corpus / _WORK).is_dir():
            shutil.rmtree(corpus / _WORK)
        _write(note, digest)
        shutil.rmtree(corpus / "licences", ignore_errors=True)
    for folder in ("data", "ledger", "rejects"):
        shutil.rmtree(corpus / folder, ignore_errors=True)
    return None


def _all(engine: Engine, work: Sketching | Dealing, parts: Sequence[Part], say: Say) -> None:
    """Do the work on all parts that it was not done on before."""
    step = "sketch" if isinstance(work, Sketching) else "deal"
    waiting = [part for part in parts if not work.is_done(part)]
    say(step, len(parts) - len(waiting), len(parts))
    for number, _ in enumerate(engine.map(work, waiting), 1):
        say(step, len(parts) - len(waiting) + number, len(parts))


def _sketches(folder: Path, parts: Sequence[Part]) -> pa.Table:
    return pa.concat_tables(pq.read_table(folder / f"{part.name}.parquet") for part in parts)


def _shards(sieve: Sieve, splits: Any, recipe: CorpusRecipe) -> list[Shard]:
    """How many shards each family and split needs, by what the rows take that they are made of."""
    sizes: Counter[tuple[str, str]] = Counter()
    columns = [sieve.column(name)[sieve.alive] for name in ("type", "bytes", "license")]
    for kind, size, licence, split in zip(*columns, splits[sieve.alive], strict=True):
        for family in families_of(kind, recipe.shards.families, licence):
            sizes[family, split] += int(size)
    counts = {key: max(1, -(-size // recipe.shards.bytes)) for key, size in sizes.items()}
    return [
        Shard(family, split, number, count)
        for (family, split), count in sorted(counts.items())
        for number in range(count)
    ]


def _counts(shards: Sequence[Shard]) -> dict[tuple[str, str], int]:
    return {(shard.family, shard.split): shard.count for shard in shards}


def _kept(sieve: Sieve, splits: Any) -> dict[str, dict[int, tuple[str, str]]]:
    """By part, the rows that are kept: their split and their licence."""
    kept: dict[str, dict[int, tuple[str, str]]] = {}
    columns = [sieve.column(name) for name in ("part", "row", "license")]
    for number in np.flatnonzero(sieve.alive):
        part, row, licence = (column[number] for column in columns)
        kept.setdefault(part, {})[int(row)] = (splits[number], licence)
    return kept


def _gathered(
    engine: Engine, shards: Sequence[Shard], corpus: Path, recipe: CorpusRecipe, say: Say
) -> list[dict[str, Any]]:
    """Write all shards and their ledger entries; what the manifest says of them."""
    work = Gathering(corpus / _WORK / "piles", corpus, recipe.shards.row_group)
    told = []
    for number, (shard, rows) in enumerate(engine.map(work, shards), 1):
        say("write", number, len(shards))
        if not rows:
            (corpus / shard.path).unlink()
            continue
        found = entry(shard, corpus / shard.path)
        _write(corpus / entry_path(shard.path), entry_text(found))
        told.append(
            {"path": shard.path, "family": shard.family, "split": shard.split}
            | {name: found[name] for name in ("rows", "bytes", "sha256", "license", "counts")}
            | {"crates": len({source["name"] for source in found["sources"]})}
        )
    return sorted(told, key=lambda shard: shard["path"])


def _used(sieve: Sieve, parts: Sequence[Part], folder: Path) -> list[Used]:
    """The packages whose code is in the corpus; the archives of those that are not published lie in `folder`."""
    names = ("crate", "version", "source", "member", "license", "source_url", "part")
    columns = [sieve.column(name)[sieve.alive] for name in names]
    found: dict[tuple[str, ...], str] = {}
    for *package, part in zip(*columns, strict=True):
        found[tuple(package)] = min(part, found.get(tuple(package), part))
    by_name = {part.name: part for part in parts}
    used = []
    for key, part in sorted(found.items()):
        given = dict(zip(names, key, strict=False))
        archive = folder / f"{part}.tar.gz" if given["source"] == "path" else None
        if archive is not None:
            archive.write_bytes(by_name[part].archive())
        used.append(Used(**given, archive=archive))
    return used


def _rejects(corpus: Path, sieve: Sieve) -> None:
    """What each stage dropped, by id, with its reason: to look at, and never to learn from."""
    by_stage: dict[str, list[dict[str, Any]]] = {}
    for row in sieve.rejects():
        by_stage.setdefault(str(row["stage"]), []).append(row)
    for stage, rows in by_stage.items():
        path = _folder(corpus / "rejects") / f"{stage.replace(' ', '-')}.parquet"
        table = pa.Table.from_pylist(sorted(rows, key=lambda row: (row["id"], row["part"])))
        pq.write_table(table, path, compression="zstd", store_schema=False)


def _manifest(
    order: Order, asked: dict[str, Any], sieve: Sieve, corpus: Path, written: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "asked": hashlib.sha256(canonical(asked)).hexdigest(),
        "code": __version__,
        "recipe": asked["recipe"],
        "index": _index(order.index),
        "runs": [
            {"run": source.run, "toolchain": source.toolchain,
             **{name: source.asked.get(name) for name in ("list", "miners")},
             "parts": sum(name.startswith(f"{source.run}.") for name in asked["parts"])}
            for source in sorted({source.run: source for source in order.sources}.values(), key=lambda s: s.run)
        ],
        "stages": [
            {"stage": p.stage, "came": p.came, "stayed": p.stayed, "dropped": dict(sorted(p.reasons.items()))}
            for p in sieve.passages
        ],
        "shares": sieve.shares,
        "shards": list(written),
        "rejects": {p.name: file_hash(p) for p in sorted((corpus / "rejects").glob("*.parquet"))},
    }  # fmt: skip


def _folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path


def _write(path: Path, text: str) -> None:
    """Write beside and rename: a reader sees all of it or nothing."""
    draft = _folder(path.parent) / f".{path.name}.part"
    draft.write_text(text, "utf-8")
    draft.rename(path)
