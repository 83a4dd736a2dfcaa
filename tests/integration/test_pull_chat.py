"""Pull requests of a made repository told as conversations: what stands in them was printed by a real cargo."""

import json
from typing import Any

import pytest

from oxidizer.cluster.labels import NO_RUN
from oxidizer.cluster.session import Share
from oxidizer.miners.pulls.plan import plan_pulls
from oxidizer.miners.recipe import load_recipe
from tests.unit.made_repository import MadeRepository

MANIFEST = '[package]\nname = "sum"\nversion = "0.1.0"\nedition = "2021"\nlicense = "MIT"\n'
BEFORE = "/// The sum of two lengths.\npub fn sum(a: u8, b: u8) -> u8 {\n    a.wrapping_add(b)\n}\n"
TEST = "#[test]\nfn small() {\n    assert_eq!(sum::sum(1, 2), 3);\n}\n"
SATURATES = "\n#[test]\nfn at_the_limit() {\n    assert_eq!(sum::sum(255, 2), 255);\n}\n"
DOUBLES = "#[test]\nfn doubles() {\n    assert_eq!(sum::double(2), 4);\n}\n"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What one unit gives, with its conversations by the title of their pull request."""
    folder = tmp_path_factory.mktemp("pulls")
    repo = MadeRepository(folder / "octo+sum.git")
    repo.commit({"Cargo.toml": MANIFEST, "src/lib.rs": BEFORE, "tests/sums.rs": TEST}, "First")
    saturating = BEFORE.replace("wrapping", "saturating")
    doubling = saturating + "\npub fn double(a: u8) -> u8 {\n    sum(a,a)\n}\n"
    for number, title, files in (
        (1, "Saturate the sum at the largest length", {"src/lib.rs": saturating, "tests/sums.rs": TEST + SATURATES}),
        (2, "Double a length by its sum with itself", {"src/lib.rs": doubling, "tests/double.rs": DOUBLES}),
        (3, "Fixes", {"src/lib.rs": doubling + "\npub fn triple(a: u8) -> u8 {\n    sum(a, double(a))\n}\n"}),
    ):
        repo.land(repo.branch(number, [files]), f"Merge pull request #{number} from someone/work\n\n{title}\n")
    (folder / "list").write_text("octo+sum.git\n")
    plan = plan_pulls(
        folder / "list", load_recipe(None), archive=None, seed=0, sandbox="bubblewrap", clones=folder / "clones"
    )
    work = plan.work(str(plan.toolchain.sysroot), Share(1.0, 6_000_000_000), NO_RUN)()
    (unit,) = plan.units
    return {"rows": (made := work(unit)).rows, "summary": made.summary}


def conversation(told: dict[str, Any], words: str) -> list[dict[str, Any]]:
    (row,) = (row for row in told["rows"]["chat"] if words in row["messages"][1]["content"])
    (pair,) = (pair for pair in told["rows"]["pr_pair"] if words in pair["title"])
    assert row["parents"] == [pair["id"]]
    assert (row["license"], row["commit"], row["family"]) == ("MIT", pair["commit"], "chat")
    return list(row["messages"])


def runs(messages: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """Each call and its answer."""
    calls = {c["id"]: c["function"] for m in messages for c in m["tool_calls"] or ()}
    answered = {m["tool_call_id"]: m["content"] for m in messages if m["role"] == "tool"}
    assert list(calls) == list(answered)
    return [(function["name"], function["arguments"], answered[name]) for name, function in calls.items()]


def test_tests_come_first_and_fail_then_the_source_and_all_pass(told: dict[str, Any]) -> None:
    messages = conversation(told, "Saturate")
    found = runs(messages)
    edits = [json.loads(arguments) for tool, arguments, _ in found if tool == "edit"]
    assert [edit["path"] for edit in edits] == ["tests/sums.rs", "src/lib.rs"]
    tests = [(json.loads(a)["command"], out) for tool, a, out in found if tool == "bash" and "cargo test" in a]
    (red, failing), (green, passing) = tests
    assert red == "cargo test -q --test sums --all-features"
    assert "at_the_limit" in failing
    assert "panicked at tests/sums.rs:8:5" in failing
    assert failing.endswith("(exit status 101)")
    assert green == "cargo test -q --tests --all-features"
    assert "2 passed; 0 failed" in passing
    assert passing.endswith("(exit status 0)")
    assert "finished in" not in failing + passing
    assert "`at_the_limit` failed without it and passes now" in messages[-1]["content"]


def test_what_does_not_compile_is_seen_not_to_and_layout_is_told(told: dict[str, Any]) -> None:
    messages = conversation(told, "Double")
    found = runs(messages)
    (red, *_) = [out for tool, arguments, out in found if tool == "bash" and "cargo test" in arguments]
    assert "error[E0425]: cannot find function `double` in crate `sum`" in red
    (style,) = [out for _, arguments, out in found if "cargo fmt" in arguments]
    assert "Diff in /box/src/src/lib.rs" in style
    assert style.endswith("(exit status 1)")
    assert "did not compile without it" in messages[-1]["content"]
    assert "would lay out `src/lib.rs` otherwise" in messages[-1]["content"]


def test_who_says_nothing_gets_no_conversation(told: dict[str, Any]) -> None:
    assert len(told["rows"]["pr_pair"]) == 3
    assert told["summary"]["chats"] == {"kept": 2, "left": {"says_nothing": 1}}
