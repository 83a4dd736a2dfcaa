"""What decides a model of templates, beside its corpus and the toolchain: one frozen recipe."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path

from oxidizer.cluster.config import changed, read_keys
from oxidizer.datasets.records import canonical


@dataclass(frozen=True)
class TemplateRecipe:
    """How a model of templates is trained. Raises ValueError at construction."""

    crates: int = 0
    """At most so many crates of the corpus, drawn by the seed; 0: all."""
    per_crate: int = 200
    """Fixes of one crate, at most: diversity of crates teaches more than more of one."""
    per_code: float = 0.15
    """The share of one code among a crate's fixes, at most."""
    judged: int = 16
    """Candidates of a fix that the compiler judges, the best first, so that the ranker learns what compiles."""
    labelled: int = 64
    """Candidates of a fix that the ranker sees, at most."""
    label_crates: int = 0
    """Crates whose candidates are judged, at most, drawn by the seed; 0: all."""

    def __post_init__(self) -> None:
        for name in ("crates", "label_crates", "judged"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} cannot be below 0")
        for name in ("per_crate", "labelled"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")
        if not 0 < self.per_code <= 1:
            raise ValueError("per_code is a share, above 0 and at most 1")

    @property
    def fingerprint(self) -> str:
        """Eight hex digits that stand for the recipe."""
        return hashlib.sha256(canonical(asdict(self))).hexdigest()[:8]


def standard() -> TemplateRecipe:
    """The default."""
    return TemplateRecipe()


def load_template_recipe(path: Path | None) -> TemplateRecipe:
    """The default with the keys of a TOML file laid over it. Raises RecipeError."""
    return changed(standard(), read_keys(path), str(path), ()) if path else standard()
