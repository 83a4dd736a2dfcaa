"""What is taken of a build for the shelf: what cargo says it made, of the lot's units, and no less than all of them."""

import json
from pathlib import Path

import pytest

from oxidizer.cluster.collect import Collector
from oxidizer.cluster.filler import NotFilled, entries_of
from oxidizer.cluster.lots import Lot, lots
from oxidizer.cluster.placed import Placed
from oxidizer.cluster.sandbox import RunResult, Status
from oxidizer.cluster.unitgraph import read_unit_graph
from tests.unit.graphs import graph, lock, own, unit

HASH, OTHER = "0123456789abcdef", "fedcba9876543210"


@pytest.fixture
def lot() -> Lot:
    found = read_unit_graph(graph(unit("quiet"), own(0)), lock("quiet"), "")
    (made,) = lots(found, set(found.units))
    return made


@pytest.fixture
def target(tmp_path: Path) -> Path:
    for name in (f"deps/libquiet-{HASH}.rlib", f"deps/quiet-{HASH}.d", f".fingerprint/quiet-{HASH}/lib-quiet"):
        (tmp_path / "debug" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "debug" / name).write_text(name)
    (tmp_path / f"debug/deps/libother-{OTHER}.rlib").write_text("other")
    return tmp_path


def ran(*messages: object) -> list[RunResult]:
    return [RunResult(Status.OK, 0, b"".join(json.dumps(m).encode() + b"\n" for m in messages), b"", 1.0, 2.0, 0, 0)]


def artifact(lot: Lot, hashed: str = HASH, **changes: object) -> dict[str, object]:
    (made,) = lot.units
    return {
        "reason": "compiler-artifact", "package_id": made.package, "target": {"kind": ["lib"]}, "features": [],
        "filenames": [f"/box/target/debug/deps/libquiet-{hashed}.rlib"], "fresh": False, **changes,
    }  # fmt: skip


def test_a_units_files_are_those_with_its_hash(lot: Lot, target: Path) -> None:
    (entry,) = entries_of(lot, ran(artifact(lot)), Collector(target), Placed(target)).values()
    assert {name.removeprefix("debug/") for name in entry.files} == {
        f"deps/libquiet-{HASH}.rlib", f"deps/quiet-{HASH}.d", f".fingerprint/quiet-{HASH}/lib-quiet",
    }  # fmt: skip
    assert entry.cpu_s == 2.0


@pytest.mark.parametrize(
    "changes",
    [
        {"fresh": True}, {"features": ["std"]}, {"package_id": "registry+https://index.example/all#evil@1.0.0"},
        {"filenames": ["/box/target/debug/deps/libquiet-0.rlib"]}, {"filenames": [7]}, {"target": {}},
        {"filenames": [f"/box/target/debug/deps/../../../etc/x-{HASH}"]}, {"hashed": OTHER},
        {"reason": "build-script-executed"}, {"filenames": [f"/box/target/debug/deps/libquiet-{HASH}.rmeta"]},
    ],
)  # fmt: skip
def test_what_cargo_does_not_say_it_made_is_not_taken(lot: Lot, target: Path, changes: dict[str, object]) -> None:
    with pytest.raises(NotFilled):
        entries_of(lot, ran(artifact(lot, **changes)), Collector(target), Placed(target))  # type: ignore[arg-type]
