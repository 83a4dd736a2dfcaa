"""A lesson that two miners bring of one crate is one."""

from dataclasses import dataclass, field
from typing import Any

from oxidizer.miners.mined import Mined, once


@dataclass
class Said:
    code: str


@dataclass
class Row:
    error: Said
    patch_diff: str
    setup_diff: str = ""
    more: dict[str, Any] = field(default_factory=dict)


def row(code: str, patch: str, setup: str = "") -> Any:
    return Row(Said(code), patch, setup)


def test_the_same_complaint_with_the_same_patch_is_taught_once() -> None:
    earlier = Mined([row("a", "1"), row("b", "2")])
    moved, other_patch, other_code = row("a", "1", "edition"), row("a", "2"), row("c", "1")
    later = once(Mined([row("a", "1"), moved, other_patch, other_code]), earlier)
    assert later.tuples == [moved, other_patch, other_code]
    assert later.unkept["taught by another miner"] == 1
