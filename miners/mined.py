"""What a miner brings from one crate."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Self

from oxidizer.datasets.records import DiagFix, Reject


@dataclass
class Mined:
    """Tuples, rejects and what was counted on the way to them."""

    tuples: list[DiagFix] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    harvested: int = 0
    candidates: int = 0
    proven: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    """Never tried, by reason."""
    unproven: Counter[str] = field(default_factory=Counter)
    """Tried and not proven, by reason, where no row of the rejects tells."""
    unkept: Counter[str] = field(default_factory=Counter)
    """Proven and left out, by reason."""
    audited: int = 0
    agreed: int = 0
    injection: dict[str, Any] | None = None
    """What the injected miner says of its operators and its shared runs."""
    migration: dict[str, Any] | None = None
    """What the migration miner says of each move."""

    def __iadd__(self, other: Mined) -> Self:
        """All that both brought."""
        self.tuples += other.tuples
        self.rejects += other.rejects
        self.harvested += other.harvested
        self.candidates += other.candidates
        self.proven += other.proven
        self.skipped += other.skipped
        self.unproven += other.unproven
        self.unkept += other.unkept
        self.audited += other.audited
        self.agreed += other.agreed
        self.injection = self.injection or other.injection
        self.migration = self.migration or other.migration
        return self
