"""Which mutants are tried and which red ones are kept: caps, rare first, hard first, and the same choice every time."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tree_sitter import Node

from oxidizer.cluster.diagnostics import MACHINE_APPLICABLE, Diagnostic, Span
from oxidizer.cluster.edits import Edit
from oxidizer.cluster.libtest import TestId
from oxidizer.cluster.verdict import Verdict
from oxidizer.miners.mistakes import Mistake
from oxidizer.miners.mix import Broken, choose, sample
from oxidizer.miners.operators.operator import Code, Operator, Route, Site
from oxidizer.miners.recipe import Injection

LAW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A busy machine is no fault of the code."""
SIZE = 100
"""Bytes of a function in these files."""


class Wrong(Operator):
    codes = ("E0308",)
    route = Route.BODY
    rationale = "None."
    nodes = ()

    def __init__(self, name: str) -> None:
        self.name = name  # type: ignore[misc]  # one class stands for many operators

    def sites(self, node: Node, code: Code) -> Iterator[Site]:
        yield from ()


OPERATORS = {name: Wrong(name) for name in "abcde"}


def mistake(operator: str = "a", function: int = 0, offset: int = 0, file: str = "src/lib.rs") -> Mistake:
    start = function * SIZE
    site = Site((Edit(file, start + offset, start + offset + 1, b"x"),), "cause")
    return Mistake(
        OPERATORS[operator], site, file, (start, start + SIZE), f"f{function}", False, OPERATORS[operator].route
    )


def broken(
    of: Mistake, code: str | None = "E0308", *, far: bool = False, more: bool = False, sure: bool = False
) -> Broken:
    """A red one; `far`: the complaint is elsewhere, `more`: it has company, `sure`: the tool knows the way out."""
    at = of.site.edits[0].start + (150 if far else 0)
    place = Span(of.file, at, at + 1, 1, 1, 1, 1, True, None, None, None, None)
    way = of.site.edits[0].start
    hint = Span(of.file, way, way + 1, 1, 1, 1, 1, True, None, "y", MACHINE_APPLICABLE, None)
    children = (Diagnostic("help", None, "write", (hint,), (), ""),) if sure else ()
    target = Diagnostic("error", code, "words", (place,), children, "")
    return Broken(of, Verdict(True, target=target, more=(target,) if more else ()), ("check", "--lib"))


MISTAKES = st.lists(
    st.builds(mistake, st.sampled_from("abcde"), st.integers(0, 5), st.integers(0, 40), st.sampled_from("xy")),
    max_size=60, unique_by=lambda m: (m.operator.name, m.site.edits),
)  # fmt: skip
RED = MISTAKES.flatmap(
    lambda found: st.tuples(
        *(
            st.builds(
                broken, st.just(m), st.sampled_from(["E0308", "E0382", "E0425", None]),
                far=st.booleans(), more=st.booleans(), sure=st.booleans(),
            )
            for m in found
        )
    ).map(list)
)  # fmt: skip
MIXES = st.builds(
    Injection, tried_per_function=st.integers(0, 6), per_code=st.integers(0, 8),
    per_operator=st.integers(0, 8), per_function=st.integers(0, 6), per_crate=st.integers(0, 20),
)  # fmt: skip
SEEDS = st.integers(0, 5)
MANY = [mistake(operator, function, offset) for operator in "abc" for function in range(4) for offset in range(10)]


def at(m: Mistake) -> tuple[str, int]:
    return (m.file, m.region[0])


def most(keys: Iterable[object]) -> int:
    """How often the commonest key comes."""
    return max(Counter(keys).values(), default=0)


# What is tried.


@given(MISTAKES, MIXES, SEEDS, st.integers(0, 60))
@LAW
def test_the_caps_of_what_is_tried_hold_and_are_used_up(
    found: list[Mistake], mix: Injection, seed: int, most: int
) -> None:
    tried = sample(found, mix, seed, most)
    functions = Counter(map(at, tried))
    assert len(tried) <= most
    assert all(n <= mix.tried_per_function for n in functions.values())
    assert len({id(m) for m in tried}) == len(tried)
    if len(tried) < most:
        assert all(m in tried or functions[at(m)] == mix.tried_per_function for m in found), "left out without a cap"


@given(MISTAKES, MIXES, SEEDS, st.integers(0, 60), st.randoms(use_true_random=False))
@LAW
def test_the_order_in_which_mistakes_are_found_does_not_matter(
    found: list[Mistake], mix: Injection, seed: int, most: int, chance: Random
) -> None:
    mixed = list(found)
    chance.shuffle(mixed)
    assert sample(mixed, mix, seed, most) == sample(found, mix, seed, most)


@given(MISTAKES, SEEDS, st.integers(0, 60))
@LAW
def test_operators_take_turns(found: list[Mistake], seed: int, most: int) -> None:
    names = [m.operator.name for m in sample(found, Injection(tried_per_function=100), seed, most)]
    offered = Counter(m.operator.name for m in found)
    for done in range(len(names)):
        used = Counter(names[: done + 1])
        behind = [name for name in offered if used[name] < min(offered[name], used[names[done]] - 1)]
        assert not behind, "nobody has a third turn before all who can had a second"


def test_no_operator_goes_short_in_every_crate() -> None:
    """Whatever an operator offers, it has its share of the trials where there are too few for all."""
    tried: Counter[str] = Counter()
    for crate in range(60):
        # Of the first there are many, of the last few.
        found = [mistake(name, crate + place, 7) for n, name in enumerate("abcde") for place in range(40 // 3**n)]
        tried.update(m.operator.name for m in sample(found, Injection(), 0, 2))
    assert min(tried[name] for name in "abc") > 10, tried


def test_another_seed_tries_others_from_all_over_the_crate() -> None:
    choices = [tuple(m.site.edits for m in sample(MANY, Injection(), seed, 15)) for seed in range(6)]
    assert len(set(choices)) == 6
    assert choices[0] == tuple(m.site.edits for m in sample(MANY, Injection(), 0, 15))
    reached = {edits[0].start // SIZE for choice in choices for edits in choice}
    assert reached == {0, 1, 2, 3}, "no part of the crate is preferred"


# What is kept.


@given(RED, MIXES, SEEDS)
@LAW
def test_the_caps_of_what_is_kept_hold(red: list[Broken], mix: Injection, seed: int) -> None:
    kept = choose(red, mix, seed)
    assert most(b.code for b in kept) <= mix.per_code
    assert most(b.mistake.operator.name for b in kept) <= mix.per_operator
    assert most(at(b.mistake) for b in kept) <= mix.per_function
    assert len(kept) <= mix.per_crate
    assert {id(b) for b in kept} <= {id(b) for b in red}
    assert len({id(b) for b in kept}) == len(kept)


@given(RED, MIXES, SEEDS, st.randoms(use_true_random=False))
@LAW
def test_the_order_in_which_red_ones_come_does_not_matter(
    red: list[Broken], mix: Injection, seed: int, chance: Random
) -> None:
    mixed = list(red)
    chance.shuffle(mixed)
    assert choose(mixed, mix, seed) == choose(red, mix, seed)


@given(RED, MIXES, SEEDS)
@LAW
def test_rare_codes_come_first_and_of_an_operator_the_hard_ones(red: list[Broken], mix: Injection, seed: int) -> None:
    kept = choose(red, mix, seed)
    for code, name in {(b.code, b.mistake.operator.name) for b in kept}:
        hardness = [b.hardness for b in kept if (b.code, b.mistake.operator.name) == (code, name)]
        assert hardness == sorted(hardness, reverse=True)
    codes = Counter(b.code for b in red)
    order = list(dict.fromkeys(b.code for b in choose(red, Injection(), seed)))
    assert order == sorted(codes, key=lambda code: (codes[code], code))


def test_a_full_crate_keeps_the_rare_code() -> None:
    common = [broken(m) for m in MANY[:9]]
    rare = broken(MANY[9], "E0716")
    kept = choose([*common, rare], Injection(per_crate=4), 0)
    assert kept[0] is rare
    assert len(kept) == 4


def test_hardness_counts_distance_company_and_what_the_tool_does_not_know() -> None:
    here = mistake()
    assert broken(here, sure=True).hardness == 0
    assert broken(here).hardness == 1
    assert broken(here, sure=True, more=True).hardness == 1
    assert broken(here, sure=True, far=True).hardness == 2
    assert broken(here, far=True, more=True).hardness == 4


def test_a_full_code_keeps_the_hard_ones() -> None:
    easy = [broken(m, sure=True) for m in MANY[:10]]
    hard = [broken(m, far=True, more=True) for m in MANY[10:13]]
    kept = choose([*easy, *hard], Injection(per_code=3), 0)
    assert {b.place for b in kept} == {b.place for b in hard}


def test_a_fix_that_takes_away_what_is_complained_of_is_near() -> None:
    """The complaint is of the broken code, where the mistake put words in that the source has not."""
    edit = Edit("src/lib.rs", 10, 10, b".unwrap_or_default().unwrap()")
    here = replace(mistake(), site=Site((edit,), "cause"))
    whole = broken(here)
    assert [replaced_at(whole, at).hardness for at in (10, 30, 10 + len(edit.replacement))] == [1, 1, 1]
    assert replaced_at(whole, 160).hardness == 3


def replaced_at(of: Broken, at: int) -> Broken:
    """As it is, complained of at another place."""
    target = of.verdict.target
    assert target is not None
    assert target.primary is not None
    spans = (replace(target.primary, byte_start=at, byte_end=at + 1),)
    return replace(of, verdict=replace(of.verdict, target=replace(target, spans=spans)))


def test_easy_operators_have_their_turn_in_some_crate() -> None:
    """Though a code is full before all of its operators had one."""
    kept: Counter[str] = Counter()
    for file in ("src/a.rs", "src/b.rs", "src/c.rs", "src/d.rs", "src/e.rs", "src/f.rs"):
        hard = [broken(mistake("a", n, file=file), far=True) for n in range(4)]
        easy = [broken(mistake("b", n, file=file), sure=True) for n in range(4)]
        kept.update(b.mistake.operator.name for b in choose([*hard, *easy], Injection(per_code=1), 0))
    assert set(kept) == {"a", "b"}


def test_of_a_code_each_operator_has_its_turn() -> None:
    hard = [broken(m, far=True) for m in MANY if m.operator.name == "a"]
    easy = [broken(m, sure=True) for m in MANY if m.operator.name != "a"]
    kept = choose([*hard, *easy], Injection(per_code=6), 0)
    assert Counter(b.mistake.operator.name for b in kept) == Counter("aabbcc")


def test_a_code_that_many_kinds_of_mistakes_lead_to_has_more_in_its_turn() -> None:
    many = [broken(mistake(name, n), "E0308") for name in "abcd" for n in range(9)]
    few = [broken(mistake("e", n), "E0599") for n in range(36)]
    kept = choose([*many, *few], Injection(per_crate=12), 0)
    assert Counter(b.code for b in kept) == {"E0308": 8, "E0599": 4}
    assert Counter(b.mistake.operator.name for b in kept) == {"a": 2, "b": 2, "c": 2, "d": 2, "e": 4}


def test_lints_have_their_share_and_no_more() -> None:
    lints = [broken(replace(m, route=Route.LINT), f"clippy::{n}") for n, m in enumerate(MANY[:20])]
    errors = [broken(m) for m in MANY[20:30]]
    mix = Injection(per_crate=10, lint_share=0.3, per_function=100)
    assert Counter(b.is_lint for b in choose([*lints, *errors], mix, 0)) == Counter({True: 3, False: 7})
    assert len(choose(errors, replace(mix, lint_share=0.0), 0)) == len(errors)
    assert choose(lints, replace(mix, lint_share=0.0), 0) == []


def test_what_the_tool_is_sure_of_has_its_share_and_no_more() -> None:
    given = [replace(broken(m, "E0599"), suggested=MACHINE_APPLICABLE) for m in MANY[:20]]
    unsure = [replace(broken(m, "E0425"), suggested="MaybeIncorrect") for m in MANY[20:30]]
    mix = Injection(per_crate=10, trivial_share=0.2, per_function=100)
    assert Counter(b.is_trivial for b in choose([*given, *unsure], mix, 0)) == Counter({True: 2, False: 8})
    assert choose(given, replace(mix, trivial_share=0.0), 0) == []
    assert {b.hardness for b in given} == {0}, "the fix itself is shown"


def test_another_seed_keeps_others_of_the_same_hardness() -> None:
    red = [broken(m) for m in MANY]
    choices = {tuple(b.place for b in choose(red, Injection(per_code=6), seed)) for seed in range(6)}
    assert len(choices) == 6


CAPS = [Injection(per_code=1), Injection(per_operator=1), Injection(per_function=1), Injection(per_crate=1)]


@pytest.mark.parametrize("mix", CAPS)
def test_each_cap_alone_binds(mix: Injection) -> None:
    alike = [broken(mistake(offset=n)) for n in range(3)]
    assert len(choose(alike, Injection(), 0)) == 3
    assert len(choose(alike, mix, 0)) == 1


def test_what_tests_show_has_a_code_of_its_own() -> None:
    failing = frozenset({TestId("tiny", "tiny", "works")})
    red = broken(mistake(), None)
    assert (red.code, replace(red, verdict=replace(red.verdict, broken=failing)).code) == (
        "",
        f"test {red.mistake.operator.name}",
    )


def test_two_mistakes_have_one_place_only_where_they_are_the_same() -> None:
    assert len({broken(m).place for m in MANY}) == len(MANY)
    assert broken(MANY[0], "E0308").place == broken(MANY[0], "E0382").place
    other = mistake(file="src/other.rs")
    assert broken(mistake()).place != broken(other).place
