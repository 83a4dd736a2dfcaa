"""What the injected miner tries, and what of it is kept: variety and hard cases, not volume.

Both choices are stable: the same crate, recipe and seed choose the same mutants, and another seed others.
"""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from math import isqrt
from typing import TypeVar

from oxidizer.cluster.diagnostics import MACHINE_APPLICABLE
from oxidizer.cluster.edits import map_back
from oxidizer.cluster.verdict import Verdict
from oxidizer.miners.difficulty import is_far, is_near
from oxidizer.miners.mistakes import Mistake
from oxidizer.miners.operators.operator import Route
from oxidizer.miners.recipe import Injection

T = TypeVar("T")
Cap = tuple[str, int, Callable[[T], Hashable]]
"""A name, and how many at most of one key; what has None is not capped."""


@dataclass(frozen=True)
class Broken:
    """A mistake that the compiler complains of, under the probe that shows it; for the audit also one that compiles."""

    mistake: Mistake
    verdict: Verdict
    probe: tuple[str, ...]
    suggested: str | None = None
    """How sure the tool is of the very fix, where it suggests that."""

    @property
    def is_trivial(self) -> bool:
        """The tool is sure of the very fix."""
        return self.suggested == MACHINE_APPLICABLE

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
        at, edits = target.primary, self.mistake.site.edits
        far = is_far(edits, at.file, self._in_source(at.file, at.byte_start), self._in_source(at.file, at.byte_end))
        # A sure suggestion that lies elsewhere than the mistake misleads.
        sure = [edit for fix in target.fixes() if fix.applicability == MACHINE_APPLICABLE for edit in fix.edits]
        places = [(e.file, self._in_source(e.file, e.start), self._in_source(e.file, e.end)) for e in sure]
        helps = self.suggested is not None or any(is_near(edit, *place) for place in places for edit in edits)
        return 2 * far + bool(self.verdict.more) + (not helps)

    def _in_source(self, file: str, offset: int) -> int:
        """The place in the healthy file of one in the broken file."""
        return map_back(offset, [e for e in self.mistake.site.edits if e.file == file])


def sample(found: Sequence[Mistake], mix: Injection, seed: int, most: int) -> list[Mistake]:
    """The mutants to try, at most so many: one of each operator in turn, in an order that each crate draws anew.

    Where there are more operators than trials, no operator goes short in every crate.
    """
    crate = min(map(_place, found), default="")
    turns = {name: _drawn(f"{seed}\0{crate}\0{name}") for name in {m.operator.name for m in found}}
    order = sorted(found, key=lambda m: (turns[m.operator.name], m.operator.name, _shuffled(m, seed)))
    caps: list[Cap[Mistake]] = [("function", mix.tried_per_function, lambda m: (m.file, m.region))]
    return _in_turn(order, lambda m: m.operator.name, caps, most)


def choose(red: Sequence[Broken], mix: Injection, seed: int) -> list[Broken]:
    """What is kept of the red ones.

    Of each code some in turn, rare codes first; the more kinds of mistakes lead to a code, the more, since people meet
    it more. Of a code one of each operator in turn, in an order that each crate draws anew, since easy ones would else
    never come to it; of an operator hard cases first.
    """
    crate, codes = min((b.place for b in red), default=""), Counter(broken.code for broken in red)
    hard = sorted(red, key=lambda b: (-b.hardness, _shuffled(b.mistake, seed)))
    seen: Counter[tuple[str, str]] = Counter()
    turns = []
    for broken in hard:
        mine = (broken.code, broken.mistake.operator.name)
        turns.append((codes[broken.code], broken.code, seen[mine], _drawn("\0".join((str(seed), crate, *mine)))))
        seen[mine] += 1
    order = [broken for _, broken in sorted(zip(turns, hard, strict=True), key=lambda pair: pair[0])]
    kinds = Counter(code for code, _ in seen)
    return _in_turn(order, lambda b: b.code, caps(mix), mix.per_crate, lambda code: isqrt(kinds[code]))


def caps(mix: Injection) -> list[Cap[Broken]]:
    """What bounds the red ones that are kept, beside their number in all."""
    return [
        ("code", mix.per_code, lambda b: b.code),
        ("operator", mix.per_operator, lambda b: b.mistake.operator.name),
        ("function", mix.per_function, lambda b: (b.mistake.file, b.mistake.region)),
        ("lints", int(mix.lint_share * mix.per_crate), lambda b: "lints" if b.is_lint else None),
        ("trivial", int(mix.trivial_share * mix.per_crate), lambda b: "trivial" if b.is_trivial else None),
    ]


def _in_turn(
    order: Sequence[T], kind: Callable[[T], str], caps: Sequence[Cap[T]], most: int,
    share: Callable[[str], int] = lambda _: 1,
) -> list[T]:  # fmt: skip
    """Of each kind its share in turn, kinds and their members in the given order, within the caps."""
    waiting: dict[str, deque[T]] = {}
    for one in order:
        waiting.setdefault(kind(one), deque()).append(one)
    taken: Counter[tuple[str, Hashable]] = Counter()
    kept: list[T] = []
    while waiting:
        for turn, queue in list(waiting.items()):
            left = share(turn)
            while queue and left and len(kept) < most:
                one = queue.popleft()
                keys = [(name, key(one), limit) for name, limit, key in caps if key(one) is not None]
                if all(taken[name, mine] < limit for name, mine, limit in keys):
                    taken.update((name, mine) for name, mine, _ in keys)
                    kept.append(one)
                    left -= 1
            if left:
                del waiting[turn]
    return kept


def _place(mistake: Mistake) -> str:
    edits = ",".join(f"{e.file}:{e.start}-{e.end}={e.replacement!r}" for e in mistake.site.edits)
    return f"{mistake.operator.name}\0{edits}"


def _shuffled(mistake: Mistake, seed: int) -> str:
    """A stable order that prefers no part of the crate."""
    return _drawn(f"{seed}\0{_place(mistake)}")


def _drawn(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
