"""A patch that plays a trick beside an honest one that looks much like it."""

from __future__ import annotations

from dataclasses import dataclass, field

from oxidizer.cluster.policy import TrickName

LIB = "src/lib.rs"


@dataclass(frozen=True)
class Pair:
    """A code, a patch of it that plays just one trick, and one that plays none."""

    what: str
    name: TrickName
    before: str
    trick: str
    honest: str
    file: str = LIB
    """Of all three."""
    beside: dict[str, str] = field(default_factory=dict)
    """Other files of the tree."""
    code: str | None = None
    """Of the diagnostic; None where there is none."""
    said: str | None = None
    """What the diagnostic speaks of in the code before; None where it stands elsewhere."""


def swap(text: str, old: str, new: str) -> str:
    """The text with one place changed."""
    assert text.count(old) >= 1, old
    return text.replace(old, new, 1)


def pair(what: str, name: TrickName, before: str, old: str, trick: str, honest: str, **more: object) -> Pair:
    """A pair whose patches change one place."""
    return Pair(what, name, before, swap(before, old, trick), swap(before, old, honest), **more)  # type: ignore[arg-type]


FIRST = """\
pub fn first(values: &[u32]) -> u32 {
    let found: u32 = values.first();
    found
}
"""
"""What most tricks are played on."""
