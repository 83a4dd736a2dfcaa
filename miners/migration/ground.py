"""A moved crate on its bench: what a command shows of it with some fixes in it, beyond what the source shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from oxidizer.cluster.build import Build
from oxidizer.cluster.diagnostics import Diagnostic, counts
from oxidizer.cluster.edits import Edit
from oxidizer.cluster.verdict import stopped_verdict
from oxidizer.cluster.workbench import Workbench
from oxidizer.miners.migration.fixes import Fix, all_edits
from oxidizer.miners.migration.move import Move


class OutOfBuilds(Exception):
    """A move took as many builds as were allowed, and is not mended."""


@dataclass
class Builds:
    """How many builds a move may take yet."""

    left: int

    def take(self) -> None:
        """Count one more. Raises OutOfBuilds."""
        if not self.left:
            raise OutOfBuilds
        self.left -= 1


@dataclass(frozen=True)
class View:
    """What one command shows of the moved crate."""

    build: Build
    errors: tuple[Diagnostic, ...]
    warnings: tuple[Diagnostic, ...]
    """Those of kinds that the source shows fewer of."""

    @property
    def ended(self) -> bool:
        """The command came to its end, and nobody spoke in the compiler's name."""
        return stopped_verdict(self.build) is None

    @property
    def is_whole(self) -> bool:
        """All compiles."""
        return self.ended and self.build.succeeded


class Ground:
    """One move, looked at by one command."""

    def __init__(self, bench: Workbench, move: Move, probe: Sequence[str], builds: Builds) -> None:
        self.bench, self.move, self.probe, self.builds = bench, move, tuple(probe), builds

    def layer(self, fixes: Sequence[Fix]) -> tuple[Edit, ...]:
        """The move and the fixes as edits of the source."""
        return tuple(sorted((*self.move.edits, *all_edits(fixes))))

    def look(self, fixes: Sequence[Fix]) -> View:
        """What the command shows with the fixes in the moved crate. Raises OutOfBuilds."""
        self.builds.take()
        known = counts(self.bench.observe(self.probe).diagnostics)
        build = self.bench.observe(self.probe, self.layer(fixes))
        own = [d for d in build.diagnostics if d.package == build.package]
        more = counts(own) - known
        errors = tuple(d for d in own if d.is_error and d.key in more)
        return View(build, errors, tuple(d for d in own if not d.is_error and d.key in more))
