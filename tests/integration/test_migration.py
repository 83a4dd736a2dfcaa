"""From a crate in a registry to migration tuples: an edition's errors, a dependency's, and the crate's next version."""

from collections import Counter
from collections.abc import Iterator, Set
from pathlib import Path
from typing import Any

import pytest

from oxidizer.cluster.backends import open_sandbox
from oxidizer.cluster.crates import CrateSpec
from oxidizer.cluster.edits import from_diff
from oxidizer.cluster.fetch import PreparedCrate, prepare
from oxidizer.cluster.meter import MeteredSandbox
from oxidizer.cluster.sandbox import Limits
from oxidizer.cluster.toolchain import Toolchain
from oxidizer.cluster.verdict import Trial
from oxidizer.cluster.workbench import Workbench
from oxidizer.datasets.records import DiagFix
from oxidizer.miners.crate import build_targets, mounts_of, workbench
from oxidizer.miners.migration.miner import MigrationMiner
from oxidizer.miners.mined import Mined
from oxidizer.miners.recipe import Migration, Recipe
from oxidizer.miners.tuples import Unit
from tests.integration.small_registry import Registry

OLD = """\
extern crate gauge;

mod meter {
    pub struct Meter(pub u32);
}

pub trait Show {
    fn show(&self, u32) -> u32;
}

impl Show for ::meter::Meter {
    fn show(&self, more: u32) -> u32 {
        gauge::read(self.0) + more
    }
}

pub fn boxed() -> Box<Show> {
    Box::new(::meter::Meter(2))
}

pub fn counted() -> u32 {
    gauge::count(1)
}

pub fn in_range(n: u32) -> bool {
    match n {
        0...9 => true,
        _ => false,
    }
}

#[test]
fn shows() {
    assert_eq!(boxed().show(1), 3);
    assert!(in_range(9));
}
"""
NEXT = (
    OLD.replace("gauge::read(self.0) + more", "gauge::measure(self.0) + more")
    .replace("gauge::count", "gauge::tally")
    .replace("pub fn in_range", "/// Whether it has one digit.\npub fn in_range")
)
GAUGE = """\
pub fn NAME(n: u32) -> u32 {
    n
}

#[deprecated(note = "say `tally`")]
pub fn count(n: u32) -> u32 {
    n
}

pub fn tally(n: u32) -> u32 {
    n
}
"""


@pytest.fixture
def prepared(registry: Registry, toolchain: Toolchain, tmp_path: Path) -> PreparedCrate:
    registry.add("gauge", "0.1.0", files={"src/lib.rs": GAUGE.replace("NAME", "read")})
    registry.add("gauge", "0.2.0", files={"src/lib.rs": GAUGE.replace("NAME", "measure")})
    for version, needs, code in (("1.0.0", "0.1", OLD), ("1.1.0", "0.2", NEXT)):
        manifest = (
            f'[package]\nname = "tiny"\nversion = "{version}"\nlicense = "MIT"\n[dependencies]\ngauge = "{needs}"\n'
        )
        registry.add(
            "tiny", version, needs=[("gauge", f"^{needs}")], files={"Cargo.toml": manifest, "src/lib.rs": code}
        )
    return prepare(CrateSpec("tiny", "1.0.0"), toolchain, tmp_path / "crate")


@pytest.fixture
def bench(prepared: PreparedCrate, toolchain: Toolchain, tmp_path: Path) -> Iterator[Workbench]:
    limits = Limits(memory_bytes=2 << 30)
    with MeteredSandbox(open_sandbox("bubblewrap", mounts_of(prepared, toolchain, tmp_path / "t"), limits)) as meter:
        yield workbench(prepared, meter, toolchain, Recipe())


def mine(
    bench: Workbench, crate: PreparedCrate, toolchain: Toolchain, caps: Migration,
    known: Set[tuple[str | None, str]] = frozenset(),
) -> Mined:  # fmt: skip
    unit = Unit(
        crate=crate.name, version=crate.version, source="registry", member=".", license="MIT",
        source_url="pkg:cargo/tiny@1.0.0", repo=None, commit=None, sealed=False,
        toolchain=toolchain.version, tools=toolchain.bin,
    )  # fmt: skip
    assert isinstance(bench.cargo.sandbox, MeteredSandbox)
    tools = (bench, unit, Recipe(migration=caps), 0, bench.cargo.sandbox, build_targets(crate))
    return MigrationMiner(*tools, crate, toolchain, known).mine()


def trial(bench: Workbench, record: DiagFix) -> Trial:
    """The trial that a record tells of, its diagnostic as the compiler shows it now."""
    setup = tuple(from_diff(record.setup_diff, bench.read))
    edits = tuple(from_diff(record.patch_diff, bench.reader(setup)))
    target = next(
        d for d in bench.observe(record.probe.args, setup).diagnostics
        if (d.level, d.code, d.message) == (record.error.level, record.error.code, record.error.message)
        and d.primary is not None and d.primary.line_start == record.error.span.line_start
    )  # fmt: skip
    return Trial(edits, target, setup, moved=True)


def check(bench: Workbench, record: DiagFix) -> None:
    """The contract, from the record alone: red at the place, only this lesson, green after."""
    told = trial(bench, record)
    after = bench.observe(record.probe.args, told.setup, told.edits)
    assert after.succeeded
    assert not any(d.is_error for d in after.diagnostics)
    assert bench.judge(told, record.probe.args).green


def test_a_crate_of_2015_moves_on(prepared: PreparedCrate, bench: Workbench, toolchain: Toolchain) -> None:
    mined = mine(bench, prepared, toolchain, Migration())
    assert mined.rejects == []
    told: list[dict[str, Any]] = mined.migration["moves"] if mined.migration else []
    assert {move["name"]: move["outcome"] for move in told} == {
        "edition 2015 to 2018": "repaired", "edition 2015 to 2021": "repaired", "edition 2015 to 2024": "repaired",
        "gauge 0.1 to 0.2": "repaired", "lint deprecated": "repaired",
    }  # fmt: skip
    assert mined.candidates == mined.proven == len(mined.tuples)
    assert mined.harvested == mined.candidates + mined.skipped.total()
    found = Counter((t.lineage[-3].partition(":")[2], t.error.code) for t in mined.tuples)
    assert found[("edition 2015 to 2021", "E0782")] == 1
    assert found[("edition 2015 to 2021", "E0783")] == 1
    assert found[("edition 2015 to 2018", "E0433")] + found[("edition 2015 to 2018", "E0425")] >= 1
    assert not [key for key in found if key[0] == "edition 2015 to 2024"], "a nearer move taught it"
    assert len({t.id for t in mined.tuples}) == len(mined.tuples)
    for record in mined.tuples:
        assert (record.origin, record.error.tool, record.error.level) == ("migration", "rustc", "error")
        assert (record.tests.before, record.tests.after) == ("pass", "pass")
        if record.error.code == "deprecated":
            assert (record.setup_diff, record.class_) == ("", "lint")
            assert "+    gauge::tally(1)" in record.patch_diff
            assert bench.judge(trial(bench, record), record.probe.args).green
            continue
        assert "Cargo.toml" in record.setup_diff
        assert "Cargo.toml" not in record.patch_diff
        check(bench, record)


def test_the_next_version_mends_what_a_dependency_broke(
    prepared: PreparedCrate, bench: Workbench, toolchain: Toolchain
) -> None:
    (record,) = mine(bench, prepared, toolchain, Migration(moves=("dependency",))).tuples
    assert record.error.code == "E0425"
    assert [line[0] for line in record.setup_diff.splitlines() if line.startswith("diff")] == ["d", "d"]
    assert "a/Cargo.lock" in record.setup_diff
    assert "measure" in record.patch_diff
    assert "one digit" not in record.patch_diff, "a hunk that nothing needs"
    assert record.lineage[-3:-1] == ["move:gauge 0.1 to 0.2", "repair:next version"]
    assert "moved from 0.1 to 0.2" in record.explanation
    check(bench, record)


def test_an_error_that_nothing_mends_is_told(
    registry: Registry, prepared: PreparedCrate, bench: Workbench, toolchain: Toolchain
) -> None:
    mined = mine(bench, prepared, toolchain, Migration(moves=("dependency",), successors=0))
    assert (mined.tuples, mined.rejects) == ([], [])
    (move,) = mined.migration["moves"] if mined.migration else []
    assert (move["name"], move["outcome"]) == ("gauge 0.1 to 0.2", "not repaired")
    assert move["left"] == {"E0425": 1}, "the guess was taken back"
    assert "fixes" not in move


def test_what_a_newer_toolchain_complains_of_is_mended_by_its_tool_or_by_the_next_version(
    prepared: PreparedCrate, bench: Workbench, toolchain: Toolchain
) -> None:
    older = Migration(
        moves=("toolchain",),
        older="rustc 1.30.0 (da5f414c2 2018-10-24)",
        new_lints=("bare_trait_objects", "deprecated"),
    )
    mined = mine(bench, prepared, toolchain, older)
    assert mined.rejects == []
    found = {record.error.code: record for record in mined.tuples}
    assert {code: record.lineage[-3:-1] for code, record in found.items()} == {
        "bare_trait_objects": ["move:Rust 1.30.0: lint bare_trait_objects", "repair:suggestion"],
        "deprecated": ["move:Rust 1.30.0: lint deprecated", "repair:next version"],
    }
    assert "moved on from Rust 1.30.0, which does not complain of it" in found["deprecated"].explanation
    for record in mined.tuples:
        assert record.setup_diff == ""
        assert bench.judge(trial(bench, record), record.probe.args).green
    taught = found["bare_trait_objects"]
    again = mine(bench, prepared, toolchain, older, {(taught.error.code, taught.patch_diff)})
    assert [record.id for record in again.tuples] == [found["deprecated"].id]
    assert again.unkept["taught by another miner"] == 1
    assert again.migration is not None
    assert {move["name"].rpartition(" ")[2] for move in again.migration["moves"] if "kept" in move} == {"deprecated"}


def test_without_an_older_toolchain_there_is_no_such_move(
    prepared: PreparedCrate, bench: Workbench, toolchain: Toolchain
) -> None:
    mined = mine(bench, prepared, toolchain, Migration(moves=("toolchain",)))
    assert (mined.tuples, mined.migration) == ([], {"moves": []})
