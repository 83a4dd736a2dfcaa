"""Which published crates are worth mining: ranked by evidence from the crates registry's database dump, and spread.

A crate comes in at its default version, the one that cargo adds. It is a candidate if that version is not yanked, holds
a library, has a licence that the licence gate takes and a size within bounds. Its score is a weighted sum of four
numbers between 0 and 1 (`WEIGHTS`), each column of the result:

- `downloads`: log(1 + all-time downloads) against the most that a candidate has;
- `dependants`: log(1 + crates whose default version needs it to build) against the most;
- `recency`: halved for each two years between the version's date and the dump's newest;
- `health`: the mean of what shows care, each 0 or 1: a repository, an edition since 2018, a stated Rust version, three
  versions or more; and the share of versions that were not yanked.

Then it is spread: of all that are left the next is the one whose score, divided by one more than the crates already
taken in its category, is highest. So a category's k-th crate has to be k times as good as another's first.
"""

from __future__ import annotations

import heapq
import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from oxidizer.datasets.dump import Dump, DumpError
from oxidizer.datasets.licence import judge_licence
from oxidizer.datasets.repositories import repository_key

if TYPE_CHECKING:
    import polars as pl

WEIGHTS = {"downloads": 0.4, "dependants": 0.3, "recency": 0.15, "health": 0.15}
_HALVED_AFTER_DAYS = 730.0
_EDITIONS = ("2018", "2021", "2024")
_SEVERAL = 3
_DEVELOPMENT = 2
"""The `kind` of a dependency that only tests and examples need."""
NO_CATEGORY = "none"
_NAME = r"^[A-Za-z][A-Za-z0-9_-]{0,63}$"
_VERSION = r"^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$"
_SLUG = r"^[a-z0-9_-]{1,64}$"


@dataclass(frozen=True)
class Criteria:
    """What a crate must be to be a candidate."""

    least_bytes: int = 4 << 10
    """Of the packed crate: smaller ones hold next to no code."""
    most_bytes: int = 1 << 20
    rust: tuple[int, int] | None = None
    """The newest release that a crate may need."""


def release(text: str) -> tuple[int, int]:
    """`1.85` or `1.85.0` as numbers; ValueError for anything else."""
    found = re.fullmatch(r"(\d+)\.(\d+)(\.\d+)?", text)
    if found is None:
        raise ValueError(f"`{text}` is no release of Rust; write it like 1.85")
    return int(found[1]), int(found[2])


@dataclass(frozen=True)
class Chosen:
    """A crate of the selection, with the evidence."""

    name: str
    version: str
    category: str
    licence: str
    downloads: int
    dependants: int
    published: str
    """The day, YYYY-MM-DD."""
    score: float
    repository: str | None


def select(
    dump: Dump, top: int, criteria: Criteria, *, apart_from: Collection[str] = (), per_repository: int = 1
) -> list[Chosen]:
    """The best `top` crates, spread over categories, in the order of their choice.

    No repository of the crates named in `apart_from`, nor more than `per_repository` crates of one. Fewer where the
    dump has no more candidates.
    """
    frame = candidates(dump, criteria)
    taken = _repositories(dump, apart_from)
    rows = [
        Chosen(**row)
        for row in frame.iter_rows(named=True)
        if row["name"] not in apart_from and (row["repository"] is None or row["repository"] not in taken)
    ]
    return spread(rows, top, per_repository)


def candidates(dump: Dump, criteria: Criteria) -> pl.DataFrame:
    """Every candidate with its evidence and score, the best first; the columns are `Chosen`'s fields.

    The tables are streamed; what is held is a row for each crate.
    """
    import polars as pl

    crates = dump.table("crates").select(crate_id="id", name="name", repository="repository")
    versions = dump.table("versions").select(
        pl.all().exclude("id", "num", "license"), version_id="id", version="num", license="license"
    )
    care = versions.group_by("crate_id").agg(
        several=pl.len() >= _SEVERAL, unyanked=(pl.col("yanked") == "f").mean(), newest=pl.col("created_at").max()
    )
    defaults = dump.table("default_versions").join(versions, on=["crate_id", "version_id"], how="inner")
    bounds = pl.col("crate_size").fill_null(criteria.least_bytes).is_between(criteria.least_bytes, criteria.most_bytes)
    found = (
        defaults.filter(pl.col("yanked") == "f", pl.col("has_lib").fill_null("t") == "t", bounds)
        .join(crates, on="crate_id")
        .filter(pl.col("name").str.contains(_NAME), pl.col("version").str.contains(_VERSION))
        .join(care, on="crate_id")
        .join(dump.table("crate_downloads"), on="crate_id")
        .collect(engine="streaming")
    )
    if found.is_empty():
        raise DumpError(f"{dump.folder}: no crate of this dump is a candidate")
    found = _licensed(_built_here(found, criteria.rust))
    ids = found.select("crate_id")
    found = (
        found.join(_dependants(dump, ids), on="crate_id", how="left")
        .join(_categories(dump, ids), on="crate_id", how="left")
        .with_columns(pl.col("dependants").fill_null(0), pl.col("category").fill_null(NO_CATEGORY))
    )
    return _scored(found)


def spread(ranked: Sequence[Chosen], top: int, per_repository: int) -> list[Chosen]:
    """So many of the ranked crates, the best first, each counted less the more its category has already."""
    queues: dict[str, list[Chosen]] = {}
    for crate in sorted(ranked, key=lambda crate: (crate.score, crate.name)):
        queues.setdefault(crate.category, []).append(crate)
    heap = [(-queue[-1].score, queue[-1].name, category) for category, queue in queues.items()]
    heapq.heapify(heap)
    chosen: list[Chosen] = []
    taken, repositories = Counter[str](), Counter[str]()
    while heap and len(chosen) < top:
        *_, category = heapq.heappop(heap)
        crate = queues[category].pop()
        if crate.repository is None or repositories[crate.repository] < per_repository:
            chosen.append(crate)
            taken[category] += 1
            repositories.update([crate.repository] if crate.repository else [])
        if queue := queues[category]:
            heapq.heappush(heap, (-queue[-1].score / (1 + taken[category]), queue[-1].name, category))
    return chosen


def as_list(chosen: Iterable[Chosen], head: str) -> str:
    """A list that `oxidizer mine` reads, with the evidence for each crate in a comment."""
    parts = ["".join(f"# {line}".rstrip() + "\n" for line in head.splitlines())]
    for number, crate in enumerate(chosen, 1):
        told = f"{crate.category}, {crate.downloads:,} downloads, {crate.dependants:,} dependants, {crate.published}"
        parts.append(
            f"# {number}. {told}, {crate.licence}, score {crate.score:.3f}\n"
            f'[[crate]]\nname = "{crate.name}"\nversion = "{crate.version}"\n'
            + (f'repository = "{crate.repository}"\n' if crate.repository else "")
        )
    return "\n".join(parts)


def _built_here(found: pl.DataFrame, rust: tuple[int, int] | None) -> pl.DataFrame:
    """Without what asks for a newer Rust than is at hand; what asks for none, or in words of its own, stays."""
    import polars as pl

    if rust is None:
        return found
    asked = pl.col("rust_version").str
    major, minor = (asked.extract(rf"^{ahead}(\d+)", 1).cast(pl.Int64, strict=False) for ahead in ("", r"\d+\."))
    newer = (major > rust[0]) | ((major == rust[0]) & (minor > rust[1]))
    return found.filter(~newer.fill_null(value=False))


def _licensed(found: pl.DataFrame) -> pl.DataFrame:
    """With the permissive part of each licence; without crates that have none. Each expression is judged once."""
    import polars as pl

    expressions = found["license"].unique().to_list()
    verdicts = {text: judge_licence(text, None).spdx for text in expressions}
    gate = pl.DataFrame([*verdicts.items()], schema={"license": pl.String, "licence": pl.String}, orient="row")
    return found.join(gate.drop_nulls(), on="license")


def _dependants(dump: Dump, crates: pl.DataFrame) -> pl.DataFrame:
    """By crate, how many others need it to build their default version."""
    import polars as pl

    defaults = dump.table("default_versions").select("version_id", dependant="crate_id")
    return (
        dump.table("dependencies")
        .filter(pl.col("kind") != _DEVELOPMENT)
        .select("version_id", "crate_id")
        .join(crates.lazy(), on="crate_id", how="semi")
        .join(defaults, on="version_id")
        .filter(pl.col("dependant") != pl.col("crate_id"))
        .unique(["crate_id", "dependant"])
        .group_by("crate_id")
        .agg(dependants=pl.len().cast(pl.Int64))
        .collect(engine="streaming")
    )


def _categories(dump: Dump, crates: pl.DataFrame) -> pl.DataFrame:
    """Each crate's category, without sub-categories: of several the one that fewest candidates have."""
    import polars as pl

    slugs = dump.table("categories").select(category_id="id", category=pl.col("slug").str.extract(r"^([^:]*)"))
    told = (
        dump.table("crates_categories")
        .join(crates.lazy(), on="crate_id", how="semi")
        .join(slugs.filter(pl.col("category").str.contains(_SLUG)), on="category_id")
        .select("crate_id", "category")
        .unique()
        .collect(engine="streaming")
    )
    return (
        told.with_columns(held=pl.len().over("category"))
        .sort("crate_id", "held", "category")
        .unique("crate_id", keep="first", maintain_order=True)
        .drop("held")
    )


def _scored(found: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    day = pl.col("created_at").str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
    last = found["newest"].str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False).max()
    held = [
        pl.col("repository").is_not_null(), pl.col("edition").is_in(_EDITIONS).fill_null(value=False),
        pl.col("rust_version").is_not_null(), pl.col("several"),
    ]  # fmt: skip
    care = [*(flag.cast(pl.Float64) for flag in held), pl.col("unyanked")]
    parts = {
        "downloads": _share_of_most("downloads"),
        "dependants": _share_of_most("dependants"),
        "recency": pl.lit(0.5) ** ((pl.lit(last) - day).dt.total_days().fill_null(1 << 16) / _HALVED_AFTER_DAYS),
        "health": pl.mean_horizontal(care),
    }
    score = pl.sum_horizontal(WEIGHTS[name] * part for name, part in parts.items())
    repository = pl.col("repository").map_elements(repository_key, pl.String)
    return found.select(
        "name", "version", "category", "licence", "downloads", "dependants",
        published=pl.col("created_at").str.slice(0, 10), score=score, repository=repository,
    ).sort(["score", "name"], descending=[True, False])  # fmt: skip


def _share_of_most(column: str) -> pl.Expr:
    import polars as pl

    logarithm = pl.col(column).cast(pl.Float64).log1p()
    return (logarithm / logarithm.max()).fill_nan(0.0)


def _repositories(dump: Dump, names: Collection[str]) -> set[str]:
    """The repositories of crates."""
    import polars as pl

    named = dump.table("crates").filter(pl.col("name").is_in(list(names)))
    found = named.select("repository").collect(engine="streaming")["repository"]
    return {key for address in found.drop_nulls() if (key := repository_key(address))}
