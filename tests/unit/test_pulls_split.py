"""A change divided into tests and source: by syntax, hunk by hunk, exactly."""

import random
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oxidizer.cluster.syntax import parse
from oxidizer.miners.pulls.marks import mark_rust
from oxidizer.miners.pulls.named import TestItem
from oxidizer.miners.pulls.objects import Hunk
from oxidizer.miners.pulls.pieces import divide
from oxidizer.miners.pulls.split import Split, Unsplittable, split
from tests.unit.made_changes import Made, divided

CODE = "pub fn one() -> u8 {\n    1\n}\n"
TESTS = """
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn works() {
        assert_eq!(one(), 1);
    }
}
"""


def one(before: str, after: str, file: str = "src/lib.rs") -> tuple[Split, str]:
    _, found, between = divided({file: before}, {file: after})
    return found, between[file.encode()][1].decode()


def test_inline_tests_are_told_from_source() -> None:
    after = CODE.replace("1\n", "2 - 1\n") + TESTS.replace("assert_eq!(one(), 1)", "assert_ne!(one(), 2)")
    found, between = one(CODE + TESTS, after)
    assert between == CODE + TESTS.replace("assert_eq!(one(), 1)", "assert_ne!(one(), 2)")
    assert found.source_lines == 2
    assert found.tests == {TestItem("src/lib.rs", "tests::works")}


def test_a_hunk_of_both_is_divided_by_line() -> None:
    before = "fn a() {\n    x();\n}\n#[test]\nfn t() {\n    a();\n}\n"
    after = "fn a() {\n    x(1);\n    y();\n}\n\n#[test]\nfn s() {\n    b();\n}\n"
    # One hunk that holds it all, as a diff may well have it.
    pieces = divide(mark_rust(before.encode()), mark_rust(after.encode()), [Hunk(1, 5, 1, 7)])
    assert [piece.part for piece in pieces.pieces] == ["same", "source", "test", "same"]
    assert pieces.before.decode() == before
    assert pieces.after.decode() == after
    assert "x();" in pieces.between.decode()
    assert "fn s()" in pieces.between.decode()
    assert not parse(pieces.between).root_node.has_error


def test_tests_that_come_between_functions_do_not_take_a_brace_along() -> None:
    before = "fn a() {\n    x();\n}\n"
    after = before + "\n#[test]\nfn t() {\n    a();\n}\n"
    old, new = mark_rust(before.encode()), mark_rust(after.encode())
    # The same insertion, told from one line further up: `}` of the old function stands for the new one's.
    pieces = divide(old, new, [Hunk(2, 0, 2, 5)])
    assert pieces.between.decode() == after
    assert pieces.source_lines == 0


def test_a_bracket_that_the_diff_took_for_another_is_given_back() -> None:
    before = "fn a() {\n    x();\n}\n"
    after = "fn a() {\n    y();\n}\n\n#[test]\nfn t() {\n    a();\n}\n"
    pieces = divide(mark_rust(before.encode()), mark_rust(after.encode()), [Hunk(1, 1, 1, 6)])
    assert pieces.between.decode() == before + "#[test]\nfn t() {\n    a();\n}\n"
    assert (pieces.before.decode(), pieces.after.decode()) == (before, after)


def test_code_before_2018_parses() -> None:
    before = "fn a() { try!(b()); }\n"
    with pytest.raises(Unsplittable):
        one(before, before.replace(" }", " } #[test] fn t() {\n    x();\n}"))


def test_a_last_line_without_its_end_is_no_glue() -> None:
    _, between = one("fn a() {}", "fn a() { b() }\n#[test]\nfn t() {}\n")
    assert between == "fn a() {}\n#[test]\nfn t() {}\n"


def test_what_makes_old_code_a_test_is_source() -> None:
    found, between = one("fn a() {\n    b();\n}\n", "#[cfg(test)]\nfn a() {\n    b();\n}\n")
    assert between == "fn a() {\n    b();\n}\n"
    assert found.source_lines == 1


@pytest.mark.parametrize(
    "file", ["tests/a.rs", "benches/b.rs", "examples/c.rs", "x/tests/in.txt", "fixtures/a.bin", "src/tests.rs",
             "fuzz/Cargo.toml", "src/snapshots/a.snap"],
)  # fmt: skip
def test_files_of_tests_go_whole(file: str) -> None:
    made, _, between = divided({file: "fn a() {}\n", "src/lib.rs": "a"}, {file: "fn b() {}\n", "src/lib.rs": "b"})
    assert between[file.encode()] == made.laid["after"][file.encode()]
    assert between[b"src/lib.rs"] == (0o100644, b"a")


def test_files_of_tests_come_go_and_change_their_kind_whole() -> None:
    before = {"tests/old.rs": "#[test]\nfn a() {}\n", "tests/run.sh": "x", "tests/link": "y"}
    after = {
        "tests/new.rs": "#[test]\nfn a() {}\n",
        "tests/run.sh": (0o100755, b"x"),
        "tests/link": (0o120000, b"run.sh"),
    }
    made, found, between = divided(before, after)
    assert between == made.laid["after"]
    assert not found.holds_source
    assert not found.tests, "it only moved"


def test_a_module_declared_for_tests_is_one_whatever_it_is_called() -> None:
    root = "pub fn a() {}\n#[cfg(test)]\nmod checks;\nmod plain;\n"
    before = {
        "src/lib.rs": root,
        "src/checks.rs": "mod deep;\n",
        "src/checks/deep.rs": "fn a() {}\n",
        "src/plain.rs": "a",
    }
    after = {**before, "src/checks/deep.rs": "fn b() {}\n", "src/plain.rs": "b"}
    _, _, between = divided(before, after)
    assert between[b"src/checks/deep.rs"][1] == b"fn b() {}\n"
    assert between[b"src/plain.rs"][1] == b"a"


def test_modules_that_declare_each_other_end() -> None:
    files = {"src/a.rs": "mod b;\nmod a;\n", "src/a/b.rs": "x", "src/a/mod.rs": "mod a; mod b;", "src/mod.rs": "mod a;"}
    divided(files, {**files, "src/a/b.rs": "y"})


def test_a_new_file_of_both_stays_with_the_source() -> None:
    root = {"src/lib.rs": "mod old;\n"}
    _, found, between = divided(root, {"src/lib.rs": "mod old;\nmod new;\n", "src/new.rs": CODE + TESTS})
    assert b"src/new.rs" not in between
    assert found.source_lines == 1 + len((CODE + TESTS).splitlines())
    assert not found.tests
    _, found, between = divided(root, {**root, "src/old.rs": CODE + TESTS})
    assert between[b"src/old.rs"][1].decode() == TESTS[1:]
    assert found.tests == {TestItem("src/old.rs", "tests::works")}


def test_files_of_both_that_go_stay_till_the_source_part() -> None:
    _, found, between = divided({"src/old.rs": CODE + TESTS, "src/t.rs": TESTS}, {})
    assert list(between) == [b"src/old.rs"]
    assert found.source_lines == len((CODE + TESTS).splitlines())


def test_what_is_no_text_is_told() -> None:
    link = (0o160000, b"abc")
    before = {
        "Cargo.lock": "a",
        "sub": link,
        "src/l.rs": (0o120000, b"lib.rs"),
        "src/b.rs": b"\0a",
        "src/x.rs": "fn a() {}",
    }
    after = {"Cargo.lock": "b", "sub": (0o160000, b"def"), "src/l.rs": "x", "src/b.rs": b"\0b",
             "src/x.rs": (0o100755, b"fn a() {}")}  # fmt: skip
    made, found, between = divided(before, after)
    assert between == made.laid["before"]
    assert (found.source_lines, found.others) == (0, 2)


def test_names_that_are_no_text_are_taken_as_they_are() -> None:
    path = b"tests/\xff.rs".decode("utf-8", "surrogateescape")
    _, found, between = divided({}, {path: "#[test]\nfn a() {}\n"})
    assert b"tests/\xff.rs" in between
    assert [item.file for item in found.tests] == [path]


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        ("src/lib.rs", "fn a() { }\n", "fn a() { } #[test] fn t() {\n    x();\n}\n"),
        ("Cargo.toml", '[test]\nname = "a"\n', '[[test]]\nname = "b"\n'),
    ],
)  # fmt: skip
def test_parts_that_hang_together_are_refused(file: str, before: str, after: str) -> None:
    made = Made({file: before}, {file: after})
    with pytest.raises(Unsplittable) as caught:
        split(made, "before", "after", made.changes)
    assert (caught.value.cause, caught.value.file) == ("does_not_parse", file)


def test_what_did_not_parse_before_is_not_asked_to_now() -> None:
    _, between = one("fn a() { }\nfn {\n", "fn a() { } #[test] fn t() {\n    x();\n}\n")
    assert "x();" in between


MANIFEST = '[package]\nname = "a"\n\n[dependencies]\nx = "1"\n\n[dev-dependencies]\ny = "1"\n'


@pytest.mark.parametrize(
    "added",
    ['z = "1"\n', '\n[dev-dependencies.z]\nversion = "1"\n', '\n[[test]]\nname = "t"\n', '\n[[bench]]\nname = "t"\n',
     '\n[[example]]\nname = "t"\n', "\n[target.'cfg(unix)'.dev-dependencies]\nz = \"1\"\n",
     '\n# why\n[target.x.dev-dependencies.z]\nversion = "1"\n'],
)  # fmt: skip
def test_tables_for_tests_belong_to_the_tests(added: str) -> None:
    found, between = one(MANIFEST, MANIFEST.replace('x = "1"', 'x = "2"') + added, "Cargo.toml")
    assert between == MANIFEST + added
    assert found.source_lines == 2


@pytest.mark.parametrize(
    "added", ["\n[features]\nz = []\n", '\n[target.x.dependencies]\nz = "1"\n', '\n[bin]\nname = "t"\n']
)
def test_other_tables_do_not(added: str) -> None:
    found, between = one(MANIFEST, MANIFEST + added, "Cargo.toml")
    assert between == MANIFEST
    assert found.source_lines == added.count("\n")


def test_a_dependency_that_moves_to_all_code_stays_with_the_tests_till_then() -> None:
    after = '[package]\nname = "a"\n\n[dependencies]\nx = "1"\ny = "1"\n\n[dev-dependencies]\nz = "1"\n'
    _, between = one(MANIFEST, after, "Cargo.toml")
    assert 'y = "1"' in between
    assert 'z = "1"' in between


def test_what_tests_inherit_is_offered_to_them() -> None:
    root = '[workspace]\nmembers = ["a"]\n\n[workspace.dependencies]\nx = "1"\n'
    before = {"Cargo.toml": root, "a/Cargo.toml": MANIFEST}
    members = MANIFEST.replace('x = "1"', "w.workspace = true") + "z = { workspace = true }\n"
    after = {"Cargo.toml": root + 'z = "1"\nw = "1"\n', "a/Cargo.toml": members}
    _, _, between = divided(before, after)
    assert between[b"Cargo.toml"][1].decode() == root + 'z = "1"\n'
    assert between[b"a/Cargo.toml"][1].decode() == MANIFEST + "z = { workspace = true }\n"


DOC = "/// Adds.\n///\n/// ```\n/// assert_eq!(add(1), 2);\n/// ```\npub fn add(x: u8) -> u8 {\n    x + 1\n}\n"


def test_examples_in_documentation_are_tests_and_prose_is_not() -> None:
    after = DOC.replace("add(1), 2", "add(2), 3").replace("Adds.", "Adds one.").replace("x + 1", "1 + x")
    found, between = one(DOC, after)
    assert between == DOC.replace("add(1), 2", "add(2), 3")
    assert found.doctests == {TestItem("src/lib.rs", "add #1")}
    assert found.source_lines == 4


def test_the_documentation_of_new_code_comes_with_it() -> None:
    found, between = one(CODE, CODE + "\n" + DOC)
    assert between == CODE
    assert not found.doctests


def test_blocks_that_are_no_rust_are_prose() -> None:
    text = DOC.replace("/// ```\n/// assert", "/// ```text\n/// assert")
    assert one(text, text.replace("add(1)", "add(2)"))[1] == text


def test_only_the_test_whose_text_changed_is_named() -> None:
    source = "cases! { one: 1 => 2, two: 2 => 3 }\n#[test]\nfn a() {}\n\n#[test]\nfn b() {}\n"
    found, _ = one(
        source, source.replace("2 => 3", "2 => 4").replace("#[test]\nfn b", "#[test]\n#[ignore]\nfn b"), "tests/t.rs"
    )
    assert {item.path for item in found.tests} == {"two", "b"}


NAMES = ["a", "b", "c", "d", "e"]
BODIES = ["x();", "y();", "if z { x(); }", 'let s = "}";', "// }"]
FUNCTIONS = st.builds(
    lambda n, b, doc: f"{doc}fn {n}() {{\n    {b}\n}}\n", st.sampled_from(NAMES), st.sampled_from(BODIES),
    st.sampled_from(["", "/// Prose.\n", "/// ```\n/// a();\n/// ```\n"]),
)  # fmt: skip
CASES = st.builds(
    lambda n, b: f"#[test]\nfn t_{n}() {{\n    {b}\n}}\n", st.sampled_from(NAMES), st.sampled_from(BODIES)
)
MODULES = st.lists(CASES, min_size=1, max_size=3).map(lambda cs: "#[cfg(test)]\nmod tests {\n" + "\n".join(cs) + "}\n")
SOURCES = st.lists(FUNCTIONS, max_size=4)
PARTS = st.lists(CASES | MODULES, max_size=3)


def file_of(source: list[str], tests: list[str], order: int) -> bytes:
    """Items of both kinds, mingled, each kind in its order."""
    kinds = [0] * len(source) + [1] * len(tests)
    random.Random(order).shuffle(kinds)
    left = [list(source), list(tests)]
    return "\n".join(left[kind].pop(0) for kind in kinds).encode()


def lines_by(text: bytes, wanted: bool) -> list[bytes]:
    """The lines of tests, or of all else, that say something."""
    marked = mark_rust(text)
    pairs = zip(marked.lines, marked.marks, marked.neutral, strict=True)
    return [line.strip() for line, mark, neutral in pairs if not neutral and (mark == "test") == wanted]


@settings(max_examples=150, deadline=None)
@given(SOURCES, PARTS, SOURCES, PARTS, st.integers(0, 5))
def test_any_change_is_laid_in_two_steps_byte_for_byte(
    source: list[str], tests: list[str], source_after: list[str], tests_after: list[str], order: int
) -> None:
    old, new = file_of(source, tests, order), file_of(source_after, tests_after, order)
    try:
        made, _, between = divided({"src/lib.rs": old}, {"src/lib.rs": new})
    except Unsplittable:
        return
    assert made.laid["before"].keys() == between.keys()
    assert not parse(between[b"src/lib.rs"][1]).root_node.has_error


@settings(max_examples=150, deadline=None)
@given(SOURCES, PARTS, PARTS, st.integers(0, 5))
def test_a_change_of_tests_alone_is_all_test_part(
    source: list[str], tests: list[str], after: list[str], seed: int
) -> None:
    old, new = ("\n".join(source + some).encode() for some in (tests, after))
    found, between = one(old.decode(), new.decode())
    assert lines_by(between.encode(), True) == lines_by(new, True)
    assert lines_by(between.encode(), False) == lines_by(old, False)
    assert (found.source_lines == 0) == (between.encode() == new)


@settings(max_examples=150, deadline=None)
@given(st.lists(FUNCTIONS.filter(lambda f: "```" not in f), max_size=4),
       st.lists(FUNCTIONS.filter(lambda f: "```" not in f), max_size=4), PARTS)  # fmt: skip
def test_a_change_of_source_alone_has_no_test_part(source: list[str], after: list[str], tests: list[str]) -> None:
    old, new = ("\n".join(some + tests).encode() for some in (source, after))
    _, between = one(old.decode(), new.decode())
    assert lines_by(between.encode(), False) == lines_by(old, False)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200), st.binary(max_size=200))
def test_bytes_of_any_kind_are_divided_or_refused(old: bytes, new: bytes) -> None:
    for file in ("src/lib.rs", "Cargo.toml", "tests/a.rs"):
        with suppress(Unsplittable):
            divided({file: old}, {file: new})
