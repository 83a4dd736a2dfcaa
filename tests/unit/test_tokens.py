"""Tokens of code: those of the syntax tree, whatever comments and layout are, and in a time linear in the text."""

import os
import random
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tree_sitter import Node

from oxidizer.cluster.syntax import COMMENTS, parse_part
from oxidizer.datasets.corpus.tokens import layout_tokens, tokens, toml_tokens

HERE = [p for p in sorted((Path(__file__).parent.parent / "crates").rglob("*.rs")) if "target" not in p.parts]
SOURCES = [path.read_text("utf-8") for path in HERE]
WHOLE = {"string_literal", "raw_string_literal", "char_literal", "lifetime", "label"}
FEW = 150


def published() -> list[Path]:
    """Rust files that cargo has unpacked on this machine, a few of them, the same ones each time."""
    home = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo"))
    found = sorted(home.glob("registry/src/*/*/src/**/*.rs"))
    return random.Random(7).sample(found, min(FEW, len(found)))


def leaves(source: bytes) -> list[str]:
    """The tree's leaves without comments; what is in no leaf (separators in patterns of macros) is one, too."""
    found, todo, end = [], [parse_part(source).root_node], 0
    while todo:
        node: Node = todo.pop()
        if node.children and node.type not in WHOLE | COMMENTS:
            todo += reversed(node.children)
            continue
        found.append(source[end : node.start_byte])
        found.append(source[node.start_byte : node.end_byte] if node.type not in COMMENTS else b"")
        end = max(end, node.end_byte)
    return [text.decode().strip() for text in found if text.strip()]


def apart(found: list[str]) -> list[str]:
    """Signs one by one, since what belongs together of them is a matter of the grammar."""
    parts: list[str] = []
    for text in found:
        if text == "macro_rules!":
            parts += ["macro_rules", "!"]
        elif len(text) > 1 and text[0] in "'$" and text[-1] != "'":
            parts += [text[0], text[1:]]
        else:
            parts += [text] if text[0].isalnum() or text[0] in "_\"'" or text[-1] in "\"'" else text
    return parts


def test_tokens_are_the_leaves_of_the_tree() -> None:
    paths = [*HERE, *published()]
    seen = differ = 0
    for path in paths:
        source = path.read_bytes()
        if len(source) > 100_000 or parse_part(source).root_node.has_error:
            continue
        seen += 1
        differ += apart(leaves(source)) != apart(tokens(source.decode()))
    assert seen >= len(HERE)
    # The tree is the grammar's, and that has faults of its own.
    assert differ <= seen // 100


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("a /* b /* c */ d */ e // f\n/// g\n//! h\n/** i */ j", "a e j"),
        ('r"a" r#"b"c"# br##"d"#e"## cr"f" c"g" b"h" b\'i\'', 'r"a" r#"b"c"# br##"d"#e"## cr"f" c"g" b"h" b\'i\''),
        (r"""'a' '\'' '\u{1F600}' '"' 'b: 'static '_ <'c,'d>""",
         r"""'a' '\'' '\u{1F600}' '"' 'b : 'static '_ < 'c , 'd >"""),
        ("r#type r#\"s\"# 'r#l", "r#type r#\"s\"# 'r#l"),
        ("1_000u32 0xFFu8 1.5e-3f64 1. 1..2 x.0.1 1.max(2) 2e5",
         "1_000u32 0xFFu8 1.5e-3f64 1. 1 .. 2 x . 0 . 1 1 . max ( 2 ) 2e5"),
        ("Vec<Vec<u8>> a>>=b c&&d ||e ..=f", "Vec < Vec < u8 > > a > > = b c & & d | | e ..= f"),
        ('"// no comment" "/*" b', '"// no comment" "/*" b'),
        ("bar\"x\" é_1 \u200e$crate", 'bar "x" é_1 $ crate'),
        ('open "to the end', 'open "to the end'),
        ('r#"to the end"', 'r#"to the end"'),
    ],
)  # fmt: skip
def test_what_a_token_is(code: str, expected: str) -> None:
    assert " ".join(tokens(code)) == expected


BETWEEN = st.sampled_from([" ", "\n", "\t\r\n", "/* a \" ' */", ' // b " /*\n', "/* /* c */ */", "\n    /// d\n"])


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(SOURCES), st.lists(BETWEEN, min_size=1, max_size=40))
def test_comments_and_layout_never_matter(code: str, between: list[str]) -> None:
    found = tokens(code)
    rewritten = "".join(f"{token} {between[n % len(between)]}" for n, token in enumerate(found))
    assert tokens(rewritten) == found


@settings(deadline=None)
@given(st.text() | st.text(alphabet="/*\"'r#b\\cu{}0.1e-x \n\ud800"))
def test_any_text_has_tokens(text: str) -> None:
    for read in (tokens, toml_tokens, layout_tokens):
        found = read(text)
        assert all(found)
        assert len("".join(found)) <= len(text)


@settings(deadline=None)
@given(st.text(alphabet="/*\"'r#b\\cu{}0.1e-x \n"))
def test_tokens_stand_in_the_text_in_their_order(text: str) -> None:
    at = 0
    for token in tokens(text):
        at = text.index(token, at) + len(token)


HOSTILE = [
    "/*", "/* ", "/*/**/", "*/", "//",
    "r####", 'r#"', 'br##"a"#', '"', '"\\', '\\"', "'", "b'", "'\\u{", "1.", "1e", "a.0",
    '"""', "'''", '"""\\', "\ud800", "#", " ", "\n", "\n ", " \n", "r", "[[", "b'\\x",
]  # fmt: skip


@pytest.mark.parametrize("read", [tokens, toml_tokens, layout_tokens])
def test_hostile_text_takes_linear_time(read: object) -> None:
    assert callable(read)
    began_s = time.process_time()
    for piece in HOSTILE:
        read(piece * (65536 // len(piece)))
        read("/*" + piece * (65536 // len(piece)) + "*/")
    # Quadratic: each would take some 20 s.
    assert time.process_time() - began_s < 15


def test_toml_has_no_comments_and_no_lines() -> None:
    text = "[a.b]\nkey = \"#1\" # two\nlist = [\n  1, 'x', # three\n]\n[[bin]]\n"
    assert " ".join(toml_tokens(text)) == "[ a.b ] key = \"#1\" list = [ 1 , 'x' , ] [[ bin ]]"


def test_layout_is_all_but_the_first_indentation() -> None:
    assert layout_tokens("    a( b,\n        c ) // d") == layout_tokens("a( b,\n    c ) // d")
    assert layout_tokens("a( b )") != layout_tokens("a(b)")
