"""Building a corpus: sketch every row, let the stages decide, deal the rows out, write ledger, card, manifest.

What is half built lies in `.build/` with a note of what it is of: the same command goes on from there, and any other
one begins anew. The manifest comes last, so that its existence means complete. A finished corpus is never changed
unseen: another content needs another folder, or `replace`.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from oxidizer import __version__
from oxidizer.datasets.corpus.card import card
from oxidizer.datasets.corpus.engine import Engine
from oxidizer.datasets.corpus.families import families_of
from oxidizer.datasets.corpus.files import MANIFEST, folder, held, write
from oxidizer.datasets.corpus.ledger import entry, entry_path, entry_text
from oxidizer.datasets.corpus.notices import Used, write_notices
from oxidizer.datasets.corpus.order import SCHEMA_VERSION, WORK, Order, asked_of, begin, digest_of, index_facts
from oxidizer.datasets.corpus.owed import NOTICES, RepositoryTexts
from oxidizer.datasets.corpus.pulls import PACKAGE
from oxidizer.datasets.corpus.recipe import CorpusRecipe
from oxidizer.datasets.corpus.shards import Dealing, Gathering, Shard, file_hash
from oxidizer.datasets.corpus.sieve import Sieve
from oxidizer.datasets.corpus.sketch import Sketching
from oxidizer.datasets.corpus.sources import Part, SourceError, parts_of
from oxidizer.datasets.corpus.stages import pipeline

Say = Callable[[str, int, int], None]
"""Told of progress: the step, how many of its pieces are done, how many there are."""


class NothingLeft(ValueError):
    """The stages dropped every row: a corpus without rows is none."""


class TextsMissing(ValueError):
    """Licence texts that nobody has: without them the rows of a crate may not be passed on."""


def build(order: Order, corpus: Path, engine: Engine, say: Say = lambda step, done, of: None) -> dict[str, Any]:
    """Build a corpus, or go on where an earlier build of the same was broken off; the manifest.

    Raises OtherCorpus, AtWork, NothingLeft, TextsMissing, SourceError, IndexUnusable, NoticesInterrupted, EngineBroken
    and OSError.
    """
    parts = parts_of(order.sources)
    asked = asked_of(order, parts)
    with held(corpus):
        finished = begin(order, asked, corpus)
        return _built(order, parts, asked, corpus, engine, say) if finished is None else finished


def _built(
    order: Order, parts: Sequence[Part], asked: dict[str, Any], corpus: Path, engine: Engine, say: Say
) -> dict[str, Any]:
    work = corpus / WORK
    _sketch(engine, Sketching(order.recipe, order.index, folder(work / "sketches")), parts, say)
    sieve = sifted(_sketches(work / "sketches", parts), order.recipe, say)
    if not sieve.alive.any():
        gone = ", ".join(f"{p.stage} {p.came - p.stayed:,}" for p in sieve.passages if p.came > p.stayed)
        raise NothingLeft(f"of {len(sieve):,} rows none is left ({gone}): mine more, or change the recipe")
    bundle = write_notices(corpus, _used(sieve, parts, folder(work / "sources")), order.toolchain)
    if bundle.missing:
        raise TextsMissing(
            f"licence texts are missing: {'; '.join(bundle.missing)}: build without runs of these crates"
        )
    shards = _shards(sieve, order.recipe)
    _deal(engine, Dealing(_counts(shards), order.recipe.shards.families, folder(work / "piles")), parts, sieve, say)
    written = _gathered(engine, shards, corpus, order.recipe, say)
    _rejects(corpus, sieve)
    manifest = _manifest(order, asked, sieve, corpus, written)
    write(corpus / "README.md", card(manifest))
    write(corpus / MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")
    shutil.rmtree(work)
    return manifest


def sifted(sketches: pa.Table, recipe: CorpusRecipe, say: Say = lambda step, done, of: None) -> Sieve:
    """The sketches when all stages have dropped what they do not keep."""
    sieve = Sieve(sketches, recipe.split)
    stages = pipeline(recipe)
    for number, (name, stage) in enumerate(stages):
        say("decide", number, len(stages))
        sieve.run(name, stage)
    say("decide", len(stages), len(stages))
    return sieve


def _sketch(engine: Engine, work: Sketching, parts: Sequence[Part], say: Say) -> None:
    """Sketch all parts that an earlier build did not sketch."""
    waiting = [part for part in parts if not work.is_done(part)]
    say("sketch", len(parts) - len(waiting), len(parts))
    for number, _ in enumerate(engine.map(work, waiting), 1):
        say("sketch", len(parts) - len(waiting) + number, len(parts))


def _deal(engine: Engine, work: Dealing, parts: Sequence[Part], sieve: Sieve, say: Say) -> None:
    """Deal out the kept rows of all parts that an earlier build did not deal out."""
    kept = _kept(sieve)
    waiting = [(part, kept.get(part.name, {})) for part in parts if not work.is_done(part)]
    say("deal", len(parts) - len(waiting), len(parts))
    for number, _ in enumerate(engine.map(work, waiting), 1):
        say("deal", len(parts) - len(waiting) + number, len(parts))


def _sketches(folder: Path, parts: Sequence[Part]) -> pa.Table:
    return pa.concat_tables(pq.read_table(folder / f"{part.name}.parquet") for part in parts)


def _shards(sieve: Sieve, recipe: CorpusRecipe) -> list[Shard]:
    """How many shards each family and split needs, by what the rows take that they are made of."""
    sizes: Counter[tuple[str, str]] = Counter()
    columns = [sieve.column(name)[sieve.alive] for name in ("type", "bytes", "license")]
    for kind, size, licence, split in zip(*columns, sieve.splits[sieve.alive], strict=True):
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


def _kept(sieve: Sieve) -> dict[str, dict[int, tuple[str, str]]]:
    """By part, the rows that are kept: their split and their licence."""
    kept: dict[str, dict[int, tuple[str, str]]] = {}
    columns = [sieve.column(name) for name in ("part", "row", "license")]
    for number in np.flatnonzero(sieve.alive):
        part, row, licence = (column[number] for column in columns)
        kept.setdefault(part, {})[int(row)] = (str(sieve.splits[number]), licence)
    return kept


def _gathered(
    engine: Engine, shards: Sequence[Shard], corpus: Path, recipe: CorpusRecipe, say: Say
) -> list[dict[str, Any]]:
    """Write all shards and their ledger entries; what the manifest says of them."""
    work = Gathering(corpus / WORK / "piles", corpus, recipe.shards.row_group)
    told = []
    for number, (shard, rows) in enumerate(engine.map(work, shards), 1):
        say("write", number, len(shards))
        if not rows:
            (corpus / shard.path).unlink()
            continue
        found = entry(shard, corpus / shard.path)
        write(corpus / entry_path(shard.path), entry_text(found))
        told.append(
            {"path": shard.path, "family": shard.family, "split": shard.split}
            | {name: found[name] for name in ("rows", "bytes", "sha256", "license", "counts")}
        )
    return sorted(told, key=lambda shard: shard["path"])


def _used(sieve: Sieve, parts: Sequence[Part], folder: Path) -> list[Used]:
    """The packages whose code is in the corpus; the archives of those that are not published lie in `folder`."""
    columns = [sieve.column(name)[sieve.alive] for name in (*PACKAGE, "part")]
    found: dict[tuple[str, ...], set[str]] = {}
    for *package, part in zip(*columns, strict=True):
        found.setdefault(tuple(package), set()).add(part)
    by_name = {part.name: part for part in parts}
    used: list[Used] = []
    for key, names in sorted(found.items()):
        given: dict[str, Any] = dict(zip(PACKAGE, key, strict=True))
        units = [by_name[name] for name in sorted(names)]
        if given["source"] in ("path", "git"):
            given["archive"] = folder / str(len(used))
            given["archive"].write_bytes(units[0].archive() if given["source"] == "path" else _texts(units))
        used.append(Used(**given))
    return used


def _texts(units: Sequence[Part]) -> bytes:
    """What the units of a repository keep of its licences, together."""
    kept = [unit.notices() for unit in units]
    try:
        return RepositoryTexts.of(kept).encode()
    except ValueError as error:
        raise SourceError(f"{units[0].place}: {NOTICES} of one of {len(units)} units: {error}") from error


def _rejects(corpus: Path, sieve: Sieve) -> None:
    """What each stage dropped, by id, with its reason: to look at, and never to learn from."""
    by_stage: dict[str, list[dict[str, Any]]] = {}
    for row in sieve.rejects():
        by_stage.setdefault(str(row["stage"]), []).append(row)
    for stage, rows in by_stage.items():
        path = folder(corpus / "rejects") / f"{stage.replace(' ', '-')}.parquet"
        table = pa.Table.from_pylist(sorted(rows, key=lambda row: (row["id"], row["part"])))
        pq.write_table(table, path, compression="zstd", store_schema=False)


def _crates(sieve: Sieve) -> dict[str, dict[str, int]]:
    """How many crates the rows of each type and split are from."""
    seen: dict[str, dict[str, set[str]]] = {}
    columns = [sieve.column(name)[sieve.alive] for name in ("type", "crate")]
    for kind, crate, split in zip(*columns, sieve.splits[sieve.alive], strict=True):
        seen.setdefault(kind, {}).setdefault(split, set()).add(crate)
    return {
        kind: {split: len(names) for split, names in sorted(splits.items())} for kind, splits in sorted(seen.items())
    }


def _manifest(
    order: Order, asked: dict[str, Any], sieve: Sieve, corpus: Path, written: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "asked": digest_of(asked),
        "code": __version__,
        "code_digest": asked["code"],
        "recipe": asked["recipe"],
        "index": index_facts(order),
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
        "shares": {kind: {**told, "largest": sieve.largest(kind)} for kind, told in sieve.shares.items()},
        "crates": _crates(sieve),
        "in_tests": sum(map(bool, sieve.column("in_tests")[sieve.alive])),
        "shards": list(written),
        "rejects": {p.name: file_hash(p) for p in sorted((corpus / "rejects").glob("*.parquet"))},
    }  # fmt: skip
