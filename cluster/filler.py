"""Fills the shelf: builds a lot in a sandbox of its own and takes what cargo says it made, and nothing else.

Nothing is ever taken from a crate's own target. What goes wrong here (a build that fails, is ended or forges its
messages, a lot that cargo builds in another way) leaves no entry and says nothing of any crate.
"""

from __future__ import annotations

import json
import re
import shlex
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from oxidizer.cluster.build import read_build
from oxidizer.cluster.collect import Collector, NotCollected
from oxidizer.cluster.lots import Lot
from oxidizer.cluster.meter import MeteredSandbox
from oxidizer.cluster.placed import Placed
from oxidizer.cluster.sandbox import SOURCE, TARGET, RunResult
from oxidizer.cluster.scratch import scratch
from oxidizer.cluster.shelf import Damaged, Entry, Shelf
from oxidizer.cluster.stub import STUB, commands, write_stub
from oxidizer.cluster.turns import run_in_turn
from oxidizer.cluster.unitgraph import Unit

MOST_BYTES = 256 << 20
"""Of one unit: larger ones are built by each crate itself."""
_STUB = "/tmp/stub"
_HASHED = re.compile(r"[^/]*-(?P<hash>[0-9a-f]{16})(?:\.[^/]*)?")
_PATH = re.compile(rf"{TARGET}/debug/(?:deps|build)/{_HASHED.pattern}(?:/.*)?")

OpenStub = Callable[[Path, Path], AbstractContextManager[MeteredSandbox]]
"""Opens a sandbox on the sources and the target folder that are given."""


class NotFilled(Exception):
    """A lot gave no entries; the message says why."""


@dataclass(frozen=True)
class Filler:
    """Builds lots for one shelf."""

    shelf: Shelf
    open: OpenStub
    env: Mapping[str, str]

    def fill(self, lot: Lot, lock: bytes) -> None:
        """Put the entries of a lot on the shelf. Raises NotFilled, SandboxUnavailable, OSError."""
        with scratch("dependencies") as folder:
            (folder / "src").mkdir()
            write_stub(folder / "src", lot, lock)
            with self.open(folder / "src", folder / "target") as sandbox:
                seeds = self._sow(lot, sandbox.target.folder)
                runs = self._build(lot, sandbox)
                entries = entries_of(lot, runs, sandbox.target, seeds)
        for key, entry in entries.items():
            self.shelf.put(key, entry)

    def _sow(self, lot: Lot, target: Path) -> Placed:
        """What the lot needs of others', so that it is not built again."""
        seeds = Placed(target)
        for key in lot.graph.in_order(lot.seeds):
            name = lot.graph.units[key].name
            try:
                entry = self.shelf.get(key)
            except Damaged as error:
                raise NotFilled(f"{name}, which it needs, is damaged") from error
            if entry is None or not seeds.fits(entry):
                raise NotFilled(f"{name}, which it needs, is not there")
            seeds.place(key, entry)
        return seeds

    def _build(self, lot: Lot, sandbox: MeteredSandbox) -> list[RunResult]:
        words = [f"cd {_STUB} && exec {shlex.join(['cargo', *args])}" for args in commands(lot)]
        # Where it lies sources are read-only, and cargo takes out of a lock what is not asked for.
        words[0] = f"cp -r {SOURCE} {_STUB} && {words[0]}"
        run, runs = run_in_turn(sandbox, words, env=self.env, cwd="/")
        if not runs:
            raise NotFilled(f"the build was ended: {run.status}")
        for each in runs:
            build = read_build(each, STUB)
            if build.forged or not (build.finished and build.succeeded):
                raise NotFilled(", ".join(build.forged) or "it does not build: " + _last(each.stderr))
        return runs


def entries_of(lot: Lot, runs: list[RunResult], target: Collector, seeds: Placed) -> dict[str, Entry]:
    """What was made of each of a lot's units, beside what was there before. Raises NotFilled."""
    hashes = _hashes(line for run in runs for line in run.stdout.splitlines())
    found: dict[str, Entry] = {}
    try:
        deps, units = target.names("debug/deps"), set(target.names("debug/.fingerprint")) - seeds.units
        for unit in lot.units:
            made = hashes[_sign(unit)]
            if not made and unit.kind == "proc-macro":
                made = _libraries(unit.name, units, target)
            if not made:
                raise NotFilled(f"cargo does not build {unit.name} {unit.version} as it was asked for")
            found[unit.key] = _collected(made, unit, deps, target)
    except NotCollected as error:
        raise NotFilled(f"it cannot be collected: {error}") from error
    total = sum(entry.size for entry in found.values()) or 1
    digests = {**seeds.digests, **{key: entry.digest for key, entry in found.items()}}
    return {
        key: replace(
            entry, cpu_s=runs[0].cpu_s * entry.size / total,
            needs={need: digests[need] for need in sorted(lot.graph.units[key].needs)},
        )
        for key, entry in found.items()
    }  # fmt: skip


def _hashes(lines: Iterable[bytes]) -> Mapping[tuple[object, ...], set[str]]:
    """The hashes in the names of what cargo made, by the sign of the unit. Raises NotFilled."""
    hashes: dict[tuple[object, ...], set[str]] = defaultdict(set)
    try:
        for line in lines:
            if line.startswith(b'{"reason"'):
                for told, value in _made(json.loads(line)):
                    hashes[told].add(value)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise NotFilled(f"a message that is not cargo's: {error!r}") from error
    return hashes


def _libraries(name: str, units: set[str], target: Collector) -> set[str]:
    """The hashes of a package's libraries among cargo's notes. Of a macro that is asked for it tells another file."""
    named = {unit: _hash(unit) for unit in units if unit.rpartition("-")[0] == name}
    return {
        hashed
        for unit, hashed in named.items()
        if hashed and any(note.startswith("lib-") for note in target.names(f"debug/.fingerprint/{unit}"))
    }


def _made(message: Mapping[str, Any]) -> Iterator[tuple[tuple[object, ...], str]]:
    """What a message of cargo's says was made now: the sign of the unit, and the hash in its files' names."""
    match message["reason"]:
        case "compiler-artifact" if not message["fresh"]:
            (kind, *_) = message["target"]["kind"]
            kind = kind if kind in ("proc-macro", "custom-build") else "lib"
            paths = message["filenames"]
            mode = "check" if all(path.endswith(".rmeta") for path in paths) else "build"
            told: tuple[object, ...] = (message["package_id"], kind, mode, tuple(sorted(message["features"])))
        case "build-script-executed":
            told, paths = (message["package_id"], "custom-build", "run-custom-build"), [message["out_dir"]]
        case _:
            return
    for path in paths:
        if found := _PATH.fullmatch(path):
            yield told, found["hash"]


def _sign(unit: Unit) -> tuple[object, ...]:
    """What cargo's messages tell a unit by. Two of a lot may bear one; then each has the files of both."""
    if unit.mode == "run-custom-build":
        return unit.package, unit.kind, unit.mode
    return unit.package, unit.kind, unit.mode, unit.features


def _collected(hashes: set[str], unit: Unit, deps: list[str], target: Collector) -> Entry:
    """Raises NotCollected."""
    files: dict[str, bytes] = {}
    folders: list[str] = []
    executable: set[str] = set()
    for hashed in sorted(hashes):
        for folder in (f"debug/.fingerprint/{unit.name}-{hashed}", f"debug/build/{unit.name}-{hashed}"):
            if folder.startswith("debug/build/") and unit.is_library:
                continue
            tree = target.read_tree(folder, MOST_BYTES)
            files |= tree.files
            folders += tree.folders
            executable |= tree.executable
        for name in deps:
            if _hash(name) == hashed:
                files[f"debug/deps/{name}"] = target.read(f"debug/deps/{name}", MOST_BYTES)
    return Entry(files, tuple(folders), frozenset(executable))


def _hash(name: str) -> str | None:
    found = _HASHED.fullmatch(name)
    return found["hash"] if found else None


def _last(stderr: bytes) -> str:
    lines = stderr.decode("utf-8", "replace").strip().splitlines()
    return next((line for line in lines if line.startswith("error")), lines[-1] if lines else "no word")[:300]
