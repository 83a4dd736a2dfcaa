"""Pull requests proven by real git, cargo and bubblewrap: of every trap for evidence the right verdict."""

import json
import signal
import subprocess
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from oxidizer.cluster.capabilities import may_mount
from oxidizer.cluster.labels import NO_RUN
from oxidizer.cluster.rundir import UnitOutput
from oxidizer.cluster.session import Share
from oxidizer.cluster.toolchain import find_toolchain
from oxidizer.miners.pulls.plan import plan_pulls
from oxidizer.miners.recipe import load_recipe
from tests.integration import made_pulls
from tests.integration.living import wait_until
from tests.integration.typed import command, oxidizer
from tests.unit.made_repository import MadeRepository

WEAKER = () if may_mount() else ("user", "memory", "processes", "cpu", "disk", "inodes")


def mined_here(folder: Path, repo: MadeRepository, per_unit: int = 40) -> list[UnitOutput]:
    """All units of a repository, mined in this process."""
    listed, recipe = folder / "repositories.txt", folder / "recipe.toml"
    listed.write_text(f"{repo.git_dir}\n")
    recipe.write_text(f"[pulls]\nper_unit = {per_unit}\n")
    plan = plan_pulls(listed, load_recipe(recipe), archive=None, seed=0, sandbox="bubblewrap", accept_weaker=WEAKER)
    work = plan.work(str(find_toolchain().sysroot), Share(2.0, 4 << 30), NO_RUN)()
    return [work(unit) for unit in plan.units]


@dataclass(frozen=True)
class Verdict:
    """What a record says, tests as "target name"."""

    row: Mapping[str, Any]

    def tests(self, key: str) -> set[str]:
        return {f"{test['target']} {test['name']}" for test in self.row[key]}

    @property
    def says(self) -> tuple[str | None, set[str]]:
        return self.row["evidence"], self.tests("fail_to_pass")


def pulls(output: UnitOutput) -> list[dict[str, Any]]:
    """The rows of all pull requests, proven or not."""
    return [*output.rows["pr_pair"], *output.rows["pr_unproven"]]


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> tuple[UnitOutput, dict[str, str]]:
    """All that came of the package of traps, and the commit after of each."""
    folder = tmp_path_factory.mktemp("calc")
    repo, landed = made_pulls.calc(folder)
    (output,) = mined_here(folder, repo)
    return output, landed


@pytest.fixture(scope="module")
def verdicts(output: tuple[UnitOutput, dict[str, str]]) -> dict[str, Verdict]:
    """The records by scenario."""
    rows = {row["merge_commit"]: Verdict(row) for row in pulls(output[0])}
    return {name: rows[after] for name, after in output[1].items() if after in rows}


def test_nothing_is_lost_and_nothing_found_twice(
    output: tuple[UnitOutput, dict[str, str]], verdicts: dict[str, Verdict]
) -> None:
    assert verdicts.keys() == output[1].keys()
    assert len(pulls(output[0])) == len(output[1])
    assert {name: verdict.row["pr"] for name, verdict in verdicts.items()} == {
        "merged": 1, "squashed": 2, "rebased": 3, "lower": 4, "upper": 5, "dev": 6, "turns": 7, "unlucky": 8, "data": 9,
        "yanked": 10, "red": 11, "hostile ..": 12, "hostile .git": 13,
    }  # fmt: skip
    landings = {name: verdict.row["lineage"][2] for name, verdict in verdicts.items()}
    assert [landings[name] for name in ("merged", "squashed", "rebased", "lower", "upper")] == [
        "landed:merge", "landed:squash", "landed:rebase", "landed:merge", "landed:merge",
    ]  # fmt: skip


def test_an_inline_test_and_a_changed_example_and_not_the_one_that_only_moved(verdicts: dict[str, Verdict]) -> None:
    assert verdicts["merged"].says == (
        "test", {"calc merged::tests::is_right", "doctest src/merged.rs - merged::value #1"},
    )  # fmt: skip


def test_under_a_compile_error_the_edited_test_counts_and_not_its_neighbour_or_namesake(
    verdicts: dict[str, Verdict],
) -> None:
    found = verdicts["squashed"]
    assert found.says == ("compile_error", {"calc squashed::tests::is_right", "twin sees"})
    assert {"calc squashed::tests::rests", "twin squashed::tests::is_right"} <= found.tests("pass_to_pass")


def test_of_equal_names_in_two_programs_one_fails_behind_a_program_that_always_does(
    verdicts: dict[str, Verdict],
) -> None:
    found = verdicts["rebased"]
    assert found.says == ("test", {"one works", "calc rebased::tests::is_right"})
    assert "two works" in found.tests("pass_to_pass")


def test_what_ends_its_program_takes_no_other_test_with_it(verdicts: dict[str, Verdict]) -> None:
    found = verdicts["lower"]
    assert {"crash dies"} <= found.tests("fail_to_pass")
    assert "crash lives" in found.tests("pass_to_pass")
    assert found.row["evidence"] == "test"


def test_a_commit_that_does_not_compile_and_the_next_one_mends_it_is_a_lesson(
    output: tuple[UnitOutput, dict[str, str]],
) -> None:
    (red,) = [row for row in output[0].rows["diag_fix"] if "found:red-commit" in row["lineage"]]
    assert (red["error"]["code"], red["origin"], red["setup_diff"]) == ("E0425", "history", "")
    assert "-    twice(1)\n+    2\n" in red["patch_diff"]
    assert red["explanation"].startswith("After the commit “Work 0 on 1” rustc reports `E0425`")
    assert red["tests"] == {"before": "none", "after": "none", "names": []}
    # The steps of `rebased` compile.
    assert output[0].summary["pulls"]["no_lesson"]["the commit compiles"] == 1


def test_a_hunk_of_source_and_test_is_divided(verdicts: dict[str, Verdict]) -> None:
    assert verdicts["upper"].says == ("test", {"calc upper::tests::is_right"})


def test_a_new_dependency_of_tests_is_there_before_too(verdicts: dict[str, Verdict]) -> None:
    assert verdicts["dev"].says == ("test", {"dev picks"})


def test_what_wavers_is_flaky_and_no_evidence(verdicts: dict[str, Verdict]) -> None:
    found = verdicts["turns"]
    assert found.says == ("test", {"calc turns::tests::is_right"})
    assert found.tests("flaky") == {"turns wavers", "turns stumbles"}
    # It fails before twice and passes after twice, and no line of code has changed.
    unlucky = verdicts["unlucky"]
    assert unlucky.says == (None, set())
    assert unlucky.tests("flaky") == {"turns has_bad_luck"}


def test_data_that_a_test_reads_goes_with_it(verdicts: dict[str, Verdict]) -> None:
    found = verdicts["data"]
    assert found.says == (None, set())
    assert "reads reads" in found.tests("pass_to_pass")
    # It fails after twice and passes before.
    assert found.tests("flaky") == {"turns has_bad_luck"}
    assert b"data/table.csv" in found.row["test_diff"]


def test_a_dependency_that_was_withdrawn_is_locked(
    output: tuple[UnitOutput, dict[str, str]], verdicts: dict[str, Verdict]
) -> None:
    found = verdicts["yanked"]
    assert found.says == ("test", {"calc yanked::tests::is_right"})
    locked = tomllib.loads(output[0].files[found.row["lock"]].decode())["package"]
    assert {(p["name"], p["version"]) for p in locked} >= {("scopeguard", "0.3.0"), ("cfg-if", "1.0.0")}


def test_a_base_that_rot_keeps_from_building_proves_nothing(verdicts: dict[str, Verdict]) -> None:
    found = verdicts["red"].row
    assert (found["type"], found["cause"]) == ("pr_unproven", "before_does_not_build")
    assert "E0308" in found["message"]


@pytest.mark.parametrize("name", ["..", ".git"])
def test_a_tree_with_hostile_names_proves_nothing(verdicts: dict[str, Verdict], name: str) -> None:
    found = verdicts[f"hostile {name}"].row
    assert (found["type"], found["cause"]) == ("pr_unproven", "hostile_path")


def test_what_always_fails_is_on_no_list_and_what_passes_is_on_one_alone(verdicts: dict[str, Verdict]) -> None:
    for verdict in verdicts.values():
        if verdict.row["type"] == "pr_pair":
            lists = [verdict.tests(key) for key in ("fail_to_pass", "pass_to_pass", "flaky")]
            assert not any("a_old rots" in tests for tests in lists)
            assert sum(map(len, lists)) == len(set().union(*lists))
            assert len(lists[1]) >= 5


def test_what_is_said_of_a_dependency_that_comes_stands_with_it(verdicts: dict[str, Verdict]) -> None:
    told = {name: verdict.row["rationale"] for name, verdict in verdicts.items() if verdict.row["rationale"]}
    assert told == {"yanked": "scopeguard sees to that."}


def ran(listed: Path, run: Path, *args: object) -> list[str]:
    weaker = ["--accept-weaker", ",".join(WEAKER)] if WEAKER else []
    words = ("mine", "--miners", "pull-requests", "--repos-file", listed, "--out", run, "--sandbox", "bubblewrap")
    return command(*words, "--workers", 1, *weaker, *args)


def test_killed_in_the_middle_it_ends_with_the_same_ids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repo = made_pulls.pair(tmp_path)
    undisturbed = {row["id"] for output in mined_here(tmp_path, repo, per_unit=1) for row in output.rows["pr_pair"]}
    assert len(undisturbed) == 2
    monkeypatch.setenv("OXIDIZER_SCRATCH", str(tmp_path / "scratch"))
    run = tmp_path / "run"
    argv = ran(tmp_path / "repositories.txt", run, "--recipe", tmp_path / "recipe.toml")
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as killed:
        wait_until(lambda: list(run.glob("units/*/unit.json")), limit_s=240)
        killed.send_signal(signal.SIGKILL)
    assert len(list(run.glob("units/*/unit.json"))) == 1
    # What lands meanwhile is for another run.
    repo.merge_pull(99, [{"late": "1\n"}])
    again = subprocess.run(argv, capture_output=True, text=True, timeout=240)
    assert again.returncode == 0, again.stdout + again.stderr
    rows = [row for path in run.glob("units/*/pr_pair.parquet") for row in pq.read_table(path).to_pylist()]
    assert {row["id"] for row in rows} == undisturbed
    assert len(rows) == 2
    assert json.loads((run / "run.json").read_text())["sessions"][-1]["how"] == "finished"


def bad(folder: Path, kind: str) -> str:
    """A file of repositories with one that cannot be used, by its only line."""
    if kind == "empty":
        return str(MadeRepository(folder / "octo+none.git").git_dir)
    if kind in ("shallow", "broken", "lost"):
        good = made_pulls.pair(folder)
        if kind == "lost":
            blob = good.git("rev-parse", "HEAD~1:Cargo.toml")
            (good.git_dir / "objects" / blob[:2] / blob[2:]).unlink()
            return str(good.git_dir)
        if kind == "broken":
            (good.git_dir / "objects" / good.head[:2] / good.head[2:]).unlink()
            return str(good.git_dir)
        cut = folder / "octo+cut.git"
        argv = ["git", "clone", "--quiet", "--bare", "--depth=1", f"file://{good.git_dir}", str(cut)]
        subprocess.run(argv, check=True, capture_output=True)
        return str(cut)
    return {"no_repository": "# nothing\n", "gone": "no/such/folder", "option": "--upload-pack=touch x"}[kind]


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("shallow", "git fetch --unshallow"), ("empty", "has no commits"), ("broken", "is broken: "),
        ("lost", "line 1: missing_object: the history of "),
        ("no_repository", "names no repository"), ("gone", "neither an address of git nor a folder"),
        ("option", "neither an address of git nor a folder"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_one_sentence(kind: str, told: str, tmp_path: Path) -> None:
    listed = tmp_path / "repositories.txt"
    listed.write_text(bad(tmp_path, kind))
    done = oxidizer(
        "mine",
        "--miners",
        "pull-requests",
        "--repos-file",
        listed,
        "--out",
        tmp_path / "run",
        "--sandbox",
        "bubblewrap",
    )
    assert done.returncode == 1
    assert told in " ".join(done.stderr.split())
    assert str(listed) in done.stderr.replace("\n", "")
    assert not (tmp_path / "run").exists()
