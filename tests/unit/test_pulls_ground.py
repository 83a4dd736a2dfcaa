"""How a tree's tests are built: what the first run of them decides for all later trees of the unit."""

from dataclasses import dataclass
from typing import Any, cast

import pytest

from oxidizer.cluster.build import Build
from oxidizer.cluster.pastlocks import PastLock
from oxidizer.cluster.project import Project, Side
from oxidizer.cluster.sandbox import RunResult, Sandbox, Status
from oxidizer.miners.pulls import ground
from oxidizer.miners.pulls.ground import Ground

LOCK = PastLock("tracked", b"")


@dataclass
class Shows:
    """What a run of the tests shows, by how they are built."""

    long: bool = False
    aborts: bool = False

    def side(self, project: Project) -> Side:
        run = RunResult(Status.OK, 0, b"", b"", 0, 0, 0, 0)
        crashed = ("a",) if self.aborts and project.assertions else ()
        cpu_s = 9.0 if self.long and not project.optimised else 0.1
        return Side(Build(run, (), (), True, True, {}, ""), cpu_s=cpu_s, crashed=crashed)


def env_of(made: Any) -> set[str]:
    (project, _), _ = made._tried(".", LOCK)
    return set(project.env)


@pytest.mark.parametrize(
    ("tests", "wanted"),
    [
        (Shows(), set()),
        (Shows(long=True), {"CARGO_PROFILE_DEV_OPT_LEVEL"}),
        (Shows(aborts=True), {"CARGO_PROFILE_DEV_DEBUG_ASSERTIONS", "CARGO_PROFILE_DEV_OVERFLOW_CHECKS"}),
        (Shows(long=True, aborts=True), {"CARGO_PROFILE_DEV_DEBUG_ASSERTIONS", "CARGO_PROFILE_DEV_OVERFLOW_CHECKS",
                                         "CARGO_PROFILE_DEV_OPT_LEVEL"}),
    ],
)  # fmt: skip
def test_what_aborts_or_computes_long_is_built_otherwise_from_then_on(
    tests: Shows, wanted: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = {"now": tests}
    monkeypatch.setattr(ground.Project, "test", lambda project: shown["now"].side(project))
    nothing: Any = None
    made = Ground(nothing, nothing, cast(Sandbox, nothing), nothing, jobs=1, cap_s=9.0)
    assert env_of(made) - {"RUSTFLAGS"} == wanted
    shown["now"] = Shows()
    assert env_of(made) - {"RUSTFLAGS"} == wanted
