"""Which suggestions are tried: caps, rare codes first, the same choice for the same seed."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oxidizer.cluster.diagnostics import Diagnostic, Span
from oxidizer.miners.candidates import Selection, select
from oxidizer.miners.recipe import Recipe

FUNCTIONS = 12
SOURCE = "".join(f"fn f{n:02}() {{ let x = {n:02}; }}\n" for n in range(FUNCTIONS)).encode()
LINE = len(SOURCE) // FUNCTIONS
RECIPE = Recipe(per_code=3, per_item=2, unsure_per_code=1, per_crate=8, skip=("noise",))


def read(file: str) -> bytes:
    if file == "src/lib.rs":
        return SOURCE
    if file == "src/latin.rs":
        return b"fn f() { \xe9 }" + SOURCE
    raise FileNotFoundError(file)


def complaint(
    code: str | None, function: int = 0, *, sure: str = "MachineApplicable", new: str = "1", file: str = "src/lib.rs",
    level: str = "warning",
) -> Diagnostic:  # fmt: skip
    start = function * LINE + SOURCE.index(b"00;")
    at = Span(file, start, start + 2, function + 1, function + 1, 19, 21, True, None, None, None, None)
    hint = Span(file, start, start + 2, function + 1, function + 1, 19, 21, True, None, new, sure, None)
    child = Diagnostic("help", None, "write", (hint,), (), "")
    return Diagnostic(level, code, f"complaint {code}", (at,), (child,), "")


def chosen(selection: Selection) -> list[tuple[str, int]]:
    return [(c.code, c.diagnostic.primary.line_start) for c in selection.chosen if c.diagnostic.primary]


HARVEST = st.lists(
    st.builds(
        complaint, st.sampled_from("abcd"), st.integers(0, FUNCTIONS - 1),
        sure=st.sampled_from(["MachineApplicable", "MaybeIncorrect"]),
    ),
    max_size=60, unique_by=lambda d: d.place,
)  # fmt: skip


@given(HARVEST, st.integers(0, 3))
def test_caps(harvest: list[Diagnostic], seed: int) -> None:
    selection = select(harvest, read, RECIPE, seed)
    kinds = Counter((c.code, c.sure) for c in selection.chosen)
    assert all(n <= (RECIPE.per_code if sure else RECIPE.unsure_per_code) for (_, sure), n in kinds.items())
    assert all(n <= RECIPE.per_item for n in Counter(c.item for c in selection.chosen).values())
    assert len(selection.chosen) <= RECIPE.per_crate
    assert sum(selection.harvested.values()) == len(harvest) == len(selection.chosen) + sum(selection.skipped.values())


@given(HARVEST, st.randoms())
def test_the_choice_does_not_hang_on_the_order(harvest: list[Diagnostic], random: object) -> None:
    shuffled = list(harvest)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert select(shuffled, read, RECIPE, 7).chosen == select(harvest, read, RECIPE, 7).chosen


def test_rare_codes_first() -> None:
    common = [complaint("common", n) for n in range(FUNCTIONS)]
    rare = [complaint("rare", n) for n in (3, 4)]
    selection = select([*common, *rare], read, RECIPE, 0)
    assert [code for code, _ in chosen(selection)] == ["rare", "rare", "common", "common", "common"]
    assert selection.skipped == {"cap per code": 9}


def test_a_crowded_item() -> None:
    selection = select([complaint(code, 5) for code in "abcd"], read, RECIPE, 0)
    assert [code for code, _ in chosen(selection)] == ["a", "b"]
    assert selection.skipped == {"cap per item": 2}


def test_another_seed_another_choice() -> None:
    harvest = [complaint("a", n) for n in range(FUNCTIONS)]
    assert len({tuple(chosen(select(harvest, read, RECIPE, seed))) for seed in range(8)}) > 1


@pytest.mark.parametrize(
    ("diagnostic", "reason"),
    [
        (complaint("noise"), "noise"),
        (complaint("a", new="00"), "changes nothing"),
        (complaint("a", file="src/gone.rs"), "not a source file"),
        (complaint("a", file="../other/lib.rs"), "not a source file"),
        (complaint("a", file="README.md"), "not a source file"),
        (complaint("a", file="src/latin.rs"), "not a source file"),
        (complaint("a", sure="HasPlaceholders"), None),
        (complaint(None), None),
        (complaint("E0308", level="error"), None),
    ],
)
def test_what_is_not_tried(diagnostic: Diagnostic, reason: str | None) -> None:
    selection = select([diagnostic], read, RECIPE, 0)
    assert selection.chosen == ()
    assert selection.skipped == ({reason: 1} if reason else {})


def test_a_denied_lint_is_tried() -> None:
    assert chosen(select([complaint("a", level="error")], read, RECIPE, 0)) == [("a", 1)]
