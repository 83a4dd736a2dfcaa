"""Mistakes in what a package inherits of its workspace: edits of the right file, none where nothing is inherited."""

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oxidizer.cluster.edits import apply
from oxidizer.miners.mistakes import mistakes
from oxidizer.miners.operators import family, operators
from oxidizer.miners.operators.operator import Code

ROOT = """\
[workspace]
members = ["pen", "other"] # and more

[workspace.package]
edition = "2021" # for all

[workspace.dependencies]
ink = "1.0" # black
nib = { version = "2", features = [
    "steel", # hard
    'gold',
] }
card.version = "3"

[workspace.dependencies."paper"]
version = "4"
default-features = false
features = ["lined"]

[workspace.dependencies.glue]
version = "5"

[dependencies]
ink = "1.0"
"""
LINES = """\
[package]
name = "pen"
edition.workspace = true

[dependencies]
# The ink.
ink.workspace = true # black
nib = { workspace = true, features = ["gold"] }
"paper" = { version = "4", features = ["lined"] } # white
card.workspace = true
"""
TABLES = """\
[package]
edition = { workspace = true }

[dependencies.nib]
workspace = true
features = [
    "round",
    "flat",
]

# White.
[dependencies.glue]
version = "5"
features = ["hot"]

[dependencies.paper]
workspace = true
optional = true

[dev-dependencies]
ink.workspace = true
"""
NAMES = [operator.name for operator in operators() if family(operator) == "manifest_workspace"]


def made(member: str, *names: str, root: str = ROOT, file: str = "pen/Cargo.toml") -> Iterator[tuple[str, str, str]]:
    """What some operators make of a workspace: the changed file, its text, the cause."""
    code = Code(file, member.encode(), Code("Cargo.toml", root.encode()))
    for mistake in mistakes(code, [operator for operator in operators() if operator.name in (names or NAMES)]):
        assert {edit.file for edit in mistake.site.edits} == {mistake.file}
        source = (root if mistake.file == "Cargo.toml" else member).encode()
        start, end = mistake.region
        assert source[start:end].startswith(b"[")
        yield mistake.file, apply(source, mistake.site.edits).decode(), mistake.site.cause


def read(member: str, name: str, file: str = "Cargo.toml") -> list[dict[str, Any]]:
    found = list(made(member, name))
    assert {one for one, _, _ in found} == {file}
    return [tomllib.loads(text) for _, text, _ in found]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("member", [LINES, TABLES])
def test_every_mistake_leaves_a_manifest_and_changes_it(member: str, end: str) -> None:
    texts = {"Cargo.toml": ROOT.replace("\n", end), "pen/Cargo.toml": member.replace("\n", end)}
    found = list(made(texts["pen/Cargo.toml"], root=texts["Cargo.toml"]))
    assert len(found) >= 5
    for file, text, _ in found:
        assert tomllib.loads(text) != tomllib.loads(texts[file])
        assert text.count("\n") == text.count(end)


def test_a_feature_leaves_the_roots_entry_unless_the_package_asks_for_it_too() -> None:
    kept = [one["workspace"]["dependencies"]["nib"]["features"] for one in read(LINES, "drop_workspace_feature")]
    assert kept == [["gold"]]
    kept = [one["workspace"]["dependencies"]["nib"]["features"] for one in read(TABLES, "drop_workspace_feature")]
    assert kept == [["gold"], ["steel"]]


def test_default_features_go_in_each_form_of_an_entry() -> None:
    off = {"default-features": False}
    first, second = (one["workspace"]["dependencies"] for one in read(LINES, "drop_workspace_defaults"))
    assert first["ink"] == {"version": "1.0", **off}
    assert second["nib"] == {"version": "2", "features": ["steel", "gold"], **off}
    glued = '[dependencies]\nglue = { workspace = true }\npaper.workspace = true\nnib.version = "2"\n'
    (one,) = read(glued, "drop_workspace_defaults")
    assert one["workspace"]["dependencies"]["glue"] == {"version": "5", **off}
    assert one["dependencies"] == {"ink": "1.0"}


@pytest.mark.parametrize("setting", ["default-features", "default_features"])
def test_a_package_that_speaks_of_default_features_keeps_its_own(setting: str) -> None:
    assert (
        list(made(f"[dependencies]\nink = {{ workspace = true, {setting} = true }}\n", "drop_workspace_defaults")) == []
    )


def test_an_entry_of_its_own_becomes_one_that_inherits() -> None:
    ((file, text, cause),) = made(LINES, "inherit_dependency")
    assert (file, text) == (
        "pen/Cargo.toml",
        LINES.replace(' = { version = "4", features = ["lined"] }', ".workspace = true"),
    )
    assert cause.endswith("does not ask for its default features")
    (_, first, cause), (_, second, _) = made(TABLES, "inherit_dependency")
    assert tomllib.loads(first)["dependencies"]["nib"] == {"workspace": True}
    assert cause.endswith("does not ask for its feature `round` and its feature `flat`")
    assert second == TABLES.replace('version = "5"\nfeatures = ["hot"]', "workspace = true")


@pytest.mark.parametrize(
    "entry",
    [
        'ink = "1.0"',
        'ink = { version = "1.0" }',
        'nib = { version = "2", features = ["gold"] }',
        'nib = { workspace = true, features = ["round"] }',
        'paper = { version = "4", default-features = false }',
        'paper = { package = "card", version = "4" }',
        'unknown = { version = "1", features = ["one", "two"] }',
    ],
)
def test_an_entry_that_says_no_more_than_the_roots_stays(entry: str) -> None:
    assert list(made(f"[dependencies]\n{entry}\n", "inherit_dependency")) == []


def test_an_inherited_edition_is_lowered_at_the_root_and_dropped_in_the_package() -> None:
    for member in (LINES, TABLES):
        editions = [one["workspace"]["package"]["edition"] for one in read(member, "lower_workspace_edition")]
        assert editions == ["2018", "2015"]
        (dropped,) = read(member, "drop_inherited_edition", "pen/Cargo.toml")
        assert "edition" not in dropped["package"]


def test_the_cause_names_the_one_who_inherits() -> None:
    causes = [cause for file, _, cause in made(LINES) if file == "Cargo.toml"]
    assert causes
    assert all("pen/Cargo.toml" in cause for cause in causes)


def test_a_cause_holds_no_end_of_a_line() -> None:
    ((_, _, cause),) = made(LINES.replace("\n", "\r\n"), "drop_inherited_edition")
    assert cause == "the line `edition.workspace = true` is missing, and with it the workspace's edition `2021`"


def test_a_root_that_is_a_package_inherits_of_itself() -> None:
    root = ROOT.replace('[dependencies]\nink = "1.0"\n', LINES)
    code = Code("Cargo.toml", root.encode(), Code("Cargo.toml", root.encode()))
    found = list(mistakes(code, operators()))
    assert {mistake.file for mistake in found} == {"Cargo.toml"}
    assert {mistake.operator.name for mistake in found} >= {*NAMES, "dependency_to_dev"}
    for mistake in found:
        shared = tomllib.loads(apply(root.encode(), mistake.site.edits).decode())["workspace"]
        # The other operators of manifests leave alone what the package inherits of.
        assert (shared != tomllib.loads(root)["workspace"]) == ("workspace" in mistake.operator.name)


def test_what_the_root_depends_on_itself_is_not_the_members() -> None:
    code = Code("pen/Cargo.toml", LINES.encode(), Code("Cargo.toml", ROOT.encode()))
    for mistake in mistakes(code, operators()):
        if mistake.file == "Cargo.toml":
            text = apply(ROOT.encode(), mistake.site.edits).decode()
            assert tomllib.loads(text)["dependencies"] == {"ink": "1.0"}


@pytest.mark.parametrize(
    "root",
    [
        "",
        '[workspace]\nmembers = ["pen"]\n',
        '[workspace.package]\nversion = "1.0.0"\n[workspace.dependencies]\n',
        '[workspace.package]\nedition = "2015"\n',
        '[dependencies]\nink = "1"\n[package]\nedition = "2021"\n',
        '[workspace.dependencies]\nother = { version = "1", features = ["a"] }\n',
        '[workspace.metadata.dependencies]\nink = { version = "1", features = ["a"] }\n',
        '[workspace.dependencies]\nink = { version = "1", features = ["a"]\n',
        '[[workspace.dependencies]]\nink = "1"\n',
        "fn main() {}\n",
    ],
)
@pytest.mark.parametrize("member", [LINES, TABLES])
def test_a_root_that_declares_nothing_to_inherit_has_no_mistake(root: str, member: str) -> None:
    assert list(made(member, root=root)) == []


@pytest.mark.parametrize(
    "member",
    [
        "",
        '[package]\nname = "pen"\nedition = "2021"\n',
        '[dependencies]\nink = "1.0"\n[dependencies.nib]\nversion = "2"\n',
        "[dev-dependencies]\nnib.workspace = true\n",
        "[target.'cfg(unix)'.dependencies]\nnib.workspace = true\n",
        "[dependencies.nib]\n# workspace = true\n",
        "[package]\nversion.workspace = true\nlicense = { workspace = true }\n",
        "[[bin]]\nedition.workspace = true\n",
        "[package.metadata]\nedition.workspace = true\n",
        "[dependencies]\nnib.workspace = true\nnib.features = ['round']\n",
        "[dependencies]\nnib.workspace = \n",
    ],
)
def test_a_package_that_inherits_nothing_has_no_mistake(member: str) -> None:
    assert list(made(member)) == []


def test_a_root_that_is_no_toml_leaves_the_packages_own_mistakes() -> None:
    assert list(made(LINES, "drop_dependency_feature", root=f"{ROOT}[\n"))
    assert list(made(LINES, root=f"{ROOT}[\n")) == []


def test_without_a_workspace_there_is_none_to_change() -> None:
    chosen = [operator for operator in operators() if operator.name in NAMES]
    assert list(mistakes(Code("pen/Cargo.toml", LINES.encode()), chosen)) == []


@given(st.text("[]{}=.,'\"#\n workspacedni10-", max_size=60), st.booleans())
def test_no_text_stops_the_search(tail: str, at_root: bool) -> None:
    root, member = (f"{ROOT}\n{tail}\n", LINES) if at_root else (ROOT, f"{TABLES}\n{tail}\n")
    for _, text, _ in made(member, root=root):
        assert text
