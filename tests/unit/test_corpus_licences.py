"""The terms of a corpus: the permissive part is taken, share-alike is kept apart, and owed names go along."""

from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oxidizer.datasets.corpus.licences import (
    SHARE_ALIKE,
    Terms,
    attribution_missing,
    attributions,
    inherit,
    is_share_alike,
    needs_attribution,
    unfaithful,
)
from oxidizer.datasets.licence import PERMISSIVE
from oxidizer.datasets.records import Attribution, to_row
from oxidizer.datasets.spdx import leaves, named, parse

TERMS = Terms()
TREES = st.recursive(
    st.sampled_from(
        ["MIT", "ISC", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "GPL-3.0-only", "MPL-2.0", "CC-BY-SA-4.0",
         "BUSL-1.1", "GPL-2.0-only WITH Classpath-exception-2.0", "My-Own"]
    ),
    lambda inner: st.tuples(st.sampled_from(["AND", "OR"]), st.lists(inner, min_size=2, max_size=3)),
    max_leaves=8,
)  # fmt: skip


def written(tree: object) -> str:
    if isinstance(tree, str):
        return tree
    word, parts = tree  # type: ignore[misc]
    return "(" + f" {word} ".join(map(written, parts)) + ")"


def allows(tree: object, allowed: frozenset[str]) -> bool:
    """What a list allows, by the meaning of the two words alone."""
    if isinstance(tree, str):
        return tree in allowed
    word, parts = tree  # type: ignore[misc]
    return (all if word == "AND" else any)(allows(part, allowed) for part in parts)


@pytest.mark.parametrize(
    ("expression", "kept", "share_alike"),
    [
        ("MIT OR GPL-3.0", "MIT", False),
        ("MIT/Apache-2.0", "MIT OR Apache-2.0", False),
        ("GPL-2.0-only OR (MIT AND ISC)", "MIT AND ISC", False),
        ("Apache-2.0 WITH LLVM-exception", "Apache-2.0 WITH LLVM-exception", False),
        ("CC-BY-SA-4.0", "CC-BY-SA-4.0", True),
        ("MIT AND CC-BY-SA-3.0", "MIT AND CC-BY-SA-3.0", True),
        ("MIT OR CC-BY-SA-4.0", "MIT", False),
    ],
)
def test_what_is_taken(expression: str, kept: str, share_alike: bool) -> None:
    judged = TERMS.judge(expression)
    assert (judged.kept, judged.share_alike, judged.cause) == (kept, share_alike, None)


@pytest.mark.parametrize(
    ("expression", "cause"),
    [
        (None, "licence_missing"),
        (" ", "licence_missing"),
        ("MIT AND", "licence_unknown"),
        ("My-Own", "licence_unknown"),
        ("LicenseRef-Mine", "licence_unknown"),
        ("MIT AND GPL-3.0-only", "licence_copyleft"),
        ("MIT AND CC-BY-SA-4.0 AND AGPL-3.0-only", "licence_copyleft"),
        ("CC-BY-SA-1.0", "licence_copyleft"),
        ("BUSL-1.1", "licence_unlisted"),
        ("Apache-2.0 WITH Classpath-exception-2.0", "licence_unlisted"),
    ],
)
def test_what_is_refused(expression: str | None, cause: str) -> None:
    judged = TERMS.judge(expression)
    assert (judged.kept, judged.share_alike, judged.cause) == (None, False, cause)
    assert judged.reason.endswith(".")


def test_without_a_place_for_share_alike_it_is_refused() -> None:
    assert Terms.of(share_alike=()).judge("CC-BY-SA-4.0").cause == "licence_copyleft"


@settings(deadline=None)
@given(TREES, st.sets(st.sampled_from(sorted(PERMISSIVE)), min_size=1))
def test_an_or_takes_what_may_be_taken_and_an_and_needs_all(tree: object, allowed: set[str]) -> None:
    terms = Terms.of(allowed, ())
    kept = terms.judge(written(tree)).kept
    assert (kept is not None) == allows(tree, terms.allowed)
    if kept is not None:
        assert leaves(parse(kept)) <= terms.allowed & leaves(parse(written(tree)))
        assert terms.judge(kept).kept == kept


@settings(deadline=None)
@given(TREES, st.sets(st.sampled_from(sorted(PERMISSIVE)), min_size=1), st.sets(st.sampled_from(sorted(PERMISSIVE))))
def test_a_longer_list_takes_no_less(tree: object, allowed: set[str], more: set[str]) -> None:
    few, many = (Terms.of(some, ()).judge(written(tree)).kept for some in (allowed, allowed | more))
    if few is not None:
        assert many is not None
        assert leaves(parse(few)) <= leaves(parse(many))


WORDS = st.lists(
    st.sampled_from([*"()/+-\0", "MIT", "AND", "or", "WITH", "LLVM-exception", "GPL-3.0+", "LicenseRef-", "é", " "])
)


@settings(deadline=None)
@given(st.one_of(st.text(), WORDS.map(" ".join), WORDS.map("".join)))
def test_no_text_raises(text: str) -> None:
    judged = TERMS.judge(text)
    assert (judged.kept is None) == (judged.cause is not None)
    assert is_share_alike(text) <= needs_attribution(text)
    named(text)


def test_deep_texts_do_not_raise() -> None:
    for text in ("(" * 900, "(" * 450 + "MIT" + ")" * 450, "MIT OR (" * 100 + "ISC" + ")" * 100):
        TERMS.judge(text)


@pytest.mark.parametrize(
    ("allowed", "words"),
    [
        (["MIT", "Apache-2"], "is Apache-2.0 meant"),
        (["apache-2.0"], "is written `Apache-2.0`"),
        (["MIT OR ISC"], "knows no licence `MIT OR ISC`"),
        (["LLVM-exception"], "knows no licence `LLVM-exception`"),
        (["GPL-3.0-only"], "is copyleft"),
        (["CC-BY-SA-4.0"], "share-alike"),
        ([], "empty"),
    ],
)
def test_a_list_that_cannot_be_meant_is_an_error(allowed: list[str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Terms.of(allowed)


def test_a_free_licence_is_no_share_alike_one() -> None:
    with pytest.raises(ValueError, match="MIT is no CC-BY-SA"):
        Terms.of(share_alike=["MIT"])


ANN, BOB = ({"author": name, "link": f"https://example.org/{name}", "title": f"Of {name}"} for name in ("ann", "bob"))


@pytest.mark.parametrize(
    ("row", "fine"),
    [
        ({"license": "MIT"}, True),
        ({"license": "MIT OR CC-BY-SA-4.0"}, True),
        ({"license": "CC-BY-SA-4.0", "attribution": ANN}, True),
        ({"license": "CC-BY-SA-4.0 AND MIT", "attribution": [ANN, BOB]}, True),
        ({"license": "CC-BY-4.0", "attribution": []}, False),
        ({"license": "CC-BY-SA-4.0"}, False),
        ({"license": "CC-BY-SA-4.0", "attribution": "ann"}, False),
        ({"license": "CC-BY-SA-4.0", "attribution": [ANN, {"author": "bob", "link": ""}]}, False),
        ({"license": "CC-BY-SA-4.0", "attribution": {"author": " ", "link": "https://example.org/x"}}, False),
        ({"license": "CC-BY-SA-4.0", "attribution": {"author": "ann", "link": "http://[x"}}, False),
    ],
)
def test_share_alike_rows_name_author_and_link(row: dict[str, object], fine: bool) -> None:
    assert (attribution_missing(row) is None) == fine


def test_what_is_derived_owes_what_its_parents_owe() -> None:
    parents = [
        {"id": "a", "license": "CC-BY-SA-4.0", "attribution": [ANN]},
        {"id": "b", "license": "MIT OR Apache-2.0"},
        {"id": "c", "license": "CC-BY-SA-4.0", "attribution": BOB},
    ]
    owed = inherit(parents)
    assert owed.license == "CC-BY-SA-4.0 AND (MIT OR Apache-2.0)"
    assert owed.attribution == (Attribution(**ANN), Attribution(**BOB))
    assert is_share_alike(owed.license)
    assert Terms().judge(owed.license).share_alike
    child = {"license": owed.license, "attribution": [ANN, BOB]}
    assert unfaithful(child, parents) is None
    assert "is under CC-BY-SA-4.0" in str(unfaithful(child | {"license": "MIT"}, parents))
    assert "by bob" in str(unfaithful(child | {"attribution": [ANN]}, parents))


ROWS = st.fixed_dictionaries(
    {"id": st.text(max_size=3), "license": st.sampled_from(["MIT", "MIT OR ISC", *sorted(SHARE_ALIKE)])},
    optional={"attribution": st.lists(st.sampled_from([ANN, BOB]), min_size=1)},
).filter(lambda row: attribution_missing(row) is None)


@settings(deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=4))
def test_inheritance_is_always_faithful(parents: list[dict[str, object]]) -> None:
    owed = inherit(parents)
    child = {"license": owed.license, "attribution": [to_row(one) for one in owed.attribution]}
    assert unfaithful(child, parents) is None
    assert attribution_missing(child) is None
    assert set(attributions(child)) == set(chain.from_iterable(map(attributions, parents)))


@pytest.mark.parametrize("parents", [[], [{"license": ""}], [{"license": "CC-BY-SA-4.0"}]])
def test_what_cannot_be_passed_on_raises(parents: list[dict[str, object]]) -> None:
    with pytest.raises(ValueError, match="parent"):
        inherit(parents)
