"""Every trick by hand, beside an honest patch that looks much like it: refused by just its own name, and not at all."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import pytest

from oxidizer.cluster.diagnostics import Diagnostic, Span
from oxidizer.cluster.edits import Edit, apply
from oxidizer.cluster.policy import DEFAULT, Policy, TrickName, names, refusal, screen
from oxidizer.cluster.verdict import Reason
from tests.unit.tricks.asserting import ASSERTING
from tests.unit.tricks.changing import CHANGING
from tests.unit.tricks.ending import ENDING
from tests.unit.tricks.pair import Pair
from tests.unit.tricks.reaching import REACHING
from tests.unit.tricks.silencing import SILENCING
from tests.unit.tricks.taking import TAKING

PAIRS = [*ASSERTING, *CHANGING, *SILENCING, *ENDING, *TAKING, *REACHING]


def smallest(file: str, before: bytes, after: bytes) -> list[Edit]:
    """The one edit that leaves what both share at head and tail."""
    most = min(len(before), len(after))
    head = next((n for n in range(most) if before[n] != after[n]), most)
    tail = next((n for n in range(most - head) if before[-1 - n] != after[-1 - n]), most - head)
    return [Edit(file, head, len(before) - tail, after[head : len(after) - tail])]


def whole(file: str, before: bytes, after: bytes) -> list[Edit]:
    return [Edit(file, 0, len(before), after)]


def at(file: str, offset: int, code: str | None, size: int = 1) -> Diagnostic:
    span = Span(file, offset, offset + size, 1, 1, 1, 1, True, None, None, None, None)
    return Diagnostic("error", code, "what is wrong", (span,), (), "")


def reader(texts: Mapping[str, bytes]) -> Callable[[str], bytes]:
    def read(file: str) -> bytes:
        if file not in texts:
            raise FileNotFoundError(file)
        return texts[file]

    return read


def target(pair: Pair) -> Diagnostic | None:
    if pair.said is not None:
        said = pair.said.encode()
        return at(pair.file, pair.before.encode().index(said), pair.code or "unused_variables", len(said))
    return at("src/main.rs", 0, pair.code) if pair.code else None


def found(pair: Pair, edits: Sequence[Edit]) -> tuple[str, ...]:
    texts = {file: text.encode() for file, text in {pair.file: pair.before, **pair.beside}.items()}
    tricks = screen(edits, reader(texts), target=target(pair))
    refused = refusal(tricks)
    assert (refused is not None) == any(t.name in DEFAULT.refused for t in tricks)
    if refused is not None:
        assert (refused.green, refused.reason, refused.flags) == (False, Reason.TRICK, names(tricks))
        assert all(
            f"{t.name} at {t.file}:{t.line}: {t.sentence}" in refused.detail
            for t in tricks
            if t.name in DEFAULT.refused
        )
    return tuple(n for n in names(tricks) if TrickName(n) in DEFAULT.refused)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.what)
def test_a_trick_is_refused_by_its_own_name_and_an_honest_patch_is_not(pair: Pair) -> None:
    before = pair.before.encode()
    for cut in (smallest, whole):
        trick, honest = cut(pair.file, before, pair.trick.encode()), cut(pair.file, before, pair.honest.encode())
        assert apply(before, trick) != before
        assert found(pair, trick) == (pair.name,)
        assert found(pair, honest) == ()


def test_a_trick_in_a_test_has_its_name_wherever_the_diagnostic_stands() -> None:
    """... and what is honest where the diagnostic stands is still a change of a test where it does not."""
    honest = Counter[tuple[str, ...]]()
    for pair in (replace(pair, said=None) for pair in ASSERTING if pair.said and not pair.code):
        before = pair.before.encode()
        for cut in (smallest, whole):
            assert found(pair, cut(pair.file, before, pair.trick.encode())) == (pair.name,), pair.what
            honest[found(pair, cut(pair.file, before, pair.honest.encode()))] += 1
    assert set(honest) == {("changed_test",), ()}
    assert honest["changed_test",] > 20


def test_there_is_a_case_for_every_name() -> None:
    shown = Counter(pair.name for pair in PAIRS)
    assert DEFAULT.refused - set(shown) == set()
    assert len(PAIRS) >= 30
    assert len({pair.what for pair in PAIRS}) == len(PAIRS)


def test_each_family_of_tricks_can_be_asked_for_alone() -> None:
    """A policy that looks for one trick finds that one, and nothing else, wherever it is played."""
    for pair in PAIRS:
        before = pair.before.encode()
        texts = {pair.file: before} | {file: text.encode() for file, text in pair.beside.items()}
        policy = Policy(refused=frozenset({pair.name}), flagged=frozenset())
        edits = smallest(pair.file, before, pair.trick.encode())
        assert names(screen(edits, reader(texts), target=target(pair), policy=policy)) == (pair.name,), pair.what
