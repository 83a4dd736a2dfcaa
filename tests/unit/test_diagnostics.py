"""rustc's JSON as types: recorded complaints of a real crate, and variations of them."""

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from oxidizer.cluster.diagnostics import Diagnostic, counts, distinct, parse_diagnostic, relative, unasked
from oxidizer.cluster.edits import apply

DATA = Path(__file__).parent.parent / "data/diagnostics.jsonl"
RECORDED = [json.loads(line) for line in DATA.read_text("utf-8").splitlines()]
SOURCE = """#![warn(clippy::pedantic, clippy::nursery)]
use std::fmt::{Debug, Display};
pub fn parts(name: &str, n: i32) -> String {
    return format!("{}é{}", name, n);
}
""".encode()


def raw(code: str, nth: int = 0) -> dict[str, Any]:
    found = [r for r in RECORDED if (r["code"] or {}).get("code") == code]
    return copy.deepcopy(found[nth])


def suggestion(*parts: tuple[int, int, str], **span: Any) -> Diagnostic:
    """A complaint with one suggestion of these parts, in the tool's order."""
    message = raw("clippy::needless_return")
    child = next(c for c in message["children"] if c["spans"])
    one = child["spans"][0]
    child["spans"] = [
        {**one, "byte_start": a, "byte_end": b, "suggested_replacement": text, **span} for a, b, text in parts
    ]
    return parse_diagnostic(message)


def test_the_tree() -> None:
    found = parse_diagnostic(raw("clippy::uninlined_format_args"), "tiny")
    assert (found.level, found.package) == ("warning", "tiny")
    assert found.primary is not None
    assert (found.primary.file, found.primary.line_start) == ("src/lib.rs", 4)
    assert [c.level for c in found.children] == ["help", "note", "help"] or len(found.children) == 3
    assert "variables can be used directly" in found.rendered
    assert not found.is_error


def test_parts_belong_together() -> None:
    (fix,) = parse_diagnostic(raw("clippy::uninlined_format_args")).fixes()
    assert len(fix.edits) == 4
    assert fix.applicability == "MachineApplicable"
    assert b'format!("{name}\xc3\xa9{n}")' in apply(SOURCE, fix.edits), "offsets count bytes"


def test_alternatives_stand_alone() -> None:
    fixes = parse_diagnostic(raw("E0425")).fixes()
    assert len(fixes) == 5
    assert {f.applicability for f in fixes} == {"MaybeIncorrect"}
    assert fixes[0].edits[0].replacement == b"use std::error::Error;\n\n"
    assert len({f.edits for f in fixes}) == 5


def test_alternatives_of_several_parts() -> None:
    fixes = suggestion((5, 6, "a"), (20, 20, "b"), (5, 6, "c"), (20, 20, "d")).fixes()
    assert [[e.replacement for e in f.edits] for f in fixes] == [[b"a", b"b"], [b"c", b"d"]]
    back = suggestion((5, 5, "a"), (20, 20, "b"), (10, 10, "c")).fixes()
    assert [len(f.edits) for f in back] == [2, 1], "what goes back begins anew"


def test_parts_that_meet_become_one_edit() -> None:
    (fix,) = suggestion((0, 7, ""), (7, 7, "&"), (9, 9, "x"), (9, 10, "y")).fixes()
    assert [(e.start, e.end, e.replacement) for e in fix.edits] == [(0, 7, b"&"), (9, 10, b"xy")]
    assert len(fix.spans) == 4
    assert apply(b"ref mut a, b", fix.edits) == b"& axy b"


def test_the_least_sure_part_decides() -> None:
    message = raw("clippy::uninlined_format_args")
    child = next(c for c in message["children"] if c["spans"])
    child["spans"][1]["suggestion_applicability"] = "MaybeIncorrect"
    (fix,) = parse_diagnostic(message).fixes()
    assert fix.applicability == "MaybeIncorrect"
    child["spans"][2]["suggestion_applicability"] = None
    (fix,) = parse_diagnostic(message).fixes()
    assert fix.applicability == "Unspecified"


@pytest.mark.parametrize("file", ["/rustc/library/core/src/lib.rs", "/box/target/made.rs", "<quote expansion>"])
def test_no_fixes_outside_of_the_crate(file: str) -> None:
    assert suggestion((5, 6, "a"), file_name=file).fixes() == []


def test_no_fixes_inside_of_macros() -> None:
    message = raw("clippy::needless_return")
    span = copy.deepcopy(message["spans"][0])
    expansion = {"span": span, "macro_decl_name": "made!", "def_site_span": span}
    assert suggestion((5, 6, "a"), expansion=expansion).fixes() == []


def test_the_same_fix_in_two_notes_is_one() -> None:
    message = raw("clippy::needless_return")
    message["children"] += copy.deepcopy(message["children"])
    assert len(parse_diagnostic(message).fixes()) == 1


def test_each_place_once() -> None:
    unused, returned = (parse_diagnostic(raw(code)) for code in ("unused_variables", "clippy::needless_return"))
    elsewhere = raw("unused_variables")
    elsewhere["spans"][0]["line_start"] += 1
    moved = parse_diagnostic(elsewhere)
    shown = distinct([unused, returned, moved, unused, returned])
    assert sorted(d.place for d in shown) == sorted(d.place for d in (unused, returned, moved))
    assert counts(shown) == {unused.key: 2, returned.key: 1}


@pytest.mark.parametrize(
    ("level", "message"),
    [
        ("error", "aborting due to 2 previous errors; 1 warning emitted"),
        ("warning", "1 warning emitted"),
        ("warning", "13 warnings emitted"),
        ("error", "could not compile `a` due to 1 previous error"),
        ("failure-note", "For more information about this error, try `rustc --explain E0425`."),
        ("note", "some note"),
    ],
)
def test_what_speaks_of_the_run_is_left_out(level: str, message: str) -> None:
    assert distinct([Diagnostic(level, None, message, (), (), "")]) == ()


@pytest.mark.parametrize(
    ("level", "code", "error", "compile_error"),
    [
        ("error", "E0308", True, True),
        ("error", None, True, True),
        ("error", "clippy::needless_return", True, False),
        ("error", "unused_mut", True, False),
        ("warning", "E0133", False, False),
        ("error: internal compiler error", None, True, True),
    ],
)
def test_kinds_of_errors(level: str, code: str | None, error: bool, compile_error: bool) -> None:
    found = Diagnostic(level, code, "words", (), (), "")
    assert (found.is_error, found.is_compile_error) == (error, compile_error)
    assert found.is_ice == ("internal" in level)


ASKED = "   = note: `#[warn(unused_parens)]` (part of `#[warn(unused)]`) on by default\n"


@pytest.mark.parametrize(
    ("after", "bar"),
    [
        ("\n\n", ""),
        ("   = help: why\n\n", "   |\n"),
        ("help: remove these\n   |\n1 - x\n", "   |\n"),
        ("note: x\n", "   |\n"),
    ],
)
def test_who_asked_for_a_lint_goes_with_the_bar_that_led_to_it_alone(after: str, bar: str) -> None:
    complaint = parse_diagnostic(raw("clippy::needless_return"))
    head = "warning: unnecessary parentheses\n  --> src/lib.rs:1:1\n   |\n1 | x\n   | ^\n"
    told = unasked(replace(complaint, rendered=f"{head}   |\n{ASKED}{after}"))
    assert told.rendered == f"{head}{bar}{after}"
    assert unasked(told) == told


def test_paths() -> None:
    assert relative("/box/src/src/lib.rs") == relative("src/lib.rs") == "src/lib.rs"
    assert relative("src/../shared/a.rs") == "shared/a.rs"
    assert relative("src/./a.rs") == "src/a.rs"
    assert relative("/box/target/x.rs") == "/box/target/x.rs"
    assert relative("<anon>") == "<anon>"
