"""Tokens and the index of a crate: text and tokens are one another's, and a change is seen as if it had always been."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oxidizer.serve.policies.templates.index import CrateIndex, CrateView, kind_of
from oxidizer.serve.policies.templates.tokens import glued, joined, tokens, words

CRATES = Path(__file__).resolve().parents[1] / "crates"
SOURCES = {str(path.relative_to(CRATES)): path.read_bytes() for path in sorted(CRATES.glob("mistakes/[lt]*.rs"))}
TOKENS = sorted({token for text in SOURCES.values() for token in words(text)})


def test_there_is_code_to_read() -> None:
    assert len(SOURCES) > 3
    assert len(TOKENS) > 100


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"a != b && !c!(d)", [b"a", b"!=", b"b", b"&&", b"!", b"c!", b"(", b"d", b")"]),
        (b"'a: 'b' + b'\\'' \"x\\\"\" r#\"a\"b\"#", [b"'a", b":", b"'b'", b"+", b"b'\\''", b'"x\\""', b'r#"a"b"#']),
        (b"x.0..=1.5e3 // no\n/* nor */ 0u8", [b"x", b".", b"0", b"..=", b"1.5e3", b"0u8"]),
        ("ä = 'é'".encode(), ["ä".encode(), b"=", "'é'".encode()]),
        (b'"open', [b'"open']),
        (b"fn r#in<'a>()", [b"fn", b"r#in", b"<", b"'a", b">", b"(", b")"]),
    ],
)
def test_tokens(text: bytes, said: list[bytes]) -> None:
    found = tokens(text)
    assert list(found.said) == said
    assert [text[a:b] for a, b in zip(found.starts, found.ends, strict=True)] == said


@given(st.lists(st.sampled_from(TOKENS), max_size=12))
def test_what_is_joined_says_the_same(said: list[bytes]) -> None:
    assert list(tokens(joined(said)).said) == said


@given(st.binary(max_size=60))
def test_any_text_has_tokens_with_nothing_but_blanks_and_comments_between(text: bytes) -> None:
    found = tokens(text)
    at = 0
    for start, end in zip(found.starts, found.ends, strict=True):
        between = text[at:start]
        assert not between.strip() or between.lstrip().startswith(b"/")
        at = end


def test_glue_keeps_words_apart() -> None:
    assert glued(b"let x", 4, 4, b"mut") == b"mut "
    assert glued(b"(x)", 1, 1, b"&mut") == b"&mut "
    assert glued(b"let mut x", 4, 7, b"") == b""
    assert glued(b"return x", 6, 7, b"") == b" "
    assert glued(b"&T", 1, 1, b"'a") == b"'a "


def test_kinds_of_names() -> None:
    said = words(b"a.b(c.d, E::f, g())")
    assert [kind_of(said, said.index(name)) for name in (b"a", b"b", b"c", b"d", b"E", b"f", b"g")] == [
        "variable", "method", "variable", "field", "type", "path", "function",
    ]  # fmt: skip
    assert kind_of(words(b"let x"), 0) == ""


@st.composite
def changed(draw: st.DrawFn) -> dict[str, bytes]:
    """The sources with a run of one file's tokens replaced."""
    name = draw(st.sampled_from(sorted(SOURCES)))
    found = tokens(SOURCES[name])
    start = draw(st.integers(0, len(found)))
    end = draw(st.integers(start, min(len(found), start + 6)))
    new = joined(draw(st.lists(st.sampled_from(TOKENS), max_size=5)))
    a = found.starts[start] if start < len(found) else len(SOURCES[name])
    b = max(a, found.ends[end - 1]) if end else a
    return {**SOURCES, name: SOURCES[name][:a] + b" " + new + b" " + SOURCES[name][b:]}


BASE = CrateIndex(SOURCES)


@settings(deadline=None)  # files are read anew
@given(changed(), st.data())
def test_a_change_is_seen_as_if_it_had_always_been(files: dict[str, bytes], data: st.DataObject) -> None:
    view, alone = CrateView(BASE, files), CrateView(CrateIndex(files), files)
    said = words(b" ".join(files.values()))
    at = data.draw(st.integers(2, len(said) - 1))
    one, other, third = said[at - 2 : at + 1]
    assert view.once(third) == alone.once(third)
    assert view.twice(other, third) == alone.twice(other, third)
    assert view.thrice(one, other, third) == alone.thrice(one, other, third)
    assert view.likelihood(one, other, third) == alone.likelihood(one, other, third)
    assert Counter(view.names()) == Counter(alone.names())
    for kind in ("method", "field", "path", "type", "function", "variable"):
        assert view.of_kind(kind) == alone.of_kind(kind)
    for name in (one, other, third):
        assert sorted(map(repr, view.definitions(name))) == sorted(map(repr, alone.definitions(name)))
    seen = [Counter((t.said[i - 3 : i + 2], i) for t, i in v.behind(one, other)) for v in (view, alone)]
    assert seen[0] == seen[1]


def test_what_was_there_before_is_forgotten() -> None:
    healthy = {"src/lib.rs": b"fn f() { let secret = 1; g(secret) }\nfn h() { i() }"}
    broken = {"src/lib.rs": b"fn f() { let x = 1; g(y) }\nfn h() { i() }"}
    view = CrateView(CrateIndex(healthy), broken)
    assert b"secret" not in view.names()
    assert view.once(b"secret") == 0
    assert b"secret" not in view.of_kind("variable")
    assert not list(view.behind(b"let", b"secret"))
