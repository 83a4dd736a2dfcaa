"""Steps of a fix in words: whole pieces of code, else the lines that they stand in."""

import pytest

from oxidizer.cluster.edits import Edit
from oxidizer.miners.steps import steps


def told(broken: str, mended: str, *places: tuple[str, str]) -> str:
    """The steps from the broken text to the mended one; each place is what stands there, and its successor."""
    edits, at = [], 0
    for old, new in places:
        at = broken.index(old, at)
        edits.append(Edit("a.rs", at, at + len(old), new.encode()))
        at += len(old)
    assert "".join(_applied(broken, edits)) == mended
    return steps(edits, lambda _: broken.encode())


def _applied(text: str, edits: list[Edit]) -> list[str]:
    parts, at = [], 0
    for edit in edits:
        parts += [text[at : edit.start], edit.replacement.decode()]
        at = edit.end
    return [*parts, text[at:]]


@pytest.mark.parametrize(
    ("broken", "mended", "places", "said"),
    [
        # A word is told whole though an edit changes a part of it; what both sides share is not told.
        ("w.write(a);", "w.write_all(a);", [("write(", "write_all(")], "replaces `write` by `write_all`"),
        ("fo(a);", "foo(a);", [("fo", "foo")], "replaces `fo` by `foo`"),
        # Fragments become lines.
        ("let i;\n    i = 1;\n", "let i = 1;\n", [(";\n    i", "")], "`let i; i = 1;` becomes `let i = 1;`"),
        ("f(a, b);\n", "f(a);\n", [(", b", "")], "`f(a, b);` becomes `f(a);`"),
        ("a(b;\n", "a(b);\n", [(";", ");")], "`a(b;` becomes `a(b);`"),
        # So do different edits of one line, but not equal ones, and not those of several lines.
        ("a = b;\n", "b = a;\n", [("a", "b"), ("b", "a")], "`a = b;` becomes `b = a;`"),
        ("x + x;\n", "y + y;\n", [("x", "y"), ("x", "y")], "replaces `x` by `y` in 2 places"),
        ("p!();\nq();\nr!();\n", "q();\n", [("p!();\n", ""), ("r!();\n", "")], "removes `p!();`; removes `r!();`"),
        # A chain of methods is glued together as people write it.
        ("a\n    .b()\n    .c();", "a\n    .b();", [("\n    .c()", "")], "removes `.c()`"),
        ("a\n  .b();", "d\n  .b(e);", [("a", "d"), ("()", "(e)")], "replaces `a` by `d`; inserts `e`"),
        ('f("(");', 'g("(");', [("f", "g")], "replaces `f` by `g`"),
        ("a ;", "a;", [(" ;", ";")], "changes white space alone"),
        # What holds no word is told with the smallest expression that does, if it has one.
        ("if a != b { c }", "if a == b { c }", [("!", "=")], "`a != b` becomes `a == b`"),
        ("f(a.b, c);", "f(&a.b, c);", [("a.b", "&a.b")], "`a.b` becomes `&a.b`"),
        ("f(&a.b, c);", "f(a.b, c);", [("&", "")], "`&a.b` becomes `a.b`"),
        ("x(f(a) + 1);", "x(f(a)? + 1);", [("f(a)", "f(a)?")], "`f(a)` becomes `f(a)?`"),
        ("S { a: b.c, d: e }", "S { a: b.c(), d: e }", [(".c", ".c()")], "`a: b.c` becomes `a: b.c()`"),
        (
            "const A: u8 = 1;\n\n}\n",
            "const A: u8 = 1;\n\n",
            [("}\n", "")],
            "`const A: u8 = 1; }` becomes `const A: u8 = 1;`",
        ),
        (
            "const A: u8 = b + 1 < c;",
            "const A: u8 = b < c;",
            [("+ 1 <", "<")],
            "`const A: u8 = b + 1 < c;` becomes `const A: u8 = b < c;`",
        ),
    ],
)
def test_a_step_is_told_in_whole_pieces(broken: str, mended: str, places: list[tuple[str, str]], said: str) -> None:
    assert told(broken, mended, *places) == said


def test_long_lines_are_shown_from_shortly_before_they_differ() -> None:
    broken = f"call({'first, ' * 40}second, third);\n"
    said = told(broken, broken.replace(", third", ""), (", third", ""))
    assert said.startswith("`… first, ")
    assert "second, third);` becomes `… first, " in said
    assert said.endswith("second);`")
