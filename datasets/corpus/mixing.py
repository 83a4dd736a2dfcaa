"""A corpus' rows for a mixture: their ids, classes and lessons as samples, and the rows by their samples' numbers."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from oxidizer.datasets.corpus.reading import Corpus
from oxidizer.datasets.mixture import Samples, lesson_of

Row = dict[str, Any]
_NO_CLASS = "none"
_CLASSED = {"diag_fix": "class", "pr_pair": "kind"}
"""The families whose rows have a class, and the column of it."""
_GROUPS = 64
"""Row groups that are kept in memory."""


class MixedRows:
    """Families of one split of a corpus, numbered as `MixtureSampler` draws them. Rows are read when asked for."""

    def __init__(self, corpus: Corpus, split: str, families: Sequence[str]) -> None:
        """Raises NoCorpus where a family has no such split."""
        shards = [shard for family in families for shard in corpus.shards(family, split)]
        self._files = [corpus.folder / shard["path"] for shard in shards]
        self._starts = [0, *accumulate(shard["rows"] for shard in shards)]
        classes = _classes(corpus, split)
        ids, kinds, lessons, names = [], [], [], []
        for shard, path in zip(shards, self._files, strict=True):
            for row in pq.read_table(path, columns=["id", "parents"]).to_pylist():
                ids.append(row["id"])
                lessons.append(lesson_of(row))
                kinds.append(classes.get(lessons[-1], _NO_CLASS))
                names.append(shard["family"])
        self.samples = Samples.of(ids, names, kinds, lessons)
        self._firsts = [_firsts(path) for path in self._files]
        """Of each shard's row groups, the number of the first row."""

    def __getitem__(self, number: int) -> Row:
        """The row of a sample. Raises IndexError."""
        if not 0 <= number < self._starts[-1]:
            raise IndexError(f"there are {self._starts[-1]} samples, no number {number}")
        shard = bisect_right(self._starts, number) - 1
        firsts, at = self._firsts[shard], number - self._starts[shard]
        group = bisect_right(firsts, at) - 1
        row: Row = _rows(self._files[shard], group)[at - firsts[group]]
        return row


def _classes(corpus: Corpus, split: str) -> dict[str, str]:
    """The class of each tuple, and the kind of each pull request, by its id."""
    found: dict[str, str] = {}
    for shard in corpus.shards(split=split):
        if (column := _CLASSED.get(shard["family"])) is not None:
            table = pq.read_table(corpus.folder / shard["path"], columns=["id", column])
            found.update(zip(table["id"].to_pylist(), table[column].to_pylist(), strict=True))
    return found


def _firsts(path: Path) -> list[int]:
    told = pq.read_metadata(path)
    return [0, *accumulate(told.row_group(n).num_rows for n in range(told.num_row_groups - 1))]


@lru_cache(maxsize=_GROUPS)
def _rows(path: Path, group: int) -> list[Row]:
    with pq.ParquetFile(path) as file:
        rows: list[Row] = file.read_row_group(group).to_pylist()
        return rows
