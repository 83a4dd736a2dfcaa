"""A nursery's shell commands, and which mutants it takes: by what an edit leaves without its like, by where it lies."""

import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oxidizer.cluster.edits import Edit, apply
from oxidizer.cluster.layout import Mutant
from oxidizer.cluster.nursery import _pieces, body_region, command, stops
from oxidizer.cluster.rustc import Invocation

CODE = b"""\
struct Point { x: u32 }
impl Point {
    fn far(&self, text: &str) -> bool {
        fn inner() -> u8 { b'a' }
        text.len() > 3 && inner() > 1
    }
}
"""


def mutant(old: str, new: str) -> Mutant:
    start = CODE.index(old.encode())
    return Mutant((Edit("a.rs", start, start + len(old), new.encode()),), "a.rs", 0, len(CODE))


def read(_: str) -> bytes:
    return CODE


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("len()", "len(", True), ("len()", "len())", True), ("u32 }", "u32", True), ("b'a'", "b'a", True),
        ("text.len()", 'text.len"()', True), ("b'a'", 'b"a"', True), ("len()", "len", False), ("3 &&", "3 and", False),
        ("&str) -> bool", "&str): bool", False), ("b'a'", "b'b'", False), ("{ b'a' }", "b'a'", False),
        ("len()", "len[]", False), ("len()", "len(]", True),
    ],
)  # fmt: skip
def test_what_leaves_a_delimiter_or_a_quote_without_its_like_stops_the_compiler(
    old: str, new: str, expected: bool
) -> None:
    assert stops(mutant(old, new), read) is expected


def test_the_region_of_a_change_of_a_body_is_its_outermost_function() -> None:
    function = CODE.index(b"fn far"), CODE.rindex(b"}\n}") + 1
    assert body_region(mutant("3 &&", "3 and"), read) == function
    assert body_region(mutant("u8 {", "u8: {"), read) == function
    assert body_region(mutant("&self, text", "&self text"), read) is None
    assert body_region(mutant("x: u32", "x u32"), read) is None
    both = (*mutant("x: u32", "x u32").edits, *mutant("3 &&", "3 and").edits)
    assert body_region(Mutant(both, "a.rs", 0, len(CODE)), read) is None


@settings(max_examples=40, deadline=None)
@given(
    source=st.binary(max_size=60),
    cuts=st.lists(st.integers(0, 60), min_size=2, max_size=6, unique=True),
    put=st.lists(st.binary(max_size=9).map(lambda b: b.replace(b"\0", b"%")), min_size=3, max_size=3),
)
def test_the_shell_writes_what_edits_make(
    tmp_path_factory: pytest.TempPathFactory, source: bytes, cuts: list[int], put: list[bytes]
) -> None:
    places = sorted(min(cut, len(source)) for cut in cuts)
    pairs = zip(places[::2], places[1::2], put, strict=False)
    edits = [Edit("a", a, b, text) for a, b, text in pairs]
    if any(one.touches(other) for one, other in pairwise(edits)):
        return
    file = tmp_path_factory.mktemp("pieces") / "a"
    file.write_bytes(source)
    words = "; ".join(_pieces(edits, str(file))).encode("utf-8", "surrogateescape")
    done = subprocess.run(["sh", "-c", words], capture_output=True, check=True)
    assert done.stdout == apply(source, edits)


def test_a_mutant_of_two_files_is_put_and_taken_out_whole(tmp_path: Path) -> None:
    edits = (Edit("src/a b.rs", 0, 1, b"'"), Edit("src/lib.rs", 2, 2, b"%s\n"))
    target = Invocation(("--lib",), "member/src/lib.rs", "/box/src/member", ("src/lib.rs", "--cfg", 'f="x y"'), {})
    words = command(edits, target).replace("/box/target", str(tmp_path)).replace("/box/src", str(tmp_path / "healthy"))
    words = words.replace("/opt/rust/bin/rustc", "tail -n +1 ../src/*; echo")
    for folder in ("healthy/src", "oxidizer-batch/nursery/src", "oxidizer-batch/nursery/member"):
        (tmp_path / folder).mkdir(parents=True)
    for name in ("a b.rs", "lib.rs"):
        (tmp_path / "healthy/src" / name).write_bytes(b"abcd")
        (tmp_path / "oxidizer-batch/nursery/src" / name).symlink_to(tmp_path / "healthy/src" / name)
    done = subprocess.run(["sh", "-c", words], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("==> ../src/a b.rs <==\n'bcd\n==> ../src/lib.rs <==\nab%s\ncd")
    assert 'src/lib.rs --cfg f="x y" --error-format=json' in done.stdout
    for name in ("a b.rs", "lib.rs"):
        assert (tmp_path / "oxidizer-batch/nursery/src" / name).read_bytes() == b"abcd"
        assert (tmp_path / "healthy/src" / name).read_bytes() == b"abcd"
