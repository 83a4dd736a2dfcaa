"""What decides a corpus, beside its sources: one frozen config; a TOML file may change some of its keys."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from oxidizer.cluster.config import RecipeError, changed, read_keys
from oxidizer.datasets.corpus.licences import Terms
from oxidizer.datasets.licence import PERMISSIVE

FAMILIES = ("diag_fix", "negatives", "chat", "explain_diff", "style_guide", "pr_pair", "pr_unproven")
"""The kinds of shards: the tuples, what was tried and not kept, what is told of the tuples, and pull requests."""


def _check_share(table: str, name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise RecipeError(f"recipe: [{table}] {name} is a share from 0 to 1, not {value}")


@dataclass(frozen=True)
class Near:
    """What counts as the same, though it is not equal."""

    lesson: float = 0.7
    """Two edits with their surroundings are one lesson from this similarity on (Jaccard, of runs of tokens)."""
    function: float = 0.7
    """Two functions are one from this similarity on."""
    per_function: int = 16
    """Lessons kept per function, wherever copies of it are."""

    def __post_init__(self) -> None:
        _check_share("near", "lesson", self.lesson)
        _check_share("near", "function", self.function)
        if self.per_function < 1:
            raise RecipeError(f"recipe: [near] per_function must be at least 1, not {self.per_function}")


@dataclass(frozen=True)
class Shares:
    """How much of a corpus one thing may be."""

    crate: float = 0.05
    code: float = 0.10
    error_class: float = 0.25
    rare: int = 50
    """Codes with at most so many lessons are kept whole."""
    least: float = 0.25
    """Where shares would leave less than this of the corpus, they grow until they do not; the card says so."""

    def __post_init__(self) -> None:
        for name in ("crate", "code", "error_class"):
            if not 0 < getattr(self, name) <= 1:
                raise RecipeError(f"recipe: [shares] {name} is a share above 0 and up to 1, not {getattr(self, name)}")
        _check_share("shares", "least", self.least)
        if self.rare < 0:
            raise RecipeError(f"recipe: [shares] rare must be 0 or more, not {self.rare}")


@dataclass(frozen=True)
class Split:
    """Which part of the repositories is for what. The rest is for training."""

    val: float = 0.05
    test: float = 0.05
    salt: str = "oxidizer"
    """Another one is another draw."""

    def __post_init__(self) -> None:
        _check_share("split", "val", self.val)
        _check_share("split", "test", self.test)
        if self.val + self.test >= 1:
            raise RecipeError("recipe: [split] val and test leave nothing for training")


@dataclass(frozen=True)
class Shards:
    """How rows become files."""

    bytes: int = 256_000_000
    """A shard holds about as much, before compression."""
    row_group: int = 2_000
    """Rows that are read at once."""
    families: tuple[str, ...] = FAMILIES
    """What is written."""

    def __post_init__(self) -> None:
        for name in ("bytes", "row_group"):
            if getattr(self, name) < 1:
                raise RecipeError(f"recipe: [shards] {name} must be at least 1, not {getattr(self, name)}")
        if unknown := [family for family in self.families if family not in FAMILIES]:
            raise RecipeError(f"recipe: [shards] families: no family {unknown[0]!r}; there are: {', '.join(FAMILIES)}")


@dataclass(frozen=True)
class CorpusRecipe:
    """All that decides which rows a corpus holds, and where."""

    licences: tuple[str, ...] = tuple(sorted(PERMISSIVE))
    """SPDX ids that are permissive enough."""
    near: Near = field(default_factory=Near)
    shares: Shares = field(default_factory=Shares)
    split: Split = field(default_factory=Split)
    shards: Shards = field(default_factory=Shards)

    def __post_init__(self) -> None:
        if not self.licences:
            raise RecipeError("recipe: licences is empty: a gate that lets nothing in makes no corpus")
        try:
            Terms(frozenset(self.licences))
        except ValueError as error:
            raise RecipeError(f"recipe: licences: {error}") from error


_TABLES = ("near", "shares", "split", "shards")


def standard() -> CorpusRecipe:
    """The default."""
    return CorpusRecipe()


def load_corpus_recipe(path: Path | None) -> CorpusRecipe:
    """The default with the keys of a TOML file laid over it. Raises RecipeError."""
    return changed(standard(), read_keys(path), str(path), _TABLES) if path else standard()
