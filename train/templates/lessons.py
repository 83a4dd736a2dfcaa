"""The fixes that a model learns from: drawn from a corpus, crate by crate, as the units of training's campaigns."""

from __future__ import annotations

import hashlib
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from oxidizer.cluster.rundir import Json
from oxidizer.datasets.corpus.reading import Corpus
from oxidizer.datasets.records import DiagFix, arrow_schema
from oxidizer.serve.judging.task import Row, unfit
from oxidizer.train.templates.recipe import TemplateRecipe

SPLIT = "train"
Package = tuple[str, str]


def draw(corpus: Corpus, recipe: TemplateRecipe, seed: int) -> tuple[dict[Package, list[Row]], dict[str, int]]:
    """The fixes of each package (its name and version), and how many of the corpus are left out, by the reason."""
    by_package: dict[Package, list[Row]] = defaultdict(list)
    left: Counter[str] = Counter()
    for row in corpus.rows("diag_fix", SPLIT):
        if reason := unfit(row):
            left[reason] += 1
        else:
            by_package[row["crate"], row["version"]].append(row)
    chosen = sorted(by_package)
    if recipe.crates and recipe.crates < len(chosen):
        chosen = sorted(random.Random(seed).sample(chosen, recipe.crates))
        left["its crate was not drawn"] += sum(len(rows) for key, rows in by_package.items() if key not in chosen)
    found = {}
    for package in chosen:
        found[package] = varied(by_package[package], recipe, seed)
        left["its crate has more than a crate's share"] += len(by_package[package]) - len(found[package])
    return found, dict(sorted(left.items()))


def varied(rows: Sequence[Row], recipe: TemplateRecipe, seed: int) -> list[Row]:
    """At most a crate's share of its fixes, the rarest kinds of mistake first, and no code with more than its share."""
    kinds: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: hashlib.sha256(f"{seed} {row['id']}".encode()).digest()):
        kinds[row["error"]["code"] or "", row["operator"] or ""].append(row)
    most = ceil(recipe.per_code * recipe.per_crate)
    codes: Counter[str] = Counter()
    kept: list[Row] = []
    # One of each kind, then the second of each.
    for turn in range(max(map(len, kinds.values()), default=0)):
        for (code, _), own in sorted(kinds.items(), key=lambda pair: (len(pair[1]), pair[0])):
            if turn < len(own) and codes[code] < most and len(kept) < recipe.per_crate:
                codes[code] += 1
                kept.append(own[turn])
    return sorted(kept, key=lambda row: str(row["id"]))


def write_units(found: Mapping[Package, Sequence[Row]], folder: Path, toolchain: str) -> list[Json]:
    """A file of fixes for each package, and the units that name them."""
    folder.mkdir(parents=True, exist_ok=True)
    schema = arrow_schema(DiagFix)
    units = []
    for (crate, version), rows in found.items():
        ids = hashlib.sha256("\n".join([toolchain, *(str(row["id"]) for row in rows)]).encode()).hexdigest()[:8]
        name = f"{crate}-{version}-{ids}"
        file = folder / f"{name}.parquet"
        if not file.exists():
            part = file.with_suffix(".part")
            pq.write_table(pa.Table.from_pylist([dict(row) for row in rows], schema=schema), part)
            part.replace(file)
        units.append({"unit": name, "crate": crate, "version": version, "tasks": str(file.absolute())})
    return units


def read_tasks(order: Json) -> list[Row]:
    """The fixes of a unit."""
    return list(pq.read_table(order["tasks"]).to_pylist())


def by_toolchain(rows: Iterable[Row]) -> set[str]:
    """The toolchains that made some fixes."""
    return {str(row["toolchain"]) for row in rows}
