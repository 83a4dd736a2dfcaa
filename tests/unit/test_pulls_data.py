"""Files that are no Rust go with the tests that read them, wherever they lie, and else with the code that does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oxidizer.miners.pulls.data import Data, How, Named
from oxidizer.miners.pulls.modules import Modules
from tests.unit.made_changes import Files, Made, divided

CODE = "pub fn one() -> u8 {\n    1\n}\n"
READS = """#[test]
fn reads() {
    include_str!("../data/new.csv");
    "../data/new.txt";
    include_bytes!("../data/sample");
    include_str!("../docs/new.md");
    check("stem");
}
"""
WALKS = '#[test]\nfn walks() {\n    walk("suite");\n    std::fs::read_dir("data").unwrap();\n}\n'


def laid_with_tests(file: str, source: str, changed: str = CODE, build: str = "") -> tuple[bool, bool]:
    """Whether a new file goes with the tests, and whether anything is left to the source part."""
    before: Files = {"src/lib.rs": CODE + source, "build.rs": build}
    after = {**before, "src/lib.rs": changed + source, "tests/reads.rs": READS, "tests/walks.rs": WALKS, file: b"1,2"}
    _, found, between = divided(before, after)
    return file.encode() in between, found.holds_source


@pytest.mark.parametrize("changed", [CODE, CODE.replace("1\n", "2\n")], ids=["tests alone", "source too"])
@pytest.mark.parametrize(
    "file", ["data/new.csv", "data/new.txt", "data/sample", "suite/parse/ok/b.json", "data/stem.json", "docs/new.md"]
)
@pytest.mark.parametrize("source", ["", 'const A: [&str; 5] = ["ok", "b", "stem", "sample", "suite"];\n'])
def test_what_tests_read_is_laid_with_them(file: str, source: str, changed: str) -> None:
    assert laid_with_tests(file, source, changed) == (True, changed != CODE)


@pytest.mark.parametrize("changed", [CODE, CODE.replace("1\n", "2\n")], ids=["tests alone", "source too"])
@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("data/new.csv", 'const ALL: &str = include_str!("../data/new.csv");\n'),
        ("data/dark.bin", 'const ALL: &str = "data/";\n'),
        ("data/dark.bin", 'fn f() { walk(format!("{}/data/*.bin", root)) }\n'),
        ("grammar.pest", '#[grammar = "grammar.pest"]\nstruct Parser;\n'),
        ("src/page.html", 'const PAGE: &str = include_str!("page.html");\n'),
        ("src/page", 'const PAGE: &[u8] = include_bytes!("page");\n'),
        ("locales/en.yml", 'fn f() { t("en") }\n'),
        ("assets/new.yml", 'fn f() { walk(root.join("assets")) }\n'),
    ],
)  # fmt: skip
def test_what_code_reads_stays_with_it(file: str, source: str, changed: str) -> None:
    assert laid_with_tests(file, source, changed) == (False, True)


def test_a_build_script_reads_what_it_names() -> None:
    assert laid_with_tests("sys/foo.c", "", build='fn main() { cc("sys/foo.c") }\n') == (False, True)
    assert laid_with_tests("data/foo.h", "", build='fn main() { cc().include("data") }\n') == (False, True)


def test_what_nobody_names_is_no_source_by_itself() -> None:
    assert laid_with_tests("tool.py", "// tool.py\n") == (True, False)
    assert laid_with_tests("tool.py", "", CODE.replace("1\n", "2\n")) == (False, True)


@pytest.mark.parametrize("file", ["CHANGELOG.md", "data/notes.md", "LICENSE", "docs/a.txt", ".github/a.yml"])
def test_words_to_people_and_what_runs_checks_are_in_neither_part(file: str) -> None:
    assert laid_with_tests(file, "") == (False, False)


def test_words_that_a_test_compares_with_the_manifest_are_not_laid_before_it_changes() -> None:
    tests = {"tests/v.rs": '#[test]\nfn v() {\n    assert_updated!("../README.md");\n}\n', "README.md": "1"}
    assert divided(tests, {**tests, "README.md": "2"})[2][b"README.md"] == (0o100644, b"1")


def test_what_goes_is_judged_by_who_read_it() -> None:
    read = 'const ALL: &str = include_str!("../data/old.csv");\n'
    before: Files = {"src/lib.rs": CODE, "data/old.csv": "1"}
    assert divided(before, {"src/lib.rs": CODE})[2].keys() == {b"src/lib.rs"}
    before = {"src/lib.rs": CODE + read, "data/old.csv": "1"}
    assert divided(before, {"src/lib.rs": CODE})[2].keys() == {b"src/lib.rs", b"data/old.csv"}


def test_a_link_that_no_code_names_is_no_source() -> None:
    link = (0o120000, b"../LICENSE-MIT")
    assert not divided({"a/LINK": (0o120000, b"x")}, {"a/LINK": link, "tests/a.rs": "x"})[1].holds_source


def named(file: str, source: str, where: str = "src/lib.rs") -> How:
    made = Made({}, {where: source})
    return Data(made, "after", Modules(made, "after")).named(file).code


@pytest.mark.parametrize(
    ("string", "how"),
    [
        ("../data/deep/new.csv", How.FILE), ("deep/new.csv", How.FILE), ("{}/deep/new.csv", How.FILE),
        ("new.csv", How.WORD), ("deep/new", How.FILE), ("data/", How.FOLDER), ("./data/*/x", How.FOLDER),
        ("data/deep", How.FOLDER), ("deep/", How.WORD), ("data", How.WORD), ("new", How.WORD),
        ("other/new.csv", How.NOT), ("data/other", How.NOT), ("new.csv.gz", How.NOT), ("", How.NOT),
    ],
)  # fmt: skip
def test_how_closely_a_string_names_a_file(string: str, how: How) -> None:
    assert named("data/deep/new.csv", f'fn f() {{ open("{string}", r#"{string}"#) }}\n') == how
    assert named("data/deep/new.csv", f'// open("{string}")\n') == How.NOT


@given(st.sampled_from(How), st.sampled_from(How))
def test_the_closer_name_decides_and_tests_have_the_words(tests: How, code: How) -> None:
    reader = Named(tests, code).reader
    assert (reader is None) == (tests is code is How.NOT)
    if tests != code:
        assert reader == ("tests" if tests > code else "code")
    elif tests:
        assert reader == ("tests" if tests is How.WORD else "code")
