"""What mining costs: CPU seconds and memory hours of units, and money at the recipe's prices.

A unit's CPU seconds are those of its commands in the sandbox and of the worker's own process beside them. Its memory is
what the worker set aside for it (`limits.memory_bytes`), as long as it was at work: that is what a cluster bills.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

GB = 1_000_000_000


@dataclass(frozen=True)
class Price:
    """What a CPU second and a GB (10^9 bytes) of memory for an hour cost, in `currency`; 0: money is not told."""

    cpu_second: float = 0.0
    gb_hour: float = 0.0
    currency: str = "USD"

    def __post_init__(self) -> None:
        for name in ("cpu_second", "gb_hour"):
            if not 0 <= getattr(self, name) < 1e9:
                raise ValueError(f"{name} is a price of 0 or more, not {getattr(self, name)}")

    @property
    def is_set(self) -> bool:
        """Whether money is told."""
        return self.cpu_second > 0 or self.gb_hour > 0


@dataclass(frozen=True)
class Cost:
    """What units took, summed."""

    cpu_s: float = 0.0
    gb_hours: float = 0.0
    tuples: int = 0

    @classmethod
    def of(cls, summary: dict[str, Any]) -> Self:
        """Of one unit, from its `unit.json`; what an older run did not note counts as nothing."""
        stages = [*summary.get("stages", {}).values(), *summary.get("again", {}).get("stages", {}).values()]
        memory = summary.get("limits", {}).get("memory_bytes", 0)
        return cls(
            cpu_s=sum(stage.get("cpu_s", 0.0) for stage in stages) + summary.get("worker_cpu_s", 0.0),
            gb_hours=memory / GB * summary.get("wall_s", 0.0) / 3600,
            tuples=summary.get("counts", {}).get("kept", 0),
        )

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.cpu_s + other.cpu_s, self.gb_hours + other.gb_hours, self.tuples + other.tuples)

    def money(self, price: Price) -> float:
        """At these prices, in their currency."""
        return self.cpu_s * price.cpu_second + self.gb_hours * price.gb_hour

    def told(self, price: Price) -> str:
        """In a few words, for a person."""
        return f"{self.cpu_s / 3600:.2f} CPU h" + (f" · {in_words(self.money(price), price)}" if price.is_set else "")


def in_words(amount: float, price: Price) -> str:
    """An amount of money."""
    return f"{digits(amount)} {price.currency}"


def digits(amount: float) -> str:
    """A number of money: small ones with the digits that they have."""
    return f"{amount:,.2f}" if amount >= 0.1 or not amount else f"{amount:.2g}"
