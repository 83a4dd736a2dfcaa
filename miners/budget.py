"""What a run may take: a limit that it reaches ends it cleanly, with what was begun still finished.

A budget is of the whole run, all its starts together: with a higher one the same command goes on.
"""

from __future__ import annotations

import difflib
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from math import inf

from oxidizer.cluster.campaign import Done
from oxidizer.cluster.rundir import Json
from oxidizer.miners.cost import Cost, Price


@dataclass(frozen=True)
class Budget:
    """Limits; infinite where none is set."""

    wall_hours: float = inf
    """Of the command at work, as `run.json` notes its starts."""
    cpu_hours: float = inf
    """Of the commands in the sandboxes and of the workers."""
    money: float = inf
    """In the currency of the recipe's prices."""
    tuples: float = inf
    """Tuples kept."""

    def __post_init__(self) -> None:
        for one in fields(self):
            if not getattr(self, one.name) > 0:
                raise ValueError(f"budget: {one.name} is more than 0, not {getattr(self, one.name)}")

    @property
    def told(self) -> dict[str, float]:
        """The limits that are set, as `run.json` has them."""
        return {name: limit for name, limit in asdict(self).items() if limit < inf}

    def reached(self, spent: Cost, price: Price, wall_s: float) -> str | None:
        """Which limit is reached, in words; None where all hold."""
        for name, limit, has in (
            ("tuples", self.tuples, spent.tuples),
            ("cpu_hours", self.cpu_hours, spent.cpu_s / 3600),
            ("money", self.money, spent.money(price)),
            ("wall_hours", self.wall_hours, wall_s / 3600),
        ):
            if has >= limit:
                return f"budget of {limit:g} {name} is used: {has:.4g}"
        return None


def read_budget(words: Sequence[str], price: Price) -> Budget:
    """A budget from `NAME=NUMBER` words, several in one with commas. Raises ValueError, naming the way out."""
    names = [one.name for one in fields(Budget)]
    budget = Budget()
    for word in (part.strip() for text in words for part in text.split(",")):
        name, sign, number = word.partition("=")
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}"
            raise ValueError(f"--budget {word}: no such limit; {hint}")
        try:
            limit = float(number)
        except ValueError:
            limit = -1.0
        if not sign or not 0 < limit < inf:
            raise ValueError(f"--budget {word}: write {name}= and a number above 0")
        budget = replace(budget, **{name: limit})
    if budget.money < inf and not price.is_set:
        raise ValueError("--budget money: the recipe names no prices; set [price] cpu_second and gb_hour in a --recipe")
    return budget


class Spending:
    """What a run has taken of its budget, kept up while it goes on."""

    def __init__(self, budget: Budget, price: Price, summaries: Iterable[Json], earlier_s: float) -> None:
        """`summaries` are of the units that are done; `earlier_s` is the time that earlier starts took."""
        self.budget, self.price = budget, price
        self.cost = sum((Cost.of(summary) for summary in summaries), Cost())
        self._began = time.monotonic() - earlier_s

    @property
    def reached(self) -> str | None:
        """See `Budget.reached`."""
        return self.budget.reached(self.cost, self.price, time.monotonic() - self._began)

    @property
    def left_s(self) -> float | None:
        """Seconds until the wall time is used; None where it has no limit."""
        left = self._began + self.budget.wall_hours * 3600 - time.monotonic()
        return left if left < inf else None

    def note(self, done: Done) -> bool:
        """One unit ended: whether there is enough."""
        if done.summary is not None:
            self.cost += Cost.of(done.summary)
        return self.reached is not None


def wall_s(sessions: Sequence[Json]) -> float:
    """Seconds that earlier starts took, as `run.json` notes them; of one that was killed, until its last unit."""
    return sum(
        (datetime.fromisoformat(one["ended"]) - datetime.fromisoformat(one["started"])).total_seconds()
        for one in sessions
    )
