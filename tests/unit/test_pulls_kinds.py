"""Which kind a pull request is of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oxidizer.miners.pulls.kinds import RULES, Told, deciding, kind_of, rationale
from oxidizer.miners.pulls.shape import Shape, shape_of
from tests.unit.made_changes import Files, Made

TITLES = {
    "safety": ["Fix undefined behavior in DerefMut", "Fix unsoundness in drain", "Insert_many: double drop",
               "Avoid use-after-free on panic", "Remove unneeded unsafe in parser", "Fix buffer overflow in reserve",
               "Make miri happy", "Fix data race in lazy init", "security: check lengths"],
    "deprecation": ["Deprecate `decode_config`", "Remove deprecated functions", "fix deprecation warnings"],
    "migration": ["Update to edition 2021", "Migrate to Rust 2018", "Bump MSRV to 1.60", "Update for latest nightly",
                  "Port to serde 1.0: upgrade to the new api", "Keep up with std::ascii reform", "update dependencies",
                  "Upgrade rand to 0.8"],
    "perf": ["Speed up decoding", "Optimize push", "perf: use memchr", "Avoid allocation in to_owned", "Use SIMD",
             "Inline small functions", "Re-use a long-lived buffer"],
    "bug_fix": ["Fix overflow on shrink", "fix(parser): accept empty", "Fix using grow to shrink to inline",
                "Don't panic on empty input", "Handle CRLF", "Reject a leading space", "Correct off-by-one in chunks",
                "Report EOF instead of aborting"],
    "refactor": ["Refactor reader", "refactor: simd swar", "Clean up tests", "Rename variants", "chore: fix clippy",
                 "Add changes that Clippy suggested", "Remove dead code", "Move tests to their own file"],
    "feature": ["Add `try_reserve`", "feat: namespaces", "Implement Clone for IntoIter", "Support no_std",
                "Allow borrowed events", "Expose raw attributes", "Make new a const fn"],
}  # fmt: skip


@pytest.mark.parametrize(("kind", "title"), [(kind, title) for kind, titles in TITLES.items() for title in titles])
def test_titles_speak(kind: str, title: str) -> None:
    assert kind_of(Told(title), Shape(code_added=5, code_removed=5)) == kind


@pytest.mark.parametrize(
    ("kind", "label"),
    [("bug_fix", "C-bug"), ("feature", "enhancement"), ("perf", "performance"), ("safety", "I-unsound"),
     ("refactor", "cleanup"), ("deprecation", "deprecation"), ("migration", "edition 2024")],
)  # fmt: skip
def test_labels_speak_where_titles_do_not(kind: str, label: str) -> None:
    assert kind_of(Told("Reader", labels=("good first issue", label)), Shape(code_added=1)) == kind


@pytest.mark.parametrize(
    ("kind", "told", "shape"),
    [
        ("dependency", Told("Search with memchr"), Shape(code_added=9, dependencies_added=("memchr",))),
        ("dependency", Told("Use the lazy-static crate"), Shape(dependencies_added=("lazy_static",))),
        ("dependency", Told("Reader"), Shape(code_added=9, dependencies_added=("memchr",))),
        ("feature", Told("Add a fuzzer"), Shape(public_added=3, dependencies_added=("arbitrary",))),
        ("safety", Told("Fix unsound search"), Shape(dependencies_added=("memchr",))),
        ("migration", Told("Housekeeping"), Shape(edition_changed=True, code_added=50, code_removed=50)),
        ("migration", Told("Housekeeping"), Shape(code_added=4, code_removed=4, old_ways_removed=4)),
        ("migration", Told("Reader"), Shape(code_added=4, code_removed=4, dependencies_changed=("rand",))),
        ("deprecation", Told("Housekeeping"), Shape(code_removed=9, public_removed=2, deprecated_removed=2)),
        ("safety", Told("Reader"), Shape(code_added=2, code_removed=2, unsafe_removed=2)),
        ("feature", Told("Streaming"), Shape(code_added=90, public_added=5)),
        ("bug_fix", Told("Streaming", "Fixes #12"), Shape(code_added=2)),
        ("feature", Told("Streaming", "Fixes #12"), Shape(code_added=90, public_added=5)),
        ("bug_fix", Told("Reader", messages=("Fix a wrong length\n\nmore",)), Shape(code_added=2)),
        ("bug_fix", Told("Reader"), Shape(code_added=2, test_lines=5)),
        ("perf", Told("Reader"), Shape(code_added=2, test_lines=5, bench_lines=5)),
        ("refactor", Told("Add missing test cases"), Shape(test_lines=50)),
        ("refactor", Told(""), Shape()),
        ("bug_fix", Told("Fix what is slow to fail", labels=("bug", "enhancement")), Shape(code_added=2)),
        ("feature", Told("Add handling of wrong lengths"), Shape(code_added=9, public_added=1)),
        ("bug_fix", Told("Add handling of wrong lengths"), Shape(code_added=9)),
    ],
)  # fmt: skip
def test_the_surest_rule_decides(kind: str, told: Told, shape: Shape) -> None:
    assert kind_of(told, shape) == kind


@given(st.text(max_size=80), st.text(max_size=80), st.lists(st.text(max_size=20), max_size=3), st.integers(0, 3))
def test_every_pull_request_has_one_kind_and_always_the_same(title: str, body: str, labels: list[str], n: int) -> None:
    told, shape = Told(title, body, tuple(labels)), Shape(code_added=n, public_added=n // 2)
    assert deciding(told, shape) is deciding(told, shape)


def test_rules_are_told_apart_by_name() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_what_is_said_of_a_dependency_is_its_rationale() -> None:
    told = Told("Use lazy-static", "Slow.\n\nlazy_static is tiny and has no dependencies.\n\nlazy_static2 is not.",
                messages=("Use lazy-static", "Other"))  # fmt: skip
    shape = Shape(dependencies_added=("lazy_static",))
    assert rationale(told, shape) == "Use lazy-static\n\nlazy_static is tiny and has no dependencies."
    assert rationale(told, Shape()) == ""


LIB = "pub fn a() {}\n#[deprecated]\npub fn old() {}\nfn b() {\n    unsafe { c() }\n    try!(d());\n}\n"


def shaped(before: Files, after: Files) -> Shape:
    made = Made(before, after)
    return shape_of(made, made.changes)


def test_the_shape_of_code() -> None:
    after = LIB.replace("#[deprecated]\npub fn old() {}\n", "pub struct New;\n").replace("unsafe { c() }", "c()")
    after = after.replace("pub fn a() {}", "pub fn a(x: u8) {}").replace("try!(d())", "d()?")
    found = shaped({"src/lib.rs": LIB}, {"src/lib.rs": after + "#[test]\nfn t() {\n    unsafe { x() }\n}\n"})
    assert found == Shape(
        public_added=1, public_removed=1, code_added=4, code_removed=5, test_lines=4, unsafe_removed=1,
        deprecated_removed=1, old_ways_removed=1, files=1,
    )  # fmt: skip


def test_code_that_moves_says_nothing() -> None:
    before = {"src/lib.rs": LIB, "src/b.rs": "fn z() {}\n"}
    found = shaped(before, {"src/lib.rs": "fn y() {}\n", "src/b.rs": "fn z() {}\n" + LIB})
    assert (found.public_added, found.public_removed, found.unsafe_added, found.code_added) == (0, 0, 0, 1)


def test_tests_and_benches_are_counted_apart() -> None:
    found = shaped({"benches/a.rs": "a\n"}, {"benches/a.rs": "b\n", "tests/t.rs": "a\nb\n"})
    assert (found.test_lines, found.bench_lines, found.code_added) == (4, 2, 0)


def test_the_shape_of_a_manifest() -> None:
    before = (
        '[package]\nname = "a"\nedition = "2018"\n[dependencies]\nx = "1"\ngone = "1"\n[dev-dependencies]\nd = "1"\n'
    )
    after = before.replace("2018", "2021").replace('x = "1"\ngone = "1"', 'x = "2"\n[dependencies.y]\nversion = "1"')
    found = shaped({"Cargo.toml": before}, {"Cargo.toml": after + 'e = "1"\n', "new/Cargo.toml": before})
    assert found == Shape(dependencies_added=("y",), dependencies_changed=("gone", "x"), edition_changed=True)
    assert shaped({"Cargo.toml": "[package"}, {"Cargo.toml": b"\xff"}) == Shape()
