"""All tuples of a run as data for the page's own list: searched and filtered there, without a server.

Two things, each JSON, compressed and in base64, so that a stranger's text cannot be markup: the columns of all tuples,
and the diagnostics and diffs of as many as a budget of bytes holds, in parts that are unpacked when one is looked at.
The budget goes round the codes: each gives its next tuple in turn. What is in neither, `oxidizer show` shows.
"""

from __future__ import annotations

import base64
import gzip
import json
import shlex
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from oxidizer.cluster.visible import visible
from oxidizer.miners.report.columns import Columns
from oxidizer.miners.report.facts import RunFacts, load_tuples

MOST_TUPLES = 300_000
"""A browser draws no element that is higher than the list of these."""
DETAIL_BYTES = 24_000_000
LONGEST_DETAIL = 24_000
PART = 128
"""Tuples whose details are packed together."""
_DETAILS = ["error.rendered", "error.level", "error.message", "patch_diff", "probe.args.list.element"]


def browsable(facts: RunFacts, budget_bytes: int = DETAIL_BYTES) -> dict[str, Any]:
    """`{count, left_out, columns, parts}`: texts for the page's data blocks.

    `columns` holds, as `browse.js` reads it, `{run, ids, id_length, facets {name: {values, at}}, texts {file, message:
    {values, at}}, line, details, part}`: the values of each column and the place of each
    tuple's own among them; `ids` is the beginnings of all ids, one after the other; `details` the tuples that the parts
    hold, in the order of the parts.
    """
    table = facts.tuples.table.sort_by([(name, "ascending") for name in ("crate", "version", "file", "line", "id")])
    tuples = Columns(table.slice(0, MOST_TUPLES))
    detailed = _detailed(tuples, budget_bytes)
    data = {
        "run": shlex.quote(visible(str(facts.path))),
        **_ids(tuples),
        "facets": {name: _coded(values, in_order=name == "difficulty") for name, values in _facets(tuples).items()},
        "texts": {name: _coded(tuples.values(name)) for name in ("file", "message")},
        "line": tuples.values("line"),
        "lines": tuples.values("changed_lines"),
        "details": detailed,
        "part": PART,
    }
    return {
        "count": len(tuples),
        "left_out": len(facts.tuples) - len(tuples),
        "columns": _packed(data),
        "parts": [_packed(part) for part in _parts(facts, tuples, detailed)],
    }


def _facets(tuples: Columns) -> dict[str, list[str]]:
    columns = {name: tuples.values(name) for name in ("class_", "tool", "code", "origin", "operator", "scope")}
    crates = zip(tuples.values("crate"), tuples.values("version"), strict=True)
    covered = {True: "covered", False: "not covered", None: "coverage unknown"}
    return {
        "class": columns["class_"],
        "tool": columns["tool"],
        "code": [code or tool for code, tool in zip(columns["code"], columns["tool"], strict=True)],
        "crate": [f"{crate} {version}" for crate, version in crates],
        "origin": columns["origin"],
        "operator": [operator or "none" for operator in columns["operator"]],
        "difficulty": [str(n) for n in tuples.values("difficulty")],
        "tests": [{"pass": "tests pass", "none": "no tests"}.get(text, text) for text in tuples.values("tests_after")],
        "coverage": [covered[value] for value in tuples.values("covered")],
        "proven": columns["scope"],
    }


def _coded(column: Sequence[str], *, in_order: bool = False) -> dict[str, Any]:
    """A column as its values, the most frequent first or in their own order, and each row's place among them."""
    counts = Counter(column)
    values = sorted(counts, key=lambda value: (0 if in_order else -counts[value], value))
    places = {value: at for at, value in enumerate(values)}
    return {"values": [visible(value) for value in values], "at": [places[value] for value in column]}


def _ids(tuples: Columns) -> dict[str, Any]:
    """The beginnings of all ids that tell them apart, without anything between them."""
    length = tuples.id_length
    return {"ids": "".join(visible(one)[:length].ljust(length) for one in tuples.values("id")), "id_length": length}


def _detailed(tuples: Columns, budget_bytes: int) -> list[int]:
    """The places of the tuples whose details are kept: the first of each code, then the second of each, ..."""
    ids, sizes = tuples.values("id"), tuples.values("shown_bytes")
    names = list(zip(tuples.values("tool"), tuples.values("code"), strict=True))
    turn: Counter[Any] = Counter()
    order = []
    for at in sorted(range(len(ids)), key=ids.__getitem__):
        if sizes[at] <= LONGEST_DETAIL:
            turn[names[at]] += 1
            order.append((turn[names[at]], str(names[at]), at))
    kept, left = [], budget_bytes
    for *_, at in sorted(order):
        left -= sizes[at]
        if left < 0:
            break
        kept.append(at)
    # Alike beside alike packs best.
    return sorted(kept, key=lambda at: (str(names[at]), ids[at]))


def _parts(facts: RunFacts, tuples: Columns, places: Sequence[int]) -> Iterable[list[list[str]]]:
    """The details of the tuples at some places: diagnostic, diff and the arguments that show it."""
    units, ids = tuples.values("unit"), tuples.values("id")
    found: dict[int, list[str]] = {}
    for unit, some in groupby(sorted(places, key=lambda at: units[at]), key=lambda at: units[at]):
        group = list(some)
        rows = load_tuples(facts.path, unit, [ids[at] for at in group], _DETAILS)
        found |= {at: _detail(rows[ids[at]]) for at in group}
    for start in range(0, len(places), PART):
        yield [found[at] for at in places[start : start + PART]]


def _detail(row: dict[str, Any]) -> list[str]:
    error = row["error"]
    rendered = error["rendered"] or f"{error['level']}: {error['message']}"
    return [visible(text) for text in (rendered, row["patch_diff"], shlex.join(["cargo", *row["probe"]["args"]]))]


def _packed(value: Any) -> str:
    """JSON, compressed, in base64; the same value gives the same text."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(gzip.compress(text.encode("utf-8", "replace"), 6, mtime=0)).decode()
