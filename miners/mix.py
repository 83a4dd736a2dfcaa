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
from oxidizer.miners.operators.operator import Route
from oxidizer.miners.recipe import Injection

_NEAR = 80
T = TypeVar("T")
Cap = tuple[str, int, Callable[[T], Hashable]]
"""A name, and how many at most of one key; what has None is not capped."""


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
    def is_lint(self) -> bool:
        """It compiles, and a lint complains."""
        return self.mistake.route is Route.LINT

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
    """The mutants to try, at most so many: one of each operator in turn, in an order that each crate draws anew.

    Where there are more operators than trials, no operator goes short in every crate.
    """
    crate = min(map(_place, found), default="")
    turns = {name: _drawn(f"{seed}\0{crate}\0{name}") for name in {m.operator.name for m in found}}
    order = sorted(found, key=lambda m: (turns[m.operator.name], m.operator.name, _shuffled(m, seed)))
    caps: list[Cap[Mistake]] = [("function", mix.tried_per_function, lambda m: (m.file, m.region))]
    return _in_turn(order, lambda m: m.operator.name, caps, most)[0]


def choose(red: Sequence[Broken], mix: Injection, seed: int) -> tuple[list[Broken], Counter[str]]:
    """What is kept of the red ones, and how many each cap left out.

    One of each code in turn, rare codes first; of a code one of each operator in turn, hard cases first.
    """
    codes = Counter(broken.code for broken in red)
    hard = sorted(red, key=lambda b: (-b.hardness, _shuffled(b.mistake, seed)))
    seen: Counter[tuple[str, str]] = Counter()
    turns = []
    for broken in hard:
        mine = (broken.code, broken.mistake.operator.name)
        turns.append((codes[broken.code], broken.code, seen[mine]))
        seen[mine] += 1
    order = [broken for _, broken in sorted(zip(turns, hard, strict=True), key=lambda pair: pair[0])]
    return _in_turn(order, lambda b: b.code, caps(mix), mix.per_crate)


def caps(mix: Injection) -> list[Cap[Broken]]:
    """What bounds the red ones that are kept, beside their number in all."""
    return [
        ("code", mix.per_code, lambda b: b.code),
        ("operator", mix.per_operator, lambda b: b.mistake.operator.name),
        ("function", mix.per_function, lambda b: (b.mistake.file, b.mistake.region)),
        ("lints", int(mix.lint_share * mix.per_crate), lambda b: "lints" if b.is_lint else None),
    ]


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
                keys = [(name, key(one), limit) for name, limit, key in caps if key(one) is not None]
                full = next((name for name, key, limit in keys if taken[name, key] >= limit), None)
                if full:
                    dropped[f"cap per {full}"] += 1
                    continue
                taken.update((name, key) for name, key, _ in keys)
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
    return _drawn(f"{seed}\0{_place(mistake)}")


def _drawn(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
