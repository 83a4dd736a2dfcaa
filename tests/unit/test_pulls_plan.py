"""A campaign over repositories before anything runs: what is cut into units, and what is refused."""

from pathlib import Path

import pytest

from oxidizer.miners.pulls.plan import PullPlan, RepositoriesError, plan_pulls
from oxidizer.miners.recipe import Pulls, Recipe
from tests.unit.made_repository import MadeRepository


def repository(folder: Path, name: str, pulls: int) -> MadeRepository:
    made = MadeRepository(folder / name)
    made.commit({"a": "1\n"}, "First")
    for number in range(1, pulls + 1):
        made.merge_pull(number, [{f"f{number}": f"{number}\n"}])
    return made


def plan(folder: Path, *lines: str, sealed: bool = False, seed: int = 0, **caps: int) -> PullPlan:
    listed = folder / "repositories.txt"
    listed.write_text("".join(f"{line}\n" for line in lines))
    recipe = Recipe(pulls=Pulls(**caps))
    return plan_pulls(listed, recipe, archive=None, seed=seed, sandbox="bubblewrap", sealed=sealed, clones=folder / "c")


def numbers(made: PullPlan) -> list[list[int]]:
    return [[pull["number"] for pull in unit["spec"]["pulls"]] for unit in made.units]


def test_pull_requests_are_cut_into_units_in_their_order(tmp_path: Path) -> None:
    repository(tmp_path, "octo+one.git", 5)
    made = plan(tmp_path, "# a comment", "octo+one.git", per_unit=2)
    assert numbers(made) == [[1, 2], [3, 4], [5]]
    assert {unit["crate"] for unit in made.units} == {"octo/one"}
    assert len({unit["unit"] for unit in made.units}) == 3
    assert made.asked == plan(tmp_path, "octo+one.git", per_unit=2).asked


def test_of_many_some_are_drawn_the_same_ones_for_a_seed_and_in_order(tmp_path: Path) -> None:
    repository(tmp_path, "octo+one.git", 9)
    (drawn,) = numbers(plan(tmp_path, "octo+one.git", per_repository=4))
    assert len(drawn) == 4
    assert drawn == sorted(drawn)
    assert numbers(plan(tmp_path, "octo+one.git", per_repository=4)) == [drawn]
    others = {tuple(numbers(plan(tmp_path, "octo+one.git", per_repository=4, seed=s))[0]) for s in range(1, 5)}
    assert others != {tuple(drawn)}


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["octo+one.git", "octo+one.git"], "stands in line 1 already"), (["#"], "names no repository"),
        (["octo+one.git", "copy/octo+one.git"], "octo/one is the repository of line 1 too"),
        (["octo+none.git"], "has a pull request that landed"), (["nowhere"], "line 1: not_a_repository"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_names_the_line_and_the_way_out(tmp_path: Path, lines: list[str], told: str) -> None:
    repository(tmp_path, "octo+one.git", 1)
    repository(tmp_path / "copy", "octo+one.git", 1)
    repository(tmp_path, "octo+none.git", 0)
    with pytest.raises(RepositoriesError, match=told):
        plan(tmp_path, *lines)


def test_a_sealed_repository_is_refused_though_it_is_a_folder_that_does_not_say_where_it_is_from(
    tmp_path: Path,
) -> None:
    repository(tmp_path, "dtolnay+ryu.git", 1)
    with pytest.raises(RepositoriesError, match="dtolnay/ryu: sealed"):
        plan(tmp_path, "dtolnay+ryu.git")
    assert numbers(plan(tmp_path, "dtolnay+ryu.git", sealed=True)) == [[1]]
