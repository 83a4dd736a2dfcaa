"""What counts as evidence, on a ground that is scripted: each side's tests, and what does not compile."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from oxidizer.cluster.build import Build
from oxidizer.cluster.libtest import Outcome, TestId
from oxidizer.cluster.project import Side
from oxidizer.cluster.sandbox import RunResult, Status
from oxidizer.miners.pulls import verify
from oxidizer.miners.pulls.ground import Ground, Unproven
from oxidizer.miners.pulls.proof import Prover, Trees
from oxidizer.miners.pulls.split import Split

TREES = Trees("before", "mixed", "after", 0)
STEADY, NEW, OTHER = (TestId("a", target, name) for target, name in (("a", "steady"), ("a", "new"), ("b", "other")))
EXAMPLE = TestId("a", "doctest", "src/lib.rs - a #1")
P, F, L = Outcome.PASSED, Outcome.FAILED, Outcome.LOST


def built(ok: bool = True) -> Build:
    run = RunResult(Status.OK if ok else Status.FAILED, 0 if ok else 101, b"", b"error", 0, 0, 0, 0)
    return Build(run, (), (), True, ok, {}, "")


def side(*, ends: Collection[tuple[str, str]] = (), run_s: float = 1.0, **tests: Outcome) -> Side:
    """A side's tests by name; `ends` are the targets that do not compile."""
    known = {"steady": STEADY, "new": NEW, "other": OTHER}
    outcomes = {known[name]: outcome for name, outcome in tests.items()}
    return Side(built(not ends), outcomes, broken=frozenset(ends), run_s=run_s)


@dataclass
class Scripted:
    """Trees with a side each, or with several that are shown in turn."""

    sides: Mapping[str, Side | list[Side]]
    own: bool = True
    """Tests apart, all compiles."""
    files: Collection[str] = ("src/lib.rs",)
    """What was compiled."""
    examples: Mapping[str, Outcome] = field(default_factory=dict)
    """What the documentation example comes to, by tree."""
    tree: str = ""
    cap_s: float = 90.0

    @property
    def project(self) -> "Scripted":
        return self

    def ready(self, tree: str, time_s: int) -> tuple["Scripted", Side]:
        self.show(tree)
        return self, self.test()

    def recorded(self, tree: str, *args: object) -> None:
        self.show(tree)

    def show(self, tree: str) -> None:
        self.tree = tree

    def test(self, only: Collection[TestId] = ()) -> Side:
        found = self.sides[self.tree]
        told = found if isinstance(found, Side) else found.pop(0) if len(found) > 1 else found[0]
        kept = {test: outcome for test, outcome in told.outcomes.items() if not only or test in only}
        return replace(told, outcomes=kept)

    def build(self) -> Build:
        return built(self.own)

    def compiled(self, build: Build, files: Collection[str]) -> set[str]:
        return set(files) & set(self.files)

    def document(self, packages: Collection[str]) -> dict[TestId, Outcome]:
        return {EXAMPLE: self.examples[self.tree]} if self.tree in self.examples else {}

    def home(self, file: str) -> None:
        return None


def prove(ground: Scripted, split: Split | None = None, changed: Collection[str] = ("src/lib.rs",)) -> Any:
    return Prover(cast(Ground, ground)).prove(TREES, split or Split({}, source_lines=1), changed)


def test_what_fails_before_twice_and_passes_after_twice_is_evidence() -> None:
    found = prove(Scripted({"after": side(steady=P, new=P), "mixed": side(steady=P, new=F)}))
    assert (found.evidence, found.fail_to_pass, found.pass_to_pass) == ("test", {NEW}, {STEADY})


def test_a_change_of_which_nothing_is_compiled_proves_nothing() -> None:
    ground = Scripted({"after": side(steady=P), "mixed": side(steady=P)}, files=("src/lib.rs", "src/a.rs"))
    assert prove(ground).pass_to_pass == {STEADY}
    assert prove(ground, changed=()).pass_to_pass == {STEADY}
    assert prove(ground, changed=("src/a.rs", "macros/src/lib.rs")).pass_to_pass == {STEADY}
    with pytest.raises(Unproven, match=r"no test is built of macros/src/lib\.rs") as told:
        prove(ground, changed=("macros/src/lib.rs",))
    assert told.value.cause == "not_built"


@pytest.mark.parametrize("compiles", [True, False])
def test_what_passes_before_and_fails_after_twice_is_broken_by_the_change(
    compiles: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oxidizer.miners.pulls.proof.written_tests", lambda *_: frozenset({NEW}))
    mixed = side(steady=P, new=F, other=P) if compiles else side(ends=[("a", "a")])
    ground = Scripted(
        {"after": side(steady=P, new=P, other=F), "mixed": mixed, "before": side(steady=P, other=P)}, own=True
    )
    with pytest.raises(Unproven, match="other pass without the change") as told:
        prove(ground)
    assert told.value.cause == "breaks_tests"


# The same, from a record.


def row(evidence: str | None, failing: Collection[TestId], passing: Collection[TestId] = (STEADY,)) -> dict[str, Any]:
    def plain(tests: Collection[TestId]) -> list[dict[str, str]]:
        return [{"package": t.package, "target": t.target, "name": t.name} for t in tests]

    return {
        "evidence": evidence, "fail_to_pass": plain(failing), "pass_to_pass": plain(passing), "before_tree": "before",
    }  # fmt: skip


def verified(ground: Scripted, told: dict[str, Any]) -> tuple[bool, str | None]:
    ground.show("after")
    verdict = verify._told(cast(Ground, ground), "mixed", told)
    return verdict.green, verdict.detail if not verdict.green else None


AFTER = side(steady=P, new=P, other=P)
BROKEN = side(ends=[("a", "a")])


@pytest.mark.parametrize(
    ("mixed", "green"),
    [
        (side(steady=P, new=F), True),
        (side(steady=P, new=P), False),
        # It is not there, or nobody saw how it ended before its time was over.
        (side(steady=P), False),
        (side(steady=P, new=L, run_s=100.0), False),
        (side(steady=P, new=L), True),
        ([side(steady=P, new=F), side(steady=P, new=P)], False),
        (side(steady=F, new=F), False),
        (BROKEN, False),
    ],
)  # fmt: skip
def test_evidence_of_a_test_is_one_that_fails_before(mixed: Side | list[Side], green: bool) -> None:
    assert verified(Scripted({"after": AFTER, "mixed": mixed}), row("test", [NEW]))[0] is green


@pytest.mark.parametrize(
    ("ground", "said"),
    [
        (Scripted({"after": AFTER, "mixed": BROKEN, "before": side(steady=P)}), None),
        (Scripted({"after": AFTER, "mixed": side(ends=[("b", "b")]), "before": side(steady=P)}), "what new are in"),
        (Scripted({"after": AFTER, "mixed": side(steady=P), "before": side(steady=P)}), "all compiles"),
        (Scripted({"after": AFTER, "mixed": BROKEN, "before": side(steady=P)}, own=False), "more than tests"),
        (Scripted({"after": AFTER, "mixed": BROKEN, "before": BROKEN}), "before"),
        (Scripted({"after": AFTER, "mixed": BROKEN, "before": side(steady=F)}), "before: steady"),
    ],
)  # fmt: skip
def test_evidence_of_the_compiler_is_of_the_targets_of_the_tests(ground: Scripted, said: str | None) -> None:
    green, told = verified(ground, row("compile_error", [NEW]))
    assert green is (said is None)
    assert said is None or said in str(told)


@pytest.mark.parametrize(("before", "green"), [(F, True), (P, False), (L, False), (None, False)])
def test_an_example_has_to_fail_before_by_name(before: Outcome | None, green: bool) -> None:
    examples = {"after": P} | ({"mixed": before} if before else {})
    ground = Scripted({"after": AFTER, "mixed": side(steady=P)}, examples=examples)
    assert verified(ground, row("test", [EXAMPLE]))[0] is green
