"""What a fix may not do."""

import pytest

from oxidizer.cluster.edits import Edit, EditConflict
from oxidizer.cluster.policy import flags, silences

SOURCE = b"#[warn(dead_code)]\nfn f() { g(); panic!(); }\n#[allow(unused)]\nfn g() {}\n"


def edit(old: bytes, new: bytes) -> list[Edit]:
    at = SOURCE.index(old)
    return [Edit("a.rs", at, at + len(old), new)]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"fn f", b"#[allow(dead_code)]\nfn f"),
        (b"fn f", b"#![expect(unused)] fn f"),
        (b"fn f", b"# [ cfg(any()) ] fn f"),
        (b"fn f", b"#[cfg_attr(all(), allow(dead_code))]\nfn f"),
        (b"fn g", b"#[ignore]\nfn g"),
        (b"warn", b"allow"),
        (b"g();", b"todo!();"),
        (b"g();", b"unimplemented!();"),
        (b"panic!", b"todo!"),
    ],
)
def test_silencers(old: bytes, new: bytes) -> None:
    assert silences(edit(old, new), lambda _: SOURCE)


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"#[allow(unused)]\n", b""), (b"#[allow(unused)]", b"#[expect(unused)]"), (b"g();", b""), (b"unused", b"x")],
)
def test_no_silencers(old: bytes, new: bytes) -> None:
    assert not silences(edit(old, new), lambda _: SOURCE)


def test_taking_one_away_pays_for_one() -> None:
    both = [*edit(b"#[allow(unused)]\n", b""), *edit(b"fn f", b"#[allow(dead_code)] fn f")]
    assert not silences(both, lambda _: SOURCE)


def test_edits_that_clash_are_refused() -> None:
    with pytest.raises(EditConflict):
        silences([*edit(b"g();", b""), *edit(b"g();", b"h();")], lambda _: SOURCE)


def test_flags() -> None:
    assert flags(edit(b"g(); ", b" "), lambda _: SOURCE) == ["deletion"]
    assert flags(edit(b"g();", b"unreachable!();"), lambda _: SOURCE) == ["placeholder"]
    assert flags(edit(b"panic!", b"unreachable!"), lambda _: SOURCE) == []
    assert flags([Edit("a.rs", 0, 0, b"x")], lambda _: SOURCE) == []
