"""Items of source files and what libtest calls them: the same name elsewhere is another test."""

import pytest

from oxidizer.cluster.libtest import TestId
from oxidizer.cluster.manifest import ManifestFacts, TargetFacts
from oxidizer.miners.pulls.named import TestItem
from oxidizer.miners.pulls.written import written_tests


def package(name: str, member: str, *targets: tuple[str, str, str]) -> ManifestFacts:
    found = tuple(TargetFacts(target, (kind,), file, ()) for target, kind, file in targets)
    return ManifestFacts(name, "0.1.0", member, "2021", "MIT", None, None, None, {}, found)


ONE = package(
    "one", "one", ("one", "lib", "one/src/lib.rs"), ("api", "test", "one/tests/api.rs"),
    ("big", "test", "one/tests/big/main.rs"),
)  # fmt: skip
TWO = package("two", "two", ("two", "lib", "two/lib.rs"), ("tool", "bin", "two/src/bin/tool.rs"))


def home(file: str) -> tuple[ManifestFacts, str] | None:
    return next(((facts, file) for facts in (ONE, TWO) if file.startswith(f"{facts.member}/")), None)


def names(file: str, path: str, *tests: str) -> set[str]:
    known = [TestId(*test.split(" ")) for test in tests]
    found = written_tests([TestItem(file, path)], known, home)
    return {f"{t.package} {t.target} {t.name}" for t in found}


@pytest.mark.parametrize(
    ("file", "test"),
    [
        ("one/src/lib.rs", "one one tests::works"), ("one/tests/api.rs", "one api tests::works"),
        ("two/lib.rs", "two two tests::works"), ("two/src/bin/tool.rs", "two tool tests::works"),
        ("one/tests/big/main.rs", "one big tests::works"), ("one/src/a/b.rs", "one one a::b::tests::works"),
        ("one/src/a/mod.rs", "one one a::tests::works"), ("two/a.rs", "two two a::tests::works"),
        ("one/tests/big/a.rs", "one big a::tests::works"), ("one/tests/common/mod.rs", "one api common::tests::works"),
    ],
)  # fmt: skip
def test_of_equal_names_the_one_at_the_items_place_counts(file: str, test: str) -> None:
    others = [
        "one one tests::works", "one api tests::works", "one big tests::works", "two two tests::works",
        "two tool tests::works", "one one a::b::tests::works", "one one a::tests::works", "two two a::tests::works",
        "one big a::tests::works", "one api common::tests::works",
    ]  # fmt: skip
    assert names(file, "tests::works", *others) == {test}


def test_a_test_that_is_not_built_is_not_taken_for_its_namesake() -> None:
    # In a module that is there, under a condition that does not hold.
    assert names("one/src/a.rs", "tests::works", "one one a::tests::other", "one one b::tests::works") == set()
    assert names("one/src/lib.rs", "works", "one api works") == set()
    assert names("elsewhere/src/lib.rs", "works", "one one works") == set()


def test_behind_a_path_attribute_the_only_end_of_a_name_decides() -> None:
    assert names("one/src/odd.rs", "works", "one one named::works") == {"one one named::works"}
    assert names("one/src/odd.rs", "works", "one one named::works", "one one other::works") == set()


def test_what_a_macro_makes_of_an_item_is_named_below_it() -> None:
    found = names("one/src/lib.rs", "tests::adds", "one one tests::adds::case_1", "one one tests::adds_all")
    assert found == {"one one tests::adds::case_1"}
