"""A record shown anew, from nothing but the record: the source as published, then before (red), then after (green).

What a record names is not trusted: a file outside of the unit or of the source is none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import ValidationError

from oxidizer.cluster import unpack
from oxidizer.cluster.crates import CrateSpec
from oxidizer.cluster.diagnostics import Diagnostic, Span
from oxidizer.cluster.edits import apply, by_file, from_diff
from oxidizer.cluster.fetch import FetchError, PreparedCrate, prepare
from oxidizer.cluster.libtest import TestId
from oxidizer.cluster.manifest import ManifestFacts
from oxidizer.cluster.policy import flagged
from oxidizer.cluster.registry import HostileArchive
from oxidizer.cluster.schemata import judge_behaviour
from oxidizer.cluster.successors import fetch_locked
from oxidizer.cluster.tarball import UnpackError
from oxidizer.cluster.toolchain import Toolchain
from oxidizer.cluster.verdict import Reason, Trial, Verdict, stopped_verdict
from oxidizer.cluster.workbench import Workbench
from oxidizer.datasets.records import DiagFix, Reject
from oxidizer.miners.formatting import prove_formatting
from oxidizer.miners.tuples import LOCK, MIGRATION, SOURCE_ARCHIVE

Row = dict[str, Any]
Admit = Callable[[ManifestFacts, Path], None]


class NotAsRecorded(Exception):
    """Before does not show what the record says; `verdict` says why."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.verdict = Verdict(False, reason, detail)


def damage(row: Row, kind: type[DiagFix] | type[Reject] = DiagFix) -> str | None:
    """What is wrong with a record as such."""
    try:
        record = kind.model_validate(row)
    except ValidationError as error:
        return f"not a {kind.model_fields['type'].default}: {error.errors()[0]['loc']}: {error.errors()[0]['msg']}"
    if (record.id, record.sha256) != (record.lesson_id(), record.content_hash()):
        return "its id or sha256 is not that of its content: the record was changed"
    return None


def inside(folder: Path, name: str) -> Path:
    """A file of a unit by the name that a record gives it. Raises ValueError for a name that leads out of it."""
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or "\0" in name:
        raise ValueError(f"the record names the file {name!r}, which is not in the unit's folder: it was changed")
    if not (folder / name).resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"{folder / name} is a link that leads out of the unit's folder")
    return folder / name


def unpack_source(unit: Path, tree: Path) -> None:
    """The sources that lie beside a unit's tuples, in the new folder `tree`. Raises HostileArchive."""
    try:
        unpack.unpack_source(inside(unit, SOURCE_ARCHIVE), tree)
    except (UnpackError, OSError) as error:
        raise HostileArchive(f"{SOURCE_ARCHIVE} cannot be unpacked: {error}") from error


def fresh(
    unit: Path, row: Row, toolchain: Toolchain, folder: Path, *, word: str | None = None, admit: Admit | None = None
) -> PreparedCrate:
    """A record's source as published, with the unit's lock. `word` is the user's own on its licence; see `prepare`.

    Raises FetchError, RegistryUnavailable, ValueError for a lock that is not there.
    """
    named, default = features_of(row["probe"]["args"])
    lock = inside(unit, row["lock"])
    if not lock.is_file():
        raise ValueError(f"{lock} is not there: the run directory is not whole")
    path, member = None, None
    if row["source"] == "path":
        path, member = folder / "published", row["member"]
        unpack_source(unit, path)
    spec = CrateSpec(row["crate"], row["version"], named, default, path=path, member=member, license=word)
    return prepare(spec, toolchain, folder / "crate", admit=admit, lock=lock.read_bytes())


def features_of(args: Sequence[str]) -> tuple[tuple[str, ...], bool]:
    """The features that cargo's arguments name, and whether the default ones are on."""
    named = args[args.index("--features") + 1] if "--features" in args[:-1] else ""
    return tuple(f for f in named.split(",") if f), "--no-default-features" not in args


def trial_of(bench: Workbench, row: Row) -> Trial:
    """The record's edits on the source, checked against the code that it shows. Raises NotAsRecorded."""
    try:
        setup = tuple(from_diff(row["setup_diff"], bench.read))
        read = bench.reader(setup)
        edits = tuple(from_diff(row["patch_diff"], read))
        shown: tuple[tuple[str, bytes], ...] = ()
        if row["type"] == "diag_fix":
            before = read(row["file"])
            shown = ("code_before", before), ("code_after", apply(before, by_file(edits)[row["file"]]))
    except (ValueError, KeyError, OSError) as error:
        raise NotAsRecorded(Reason.DOES_NOT_APPLY, str(error)) from error
    for name, text in shown:
        if row[name].encode() not in text:
            raise NotAsRecorded(Reason.DOES_NOT_APPLY, f"{name} is not in {row['file']}")
    moved = row.get("origin") in ("migration", "history") or row.get("stage") == MIGRATION
    return Trial(edits, told(row), setup, moved)


def fetched(bench: Workbench, trial: Trial, toolchain: Toolchain) -> Trial:
    """The trial, once all that its setup locks is on this machine. Raises NotAsRecorded, RegistryUnavailable."""
    if any(edit.file == LOCK for edit in trial.setup):
        try:
            with bench.applied(trial.setup):
                fetch_locked(toolchain, bench.root)
        except FetchError as error:
            raise NotAsRecorded(Reason.NOT_SHOWN, f"what the crate moved to is gone: {error}") from error
    return trial


def red(bench: Workbench, row: Row, trial: Trial) -> Trial:
    """The trial with the diagnostic as before shows it now; of rustfmt's, which `green` looks for, as the record does.

    Raises NotAsRecorded.
    """
    tool = row["error"]["tool"]
    if tool == "rustfmt":
        return trial
    if tool == "test":
        _see_failing(bench, row, trial)
        return trial
    build = bench.before(row["probe"]["args"], trial.setup)
    if stopped := stopped_verdict(build):
        raise NotAsRecorded(stopped.reason or Reason.NOT_SHOWN, stopped.detail)
    shown = build.diagnostics
    missing = [error for error in (row["error"], *row.get("more_errors", ())) if _among(shown, error) is None]
    target = _among(shown, row["error"])
    if missing or target is None:
        what = missing[0]["code"] or missing[0]["message"]
        said = f"{len(shown)} other complaints, exit code {build.run.exit_code}"
        raise NotAsRecorded(Reason.NOT_SHOWN, f"the probe does not show {what} at its place ({said})")
    broken = [d for d in shown if d.is_compile_error]
    if row.get("origin") == "injected" and target.is_compile_error:
        if broken[0] is not target:
            raise NotAsRecorded(Reason.NOT_SHOWN, f"the first error is another one: {broken[0].code}")
        if untold := sum(d.primary is not None for d in broken) - 1 - len(row["more_errors"]):
            raise NotAsRecorded(Reason.NOT_SHOWN, f"the probe shows {untold} more errors than the record tells of")
    return replace(trial, target=target)


def green(bench: Workbench, row: Row, trial: Trial, *, tests: bool = True) -> Verdict:
    """The verdict on the record's fix; without `tests` its first half, which the tests do not take part in."""
    if row["error"]["tool"] == "rustfmt":
        return prove_formatting(bench, trial)
    if row["error"]["tool"] != "test":
        return bench.judge(trial, row["probe"]["args"], tests=tests)
    tricks, refused = bench.screen(trial)
    return refused or flagged(bench.judge_tests(trial.edits, setup=trial.setup), tricks)


def _see_failing(bench: Workbench, row: Row, trial: Trial) -> None:
    tests = frozenset(TestId(n["package"], n["target"], n["name"]) for n in row["tests"]["names"])
    if not tests or not judge_behaviour(bench, trial.setup, tests):
        raise NotAsRecorded(Reason.NOT_SHOWN, "the named tests do not all fail before")
    if not tests <= bench.baseline.passing:
        raise NotAsRecorded(Reason.TESTS_FAIL, "the named tests do not all pass on the source")


def told(row: Row) -> Diagnostic:
    """The record's diagnostic at its place, where no compiler tells it anew."""
    error = row["error"]
    span = Span(**error["span"], is_primary=True, label=None, replacement=None, applicability=None, expansion=None)
    return Diagnostic(error["level"], error["code"], error["message"], (span,), (), error["rendered"])


def _among(diagnostics: Sequence[Diagnostic], error: Row) -> Diagnostic | None:
    """A record's diagnostic among those that the probe shows."""
    place = (error["span"]["file"], error["span"]["byte_start"], error["span"]["byte_end"])
    for diagnostic in diagnostics:
        at = diagnostic.primary
        same = diagnostic.key == (error["level"], error["code"], error["message"])
        if same and at and (at.file, at.byte_start, at.byte_end) == place:
            return diagnostic
    return None
