"""Gates: what an evaluation has to show before a model is promoted.

A gate file is TOML, one table a condition:

    [[require]]
    figure = "fix.1.by_case.value"      # a place in eval.json, its keys with points between
    at_least = 0.75

    [[require]]
    figure = "calibration.ece"
    at_most = 0.05

A gate without conditions, or a condition on a figure that is not there, refuses.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class BadGate(ValueError):
    """The gate file cannot be meant; says why."""


@dataclass(frozen=True)
class Condition:
    """One figure, and the bounds that it has to keep."""

    figure: str
    at_least: float | None
    at_most: float | None


@dataclass(frozen=True)
class Result:
    """What came of a condition; `value` is None where the evaluation has no such figure."""

    condition: Condition
    value: float | None

    @property
    def holds(self) -> bool:
        """The figure is there and within its bounds."""
        low, high = self.condition.at_least, self.condition.at_most
        return self.value is not None and (low is None or self.value >= low) and (high is None or self.value <= high)

    @property
    def words(self) -> str:
        """For a person."""
        bounds = [
            f"{name} {bound:g}"
            for name, bound in (("at least", self.condition.at_least), ("at most", self.condition.at_most))
            if bound is not None
        ]
        seen = "is not in the evaluation" if self.value is None else f"is {self.value:.4g}"
        return f"{self.condition.figure} {seen}, wanted {' and '.join(bounds)}"


def load_gate(path: Path) -> tuple[Condition, ...]:
    """The conditions of a gate file. Raises BadGate."""
    try:
        plain = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadGate(f"{path}: {error}") from error
    if set(plain) - {"require"}:
        raise BadGate(f"{path}: unknown key {sorted(set(plain) - {'require'})[0]!r}; conditions are [[require]] tables")
    conditions = plain.get("require", [])
    if not isinstance(conditions, list) or not conditions:
        raise BadGate(f"{path} has no [[require]]: a gate that asks for nothing lets everything through")
    return tuple(_condition(path, one) for one in conditions)


def _condition(path: Path, plain: Any) -> Condition:
    if not isinstance(plain, dict) or set(plain) - {"figure", "at_least", "at_most"}:
        raise BadGate(f"{path}: a [[require]] has figure, at_least and at_most, not {plain!r}")
    figure, low, high = plain.get("figure"), plain.get("at_least"), plain.get("at_most")
    numbers = all(bound is None or type(bound) in (int, float) for bound in (low, high))
    if not isinstance(figure, str) or not figure or not numbers or (low is None and high is None):
        raise BadGate(f"{path}: a [[require]] names a figure, and at_least or at_most as numbers, not {plain!r}")
    return Condition(figure, low, high)


def judge(conditions: tuple[Condition, ...], figures: Mapping[str, Any]) -> list[Result]:
    """What comes of each condition."""
    return [Result(one, _found(figures, one.figure)) for one in conditions]


def _found(figures: Any, name: str) -> float | None:
    """The number at a place; keys may hold points and blanks themselves, so the longest that fits is taken."""
    if isinstance(figures, Mapping):
        if name in figures:
            value = figures[name]
            return float(value) if type(value) in (int, float) else None
        for key in sorted(figures, key=len, reverse=True):
            if name.startswith(f"{key}.") and (value := _found(figures[key], name[len(key) + 1 :])) is not None:
                return value
    return None
