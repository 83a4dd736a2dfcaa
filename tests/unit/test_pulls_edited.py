"""A change as calls of `edit`: the law that they give the new file, one by one and at once; and what is not told."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from oxidizer.cluster.edits import apply
from oxidizer.datasets.task import NotShown, read_calls
from oxidizer.datasets.task.answer import occurrences
from oxidizer.datasets.task.tools import arguments_of
from oxidizer.miners.pulls.edited import Edited, edited
from tests.unit.made_changes import Made

FILE = "src/lib.rs"
TEXTS = st.lists(st.sampled_from(["a\n", "b\n", "\n", "  }\n", "aa\n", "é\r\n", "c"]), max_size=12).map("".join)


def one(before: str | bytes | None, after: str | bytes | None, file: str = FILE) -> Edited:
    sides = ({} if side is None else {file: side} for side in (before, after))
    made = Made(*sides)
    (found,) = edited(made, made.changes)
    return found


def in_turn(found: Edited) -> bytes:
    text = found.before or b""
    for call in found.calls:
        old = call["old_text"].encode()
        assert occurrences(text, old) == 1 if old else text == b""
        text = text.replace(old, call["new_text"].encode(), 1)
    return text


@given(before=TEXTS, after=TEXTS)
@example(before="a\nb\n", after="b\nb\nb\n")
@example(before="a\n\na\nb\n", after="b\na\n\na\n")
@example(before="b\na", after="b\na\n")
def test_edits_give_the_new_file_one_by_one_and_at_once(before: str, after: str) -> None:
    if before == after:
        return
    if before and after and not before.strip():
        # Blanks alone are no text that could be named.
        with pytest.raises(NotShown):
            one(before, after)
        return
    found = one(before, after)
    assert in_turn(found) == after.encode()
    if before:
        read = read_calls([arguments_of(call) for call in found.calls], {FILE: before.encode()})
        assert apply(before.encode(), read) == after.encode()


def test_files_come_and_go() -> None:
    made = one(None, "fn a() {}\n")
    assert made.calls == ({"path": FILE, "old_text": "", "new_text": "fn a() {}\n"},)
    assert not made.needs_more
    assert list(made.reads()) == []
    assert one("x\n", None).needs_more
    assert one(None, "").needs_more


@pytest.mark.parametrize(
    ("file", "before", "after", "reason"),
    [
        ("logo.txt", b"\xff", b"a", "not_text"), ("a.rs", b"a\0", b"a", "not_text"),
        (".cargo/x", "a", "b", "forbidden_path"), ("a.rs", (0o120000, b"x"), (0o120000, b"y"), "no_change_of_text"),
        ("a.rs", (0o100755, b"x"), "x", "no_change_of_text"), ("a.rs", None, (0o100755, b"x"), "no_change_of_text"),
        ("\udcff.rs", "a", "b", "not_text"),
    ],
)  # fmt: skip
def test_what_no_edit_can_do_has_a_reason(file: str, before: bytes, after: bytes, reason: str) -> None:
    with pytest.raises(NotShown) as why:
        one(before, after, file)
    assert why.value.reason == reason


def test_cargo_writes_locks() -> None:
    made = Made({"Cargo.lock": "a", "a.rs": "a"}, {"Cargo.lock": "b", "a.rs": "b"})
    assert [found.file for found in edited(made, made.changes)] == ["a.rs"]


def test_a_short_file_is_read_whole_and_a_long_one_around_what_changes() -> None:
    lines = [f"line {at}\n" for at in range(1, 1001)]
    changed = [*lines[:499], "new\n", *lines[500:]]
    short = one("".join(lines[:400]), "".join(lines[:399]))
    assert [asked for asked, _ in short.reads()] == [{"path": FILE, "start_line": 1, "end_line": 400}]
    long = one("".join(lines), "".join(changed))
    assert long.is_long
    assert list(long.reads()) == [
        ({"path": FILE, "start_line": 470, "end_line": 530}, "".join(lines[469:530]))
    ]  # fmt: skip


def test_a_read_is_cut_with_a_word_and_goes_on_behind() -> None:
    lines = [f"line {at} {'x' * 300}\n" for at in range(1, 1001)]
    wide = one("".join(lines), "".join([*lines[:99], *lines[200:]]))
    first, *more = wide.reads()
    shown = first[1].splitlines()
    assert shown[-1].startswith("… (lines ")
    assert len(first[1].encode()) < 17 << 10
    text = "".join(answer if answer.endswith("\n") else answer.rpartition("…")[0] for _, answer in (first, *more))
    assert text == "".join(lines[69:230])
    assert more[0][0]["start_line"] == 70 + len(shown) - 1


def test_a_line_that_is_too_long_to_be_shown_is_a_reason() -> None:
    with pytest.raises(NotShown, match="longer than what is shown"):
        list(one("x" * 20_000 + "\na\n", "x" * 20_000 + "\nb\n").reads())
