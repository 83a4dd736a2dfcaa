"""The report's figures of pull requests, from the units and their tables.

    pulls     {seen, tried, pairs, fail_to_pass, evidence|kinds|causes|skipped|left|odd [{name, count}],
               archive {place, told, files, events, lost, counts [{name, count}]} or null,
               repositories [{repo, seen, tried, pairs, fail_to_pass, cpu_s, cpu_each_s}],
               rows [{id, repo, pr, kind, title, evidence, failing, passing, lines}], samples [[unit, id]]}

`seen` counts pull requests that landed, `tried` those that were built; `causes` say why a tried one is not proven, and
`skipped` why one was not tried. `left` is what is no pull request that landed, or no single one, `odd` the heads and
numbers that were not believed, both by reason and of whole histories. The archive's `told` are pull requests that it
says something of, `lost` the files, lines and events that could not be read. `cpu_each_s` is a repository's CPU time
over its pairs. `failing` tests fail before and pass after, `passing` pass on both sides; `lines` are those that the
diff of a model adds and takes away.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from oxidizer.miners.cost import Cost
from oxidizer.miners.report.facts import RunFacts, read_table
from oxidizer.miners.report.funnel import named
from oxidizer.miners.report.manifest import RunManifest, RunUnreadable, Unit

_COLUMNS = ["id", "repo", "pr", "kind", "title", "evidence", "fail_to_pass", "pass_to_pass", "model_diff"]
_READ = frozenset({
    "file: read", "event: read", "event: of another type", "event: of another repository", "words: of a bot",
    "words: a check that judges no build",
})  # fmt: skip
"""What an archive is meant to hold; all else that is counted of it was lost."""
_SAMPLES = 8


def pull_figures(facts: RunFacts) -> dict[str, Any] | None:
    """The figures; None where the run mined no pull requests."""
    units = [unit for unit in facts.units if unit.spec and unit.spec.source == "git"]
    if not units:
        return None
    rows = [row for unit in units for row in _rows(facts.path, unit.unit)]
    repositories = _repositories(units, rows)
    causes, skipped, left, odd = (Counter[str]() for _ in range(4))
    for looked in facts.manifest.repositories:
        left.update(looked.left)
        odd.update(looked.odd)
    for unit in units:
        causes.update(unit.counts.rejected)
        skipped.update(unit.counts.skipped)
    return {
        **{key: sum(row[key] for row in repositories) for key in ("seen", "tried", "pairs", "fail_to_pass")},
        "repositories": repositories,
        "evidence": named(Counter(row["evidence"] or "passes on both sides" for row in rows)),
        "kinds": named(Counter(row["kind"] for row in rows)),
        "causes": named(causes),
        "skipped": named(skipped),
        "left": named(left),
        "odd": named(odd),
        "archive": _archive(facts.manifest),
        "rows": [{key: value for key, value in row.items() if key != "unit"} for row in rows],
        "samples": [[row["unit"], row["id"]] for row in _chosen(rows)],
    }


def _archive(run: RunManifest) -> dict[str, Any] | None:
    if run.archive is None:
        return None
    counts = Counter(run.archive.counts)
    return {
        "place": run.archive.place, "told": sum(looked.told for looked in run.repositories),
        "files": counts["file: read"], "events": counts["event: read"],
        "lost": sum(count for name, count in counts.items() if name not in _READ), "counts": named(counts),
    }  # fmt: skip


def pair_ids(run: Path, unit: str) -> list[str]:
    """The ids of a unit's pairs."""
    table = read_table(run / "units" / unit / "pr_pair.parquet", ["id"])
    return [str(value) for value in table["id"].to_pylist()] if table is not None else []


def pair_row(run: Path, unit: str, pair_id: str) -> dict[str, Any]:
    """One whole `pr_pair` row. Raises RunUnreadable where the unit has no such pair."""
    table = read_table(run / "units" / unit / "pr_pair.parquet", None)
    rows: list[dict[str, Any]] = table.filter(pc.equal(table["id"], pair_id)).to_pylist() if table is not None else []
    if not rows:
        raise RunUnreadable(f"{run} has no pair {pair_id} in unit {unit}; was the run changed while it was read?")
    return rows[0]


def _rows(run: Path, unit: str) -> Iterator[dict[str, Any]]:
    table = read_table(run / "units" / unit / "pr_pair.parquet", _COLUMNS)
    for row in table.to_pylist() if table is not None else ():
        lines = [line for line in row["model_diff"].splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]
        yield {
            **{key: row[key] for key in ("id", "repo", "pr", "kind", "title", "evidence")},
            "unit": unit, "failing": len(row["fail_to_pass"]), "passing": len(row["pass_to_pass"]), "lines": len(lines),
        }  # fmt: skip


def _repositories(units: Sequence[Unit], rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """A row for each repository, most pairs first."""
    found: dict[str, dict[str, Any]] = defaultdict(lambda: dict.fromkeys(("seen", "tried", "cpu_s"), 0))
    for unit in units:
        row = found[unit.crate]
        row["seen"] += unit.counts.harvested
        row["tried"] += unit.counts.candidates
        row["cpu_s"] += Cost.of(unit.model_dump(exclude_none=True)).cpu_s
    pairs = Counter(row["repo"] for row in rows)
    failing = Counter(row["repo"] for row in rows if row["evidence"])
    return [
        {
            "repo": repo, **row, "pairs": pairs[repo], "fail_to_pass": failing[repo],
            "cpu_each_s": row["cpu_s"] / pairs[repo] if pairs[repo] else None,
        }
        for repo, row in sorted(found.items(), key=lambda item: (-pairs[item[0]], item[0]))
    ]  # fmt: skip


def _chosen(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Pairs that a person would look at: short ones of different kinds and repositories, with evidence first."""
    ranked_rows = sorted(rows, key=lambda row: (row["evidence"] is None, abs(row["lines"] - 30), row["id"]))
    seen = Counter[str]()
    chosen = []
    for row in ranked_rows:
        if seen[row["kind"]] < 2 and seen[row["repo"]] < 3:
            seen.update((row["kind"], row["repo"]))
            chosen.append(row)
    return chosen[:_SAMPLES]
