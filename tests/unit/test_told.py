"""What a unit says of injected bugs: each mistake that goes no further is counted under the cap that was full."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from oxidizer.cluster.batch import Poison
from oxidizer.cluster.layout import Mutant
from oxidizer.miners.mistakes import Mistake
from oxidizer.miners.mix import choose, sample
from oxidizer.miners.recipe import Injection
from oxidizer.miners.told import Told
from tests.unit.test_mix import LAW, MISTAKES, RED, broken, mistake


def told() -> Told:
    return Told({name: Counter() for name in "abcde"})


def mutant(of: Mistake) -> Mutant:
    return Mutant(of.site.edits, of.file, *of.region)


def test_each_cap_is_told_apart() -> None:
    red = [broken(mistake("a", 0, n), "E0001") for n in range(3)]  # one code
    red += [broken(mistake("b", n, 9), f"E002{n}") for n in range(3)]  # one operator
    red += [broken(mistake("c", 7, 1), "E0031"), broken(mistake("d", 7, 2), "E0032")]  # one function
    said = told()
    for mix, group, reason in (
        (Injection(per_code=1), red[:3], "cap per code"),
        (Injection(per_operator=1), red[3:6], "cap per operator"),
        (Injection(per_function=1), red[6:], "cap per function"),
        (Injection(per_crate=1), red[3:6], "cap per crate"),
    ):
        said = told()
        kept = choose(group, mix, seed=0)
        said.chosen(group, kept, mix)
        left = sum((Counter(reasons) for reasons in said.left.values()), Counter())
        assert left == {reason: len(group) - 1}


def test_trials_of_a_full_function_are_told_apart_from_those_of_a_full_crate() -> None:
    crowded = [mistake("a", 0, n) for n in range(5)]
    said = told()
    said.drawn(crowded, crowded[:2], per_function=2)
    assert said.left["a"] == {"cap on trials per function": 3}
    said = told()
    said.drawn(crowded, crowded[:2], per_function=3)
    assert said.left["a"] == {"cap on trials": 3}


@LAW
@given(MISTAKES, st.integers(0, 20), st.integers(1, 4))
def test_what_is_not_drawn_is_counted_once(found: list[Mistake], most: int, per_function: int) -> None:
    mix, said = Injection(tried_per_function=per_function), told()
    tried = sample(found, mix, 0, most)
    said.drawn(found, tried, per_function)
    assert sum(sum(reasons.values()) for reasons in said.left.values()) == len(found) - len(tried)


@LAW
@given(RED, st.integers(1, 5), st.integers(1, 5), st.integers(1, 5), st.integers(1, 30))
def test_what_is_not_chosen_is_counted_once_under_a_full_cap(
    red: list,
    per_code: int,
    per_operator: int,
    per_function: int,
    per_crate: int,  # type: ignore[type-arg]
) -> None:
    mix = Injection(per_code=per_code, per_operator=per_operator, per_function=per_function, per_crate=per_crate)
    said = told()
    kept = choose(red, mix, seed=0)
    said.chosen(red, kept, mix)
    left = sum((Counter(reasons) for reasons in said.left.values()), Counter[str]())
    assert left.total() == len(red) - len(kept)
    assert not left["cap per crate"] or len(kept) == per_crate


def test_the_account_names_culprits_and_keeps_the_list_short() -> None:
    said, one, other = told(), mistake("a"), mistake("b", 1)
    names = {mutant(m): m.operator.name for m in (one, other)}
    said.noted("batch", names, [Poison("silent sentinel of a.rs", (mutant(other), mutant(one)))] * 2)
    said.noted("lints", names, [Poison(f"an error that nobody owns: E{n:04}: words", ()) for n in range(12)])
    account = said.account()
    assert account["poisoned"][0] == {
        "route": "batch", "seen": "silent sentinel of a.rs", "culprits": ["a", "b"], "runs": 2,
    }  # fmt: skip
    assert len(account["poisoned"]) == 10
    assert account["poisoned_left_out"] == 3
    assert sum(note["runs"] for note in account["poisoned"]) + account["poisoned_left_out"] == 14
