"""What unit.json says of injected bugs: the way of each operator's mistakes, and the runs that mutants shared."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from oxidizer.cluster.batch import Poison
from oxidizer.cluster.layout import Mutant
from oxidizer.miners.mistakes import Mistake
from oxidizer.miners.mix import Broken, caps
from oxidizer.miners.recipe import Injection

_CULPRITS = 8
"""Operators that a note of a spoiled run names."""
_POISONS = 10
"""Spoiled runs that unit.json tells of, each kind once."""
_SEEN = 200
"""Characters of what was seen there."""


@dataclass
class Told:
    """What unit.json says of the operators and of the shared runs."""

    operators: dict[str, Counter[str]]
    """By operator, those that find no site included: sites proposed, mutants tried, red ones, tuples kept."""
    left: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """By operator, why the rest of its sites was not tried, of what was tried not red, of the red not kept."""
    untried: Counter[str] = field(default_factory=Counter)
    """Why sites were not tried, of all operators."""
    runs: Counter[str] = field(default_factory=Counter)
    poisoned: Counter[tuple[str, str, tuple[str, ...]]] = field(default_factory=Counter)
    """Shared runs that were divided, the smallest ones: the route, what was seen, the culprits' operators."""
    unrecorded: str | None = None
    """Why nothing at all was tried in the code: cargo did not show how it compiles."""
    unshared: dict[str, str] = field(default_factory=dict)
    """By target, why its mutants shared no runs."""
    unlinted: dict[str, str] = field(default_factory=dict)
    """By target, why no lint was tried on it."""
    distrust: str | None = None
    """Why the audit does not believe what shared runs showed."""

    def account(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "operators": {name: self._operator(name) for name in sorted(self.operators)},
            "runs": dict(sorted(self.runs.items())),
            "poisoned": [
                {"route": route, "seen": seen, "culprits": list(culprits), "runs": runs}
                for (route, seen, culprits), runs in self._poisons[:_POISONS]
            ],
            "poisoned_left_out": sum(runs for _, runs in self._poisons[_POISONS:]),
            **{key: getattr(self, key) for key in ("unrecorded", "unshared", "unlinted", "distrust")},
        }

    def _operator(self, name: str) -> dict[str, Any]:
        left = dict(sorted((+self.left[name]).items()))
        return {**dict(sorted(self.operators[name].items())), **({"left": left} if left else {})}

    @property
    def _poisons(self) -> list[tuple[tuple[str, str, tuple[str, ...]], int]]:
        """Those seen most often first."""
        return sorted(self.poisoned.items(), key=lambda one: (-one[1], one[0]))

    def count(self, mistake: Mistake, what: str) -> None:
        """One more of the operator."""
        self.operators[mistake.operator.name][what] += 1

    def retry(self, mistake: Mistake, why: str) -> None:
        """It went no further for this reason, and is tried otherwise now."""
        self.operators[mistake.operator.name]["tried"] -= 1
        self.left[mistake.operator.name][why] -= 1

    def leave(self, mistakes: Iterable[Mistake], why: str) -> None:
        """They went no further."""
        for mistake in mistakes:
            self.left[mistake.operator.name][why] += 1

    def untry(self, mistakes: Sequence[Mistake], why: str) -> None:
        """They are not tried."""
        self.leave(mistakes, why)
        self.untried[why] += len(mistakes)

    def drawn(self, offered: Iterable[Mistake], tried: Sequence[Mistake], per_function: int) -> None:
        """What a draw of trials left out, by the cap that was full."""
        taken, lies = {id(m) for m in tried}, Counter((m.file, m.region) for m in tried)
        for mistake in offered:
            if id(mistake) not in taken:
                full = lies[mistake.file, mistake.region] >= per_function
                self.untry([mistake], f"cap on trials{' per function' if full else ''}")

    def chosen(self, red: Iterable[Broken], kept: Sequence[Broken], mix: Injection) -> Counter[str]:
        """What the choice left out of the red ones, by the narrowest cap that was full."""
        bounds, taken, left = caps(mix), {id(b) for b in kept}, Counter[str]()
        held = Counter((name, key(b)) for b in kept for name, _, key in bounds)
        for broken in red:
            if id(broken) not in taken:
                found = [(name, most, key(broken)) for name, most, key in bounds]
                full = (name for name, most, mine in found if mine is not None and held[name, mine] >= most)
                why = f"cap per {next(full, 'crate')}"
                self.leave([broken.mistake], why)
                left[why] += 1
        return left

    def noted(self, route: str, names: Mapping[Mutant, str], poisons: Iterable[Poison]) -> None:
        """What spoiled shared runs of a route, whose mutants have these operators."""
        for poison in poisons:
            culprits = tuple(sorted({names[mutant] for mutant in poison.culprits}))
            self.poisoned[route, poison.seen[:_SEEN], culprits[:_CULPRITS]] += 1
