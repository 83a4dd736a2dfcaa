"""From a crate to tuples: the contract of each, the caps, the rejects, and the same ids on any backend, twice."""

import dataclasses
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from oxidizer.cluster.diagnostics import counts
from oxidizer.cluster.edits import from_diff
from oxidizer.cluster.meter import MeteredSandbox
from oxidizer.cluster.toolchain import Toolchain
from oxidizer.cluster.workbench import Workbench
from oxidizer.datasets.records import DiagFix, Reject
from oxidizer.miners.formatting import mine_formatting
from oxidizer.miners.recipe import Recipe
from oxidizer.miners.suggestions import Mined, SuggestionMiner
from oxidizer.miners.tuples import Unit
from tests.conftest import OpenCrate

RECIPE = Recipe(
    groups=("style", "complexity"), restriction=("default_numeric_fallback",),
    per_code=2, per_item=2, unsure_per_code=1, audit_share=0.5, formatting=4,
)  # fmt: skip
Mine = Callable[[str], tuple[Mined, list[DiagFix], list[Reject], Workbench]]


@pytest.fixture(scope="module")
def mine(open_crate: OpenCrate, toolchain: Toolchain) -> Mine:
    unit = Unit(
        crate="lints", version="0.1.0", source="path", member=".", license="MIT OR Apache-2.0",
        source_url="pkg:cargo/lints@0.1.0", repo=None, commit=None, sealed=False,
        toolchain=toolchain.version, tools=toolchain.bin,
    )  # fmt: skip

    def run(backend: str) -> tuple[Mined, list[DiagFix], list[Reject], Workbench]:
        cargo, root = open_crate("lints", backend=backend)
        cargo.sandbox = meter = MeteredSandbox(cargo.sandbox)
        bench = Workbench(cargo, root)
        mined = SuggestionMiner(bench, unit, RECIPE, 0, meter, ["--lib"]).mine()
        formatted = mine_formatting(bench, unit, RECIPE, "2021", 0)
        return mined, formatted.tuples, formatted.rejects, bench

    return run


@pytest.fixture(scope="module")
def mined(mine: Mine) -> tuple[Mined, list[DiagFix], list[Reject], Workbench]:
    return mine("bubblewrap")


def ids(result: tuple[Mined, list[DiagFix], list[Reject], Workbench]) -> set[str]:
    return {t.id for t in (*result[0].tuples, *result[1])}


def test_the_same_tuples_twice(mined: tuple[Mined, list[DiagFix], list[Reject], Workbench], mine: Mine) -> None:
    again = mine("bubblewrap")
    assert [t.sha256 for t in again[0].tuples] == [t.sha256 for t in mined[0].tuples]
    assert [t.sha256 for t in again[1]] == [t.sha256 for t in mined[1]]
    assert again[0].rejects == mined[0].rejects


@pytest.mark.docker
def test_docker_gives_the_same_tuples(mined: tuple[Mined, list[DiagFix], list[Reject], Workbench], mine: Mine) -> None:
    assert ids(mine("docker")) == ids(mined)


def test_each_tuple_keeps_its_contract(
    mined: tuple[Mined, list[DiagFix], list[Reject], Workbench], tmp_path: Path
) -> None:
    suggestions, layouts, _, bench = mined
    tuples = [*suggestions.tuples, *layouts]
    assert len(tuples) >= 8
    assert len({t.id for t in tuples}) == len(tuples)
    for record in tuples:
        before = bench.read(record.file)
        (tmp_path / record.file).parent.mkdir(exist_ok=True)
        (tmp_path / record.file).write_bytes(before)
        subprocess.run(["git", "apply", "-p1", "-"], cwd=tmp_path, input=record.patch_diff.encode(), check=True)
        after = (tmp_path / record.file).read_bytes()
        assert before != after
        assert record.code_before.encode() in before
        assert record.code_after.encode() in after
        assert before.replace(record.code_before.encode(), record.code_after.encode(), 1) == after
        assert record.explanation
        assert record.tests.before == record.tests.after == "pass"
        assert record.id == record.lesson_id()
        assert record.sha256 == record.content_hash()


def test_red_before_and_green_after(mined: tuple[Mined, list[DiagFix], list[Reject], Workbench]) -> None:
    """The probe as recorded shows the diagnostic at its place; after the patch it is gone and nothing came."""
    suggestions, _, _, bench = mined
    one_of_each = {t.error.code: t for t in suggestions.tuples}.values()
    for record in one_of_each:
        key = (record.error.level, record.error.code, record.error.message)
        before = bench.observe(record.probe.args).diagnostics
        at = [(d.primary.file, d.primary.line_start) for d in before if d.primary and d.key == key]
        assert (record.error.span.file, record.error.span.line_start) in at
        after = bench.observe(record.probe.args, from_diff(record.patch_diff, bench.read))
        assert after.finished
        assert not any(d.is_compile_error for d in after.diagnostics)
        assert counts(after.diagnostics)[key] == len(at) - 1
        assert not counts(after.diagnostics) - counts(before)


def test_caps_are_kept(mined: tuple[Mined, list[DiagFix], list[Reject], Workbench]) -> None:
    suggestions, _, _, bench = mined
    tried = [(t.error.code, t.error.span, t.trivial) for t in suggestions.tuples]
    tried += [
        (r.error.code, r.error.span, r.applicability == "MachineApplicable") for r in suggestions.rejects if r.error
    ]
    assert max(Counter((code, sure) for code, _, sure in tried).values()) == RECIPE.per_code
    assert max(Counter(code for code, _, sure in tried if not sure).values()) == RECIPE.unsure_per_code
    source = bench.read("src/lib.rs")
    low, high = source.index(b"pub fn crowded"), source.index(b"fn shout")
    crowded = [code for code, span, _ in tried if span.file == "src/lib.rs" and low <= span.byte_start < high]
    assert len(crowded) == RECIPE.per_item
    # Rare first: the one function that several lints want goes to those that speak once.
    assert "clippy::needless_return" not in crowded
    assert suggestions.skipped["cap per code"] > 0
    assert suggestions.skipped["cap per item"] > 0


def test_what_fails_is_a_reject_with_its_verdict(mined: tuple[Mined, list[DiagFix], list[Reject], Workbench]) -> None:
    rejects = {r.code: r for r in mined[0].rejects}
    half = rejects["non_snake_case"]
    assert (half.stage, half.reason, half.applicability) == ("probe", "does_not_compile", "MaybeIncorrect")
    assert half.probe is not None
    assert half.error is not None
    assert half.patch_diff
    assert "E0425" in half.detail


def test_sums_and_audits(mined: tuple[Mined, list[DiagFix], list[Reject], Workbench]) -> None:
    suggestions, *_ = mined
    assert suggestions.candidates == len(suggestions.tuples) + len(suggestions.rejects)
    assert suggestions.harvested == suggestions.candidates + sum(suggestions.skipped.values())
    assert suggestions.audited == suggestions.agreed > 0
    assert sum(t.verdict.audited for t in suggestions.tuples) == suggestions.agreed
    assert {t.verdict.scope for t in suggestions.tuples if t.verdict.audited} == {"together"}


def test_layout_becomes_tuples(mined: tuple[Mined, list[DiagFix], list[Reject], Workbench]) -> None:
    _, layouts, rejects, bench = mined
    assert rejects == []
    assert Counter(t.file for t in layouts) == {"src/layout.rs": 2, "src/lib.rs": 1}
    hunks = bench.cargo.format_check().hunks
    for record in layouts:
        assert (record.error.tool, record.class_, record.error.code) == ("rustfmt", "style", None)
        with bench.applied(from_diff(record.patch_diff, bench.read)):
            after = bench.cargo.format_check().hunks
        assert len(after.get(record.file, [])) == len(hunks[record.file]) - 1


def test_a_recipe_is_its_fingerprint() -> None:
    assert dataclasses.replace(RECIPE, per_code=4).fingerprint != RECIPE.fingerprint
