"""What tuples show of the code: whole items around the edits and what the diagnostic marks, both sides with words."""

from oxidizer.cluster.edits import Edit
from oxidizer.miners.tuples import excerpt

SOURCE = b"""\
use std::fmt;

impl Named for Point {
    fn name(&self) -> u8 {
        1
    }
}

fn between() {}

fn last() {
    between();
}
"""
METHOD = b"    fn name(&self) -> u8 {\n        1\n    }\n"


def edit(old: bytes, new: bytes = b"") -> Edit:
    start = SOURCE.index(old)
    return Edit("src/lib.rs", start, start + len(old), new)


def test_an_item_that_goes_is_shown_with_what_it_stood_in() -> None:
    healthy, broken = excerpt(SOURCE, [edit(METHOD)])
    assert broken == "impl Named for Point {\n}"
    assert healthy == "impl Named for Point {\n" + METHOD.decode() + "}"
    healthy, broken = excerpt(SOURCE, [edit(b"fn between() {}\n\n")])
    assert "fn between() {}" in healthy
    assert broken == healthy.replace("fn between() {}\n\n", "")
    assert "fn " in broken


def test_what_the_diagnostic_marks_is_shown_too() -> None:
    renamed = [edit(b"fn between", b"fn betweens")]
    assert excerpt(SOURCE, renamed) == ("fn between() {}", "fn betweens() {}")
    use = SOURCE.index(b"between();")
    healthy, broken = excerpt(SOURCE, renamed, [use, use + 7])
    assert healthy == "fn between() {}\n\nfn last() {\n    between();\n}"
    assert broken == healthy.replace("fn between", "fn betweens")
    head = SOURCE.index(b"impl")
    healthy, broken = excerpt(SOURCE, [edit(b"1\n", b"2\n")], [head, head + 22])
    assert healthy == SOURCE[head : SOURCE.index(b"\n\nfn b")].decode()
    assert broken == healthy.replace("1\n", "2\n")


def test_what_it_marks_far_away_is_left_out() -> None:
    far = SOURCE + b"// more\n" * 4000 + b"fn far() {}\n"
    change = [edit(b"between();", b"last();")]
    assert excerpt(far, change, [far.index(b"far"), len(far) + 9]) == excerpt(far, change)
    assert excerpt(far, change)[1] == "fn last() {\n    last();\n}"


def test_a_file_without_words_is_shown_whole() -> None:
    assert excerpt(b"{}\n", [Edit("src/lib.rs", 0, 1, b"")]) == ("{}\n", "}\n")
