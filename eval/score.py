"""What results are worth: how many cases are mended, how well the policy knows it, and how sure these figures are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Result = Mapping[str, Any]
BINS = 10
DRAWS = 1000


@dataclass(frozen=True)
class Interval:
    """A share with the middle 95% of its bootstrap, by case or by crate."""

    value: float
    low: float
    high: float


def fix_at(results: Sequence[Result], k: int) -> float:
    """The share of cases of which one of the first k tries is green."""
    return float(np.mean([one["rank"] is not None and one["rank"] <= k for one in results])) if results else 0.0


def exact_at(results: Sequence[Result], k: int) -> float:
    """The share of cases of which one of the first k tries is the recorded fix."""
    return float(np.mean([(one["exact_rank"] or k + 1) <= k for one in results])) if results else 0.0


def bootstrap(
    results: Sequence[Result], figure: Callable[[Sequence[Result]], float], *, by: str | None, seed: int = 0
) -> Interval:
    """A figure's interval, from `DRAWS` resamples of the cases, or of the crates with all their cases (`by`)."""
    draw = np.random.default_rng(seed)
    groups: dict[object, list[Result]] = defaultdict(list)
    for at, one in enumerate(results):
        groups[one[by] if by else at].append(one)
    own = list(groups.values())
    values = []
    for _ in range(DRAWS if results else 0):
        drawn = [one for at in draw.integers(0, len(own), len(own)) for one in own[at]]
        values.append(figure(drawn))
    low, high = np.quantile(values, [0.025, 0.975]) if values else (0.0, 0.0)
    return Interval(figure(results), float(low), float(high))


def calibration(results: Sequence[Result]) -> dict[str, Any]:
    """How the first try's probability agrees with what came: Brier's score, the expected calibration error over `BINS`
    bins of one width (Guo et al., 2017), and the bins.
    """
    said = np.array([float(one["probability"] or 0.0) for one in results])
    came = np.array([bool(one["first_green"]) for one in results], dtype=float)
    if not len(said):
        return {"brier": 0.0, "ece": 0.0, "bins": []}
    places = np.minimum((said * BINS).astype(int), BINS - 1)
    bins = []
    error = 0.0
    for at in range(BINS):
        inside = places == at
        if inside.any():
            gap = abs(float(said[inside].mean()) - float(came[inside].mean()))
            error += gap * float(inside.mean())
            bins.append(
                {"said": float(said[inside].mean()), "came": float(came[inside].mean()), "cases": int(inside.sum())}
            )
    return {"brier": float(np.mean((said - came) ** 2)), "ece": error, "bins": bins}


def coverage(results: Sequence[Result]) -> list[dict[str, float]]:
    """Abstention: where only the surest share of the cases is answered, how many of the answers are right."""
    ordered = sorted(results, key=lambda one: -(one["probability"] or 0.0))
    shares = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
    found = []
    for share in shares:
        answered = ordered[: max(1, round(share * len(ordered)))] if ordered else []
        right = float(np.mean([bool(one["first_green"]) for one in answered])) if answered else 0.0
        least = float(answered[-1]["probability"] or 0.0) if answered else 0.0
        found.append({"answered": share, "right": right, "threshold": least})
    return found


def slices(results: Sequence[Result]) -> dict[str, list[Result]]:
    """The parts of a suite that keep its headline honest."""
    found: dict[str, list[Result]] = {"all": list(results)}
    found["errors"] = [one for one in results if str(one["code"] or "E").startswith("E") and one["class"] != "lint"]
    found["lints"] = [one for one in results if one not in found["errors"]]
    found["without misspellings and deletions"] = [one for one in results if not one["easy"]]
    for number, name in ((1, "one diagnostic"), (2, "two diagnostics")):
        found[name] = [one for one in results if one["diagnostics"] == number]
    found["three diagnostics and more"] = [one for one in results if one["diagnostics"] > 2]
    for key in ("class", "crate"):
        for name in sorted({str(one[key]) for one in results}):
            found[f"{key}: {name}"] = [one for one in results if str(one[key]) == name]
    return {name: own for name, own in found.items() if own}


def _fix(results: Sequence[Result], k: int) -> dict[str, dict[str, float]]:
    def figure(own: Sequence[Result]) -> float:
        return fix_at(own, k)

    by_case, by_crate = (bootstrap(results, figure, by=by) for by in (None, "crate"))
    return {"by_case": vars(by_case), "by_crate": vars(by_crate)}


def summary(results: Sequence[Result], ks: Sequence[int]) -> dict[str, Any]:
    """All figures of some results; those without a verdict are counted, and are in no share."""
    scored = [one for one in results if not one["unscored"]]
    told: dict[str, Any] = {"cases": len(results), "scored": len(scored)}
    reasons: dict[str, int] = defaultdict(int)
    for one in results:
        if one["unscored"]:
            reasons[one["unscored"]] += 1
    told["unscored"] = dict(sorted(reasons.items()))
    told["crates"], told["codes"] = len({one["crate"] for one in scored}), len({one["code"] for one in scored})
    told["fix"] = {str(k): _fix(scored, k) for k in ks}
    told["exact"] = {str(k): exact_at(scored, k) for k in ks}
    told["calibration"], told["coverage"] = calibration(scored), coverage(scored)
    times = [one["propose_s"] for one in scored if one["propose_s"] is not None]
    told["propose_ms"] = {
        "median": float(np.median(times)) * 1e3 if times else 0.0,
        "p95": float(np.quantile(times, 0.95)) * 1e3 if times else 0.0,
    }  # fmt: skip
    fixed = [one for one in scored if one["rank"] is not None]
    told["tries_per_fix"] = float(np.mean([one["rank"] for one in fixed])) if fixed else 0.0
    told["slices"] = {
        name: {"cases": len(own), **{f"fix@{k}": fix_at(own, k) for k in ks}} for name, own in slices(scored).items()
    }  # fmt: skip
    return told
