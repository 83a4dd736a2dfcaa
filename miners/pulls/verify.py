"""Pairs, and lessons of history, proven once more from their records: trees of the repository, the unit's lock.

The diff is laid on the tree before, in a store that holds nothing else; what fails before has to fail and what passes
has to pass, on the sides that the record names. A lesson's error has to be there before, and nothing of it after.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from oxidizer.cluster.backends import open_sandbox
from oxidizer.cluster.checkout import Checkout
from oxidizer.cluster.fetch import check_surroundings
from oxidizer.cluster.libtest import Outcome, TestId
from oxidizer.cluster.meter import MeteredSandbox
from oxidizer.cluster.project import Project, Side
from oxidizer.cluster.room import RoomySandbox
from oxidizer.cluster.scratch import scratch
from oxidizer.cluster.toolchain import Toolchain
from oxidizer.cluster.verdict import GREEN, Reason, Verdict
from oxidizer.datasets.records import RecordError, check, decode
from oxidizer.miners.crate import mounts_at
from oxidizer.miners.pulls.ground import Ground, Unproven
from oxidizer.miners.pulls.mirror import open_mirror
from oxidizer.miners.pulls.objects import GitError, Objects
from oxidizer.miners.pulls.patch import rebuilds
from oxidizer.miners.pulls.plan import default_clones
from oxidizer.miners.pulls.proof import Prover
from oxidizer.miners.recipe import Recipe, recipe_of
from oxidizer.miners.replay import inside
from oxidizer.miners.report.facts import RunFacts, load_tuple
from oxidizer.miners.report.pulls import pair_ids, pair_row

Row = dict[str, Any]


def verify_pairs(
    facts: RunFacts, sample: int, seed: int, backend: str, toolchain: Toolchain, repositories: Path | None
) -> Iterator[tuple[Row, Verdict]]:
    """The verdict on each row of a sample. Raises ValueError for a run without pairs, SandboxUnavailable."""
    pairs = {(unit.unit, pair) for unit in facts.units for pair in pair_ids(facts.path, unit.unit)}
    ids = sorted(pairs | {(lesson.unit, lesson.id) for lesson in facts.tuples})
    if not ids:
        raise ValueError(f"{facts.path} holds no pairs: there is nothing to verify")
    picked = sorted(random.Random(seed).sample(ids, min(sample, len(ids))))
    rows = [(unit, (pair_row if (unit, key) in pairs else load_tuple)(facts.path, unit, key)) for unit, key in picked]
    recipe = recipe_of(facts.manifest.asked.recipe)
    yield from Replay(facts.path, repositories, default_clones(), backend, toolchain, recipe).verdicts(rows)


@dataclass(frozen=True)
class Replay:
    """Where pairs are proven again."""

    run: Path
    repositories: Path | None
    """A folder with `<org>/<name>` below it; without one, repositories are cloned from where the records say."""
    clones: Path
    backend: str
    toolchain: Toolchain
    recipe: Recipe

    def verdicts(self, rows: Sequence[tuple[str, Row]]) -> Iterator[tuple[Row, Verdict]]:
        """The verdict on each pair; `rows` are units and pairs. Raises ValueError, SandboxUnavailable."""
        for (unit, repo), group in groupby(rows, key=lambda pair: (pair[0], pair[1]["repo"])):
            pairs = [row for _, row in group]
            try:
                source = str(self.repositories / repo) if self.repositories else pairs[0]["source_url"]
                mirror = open_mirror(source, self.clones)
                with scratch("verify") as folder, Objects(mirror.git_dir, folder) as objects:
                    yield from self._judged(folder, objects, self.run / "units" / unit, pairs)
            except GitError as error:
                raise ValueError(f"{repo}: {error.cause}: {error}; --repos names a folder of repositories") from error

    def _judged(self, folder: Path, objects: Objects, unit: Path, rows: Sequence[Row]) -> Iterator[tuple[Row, Verdict]]:
        root = folder.resolve() / "src"
        check_surroundings(root)
        checkout = Checkout(root, objects.blob, objects.size)
        mounts, limits = mounts_at(root, self.toolchain, folder / "target"), self.recipe.limits
        with MeteredSandbox(RoomySandbox(open_sandbox(self.backend, mounts, limits))) as meter:
            ground = Ground(
                objects, checkout, meter, self.toolchain, jobs=max(1, int(limits.cpus)), cap_s=self.recipe.test_cap_s
            )
            for row in rows:
                if (made := row["toolchain"]) != (here := self.toolchain.version):
                    raise ValueError(f"{unit.name} was made by {made}, here is {here}: give --toolchain")
                yield row, _verdict(objects, ground, unit, row)


def _verdict(objects: Objects, ground: Ground, unit: Path, row: Row) -> Verdict:
    """Whether a row is what it says. Raises SandboxUnavailable."""
    try:
        check(decode(row))
    except RecordError as error:
        return Verdict(False, Reason.DOES_NOT_APPLY, str(error))
    try:
        if row["type"] == "diag_fix":
            return _lesson(objects, ground, unit, row)
        if not rebuilds(objects, row["before_tree"], row["patch_diff"], row["after_tree"]):
            return Verdict(False, Reason.DOES_NOT_APPLY, "the diff does not give the tree after")
        mixed = objects.laid(row["before_tree"], row["test_diff"])
        ground.recorded(row["after_tree"], row["probe"]["args"], row["probe"]["env"], _lock(unit, row))
        return _told(ground, mixed, row)
    except (GitError, Unproven) as error:
        return Verdict(False, Reason.NOT_SHOWN, f"{error.cause}: {error}")


def _lesson(objects: Objects, ground: Ground, unit: Path, row: Row) -> Verdict:
    """Whether a lesson shows its error and mends it. Raises GitError, Unproven, SandboxUnavailable."""
    setup, patch = (row[key].encode("utf-8", "surrogateescape") for key in ("setup_diff", "patch_diff"))
    broken = objects.laid(row["before_tree"], setup) if setup else row["before_tree"]
    mended, args = objects.laid(broken, patch), row["probe"]["args"]
    ground.recorded(broken, args, row["probe"]["env"], _lock(unit, row))
    package = ground.package(row["crate"])
    before, wanted = package.build(args), row["error"]
    shown = {(d.code, d.message, d.primary.file, d.primary.line_start) for d in before.diagnostics if d.primary}
    if (wanted["code"], wanted["message"], wanted["span"]["file"], wanted["span"]["line_start"]) not in shown:
        return Verdict(False, Reason.NOT_SHOWN, f"before, there is no {wanted['code'] or 'such error'}")
    ground.show(mended)
    after = package.build(args)
    if not after.finished or not after.succeeded or after.forged:
        return Verdict(False, Reason.DOES_NOT_COMPILE, f"after: {after.complaint}")
    return GREEN


def _told(ground: Ground, mixed: str, row: Row) -> Verdict:
    failing, passing = _tests(row["fail_to_pass"]), _tests(row["pass_to_pass"])
    project = ground.project
    if gone := (failing | passing) - _passed(project, project.test(), failing | passing):
        return Verdict(False, Reason.TESTS_FAIL, f"after: {_names(gone)}")
    ground.show(mixed)
    side = project.test()
    if row["evidence"] == "compile_error":
        if why := _why_compiles(project, side, failing, own=mixed != row["before_tree"]):
            return Verdict(False, Reason.NOT_SHOWN, f"before, with the tests of the change, {why}")
        ground.show(row["before_tree"])
        side = project.test()
    if not side.compiled:
        return Verdict(False, Reason.DOES_NOT_COMPILE, "before")
    if row["evidence"] == "test" and (kept := failing - _failed(ground, side, failing)):
        return Verdict(False, Reason.NOT_SHOWN, f"before, {_names(kept)} do not fail")
    if lost := passing - _passed(project, side, passing):
        return Verdict(False, Reason.TESTS_FAIL, f"before: {_names(lost)}")
    return GREEN


def _why_compiles(project: Project, side: Side, failing: frozenset[TestId], *, own: bool) -> str | None:
    """Why a compile error is no evidence for tests; `own`: their change apart, all has to compile."""
    if side.compiled:
        return "all compiles"
    if others := frozenset(test for test in failing if (test.package, test.target) not in side.broken):
        return f"what {_names(others)} are in compiles"
    if own and not (build := project.build()).ok:
        return f"more than tests does not compile: {build.complaint}"
    return None


def _failed(ground: Ground, side: Side, wanted: frozenset[TestId]) -> frozenset[TestId]:
    """Those of some tests that fail, twice; one whose end is not seen only as the miner lets it count."""
    prover, examples = Prover(ground), frozenset(test for test in wanted if test.is_doctest)
    tests = prover.still_failing(ground.project, (wanted - examples) & side.failed)
    return tests | (prover.examples_that(ground.project, examples, Outcome.FAILED) if examples else frozenset())


def _passed(project: Project, side: Side, wanted: frozenset[TestId]) -> frozenset[TestId]:
    """The tests of a side that pass, with the documentation examples that are asked for."""
    packages = {test.package for test in wanted if test.is_doctest}
    examples = project.document(packages) if packages else {}
    return side.passed | frozenset(test for test, outcome in examples.items() if outcome is Outcome.PASSED)


def _lock(unit: Path, row: Row) -> bytes:
    path = inside(unit, row["lock"])
    if not path.is_file():
        raise ValueError(f"{path} is not there: the run directory is not whole")
    return path.read_bytes()


def _tests(names: Sequence[Mapping[str, str]]) -> frozenset[TestId]:
    return frozenset(TestId(name["package"], name["target"], name["name"]) for name in names)


def _names(tests: frozenset[TestId]) -> str:
    return ", ".join(test.name for test in sorted(tests)[:3]) + (" ..." if len(tests) > 3 else "")
