"""Replays tuples from their records alone, in fresh sandboxes: nothing of the run's own state is trusted.

For each tuple: the source is fetched and unpacked anew (or unpacked from `source.tar.gz`), the unit's lock laid over
it, `patch_diff` parsed back into edits, the probe run before and after, the tests compared with those of the source.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from oxidizer.cluster.backends import open_sandbox
from oxidizer.cluster.fetch import FetchError, RegistryUnavailable
from oxidizer.cluster.meter import MeteredSandbox
from oxidizer.cluster.room import RoomySandbox
from oxidizer.cluster.sandbox import SandboxUnavailable
from oxidizer.cluster.scratch import scratch
from oxidizer.cluster.toolchain import Toolchain
from oxidizer.cluster.verdict import Reason, Verdict
from oxidizer.cluster.workbench import UnfitCrate, Workbench
from oxidizer.miners.campaign import PULLS
from oxidizer.miners.crate import mounts_of, workbench
from oxidizer.miners.recipe import Recipe, recipe_of
from oxidizer.miners.replay import NotAsRecorded, Row, damage, fetched, fresh, green, red, trial_of
from oxidizer.miners.report import load_tuple, read_run


def verify_run(
    run: Path, sample: int, seed: int, backend: str, toolchain: Toolchain, repositories: Path | None = None
) -> Iterator[tuple[Row, Verdict]]:
    """The verdict on each tuple, or pair, of a sample; `repositories` is a folder of those that pairs are from.

    Raises ValueError for a run without tuples or of another toolchain, SandboxUnavailable.
    """
    facts = read_run(run)
    if PULLS in facts.manifest.asked.miners:
        # Late: git is not for those who mine crates.
        from oxidizer.miners.pulls.verify import verify_pairs

        yield from verify_pairs(facts, sample, seed, backend, toolchain, repositories)
        return
    if not facts.tuples:
        raise ValueError(f"{run} holds no tuples: there is nothing to verify")
    picked = random.Random(seed).sample(sorted((t.unit, t.id) for t in facts.tuples), min(sample, len(facts.tuples)))
    recipe = recipe_of(facts.manifest.asked.recipe)
    for unit, group in groupby(sorted(picked), key=lambda pair: pair[0]):
        rows = [load_tuple(run, unit, tuple_id) for _, tuple_id in group]
        yield from _verify_unit(run / "units" / unit, rows, toolchain, backend, recipe)


def what_of(row: Row) -> str:
    """A tuple or a pair in a few words."""
    if row["type"] == "pr_pair":
        return f"{row['repo']} #{row['pr']}" if row["pr"] is not None else f"{row['repo']} {row['merge_commit'][:12]}"
    return f"{row['crate']} {row['error']['code'] or row['error']['tool']}"


def _verify_unit(
    unit: Path, rows: Sequence[Row], toolchain: Toolchain, backend: str, recipe: Recipe
) -> Iterator[tuple[Row, Verdict]]:
    # rustfmt's probe names no features: the crate's own are those of any other.
    first = next((row for row in rows if row["error"]["tool"] != "rustfmt"), rows[0])
    if first["toolchain"] != toolchain.version:
        raise ValueError(f"{unit.name} was made by {first['toolchain']}, here is {toolchain.version}: give --toolchain")
    with scratch("verify") as folder:
        try:
            crate = fresh(unit, first, toolchain, folder)
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
                yield row, _verify(bench, row, toolchain)


def _verify(bench: Workbench, row: Row, toolchain: Toolchain) -> Verdict:
    if wrong := damage(row):
        return Verdict(False, Reason.DOES_NOT_APPLY, wrong)
    try:
        verdict = green(bench, row, red(bench, row, fetched(bench, trial_of(bench, row), toolchain)))
        if verdict.green and row["tests"]["after"] == "pass" and not bench.baseline.passing:
            return Verdict(False, Reason.TESTS_LOST, "the record says that tests pass; none does on the source")
    except NotAsRecorded as error:
        return error.verdict
    except UnfitCrate as error:
        return Verdict(False, Reason.DOES_NOT_COMPILE, f"the source itself: {error}")
    except RegistryUnavailable as error:
        raise SandboxUnavailable(str(error)) from error
    return verdict
