"""The recipe of a corpus: what a file changes, and what it cannot mean."""

from dataclasses import replace
from pathlib import Path

import pytest

from oxidizer.cluster.config import RecipeError
from oxidizer.datasets.corpus.recipe import Near, Shares, load_corpus_recipe, standard


def written(folder: Path, text: str) -> Path:
    (folder / "recipe.toml").write_text(text)
    return folder / "recipe.toml"


def test_no_file_is_the_standard_and_a_file_changes_what_it_names(tmp_path: Path) -> None:
    assert load_corpus_recipe(None) == standard()
    text = 'licences = ["MIT"]\n[near]\nper_function = 3\n[shares]\ncrate = 1\n'
    wanted = replace(standard(), licences=("MIT",), near=Near(per_function=3), shares=Shares(crate=1.0))
    assert load_corpus_recipe(written(tmp_path, text)) == wanted


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("licence = ['MIT']", r"unknown key 'licence'; did you mean 'licences'"),
        ("licences = []", "licences is empty"),
        ("licences = ['MTI']", "MTI.*MIT"),
        ("licences = ['GPL-3.0-only']", "is copyleft and cannot be allowed"),
        ("near = 3", r"write \[near\]"),
        ("[near]\nlesson = 1.5", r"\[near\] lesson is a share from 0 to 1"),
        ("[near]\nper_function = 0", "per_function must be at least 1"),
        ("[near]\nlessons = 1", r"\[near\]: unknown key 'lessons'; did you mean 'lesson'"),
        ("[shares]\ncode = 0", "code is a share above 0"),
        ("[shares]\nrare = -1", "rare must be 0 or more"),
        ("[split]\nval = 0.5\ntest = 0.5", "leave nothing for training"),
        ("[split]\nval = -0.5", r"\[split\] val is a share"),
        ("[shards]\nbytes = 0", "bytes must be at least 1"),
        ('[shards]\nfamilies = ["songs"]', "no family 'songs'; there are: diag_fix"),
        ("[", "recipe.toml"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(RecipeError, match=said):
        load_corpus_recipe(written(tmp_path, text))
