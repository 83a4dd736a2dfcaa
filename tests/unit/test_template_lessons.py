"""Which fixes a model learns from: few of one kind, the same for the same seed; what is left out is counted."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from oxidizer.cluster.config import RecipeError
from oxidizer.serve.judging.task import Target, target_of, unfit
from oxidizer.train.templates.lessons import draw, varied
from oxidizer.train.templates.recipe import TemplateRecipe, load_template_recipe


def row(number: int, **about: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "id": f"{number:04}", "crate": "one", "version": "1.0.0", "source": "registry", "origin": "injected",
        "operator": "op", "setup_diff": "diff", "error": {"tool": "rustc", "code": "E0308"},
        "probe": {"args": ["check", "--lib"], "env": []},
    }  # fmt: skip
    return {**plain, **about}


def test_rare_kinds_come_first_and_no_code_has_more_than_its_share() -> None:
    many = [row(n) for n in range(100)]
    few = [row(200 + n, error={"tool": "rustc", "code": f"E000{n}"}, operator=f"op{n}") for n in range(5)]
    kept = varied([*many, *few], TemplateRecipe(per_crate=20, per_code=0.5), 0)
    codes = Counter(one["error"]["code"] for one in kept)
    assert codes["E0308"] == 10
    assert sum(codes.values()) == 15
    assert kept == varied([*few, *many[::-1]], TemplateRecipe(per_crate=20, per_code=0.5), 0)
    assert kept != varied([*many, *few], TemplateRecipe(per_crate=20, per_code=0.5), 1)


class Rows:
    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.all = rows

    def rows(self, family: str, split: str) -> list[dict[str, Any]]:
        assert (family, split) == ("diag_fix", "train")
        return self.all


def test_what_is_left_out_is_counted_by_its_reason() -> None:
    rows = [row(n, crate=f"c{n % 3}") for n in range(30)]
    rows += [row(90, error={"tool": "test", "code": None}), row(91, setup_diff=""), row(92, source="git")]
    rows += [row(93, origin="migration"), row(94, probe={"args": ["check", "--tests"], "env": []})]
    corpus: Any = Rows(rows)
    found, left = draw(corpus, TemplateRecipe(crates=2, per_crate=4, per_code=1.0), 0)
    assert len(found) == 2
    assert all(len(own) == 4 for own in found.values())
    assert sum(left.values()) + sum(map(len, found.values())) == len(rows)
    assert left["its crate was not drawn"] == 10
    assert sum(1 for reason in left if reason.startswith(("shown by", "its source", "of origin", "its probe"))) == 4


@pytest.mark.parametrize(
    ("args", "target"),
    [
        (["check", "--lib"], Target(("--lib",), False)),
        (["clippy", "--lib", "--", "-W", "clippy::x"], Target(("--lib",), True)),
        (["check", "--bin", "tool"], Target(("--bin", "tool"), False)),
        (["check", "--bin"], None),
        (["check"], None),
    ],
)
def test_the_target_of_a_probe(args: list[str], target: Target | None) -> None:
    assert target_of(args) == target


def test_sources_at_hand_make_a_path_fit() -> None:
    own = row(1, source="path")
    assert unfit(own)
    assert unfit(own, sources=True) is None
    assert unfit(row(1, source="git"), sources=True)


def test_a_recipe_names_what_is_wrong_with_it(tmp_path: Path) -> None:
    assert load_template_recipe(None) == TemplateRecipe()
    (tmp_path / "r.toml").write_text("crates = 3\nper_code = 1\n")
    assert load_template_recipe(tmp_path / "r.toml") == TemplateRecipe(crates=3, per_code=1.0)
    for text, said in (
        ("crate = 3", "did you mean 'crates'"),
        ("per_code = 2.0", "share"),
        ("labelled = 0", "at least"),
    ):
        (tmp_path / "r.toml").write_text(text)
        with pytest.raises(RecipeError, match=said):
            load_template_recipe(tmp_path / "r.toml")
