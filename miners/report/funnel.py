"""The way from a suggestion to a tuple, as counted: four steps, and at each why the rest went no further."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from oxidizer.miners.report.facts import RunFacts
from oxidizer.miners.report.manifest import Unit

STEPS = ("harvested", "candidates", "proven", "kept")

_UNNAMED = "no reason recorded"


def funnel(facts: RunFacts) -> tuple[list[dict[str, Any]], list[str]]:
    """The steps `{step, count, drops [{reason, count}]}`, and a sentence for each step whose reasons do not add up.

    The drops of a step add up to what it lost before the next one: a rest without a reason is named as such, and
    reasons beyond what was lost are cut, which the sentence says.
    """
    counts = {step: sum(getattr(unit.counts, step) for unit in facts.units) for step in STEPS}
    reasons, steps, warnings = _reasons(facts), [], []
    for step, following in pairwise(STEPS):
        lost = max(counts[step] - counts[following], 0)
        steps.append({"step": step, "count": counts[step], "drops": _fitted(reasons[following], lost)})
        if (given := reasons[following].total()) > lost:
            warnings.append(f"After “{step}” {lost:,} were lost, but reasons are given for {given:,}.")
    return [*steps, {"step": "kept", "count": counts["kept"], "drops": []}], warnings


def _reasons(facts: RunFacts) -> dict[str, Counter[str]]:
    """Reasons by the step that they kept a suggestion from.

    Whatever was tried and dropped is a row of the rejects; what was never tried only the units' counts tell.
    """
    reasons: dict[str, Counter[str]] = defaultdict(Counter)
    for (stage, reason), count in facts.rejects.items():
        reasons[_step(stage)][reason] += count
    reasons["candidates"] += untried(facts.units)
    for unit in facts.units:
        reasons["proven"].update(unit.counts.unproven)
        reasons["kept"].update(unit.counts.unkept)
    return reasons


def untried(units: Iterable[Unit]) -> Counter[str]:
    """Why suggestions were never tried: the recipe's noise, by lint where the unit tells, and the caps."""
    reasons: Counter[str] = Counter()
    for unit in units:
        noise = {f"set aside: {lint}": count for lint, count in unit.counts.noise.items()}
        reasons.update({name: n for name, n in unit.counts.skipped.items() if not (noise and name == "noise")} | noise)
    return reasons


def _step(stage: str) -> str:
    """The step that a reject did not reach."""
    return "kept" if stage in ("test", "audit") else "proven"


def _fitted(reasons: Counter[str], lost: int) -> list[dict[str, Any]]:
    fitted, left = [], lost
    for reason, count in ranked(reasons):
        taken = min(count, left)
        left -= taken
        fitted += [{"reason": reason, "count": taken}] if taken else []
    return [*fitted, *([{"reason": _UNNAMED, "count": left}] if left else [])]


def ranked(counter: Counter[Any]) -> list[tuple[Any, int]]:
    """The items of a counter, largest first, ties by name: an order that does not depend on the order of counting."""
    return sorted(counter.items(), key=lambda item: (-item[1], str(item[0])))


def named(counter: Counter[str]) -> list[dict[str, Any]]:
    """Names with their counts as the report shows them, largest first."""
    return [{"name": name, "count": count} for name, count in ranked(counter)]
