"""The next unit: a small good crate whose result is known, whatever ran before it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from oxidizer.cluster.cargo import Cargo
from oxidizer.cluster.promises import Promise
from oxidizer.cluster.sandbox import Mounts
from oxidizer.cluster.toolchain import Toolchain
from tests.hostile.case import LIMITS, Case
from tests.hostile.stage import Stage
from tests.hostile.trial import by_worker_of, open_box

_LIBRARY = """\
pub fn sum(a: u32, b: u32) -> u32 {
    let unused = 1;
    a + b
}

#[cfg(test)]
mod tests {
    #[test]
    fn adds() {
        assert_eq!(super::sum(1, 2), 3);
    }

    #[test]
    fn fails() {
        assert_eq!(super::sum(1, 2), 4);
    }
}
"""
GOOD = Case(
    "good", Promise.ENDS,
    {
        "Cargo.toml": '[package]\nname = "good"\nversion = "0.1.0"\nedition = "2021"\n[lib]\ndoctest = false\n',
        "Cargo.lock": 'version = 4\n\n[[package]]\nname = "good"\nversion = "0.1.0"\n',
        "src/lib.rs": _LIBRARY,
    },
)  # fmt: skip


def check_next_unit(backend: str, folder: Path, toolchain: Toolchain) -> None:
    """The good crate, checked and tested, gives what it gives on a machine that nobody attacked."""
    stage = Stage(GOOD, folder, toolchain)
    mounts = stage.mounts(backend)
    with stage:
        by_worker_of(backend, stage, mounts, lambda: _check(backend, mounts))
    stage.clear()


def _check(backend: str, mounts: Mounts) -> None:
    with open_box(backend, mounts, replace(LIMITS, wall_s=120.0)) as box:
        cargo = Cargo(box, "good")
        build = cargo.check()
        told = [(d.code, d.primary.line_start if d.primary else 0) for d in build.diagnostics]
        assert (build.cause, told) == (None, [("unused_variables", 2)]), build.run
        tests = cargo.test()
        found = sorted((test.name, str(outcome)) for test, outcome in tests.results.outcomes.items())
        assert found == [("tests::adds", "passed"), ("tests::fails", "failed")], tests.run
