"""A unit, a tuple or a reject made anew from nothing but its record, step by step, beside what the record says.

Promises: only the run directory and the registry are asked; every command of the crate runs in a fresh sandbox; a
step is `same` only where what was seen is what the record says. A folder is left with the code, for a person to try.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from oxidizer.cluster.backends import open_sandbox
from oxidizer.cluster.crates import CrateSpec
from oxidizer.cluster.fetch import FetchError, PreparedCrate, RegistryUnavailable, expand, prepare
from oxidizer.cluster.manifest import ManifestFacts
from oxidizer.cluster.meter import MeteredSandbox
from oxidizer.cluster.room import RoomySandbox
from oxidizer.cluster.sandbox import Limits, Mounts, SandboxUnavailable
from oxidizer.cluster.scratch import scratch
from oxidizer.cluster.toolchain import Toolchain
from oxidizer.cluster.verdict import Reason, Trial, Verdict
from oxidizer.cluster.workbench import Baseline, UnfitCrate, Workbench
from oxidizer.datasets.records import DiagFix, Reject
from oxidizer.miners.campaign import unit_of
from oxidizer.miners.crate import Unusable, admit, build_targets, feature_flags, mounts_of, workbench
from oxidizer.miners.handout import Handout, Try, check_place, leave
from oxidizer.miners.lookup import Found, Place
from oxidizer.miners.recipe import Recipe, recipe_of
from oxidizer.miners.replay import (
    NotAsRecorded,
    Row,
    damage,
    fetched,
    fresh,
    green,
    inside,
    red,
    trial_of,
    unpack_source,
)
from oxidizer.miners.report.manifest import Spec, manifest_of
from oxidizer.miners.tuples import LOCK, SOURCE_ARCHIVE

_LABEL = re.compile(r"(?P<name>\S+) (?P<version>\S+)(?: \[(?P<flags>.*)\])?")
_PLAIN = re.compile(r"[^\x00-\x1f\x7f]*")


@dataclass(frozen=True)
class Step:
    """One step: what the record says, what was seen, whether they are the same."""

    name: str
    recorded: str
    seen: str
    same: bool
    shown: str = ""
    """The diagnostic as the tool printed it."""


Ended = Unusable | UnfitCrate | FetchError
_ENDS = (Unusable, UnfitCrate, FetchError)
_MINABLE = "it builds, and its tests are as recorded"
"""What is shown of a mined unit: not its tuples, which have steps of their own."""


class Reproduction:
    """One record and where it is made anew. `toolchain` may be another one than the record's: that is then a step."""

    def __init__(self, run: Path, what: Place | Found, toolchain: Toolchain, backend: str, out: Path) -> None:
        """Raises ValueError for a record that cannot be made anew, or a folder `out` that cannot be left."""
        check_place(out)
        self.run, self.what, self.toolchain, self.backend, self.out = run, what, toolchain, backend, out
        self.place = what.place if isinstance(what, Found) else what
        self.recipe: Recipe = recipe_of(dict(manifest_of(run).asked.recipe))
        self.crate: PreparedCrate | None = None
        if isinstance(what, Found):
            _check_words(what.row)
        else:
            self.spec = self._spec(what)

    def steps(self) -> Iterator[Step]:
        """Each step as it ends; then the folder is there. Raises SandboxUnavailable for trouble with the machine."""
        recorded = recorded_toolchain(self.run, self.what)
        yield Step("toolchain", recorded, self.toolchain.version, recorded == self.toolchain.version)
        with scratch("reproduce") as folder:
            try:
                if isinstance(self.what, Found):
                    yield from self._record(self.what, folder)
                else:
                    yield from self._unit(self.what, folder)
            except RegistryUnavailable as error:
                raise SandboxUnavailable(str(error)) from error

    @contextmanager
    def shell_mounts(self) -> Iterator[Mounts]:
        """What a shell's sandbox shows: the folder that was left, read-only, and a target of its own."""
        if self.crate is None:
            raise ValueError(f"{self.place.folder.name} could not be fetched: there is nothing to open a shell on")
        with scratch("shell") as folder:
            yield replace(mounts_of(self.crate, self.toolchain, folder / "target"), source=self.out.resolve())

    # --- a tuple or a reject

    def _record(self, found: Found, folder: Path) -> Iterator[Step]:
        row = found.row
        wrong = damage(row, DiagFix if found.kind == "diag_fix" else Reject)
        yield Step("record", f"{found.kind} {row['id']}", wrong or "its content has this id and hash", wrong is None)
        if wrong:
            return
        licences: list[str] = []
        word = self.place.facts.spec.license if self.place.facts.spec else None
        word = word or (row["license"] if row["source"] == "path" else None)
        try:
            crate = fresh(self.place.folder, row, self.toolchain, folder, word=word, admit=_gate(row, word, licences))
        except _ENDS as error:
            yield Step("source", _named(row), f"{error.cause}: {error}", False)
            return
        self.crate = crate
        yield self._source(crate, _named(row), inside(self.place.folder, row["lock"]).read_bytes())
        yield Step("licence", row["license"], licences[0], row["license"] == licences[0])
        with self._bench(crate, folder, self.recipe.limits) as bench:
            try:
                yield from self._replayed(bench, found)
            except UnfitCrate as error:
                yield Step("source's own build", "compiles", f"{error.cause}: {error}", False)
        leave(self._handout(bench, found), crate.root, self.toolchain, self.out)

    def _replayed(self, bench: Workbench, found: Found) -> Iterator[Step]:
        row, tool = found.row, found.row["error"]["tool"]
        span = row["error"]["span"]
        name = row["error"]["code"] or tool
        at = f"{name} at {span['file']}:{span['line_start']}:{span['column_start']}"
        fails = ", ".join(test["name"] for test in row["tests"]["names"]) if tool == "test" and "tests" in row else ""
        wanted = f"red: {fails} fails" if fails else f"red: {at}"
        try:
            trial = red(bench, row, fetched(bench, trial_of(bench, row), self.toolchain))
        except NotAsRecorded as error:
            seen = _verdict(error.verdict)
            yield Step("before", wanted, seen, row.get("reason") == str(Reason.REFUTED))
            return
        if tool != "rustfmt":
            yield Step("before", wanted, wanted, True, trial.target.rendered)
        if found.kind == "reject":
            verdict = green(bench, row, trial)
            said = f"refused: {row['reason']}"
            same = str(verdict.reason) == row["reason"] or (row["reason"] == Reason.REFUTED and not verdict.green)
            yield Step("verdict", f"{said} ({row['detail']})", _verdict(verdict), same)
            return
        yield from self._mended(bench, row, trial)

    def _mended(self, bench: Workbench, row: Row, trial: Trial) -> Iterator[Step]:
        tool, kept = row["error"]["tool"], row["tests"]["after"]
        verdict = green(bench, row, trial, tests=False)
        wanted = (
            "green: those tests pass, and all others that did" if tool == "test" else "green: it is gone, nothing new"
        )
        yield Step("after", wanted, wanted if verdict.green else _verdict(verdict), verdict.green)
        if not verdict.green or tool == "test":
            return
        verdict = bench.judge_tests(trial.edits, setup=trial.setup)
        passing = len(bench.baseline.passing)
        seen = "pass" if passing else "none"
        same = verdict.green and (seen == kept or kept == "none")
        told = f"pass: the {passing} that pass on the source" if passing else "none"
        yield Step("tests", kept, told if verdict.green else _verdict(verdict), same)

    def _handout(self, bench: Workbench, found: Found) -> Handout:
        row = found.row
        error, args = row["error"], tuple(row["probe"]["args"])
        env = tuple((var["name"], var["value"]) for var in row["probe"]["env"])
        features = tuple(bench.cargo.features)
        name = error["code"] or error["tool"]
        place = f"{name} at {error['span']['file']}:{error['span']['line_start']}"
        try:
            trial = trial_of(bench, row)
            before, after = bench.texts(trial.setup), bench.texts(trial.setup, trial.edits)
        except NotAsRecorded:
            before, after = {}, None
        mended = "what the record refuses it for" if found.kind == "reject" else f"{name} is gone"
        tries = [Try("before", args, place, env)]
        if after is not None:
            tries.append(
                Try("after", ("check", *features), "it compiles" if found.kind == "diag_fix" else "as recorded")
            )
            tries.append(Try("after", args, mended, env))
            tries.append(Try("after", ("test", "--no-fail-fast", *features), "the crate's own tests"))
        diffs = {"setup.patch": row["setup_diff"], "fix.patch": row["patch_diff"] or ""}
        return Handout(
            f"{row['crate']} {row['version']}: {name}", error["rendered"] or f"{error['level']}: {error['message']}",
            tries, bench_member(self.crate), before, after, {key: diff for key, diff in diffs.items() if diff},
        )  # fmt: skip

    # --- a unit

    def _unit(self, place: Place, folder: Path) -> Iterator[Step]:
        facts, ended = place.facts, ""
        recorded = _MINABLE if facts.cause is None else f"{facts.status}: {facts.cause}"
        message = ""
        try:
            yield from self._baseline(place, folder)
            seen = _MINABLE if facts.status == "mined" else "nothing is wrong with it"
        except _ENDS as error:
            ended, message = str(error.cause), str(error)
            seen = f"rejected: {ended}"
        yield Step("outcome", recorded, seen, seen == recorded, message)
        tree = next((t for t in (folder / "crate/src", folder / "published") if t.is_dir()), None)
        flags = tuple(feature_flags(self.spec))
        tries = [Try("before", ("check", *flags), facts.cause or "it compiles")] if tree else []
        if tree and facts.cause is None:
            tries.append(Try("before", ("test", "--no-fail-fast", *flags), f"{facts.tests.passed} tests pass"))
        title = f"{place.label}: {recorded}"
        leave(Handout(title, facts.message or "", tries, bench_member(self.crate), {}), tree, self.toolchain, self.out)

    def _baseline(self, place: Place, folder: Path) -> Iterator[Step]:
        facts, licences, asked = place.facts, list[str](), manifest_of(self.run).asked
        spec = self.spec
        if spec.path is not None:
            unpack_source(place.folder, folder / "published")
            spec = replace(spec, path=folder / "published")
            if spec.member is None:
                (spec, *_) = expand(spec, self.toolchain)
        lock = place.folder / LOCK
        known = inside(place.folder, LOCK).read_bytes() if lock.is_file() else None
        crate = self.crate = prepare(
            spec, self.toolchain, folder / "crate", lock=known,
            admit=lambda manifest, root: licences.append(admit(spec, manifest, root, asked.sealed)),
        )  # fmt: skip
        yield self._source(crate, place.label, known)
        yield Step("licence", facts.license or "none", licences[0], facts.license == licences[0])
        with self._bench(crate, folder, self._limits(place)) as bench:
            baseline = bench.baseline
            yield Step("check", "compiles", "compiles", True)
            yield _tests_step(place, baseline)
            build_targets(crate)
            bench.recheck()

    def _limits(self, place: Place) -> Limits:
        own = place.facts.limits
        return replace(
            self.recipe.limits, cpus=own.get("cpus", self.recipe.limits.cpus),
            memory_bytes=int(own.get("memory_bytes", self.recipe.limits.memory_bytes)),
        )  # fmt: skip

    def _spec(self, place: Place) -> CrateSpec:
        """The unit's entry in its list; a path is where its sources are unpacked to. Raises ValueError."""
        facts = place.facts
        spec = facts.spec or self._spec_of_old(place)
        own = spec.source == "path"
        if own and not (place.folder / SOURCE_ARCHIVE).is_file():
            raise ValueError(
                f"{place.folder} has no {SOURCE_ARCHIVE}: its sources could not be read, or it was mined before "
                "those of rejected units were kept"
            )
        return CrateSpec(
            facts.crate, facts.version, spec.features, spec.default_features,
            path=Path(SOURCE_ARCHIVE) if own else None, member=spec.member if own else None, license=spec.license,
        )  # fmt: skip

    def _spec_of_old(self, place: Place) -> Spec:
        """What run.json says of a unit that does not say it of itself: the entry that gives its name."""
        facts = place.facts
        own = re.fullmatch(r"[0-9a-f]{16}", facts.version) is not None
        for label in manifest_of(self.run).asked.crates:
            found = _LABEL.fullmatch(str(label))
            if found is None or (found["name"], found["version"]) != (facts.crate, facts.version):
                continue
            flags = [flag for flag in (found["flags"] or "").split(", ") if flag]
            features = tuple(f for f in flags if f != "-default" and not f.startswith("licence "))
            word = next((f.removeprefix("licence ") for f in flags if f.startswith("licence ")), None)
            spec = CrateSpec(facts.crate, facts.version, features, "-default" not in flags)
            if own or unit_of(spec, self.toolchain)["unit"] == place.folder.name:
                return Spec(
                    source="path" if own else "registry", member="." if own else None, features=features,
                    default_features=spec.default_features, license=word,
                )  # fmt: skip
        raise ValueError(f"run.json does not say how {place.folder.name} was asked for, or here is another toolchain")

    # --- both

    def _source(self, crate: PreparedCrate, named: str, lock: bytes | None) -> Step:
        same = lock is None or crate.lock == lock
        how = "with the record's lock" if lock is not None else f"with a lock that was {crate.lock_origin}"
        seen = f"sha256 {crate.checksum[:16]}, {how if same else 'its lock does not fit any more'}"
        return Step("source", named, seen, same)

    @contextmanager
    def _bench(self, crate: PreparedCrate, folder: Path, limits: Limits) -> Iterator[Workbench]:
        mounts = mounts_of(crate, self.toolchain, folder / "target")
        with MeteredSandbox(RoomySandbox(open_sandbox(self.backend, mounts, limits))) as meter:
            bench = workbench(crate, meter, self.toolchain, self.recipe)
            bench.llvm_bin = None  # coverage is no part of what is shown
            yield bench


def recorded_toolchain(run: Path, what: Place | Found) -> str:
    """The first line of `rustc --version` where the record was made. Raises ValueError where nobody says."""
    said: Any = what.row.get("toolchain") if isinstance(what, Found) else manifest_of(run).toolchain.get("version")
    if not isinstance(said, str) or not said:
        raise ValueError(f"{run} does not say which toolchain it was made with: its run.json or its tables are damaged")
    return said


def bench_member(crate: PreparedCrate | None) -> str:
    """The package's folder in the trees that are left."""
    return crate.member if crate else "."


def _gate(row: Row, word: str | None, licences: list[str]) -> Callable[[ManifestFacts, Path], None]:
    spec = CrateSpec(row["crate"], row["version"], license=word)
    return lambda facts, root: licences.append(admit(spec, facts, root, sealed=True))


def _named(row: Row) -> str:
    return f"{row['crate']} {row['version']}" + (f" ({SOURCE_ARCHIVE})" if row["source"] == "path" else "")


def _verdict(verdict: Verdict) -> str:
    if verdict.green:
        return "green"
    return f"refused: {verdict.reason}" + (f" ({verdict.detail})" if verdict.detail else "")


def _tests_step(place: Place, baseline: Baseline) -> Step:
    was, now = place.facts.tests, baseline
    recorded = f"{was.passed} pass, {was.failed} fail, {was.flaky} are flaky"
    seen = f"{len(now.passing)} pass, {len(now.failing)} fail, {len(now.flaky)} are flaky"
    if place.facts.status == "rejected":
        return Step("tests", "not told", seen, True)
    # What is flaky may come out either way: all of them are still there.
    fuzzy = bool(was.flaky or now.flaky)
    every = was.passed + was.failed + was.flaky == len(now.passing) + len(now.failing) + len(now.flaky)
    return Step("tests", recorded, seen, every if fuzzy else recorded == seen)


def _check_words(row: Row) -> None:
    """Raises ValueError for a probe that nobody could have typed: its words are shown to be typed."""
    probe = row.get("probe") or {}
    words: Sequence[Any] = probe.get("args") or ()
    words = [*words, *(value for var in probe.get("env") or () for value in var.values())]
    if row.get("error") is None or not probe or row.get("patch_diff") is None:
        raise ValueError(f"{row.get('id')} holds no probe and no patch: there is nothing to run")
    if not all(isinstance(word, str) and _PLAIN.fullmatch(word) for word in words):
        raise ValueError(f"the probe of {row.get('id')} holds control characters: the record was changed")
