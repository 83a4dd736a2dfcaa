"""What a run over repositories was begun with: kept beside its `run.json`, so that it goes on with just that.

Repositories move on, clones are shared with other runs, and an archive gets new hours: whoever looked again would find
other pull requests, or other words of the same ones. Not kept is where repositories are: an address may hold a secret.
"""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from oxidizer.cluster.rundir import Json, RunDirectory
from oxidizer.datasets.records import canonical
from oxidizer.miners.pulls.repositories import Named

UNITS = "begun.jsonl.gz"
"""The units of a run, one a line."""


@dataclass(frozen=True)
class Begun:
    """An earlier start's units, and of which repositories they are."""

    units: tuple[Json, ...]
    names: frozenset[str]
    """In lower case; those without a pull request, too."""

    def go_on(self, named: Sequence[Named]) -> tuple[Json, ...]:
        """The units of the repositories that are still named, from where they are named to be now."""
        sources = {one.name.lower(): one.source for one in named}
        kept = [(unit, sources[unit["crate"].lower()]) for unit in self.units if unit["crate"].lower() in sources]
        return tuple(unit | {"spec": unit["spec"] | {"source": source}} for unit, source in kept)


def begun(run: RunDirectory) -> Begun | None:
    """What a run was begun with; None where it was not. Raises ValueError where that is damaged, OSError."""
    manifest = run.read_json("run.json")
    packed = run.read_bytes(UNITS) if manifest else None
    if manifest is None or packed is None:
        return None
    try:
        units = tuple(json.loads(line) for line in gzip.decompress(packed).splitlines())
        if not units:
            raise ValueError("it is empty")
        names = frozenset(str(one["name"]).lower() for one in manifest["repositories"])
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{run.place}/{UNITS} or run.json is damaged ({error}): give another --out") from error
    return Begun(units, names)


def keep(run: RunDirectory, units: Sequence[Json]) -> None:
    """Write what a run is begun with, before its `run.json`. Raises OSError."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as file:
        for unit in units:
            spec = {key: value for key, value in unit["spec"].items() if key != "source"}
            file.write(canonical(unit | {"spec": spec}) + b"\n")
    run.write(UNITS, packed.getvalue())
