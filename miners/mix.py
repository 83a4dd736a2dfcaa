"""What the injected miner tries, and what of it is kept: variety and hard cases, not volume.

Both choices are stable: the same crate, recipe and seed choose the same mutants, and another seed others.
"""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from oxidizer.cluster.diagnostics import MACHINE_APPLICABLE
from oxidizer.cluster.edits import Edit
from oxidizer.cluster.verdict import Verdict
from oxidizer.miners.difficulty import is_far
from oxidizer.miners.mistakes import Mistake
from oxidizer.miners.recipe import Injection

_NEAR = 80
T = TypeVar("T")
Cap = tuple[str, int, Callable[[T], Hashable]]
"""A name, and how many at most of one key."""


@dataclass(frozen=True)
class Broken:
    """A mistake that the compiler complains of, under the probe that shows it."""

    mistake: Mistake
    verdict: Verdict
    probe: tuple[str, ...]

    @property
    def code(self) -> str:
        """The code of its first diagnostic, "" where it has none; where tests show it, the operator stands for one."""
        assert self.verdict.target is not None
        return f"test {self.mistake.operator.name}" if self.verdict.broken else self.verdict.target.code or ""

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
        # A sure suggestion that lies elsewhere than the mistake misleads.
        sure = [edit for fix in target.fixes() if fix.applicability == MACHINE_APPLICABLE for edit in fix.edits]
        helps = any(is_near(edit, mine) for edit in sure for mine in self.mistake.site.edits)
        return 2 * far + bool(self.verdict.more) + (not helps)


def is_near(one: Edit, other: Edit) -> bool:
    """The edits lie within a line's length of each other."""
    return one.file == other.file and one.start <= other.end + _NEAR and other.start <= one.end + _NEAR


def sample(found: Sequence[Mistake], mix: Injection, seed: int, most: int) -> list[Mistake]:
    """The mutants to try, at most so many: one of each operator in turn, the rare operators first."""
    offered = Counter(m.operator.name for m in found)
    order = sorted(found, key=lambda m: (offered[m.operator.name], m.operator.name, _shuffled(m, seed)))
    caps: list[Cap[Mistake]] = [("function", mix.tried_per_function, lambda m: (m.file, m.region))]
    return _in_turn(order, lambda m: m.operator.name, caps, most)[0]


def choose(red: Sequence[Broken], mix: Injection, seed: int) -> tuple[list[Broken], Counter[str]]:
    """What is kept of the red ones, and how many each cap left out: one of each code in turn, rare codes and hard cases
    first.
    """
    codes = Counter(broken.code for broken in red)
    order = sorted(red, key=lambda b: (codes[b.code], b.code, -b.hardness, _shuffled(b.mistake, seed)))
    caps: list[Cap[Broken]] = [
        ("code", mix.per_code, lambda b: b.code),
        ("operator", mix.per_operator, lambda b: b.mistake.operator.name),
        ("function", mix.per_function, lambda b: (b.mistake.file, b.mistake.region)),
    ]
    return _in_turn(order, lambda b: b.code, caps, mix.per_crate)


def _in_turn(
    order: Sequence[T], kind: Callable[[T], str], caps: Sequence[Cap[T]], most: int
) -> tuple[list[T], Counter[str]]:
    """One of each kind in turn, kinds and their members in the given order; and what the caps left out, by cap."""
    waiting: dict[str, deque[T]] = {}
    for one in order:
        waiting.setdefault(kind(one), deque()).append(one)
    taken: Counter[tuple[str, Hashable]] = Counter()
    kept: list[T] = []
    dropped: Counter[str] = Counter()
    while waiting and len(kept) < most:
        for turn in list(waiting):
            queue, chosen = waiting[turn], False
            while queue and not chosen and len(kept) < most:
                one = queue.popleft()
                keys = [(name, key(one)) for name, _, key in caps]
                full = next(
                    (key[0] for key, (_, limit, _) in zip(keys, caps, strict=True) if taken[key] >= limit), None
                )
                if full:
                    dropped[f"cap per {full}"] += 1
                    continue
                taken.update(keys)
                kept.append(one)
                chosen = True
            if not queue:
                del waiting[turn]
    left = sum(map(len, waiting.values()))
    return kept, dropped + Counter({"cap per crate": left})


def _place(mistake: Mistake) -> str:
    edits = ",".join(f"{e.file}:{e.start}-{e.end}={e.replacement!r}" for e in mistake.site.edits)
    return f"{mistake.operator.name}\0{edits}"


def _shuffled(mistake: Mistake, seed: int) -> str:
    """A stable order that prefers no part of the crate."""
    return hashlib.sha256(f"{seed}\0{_place(mistake)}".encode("utf-8", "surrogateescape")).hexdigest()
