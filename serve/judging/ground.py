"""A crate in a sandbox with the tasks of its records: what each shows, and what candidates make of it.

The source comes from the registry as published and is locked anew where a record's own lock is not at hand. It compiles
as it is, or there is no ground (UnfitCrate); its tests are not run.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from oxidizer.cluster.backends import open_sandbox
from oxidizer.cluster.batch import NotBatchable
from oxidizer.cluster.crates import CrateSpec
from oxidizer.cluster.edits import Edit
from oxidizer.cluster.episode import Episode
from oxidizer.cluster.fetch import prepare
from oxidizer.cluster.lints import read_lints
from oxidizer.cluster.meter import MeteredSandbox
from oxidizer.cluster.room import RoomySandbox
from oxidizer.cluster.rustc import Invocation, NoInvocation
from oxidizer.cluster.sandbox import Limits
from oxidizer.cluster.toolchain import Toolchain
from oxidizer.cluster.workbench import UnfitCrate, Workbench
from oxidizer.miners.crate import mounts_of, workbench
from oxidizer.miners.recipe import Recipe
from oxidizer.miners.replay import features_of, fresh
from oxidizer.serve.judging.shared import SharedJudge, Shown
from oxidizer.serve.judging.task import Row, Target, Task, task_of
from oxidizer.serve.policies.prompt import Prompt


class Ground:
    """One crate's bench, and judges for its targets."""

    def __init__(self, bench: Workbench, meter: MeteredSandbox, toolchain: Toolchain) -> None:
        self.bench, self.meter, self.toolchain = bench, meter, toolchain
        self._judges: dict[Target, SharedJudge] = {}
        self._invocations: dict[tuple[str, ...], Invocation] | None = None

    def tasks(self, rows: Sequence[Row]) -> tuple[list[Task], dict[str, str]]:
        """The tasks of records, and by their ids why others are none."""
        found, lost = [], {}
        for row in rows:
            try:
                found.append(task_of(row, self.bench))
            except ValueError as error:
                lost[str(row["id"])] = str(error)
        return found, lost

    def shown(self, tasks: Sequence[Task]) -> list[Shown]:
        """What the code of each task shows, in their order. Raises SandboxUnavailable."""
        return self.judged([(task, ()) for task in tasks])

    def judged(self, candidates: Sequence[tuple[Task, Sequence[Edit]]]) -> list[Shown]:
        """What is left of a task's complaints, and what is new, once edits are laid over its code; in order.

        Raises SandboxUnavailable.
        """
        by_target: dict[Target, list[int]] = defaultdict(list)
        for at, (task, _) in enumerate(candidates):
            by_target[task.target].append(at)
        found: dict[int, Shown] = {}
        for target, places in by_target.items():
            tasks = [candidates[at] for at in places]
            codes = [self.bench.texts(task.setup, tuple(edits)) for task, edits in tasks]
            lints = [task.lint or "" for task, _ in tasks]
            try:
                seen = self._judge(target, {lint for lint in lints if lint}).look(codes, lints)
            except (NotBatchable, NoInvocation) as error:
                seen = [Shown(unseen=f"the compiler alone cannot look at {' '.join(target.flags)}: {error}")] * len(
                    codes
                )
            found |= dict(zip(places, seen, strict=True))
        return [found[at] for at in range(len(candidates))]

    def _judge(self, target: Target, lints: set[str]) -> SharedJudge:
        known = self._judges.get(target)
        if known is None or not lints <= set(known.lints):
            if self._invocations is None:
                kinds = ["--lib"] if target.flags == ("--lib",) else ["--bins"]
                self._invocations = {one.flags: one for one in self.bench.invocations(kinds)}
            if target.flags not in self._invocations:
                self._invocations |= {one.flags: one for one in self.bench.invocations(["--bins"])}
            if (invocation := self._invocations.get(target.flags)) is None:
                raise NoInvocation(f"cargo builds no {' '.join(target.flags)}")
            known = self._judges[target] = SharedJudge(
                self.bench, invocation, sorted(lints), self._loud if lints else ()
            )
        return known

    def prompt(self, task: Task, shown: Shown, edits: Sequence[Edit] = ()) -> Prompt:
        """What a policy sees of a task, once edits are laid over it: the files, and what the compiler says of them."""
        return Prompt({**self._files, **self.bench.texts(task.setup, tuple(edits))}, shown.diagnostics)

    @property
    def effort(self) -> dict[str, int]:
        """What judging took: runs that codes shared, codes that were looked at alone, runs that one code spoiled."""
        told = [judge.checker.effort for judge in self._judges.values()]
        return {
            "shared": sum(e.runs for e in told), "alone": sum(e.alone for e in told),
            "spoiled": sum(e.poisoned for e in told),
        }  # fmt: skip

    @cached_property
    def _files(self) -> Mapping[str, bytes]:
        root = self.bench.root
        paths = (path for path in sorted(root.rglob("*.rs")) if path.is_file() and not path.is_symlink())
        return {str(path.relative_to(root)): path.read_bytes() for path in paths}

    @cached_property
    def _loud(self) -> frozenset[str]:
        """The lints that every run of clippy shows."""
        lints = read_lints(self.toolchain.bin / "clippy-driver").values()
        return frozenset(lint.name for lint in lints if lint.default_level != "allow")


@contextmanager
def open_ground(
    row: Row, folder: Path, toolchain: Toolchain, backend: str, limits: Limits, recipe: Recipe,
    episode: Episode | None = None, unit: Path | None = None,
) -> Iterator[Ground]:  # fmt: skip
    """The ground of the crate that a record is of; `unit` is a folder with its lock, and with its sources where the
    registry does not have them. Raises FetchError, RegistryUnavailable, UnfitCrate, SandboxUnavailable.
    """
    if unit is not None:
        crate = fresh(unit, dict(row), toolchain, folder)
    else:
        named, default = features_of(row["probe"]["args"])
        crate = prepare(CrateSpec(row["crate"], row["version"], named, default), toolchain, folder / "crate")
    mounts = mounts_of(crate, toolchain, folder / "target")
    with MeteredSandbox(RoomySandbox(open_sandbox(backend, mounts, limits)), episode) as meter:
        bench = workbench(crate, meter, toolchain, recipe)
        bench.llvm_bin = None
        check = bench.cargo.check()
        if check.cause:
            raise UnfitCrate(check.cause, ", ".join(check.forged) or check.complaint)
        yield Ground(bench, meter, toolchain)
