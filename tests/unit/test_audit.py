"""What an audit does with a verdict that does not hold alone."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import cast

import pytest

from oxidizer.cluster.diagnostics import Diagnostic, Span
from oxidizer.cluster.edits import Edit
from oxidizer.cluster.verdict import Reason, Verdict
from oxidizer.cluster.workbench import Workbench
from oxidizer.miners.audit import Audited, Auditor
from oxidizer.miners.mistakes import Mistake
from oxidizer.miners.mix import Broken
from oxidizer.miners.operators import operators
from oxidizer.miners.operators.operator import Route, Site
from oxidizer.miners.recipe import Injection

OPERATORS = [operator for operator in operators() if operator.route is Route.BODY][:5]
COMPILES = Verdict(False, Reason.COMPILES, scope="batch")


@dataclass
class Cargo:
    """A workbench that knows what is shown alone, and notes what it is asked."""

    alone: dict[tuple[Edit, ...], Verdict]
    asked: list[tuple[Edit, ...]] = field(default_factory=list)

    def judge_mutant(self, edits: tuple[Edit, ...], _: Sequence[str], __: Sequence[str] = ()) -> Verdict:
        self.asked.append(edits)
        return self.alone[edits]


def red(at: int, code: str = "E0308", words: str = "text") -> Verdict:
    span = Span("src/lib.rs", at, at + 1, 1, 1, 1, 1, True, None, None, None, None)
    return Verdict(True, target=Diagnostic("error", code, "message", (span,), (), words), scope="batch")


def broken(number: int, operator: int = 0, verdict: Verdict | None = None) -> Broken:
    at = 100 * number
    site = Site((Edit("src/lib.rs", at, at + 1, b"x"),), "cause")
    mistake = Mistake(OPERATORS[operator], site, "src/lib.rs", (at, at + 99), f"f{number}", False, Route.BODY)
    return Broken(mistake, verdict or red(at), ("check", "--lib"))


def audit(
    kept: Sequence[Broken], unminded: Sequence[Broken] = (), *, lies: Sequence[Broken] = (), share: float = 1.0,
    few: int = 3,
) -> tuple[Audited, Cargo]:  # fmt: skip
    """The audit of these, of which `lies` show another code alone."""
    wrong = {id(b) for b in lies}
    cargo = Cargo({b.mistake.site.edits: red(7, "E0599") if id(b) in wrong else b.verdict for b in (*kept, *unminded)})
    mix = Injection(audit_share=share, alone_without_batch=few)
    return Auditor(cast("Workbench", cargo), mix, 0, "crate").audit(kept, unminded), cargo


def test_what_agrees_is_marked_where_it_was_asked() -> None:
    kept = [broken(n) for n in range(200)]
    found, cargo = audit(kept, share=0.1)
    assert 5 < found.sampled == found.agreed == len(cargo.asked) < 40
    assert len(found.sound) == 200
    assert {b.mistake.site.edits for b in found.sound if b.verdict.audited} == set(cargo.asked)


def test_one_lie_has_all_of_its_operator_judged_alone() -> None:
    kept = [broken(n, operator=n % 2) for n in range(300)]
    drawn = audit(kept, share=0.1)[1].asked
    liar = next(b for b in kept if b.mistake.site.edits == drawn[0])
    found, cargo = audit(kept, lies=[liar], share=0.1)
    assert [b for b, _ in found.refuted] == [liar]
    assert found.distrust is None
    alike = {b.mistake.site.edits for b in kept if b.mistake.operator is liar.mistake.operator}
    assert alike <= set(cargo.asked)
    assert set(cargo.asked) - alike <= set(drawn), "no other operator suffers"
    assert len(found.sound) == 299


def test_two_lies_in_few_audits_and_shared_runs_are_not_believed() -> None:
    kept = [broken(n, operator=n % 5) for n in range(60)]
    drawn = audit(kept, share=0.2)[1].asked
    liars = [b for b in kept if b.mistake.site.edits in drawn[:2]]
    found, _ = audit(kept, lies=liars, share=0.2, few=4)
    assert found.distrust == f"2 of {found.sampled} audits disagree"
    assert {id(b) for b, _ in found.refuted} == {id(b) for b in liars}
    assert len(found.sound) == found.sampled - 2 + 4
    assert len(found.untried) == 60 - found.sampled - 4
    assert all(b.verdict.audited for b in found.sound)


def test_what_compiles_beside_others_and_not_alone_is_a_lie_of_the_run() -> None:
    kept, unminded = [broken(n) for n in range(10)], [broken(50 + n, verdict=COMPILES) for n in range(10)]
    honest, _ = audit(kept, unminded)
    assert (honest.sampled, honest.agreed, honest.unminded) == (20, 20, 10)
    assert len(honest.sound) == 10, "it is no tuple"
    assert audit(kept, unminded, lies=unminded[:1])[0].agreed == 19
    found, _ = audit(kept, unminded, lies=unminded[:2])
    assert (found.agreed, found.distrust) == (18, "2 of 20 audits disagree")


@pytest.mark.parametrize("which", ["target", "more"])
def test_other_words_at_the_same_place_agree_and_are_counted(which: str) -> None:
    first, second = red(100).target, red(150).target
    assert first
    assert second
    shared = replace(red(100), more=(second,))
    if which == "target":
        alone = replace(shared, target=replace(first, rendered="other"))
    else:
        alone = replace(shared, more=(replace(second, rendered="other"),))
    one = broken(1, verdict=shared)
    cargo = cast("Workbench", Cargo({one.mistake.site.edits: alone}))
    found = Auditor(cargo, Injection(audit_share=1.0), 0, "crate").audit([one])
    assert (found.sampled, found.agreed, found.reworded) == (1, 1, 1)
