"""A campaign over repositories before anything runs: what is cut into units, what is refused, how it goes on."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from oxidizer.cluster.rundir import RunDirectory
from oxidizer.miners.campaign import RunMismatch, open_run
from oxidizer.miners.pulls.begun import UNITS
from oxidizer.miners.pulls.plan import PullPlan, plan_pulls
from oxidizer.miners.pulls.repositories import RepositoriesError
from oxidizer.miners.recipe import Pulls, Recipe
from tests.unit import archive_events
from tests.unit.made_repository import MadeRepository


def repository(folder: Path, name: str, pulls: int) -> MadeRepository:
    made = MadeRepository(folder / name)
    made.commit({"a": "1\n"}, "First")
    for number in range(1, pulls + 1):
        made.merge_pull(number, [{f"f{number}": f"{number}\n"}])
    return made


def plan(
    folder: Path, *lines: str, sealed: bool = False, seed: int = 0, archive: Path | None = None,
    run: RunDirectory | None = None, said: list[str] | None = None, **caps: int,
) -> PullPlan:  # fmt: skip
    listed = folder / "repositories.txt"
    listed.write_text("".join(f"{line}\n" for line in lines))
    return plan_pulls(
        listed, Recipe(pulls=Pulls(**caps)), archive=str(archive) if archive else None, seed=seed, run=run,
        sandbox="bubblewrap", sealed=sealed, clones=folder / "c", say=said.append if said is not None else print,
    )  # fmt: skip


def begin(made: PullPlan, run: RunDirectory) -> dict[str, Any]:
    """What a first start leaves before it mines."""
    manifest = open_run(made, run) | made.begin(run)
    run.write_json("run.json", manifest)
    return manifest


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
        (["octo+one.git", "octo+one.git"], "octo/one is the repository of line 1 too: name it once"),
        (["#"], "names no repository"),
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


@pytest.mark.parametrize("is_cloned", [True, False])
def test_a_repository_that_moves_on_and_moves_its_refs_changes_no_run_that_was_begun(
    tmp_path: Path, is_cloned: bool
) -> None:
    repo, run = repository(tmp_path, "octo+one.git", 3), RunDirectory(tmp_path / "run")
    repo.rebase_pull(4, [{"g": "4\n"}, {"h": "4\n"}])
    repository(tmp_path, "octo+none.git", 0)
    line = repo.git_dir.rename(tmp_path / "one.git").rename(tmp_path / "octo+one.git").name
    if is_cloned:
        (tmp_path / "octo").mkdir()
        (tmp_path / "octo" / "one.git").symlink_to(repo.git_dir)
        line = (tmp_path / "octo" / "one.git").as_uri()
    lines = (line, "octo+none.git")
    first = plan(tmp_path, *lines, run=run, per_unit=2)
    assert numbers(first) == [[1, 2], [3, 4]]
    manifest = begin(first, run)
    assert {row["name"]: row["head"] for row in manifest["repositories"]}["octo/one"] == repo.head
    # A new one, and the branch of an old one pushed anew: only its ref told that it landed.
    repo.merge_pull(5, [{"f5": "5\n"}])
    repo.branch(4, [{"z": "z\n"}])
    again = plan(tmp_path, *lines, run=run, per_unit=2)
    assert again.units == first.units
    assert open_run(again, run) == manifest
    assert again.begin(run) == {}
    # One that is not begun with this run sees all of it, and spoils nothing.
    assert numbers(plan(tmp_path, *lines, per_unit=2)) == [[1, 2], [3, 5]]
    assert plan(tmp_path, *lines, run=run, per_unit=2).units == first.units


def test_another_list_is_refused_by_the_names_of_its_repositories(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "run")
    for name in ("octo+one.git", "octo+two.git", "octo+three.git"):
        repository(tmp_path, name, 1)
    begin(plan(tmp_path, "octo+one.git", "octo+two.git", run=run), run)
    (tmp_path / "octo+one.git").rename(tmp_path / "moved+octo+one.git")
    (tmp_path / "octo").mkdir()
    (tmp_path / "moved+octo+one.git").rename(tmp_path / "octo" / "one.git")
    moved = plan(tmp_path, "octo+two.git", "octo/one.git", run=run)
    assert open_run(moved, run)
    assert {unit["spec"]["source"] for unit in moved.units} == {
        str(tmp_path / "octo" / "one.git"), str(tmp_path / "octo+two.git"),
    }  # fmt: skip
    with pytest.raises(RunMismatch, match=r"no longer asked for: octo/two .*; now also asked for: octo/three"):
        open_run(plan(tmp_path, "octo/one.git", "octo+three.git", run=run), run)
    with pytest.raises(RunMismatch, match="seed was 0, is 1"):
        open_run(plan(tmp_path, "octo/one.git", "octo+two.git", run=run, seed=1), run)


def test_no_secret_of_an_address_is_kept(tmp_path: Path) -> None:
    repo, run = repository(tmp_path, "octo+one.git", 1), RunDirectory(tmp_path / "run")
    made = plan(tmp_path, "octo+one.git", run=run)
    made.units[0]["spec"]["source"] = "https://me:secret@example.com/octo/one"
    begin(made, run)
    assert b"secret" not in subprocess.run(["gzip", "-dc", tmp_path / "run" / UNITS], capture_output=True).stdout
    assert plan(tmp_path, "octo+one.git", run=run).units[0]["spec"]["source"] == str(repo.git_dir)


def test_a_damaged_beginning_is_told(tmp_path: Path) -> None:
    repository(tmp_path, "octo+one.git", 1)
    run = RunDirectory(tmp_path / "run")
    begin(plan(tmp_path, "octo+one.git", run=run), run)
    packed = tmp_path / "run" / UNITS
    for content in (packed.read_bytes()[:-9], b"", b"x"):
        packed.write_bytes(content)
        with pytest.raises(ValueError, match=r"begun.jsonl.gz or run.json is damaged .*: give another --out"):
            plan(tmp_path, "octo+one.git", run=run)


def test_a_run_goes_on_with_its_archive_or_without_one(tmp_path: Path) -> None:
    repository(tmp_path, "octo-org+Hello-World.git", 1)
    hours = tmp_path / "hours"
    archive_events.write_hour(hours, archive_events.slim("opened"))
    with_one, without = RunDirectory(tmp_path / "with"), RunDirectory(tmp_path / "without")
    said: list[str] = []
    first = plan(tmp_path, "octo-org+Hello-World.git", archive=hours, run=with_one, said=said)
    assert "archive: 1 of 1 files read" in said
    begin(first, with_one)
    begin(plan(tmp_path, "octo-org+Hello-World.git", run=without), without)
    # New hours are for new runs.
    archive_events.write_hour(hours, archive_events.pulled(number=1, head=None), hour="2021-01-20-11")
    again = plan(tmp_path, "octo-org+Hello-World.git", archive=hours, run=with_one)
    assert open_run(again, with_one)
    assert again.units == first.units
    for other, archive, told in (
        (with_one, None, "begun with --archive .*/hours, which is not given now"),
        (with_one, tmp_path / "other", "begun with --archive .*/hours, not .*/other"),
        (without, hours, "begun without --archive, .*leave that out.* Give another --out"),
    ):
        with pytest.raises(RunMismatch, match=told):
            open_run(plan(tmp_path, "octo-org+Hello-World.git", archive=archive, run=other), other)


def test_a_history_that_cannot_be_read_to_its_end_names_its_line(tmp_path: Path) -> None:
    repo = repository(tmp_path, "octo+one.git", 2)
    blob = repo.git("rev-parse", "HEAD~1:f1")
    (repo.git_dir / "objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(RepositoriesError, match=r"line 2: missing_object: the history of octo/one .*leave it out"):
        plan(tmp_path, "#", "octo+one.git")


def test_a_commit_of_no_day_is_left_out_and_counted(tmp_path: Path) -> None:
    repo = repository(tmp_path, "octo+one.git", 1)
    raw = repo.git("cat-file", "commit", repo.merge_pull(2, [{"f2": "2\n"}]))
    late = re.sub(r"(?m)^(committer .*>) \d+", rf"\1 {10**12}", raw) + "\n"
    repo.ref("refs/heads/main", repo.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=late.encode()))
    made = plan(tmp_path, "octo+one.git")
    assert numbers(made) == [[1]]
    (row,) = made.told["repositories"]
    assert (row["landed"], row["chosen"], row["left"]) == (2, 1, {"impossible_time": 1})


def test_words_belong_to_commits_and_checks_to_what_landed(tmp_path: Path) -> None:
    repo = MadeRepository(tmp_path / "octo-org+Hello-World.git")
    repo.commit({"a": "1\n"}, "First")
    # Merged in another repository, whose history was imported: no pull ref, and this one's 8 is another.
    foreign = repo.land(repo.commit({"b": "1\n"}, on=repo.head), "Merge pull request #8 from else/where")
    own = repo.squash_pull(9, [{"c": "1\n"}])
    repo.git("update-ref", "-d", "refs/pull/9/head")
    merged = {"merged": True, "merged_at": "2021-01-21T00:00:00Z"}
    events = [
        archive_events.pulled("closed", 8, title="Eight", merge_commit_sha="8" * 40, **merged),
        archive_events.pulled("closed", 9, title="Nine", merge_commit_sha=own, **merged),
    ]
    for state, sha in (("failure", own), ("success", archive_events.SHA["alpha"])):
        told = archive_events.status(state)
        told["payload"]["sha"] = sha
        events.append(told)
    archive_events.write_hour(tmp_path / "hours", *events, b"not JSON")
    made = plan(tmp_path, "octo-org+Hello-World.git", archive=tmp_path / "hours")
    (unit,) = made.units
    assert [pull["after"] for pull in unit["spec"]["pulls"]] == [foreign, own]
    words = unit["spec"]["words"]
    assert {after: told["title"] for after, told in words.items()} == {own: "Nine"}
    assert words[own]["checks"] == "fail"
    assert made.told["repositories"][0]["told"] == 1
    assert made.told["archive"]["counts"]["line: not JSON"] == 1
