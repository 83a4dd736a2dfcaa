"""Policies, search, suites and training end to end: real bugs of two small crates, judged by the real compiler."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from oxidizer.cluster.edits import Edit, apply, by_file, inverse
from oxidizer.cluster.toolchain import Toolchain
from oxidizer.eval.evaluation import read_results
from oxidizer.eval.suite import NoSuite, check_unlearned, load_suite
from oxidizer.eval.work import is_easy
from oxidizer.miners.recipe import load_recipe
from oxidizer.serve.judging.ground import Ground, open_ground
from oxidizer.serve.judging.task import Task, unfit
from oxidizer.serve.policies.prompt import Prompt
from oxidizer.serve.policies.scripted import Gold, NoChange, RandomEdit, Suggestions
from oxidizer.serve.policies.templates.counts import Book
from oxidizer.serve.policies.templates.index import CrateIndex, CrateView
from oxidizer.serve.policies.templates.model import Model, load, load_book
from oxidizer.serve.policies.templates.outcome import outcome
from oxidizer.serve.policies.templates.policy import Indexes, TemplatePolicy
from oxidizer.serve.policies.templates.scene import Scene
from oxidizer.serve.selfplay.search import Budget, search, together
from oxidizer.train.templates.recipe import TemplateRecipe
from oxidizer.train.templates.training import CannotTrain, Order, begin, train
from oxidizer.train.templates.work import example
from tests.integration.small_registry import Registry
from tests.integration.test_injected import LIBRARY, MANIFEST
from tests.integration.typed import mine, oxidizer, tuples

RECIPE = """
[injected]
tried_errors = 120
tried_lints = 30
tried_syntax = 20
tried_alone = 0
tried_tests = 0
per_crate = 120
"""
OTHER = LIBRARY.replace("Tally", "Ledger").replace("word", "entry").replace("longer", "larger").replace("total", "sum")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two crates, mined."""
    folder = tmp_path_factory.mktemp("policies")
    for name, code in (("tally", LIBRARY), ("ledger", OTHER)):
        (folder / name / "src").mkdir(parents=True)
        (folder / name / "Cargo.toml").write_text(MANIFEST.replace("tally", name))
        (folder / name / "src/lib.rs").write_text(code)
    (folder / "list.toml").write_text('[[crate]]\npath = "tally"\n[[crate]]\npath = "ledger"\n')
    (folder / "recipe.toml").write_text(RECIPE)
    done = mine(folder / "list.toml", folder / "run", "--miners", "injected", "--recipe", folder / "recipe.toml")
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "run"


def rows_of(run: Path, crate: str) -> list[dict[str, Any]]:
    return [row for row in tuples(run) if row["crate"] == crate and not unfit(row, sources=True)]


@pytest.fixture(scope="module")
def ground(run: Path, toolchain: Toolchain, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    rows = rows_of(run, "tally")
    (unit,) = run.glob("units/tally-*")
    recipe = load_recipe(None)
    folder = tmp_path_factory.mktemp("ground")
    with open_ground(rows[0], folder, toolchain, "bubblewrap", recipe.limits, recipe, unit=unit) as found:
        yield found


@pytest.fixture(scope="module")
def prompts(run: Path, ground: Ground) -> list[tuple[Task, Prompt]]:
    tasks, lost = ground.tasks(rows_of(run, "tally"))
    assert not lost
    assert len(tasks) >= 60
    return [(task, ground.prompt(task, shown)) for task, shown in zip(tasks, ground.shown(tasks), strict=True)]


def test_broken_code_shows_what_its_record_says(prompts: list[tuple[Task, Prompt]]) -> None:
    for task, prompt in prompts:
        error = task.row["error"]
        at = prompt.target.primary
        assert (prompt.target.code, prompt.target.message) == (error["code"], error["message"])
        assert at is not None
        assert at.byte_start == error["span"]["byte_start"]


def test_recorded_fixes_leave_nothing_and_other_edits_do(ground: Ground, prompts: list[tuple[Task, Prompt]]) -> None:
    tasks = [task for task, _ in prompts]
    assert all(shown.is_clean for shown in ground.judged([(task, task.gold) for task in tasks]))
    assert not any(shown.is_clean for shown in ground.judged([(task, ()) for task in tasks]))


def test_a_search_finds_what_is_proposed_and_proves_it_alone(
    ground: Ground, prompts: list[tuple[Task, Prompt]]
) -> None:
    some = prompts[::6]
    gold = Gold([(prompt, task.gold) for task, prompt in some])
    hunts = search(ground, some, gold, Budget(candidates=4, depth=1))
    assert [hunt.found for hunt in hunts] == [0] * len(some)
    assert {one.verdict for hunt in hunts for one in hunt.tries} == {"green"}
    assert not any(hunt.tries for hunt in search(ground, some, NoChange(), Budget()))


def test_what_is_easy_is_told_by_the_fix(prompts: list[tuple[Task, Prompt]]) -> None:
    easy: dict[str, bool] = {}
    for task, prompt in prompts:
        view = CrateView(CrateIndex(prompt.files), prompt.files)
        easy.setdefault(task.row["operator"], is_easy(view, outcome(view, task.gold)))
    assert any(told for name, told in easy.items() if name.startswith("misspell"))
    assert not any(told for name, told in easy.items() if name in ("drop_mut", "drop_reference", "drop_semicolon"))
    assert set(easy.values()) == {True, False}


def test_suggestions_mend_some_and_chance_hardly_any(ground: Ground, prompts: list[tuple[Task, Prompt]]) -> None:
    some = prompts[::4]
    told = search(ground, some, Suggestions(), Budget(candidates=8, depth=1))
    drawn = search(ground, some, RandomEdit(1), Budget(candidates=4, depth=1))
    mended, lucky = (sum(hunt.found is not None for hunt in hunts) for hunts in (told, drawn))
    assert mended > lucky
    assert mended >= len(some) // 4
    assert {one.verdict for hunt in told for one in hunt.tries} >= {"green", "red"}


def test_what_the_patch_policy_refuses_is_never_tried(ground: Ground, prompts: list[tuple[Task, Prompt]]) -> None:
    task, prompt = next((t, p) for t, p in prompts if t.row["error"]["code"] == "E0308")
    at = prompt.target.primary
    assert at is not None
    text = prompt.files[at.file]
    body = text.rindex(b"{", 0, at.byte_start)
    stub = [Edit(at.file, body + 1, at.byte_end, b" todo!(); ")]
    (hunt,) = search(ground, [(task, prompt)], Gold([(prompt, stub)]), Budget(candidates=1, depth=1))
    assert [one.verdict for one in hunt.tries] == ["refused"]
    assert hunt.found is None


def test_edits_of_what_edits_leave_are_edits_of_what_was(prompts: list[tuple[Task, Prompt]]) -> None:
    for task, prompt in prompts[:20]:
        back = inverse(task.gold, prompt.files.__getitem__)
        assert together(prompt.files, task.gold, back) == ()
        (only,) = by_file(task.gold).items()
        merged = together(prompt.files, task.gold, ())
        assert apply(prompt.files[only[0]], merged) == apply(prompt.files[only[0]], only[1])


@dataclass(frozen=True)
class Mined:
    """Stands for a corpus: the rows of a run."""

    folder: Path
    all_rows: list[dict[str, Any]]
    manifest: dict[str, Any]

    def rows(self, family: str, split: str | None = None) -> Iterator[dict[str, Any]]:
        assert (family, split) == ("diag_fix", "train")
        yield from self.all_rows


def test_a_suite_is_examined_and_the_figures_add_up(run: Path, tmp_path: Path) -> None:
    made = oxidizer("eval", "suite", run, "--out", tmp_path / "suite", "--unsealed")
    assert made.returncode == 0, made.stdout + made.stderr
    assert oxidizer("eval", "suite", run, "--out", tmp_path / "none").returncode == 1
    asked = ("eval", "run", tmp_path / "suite", "--policy", "suggestions", "--out", tmp_path / "eval", "--k", "1,8")
    asked = (*asked, "--sandbox", "bubblewrap", "--sample", "60", "--workers", "1")
    done = oxidizer(*asked)
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads((tmp_path / "eval/eval.json").read_text())
    results = read_results(tmp_path / "eval")
    scored = [one for one in results if not one["unscored"]]
    assert len(results) == figures["cases"] == 60
    assert figures["scored"] == len(scored) > 30
    assert figures["fix"]["1"]["by_case"]["value"] == pytest.approx(sum(o["rank"] == 1 for o in scored) / len(scored))
    assert 0 < figures["fix"]["1"]["by_case"]["value"] <= figures["fix"]["8"]["by_case"]["value"] < 1
    for one in scored:
        told = json.loads(one["log"])
        assert (one["rank"] is not None) == any(tried["verdict"] == "green" for tried in told)
    # What is there is not done again, and another question is refused.
    assert "0 to go" in oxidizer(*asked).stdout
    assert oxidizer(*asked[:3], "--policy", "no-change", *asked[5:]).returncode == 1


def test_a_changed_suite_is_refused(run: Path, tmp_path: Path) -> None:
    assert oxidizer("eval", "suite", run, "--out", tmp_path / "suite", "--unsealed").returncode == 0
    about = json.loads((tmp_path / "suite/suite.json").read_text())
    (tmp_path / "suite/suite.json").write_text(json.dumps({**about, "sha256": "0" * 64}))
    with pytest.raises(NoSuite, match="changed"):
        load_suite(tmp_path / "suite")
    with pytest.raises(NoSuite, match="no suite"):
        load_suite(tmp_path / "nothing")


def test_a_model_is_trained_of_a_corpus_and_mends_what_it_has_not_seen(
    registry: Registry, toolchain: Toolchain, run: Path, tmp_path: Path
) -> None:
    for name, code in (("tally", LIBRARY), ("ledger", OTHER)):
        registry.add(name, "0.1.0", manifest='license = "MIT"\n', files={"src/lib.rs": code})
    listed = "".join(f'[[crate]]\nname = "{name}"\nversion = "0.1.0"\n' for name in ("tally", "ledger"))
    (tmp_path / "list.toml").write_text(listed)
    (tmp_path / "recipe.toml").write_text(RECIPE)
    given = ("--miners", "injected", "--recipe", tmp_path / "recipe.toml")
    done = mine(tmp_path / "list.toml", tmp_path / "run", *given)
    assert done.returncode == 0, done.stdout + done.stderr
    corpus: Any = Mined(tmp_path, tuples(tmp_path / "run"), {"asked": "rows of a run"})
    recipe = TemplateRecipe(per_crate=60, judged=4, per_code=0.3)

    def order(target: str) -> Order:
        return Order(corpus, tmp_path / target, recipe, 0, toolchain, "bubblewrap", load_recipe(None))

    lineage = train(order("model"), Console(quiet=True), workers=1)
    assert lineage["metrics"]["crates"] == 2
    # The two crates are one but for their names: each teaches what the other needs.
    assert lineage["metrics"]["held_out"]["exact@8"] > 0.6
    assert not (tmp_path / "model.work").exists()
    book = load_book(tmp_path / "model")
    assert len(book.examples) == lineage["metrics"]["fixes"] >= 80
    assert load(tmp_path / "model").lineage["asked"]["recipe"]["judged"] == 4
    train(order("again"), Console(quiet=True), workers=2)
    for file in ("templates.jsonl", "suggestions.jsonl", "examples.jsonl", "ranker.txt", "calibration.json"):
        assert (tmp_path / "again" / file).read_bytes() == (tmp_path / "model" / file).read_bytes(), file
    with pytest.raises(CannotTrain, match="is there already"):
        train(order("model"), Console(quiet=True), workers=1)
    begin(order("begun"))
    with pytest.raises(CannotTrain, match="another corpus, recipe"):
        begin(replace(order("begun"), seed=1))
    # What it has learned from is no test for it.
    policy, suite = tmp_path / "model", tmp_path / "suite"
    assert oxidizer("eval", "suite", tmp_path / "run", "--out", suite, "--unsealed").returncode == 0
    refused = oxidizer("eval", "run", suite, "--policy", policy, "--out", tmp_path / "eval")
    assert refused.returncode == 1
    assert "has learned from" in refused.stderr
    with pytest.raises(NoSuite, match="crates of"):
        check_unlearned(load_suite(suite), [], ["tally"])


def test_a_policy_of_templates_searches_deeper(ground: Ground, prompts: list[tuple[Task, Prompt]]) -> None:
    """A book of some of the crate's own fixes, of two crates as it says, is tried on the others."""
    learned, asked = prompts[::2], prompts[1::2]
    indexes = Indexes()
    examples = []
    for task, prompt in learned:
        one = example(task, Scene(prompt, indexes.near(prompt.files)))
        examples += [replace(one, id=f"{task.id}-{crate}", crate=crate) for crate in ("one", "two")]
    policy = TemplatePolicy(Model(Book(examples).counts))
    shallow = search(ground, asked, policy, Budget(candidates=8, depth=1))
    deep = search(ground, asked, policy, Budget(candidates=24, depth=2, beam=2, each=8))
    mended, more = (sum(hunt.found is not None for hunt in hunts) for hunts in (shallow, deep))
    assert mended >= len(asked) // 4
    # The first twelve are for the code as it is, and eight of them the same ones.
    assert more >= mended
    for hunt in deep:
        for one in hunt.tries:
            assert (one.parent is None) == (one.depth == 1)
            assert one.parent is None or hunt.tries[one.parent].verdict == "red"
        assert len(hunt.tries) <= 24
