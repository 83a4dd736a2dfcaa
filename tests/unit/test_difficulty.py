"""A rough order of lessons, from 1 to 5."""

import pytest

from oxidizer.cluster.edits import Edit, unified_diff
from oxidizer.miners.difficulty import difficulty, is_far

SOURCE = "".join(f"line {n}\n" for n in range(60)).encode()


def patch(*lines: int) -> str:
    edits = [
        Edit("a.rs", SOURCE.index(f"line {n}\n".encode()), SOURCE.index(f"line {n}\n".encode()), b"// ") for n in lines
    ]
    return unified_diff(edits, lambda _: SOURCE)


@pytest.mark.parametrize(
    ("given", "far", "lines", "diagnostics", "expected"),
    [
        (True, False, (5,), 1, 1),
        (False, False, (5,), 1, 2),
        (True, True, (5,), 1, 2),
        (True, False, (5, 50), 1, 2),
        (True, False, (5, 6, 7, 8), 1, 1),
        (True, False, (5, 6, 7, 8, 9), 1, 2),
        (True, False, (5,), 2, 2),
        (False, True, (5, 50), 3, 5),
    ],
)
def test_difficulty(given: bool, far: bool, lines: tuple[int, ...], diagnostics: int, expected: int) -> None:
    assert difficulty(given=given, far=far, patch=patch(*lines), diagnostics=diagnostics) == expected


def test_lines_that_look_like_a_header_count() -> None:
    """A removed `--x` is shown as `---x`: no header."""
    text = "--- a/a\n+++ b/a\n@@ -1,9 +1,0 @@\n" + "".join(f"---{n}\n" for n in range(9))
    assert difficulty(given=True, far=False, patch=text, diagnostics=1) == 2


def test_far() -> None:
    edits = [Edit("a.rs", 200, 210, b""), Edit("b.rs", 0, 0, b"use x;")]
    assert not is_far(edits, "a.rs", 205, 206)
    assert not is_far(edits, "a.rs", 100, 120), "a line away"
    assert not is_far(edits, "a.rs", 290, 300)
    assert is_far(edits, "a.rs", 100, 119)
    assert is_far(edits, "a.rs", 291, 300)
    assert is_far(edits, "c.rs", 200, 210)
