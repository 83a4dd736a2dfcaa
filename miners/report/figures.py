"""The figures of a run: the one source of `report.json` and of the page.

`report.json` (`schema_version` 1; counts unless a name ends in `_s`, `_bytes` or `share`; shares are 0 to 1 or null):

    run       {path, list, miners, recipe, seed, toolchain, sandbox {backend, image, accepted_weaker [name]},
               code {version, commit}, started, ended, elapsed_s, sessions [{started, ended, how}],
               budget {name: limit}, reproducible}
    totals    {asked, waiting, mined, rejected, quarantined, tuples, codes, codes_often, classes, covered_share,
               agreed_share, overhead_share, spurious_share}
    funnel    [{step, count, drops [{reason, count}]}]: harvested, candidates, proven, kept, each with why the rest went
    tuples    {class|code|group|crate|applicability|scope|tool|origin: [{name, count}]}, largest first
    codes     what the toolchain can show and how many tuples have it: see `codes.py`
    sizes     {difficulty|changed_lines|code_bytes: [{name, count}]}: see `sizes.py`
    coverage  {covered, uncovered, unknown, unmeasured [{reason, crates}]}
    tests     {crates: {pass, none, fail}, tuples: {pass, none}, passed, failed, flaky, doctests}
    audit     {audited, agreed}
    again     {tried, passed}: units that failed and were tried once more in a fresh sandbox; null where none was
    operators [{name, route, classes [name], codes [name], proposed, tried, red, kept, crates, left [{reason, count}],
               why}], of injected bugs; those without a site too
    moves     {rows [{kind, name, tried, nothing, mended, tuples, others [{reason, count}], left [{name, count}]}],
               fixes, left [{name, count}]}: what became of migrations, dependencies together; null where there is none
    pulls     what became of pull requests: see `pulls.py`; null where none were mined
    unshared  [{unit, what, reason}]: where mutants shared no run of the compiler, and what came instead
    poisoned  [{unit, route, seen, culprits [operator], runs}]: shared runs that something spoiled, and were divided
    rejects   [{stage, reason, count}], largest first
    untried   [{name, count}]: suggestions that were never tried, by reason: noise and caps
    cost      {cpu_s, gb_hours, money, currency, tuple {cpu_s, money}}: in all, and per tuple; money is null without
               prices, and `tuple` without tuples
    time      {stages [{stage, wall_s, cpu_s, commands, overhead_s}], wall_s, overhead_s}, summed over units
    crates    [{unit, crate, version, status, cause, message, license, tuples, codes, covered_share, tests {...},
               wall_s, overhead_s, cpu_s, money, peak_bytes, attempts, worker, stages {<stage>: wall_s}}], most tuples
               first
    slowest   [unit], slowest first
    triage    failed units by cause and likeness: see `triage.py`
    failures  [{unit, crate, version, cause, message}]; quarantined [{unit, crate, version, error, attempts}]
    samples   [tuple id]: those that the page shows
    warnings  [sentence]: where two files of the run disagree

`codes` count what has a code of its own: not failing tests, errors without a code, rustfmt. In `tuples` those go by
their tool's name. `codes_often` have 50 tuples or more. `covered_share` is of the tuples whose coverage is known;
`overhead_share` is sandbox time over command time; `spurious_share` is of the failed units that were tried again those
that then passed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from oxidizer.miners.cost import Cost, Price
from oxidizer.miners.report.codes import codes
from oxidizer.miners.report.facts import RunFacts
from oxidizer.miners.report.funnel import funnel, named, ranked, untried
from oxidizer.miners.report.injection import operator_rows, poisoned, unusual
from oxidizer.miners.report.manifest import Stage, Unit
from oxidizer.miners.report.moves import move_rows
from oxidizer.miners.report.pulls import pull_figures
from oxidizer.miners.report.samples import choose
from oxidizer.miners.report.sizes import sizes
from oxidizer.miners.report.triage import triage

SLOWEST = 10
STAGES = (
    "fetch", "sandbox", "dependencies", "baseline", "harvest", "prove", "test", "audit", "format",
    "record", "sites", "batch", "syntax", "lints", "alone", "behaviour", "manifest", "records", "moves", "repair",
    "lessons", "recheck", "selection", "split", "proof", "chat",
)  # fmt: skip
"""The order of the work, for figures; a stage with another name comes after these."""


def figures(facts: RunFacts) -> dict[str, Any]:
    """All figures of a run, as the module's docstring lays them out."""
    flow, crowded = funnel(facts)
    held = facts.tuples.counts("unit")
    known = codes(facts)
    rows = _crates(facts)
    return {
        "schema_version": 1,
        "run": _run(facts),
        "totals": {**_totals(facts), "codes_often": known["often"]},
        "funnel": flow,
        "tuples": _tuples(facts),
        "codes": known,
        "sizes": sizes(facts.tuples),
        "coverage": _coverage(facts),
        "tests": _tests(facts),
        "audit": _audit(facts.units),
        "again": _again(facts.units),
        "operators": operator_rows(facts.units),
        "moves": move_rows(facts.units),
        "pulls": pull_figures(facts),
        "unshared": unusual(facts.units),
        "poisoned": poisoned(facts.units),
        "rejects": [{"stage": s, "reason": r, "count": n} for (s, r), n in ranked(facts.rejects)],
        "untried": named(untried(facts.units)),
        "cost": _cost(facts),
        "time": _time(facts.units),
        "crates": sorted(rows, key=lambda row: (-row["tuples"], row["unit"])),
        "slowest": [unit.unit for unit in sorted(facts.units, key=lambda u: (-u.wall_s, u.unit))[:SLOWEST]],
        "triage": triage(facts),
        "failures": [
            {
                "unit": u.unit,
                "crate": u.crate,
                "version": u.version,
                "cause": u.cause or "unknown",
                "message": u.message,
            }
            for u in facts.units
            if u.status == "rejected"
        ],
        "quarantined": [unit.model_dump() for unit in facts.quarantined],
        "samples": [row.id for row in choose(facts.tuples)],
        "warnings": [*crowded, *_warnings(facts.units, held)],
    }


def _run(facts: RunFacts) -> dict[str, Any]:
    manifest = facts.manifest
    sessions = [session.model_dump() for session in manifest.sessions]
    started = manifest.started or next((s["started"] for s in sessions if s["started"]), None)
    return {
        "path": str(facts.path),
        "list": manifest.asked.list,
        "miners": list(manifest.asked.miners),
        "recipe": manifest.asked.recipe,
        "seed": manifest.asked.seed,
        "toolchain": manifest.toolchain,
        "sandbox": manifest.sandbox.model_dump(),
        "code": manifest.code.model_dump(),
        "started": started,
        "ended": next((s["ended"] for s in reversed(sessions) if s["ended"]), None),
        "elapsed_s": sum(_seconds(s["started"], s["ended"]) for s in sessions),
        "sessions": sessions,
        "budget": manifest.budget,
        "reproducible": manifest.reproducible,
    }


def _seconds(started: str | None, ended: str | None) -> float:
    """The length of a session; 0 where it was killed before it could say, or says it in another way."""
    try:
        return max((datetime.fromisoformat(ended or "") - datetime.fromisoformat(started or "")).total_seconds(), 0.0)
    except (ValueError, TypeError):
        return 0.0


def _totals(facts: RunFacts) -> dict[str, Any]:
    audit, time, coverage, again = _audit(facts.units), _time(facts.units), _coverage(facts), _again(facts.units)
    ended = len(facts.units) + len(facts.quarantined)
    asked = max(len(facts.manifest.asked.crates), ended)
    return {
        "asked": asked,
        "waiting": asked - ended,
        "mined": len(facts.mined),
        "rejected": len(facts.units) - len(facts.mined),
        "quarantined": len(facts.quarantined),
        "tuples": len(facts.tuples),
        "codes": len(facts.tuples.counts("code").keys() - {None}),
        "classes": len(facts.tuples.counts("class_")),
        "covered_share": _share(coverage["covered"], coverage["covered"] + coverage["uncovered"]),
        "agreed_share": _share(audit["agreed"], audit["audited"]),
        "overhead_share": _share(time["overhead_s"], time["wall_s"] - time["overhead_s"]),
        "spurious_share": _share(again["passed"], again["tried"]) if again else None,
    }


def _tuples(facts: RunFacts) -> dict[str, Any]:
    groups: Counter[str] = Counter()
    names: Counter[str] = Counter()
    for (tool, code), count in facts.tuples.counts("tool", "code").items():
        groups[facts.group(tool, code)] += count
        names[code or tool] += count
    crates = {f"{name} {version}": n for (name, version), n in facts.tuples.counts("crate", "version").items()}
    return {
        "class": named(facts.tuples.counts("class_")),
        "code": named(names),
        "group": named(groups),
        "crate": named(Counter(crates)),
        **{name: named(facts.tuples.counts(name)) for name in ("applicability", "scope", "tool", "origin")},
    }


def _coverage(facts: RunFacts) -> dict[str, Any]:
    seen = facts.tuples.counts("covered")
    reasons = Counter(u.coverage.reason or "unknown" for u in facts.mined if not u.coverage.measured)
    unmeasured = [{"reason": reason, "crates": count} for reason, count in ranked(reasons)]
    return {"covered": seen[True], "uncovered": seen[False], "unknown": seen[None], "unmeasured": unmeasured}


def _tests(facts: RunFacts) -> dict[str, Any]:
    states, after = Counter(u.tests.state for u in facts.mined), facts.tuples.counts("tests_after")
    return {
        "crates": {state: states[state] for state in ("pass", "none", "fail")},
        "tuples": {state: after[state] for state in ("pass", "none")},
        **{key: sum(getattr(u.tests, key) for u in facts.mined) for key in ("passed", "failed", "flaky", "doctests")},
    }


def _audit(units: Iterable[Unit]) -> dict[str, int]:
    pairs = [(unit.audit.audited, unit.audit.agreed) for unit in units]
    return {"audited": sum(audited for audited, _ in pairs), "agreed": sum(agreed for _, agreed in pairs)}


def _again(units: Iterable[Unit]) -> dict[str, int] | None:
    tried = [unit for unit in units if unit.again]
    return {"tried": len(tried), "passed": sum(unit.status == "mined" for unit in tried)} if tried else None


def _time(units: Iterable[Unit]) -> dict[str, Any]:
    stages: dict[str, dict[str, Any]] = {}
    for unit in units:
        # What a first try took was taken, too.
        for name, stage in [*unit.stages.items(), *(unit.again.stages.items() if unit.again else ())]:
            into = stages.setdefault(name, {"stage": name, **Stage().model_dump()})
            for key, value in stage.model_dump().items():
                into[key] += value
    ordered = sorted(stages.values(), key=lambda s: STAGES.index(s["stage"]) if s["stage"] in STAGES else len(STAGES))
    return {"stages": ordered, **{key: sum(s[key] for s in ordered) for key in ("wall_s", "overhead_s")}}


def _price(facts: RunFacts) -> Price:
    return Price(**facts.manifest.price.model_dump())


def _cost_of(unit: Unit) -> Cost:
    return Cost.of(unit.model_dump(exclude_none=True))


def _cost(facts: RunFacts) -> dict[str, Any]:
    price, whole = _price(facts), sum(map(_cost_of, facts.units), Cost())
    money, count = (whole.money(price) if price.is_set else None), len(facts.tuples)
    each = {"cpu_s": whole.cpu_s / count, "money": None if money is None else money / count} if count else None
    return {
        "cpu_s": whole.cpu_s, "gb_hours": whole.gb_hours, "money": money, "currency": price.currency, "tuple": each,
    }  # fmt: skip


def _crates(facts: RunFacts) -> list[dict[str, Any]]:
    held, covered, price = facts.tuples.counts("unit"), facts.tuples.counts("unit", "covered"), _price(facts)
    codes_of = Counter(unit for unit, code in facts.tuples.counts("unit", "code") if code)
    kept = {"unit", "crate", "version", "status", "cause", "message", "license", "tests"}
    return [
        {
            **unit.model_dump(include=kept),
            "tuples": held[unit.unit],
            "codes": codes_of[unit.unit],
            "covered_share": _share(covered[unit.unit, True], covered[unit.unit, True] + covered[unit.unit, False]),
            "wall_s": unit.wall_s,
            "overhead_s": sum(stage.overhead_s for stage in unit.stages.values()),
            "cpu_s": (cost := _cost_of(unit)).cpu_s,
            "money": cost.money(price) if price.is_set else None,
            "peak_bytes": unit.peak_bytes,
            "attempts": unit.attempts,
            "worker": unit.worker,
            "stages": {name: stage.wall_s for name, stage in unit.stages.items()},
        }
        for unit in facts.units
    ]


def _warnings(units: Iterable[Unit], held: Counter[str]) -> list[str]:
    counted = ((unit.unit, unit.counts.kept - (unit.pulls.pairs if unit.pulls else 0)) for unit in units)
    return [
        f"{unit}: unit.json counts {kept:,} tuples, its table holds {held[unit]:,}."
        for unit, kept in counted
        if kept != held[unit]
    ]


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None
