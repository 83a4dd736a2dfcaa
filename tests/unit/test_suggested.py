"""Whether a diagnostic shows the very fix: the same text but for its layout, and how sure the tool is of it."""

import pytest

from oxidizer.cluster.diagnostics import MACHINE_APPLICABLE, Diagnostic, Span
from oxidizer.cluster.edits import Edit
from oxidizer.miners.suggested import suggested

BROKEN = b"fn f() {\n    g(\n        one\n    );\n}\n"
AT = BROKEN.index(b"one") + 3
FIX = [Edit("a.rs", AT, AT, b", two")]


def told(*ways: tuple[int, int, str, str], file: str = "a.rs") -> Diagnostic:
    """A diagnostic with suggestions: range, replacement, applicability."""
    spans = [Span(file, start, end, 1, 1, 1, 1, True, None, new, sure, None) for start, end, new, sure in ways]
    return Diagnostic(
        "error", "E0061", "words", (), tuple(Diagnostic("help", None, "x", (s,), (), "") for s in spans), ""
    )


@pytest.mark.parametrize(
    ("start", "end", "new", "same"),
    [
        (AT, AT, ", two", True),
        (AT, AT, ",two ", True),
        (AT, AT, ", two,", True),
        (AT - 3, AT, "one, two", True),
        (AT, AT + 6, ", two)", True),
        (AT, AT, ", too", False),
        (AT - 3, AT, "two", False),
        (0, 0, "// ", False),
    ],
)
def test_layout_does_not_count(start: int, end: int, new: str, same: bool) -> None:
    found = suggested(told((start, end, new, "MaybeIncorrect")), FIX, lambda _: BROKEN)
    assert found == ("MaybeIncorrect" if same else None)


def test_the_surest_of_several_counts() -> None:
    ways = (AT, AT, ", two", "HasPlaceholders"), (AT, AT, ", two ", MACHINE_APPLICABLE), (0, 0, "x", MACHINE_APPLICABLE)
    assert suggested(told(*ways), FIX, lambda _: BROKEN) == MACHINE_APPLICABLE
    assert suggested(told(ways[2]), FIX, lambda _: BROKEN) is None
    assert suggested(told(ways[1], file="b.rs"), FIX, lambda _: BROKEN) is None
    assert suggested(told(), FIX, lambda _: BROKEN) is None
