"""Product code in folders and files that are called as those of tests are: its module decides."""

import pytest

from oxidizer.miners.pulls.modules import Modules
from oxidizer.miners.pulls.places import Place, place_of
from tests.unit.made_changes import Made, divided


@pytest.mark.parametrize(
    "file",
    ["bench/src/lib.rs", "src/bench/runner.rs", "src/snapshots/mod.rs", "src/fuzz/mod.rs", "crates/test/src/lib.rs"],
)
def test_product_code_is_source_whatever_its_folder_is_called(file: str) -> None:
    assert place_of(file) is Place.RUST
    _, found, between = divided({file: "fn a() {}\n"}, {file: "fn b() {}\n"})
    assert between[file.encode()] == (0o100644, b"fn a() {}\n")
    assert found.source_lines == 2


@pytest.mark.parametrize(
    "file",
    ["tests/src/lib.rs", "a/benches/src/b.rs", "fixtures/one/src/lib.rs", "examples/e/src/main.rs", "test/a.rs",
     "fuzz/fuzz_targets/a.rs", "bench/benches/b.rs"],
)  # fmt: skip
def test_what_lies_beside_source_is_for_tests(file: str) -> None:
    assert place_of(file) is Place.TEST
    assert divided({file: "fn a() {}\n"}, {file: "fn b() {}\n"})[2][file.encode()][1] == b"fn b() {}\n"


@pytest.mark.parametrize(
    ("file", "root", "is_for_tests"),
    [
        ("src/tests.rs", "#[cfg(test)]\nmod tests;\n", True), ("src/test.rs", "pub mod test;\n", False),
        ("src/tests/mod.rs", "pub(crate) mod tests;\n", False), ("src/test.rs", "// mod test;\n", True),
        ("src/tests/a.rs", "#[cfg(test)]\n#[path = \"tests/a.rs\"]\nmod odd;\n", True),
        ("src/test.rs", "#[cfg(test)]\nmod test;\n#[cfg(not(test))]\nmod test;\n", False),
        ("src/bin/test.rs", "", False), ("src/fixtures/a.rs", "", True), ("src/fixtures/a.rs", "mod a;", True),
        ("src/fixtures.rs", "mod fixtures;", False),
    ],
)  # fmt: skip
def test_a_module_is_for_tests_where_it_is_declared_so(file: str, root: str, is_for_tests: bool) -> None:
    made = Made({}, {"src/lib.rs": root, file: "fn a() {}\n"})
    assert Modules(made, "after").is_for_tests(file) is is_for_tests


def test_modules_of_product_code_called_tests_are_product_code() -> None:
    root = {"src/lib.rs": "pub mod tests;\n", "src/tests/mod.rs": "mod deep;\n"}
    _, found, _ = divided({**root, "src/tests/deep.rs": "fn a() {}\n"}, {**root, "src/tests/deep.rs": "fn b() {}\n"})
    assert found.source_lines == 2


def test_the_manifest_of_product_code_is_read_by_its_tables() -> None:
    manifest = '[package]\nname = "a"\n'
    for files, lines in (({"test/src/lib.rs": ""}, 1), ({"test/a.rs": ""}, 0), ({"test/tests/src/a.rs": ""}, 0)):
        before = {**files, "test/Cargo.toml": manifest}
        assert divided(before, {**files, "test/Cargo.toml": manifest + "edition = 1\n"})[1].source_lines == lines
