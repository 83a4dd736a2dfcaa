"""Which conversation is made of a proven pair, on a ground that is scripted: order, trees, and reasons for none."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, cast

import pytest

from oxidizer.cluster.libtest import TestId
from oxidizer.cluster.sandbox import RunResult, Status
from oxidizer.datasets.records import Chat, Ci, Probe, PrPair, TestName
from oxidizer.miners.pulls.chat import Teller
from oxidizer.miners.pulls.ground import Ground, Standing
from oxidizer.miners.pulls.objects import Change, Objects
from oxidizer.miners.pulls.proof import Proof, Trees
from tests.unit.made_changes import Made

TREES = Trees("before", "mixed", "after", 0)
PROOF = Proof("test", frozenset({TestId("sum", "sum", "limit")}), frozenset(), frozenset())
BEFORE = {"src/lib.rs": "fn a() {}\n", "tests/sum.rs": "fn t() {}\n"}
MIXED = {**BEFORE, "tests/sum.rs": "fn t() {}\nfn limit() {}\n"}
AFTER = {**MIXED, "src/lib.rs": "fn b() {}\n"}
Answer = Callable[[str, str], tuple[str, int]]
"""What a line prints on a tree, and its exit status."""


def usual(tree: str, line: str) -> tuple[str, int]:
    if "cargo test" in line:
        return ("---- limit stdout ----\n", 101) if tree != "after" else (f"ok on {tree}\n", 0)
    return "", 0


class Scripted:
    """Three trees, and a ground and a project that show them."""

    project: "Scripted"
    has_members = False
    standing = Standing(".", ("--all-features",), "published", b"", ())

    def __init__(self, answer: Answer = usual, after: dict[str, Any] | None = None) -> None:
        self.answer, self.project = answer, self
        self.typed_env = {"RUSTFLAGS": "--cap-lints warn"}
        self.tree, self.seen = "", list[tuple[str, str]]()
        self.made = {
            ("before", "mixed"): Made(BEFORE, MIXED), ("mixed", "after"): Made(MIXED, after or AFTER),
            ("before", "after"): Made(BEFORE, after or AFTER), ("before", "before"): Made(BEFORE, BEFORE),
        }  # fmt: skip

    def changes(self, old: str, new: str) -> list[Change]:
        return self.made[old, new].changes

    def blob(self, oid: str) -> bytes:
        return next(made.blobs[oid] for made in self.made.values() if oid in made.blobs)

    def hunks(self, old: str, new: str) -> Sequence[object]:
        return next(m for m in self.made.values() if {old, new} <= m.blobs.keys()).hunks(old, new)

    def show(self, tree: str) -> None:
        self.tree = tree

    def words_for(self, test: TestId) -> tuple[str, ...]:
        return ("--test", test.target)

    def typed(self, line: str) -> RunResult:
        self.seen.append((self.tree, line))
        text, code = self.answer(self.tree, line)
        return RunResult(Status.FAILED if code else Status.OK, code, text.encode(), b"", 0, 0, 0, 0)

    def typed_tests(self, line: str, build: Sequence[str]) -> RunResult | None:
        return self.typed(line)


def pair(**changed: Any) -> PrPair:
    fields: dict[str, Any] = {
        "license": "MIT", "source_url": "https://github.com/octo/sum", "commit": "c", "parents": [], "repo": "octo/sum",
        "pr": 1, "kind": "bug_fix", "title": "Saturate sums at the limit", "body": "", "commit_msg": "",
        "review_comments": [], "base_commit": "b", "merge_commit": "c", "before_tree": "b", "patch_diff": b"",
        "after_tree": "c", "model_diff": "", "toolchain": "1", "sealed": False, "lineage": [], "test_diff": b"x",
        "ci": Ci(status="pass", source="sandbox"), "evidence": "test", "pass_to_pass": [], "flaky": [],
        "fail_to_pass": [TestName(package="sum", target="sum", name="limit")],
        "probe": Probe(args=["test"], env=[]), "lock": "locks/a.lock",
    }  # fmt: skip
    return PrPair.new(**{**fields, **changed})


def teller(scripted: Scripted, most: int = 10) -> Teller:
    return Teller(cast(Objects, scripted), cast(Ground, scripted), most)


def told(scripted: Scripted, made: PrPair | None = None, trees: Trees = TREES, proof: Proof = PROOF) -> Chat | str:
    """The conversation, or the one reason why there is none."""
    telling = teller(scripted)
    chat = telling.tell(made or pair(), trees, proof)
    return chat or next(iter(telling.left))


def commands(chat: Chat | str) -> list[str]:
    assert isinstance(chat, Chat)
    calls = [call.function for message in chat.messages for call in message.tool_calls or ()]
    return [json.loads(f.arguments).get("command", f"{f.name} {json.loads(f.arguments).get('path')}") for f in calls]


def test_tests_are_written_and_fail_before_the_source_is_edited() -> None:
    scripted = Scripted()
    chat = told(scripted)
    assert commands(chat)[1:] == [
        "read src/lib.rs", "read tests/sum.rs", "edit tests/sum.rs", "cargo test -q --test sum --all-features",
        "edit src/lib.rs", "cargo fmt --check", "cargo clippy -q --all-features",
        "cargo test -q --tests --all-features",
    ]  # fmt: skip
    assert {tree for tree, line in scripted.seen if "--test sum" in line} == {"mixed"}
    assert {tree for tree, line in scripted.seen if "--tests" in line or "clippy" in line} == {"after"}
    assert isinstance(chat, Chat)
    assert chat.repo == "github.com/octo/sum"
    assert chat.messages[-1].content.startswith("The fix is in `src/lib.rs`, its tests are in `tests/sum.rs`.")
    assert [tool["function"]["name"] for tool in json.loads(chat.tools)] == ["read", "edit", "bash"]


def test_without_a_failing_test_all_is_edited_at_once_and_nothing_is_said_to_have_failed() -> None:
    scripted = Scripted()
    none = replace(PROOF, evidence=None, fail_to_pass=frozenset())
    chat = told(scripted, pair(evidence=None, fail_to_pass=[]), proof=none)
    assert sum("cargo test" in command for command in commands(chat)) == 1
    assert isinstance(chat, Chat)
    assert "without it" not in chat.messages[-1].content


def test_tests_that_were_there_fail_before_anything_is_edited() -> None:
    scripted = Scripted()
    chat = told(scripted, trees=replace(TREES, mixed="before"))
    said = commands(chat)
    assert said.index("cargo test -q --test sum --all-features") < said.index("edit src/lib.rs")
    assert ("before", "cargo test -q --test sum --all-features") in scripted.seen


def test_what_takes_files_away_is_not_told_since_no_shell_did() -> None:
    gone = {name: text for name, text in AFTER.items() if name != "src/lib.rs"}
    scripted = Scripted(after=gone)
    assert told(scripted) == "takes_files_away"
    assert scripted.seen == []


@pytest.mark.parametrize(
    ("bad", "status", "reason"),
    [
        ("--test sum", ("", 0), "not_seen_failing"), ("--test sum", ("another\n", 101), "not_seen_failing"),
        ("--tests", ("limit\n", 101), "not_green"), ("clippy", ("", 101), "command_failed"),
    ],
)  # fmt: skip
def test_what_was_not_seen_is_not_told(bad: str, status: tuple[str, int], reason: str) -> None:
    def answer(tree: str, line: str) -> tuple[str, int]:
        return status if bad in f"{line} " and (bad != "--test sum" or "--tests" not in line) else usual(tree, line)

    assert told(Scripted(answer)) == reason


def test_an_output_that_changes_from_run_to_run_is_not_told() -> None:
    counter = iter(range(100))

    def answer(tree: str, line: str) -> tuple[str, int]:
        return (f"limit {next(counter)}\n", 101) if "--test sum" in line else usual(tree, line)

    assert told(Scripted(answer)) == "unsteady_output"


def test_what_is_too_much_vague_or_sealed_costs_no_run() -> None:
    many = {**AFTER, **{f"src/m{at}.rs": "fn m() {}\n" for at in range(12)}}
    for scripted, made, reason in (
        (Scripted(after=many), pair(), "too_many_files"),
        (Scripted(after={**AFTER, "src/lib.rs": "x" * (65 << 10)}), pair(), "too_large"),
        (Scripted(after={**AFTER, "logo.png": b"\xff"}), pair(), "not_text"),
        (Scripted(), pair(title="Fixes"), "says_nothing"),
        (Scripted(), pair(sealed=True), "sealed"),
    ):
        assert told(scripted, made) == reason
        assert scripted.seen == []


def test_there_are_at_most_so_many_and_half_of_them_without_a_failing_test() -> None:
    telling, none = teller(Scripted(), most=2), replace(PROOF, evidence=None, fail_to_pass=frozenset())
    made = [telling.tell(pair(), TREES, proof) is not None for proof in (none, none, PROOF, PROOF)]
    assert made == [True, False, True, False]
    assert telling.left == {"enough": 2}
