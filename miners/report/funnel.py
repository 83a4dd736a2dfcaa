"""The way from a suggestion to a tuple, as counted: four steps, and at each why the rest went no further."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise
from typing import Any

from oxidizer.miners.report.facts import RunFacts

STEPS = ("harvested", "candidates", "proven", "kept")

_STEP_OF_STAGE = {
    "harvest": "candidates",
    "select": "candidates",
    "caps": "candidates",
    "test": "kept",
    "tests": "kept",
}
"""Which step a reject's stage keeps it from; any other stage is part of proving."""
_UNNAMED = {"candidates": "over the caps", "proven": "no reason recorded", "kept": "no reason recorded"}


def funnel(facts: RunFacts) -> tuple[list[dict[str, Any]], list[str]]:
    """The steps `{step, count, drops [{reason, count}]}`, and a sentence for each step whose reasons do not add up.

    The drops of a step add up to what it lost before the next one: a rest without a reason is named as such, and
    reasons beyond what was lost are cut, which the sentence says.
    """
    counts = {step: sum(getattr(unit.counts, step) for unit in facts.units) for step in STEPS}
    reasons, steps, warnings = _reasons(facts), [], []
    for step, following in pairwise(STEPS):
        lost = max(counts[step] - counts[following], 0)
        steps.append({"step": step, "count": counts[step], "drops": _fitted(reasons[following], lost, following)})
        if (given := reasons[following].total()) > lost:
            warnings.append(f"After “{step}” {lost:,} suggestions were lost, but reasons are given for {given:,}.")
    return [*steps, {"step": "kept", "count": counts["kept"], "drops": []}], warnings


def _reasons(facts: RunFacts) -> dict[str, Counter[str]]:
    """Reasons by the step that they kept a suggestion from. The units' counts are whole; the rejects tell the stage."""
    stages: dict[str, Counter[str]] = defaultdict(Counter)
    for (stage, reason), count in facts.rejects.items():
        stages[reason][_STEP_OF_STAGE.get(stage, "proven")] += count
    reasons: dict[str, Counter[str]] = defaultdict(Counter)
    for unit in facts.units:
        for reason, count in unit.counts.rejected.items():
            step = ranked(stages[reason])[0][0] if stages[reason] else "proven"
            reasons[step][reason] += count
        for lint, count in unit.counts.noise.items():
            reasons["candidates"][f"set aside: {lint}"] += count
    return reasons


def _fitted(reasons: Counter[str], lost: int, following: str) -> list[dict[str, Any]]:
    fitted, left = [], lost
    for reason, count in ranked(reasons):
        taken = min(count, left)
        left -= taken
        fitted += [{"reason": reason, "count": taken}] if taken else []
    return [*fitted, *([{"reason": _UNNAMED[following], "count": left}] if left else [])]


def ranked(counter: Counter[Any]) -> list[tuple[Any, int]]:
    """The items of a counter, largest first, ties by name: an order that does not depend on the order of counting."""
    return sorted(counter.items(), key=lambda item: (-item[1], str(item[0])))
