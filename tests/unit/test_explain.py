"""Explanations: the diagnostic, the toolchain's own documentation, what the edit did."""

import pytest

from oxidizer.cluster.diagnostics import Diagnostic, Span
from oxidizer.cluster.edits import Edit, apply, inverse
from oxidizer.cluster.toolchain import Toolchain
from oxidizer.miners.explain import documentation, explain, explain_mistake
from oxidizer.miners.mistakes import mistakes
from oxidizer.miners.operators import operators
from oxidizer.miners.operators.operator import Code


def test_documentation_of_clippy(toolchain: Toolchain) -> None:
    text = documentation("clippy::needless_return", toolchain.bin)
    assert "return" in text
    assert "\n" not in text
    assert "#" not in text
    assert documentation("clippy::default_numeric_fallback", toolchain.bin), "restriction lints are explained too"


def test_documentation_of_rustc(toolchain: Toolchain) -> None:
    assert documentation("unused_mut", toolchain.bin).startswith("What the lint looks at: ")
    assert documentation("no_such_lint_anywhere", toolchain.bin) == ""
    assert documentation("clippy::no_such_lint_anywhere", toolchain.bin) == ""
    assert documentation("E0308", toolchain.bin) == ""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("mut ", "", "The fix removes `mut`."),
        ("", "const ", "The fix inserts `const`."),
        ("a", "b", "The fix replaces `a` by `b`."),
        ("  ", "", "The fix changes white space alone."),
        ("`x`", "y", "The fix replaces `` `x` `` by `y`."),
        ("\n    )", ")", "The fix changes white space alone."),
        ("f(" + "a, " * 30 + "bread, c)", "f(" + "a, " * 30 + "butter, c)", "The fix replaces `bread` by `butter`."),
        ("f(" + "a, " * 30 + "mut b)", "f(" + "a, " * 30 + "b)", "The fix removes `mut`."),
        ("f(" + "a, " * 30 + ")", "f(" + "a, " * 30 + "b, c)", "The fix inserts `b, c`."),
        ("a" * 99, "a" * 99 + ";", f"The fix `{'a' * 99}` becomes `{'a' * 99};`."),
    ],
)
def test_steps(toolchain: Toolchain, old: str, new: str, said: str) -> None:
    diagnostic = Diagnostic("warning", "unused_mut", "variable does not need\nto be mutable", (), (), "")
    edits = [Edit("a.rs", 0, len(old), new.encode())]
    text = explain(diagnostic, "remove this `mut`", edits, lambda _: old.encode(), toolchain.bin)
    assert text.startswith("rustc reports `unused_mut`: variable does not need to be mutable. ")
    assert "The tool's advice: remove this `mut`." in text
    assert text.endswith(said)


def test_a_step_of_white_space_is_not_told_beside_others(toolchain: Toolchain) -> None:
    diagnostic = Diagnostic("warning", "unused_mut", "no need", (), (), "")
    edits = [Edit("a.rs", 2, 6, b""), Edit("a.rs", 9, 12, b" ")]
    text = explain(diagnostic, "no need", edits, lambda _: b"f(mut a,\n\n  b)", toolchain.bin)
    assert text.endswith("The fix removes `mut`.")


def test_many_edits_and_long_ones_are_cut(toolchain: Toolchain) -> None:
    diagnostic = Diagnostic("warning", "clippy::needless_return", "unneeded `return` statement", (), (), "")
    edits = [Edit("a.rs", n, n, b"%d" % min(n, 6) + b"x" * 500) for n in range(9)]
    text = explain(diagnostic, "unneeded `return` statement", edits, lambda _: b"\n" * 9, toolchain.bin)
    assert text.startswith("Clippy reports")
    assert text.count("inserts `") == 4
    assert text.endswith("…`; and makes 3 more edits.")
    assert "advice" not in text
    assert len(text) < 1200


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("misspell_trait_method", "In `namw` of `impl Named for Point`: "),
        ("drop_trait_method", "In `impl Named for Point`: "),
        ("drop_argument", "In `other`: "),
    ],
)
def test_a_mistake_is_told_to_be_in_what_is_there(name: str, where: str) -> None:
    source = (
        b"impl Named for Point {\n    fn name(&self) -> u8 {\n        1\n    }\n}\n\nfn other() {\n    f(1, 2);\n}\n"
    )
    (operator,) = (operator for operator in operators() if operator.name == name)
    mistake = next(iter(mistakes(Code("a.rs", source), [operator])))
    broken = apply(source, list(mistake.site.edits))
    edits = inverse(mistake.site.edits, lambda _: source)
    text = explain_mistake(Diagnostic("error", "E0046", "m", (), (), ""), mistake, edits, lambda _: broken)
    assert where in text
    assert where.split("`")[1].encode() in broken


def test_a_rationale_is_told_where_the_code_is_one_that_it_speaks_of() -> None:
    """Of another code the cause stands with what the tool says itself."""
    source = b"fn own(path: P) -> Q {\n    path.as_ref().to_owned()\n}\n"
    (operator,) = (operator for operator in operators() if operator.name == "drop_as_ref")
    (mistake,) = mistakes(Code("a.rs", source), [operator])
    broken = apply(source, list(mistake.site.edits))
    edits = inverse(mistake.site.edits, lambda _: source)
    at = Span("a.rs", 32, 40, 2, 2, 10, 18, True, "method not found in `P`", None, None, None)
    note = Diagnostic("help", None, "`P` is a type parameter", (), (), "")
    list_of = Diagnostic("help", None, "one of these traits defines it:", (), (), "")
    for code in operator.codes:
        diagnostic = Diagnostic("error", code, "no such method", (at,), (note,), "")
        assert operator.rationale in explain_mistake(diagnostic, mistake, edits, lambda _: broken)
    text = explain_mistake(
        Diagnostic("error", "E0599", "no such method", (at,), (list_of, note), ""), mistake, edits, lambda _: broken
    )
    assert text == (
        "rustc reports `E0599`: no such method. "
        "In `own`: `path` itself stands where what its `as_ref()` gives is meant. "
        "At the place that it marks: method not found in `P`. It adds: `P` is a type parameter. "
        "The fix inserts `.as_ref()`."
    )


def test_a_code_with_a_rationale_of_its_own_is_one_aimed_at() -> None:
    for operator in operators():
        assert set(operator.rationales) <= set(operator.codes), operator.name
        assert all(line.endswith(".") for line in operator.rationales.values()), operator.name


def test_a_code_is_told_by_its_own_rationale() -> None:
    source = b"struct Game {\n    name: String,\n}\n"
    (operator,) = (operator for operator in operators() if operator.name == "derive_without_basis")
    mistake = next(iter(mistakes(Code("a.rs", source), [operator])))
    broken = apply(source, list(mistake.site.edits))
    edits = inverse(mistake.site.edits, lambda _: source)
    own = operator.rationales["E0204"]
    for code, told, other in (("E0204", own, operator.rationale), ("E0277", operator.rationale, own)):
        text = explain_mistake(Diagnostic("error", code, "m", (), (), ""), mistake, edits, lambda _: broken)
        assert told in text
        assert other not in text
