"""Replays tuples from their records alone, in fresh sandboxes: nothing of the run's own state is trusted.

For each tuple: the source is fetched and unpacked anew (or unpacked from `source.tar.gz`), the unit's lock laid over
it, `patch_diff` parsed back into edits, the probe run before and after, the tests compared with those of the source.
"""

from __future__ import annotations

import io
import random
import tarfile
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from oxidizer.cluster.backends import open_sandbox
from oxidizer.cluster.crates import CrateSpec
from oxidizer.cluster.diagnostics import Diagnostic
from oxidizer.cluster.edits import Edit, apply, by_file, from_diff
from oxidizer.cluster.fetch import FetchError, PreparedCrate, RegistryUnavailable, prepare
from oxidizer.cluster.meter import MeteredSandbox
from oxidizer.cluster.sandbox import SandboxUnavailable
from oxidizer.cluster.scratch import scratch
from oxidizer.cluster.toolchain import Toolchain, find_toolchain
from oxidizer.cluster.workbench import Reason, Trial, Verdict, Workbench
from oxidizer.miners.crate import mounts_of, workbench
from oxidizer.miners.formatting import prove_formatting
from oxidizer.miners.recipe import starter
from oxidizer.miners.report import load_tuple, read_run

Row = dict[str, Any]


def verify_run(run: Path, sample: int, seed: int, backend: str) -> Iterator[tuple[Row, Verdict]]:
    """The verdict on each tuple of a sample.

    Raises ValueError for a run without tuples, SandboxUnavailable, ToolchainMissing.
    """
    facts = read_run(run)
    if not facts.tuples:
        raise ValueError(f"{run} holds no tuples: there is nothing to verify")
    picked = random.Random(seed).sample(sorted((t.unit, t.id) for t in facts.tuples), min(sample, len(facts.tuples)))
    toolchain = find_toolchain()
    for unit, group in groupby(sorted(picked), key=lambda pair: pair[0]):
        rows = [load_tuple(run, unit, tuple_id) for _, tuple_id in group]
        yield from _verify_unit(run / "units" / unit, rows, toolchain, backend)


def _verify_unit(unit: Path, rows: Sequence[Row], toolchain: Toolchain, backend: str) -> Iterator[tuple[Row, Verdict]]:
    first = rows[0]
    if first["toolchain"] != toolchain.version:
        raise ValueError(f"{unit.name} was made by {first['toolchain']}, here is {toolchain.version}")
    with scratch("verify") as folder:
        try:
            crate = _fresh(unit, first, toolchain, folder)
        except RegistryUnavailable as error:
            raise SandboxUnavailable(str(error)) from error
        except FetchError as error:
            yield from ((row, Verdict(False, Reason.NOT_SHOWN, f"the source is gone: {error}")) for row in rows)
            return
        recipe = starter()
        with MeteredSandbox(
            open_sandbox(backend, mounts_of(crate, toolchain, folder / "target"), recipe.limits)
        ) as meter:
            bench = workbench(crate, meter, toolchain, recipe)
            bench.llvm_bin = None  # coverage is no part of the verdict
            for row in rows:
                yield row, _verify(bench, row)


def _fresh(unit: Path, row: Row, toolchain: Toolchain, folder: Path) -> PreparedCrate:
    """The source as published, with the unit's lock."""
    features, default = _features(row["probe"]["args"])
    if row["source"] == "path":
        tree = folder / "published"
        with tarfile.open(fileobj=io.BytesIO((unit / "source.tar.gz").read_bytes())) as archive:
            archive.extractall(tree, filter="data")
        spec = CrateSpec(row["crate"], row["version"], features, default, path=tree, member=row["member"])
    else:
        spec = CrateSpec(row["crate"], row["version"], features, default)
    return prepare(spec, toolchain, folder / "crate", lock=(unit / row["lock"]).read_bytes())


def _features(args: Sequence[str]) -> tuple[tuple[str, ...], bool]:
    named = args[args.index("--features") + 1] if "--features" in args else ""
    return tuple(f for f in named.split(",") if f), "--no-default-features" not in args


def _verify(bench: Workbench, row: Row) -> Verdict:
    try:
        edits = tuple(from_diff(row["patch_diff"], bench.read))
    except (ValueError, FileNotFoundError) as error:
        return Verdict(False, Reason.DOES_NOT_APPLY, str(error))
    if wrong := _wrong_excerpt(bench, row, edits):
        return Verdict(False, Reason.DOES_NOT_APPLY, wrong)
    if row["error"]["tool"] == "rustfmt":
        return prove_formatting(bench, row["file"], edits)
    target = _shown(bench, row)
    if target is None:
        return Verdict(False, Reason.NOT_SHOWN, "the probe does not show the diagnostic at its place")
    return bench.judge(Trial(edits, target), row["probe"]["args"])


def _wrong_excerpt(bench: Workbench, row: Row, edits: Sequence[Edit]) -> str | None:
    before = bench.read(row["file"])
    after = apply(before, by_file(edits)[row["file"]])
    for name, text in (("code_before", before), ("code_after", after)):
        if row[name].encode() not in text:
            return f"{name} is not in {row['file']}"
    return None


def _shown(bench: Workbench, row: Row) -> Diagnostic | None:
    """The record's diagnostic as the probe shows it on the source."""
    error, span = row["error"], row["error"]["span"]
    for diagnostic in bench.observe(row["probe"]["args"]).diagnostics:
        at = diagnostic.primary
        same = (diagnostic.level, diagnostic.code, diagnostic.message) == (
            error["level"],
            error["code"],
            error["message"],
        )
        if (
            same
            and at
            and (at.file, at.byte_start, at.byte_end) == (span["file"], span["byte_start"], span["byte_end"])
        ):
            return diagnostic
    return None
