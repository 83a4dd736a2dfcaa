"""What is built together for the shared cache: never beside code that a user of it does not run anyway."""

from oxidizer.cluster.lots import Lot, lots
from oxidizer.cluster.stub import commands, manifest
from oxidizer.cluster.unitgraph import UnitGraph, read_unit_graph
from tests.unit.graphs import graph, lock, own, unit

LOCK = lock("quiet", "still", "evil", "macro", "user", "inner")


def read(*units: dict[str, object]) -> UnitGraph:
    return read_unit_graph(graph(*units), LOCK, "")


def scripted(name: str, at: int, *needs: int, **more: object) -> list[dict[str, object]]:
    """A package with a build script, from the place `at` of its graph on; its library comes last."""
    return [
        unit(name, kind="custom-build"),
        unit(name, at, kind="custom-build", mode="run-custom-build"),
        unit(name, at + 1, *needs, **more),  # type: ignore[arg-type]
    ]


def named(lot: Lot) -> set[str]:
    return {one.name for one in lot.units}


def test_nothing_is_built_beside_code_that_its_users_do_not_run() -> None:
    # 0 quiet; 1-3 evil with quiet below; 4 macro over quiet; 5 user of the macro; 6 still
    found = read(
        unit("quiet"), *scripted("evil", 1, 0), unit("macro", 0, kind="proc-macro"), unit("user", 4), unit("still"),
        own(3, 5, 6),
    )  # fmt: skip
    made = list(lots(found, set(found.units)))
    assert named(made[0]) == {"quiet", "still"}
    assert sorted(sorted(named(lot)) for lot in made[1:]) == [["evil"], ["macro", "user"]]
    for lot in made:
        ran = found.guests(lot.members | lot.seeds)
        for one in lot.units:
            if one.is_library:
                assert ran == found.guests([one.key]), one.name
    # What a lot needs of others comes before it.
    done: set[str] = set()
    for lot in made:
        assert lot.seeds <= done
        done |= lot.members


def test_a_package_in_two_ways_is_built_in_two_lots() -> None:
    found = read(unit("quiet", features=("std",)), unit("macro", 2, kind="proc-macro"), unit("quiet"), own(0, 1))
    made = list(lots(found, set(found.units)))
    # One for the target, one for the host: one manifest can ask for both.
    assert len(made) == 2
    assert sum(len(lot.members) for lot in made) == 3
    both = read(unit("quiet", features=("std",)), unit("quiet"), own(0, 1))
    assert [len(lot.members) for lot in lots(both, set(both.units))] == [1, 1]


def test_only_what_is_missing_is_made() -> None:
    found = read(unit("quiet"), unit("still"), own(0, 1))
    (still,) = [key for key, one in found.units.items() if one.name == "still"]
    (lot,) = lots(found, {still})
    assert named(lot) == {"still"}
    assert lot.target.keys() == {("still", "1.0.0")}


def test_a_stub_asks_for_all_that_decides_a_build() -> None:
    found = read(
        unit("inner"), unit("macro", 0, kind="proc-macro"), unit("user", 1, mode="check", features=("std",)), own(2)
    )
    made = list(lots(found, set(found.units)))
    inner, rest = made
    assert 'build-dependencies]\nd0 = { package = "inner"' in manifest(inner)
    assert inner.needs_script
    assert commands(inner)[0][0] == "build"
    text = manifest(rest)
    assert 'package = "user", version = "=1.0.0", default-features = false, features = ["std"]' in text
    assert "opt-level = 0\ndebug = 0" in text
    assert not rest.needs_script
    assert [args[0] for args in commands(rest)] == ["check", "build"]


def test_one_package_on_both_sides_has_one_name() -> None:
    found = read(unit("still"), unit("quiet"), unit("macro", 1, kind="proc-macro"), own(0, 1, 2))
    quiet = next(iter(lots(found, set(found.units))))
    assert named(quiet) == {"quiet", "still"}
    said = [line for line in manifest(quiet).splitlines() if '"quiet"' in line]
    assert len(said) == 2
    assert len(set(said)) == 1
