"""The codes that a run has, against all that its toolchain can show: how many tuples of each, and which never.

What can be shown: the error codes of `cluster/errorcodes.py`, by class, and the lints that `run.json` recorded, rustc's
and those of each group of clippy. A code of the tuples that stands in neither list is told of as such.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from oxidizer.cluster.classes import CLASSES, table
from oxidizer.cluster.errorcodes import standing
from oxidizer.cluster.lints import CLIPPY_GROUPS
from oxidizer.miners.report.facts import RunFacts
from oxidizer.miners.report.funnel import ranked

OFTEN = 50
"""Tuples from which on a code is learnt from."""
_LINTS = ("rustc", *CLIPPY_GROUPS)


def codes(facts: RunFacts) -> dict[str, Any]:
    """`{often, groups [{kind, group, known, have, often, tuples, codes [{name, count}], never [name], beyond [name]}],
    unknown [{name, count}]}`.

    `kind` is error, lint or clippy. `never` is what the run could have shown and has not; `beyond` are error codes that
    no longer come, or with unstable features only, and that the run has not either. `known` counts `codes` and `never`.
    """
    counts = facts.tuples.counts("code")
    counts.pop(None, None)
    groups = [*_errors(counts), *_lints(facts, counts)]
    listed = {row["name"] for group in groups for row in group["codes"]}
    return {
        "often": sum(count >= OFTEN for count in counts.values()),
        "groups": groups,
        "unknown": [{"name": n, "count": c} for n, c in ranked(counts) if n not in listed],
    }


def _errors(counts: dict[str, int]) -> Iterable[dict[str, Any]]:
    """A group for each class of error codes."""
    kinds = standing()
    for name in CLASSES:
        members = [code for code in kinds if table()[code] == name]
        could = [code for code in members if kinds[code] == "current" or counts.get(code)]
        if members:
            beyond = [code for code in members if code not in could]
            yield _group("error", name, could, counts) | {"beyond": beyond}


def _lints(facts: RunFacts, counts: dict[str, int]) -> Iterable[dict[str, Any]]:
    """A group for rustc's lints and for each group of clippy's, where the run recorded them."""
    groups = facts.manifest.lint_groups
    for name in _LINTS:
        members = sorted(lint for lint, group in groups.items() if group == name)
        if members:
            yield _group("lint" if name == "rustc" else "clippy", name, members, counts) | {"beyond": []}


def _group(kind: str, name: str, members: list[str], counts: dict[str, int]) -> dict[str, Any]:
    have = sorted(((code, counts[code]) for code in members if counts.get(code)), key=lambda row: (-row[1], row[0]))
    return {
        "kind": kind,
        "group": name,
        "known": len(members),
        "have": len(have),
        "often": sum(count >= OFTEN for _, count in have),
        "tuples": sum(count for _, count in have),
        "codes": [{"name": code, "count": count} for code, count in have],
        "never": [code for code in members if not counts.get(code)],
    }
