"""Recipes: complete, frozen, and an error for whatever cannot be meant."""

from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest

from oxidizer.cluster.lints import read_lints
from oxidizer.cluster.toolchain import Toolchain
from oxidizer.miners.recipe import RecipeError, load_recipe, starter


def written(tmp_path: Path, text: str) -> Path:
    (tmp_path / "recipe.toml").write_text(text)
    return tmp_path / "recipe.toml"


def test_no_file_is_the_starter_recipe() -> None:
    assert load_recipe(None) == starter()


def test_a_file_changes_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    got = load_recipe(written(tmp_path, 'per_code = 9\ngroups = ["style"]\naudit_share = 1\n[limits]\nwall_s = 60\n'))
    limits = replace(starter().limits, wall_s=60.0)
    assert got == replace(starter(), per_code=9, groups=("style",), audit_share=1.0, limits=limits)
    assert isinstance(got.limits.wall_s, float)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("per_cod = 3", "unknown key 'per_cod'; did you mean 'per_code'"),
        ("zzz = 3", "unknown key 'zzz'; known keys: groups, restriction"),
        ("[limits]\nmemory = 3", "did you mean 'memory_bytes'"),
        ("limits = 3", r"write \[limits\]"),
        ("[limits]\nmemory_bytes = 0", "memory_bytes must be positive"),
        ('per_code = "6"', "per_code must be a whole number, not '6'"),
        ("per_code = true", "per_code must be a whole number"),
        ("per_code = 0", "per_code must be at least 1"),
        ("formatting = -1", "formatting must be 0 or more"),
        ("unsure_per_code = -1", "unsure_per_code must be 0 or more"),
        ("audit_share = 1.5", "audit_share is a share from 0 to 1"),
        ("audit_share = nan", "audit_share is a share from 0 to 1"),
        ("test_cap_s = inf", "test_cap_s is a number of seconds"),
        ('groups = "style"', "groups must be a list of texts, not 'style'"),
        ("groups = [1]", "groups must be a list of texts"),
        ("groups = [", "recipe.toml"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(RecipeError, match=said):
        load_recipe(written(tmp_path, text))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"nothing\.toml"):
        load_recipe(tmp_path / "nothing.toml")


def test_the_fingerprint_is_of_the_content(tmp_path: Path) -> None:
    assert load_recipe(written(tmp_path, "per_code = 6")).fingerprint == starter().fingerprint
    assert load_recipe(written(tmp_path, "per_code = 7")).fingerprint != starter().fingerprint


def test_a_recipe_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        starter().per_code = 3  # type: ignore[misc]


def test_every_lint_of_the_starter_recipe_is_one_that_the_toolchain_has(toolchain: Toolchain) -> None:
    known = set(read_lints(toolchain.bin / "clippy-driver"))
    named = {*(f"clippy::{name}" for name in starter().restriction), *starter().rustc, *starter().skip}
    assert named - known == set()
