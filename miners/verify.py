"""Replays tuples from their records alone, in fresh sandboxes: nothing of the run's own state is trusted.

For each tuple: the source is fetched and unpacked anew (or unpacked from `source.tar.gz`), the unit's lock laid over
it, `patch_diff` parsed back into edits, the probe run before and after, the tests compared with those of the source.
"""

from __future__ import annotations

import io
import random
import tarfile
import zlib
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from oxidizer.cluster.backends import open_sandbox
from oxidizer.cluster.crates import CrateSpec
from oxidizer.cluster.diagnostics import Diagnostic, Span
from oxidizer.cluster.edits import apply, by_file, from_diff
from oxidizer.cluster.fetch import FetchError, PreparedCrate, RegistryUnavailable, prepare
from oxidizer.cluster.libtest import TestId
from oxidizer.cluster.meter import MeteredSandbox
from oxidizer.cluster.policy import flagged
from oxidizer.cluster.registry import HostileArchive
from oxidizer.cluster.room import RoomySandbox
from oxidizer.cluster.sandbox import SandboxUnavailable
from oxidizer.cluster.schemata import judge_behaviour
from oxidizer.cluster.scratch import scratch
from oxidizer.cluster.toolchain import Toolchain
from oxidizer.cluster.verdict import Reason, Trial, Verdict, stopped_verdict
from oxidizer.cluster.workbench import UnfitCrate, Workbench
from oxidizer.datasets.records import DiagFix
from oxidizer.miners.crate import mounts_of, workbench
from oxidizer.miners.formatting import prove_formatting
from oxidizer.miners.recipe import Recipe, recipe_of
from oxidizer.miners.report import load_tuple, read_run

Row = dict[str, Any]


def verify_run(run: Path, sample: int, seed: int, backend: str, toolchain: Toolchain) -> Iterator[tuple[Row, Verdict]]:
    """The verdict on each tuple of a sample.

    Raises ValueError for a run without tuples or of another toolchain, SandboxUnavailable.
    """
    facts = read_run(run)
    if not facts.tuples:
        raise ValueError(f"{run} holds no tuples: there is nothing to verify")
    picked = random.Random(seed).sample(sorted((t.unit, t.id) for t in facts.tuples), min(sample, len(facts.tuples)))
    recipe = recipe_of(facts.manifest.asked.recipe)
    for unit, group in groupby(sorted(picked), key=lambda pair: pair[0]):
        rows = [load_tuple(run, unit, tuple_id) for _, tuple_id in group]
        yield from _verify_unit(run / "units" / unit, rows, toolchain, backend, recipe)


def _verify_unit(
    unit: Path, rows: Sequence[Row], toolchain: Toolchain, backend: str, recipe: Recipe
) -> Iterator[tuple[Row, Verdict]]:
    # rustfmt's probe names no features: the crate's own are those of any other.
    first = next((row for row in rows if row["error"]["tool"] != "rustfmt"), rows[0])
    if first["toolchain"] != toolchain.version:
        raise ValueError(f"{unit.name} was made by {first['toolchain']}, here is {toolchain.version}: give --toolchain")
    with scratch("verify") as folder:
        try:
            crate = _fresh(unit, first, toolchain, folder)
        except RegistryUnavailable as error:
            raise SandboxUnavailable(str(error)) from error
        except FetchError as error:
            yield from ((row, Verdict(False, Reason.NOT_SHOWN, f"the source is gone: {error}")) for row in rows)
            return
        with MeteredSandbox(
            RoomySandbox(open_sandbox(backend, mounts_of(crate, toolchain, folder / "target"), recipe.limits))
        ) as meter:
            bench = workbench(crate, meter, toolchain, recipe)
            bench.llvm_bin = None  # coverage is no part of the verdict
            for row in rows:
                yield row, _verify(bench, row)


def _damage(row: Row) -> str | None:
    """What is wrong with a record as such."""
    try:
        record = DiagFix.model_validate(row)
    except ValidationError as error:
        return f"not a diag_fix: {error.errors()[0]['loc']}: {error.errors()[0]['msg']}"
    if (record.id, record.sha256) != (record.lesson_id(), record.content_hash()):
        return "its id or sha256 is not that of its content: the record was changed"
    return None


def _fresh(unit: Path, row: Row, toolchain: Toolchain, folder: Path) -> PreparedCrate:
    """The source as published, with the unit's lock."""
    features, default = _features(row["probe"]["args"])
    if row["source"] == "path":
        tree = folder / "published"
        try:
            with tarfile.open(fileobj=io.BytesIO((unit / "source.tar.gz").read_bytes())) as archive:
                archive.extractall(tree, filter="data")
        except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
            raise HostileArchive(f"source.tar.gz cannot be unpacked: {error}") from error
        spec = CrateSpec(row["crate"], row["version"], features, default, path=tree, member=row["member"])
    else:
        spec = CrateSpec(row["crate"], row["version"], features, default)
    return prepare(spec, toolchain, folder / "crate", lock=(unit / row["lock"]).read_bytes())


def _features(args: Sequence[str]) -> tuple[tuple[str, ...], bool]:
    named = args[args.index("--features") + 1] if "--features" in args else ""
    return tuple(f for f in named.split(",") if f), "--no-default-features" not in args


def _verify(bench: Workbench, row: Row) -> Verdict:
    if damage := _damage(row):
        return Verdict(False, Reason.DOES_NOT_APPLY, damage)
    try:
        verdict = _replay(bench, row)
        if verdict.green and row["tests"]["after"] == "pass" and not bench.baseline.passing:
            return Verdict(False, Reason.TESTS_LOST, "the record says that tests pass; none does on the source")
    except UnfitCrate as error:
        return Verdict(False, Reason.DOES_NOT_COMPILE, f"the source itself: {error}")
    return verdict


def _replay(bench: Workbench, row: Row) -> Verdict:
    try:
        setup = tuple(from_diff(row["setup_diff"], bench.read))
        read = bench.reader(setup)
        edits = tuple(from_diff(row["patch_diff"], read))
        before, after = read(row["file"]), apply(read(row["file"]), by_file(edits)[row["file"]])
    except (ValueError, KeyError, FileNotFoundError) as error:
        return Verdict(False, Reason.DOES_NOT_APPLY, str(error))
    for name, text in (("code_before", before), ("code_after", after)):
        if row[name].encode() not in text:
            return Verdict(False, Reason.DOES_NOT_APPLY, f"{name} is not in {row['file']}")
    if row["error"]["tool"] == "rustfmt":
        return prove_formatting(bench, Trial(edits, _told(row)))
    if row["error"]["tool"] == "test":
        return _replay_tests(bench, row, Trial(edits, _told(row), setup))
    build = bench.observe(row["probe"]["args"], setup)
    if stopped := stopped_verdict(build):
        return stopped
    shown = build.diagnostics
    missing = [error for error in (row["error"], *row["more_errors"]) if _shown(shown, error) is None]
    target = _shown(shown, row["error"])
    if missing or target is None:
        what = missing[0]["code"] or missing[0]["message"]
        said = f"{len(shown)} other complaints, exit code {build.run.exit_code}"
        return Verdict(False, Reason.NOT_SHOWN, f"the probe does not show {what} at its place ({said})")
    errors = [d for d in shown if d.is_compile_error]
    if row["origin"] == "injected" and target.is_compile_error:
        if errors[0] is not target:
            return Verdict(False, Reason.NOT_SHOWN, f"the first error is another one: {errors[0].code}")
        if untold := sum(d.primary is not None for d in errors) - 1 - len(row["more_errors"]):
            return Verdict(False, Reason.NOT_SHOWN, f"the probe shows {untold} more errors than the record tells of")
    return bench.judge(Trial(edits, target, setup), row["probe"]["args"])


def _told(row: Row) -> Diagnostic:
    """The record's diagnostic at its place, where no compiler tells it anew."""
    error = row["error"]
    span = Span(**error["span"], is_primary=True, label=None, replacement=None, applicability=None, expansion=None)
    return Diagnostic(error["level"], error["code"], error["message"], (span,), (), error["rendered"])


def _replay_tests(bench: Workbench, row: Row, trial: Trial) -> Verdict:
    """The named tests fail before; after, they and all that pass on the source pass."""
    tricks, refused = bench.screen(trial)
    if refused:
        return refused
    tests = frozenset(TestId(n["package"], n["target"], n["name"]) for n in row["tests"]["names"])
    if not tests or not judge_behaviour(bench, trial.setup, tests):
        return Verdict(False, Reason.NOT_SHOWN, "the named tests do not all fail before")
    if not tests <= bench.baseline.passing:
        return Verdict(False, Reason.TESTS_FAIL, "the named tests do not all pass on the source")
    return flagged(bench.judge_tests(trial.edits, setup=trial.setup), tricks)


def _shown(diagnostics: Sequence[Diagnostic], error: Row) -> Diagnostic | None:
    """A record's diagnostic among those that the probe shows."""
    place = (error["span"]["file"], error["span"]["byte_start"], error["span"]["byte_end"])
    for diagnostic in diagnostics:
        at = diagnostic.primary
        same = diagnostic.key == (error["level"], error["code"], error["message"])
        if same and at and (at.file, at.byte_start, at.byte_end) == place:
            return diagnostic
    return None
