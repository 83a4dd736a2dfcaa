"""The report's figures of injected bugs: each operator's way from sites to tuples, and what spoiled shared runs.

A reason for few tuples is made of counts alone. An operator with fewer than 20 tuples has one for each step that lost
more than half of what came to it and left fewer than 20; where no step did, for the one that lost most.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from oxidizer.miners.operators import operators
from oxidizer.miners.report.funnel import ranked
from oxidizer.miners.report.manifest import Unit

MANY, SPREAD = 20, 3
"""Tuples and crates from which on an operator has enough."""
STEPS = ("proposed", "tried", "red", "kept")
_CAUSES = 2
"""Causes that are named for what a step lost, the largest ones."""
_UNTRIED = frozenset(
    {
        "cap on trials", "cap on trials per function", "no test to fail", "code that may run at compile time",
        "in the way of another change", "code of a program", "clippy alone does not take the source",
    }
)  # fmt: skip
_UNKEPT = frozenset(
    {
        "cap per code", "cap per operator", "cap per function", "cap per lints", "cap per crate",
        "the same lesson", "refuted by the audit", "shared run not trusted", "errors of another package",
        "too many errors of one mistake", "the fix silences",
    }
)  # fmt: skip


@dataclass
class Seen:
    """What became of one operator's mistakes in all crates."""

    counts: Counter[str] = field(default_factory=Counter)
    crates: Counter[str] = field(default_factory=Counter)
    """In how many crates something reached a step."""
    left: Counter[str] = field(default_factory=Counter)

    def lost(self, step: str) -> list[tuple[str, int]]:
        """Why mistakes did not reach a step, the most frequent first."""
        return ranked(Counter({reason: n for reason, n in self.left.items() if _step(reason) == step}))


def operator_rows(units: Iterable[Unit]) -> list[dict[str, Any]]:
    """Each operator with its counts, most tuples first; few tuples have a reason."""
    known = {operator.name: operator for operator in operators()}
    rows = []
    for name, seen in _seen(units).items():
        operator = known.get(name)
        rows.append(
            {
                "name": name,
                "route": str(operator.route) if operator else None,
                "classes": sorted(operator.classes) if operator else [],
                "codes": [code or "no code" for code in operator.codes] if operator else [],
                **{step: seen.counts[step] for step in STEPS},
                "crates": seen.crates["kept"],
                "left": [{"reason": reason, "count": count} for reason, count in ranked(seen.left)],
                "why": why_few(seen),
            }
        )
    return sorted(rows, key=lambda row: (-row["kept"], row["name"]))


def _seen(units: Iterable[Unit]) -> dict[str, Seen]:
    found: dict[str, Seen] = {}
    for unit in units:
        for name, told in (unit.injection.operators if unit.injection else {}).items():
            seen = found.setdefault(name, Seen())
            reached = {step: getattr(told, step) for step in STEPS}
            seen.counts.update(reached)
            seen.crates.update(step for step, count in reached.items() if count)
            seen.left.update(told.left)
    return found


def why_few(seen: Seen) -> str | None:
    """Why an operator has fewer than 20 tuples, or has them in fewer than 3 crates; None where it has enough."""
    if not seen.counts["proposed"]:
        return "no place for it in these crates"
    if seen.counts["kept"] >= MANY:
        return None if seen.crates["kept"] >= SPREAD else _narrow(seen)
    steps = list(pairwise(STEPS))
    shares = {after: seen.counts[after] / seen.counts[before] for before, after in steps if seen.counts[before]}
    told = [step for step, share in shares.items() if share < 0.5 and seen.counts[step] < MANY]
    if not told and seen.counts["proposed"] >= MANY:
        told = [min(shares, key=lambda step: shares[step])]
    few = [f"only {_times(seen.counts['proposed'], 'place')} for it"] if seen.counts["proposed"] < MANY else []
    return "; ".join(few + [_loss(seen, before, after) for before, after in steps if after in told])


def _narrow(seen: Seen) -> str:
    """Enough tuples, and in too few crates: the first step that so few crates reach."""
    step = next(step for step in STEPS if seen.crates[step] < SPREAD)
    what = {"proposed": "has places", "tried": "was tried", "red": "was red", "kept": "was kept"}[step]
    return f"{what} in {_times(seen.crates[step], 'crate')} only"


def _loss(seen: Seen, before: str, after: str) -> str:
    whole, part = seen.counts[before], seen.counts[after]
    nouns = {"proposed": "places", "tried": "tried", "red": "red"}
    said = f"{part:,} of {whole:,} {nouns[before]}" if part else f"none of {whole:,} {nouns[before]}"
    causes = ", ".join(f"{reason.replace('_', ' ')} {count:,}" for reason, count in seen.lost(after)[:_CAUSES])
    return f"{said} {after}" + (f" ({causes})" if causes else "")


def _step(reason: str) -> str:
    """The step that a reason kept a mistake from; what a verdict says keeps it from being red."""
    return "tried" if reason in _UNTRIED else "kept" if reason in _UNKEPT else "red"


def _times(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def unusual(units: Iterable[Unit]) -> list[dict[str, str]]:
    """Where the usual way of judging could not be gone: the unit, what came instead, and why."""
    rows = []
    for unit in units:
        if (told := unit.injection) is None:
            continue
        found = [("no mistake was tried", told.unrecorded)] if told.unrecorded else []
        found += [(f"a few mistakes of {t} were judged, alone by cargo", why) for t, why in told.unshared.items()]
        found += [(f"no lint was tried on {t}", why) for t, why in told.unlinted.items()]
        if told.distrust:
            found.append(("shared runs are not believed, a few of their tuples were judged alone", told.distrust))
        rows += [{"unit": unit.unit, "what": what, "reason": why} for what, why in found if why]
    return rows


def poisoned(units: Iterable[Unit]) -> list[dict[str, Any]]:
    """Shared runs that were spoiled, and by whom, the most frequent first."""
    return sorted(
        (
            {"unit": unit.unit, **note.model_dump(), "culprits": list(note.culprits)}
            for unit in units
            for note in (unit.injection.poisoned if unit.injection else ())
        ),
        key=lambda row: (-row["runs"], row["unit"], row["route"], row["seen"], row["culprits"]),
    )
