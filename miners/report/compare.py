"""Two runs side by side: which tuples one has and the other lacks, and what both have and judge otherwise.

`against-NAME.json` (`schema_version` 1), NAME being the folder of the other run:

    run, against   {path, tuples, toolchain, started} of each
    made      [{what, run, against}]: what differs in how the two were made
    totals    {gained, lost, changed, same}: tuples by id
    units     [{crate, version, run, against, message}]: status with cause, or null where a run has no such unit
    details   [{detail, before, after, count}]: what changed in verdicts, the most frequent first; before is the other's
    code, crate   [{name, gained, lost, changed}]: by code and by crate, most first
    gained, lost  [{id, unit, crate, version, code, file, line}]
    changed   [{..., changes [{detail, before, after}]}]

An id names a lesson, toolchain included: two toolchains have no tuple in common, and `made` says so. A tuple that a
run holds twice counts once.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Any

from oxidizer.miners.report.columns import TupleFacts
from oxidizer.miners.report.facts import RunFacts, read_run
from oxidizer.miners.report.html import publish, render
from oxidizer.miners.report.manifest import Quarantined, Unit, manifest_of

DETAILS = {"tests_after": "tests", "scope": "proven", "covered": "covered", "flags": "flags"}
"""What is compared of a verdict, and what it is called."""
MOST_ROWS = 300
"""Rows of a table of the page; the JSON file has all."""
Row = dict[str, Any]


def write_comparison(run: Path, other: Path) -> tuple[Path, Row]:
    """Write the comparison of a run with another into the first one's folder; the path of its page, and its figures.

    Raises RunUnreadable where one of them is not a run or is damaged.
    """
    manifest_of(other)
    shown = compare(read_run(run), read_run(other))
    name = "against-" + (re.sub(r"[^\w.-]+", "-", other.resolve().name) or "root")
    values = {**shown, "most": MOST_ROWS, "json_name": f"{name}.json"}
    publish(run / f"{name}.html", render("compare.html.j2", values, ["report.js"]))
    publish(run / f"{name}.json", json.dumps(shown, indent=1, allow_nan=False) + "\n")
    return run / f"{name}.html", shown


def compare(run: RunFacts, other: RunFacts) -> Row:
    """All that differs, as the module's docstring lays it out."""
    places, others = ({one: at for at, one in enumerate(facts.tuples.values("id"))} for facts in (run, other))
    gained = run.tuples.at([at for one, at in places.items() if one not in others])
    lost = other.tuples.at([at for one, at in others.items() if one not in places])
    changed = list(_changed(run, other, [(places[one], others[one]) for one in places if one in others]))
    return {
        "schema_version": 1,
        "run": _about(run),
        "against": _about(other),
        "made": list(_made(run, other)),
        "totals": {
            "gained": len(gained),
            "lost": len(lost),
            "changed": len(changed),
            "same": len(places) - len(gained) - len(changed),
        },
        "units": list(_units(run, other)),
        "details": _details(changed),
        "code": _shares(gained, lost, changed, lambda row: row.name),
        "crate": _shares(gained, lost, changed, lambda row: f"{row.crate} {row.version}"),
        "gained": [_row(one) for one in _ordered(gained)],
        "lost": [_row(one) for one in _ordered(lost)],
        "changed": [{**_row(one), "changes": changes} for one, changes in changed],
    }


def _about(facts: RunFacts) -> Row:
    started = facts.manifest.started or next((one.started for one in facts.manifest.sessions if one.started), None)
    toolchain = facts.manifest.toolchain.get("version")
    return {"path": str(facts.path), "tuples": len(facts.tuples), "toolchain": toolchain, "started": started}


def _made(run: RunFacts, other: RunFacts) -> Iterable[Row]:
    """The toolchain, the list, the seed, the miners, each key of the recipe, and Oxidizer itself."""
    here, there = _wishes(run), _wishes(other)
    for what in dict.fromkeys([*here, *there]):
        if here.get(what) != there.get(what):
            yield {"what": what, "run": _told(here.get(what)), "against": _told(there.get(what))}


def _wishes(facts: RunFacts) -> Row:
    manifest, asked = facts.manifest, facts.manifest.asked
    return {
        "toolchain": manifest.toolchain.get("version"), "list": asked.list, "seed": asked.seed,
        "miners": ", ".join(asked.miners), "sandbox": manifest.sandbox.backend,
        "version of Oxidizer": manifest.code.commit or manifest.code.version,
        **{f"recipe: {key}": value for key, value in asked.recipe.items()},
    }  # fmt: skip


def _told(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= 200 else f"{text[:200]}…"


def _changed(
    run: RunFacts, other: RunFacts, both: list[tuple[int, int]]
) -> Iterable[tuple[TupleFacts, list[dict[str, str]]]]:
    """The tuples that both have and whose verdicts differ, with what is different."""
    columns = {name: (run.tuples.values(name), other.tuples.values(name)) for name in DETAILS}
    differing = [(a, b) for a, b in both if any(here[a] != there[b] for here, there in columns.values())]
    for (a, b), row in _by_place(zip(differing, run.tuples.at([a for a, _ in differing]), strict=True)):
        yield (
            row,
            [
                {"detail": DETAILS[name], "before": _word(there[b]), "after": _word(here[a])}
                for name, (here, there) in columns.items()
                if here[a] != there[b]
            ],
        )


def _by_place(rows: Iterable[tuple[tuple[int, int], TupleFacts]]) -> Iterable[tuple[tuple[int, int], TupleFacts]]:
    return sorted(rows, key=lambda pair: _place(pair[1]))


def _place(row: TupleFacts) -> tuple[Any, ...]:
    return row.crate, row.version, row.file, row.line, row.id


def _ordered(rows: list[TupleFacts]) -> list[TupleFacts]:
    return sorted(rows, key=_place)


def _word(value: Any) -> str:
    return {True: "yes", False: "no", None: "unknown", "": "none"}.get(value, str(value))


def _row(row: TupleFacts) -> Row:
    kept = ("id", "unit", "crate", "version", "file", "line")
    return {**{name: getattr(row, name) for name in kept}, "code": row.name}


def _details(changed: list[tuple[TupleFacts, list[dict[str, str]]]]) -> list[Row]:
    counts = Counter((c["detail"], c["before"], c["after"]) for _, changes in changed for c in changes)
    return [
        {"detail": detail, "before": before, "after": after, "count": count}
        for (detail, before, after), count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]


def _shares(gained: list[TupleFacts], lost: list[TupleFacts], changed: list[Any], name: Any) -> list[Row]:
    parts = {"gained": gained, "lost": lost, "changed": [row for row, _ in changed]}
    counts = {part: Counter(name(row) for row in rows) for part, rows in parts.items()}
    names = set().union(*counts.values())
    rows = [{"name": one, **{part: counts[part][one] for part in parts}} for one in names]
    return sorted(rows, key=lambda row: (-sum(row[part] for part in parts), row["name"]))


def _units(run: RunFacts, other: RunFacts) -> Iterable[Row]:
    """Units that ended in another way, or that one run alone has, by crate and version."""
    here, there = _ends(run), _ends(other)
    for key in sorted(here.keys() | there.keys()):
        for unit, before in _pairs(here.get(key, []), there.get(key, [])):
            ends = _end(unit), _end(before)
            if ends[0] != ends[1]:
                said = unit or before
                message = said.error if isinstance(said, Quarantined) else said.message if said else None
                yield {"crate": key[0], "version": key[1], "run": ends[0], "against": ends[1], "message": message}


Ended = Unit | Quarantined


def _ends(facts: RunFacts) -> dict[tuple[str, str], list[Ended]]:
    """Units by crate and version: their names carry the toolchain too."""
    ended: list[Ended] = sorted(
        (*facts.units, *facts.quarantined), key=lambda unit: (unit.crate, unit.version, unit.unit)
    )
    return {key: list(some) for key, some in groupby(ended, key=lambda unit: (unit.crate, unit.version))}


def _pairs(here: list[Ended], there: list[Ended]) -> Iterable[tuple[Ended | None, Ended | None]]:
    """The same unit of both runs; where the names differ, one after the other."""
    named = {unit.unit: unit for unit in there}
    rest = [unit for unit in there if unit.unit not in {one.unit for one in here}]
    for unit in here:
        yield unit, named.get(unit.unit) or (rest.pop(0) if rest else None)
    for unit in rest:
        yield None, unit


def _end(unit: Ended | None) -> str | None:
    if unit is None or isinstance(unit, Quarantined):
        return None if unit is None else "quarantined"
    return f"{unit.status}: {unit.cause or 'unknown'}" if unit.status == "rejected" else unit.status
