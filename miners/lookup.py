"""What a person means by a word: a unit of a run by its crate, or a tuple or a reject by the beginning of its id.

A unit's folder is the one that is there, whatever a file in it says. Errors name what is near.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from oxidizer.cluster.episode import LOG
from oxidizer.miners.report.facts import read_table
from oxidizer.miners.report.manifest import Quarantined, Unit, load, manifest_of

Row = dict[str, Any]
_TABLES = {"diag_fix": "diag_fix.parquet", "reject": "rejects.parquet"}
_ID = re.compile(r"[0-9a-f]{1,32}")


class NotFound(ValueError):
    """No unit, tuple or reject, or more than one, goes by the word that was given."""


@dataclass(frozen=True)
class Place:
    """A unit that ended: where it lies, and what it says of itself."""

    folder: Path
    facts: Unit

    @property
    def label(self) -> str:
        """The crate and its version."""
        return f"{self.facts.crate} {self.facts.version}"


@dataclass(frozen=True)
class Trouble:
    """A unit that the machine failed, with the episode beside its note where there is one."""

    note: Quarantined
    log: Path


@dataclass(frozen=True)
class Found:
    """A row of a unit's tables; `kind` is diag_fix or reject."""

    place: Place
    kind: str
    row: Row


def find_unit(run: Path, word: str) -> Place | Trouble:
    """The unit that a crate's name means, with its version (`name@1.2.3`) or the unit's own name where there are more.

    Raises NotFound where there is none or several, and where it is not done; RunUnreadable.
    """
    manifest = manifest_of(run)
    name = word.strip()
    ended = [path.parent for path in sorted(run.glob("units/*/unit.json"))]
    if exact := next((folder for folder in ended if folder.name == name), None):
        return _place(exact)
    # Only what could be meant is read: a run may have thousands of units.
    crate, _, version = name.partition("@")
    likely = [_place(folder) for folder in ended if folder.name.startswith(f"{crate}-")]
    found = [p for p in likely if p.facts.crate == crate and p.facts.version.startswith(version)]
    notes = [(load(Quarantined, path), path) for path in sorted(run.glob("quarantine/*.json"))]
    failed = [
        Trouble(note, path.with_name(f"{path.stem}.{LOG}"))
        for note, path in notes
        if path.stem == name or (note.crate == crate and note.version.startswith(version))
    ]
    if len(found) + len(failed) == 1:
        return found[0] if found else failed[0]
    if found or failed:
        names = [*(p.folder.name for p in found), *(t.note.unit for t in failed)]
        raise NotFound(f"{len(names)} units of {run} are of {word}: say which: {', '.join(names[:8])}")
    asked = [str(label) for label in manifest.asked.crates]
    if waiting := [label for label in asked if label.split(" ")[0] == crate and version in label]:
        raise NotFound(f"{waiting[0]} is asked for in {run} and not done yet: the command that began the run goes on.")
    known = sorted({label.split(" ")[0] for label in asked} | {folder.name.rsplit("-", 2)[0] for folder in ended})
    near = difflib.get_close_matches(crate, known, n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else f"it has {', '.join(known[:8])}{' ...' * (len(known) > 8)}"
    raise NotFound(f"{run} has no crate {word!r}; {hint}")


def find_row(run: Path, word: str, kinds: Collection[str] = tuple(_TABLES)) -> Found | None:
    """The tuple or the reject whose id begins so; None where there is none.

    Raises NotFound where there are several, RunUnreadable where a table is damaged.
    """
    manifest_of(run)
    prefix = word.strip().lower()
    if not _ID.fullmatch(prefix):
        return None
    hits = {
        (row_id, kind): path
        for path in sorted(run.glob("units/*/unit.json"))
        for kind in kinds
        for row_id in _ids(path.parent / _TABLES[kind])
        if row_id.startswith(prefix)
    }
    if len(hits) > 1:
        some = ", ".join(sorted(row_id for row_id, _ in hits)[:4])
        raise NotFound(f"{len(hits)} records of {run} begin with {word!r} ({some} ...); give more of the id.")
    for (row_id, kind), path in hits.items():
        table = read_table(path.parent / _TABLES[kind], None)
        return Found(_place(path.parent), kind, table.filter(pc.equal(table["id"], row_id)).to_pylist()[0])
    return None


def _place(folder: Path) -> Place:
    return Place(folder, load(Unit, folder / "unit.json"))


def _ids(path: Path) -> list[str]:
    table = read_table(path, ["id"])
    return [str(value) for value in table["id"].to_pylist()] if table is not None else []
