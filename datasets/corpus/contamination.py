"""Code that a model is examined on, as an index by which copies of it are found in what a corpus is made of.

A document is judged by two measures: its MinHash signature against that of each sealed function (a copy with changes
all over), and the share of its runs of tokens that occur in sealed code (a copy in part, or of several functions at
once). Short documents are not judged: what is written in a line or two is written by many. Nor are such that repeat
a few tokens (tables of numbers), nor do such runs count.
"""

from __future__ import annotations

import json
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Literal, Self

import numpy as np
from numpy.typing import NDArray

from oxidizer.cluster.syntax import ITEMS, parse_part
from oxidizer.datasets.corpus.near import Places, bands, keys_of
from oxidizer.datasets.corpus.signature import (
    PERMUTATIONS,
    SHINGLE,
    Hashes,
    Signatures,
    estimate,
    folded,
    runs_of,
    signatures,
)
from oxidizer.datasets.corpus.tokens import tokens
from oxidizer.datasets.records import canonical

FORMAT: Final = 1
WAY_OUT: Final = "make one with `oxidizer corpus seal`"
_HOLDERS = frozenset({"impl_item", "mod_item", "trait_item", "foreign_mod_item"})
_BATCH = 128


Owners = NDArray[np.uint32]


class IndexUnusable(ValueError):
    """An index of sealed code that is missing, damaged, empty or of another format; the message names the way out."""


@dataclass(frozen=True)
class SealedCode:
    """One file, or one record's code, that is sealed."""

    name: str
    """Of what it belongs to: a crate, a pull request, an eval case."""
    repository: str | None
    code: str


@dataclass(frozen=True)
class Limits:
    """What makes a document a copy; stored with the index.

    Measured with 35 sealed crates on 1,527 pieces of code of other crates, of 40 tokens or more: above these limits is
    one, and that is a copy (an error type of `arrayvec`, in `arraydeque`). Were shorter ones judged, there would be 12
    more, most of them written alike by many (`f.debug_list().entries(self.iter()).finish()`). Of 1,000
    sealed functions with 2% of their tokens changed 97% are found, with 5% 55%, with 10% 6%.
    """

    similarity: float = 0.6
    """A document is so similar to one sealed function (estimated, of shingles)."""
    share: float = 0.4
    """So much of a document's runs occurs in sealed code."""
    run: int = 20
    """Tokens of a run."""
    various: int = 8
    """Different tokens that a run needs to count."""
    least: int = 60
    """Tokens of the shortest document, and of the shortest sealed function, that is judged."""
    words: int = 20
    """Different tokens that these need."""
    shingle: int = SHINGLE
    permutations: int = PERMUTATIONS

    def __post_init__(self) -> None:
        for name in ("similarity", "share"):
            if not 0 < getattr(self, name) <= 1:
                raise ValueError(f"{name} is a share above 0 and at most 1, not {getattr(self, name)}")
        if not 0 < self.various <= self.run <= self.least:
            raise ValueError("a run has at least as many tokens as differ in it, and at most as many as a document")

    def judges(self, document: Sequence[str]) -> bool:
        """A document is long and various enough to be a copy of something."""
        return len(document) >= self.least and len(set(document)) >= self.words


@dataclass(frozen=True)
class Hit:
    """Why a document is a copy."""

    reason: Literal["similar_function", "shared_runs"]
    name: str
    """Whose code it is; of several the one with the most of it."""
    measure: float
    """The similarity or the share."""

    @property
    def cause(self) -> str:
        """What is found and whose, without the measure: for counting."""
        what = "is like a function of" if self.reason == "similar_function" else "has runs of tokens of"
        return f"{what} {self.name}"

    def __str__(self) -> str:
        return f"{self.cause} ({self.measure:.2f})"


class Index:
    """Sealed code, to be asked what is a copy of it."""

    def __init__(
        self, about: Mapping[str, Any], functions: Signatures, owners: Owners, runs: Hashes, run_owners: Owners
    ) -> None:
        """From what `of` and `load` hold; `runs` are sorted. Raises IndexUnusable where nothing is sealed."""
        if not len(runs) or not about["sealed"]:
            raise IndexUnusable(f"the index of sealed code is empty: it would let everything pass; {WAY_OUT}")
        self.about = about
        """What it was made of: `format`, `limits`, and for each of `sealed` name, repository and counts."""
        self.limits = Limits(**about["limits"])
        self._functions, self._owners = functions, owners
        self._runs, self._run_owners = runs, run_owners

    @classmethod
    def of(cls, codes: Iterable[SealedCode], limits: Limits | None = None) -> Self:
        """Build an index; the order of the codes does not matter. Raises IndexUnusable where there are none."""
        limits = limits or Limits()
        ordered = sorted(codes, key=lambda code: (code.name, code.repository or "", code.code))
        named = sorted({(code.name, code.repository or "") for code in ordered})
        places = {names: place for place, names in enumerate(named)}
        parts, facts = [_Part(code, places, limits) for code in ordered], [Counter[str]() for _ in named]
        for part in parts:
            facts[part.owner].update(part.facts)
        rows = np.concatenate([np.empty((0, 1 + limits.permutations), np.uint32), *(part.functions for part in parts)])
        rows = np.unique(rows, axis=0)
        runs = np.concatenate([np.empty(0, np.uint64), *(part.runs for part in parts)])
        owners = np.repeat([part.owner for part in parts], [len(part.runs) for part in parts]).astype(np.uint32)
        # The first owner: parts are in the order of names.
        runs, first = np.unique(runs, return_index=True)
        sealed = [
            {"name": name, "repository": repository or None, **counts}
            for (name, repository), counts in zip(named, facts, strict=True)
        ]
        about = {"format": FORMAT, "limits": asdict(limits), "sealed": sealed}
        return cls(about, rows[:, 1:], rows[:, 0], runs, owners[first])

    def save(self, path: Path) -> None:
        """Write the index: an uncompressed npz, the same bytes for the same codes."""
        about = np.frombuffer(canonical(self.about), np.uint8)
        draft = path.with_name(f".{path.name}.draft")
        with draft.open("wb") as file:
            np.savez(
                file, about=about, functions=self._functions, owners=self._owners,
                runs=self._runs, run_owners=self._run_owners,
            )  # fmt: skip
        draft.replace(path)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read an index that `save` wrote. Raises IndexUnusable."""
        try:
            with np.load(path, allow_pickle=False) as file:
                about = json.loads(file["about"].tobytes())
                arrays = [file[name] for name in ("functions", "owners", "runs", "run_owners")]
        except FileNotFoundError as error:
            raise IndexUnusable(f"{path}: there is no index of sealed code; {WAY_OUT}") from error
        except (OSError, ValueError, KeyError, EOFError, AttributeError, zipfile.BadZipFile) as error:
            raise IndexUnusable(f"{path}: the index of sealed code cannot be read ({error}); {WAY_OUT}") from error
        if about.get("format") != FORMAT:
            raise IndexUnusable(f"{path}: the index has format {about.get('format')}, not {FORMAT}; {WAY_OUT}")
        return cls(about, *arrays)

    def judge(self, document: Sequence[str]) -> Hit | None:
        """Whether a document's tokens are a copy of sealed code; None where not, or where it is too short to tell."""
        return self.judge_all([document])[0]

    def judge_all(self, documents: Iterable[Sequence[str]]) -> list[Hit | None]:
        """As `judge`, in their order; many at once take less time."""
        listed = list(documents)
        found: list[Hit | None] = [None] * len(listed)
        judged = [number for number, document in enumerate(listed) if self.limits.judges(document)]
        for start in range(0, len(judged), _BATCH):
            numbers = judged[start : start + _BATCH]
            batch = [listed[number] for number in numbers]
            for number, similar, shared in zip(numbers, self._similar(batch), self._shared(batch), strict=True):
                found[number] = similar or shared
        return found

    def _similar(self, batch: Sequence[Sequence[str]]) -> Iterator[Hit | None]:
        made = signatures(batch, shingle=self.limits.shingle, permutations=self.limits.permutations)
        best, owner = np.zeros(len(batch)), np.zeros(len(batch), np.int64)
        for (start, rows), (keys, order) in self._bands:
            asked = keys_of(made, np.arange(len(made)), start, rows)
            first, last = np.searchsorted(keys, asked, "left"), np.searchsorted(keys, asked, "right")
            counts = last - first
            asking = np.repeat(np.arange(len(batch)), counts)
            candidates = order[np.repeat(last - np.cumsum(counts), counts) + np.arange(counts.sum())]
            told = estimate(made[asking], self._functions[candidates])
            # The last of equal places stays: the most similar.
            ranked = np.argsort(told, kind="stable")
            now, whose = np.zeros_like(best), np.zeros_like(owner)
            now[asking[ranked]], whose[asking[ranked]] = told[ranked], self._owners[candidates[ranked]]
            best, owner = np.maximum(now, best), np.where(now > best, whose, owner)
        for measure, place in zip(best.tolist(), owner.tolist(), strict=True):
            close = measure >= self.limits.similarity
            yield Hit("similar_function", self._name(place), measure) if close else None

    def _shared(self, batch: Sequence[Sequence[str]]) -> Iterator[Hit | None]:
        runs, offsets, counted = _runs(batch, self.limits)
        at = np.minimum(np.searchsorted(self._runs, runs), len(self._runs) - 1)
        known = counted & (self._runs[at] == runs)
        for first, last in pairwise(offsets):
            inside = at[first:last][known[first:last]]
            # Of a document in which little counts, nothing is said.
            share = len(inside) / max(int(counted[first:last].sum()), self.limits.least - self.limits.run + 1)
            if share < self.limits.share:
                yield None
            else:
                yield Hit("shared_runs", self._name(int(np.bincount(self._run_owners[inside]).argmax())), share)

    def _name(self, place: int) -> str:
        return str(self.about["sealed"][place]["name"])

    @cached_property
    def _bands(self) -> list[tuple[tuple[int, int], tuple[Hashes, Places]]]:
        """The functions by each of their bands: sorted keys, and whose they are."""
        count, rows = bands(self.limits.similarity, self.limits.permutations)
        every, made = np.arange(len(self._functions)), []
        for start in range(0, count * rows, rows):
            keys = keys_of(self._functions, every, start, rows)
            order = np.argsort(keys, kind="stable")
            made.append(((start, rows), (keys[order], order)))
        return made


class _Part:
    """What one sealed text adds to an index."""

    def __init__(self, sealed: SealedCode, places: Mapping[tuple[str, str], int], limits: Limits) -> None:
        self.owner = places[sealed.name, sealed.repository or ""]
        read = tokens(sealed.code)
        texts = [found for found in map(tokens, outer_items(sealed.code)) if limits.judges(found)]
        made = signatures(texts, shingle=limits.shingle, permutations=limits.permutations)
        self.functions = np.insert(made, 0, self.owner, axis=1)
        runs, _, counted = _runs([read] if len(read) >= limits.run else [], limits)
        self.runs = np.unique(runs[counted])
        self.facts = {"texts": 1, "tokens": len(read), "functions": len(texts)}


def outer_items(code: str) -> Iterator[str]:
    """The outermost functions of a text, and its items that hold none (types, constants, macros); of any text."""
    source = code.encode("utf-8", "replace")
    todo = [parse_part(source).root_node]
    while todo:
        node = todo.pop()
        if node.type in ITEMS and node.type not in _HOLDERS:
            yield source[node.start_byte : node.end_byte].decode("utf-8", "replace")
        else:
            todo += node.children


def _runs(documents: Sequence[Sequence[str]], limits: Limits) -> tuple[Hashes, Places, NDArray[np.bool_]]:
    """The hashes of all runs, where each document's begin, and which count."""
    rows, offsets = runs_of(documents, limits.run)
    ordered = np.sort(rows, axis=1)
    various = 1 + (ordered[:, 1:] != ordered[:, :-1]).sum(axis=1)
    return folded(rows), offsets, np.asarray(various >= limits.various)
