"""The stages of a corpus: each drops what it should, with a reason, and what is left does not depend on the order."""

import random
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from oxidizer.datasets.corpus.recipe import CorpusRecipe, Near, Shares, standard
from oxidizer.datasets.corpus.sieve import Sieve
from oxidizer.datasets.corpus.split import canonical_repository, home_of, row_home, split_of
from oxidizer.datasets.corpus.stages import pipeline
from tests.unit.corpus_sketches import sketch, table, words

Row = dict[str, Any]
EVEN = replace(standard(), shares=Shares(crate=1, code=1, error_class=1))
"""Without shares, which in so few rows would leave little."""


def sifted(rows: list[Row], recipe: CorpusRecipe = EVEN) -> tuple[list[int], dict[int, tuple[str, str]]]:
    """The numbers of the rows that stay, and of those that go with stage and reason."""
    sieve = Sieve(table(rows), recipe.split)
    for name, stage in pipeline(recipe):
        sieve.run(name, stage)
    gone = {int(str(row["id"]), 16): (str(row["stage"]), str(row["reason"])) for row in sieve.rejects()}
    assert len(gone) == (~sieve.alive).sum()
    assert sum(passage.reasons.total() for passage in sieve.passages) == len(gone)
    for before, after in zip(sieve.passages, sieve.passages[1:], strict=False):
        assert after.came == before.stayed
    return sorted(int(n, 16) for n in sieve.column("id")[sieve.alive]), gone


def test_what_was_found_wrong_when_a_row_was_read_is_the_reason() -> None:
    rows = [
        sketch(0),
        sketch(1, malformed="license: Field required"),
        sketch(2, refused="The licence `GPL-3.0-only` is copyleft."),
        sketch(3, unfit="generated"),
        sketch(4, contaminated="like rle-decode-fast"),
    ]
    stay, gone = sifted(rows)
    assert stay == [0]
    assert gone == {
        1: ("record", "license: Field required"),
        2: ("licence", "The licence `GPL-3.0-only` is copyleft."),
        3: ("code", "generated"),
        4: ("sealed", "like rle-decode-fast"),
    }


def test_of_equal_rows_the_best_proven_stays() -> None:
    rows = [sketch(0, content=b"x" * 16), sketch(1, content=b"x" * 16, quality=9), sketch(2)]
    stay, gone = sifted(rows)
    assert stay == [1, 2]
    assert gone == {0: ("exact", "the same content")}


def test_one_record_of_two_runs_is_one() -> None:
    rows = [sketch(5), sketch(5, part="other.unit.diag_fix", sha256="f" * 64)]
    assert len(sifted(rows)[0]) == 1


def test_a_reject_is_no_duplicate_of_a_tuple() -> None:
    rows = [sketch(0, words(40), content=b"x" * 16), sketch(1, words(40), content=b"x" * 16, type="reject")]
    assert sifted(rows)[0] == [0, 1]


def test_of_lessons_that_are_nearly_the_same_one_stays_per_code() -> None:
    rows = [
        sketch(0, words(100)),
        sketch(1, words(99) + " other"),
        sketch(2, words(99) + " other", code="E0277"),
        sketch(3, words(100, 500)),
        sketch(4, words(100), quality=3),
    ]
    stay, gone = sifted(rows)
    assert stay == [2, 3, 4]
    assert set(gone.values()) == {("near", "nearly the same lesson")}


def test_what_only_chains_of_likeness_join_stays() -> None:
    """Each is near the next, the third is not near the first: it does not go for the second's sake, which goes."""
    chain = [" ".join(f"w{number}" for number in range(start, start + 60)) for start in (0, 4, 8)]
    strict = replace(EVEN, near=Near(lesson=0.85))
    stay, _ = sifted([sketch(number, text) for number, text in enumerate(chain)], strict)
    assert stay == [0, 2]


def test_a_function_has_so_many_lessons_wherever_its_copies_are_and_rare_codes_first() -> None:
    body = words(80)
    rows = [sketch(n, function=body, code="E0308" if n else "E0999") for n in range(6)]
    rows += [sketch(10, function=words(79) + " x"), sketch(11, function=words(80, 500))]
    stay, gone = sifted(rows, replace(EVEN, near=Near(per_function=2)))
    assert len(stay) == 3
    assert {0, 11} <= set(stay)
    assert set(gone.values()) == {("function", "many lessons of one function")}


def test_nothing_of_sealed_code_is_left_for_training() -> None:
    body = words(80)
    rows = [
        sketch(0, function=body, sealed=True, home="example.com/s/s", crate="s"),
        sketch(1, function=words(79) + " x"),
        sketch(2, content=(0).to_bytes(16, "big")),
        sketch(3),
    ]
    stay, gone = sifted(rows)
    assert stay == [0, 3]
    assert gone[1] == ("sealed copies", "a copy of the function is sealed")
    assert gone[2] == ("exact", "the same content is sealed")


def test_what_is_of_a_sealed_repository_goes_with_it() -> None:
    rows = [
        sketch(0, sealed=True, home="example.com/s/s"),
        sketch(1, home="example.com/s/s", crate="other"),
        sketch(2, home="example.com/s/s", type="reject"),
        sketch(3),
    ]
    stay, gone = sifted(rows)
    assert stay == [0, 3]
    assert set(gone.values()) == {("sealed home", "its repository is sealed")}


def test_a_lesson_that_is_nearly_a_sealed_one_goes() -> None:
    rows = [sketch(0, words(99) + " x", sealed=True, home="example.com/s/s"), sketch(1, words(100), quality=9)]
    stay, gone = sifted(rows)
    assert stay == [0]
    assert gone == {1: ("near", "nearly the same lesson is sealed")}


def test_what_is_for_examinations_never_leaves_for_training() -> None:
    train, test = homes("train")[0], homes("test")[0]
    same = {"content": b"x" * 16}
    rows = [sketch(0, home=test, crate="t", **same), sketch(1, home=train, crate="u", quality=15, **same)]
    assert sifted(rows)[0] == [0]


def test_repositories_with_one_commit_are_one() -> None:
    train, test = homes("train")[0], homes("test")[0]
    rows = [sketch(0, home=train, crate="t", commit="abc"), sketch(1, home=test, crate="u", commit="abc")]
    stay, gone = sifted(rows)
    assert stay == [1]
    assert gone[0] == ("home", "its commit is in another split too")


def homes(split: str) -> list[str]:
    return [home for n in range(400) if split_of(home := f"example.com/r/{n}", EVEN.split) == split]


def test_a_function_or_a_crate_is_in_one_split() -> None:
    train, test = homes("train")[0], homes("test")[0]
    body = words(80)
    rows = [
        sketch(0, function=body, home=train, crate="t"),
        sketch(1, function=body, home=test, crate="u", content=b"1" * 16),
        sketch(2, home=train, crate="moved"),
        sketch(3, home=test, crate="moved", version="2.0.0"),
        sketch(4, home=test, crate="moved", source="path"),
    ]
    stay, gone = sifted(rows)
    assert len({0, 1} & set(stay)) == len({2, 3} & set(stay)) == 1
    assert 4 in stay, "a crate of one's own may be called like another"
    assert {reason for _, reason in gone.values()} == {
        "its function is in another split too", "its crate is in another split too",
    }  # fmt: skip


ROWS = st.lists(
    st.builds(
        lambda number, start, home, code, quality, sealed: sketch(
            number, words(30, start), words(40, start // 3 * 20), home=f"example.com/r/{home}", crate=f"c{home}",
            code=code, quality=quality, sealed=sealed and home == 0, content=(number // 2).to_bytes(16, "big"),
        ),
        st.integers(0, 60), st.integers(0, 12), st.integers(0, 5), st.sampled_from(["E1", "E2"]), st.integers(0, 3),
        st.booleans(),
    ),
    max_size=40, unique_by=lambda row: row["id"],
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_rows_decides_nothing(rows: list[Row], chance: random.Random) -> None:
    shuffled = list(rows)
    chance.shuffle(shuffled)
    recipe = replace(standard(), near=Near(per_function=2))
    assert sifted(rows, recipe) == sifted(shuffled, recipe)


@settings(max_examples=40, deadline=None)
@given(ROWS, ROWS)
def test_more_rows_move_none_to_another_split(rows: list[Row], more: list[Row]) -> None:
    def splits(of: list[Row]) -> dict[str, str]:
        sieve = Sieve(table(of), EVEN.split)
        for name, stage in pipeline(EVEN):
            sieve.run(name, stage)
        return dict(zip(sieve.column("id")[sieve.alive], sieve.splits[sieve.alive], strict=True))

    more = [{**row, "id": f"f{str(row['id'])[1:]}", "content": bytes([255]) + row["content"][1:]} for row in more]
    before, after = splits(rows), splits([*rows, *more])
    assert all(after[key] == split for key, split in before.items() if key in after)


def test_a_repository_has_one_split_under_all_its_names() -> None:
    assert home_of("bytes", "https://github.com/carllerche/bytes") == home_of(
        "bytes", "git@github.com:tokio-rs/bytes.git"
    )
    assert home_of("log", "https://github.com/rust-lang-nursery/log") == "github.com/rust-lang/log"
    assert canonical_repository("gitlab.com/a/b/c") == "gitlab.com/a/b/c"
    assert home_of("own", None) == "crate:own"
    told = {"type": "diag_fix", "crate": "own", "source_url": "pkg:cargo/own@1.0.0", "provenance": {"repo": None}}
    assert row_home(told) == row_home({**told, "source_url": "pkg:cargo/own@2.0.0"}) == "crate:own"


def test_shares_of_splits_are_about_those_asked_for() -> None:
    counts = {name: sum(split_of(f"h/{n}", EVEN.split) == name for n in range(20_000)) for name in ("val", "test")}
    assert all(900 < count < 1100 for count in counts.values())
