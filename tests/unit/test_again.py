"""A crate that fails in one sandbox is tried in another: what the machine had a part in is no label."""

from typing import Any

import pytest

from oxidizer.cluster.outcome import Cause
from oxidizer.cluster.rundir import UnitOutput
from oxidizer.cluster.session import Share
from oxidizer.cluster.toolchain import Toolchain
from oxidizer.cluster.workbench import UnfitCrate
from oxidizer.miners.crate import CrateWork, MineCrates
from oxidizer.miners.recipe import starter

ORDER = {
    "unit": "own-1.0.0-aa", "crate": "own", "version": "1.0.0",
    "spec": {"name": "own", "version": "1.0.0", "features": [], "default_features": True, "path": None},
}  # fmt: skip


@pytest.fixture
def work(toolchain: Toolchain, monkeypatch: pytest.MonkeyPatch) -> CrateWork:
    monkeypatch.setattr(CrateWork, "_try_node", lambda self: None)
    plan = MineCrates(starter(), ("suggestions",), 0, "bubblewrap", None, toolchain.version, Share(1.0, 8 << 30))
    return CrateWork(plan, toolchain)


@pytest.mark.parametrize(("failures", "status", "cause"), [(1, "mined", None), (2, "rejected", "timeout")])
def test_the_second_try_counts(
    work: CrateWork, monkeypatch: pytest.MonkeyPatch, failures: int, status: str, cause: str | None
) -> None:
    tried = []

    def mined(self: CrateWork, spec: Any, summary: dict[str, Any], *_: Any) -> UnitOutput:
        tried.append(spec.name)
        summary["stages"] = {"baseline": {"cpu_s": float(len(tried))}}
        if len(tried) <= failures:
            raise UnfitCrate(Cause.SILENT if len(tried) == 1 else Cause.TIMEOUT, "it stood still")
        summary["status"] = "mined"
        return UnitOutput({}, {}, summary)

    monkeypatch.setattr(CrateWork, "_mine", mined)
    told = work(ORDER).summary
    assert tried == ["own", "own"]
    assert (told["status"], told["cause"]) == (status, cause)
    assert told["again"] == {"first": "silent", "stages": {"baseline": {"cpu_s": 1.0}}}
    assert told["stages"] == {"baseline": {"cpu_s": 2.0}}
