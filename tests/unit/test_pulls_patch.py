"""The proof of a diff: it makes the tree after, from the tree before and nothing else."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oxidizer.miners.pulls.objects import GitError, Objects
from oxidizer.miners.pulls.patch import rebuilds
from tests.unit.made_repository import MadeRepository


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> MadeRepository:
    return MadeRepository(tmp_path_factory.mktemp("made") / "octo+crate.git")


@pytest.fixture(scope="module")
def objects(repo: MadeRepository) -> Iterator[Objects]:
    with Objects(repo.git_dir, repo.git_dir.parent / "scratch") as opened:
        yield opened


CONTENT = st.binary(max_size=30) | st.lists(st.sampled_from([b"a\n", b" \t\n", b"b\r\n", b"c"]), max_size=6).map(
    b"".join
)
MODE = st.sampled_from(["100644", "100755", "120000"])
TREES = st.dictionaries(
    st.sampled_from([b"a", b"d/b", b"d/e/c", b"caf\xe9", b"sp ace", b'q"uote', b"new\nline"]),
    st.tuples(MODE, CONTENT),
)  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TREES, TREES)
def test_the_diff_of_any_two_trees_rebuilds(repo: MadeRepository, objects: Objects, old: dict, new: dict) -> None:  # type: ignore[type-arg]
    before, after = (
        repo.tree({p: (m, repo.blob(c)) for p, (m, c) in tree.items() if m != "120000" or b"\0" not in c})
        for tree in (old, new)
    )
    diff = objects.diff(before, after)
    assert rebuilds(objects, before, diff, after)
    assert rebuilds(objects, before, diff, before) == (before == after)


def test_submodules_modes_and_binaries(repo: MadeRepository, objects: Objects) -> None:
    binary = bytes(range(256)) * 40
    before = repo.tree({"sub": ("160000", "1" * 40), "gone": ("160000", "2" * 40), "bin": binary, "run": "x\n"})
    program = ("100755", repo.blob("x\n"))
    after = repo.tree({"sub": ("160000", "3" * 40), "gone": None, "bin": binary[::-1], "run": program}, before)
    assert rebuilds(objects, before, objects.diff(before, after), after)


def test_a_diff_without_its_binary_part_does_not_rebuild(repo: MadeRepository, objects: Objects) -> None:
    before, after = repo.tree({"bin": b"\0old", "t": "a\n"}), repo.tree({"bin": b"\0new", "t": "b\n"})
    # In the repository itself git would find the blob by its id, and never miss the part.
    lacking = objects.run("diff-tree", "-r", "-p", "--full-index", before, after)
    assert b"Binary files" in lacking
    assert not rebuilds(objects, before, lacking, after)


def test_what_is_changed_cut_or_hostile_does_not_rebuild(repo: MadeRepository, objects: Objects) -> None:
    before, after = repo.tree({"a": "one\ntwo\n"}), repo.tree({"a": "one\nthree\n", "b": "x\n"})
    diff = objects.diff(before, after)
    hostile = diff.replace(b"b/b", b"b/../b").replace(b"a/b", b"a/../b")
    for bad in (diff[:-10], diff.replace(b"+three", b"+four"), b"", b"\xff\0", diff + diff, hostile):
        assert not rebuilds(objects, before, bad, after)
    assert rebuilds(objects, before, diff, after)


def test_nothing_stays_behind(repo: MadeRepository, objects: Objects) -> None:
    before, after = repo.tree({"a": "1\n"}), repo.tree({"a": "2\n"})
    rebuilds(objects, before, objects.diff(before, after), after)
    assert list(objects.store.glob("rebuild-*")) == []


def test_a_missing_tree_is_a_reason(repo: MadeRepository, objects: Objects) -> None:
    with pytest.raises(GitError) as error:
        rebuilds(objects, "1" * 40, b"", repo.tree({"a": "1\n"}))
    assert error.value.cause == "missing_object"
