"""What the injected miner tries, and what of it is kept: variety and hard cases, not volume.

Both choices are stable: the same crate, recipe and seed choose the same mutants, and another seed others.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from oxidizer.cluster.diagnostics import MACHINE_APPLICABLE
from oxidizer.cluster.verdict import Verdict
from oxidizer.miners.difficulty import is_far
from oxidizer.miners.mistakes import Mistake
from oxidizer.miners.recipe import Injection


@dataclass(frozen=True)
class Broken:
    """A mistake that the compiler complains of, under the probe that shows it."""

    mistake: Mistake
    verdict: Verdict
    probe: tuple[str, ...]

    @property
    def code(self) -> str:
        """The code of its first diagnostic, "" where it has none."""
        assert self.verdict.target is not None
        return self.verdict.target.code or ""

    @property
    def place(self) -> str:
        """What tells it from every other mistake of the crate."""
        return _place(self.mistake)

    @property
    def hardness(self) -> int:
        """How much it takes beyond the diagnostic's own words: the fix lies elsewhere, nothing sure is suggested."""
        target = self.verdict.target
        assert target is not None
        assert target.primary is not None
        at = target.primary
        far = is_far(self.mistake.site.edits, at.file, at.byte_start, at.byte_end)
        suggested = any(fix.applicability == MACHINE_APPLICABLE for fix in target.fixes())
        return 2 * far + bool(self.verdict.more) + (not suggested)


def sample(found: Sequence[Mistake], mix: Injection, seed: int) -> list[Mistake]:
    """The mutants to try: rare operators first, so many per function and operator."""
    offered = Counter(m.operator.name for m in found)
    order = sorted(found, key=lambda m: (offered[m.operator.name], m.operator.name, _shuffled(m, seed)))
    chosen: list[Mistake] = []
    per_function: Counter[tuple[str, tuple[int, int]]] = Counter()
    per_operator: Counter[str] = Counter()
    for mistake in order:
        function, operator = (mistake.file, mistake.region), mistake.operator.name
        if per_function[function] < mix.tried_per_function and per_operator[operator] < mix.tried_per_operator:
            per_function[function] += 1
            per_operator[operator] += 1
            chosen.append(mistake)
    return chosen


def choose(red: Sequence[Broken], mix: Injection, seed: int) -> tuple[list[Broken], Counter[str]]:
    """What is kept of the red ones, and how many each cap left out: rare codes first, then the hard ones."""
    codes = Counter(broken.code for broken in red)
    order = sorted(red, key=lambda b: (codes[b.code], b.code, -b.hardness, _shuffled(b.mistake, seed)))
    caps = (
        ("code", mix.per_code, lambda b: b.code),
        ("operator", mix.per_operator, lambda b: b.mistake.operator.name),
        ("function", mix.per_function, lambda b: (b.mistake.file, b.mistake.region)),
        ("crate", mix.per_crate, lambda b: ""),
    )
    taken: Counter[tuple[str, object]] = Counter()
    kept, dropped = [], Counter[str]()
    for broken in order:
        keys = [(name, key(broken)) for name, _, key in caps]
        full = next((name for (name, most, _), key in zip(caps, keys, strict=True) if taken[key] >= most), None)
        if full:
            dropped[f"cap per {full}"] += 1
        else:
            taken.update(keys)
            kept.append(broken)
    return kept, dropped


def _place(mistake: Mistake) -> str:
    edits = ",".join(f"{e.file}:{e.start}-{e.end}={e.replacement!r}" for e in mistake.site.edits)
    return f"{mistake.operator.name}\0{edits}"


def _shuffled(mistake: Mistake, seed: int) -> str:
    """A stable order that prefers no part of the crate."""
    return hashlib.sha256(f"{seed}\0{_place(mistake)}".encode("utf-8", "surrogateescape")).hexdigest()
