"""The lints of a toolchain, rustc's and clippy's, as `clippy-driver -W help` lists them: level, meaning, groups.

Names are spelled as a diagnostic's code spells them (`unused_imports`, `clippy::use_self`), not as the help does.
Not listed: rustdoc's lints and those behind a nightly feature.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

CLIPPY_GROUPS = (
    "correctness",
    "suspicious",
    "style",
    "complexity",
    "perf",
    "pedantic",
    "nursery",
    "restriction",
    "cargo",
)
"""Every clippy lint is in exactly one of these; `clippy::all` holds the first five."""

SECTION = re.compile(r"Lint (checks|groups) (?:provided by rustc|(?:provided by plugins )?loaded by this crate)")
"""Rust 1.63, which Debian 12 has, says `provided by plugins loaded by this crate`."""
LINT = re.compile(r"\s+([\w:-]+)\s+(allow|warn|deny|forbid)\s+(\S.*)")
GROUP = re.compile(r"\s+([\w:-]+)\s+([\w:-]+(?:, [\w:-]+)*)")

_RENAMED = re.compile(r"lint `([\w:-]+)` has been renamed to `([\w:-]+)`")
_LEVELS = ("allow", "warn", "deny", "forbid")


class NoLints(ValueError):
    """What should be a list of lints holds none."""


@dataclass(frozen=True)
class Lint:
    """One lint of a toolchain."""

    name: str
    """As a diagnostic's code spells it: `unused_imports`, `clippy::use_self`."""
    default_level: str
    """allow, warn, deny or forbid."""
    meaning: str
    """What it looks for, one line."""
    groups: tuple[str, ...]
    """The groups that hold it, sorted: `unused`, `clippy::all`, `clippy::style`."""


@cache
def read_lints(clippy_driver: Path) -> Mapping[str, Lint]:
    """The lints of an installed toolchain, by name. Raises NoLints where the driver lists none."""
    listed = subprocess.run([clippy_driver, "-W", "help"], capture_output=True, text=True, check=False)
    return parse_lint_help(listed.stdout)


def parse_lint_help(text: str) -> dict[str, Lint]:
    """The lints in the output of `clippy-driver -W help`, by name. Raises NoLints where there are none."""
    checks: dict[str, tuple[str, str]] = {}
    groups: dict[str, list[str]] = {}
    section = ""
    for line in text.splitlines():
        if header := SECTION.match(line):
            section = header[1]
        elif section == "checks" and (found := LINT.fullmatch(line)):
            checks[_code(found[1])] = found[2], found[3].strip()
        elif section == "groups" and (found := GROUP.fullmatch(line)):
            for member in found[2].split(", "):
                groups.setdefault(_code(member), []).append(_code(found[1]))
    if not checks:
        raise NoLints("the list of lints is empty: is this the output of `clippy-driver -W help`?")
    return {
        name: Lint(name, level, meaning, tuple(sorted(groups.get(name, ()))))
        for name, (level, meaning) in checks.items()
    }


def clippy_group(lint: Lint) -> str | None:
    """The one group of a clippy lint (`style`, `pedantic`, ...); None for a lint of rustc."""
    return next((group for group in CLIPPY_GROUPS if f"clippy::{group}" in lint.groups), None)


def members(lints: Mapping[str, Lint], group: str) -> list[str]:
    """The names of the lints in a group (`unused`, `clippy::style`), sorted. Raises KeyError for an unknown group."""
    found = sorted(lint.name for lint in lints.values() if group in lint.groups)
    if not found:
        raise KeyError(f"this toolchain has no lint group {group}")
    return found


def renamed(clippy_driver: Path, names: Collection[str]) -> dict[str, str]:
    """What a toolchain calls lints of older ones now, by their old names; those that it does not know are left out."""
    flags = [word for name in sorted(names) for word in ("-W", name)]
    with tempfile.TemporaryDirectory() as folder:
        asked = subprocess.run(
            [clippy_driver, "-", "--crate-type=lib", "--emit=metadata", f"--out-dir={folder}", *flags],
            input="", cwd=folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
    return {_code(old): _code(new) for old, new in _RENAMED.findall(asked.stderr)}


def new_lints(older: Mapping[str, Lint], newer: Mapping[str, Lint], names: Mapping[str, str]) -> list[str]:
    """What a toolchain says of code that an older one passed: the lints, sorted, that it has on (as a warning by
    default, or an error) and that the older one has not, or less sternly. `names` are new names by old ones.
    """
    before = Counter({name: _LEVELS.index(lint.default_level) for name, lint in older.items()})
    for old, new in names.items():
        before[new] = max(before[new], before[old])
    return sorted(lint.name for lint in newer.values() if _LEVELS.index(lint.default_level) > before[lint.name])


def _code(name: str) -> str:
    return name.replace("-", "_")
