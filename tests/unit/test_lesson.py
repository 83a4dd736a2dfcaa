"""What of a row is compared: the same lesson in other clothes has the same key, another lesson never has."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oxidizer.cluster.edits import Edit, unified_diff
from oxidizer.datasets.corpus.lesson import code_tokens, content_key, lesson_tokens
from oxidizer.datasets.corpus.near import pairs
from oxidizer.datasets.corpus.signature import estimate, signatures
from oxidizer.datasets.records import to_row
from tests.unit.run_fixture import LESSONS, diag_fix, reject

BEFORE = """\
fn total(items: &[Item], rate: u32) -> u32 {
    let mut sum = 0;
    for item in items.iter() {
        sum += item.price * rate;
    }
    log::debug!("the sum of {} items", items.len());
    if sum > LIMIT { LIMIT } else { sum + item_count(items) as u32 }
}
"""
AFTER = BEFORE.replace("items.iter()", "items")


def row(before: str = BEFORE, after: str = AFTER, **changes: Any) -> dict[str, Any]:
    """A lesson of clippy's about these items."""
    made = to_row(diag_fix(LESSONS[0], "one", "1.0.0", 10))
    error = {**made["error"], **{key: changes.pop(key) for key in ("tool", "code", "message") if key in changes}}
    code = {"code_before": before, "code_after": after}
    return {**made, **code, "patch_diff": diff("src/lib.rs", before, after), "error": error, **changes}


def diff(file: str, before: str, after: str) -> str:
    return unified_diff([Edit(file, 0, len(before.encode()), after.encode())], lambda _: before.encode())


def near(one: dict[str, Any], other: dict[str, Any]) -> float:
    return float(estimate(signatures([lesson_tokens(one)]), signatures([lesson_tokens(other)]))[0])


def test_a_lesson_is_the_edit_in_its_surroundings() -> None:
    shown = [token.removeprefix("clippy:clippy::use_self") for token in lesson_tokens(row(), surroundings=3)]
    assert shown == [" for", " item", " in", " items", "-.", "-iter", "-(", "-)", " {", " sum", " +="][1:]


@pytest.mark.parametrize(
    "clothes",
    [
        {"crate": "other", "version": "9.9.9"},
        {"file": "src/deep/other.rs"},
        {"source_url": "https://forge.example/fork", "commit": "0" * 40},
        {"before": BEFORE.replace("    ", "\t\t"), "after": AFTER.replace("    ", "\t\t")},
        {"before": "/// Adds up.\n" + BEFORE, "after": "// Not.\n" + AFTER},
        {"message": "in other words"},
    ],
    ids=lambda clothes: " ".join(clothes),
)
def test_the_same_lesson_elsewhere_has_the_same_key(clothes: dict[str, Any]) -> None:
    assert content_key(row(**clothes)) == content_key(row())
    assert lesson_tokens(row(**clothes)) == lesson_tokens(row())


@pytest.mark.parametrize(
    "change",
    [
        {"code": "clippy::other"},
        {"tool": "rustc"},
        {"before": AFTER, "after": BEFORE},
        {"before": BEFORE.replace("sum", "summe"), "after": AFTER.replace("sum", "summe")},
        {"after": BEFORE.replace("items.iter()", "items.into_iter()")},
        {"file": "build.toml"},
    ],
    ids=str,
)
def test_another_lesson_has_another_key(change: dict[str, Any]) -> None:
    assert content_key(row(**change)) != content_key(row())


def test_the_same_edit_in_a_changed_function_is_near_and_other_edits_are_not() -> None:
    for name, least in (("item_count", 1.0), ("debug", 0.7), ("rate", 0.7)):
        changed = row(*(text.replace(name, "renamed") for text in (BEFORE, AFTER)))
        assert content_key(changed) != content_key(row())
        assert near(changed, row()) >= least
    other = row(BEFORE.replace("sum += item.price", "sum += &item.price"), BEFORE)
    assert near(other, row()) < 0.5
    assert near(row(code="clippy::other"), row()) == 0.0
    assert near(row(AFTER, BEFORE), row()) < 0.7


def test_two_bugs_of_one_function_are_of_the_same_code() -> None:
    one = row(BEFORE.replace("mut sum", "sum"), BEFORE)
    other = row(BEFORE.replace("as u32", ""), BEFORE)
    assert code_tokens(one) == code_tokens(other)
    made = signatures([code_tokens(one), code_tokens(row())])
    assert pairs(made, 0.7).tolist() == [[0, 1]]
    assert content_key(one) != content_key(other)


def test_of_layout_layout_is_the_lesson() -> None:
    long, short = AFTER.replace("{ LIMIT }", "{\n    LIMIT\n}"), AFTER
    one = row(long, short, tool="rustfmt", code=None)
    assert any(token.startswith("rustfmt:-") for token in lesson_tokens(one))
    other = row(AFTER.replace("mut  sum", "mut sum").replace("rate: ", "rate :"), short, tool="rustfmt", code=None)
    assert content_key(one) != content_key(other)
    nested = [text.replace("\n", "\n        ").strip() for text in (long, short)]
    assert content_key(row(*("        " + text for text in nested), tool="rustfmt", code=None)) == content_key(
        row(long.strip(), short.strip(), tool="rustfmt", code=None)
    )


def test_of_comments_comments_are_the_lesson() -> None:
    one, other = (row(f"/// See {name}.\n{AFTER}", f"/// See `{name}`.\n{AFTER}") for name in ("a_b", "c_d"))
    assert content_key(one) != content_key(other)
    assert [token[-2:] for token in lesson_tokens(one) if "use_self+" in token] == ["+`", "+`"]


def test_of_a_manifest_its_keys_are_the_lesson() -> None:
    tables = ('[dependencies]\nlog = "0.4" # of\n', '[dependencies]\n# text\nlog = { version = "0.4" }\n')
    one = row(*tables, file="Cargo.toml")
    other = row(*(table.replace(" = ", "=").replace("# of", "") for table in tables), file="member/Cargo.toml")
    assert content_key(one) == content_key(other)
    assert content_key(row(*(t.replace("0.4", "0.5") for t in tables), file="Cargo.toml")) != content_key(one)
    assert "clippy:clippy::use_self+version" in lesson_tokens(one)


def test_other_files_of_the_patch_count_and_lock_files_do_not() -> None:
    alone = row()
    locked = row(patch_diff=alone["patch_diff"] + diff("Cargo.lock", 'version = "1"', 'version = "2"'))
    two = row(patch_diff=alone["patch_diff"] + diff("src/b.rs", "f(1);", "f(2);"))
    assert content_key(locked) == content_key(alone)
    assert content_key(two) != content_key(alone)
    assert "clippy:clippy::use_self+2" in lesson_tokens(two)
    assert code_tokens(two) == code_tokens(alone)
    only = [{**to_row(reject("a", "1", "probe", "x")), "patch_diff": diff("Cargo.lock", "a", new)} for new in "bc"]
    assert content_key(only[0]) != content_key(only[1])


def test_rejects_are_compared_by_their_patches_and_by_their_words() -> None:
    bare = to_row(reject("a", "1.0.0", "probe", "still_there"))
    patched = {**bare, "patch_diff": diff("src/a.rs", "f(1);", "f( 2 ); // two")}
    elsewhere = {**bare, "crate": "b", "patch_diff": diff("src/b.rs", "f(1);", "f(2);")}
    assert content_key(patched) == content_key(elsewhere)
    assert content_key(patched) != content_key({**patched, "reason": "new_diagnostic"})
    assert code_tokens(patched)
    unpatched = {**bare, "patch_diff": None, "error": None, "detail": "cannot find a"}
    assert [token.split()[-1] for token in lesson_tokens(unpatched)] == ["cannot", "find", "a"]
    assert code_tokens(unpatched) == []


WORDS = st.lists(st.sampled_from(["a", "b", "(", ")", "+", "//x\n", "\n", " "]), max_size=30).map(" ".join)


@settings(deadline=None)
@given(WORDS, WORDS, st.integers(0, 5))
def test_both_sides_can_be_read_from_a_lesson(before: str, after: str, surroundings: int) -> None:
    changed = row(before, after)
    whole = [token.removeprefix("clippy:clippy::use_self") for token in lesson_tokens(changed, surroundings=1 << 20)]
    if not any(token[0] in "+-" for token in whole):
        return
    kept = [[token[1:] for token in whole if token[0] in f" {sign}"] for sign in "-+"]
    if code_tokens(row("", before)) != code_tokens(changed):
        assert kept == [code_tokens(row("", before)), code_tokens(changed)]
    assert set(lesson_tokens(changed, surroundings=surroundings)) <= {
        *(f"clippy:clippy::use_self{token}" for token in whole), "clippy:clippy::use_self…",
    }  # fmt: skip


def test_a_text_in_which_everything_differs_is_not_matched_token_by_token() -> None:
    many = "a(b, c); " * 4000
    shown = lesson_tokens(row(f"x {many}", f"{many} y z {many}"))
    assert len(shown) > 4000
