"""Sealed crates: the shipped lists are kept apart, and a campaign takes none of the sealed ones unasked."""

from pathlib import Path

import pytest

from oxidizer.cluster.crates import CrateSpec, ListError, load_list
from oxidizer.cluster.rundir import RunDirectory
from oxidizer.datasets.repositories import repository_key
from oxidizer.datasets.sealed import SEALED_LIST, is_sealed
from oxidizer.miners.campaign import Plan, RunMismatch, make_plan, open_run
from oxidizer.miners.recipe import starter

LISTS = SEALED_LIST.parent
OPEN = '[[crate]]\nname = "itoa"\nversion = "1.0.15"\n'
SEALED = load_list(SEALED_LIST)[0]


def shipped(name: str) -> list[CrateSpec]:
    return load_list(LISTS / name)


def keys(specs: list[CrateSpec]) -> list[str]:
    found = [repository_key(spec.repository or "") for spec in specs]
    assert all(found), [spec.name for spec, key in zip(specs, found, strict=True) if not key]
    return [key for key in found if key]


@pytest.mark.parametrize("name", ["starter.toml", "core.toml"])
def test_no_list_to_learn_from_shares_a_repository_with_the_sealed_one(name: str) -> None:
    assert not set(keys(shipped(name))) & set(keys(shipped("sealed.toml")))
    assert not any(spec.sealed or is_sealed(spec.name, spec.repository) for spec in shipped(name))


def test_the_lists_are_as_large_as_they_say() -> None:
    assert len({spec.name for spec in shipped("core.toml")}) >= 150
    assert len({spec.name for spec in shipped("sealed.toml")}) == len(set(keys(shipped("sealed.toml")))) >= 25
    assert all(spec.sealed for spec in shipped("sealed.toml"))


def plan(folder: Path, text: str, *, sealed: bool = False) -> Plan:
    listed = folder / "list.toml"
    listed.write_text(text)
    return make_plan(listed, starter(), seed=0, miners=["suggestions"], sandbox="bubblewrap", sealed=sealed)


@pytest.mark.parametrize(
    "text",
    [
        f'[[crate]]\nname = "{SEALED.name}"\nversion = "99.0.0"\n',
        f'[[crate]]\nname = "renamed"\nversion = "1.0.0"\nrepository = "{SEALED.repository}.git"\n',
        f"sealed = true\n{OPEN}",
    ],
    ids=["by its name", "by its repository", "by its list"],
)
def test_a_sealed_crate_is_refused_unless_it_is_said(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValueError, match=r"sealed, which is for evaluation alone.*say --sealed"):
        plan(tmp_path, text)
    (unit,) = plan(tmp_path, text, sealed=True).units
    assert unit["spec"]["sealed"] is text.startswith("sealed")


def test_a_crate_of_ones_own_may_have_any_name(tmp_path: Path) -> None:
    folder = tmp_path / SEALED.name
    (folder / "src").mkdir(parents=True)
    (folder / "src/lib.rs").touch()
    (folder / "Cargo.toml").write_text(f'[package]\nname = "{SEALED.name}"\nversion = "0.1.0"\n')
    (unit,) = plan(tmp_path, f'[[crate]]\npath = "{SEALED.name}"\n').units
    assert unit["crate"] == SEALED.name


def test_a_run_is_continued_only_with_the_same_word_on_sealed_crates(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "run")
    manifest = open_run(plan(tmp_path, OPEN), run)
    del manifest["asked"]["sealed"]  # as runs were before there were sealed crates
    run.write_json("run.json", manifest)
    open_run(plan(tmp_path, OPEN), run)
    with pytest.raises(RunMismatch, match="sealed crates were not asked for"):
        open_run(plan(tmp_path, OPEN, sealed=True), run)


def test_sealed_is_true_or_false(tmp_path: Path) -> None:
    (tmp_path / "list.toml").write_text(f'sealed = "yes"\n{OPEN}')
    with pytest.raises(ListError, match="`sealed` has to be true or false"):
        load_list(tmp_path / "list.toml")
