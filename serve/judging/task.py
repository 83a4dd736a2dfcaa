"""A record as a task: the code that it shows broken, to be mended by somebody who does not see its fix."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oxidizer.cluster.edits import Edit, from_diff
from oxidizer.cluster.workbench import Workbench

Row = Mapping[str, Any]
_TOOLS = frozenset({"rustc", "clippy"})


@dataclass(frozen=True)
class Target:
    """What the compiler is run on: `--lib`, or `--bin NAME`."""

    flags: tuple[str, ...]
    lints: bool
    """By clippy, for lints."""


@dataclass(frozen=True)
class Task:
    """Broken code with its proven fix."""

    row: Row
    setup: tuple[Edit, ...]
    """What breaks the source."""
    gold: tuple[Edit, ...]
    """The recorded fix: edits of the broken code."""
    target: Target
    lint: str | None
    """The lint that its probe asks for."""

    @property
    def id(self) -> str:
        """The record's."""
        return str(self.row["id"])


def unfit(row: Row, *, sources: bool = False) -> str | None:
    """Why a record is no task for a judge that shares runs; None where it is one. `sources`: they are at hand, where
    the registry does not have them.
    """
    if row["error"]["tool"] not in _TOOLS:
        return f"shown by {row['error']['tool']}, not by the compiler"
    if row["source"] != "registry" and not (sources and row["source"] == "path"):
        return f"its source is no package of the registry ({row['source']})"
    if not row["setup_diff"]:
        return "the source itself shows it, so that there is no healthy code to hold it against"
    if row["origin"] != "injected":
        return f"of origin {row['origin']}: its setup moves the crate"
    if target_of(row["probe"]["args"]) is None:
        return "its probe names no target"
    return None


def target_of(args: list[str]) -> Target | None:
    """The one target of a probe's arguments."""
    lints = args[0] == "clippy"
    if "--lib" in args:
        return Target(("--lib",), lints)
    return Target(("--bin", args[args.index("--bin") + 1]), lints) if "--bin" in args[:-1] else None


def task_of(row: Row, bench: Workbench) -> Task:
    """The task of a record that is not `unfit`, on its crate's bench. Raises ValueError where its diffs do not fit."""
    target = target_of(row["probe"]["args"])
    assert target is not None
    try:
        setup = tuple(from_diff(row["setup_diff"], bench.read))
        gold = tuple(from_diff(row["patch_diff"], bench.reader(setup)))
    except (OSError, KeyError) as error:
        raise ValueError(f"the diffs of {row['id']} do not fit the source: {error}") from error
    return Task(row, setup, gold, target, row["probe"]["args"][-1] if target.lints else None)
