"""Laws of edits: a diff of edits, applied by us or by git, gives what the edits give."""

import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oxidizer.cluster.edits import Edit, EditConflict, apply, from_diff, inverse, map_back, unified_diff

TEXT = st.lists(st.sampled_from(["a", "b", "fn f() {", "}", "", "\tx", "é", "c\r"]), max_size=14).flatmap(
    lambda lines: st.sampled_from(["\n".join(lines), "\n".join([*lines, ""])])
)
WITH = st.sampled_from(["", "x", "\n", "y\nz", "new line\n", "\nlead", "}\n"])


@st.composite
def edited(draw: st.DrawFn) -> tuple[bytes, list[Edit]]:
    source = draw(TEXT).encode()
    cuts = sorted(draw(st.sets(st.integers(0, len(source)), max_size=6)))
    pairs = list(zip(cuts[::2], cuts[1::2], strict=False))
    return source, [Edit("src/lib.rs", a, b, draw(WITH).encode()) for a, b in pairs]


@st.composite
def meeting(draw: st.DrawFn) -> tuple[bytes, list[Edit]]:
    """Edits of which some meet: one ends where the next begins."""
    source = draw(TEXT).encode()
    cuts = sorted(draw(st.sets(st.integers(0, len(source)), max_size=6)))
    taken = [pair for pair in pairwise(cuts) if draw(st.booleans())]
    return source, [Edit("src/lib.rs", a, b, draw(WITH).encode()) for a, b in taken]


@given(meeting() | edited())
@settings(max_examples=400)
def test_the_inverse_takes_edits_back(case: tuple[bytes, list[Edit]]) -> None:
    source, edits = case
    assert apply(apply(source, edits), inverse(edits, lambda _: source)) == source


@given(edited())
@settings(max_examples=400)
def test_diff_and_back(case: tuple[bytes, list[Edit]]) -> None:
    source, edits = case
    diff = unified_diff(edits, lambda _: source)
    back = from_diff(diff, lambda _: source)
    assert apply(source, back) == apply(source, edits)


@given(edited())
@settings(max_examples=25, deadline=None)
def test_git_applies_the_diff(tmp_path_factory: pytest.TempPathFactory, case: tuple[bytes, list[Edit]]) -> None:
    source, edits = case
    diff = unified_diff(edits, lambda _: source)
    if not diff:
        assert apply(source, edits) == source
        return
    root = tmp_path_factory.mktemp("tree")
    file = root / "src/lib.rs"
    file.parent.mkdir()
    file.write_bytes(source)
    subprocess.run(
        ["git", "apply", "-p1", "--whitespace=nowarn", "-"],
        cwd=root,
        input=diff.encode("utf-8", "surrogateescape"),
        check=True,
        env={"PATH": "/usr/bin:/bin", "GIT_CEILING_DIRECTORIES": str(root.parent)},
    )
    assert (file.read_bytes() if file.exists() else b"") == apply(source, edits)


@given(edited(), st.data())
def test_map_back_finds_untouched_bytes(case: tuple[bytes, list[Edit]], data: st.DataObject) -> None:
    source, edits = case
    if not source:
        return
    at = data.draw(st.integers(0, len(source) - 1))
    if any(e.start <= at < e.end or e.start == at for e in edits):
        return
    grown = sum(len(e.replacement) - (e.end - e.start) for e in edits if e.start < at)
    assert map_back(at + grown, edits) == at


def test_overlap_is_refused() -> None:
    with pytest.raises(EditConflict):
        apply(b"abcdef", [Edit("f", 0, 3, b""), Edit("f", 2, 4, b"")])
    with pytest.raises(EditConflict):
        apply(b"abc", [Edit("f", 2, 9, b"")])
    with pytest.raises(EditConflict):
        Edit("f", 3, 2, b"")


def test_two_insertions_at_one_place_are_refused() -> None:
    """Their order would be a guess."""
    with pytest.raises(EditConflict):
        apply(b"abc", [Edit("f", 1, 1, b"x"), Edit("f", 1, 1, b"y")])


def test_a_diff_that_does_not_fit_is_refused() -> None:
    diff = unified_diff([Edit("f", 0, 1, b"z")], lambda _: b"abc\n")
    with pytest.raises(ValueError, match="does not fit"):
        from_diff(diff, lambda _: b"other\n")


def test_paths_stay_as_they_are(tmp_path: Path) -> None:
    diff = unified_diff([Edit("a dir/f.rs", 0, 1, b"z")], lambda _: b"abc\n")
    assert from_diff(diff, lambda file: {"a dir/f.rs": b"abc\n"}[file])
