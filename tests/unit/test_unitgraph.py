"""Which builds of dependencies are the same, and which are nobody else's."""

import pytest

from oxidizer.cluster.unitgraph import NoUnitGraph, UnitGraph, read_unit_graph, registry_packages
from tests.unit.graphs import graph, lock, own, unit

LOCK = lock("a", "b", "m")


def key_of(name: str, found: UnitGraph, mode: str = "build") -> str:
    (key,) = [key for key, one in found.units.items() if (one.name, one.mode) == (name, mode)]
    return key


def key_above(checksum: str = "00", **changes: object) -> str:
    """The key of a package above one that is as said."""
    below = unit("a", **{"features": ("std",), **changes})  # type: ignore[arg-type]
    return key_of("b", read_unit_graph(graph(below, unit("b", 0), own(1)), lock("a", "b", checksum=checksum), ""))


def test_a_key_is_of_all_that_decides_a_build() -> None:
    changed = [{"opt_level": "1"}, {"panic": "abort"}, {"mode": "check"}, {"features": ()}, {"checksum": "11"}]
    assert key_above() == key_above()
    assert len({key_above(), *(key_above(**change) for change in changed)}) == 6  # type: ignore[arg-type]


def test_a_profile_by_another_name_is_the_same() -> None:
    text = graph(unit("a"), own(0))
    renamed = text.replace(b'"name": "dev"', b'"name": "test"')
    assert renamed != text
    assert read_unit_graph(text, LOCK, "").units.keys() == read_unit_graph(renamed, LOCK, "").units.keys()


def test_the_base_is_in_every_key() -> None:
    text = graph(unit("a"), own(0))
    assert read_unit_graph(text, LOCK, "one").units.keys() != read_unit_graph(text, LOCK, "two").units.keys()


def test_what_has_something_of_elsewhere_below_it_is_not_shared() -> None:
    local = unit("local", source="path+file:///box/src/local")
    found = read_unit_graph(graph(local, unit("a", 0), unit("b"), own(1, 2)), LOCK, "")
    assert [one.name for one in found.units.values()] == ["b"]
    # A package that the lock has no checksum of could be anything.
    assert not read_unit_graph(graph(unit("a"), own(0)), lock("b"), "").units


def test_the_host_is_what_runs_while_building_and_what_that_is_made_of() -> None:
    text = graph(
        unit("a"),
        unit("m", 0, kind="proc-macro"),
        unit("b", kind="custom-build"),
        unit("b", 2, kind="custom-build", mode="run-custom-build"),
        unit("b", 1, 3),
        own(4),
    )
    found = read_unit_graph(text, LOCK, "")
    assert {found.units[key].name for key in found.host} == {"a", "m", "b"}
    assert {(found.units[key].name, found.units[key].kind) for key in found.target} == {
        ("b", "lib"),
        ("b", "custom-build"),
    }
    assert len(found.guests(found.units)) == 2


def test_check_and_build_have_one_shape() -> None:
    checked = read_unit_graph(graph(unit("a", mode="check"), own(0)), LOCK, "")
    built = read_unit_graph(graph(unit("a"), own(0)), LOCK, "")
    (one,), (other,) = checked.units.values(), built.units.values()
    assert one.shape == other.shape
    assert one.key != other.key
    assert len((checked | built).units) == 2


@pytest.mark.parametrize("text", [b"", b"[]", b'{"version": 2}', b'{"version": 1, "units": [], "roots": [7]}'])
def test_what_is_no_graph_is_refused(text: bytes) -> None:
    with pytest.raises(NoUnitGraph):
        read_unit_graph(text, LOCK, "")


def test_a_circle_is_refused() -> None:
    with pytest.raises(NoUnitGraph):
        read_unit_graph(graph(unit("a", 1), unit("b", 0), own(0)), LOCK, "")


def test_packages_of_registries_are_counted() -> None:
    assert registry_packages(LOCK + b'[[package]]\nname = "own"\nversion = "1.0.0"\n') == 3
