"""Laws of migrations: moves are what they say, fixes upon fixes lose nothing, and a minimised repair is minimal."""

import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oxidizer.cluster.edits import Edit, apply, conflict
from oxidizer.cluster.successors import is_compatible, numbers, series_after
from oxidizer.miners.migration.dependencies import is_newer, requirement_edit
from oxidizer.miners.migration.editions import edition_moves, on_the_way
from oxidizer.miners.migration.fixes import Fix, all_edits, forward, woven
from oxidizer.miners.migration.minimise import OutOfTries, minimise
from oxidizer.miners.migration.move import Immovable, line_edits
from oxidizer.miners.recipe import RecipeError, load_recipe

SOURCE = b"abcdefghijklmnopqrstuvwxyz"


@st.composite
def apart(draw: st.DrawFn, length: int) -> list[Edit]:
    """Edits of a text that can all be applied."""
    found: list[Edit] = []
    for _ in range(draw(st.integers(0, 5))):
        start = draw(st.integers(0, length))
        end = min(length, start + draw(st.integers(0, 4)))
        edit = Edit("f", start, end, draw(st.binary(max_size=4)))
        if conflict([*found, edit]) is None and (start < end or edit.replacement):
            found.append(edit)
    return found


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_fixes_upon_fixes_come_to_the_same_text(data: st.DataObject) -> None:
    first = data.draw(apart(len(SOURCE)))
    middle = apply(SOURCE, first)
    second = data.draw(apart(len(middle)))
    size = data.draw(st.integers(1, 3))
    later = [Fix(tuple(second[at : at + size]), "later") for at in range(0, len(second), size)]
    found = woven([Fix((edit,), "first") for edit in first], later, lambda _: SOURCE)
    assert apply(SOURCE, all_edits(found)) == apply(middle, second)


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_a_fix_taken_out_and_put_back_changes_nothing(data: st.DataObject) -> None:
    edits = data.draw(apart(len(SOURCE)))
    for edit in edits:
        rest = [e for e in edits if e != edit]
        assert apply(apply(SOURCE, rest), forward([edit], rest)) == apply(SOURCE, edits)


@given(st.integers(0, 14), st.data())
@settings(max_examples=100, deadline=None)
def test_a_minimised_part_is_enough_and_none_of_it_can_go(count: int, data: st.DataObject) -> None:
    items = list(range(count))
    ways = data.draw(st.lists(st.sets(st.sampled_from(items), max_size=4) if items else st.just(set()), min_size=1))

    def is_enough(part: object) -> bool:
        return any(way <= set(part) for way in ways)  # type: ignore[call-overload]

    found = minimise(items, is_enough, 10_000)
    assert found == sorted(found)
    assert is_enough(found)
    assert not any(is_enough([other for other in found if other != one]) for one in found)


def test_minimising_ends_after_its_tries() -> None:
    asked: list[int] = []

    def is_enough(part: Sequence[int]) -> bool:
        asked.append(len(part))
        return {0, 20, 40} <= set(part)

    with pytest.raises(OutOfTries) as raised:
        minimise(list(range(64)), is_enough, 12)
    assert len(asked) == 12
    assert {0, 20, 40} <= set(raised.value.best)
    assert len(raised.value.best) < 64


@pytest.mark.parametrize("text", ['edition = "2018"\nname = "a"\n', 'name = "a"\n', "name = 'a'\r\nedition='2015'\r\n"])
def test_an_edition_moves_one_key(text: str) -> None:
    manifest = f"# head\n[package]\n{text}[dependencies]\nx = '1'\n".encode()
    was = tomllib.loads(manifest.decode())["package"].get("edition", "2015")
    moves = list(edition_moves("Cargo.toml", manifest))
    assert [on_the_way(move)[-1] for move in moves] == [e for e in ("2018", "2021", "2024") if e > was]
    for move in moves:
        now = tomllib.loads(apply(manifest, move.edits).decode())
        assert now["package"].pop("edition") == on_the_way(move)[-1]
        assert now["dependencies"] == {"x": "1"}
    assert on_the_way(moves[-1]) == tuple(e for e in ("2018", "2021", "2024") if e > was)


def test_an_edition_takes_the_oldest_rust_along() -> None:
    manifest = b'[package]\nname = "a"\nedition = "2018"\nrust-version = "1.56.1"\n'
    moved = [tomllib.loads(apply(manifest, m.edits).decode())["package"] for m in edition_moves("Cargo.toml", manifest)]
    assert [(p["edition"], p["rust-version"]) for p in moved] == [("2021", "1.56.1"), ("2024", "1.85")]


@pytest.mark.parametrize(
    "text", ["edition.workspace = true\n", "edition = { workspace = true }\n", 'edition = "2035"\n']
)
def test_an_edition_that_is_elsewhere_stays(text: str) -> None:
    with pytest.raises(Immovable):
        list(edition_moves("Cargo.toml", f'[package]\nname = "a"\n{text}'.encode()))


@pytest.mark.parametrize(
    "manifest",
    [
        b'[dependencies]\nrand = "0.7"\n',
        b'[dependencies]\nrand = { version = "0.7", default-features = false }\n',
        b'[dependencies.rand]\nversion = "0.7"\noptional = true\n',
    ],
)
def test_a_requirement_is_written_where_it_stands(manifest: bytes) -> None:
    edit = requirement_edit("Cargo.toml", manifest, "rand", "0.8")
    assert edit is not None
    assert apply(manifest, [edit]) == manifest.replace(b"0.7", b"0.8")
    assert requirement_edit("Cargo.toml", manifest, "other", "0.8") is None


def test_versions_as_cargo_sees_them() -> None:
    assert numbers("^1.2") == numbers("1.2.0") == numbers("=1.2.0-alpha.3") == (1, 2, 0)
    assert is_compatible("1.2.3", "1.9")
    assert not is_compatible("0.2.3", "0.3.0")
    assert not is_compatible("0.0.1", "0.0.2")
    assert is_newer("0.7", "0.8.5")
    assert not is_newer("0.8", "0.8.5")
    assert not is_newer("0.9", "0.8")
    assert list(series_after("1.2.3", "1.4.0")) == [">1.2.3, <1.3.0", "~1.3", "~1.4"]
    assert list(series_after("0.9.1", "2.0.1")) == [">0.9.1, <0.10.0", ">=0.10.0, <1.0.0", "^1", "^2"]


@given(st.lists(st.sampled_from([b"a\n", b"b\n", b"c\n", b"d"])), st.lists(st.sampled_from([b"a\n", b"b\n", b"e\n"])))
def test_lines_become_the_other_lines(old: list[bytes], new: list[bytes]) -> None:
    before, after = b"".join(old), b"".join(new)
    assert apply(before, line_edits("f", before, after)) == after


def test_a_recipe_names_its_moves(tmp_path: Path) -> None:
    file = tmp_path / "recipe.toml"
    file.write_text('[migration]\nmoves = ["edition"]\nper_code = 3\n')
    recipe = load_recipe(file)
    assert (recipe.migration.moves, recipe.migration.per_code) == (("edition",), 3)
    assert "migration" not in recipe.asked(["suggestions", "injected"])
    assert set(recipe.asked(["migration"])) == {"migration", "limits", "test_cap_s"}
    file.write_text('[migration]\nmoves = ["editions"]\n')
    with pytest.raises(RecipeError, match="no kind 'editions'"):
        load_recipe(file)
