"""What the command line says: help, refusals that name the way out, and the commands that look at a run."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer.main

from oxidizer.cli import app
from tests.integration.typed import CRATES, mine, oxidizer, tuples


def commands() -> dict[tuple[str, ...], Any]:
    """Every command by the words that call it."""
    found: dict[tuple[str, ...], Any] = {}

    def walk(words: tuple[str, ...], group: Any) -> None:
        found[words] = group
        for name, command in getattr(group, "commands", {}).items():
            walk((*words, name), command)

    walk((), typer.main.get_command(app))
    return found


def test_there_are_the_commands_that_the_readme_names() -> None:
    assert {" ".join(words) for words in commands()} >= {
        "mine",
        "show",
        "verify",
        "logs",
        "reproduce",
        "report",
        "doctor",
        "image build",
        "crates select",
    }


@pytest.mark.parametrize("words", commands(), ids=lambda words: " ".join(words) or "oxidizer")
def test_help_mentions_every_option_and_every_command(words: tuple[str, ...]) -> None:
    told = oxidizer(*words, "--help")
    assert told.returncode == 0
    command = commands()[words]
    for parameter in command.params:
        name = parameter.opts[0] if parameter.opts[0].startswith("-") else parameter.metavar
        assert name in told.stdout
    for name, sub in getattr(command, "commands", {}).items():
        assert name in told.stdout
        assert sub.help


def test_help_of_mine_tells_the_exit_status() -> None:
    told = oxidizer("mine", "--help").stdout
    for words in ("Exit status", "quarantined", "130 or 143", "continues"):
        assert words in told


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("typo.toml", '[[crate]]\nnmae = "x"\nversion = "1.0.0"\n', "crate 1: unknown key `nmae`; did you mean `name`"),
        ("range.toml", '[[crate]]\nname = "x"\nversion = "^1.0"\n', "is a range"),
        ("single.toml", '[crate]\nname = "x"\n', "write [[crate]] with double brackets"),
        ("empty.csv", "name,version\n", "the list is empty; add a [[crate]]"),
        ("list.txt", "x", "ends in .toml ([[crate]] tables) or .csv"),
        ("absent.toml", None, "cannot be read"),
    ],
)
def test_a_faulty_list_is_refused_whole(tmp_path: Path, name: str, text: str | None, said: str) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    refused = mine(tmp_path / name, tmp_path / "run")
    assert refused.returncode == 1
    assert said in refused.stderr
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("per_cod = 3\n", "unknown key 'per_cod'; did you mean 'per_code'"),
        ("[limits]\nwal_s = 3\n", "[limits]: unknown key 'wal_s'; did you mean 'wall_s'"),
        ("per_code = 0\n", "per_code must be at least 1"),
        ("per_code = [", "recipe.toml"),
    ],
)
def test_a_faulty_recipe_is_refused(listed: Path, tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "recipe.toml").write_text(text)
    refused = mine(listed, tmp_path / "run", "--recipe", tmp_path / "recipe.toml")
    assert refused.returncode == 1
    assert said in refused.stderr
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--miners", "sugestions", "no miner called 'sugestions'; there are: suggestions"),
        ("--sandbox", "jail", "choose auto, docker, bubblewrap, or docker:RUNTIME"),
        ("--toolchain", "no-such-toolchain", "no Rust toolchain `no-such-toolchain` is here"),
        ("--out", "nowhere://bucket/run", "nowhere"),
    ],
)
def test_an_unknown_choice_names_the_known_ones(
    listed: Path, tmp_path: Path, option: str, value: str, said: str
) -> None:
    refused = mine(listed, tmp_path / "run", option, value)
    assert refused.returncode == 1
    assert said in refused.stderr
    assert not (tmp_path / "run").exists()


def test_a_run_directory_that_cannot_be_is_an_error_in_a_sentence(listed: Path, tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file")
    refused = mine(listed, tmp_path / "run")
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"error: {tmp_path / 'run'}: ")


@pytest.mark.parametrize("text", ["[1]", "{", '{"asked": {}}'])
def test_a_run_json_that_is_not_ours_is_an_error_in_a_sentence(listed: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run/run.json").write_text(text)
    refused = mine(listed, tmp_path / "run")
    assert refused.returncode == 1
    assert str(tmp_path / "run") in refused.stderr
    assert (tmp_path / "run/run.json").read_text() == text


def test_a_run_that_asked_for_something_else_is_refused_by_the_difference(
    listed: Path, mined: Path, tmp_path: Path
) -> None:
    (listed.parent / "other.toml").write_text('[[crate]]\npath = "good"\n')
    (tmp_path / "recipe.toml").write_text('per_code = 3\nskip = ["clippy::implicit_return"]\n[limits]\nwall_s = 60\n')
    args = ("--seed", 7, "--recipe", tmp_path / "recipe.toml")
    refused = mine(listed.parent / "other.toml", mined, *args)
    assert refused.returncode == 1
    for said in (
        "no longer asked for: broken", "seed was 0, is 7", "recipe per_code was 6, is 3",
        "recipe skip is now without clippy::non_ascii_literal", "recipe [limits] wall_s was 900.0, is 60.0",
        "Give another --out",
    ):  # fmt: skip
        assert said in refused.stderr, refused.stderr


def test_a_dry_run_names_every_crate_and_writes_nothing(listed: Path, tmp_path: Path) -> None:
    dry = mine(listed, tmp_path / "run", "--dry-run")
    assert dry.returncode == 0
    assert all(name in dry.stdout for name in CRATES)
    assert "rejected illegible" in dry.stdout
    assert not (tmp_path / "run").exists()


def test_in_a_job_a_relative_folder_is_refused(listed: Path) -> None:
    refused = mine(listed, "runs/x", "--dry-run", RAY_JOB_CONFIG_JSON_ENV_VAR="{}")
    assert refused.returncode == 1
    assert "would vanish with the job's working directory" in refused.stderr
    assert "absolute path" in refused.stderr


def test_show_lists_and_shows_by_the_beginning_of_an_id(mined: Path) -> None:
    listed = oxidizer("show", mined)
    assert listed.returncode == 0
    assert f"{len(tuples(mined))} tuples" in listed.stdout
    row = next(row for row in tuples(mined) if row["error"]["code"] == "clippy::needless_return")
    shown = oxidizer("show", mined, row["id"][:10])
    assert shown.returncode == 0
    for words in ("clippy::needless_return", "return Foo", "^^^", row["probe"]["args"][-1], "proven"):
        assert words in shown.stdout
    unknown = oxidizer("show", mined, "zzzz")
    assert (unknown.returncode, "begins with 'zzzz'" in unknown.stderr) == (1, True)


def test_the_report_is_there_and_can_be_written_anew(mined: Path) -> None:
    assert "good" in (mined / "report.html").read_text()
    assert json.loads((mined / "report.json").read_text())
    assert oxidizer("report", mined).returncode == 0
    nothing = oxidizer("report", mined / "nowhere")
    assert (nothing.returncode, "no run.json" in nothing.stderr) == (1, True)


def test_doctor_finds_this_machine_fit() -> None:
    told = oxidizer("doctor")
    assert told.returncode == 0, told.stdout
    assert "Fit to mine." in told.stdout
