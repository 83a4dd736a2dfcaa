"""The third miner: the crate is moved on, and what mends it is the lesson.

Promises: every tuple is proven as any other (`Workbench.judge_probe`, the tests); the same crate, recipe, seed and
registry give the same tuples. Not promised: that a move is mended: one error that nothing mends, and the crate as it
would be after does not compile, so that there is no lesson in the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from oxidizer.cluster.edits import Edit
from oxidizer.cluster.fetch import PreparedCrate
from oxidizer.cluster.meter import MeteredSandbox
from oxidizer.cluster.scratch import scratch
from oxidizer.cluster.toolchain import Toolchain
from oxidizer.cluster.workbench import Workbench
from oxidizer.miners.migration.dependencies import dependency_moves
from oxidizer.miners.migration.editions import edition_moves, on_the_way
from oxidizer.miners.migration.fixes import Fix, all_edits
from oxidizer.miners.migration.future import FUTURE, TOOLCHAIN, Denied, future_moves, toolchain_moves
from oxidizer.miners.migration.ground import Builds, Ground, OutOfBuilds
from oxidizer.miners.migration.history import mend_by_history
from oxidizer.miners.migration.lessons import Lesson, Lessons
from oxidizer.miners.migration.move import Immovable, Move
from oxidizer.miners.migration.repair import Repair, edition_lints, mend
from oxidizer.miners.migration.successors import Later, Successor
from oxidizer.miners.mined import Mined
from oxidizer.miners.recipe import Migration, Recipe
from oxidizer.miners.tuples import Unit


@dataclass
class Account:
    """What became of one move, for figures."""

    kind: str
    name: str
    outcome: str = ""
    """repaired, nothing shows, not repaired, stopped, ..."""
    found: int = 0
    """Errors at the start, or warnings where there are none; more may have come as they went."""
    tried: int = 0
    """Lessons."""
    fixes: dict[str, int] = field(default_factory=dict)
    """The fixes of the repair, by where they come from."""
    kept: dict[str, int] = field(default_factory=dict)
    """The tuples, by where their fixes come from."""
    left: dict[str, int] = field(default_factory=dict)
    """The errors that nothing mended, by code."""
    left_out: dict[str, int] = field(default_factory=dict)
    """Fixes that made no tuple, by reason."""

    @property
    def plain(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {key: value for key, value in vars(self).items() if value not in ({}, "")}


REPAIRED = "repaired"


def _outcome(repair: Repair, caps: Migration) -> str:
    """What mending a move came to."""
    if not repair.is_whole:
        return "not repaired" if repair.view and repair.view.ended else "stopped"
    if len(repair.fixes) > caps.fixes:
        return "too many fixes"
    return REPAIRED if repair.fixes else "nothing shows"


class MigrationMiner:
    """Mines one crate on its workbench."""

    def __init__(
        self, bench: Workbench, unit: Unit, recipe: Recipe, seed: int, meter: MeteredSandbox, targets: Sequence[str],
        crate: PreparedCrate, toolchain: Toolchain, known: Set[tuple[str | None, str]] = frozenset(),
    ) -> None:  # fmt: skip
        """`known` are the codes and patches of what other miners teach of the crate as it is."""
        self.bench, self.unit, self.recipe, self.seed, self.meter = bench, unit, recipe, seed, meter
        self.caps = recipe.migration
        self.crate, self.toolchain, self.known = crate, toolchain, known
        features = bench.cargo.features
        self.check = ("check", *targets, *features)
        self.lint = ("clippy", *targets, *features, "--")
        self.lint_tests = ("clippy", "--tests", "--examples", *features, "--")
        self.check_tests = ("check", "--tests", "--examples", *features)
        self.lineage = ("miner:migration", f"recipe:{recipe.fingerprint}")
        self.accounts: list[Account] = []
        self._taught: set[Edit] = set()
        """The edits that mend a nearer move, of which some made tuples."""

    def mine(self) -> Mined:
        """All tuples and rejects of the crate."""
        mined = Mined()
        with scratch("later") as folder:
            self._later = Later(self.crate, self.toolchain, folder, self.caps.successors)
            for move in self._moves():
                account = Account(move.kind, move.name)
                self.accounts.append(account)
                self._mine(move, account, mined)
            self._deny(mined)
        kept = {record.id: record for record in mined.tuples}
        mined.unkept["the same lesson"] += len(mined.tuples) - len(kept)
        mined.tuples = list(kept.values())[: self.caps.per_crate]
        mined.unkept["cap per crate"] += len(kept) - len(mined.tuples)
        mined.migration = {"moves": [account.plain for account in self.accounts]}
        return mined

    def _moves(self) -> Iterator[Move]:
        manifest = "Cargo.toml" if self.crate.member == "." else f"{self.crate.member}/Cargo.toml"
        if "edition" in self.caps.moves:
            try:
                yield from edition_moves(manifest, self.bench.read(manifest))
            except Immovable as reason:
                self.accounts.append(Account("edition", "edition", str(reason)))
        if "dependency" in self.caps.moves:
            with self.meter.stage("moves"):
                later = self._later.versions
                moves = list(dependency_moves(self.bench, manifest, self.toolchain, later, self.caps.dependencies))
            yield from moves

    def _mine(self, move: Move, account: Account, mined: Mined) -> None:
        ground, repair = Ground(self.bench, move, self.check, Builds(self.caps.builds)), Repair()
        with self.meter.stage("repair"):
            try:
                self._repair(ground, repair)
                account.outcome = _outcome(repair, self.caps)
            except OutOfBuilds:
                account.outcome = "not repaired in as many builds as are allowed"
        account.found = repair.found
        account.fixes = dict(Counter(fix.by for fix in repair.fixes))
        if account.outcome != REPAIRED:
            account.left = dict(Counter(d.code or d.message[:60] for d in repair.left))
            mined.harvested += repair.found
            mined.skipped["move not repaired"] += repair.found
            return
        with self.meter.stage("lessons"):
            lessons = Lessons(ground, repair, self.caps, self.seed, self._taught)
            proven = lessons.proven()
        account.left_out = dict(+lessons.left_out)
        mined.harvested += len(proven) + lessons.left_out.total()
        mined.skipped += lessons.left_out
        for lesson in proven:
            self._keep(lesson, move, account, mined)
        if account.kept:
            self._taught.update(all_edits(repair.fixes))

    def _keep(self, lesson: Lesson, move: Move, account: Account, mined: Mined) -> None:
        mined.candidates += 1
        account.tried += 1
        if not lesson.verdict.green:
            mined.rejects.append(lesson.reject(self.bench, self.unit))
            return
        mined.proven += 1
        record = lesson.record(self.bench, self.unit, move, self.lineage)
        if not record.setup_diff and (record.error.code, record.patch_diff) in self.known:
            mined.unkept["taught by another miner"] += 1
            return
        account.kept[lesson.fix.by] = account.kept.get(lesson.fix.by, 0) + 1
        mined.tuples.append(record)

    def _deny(self, mined: Mined) -> None:
        """What lints of the future, and those new to an older toolchain, complain of."""
        moves = future_moves(self.unit.tools) if FUTURE in self.caps.moves else {}
        moves |= toolchain_moves(self.caps) if TOOLCHAIN in self.caps.moves else {}
        if not moves:
            return
        denied = Denied(self.bench, self.lint, self.caps, moves)

        def later() -> list[list[Fix]]:
            return [self._later.hunks(successor) for successor in self._later.versions]

        accounts: dict[str, Account] = {}
        with self.meter.stage("lessons"):
            for lesson in denied.lessons(later):
                lint = lesson.fix.code or ""
                move = moves[lint]
                account = accounts.setdefault(lint, Account(move.kind, move.name, REPAIRED))
                self._keep(lesson, move, account, mined)
        for lint, found in sorted(denied.found.items()):
            account = accounts.get(lint) or Account(moves[lint].kind, moves[lint].name, "not repaired")
            account.found = found
            self.accounts.append(account)
        tried = sum(account.tried for account in accounts.values())
        mined.harvested += denied.found.total()
        mined.skipped["nothing mends it"] += denied.found.total() - tried

    def _repair(self, ground: Ground, repair: Repair) -> None:
        """Mend the library and the programs, then what the tests are built of."""
        self._mend(ground, repair, self.lint)
        if repair.is_whole and self.bench.baseline.passing:
            tests = Ground(self.bench, ground.move, self.check_tests, ground.builds)
            self._mend(tests, repair, self.lint_tests)
            if repair.is_whole:
                repair.grounds = [(ground, ground.look(repair.fixes).build), (tests, tests.look(repair.fixes).build)]
        elif repair.view is not None:
            repair.grounds = [(ground, repair.view.build)]

    def _mend(self, ground: Ground, repair: Repair, lint: Sequence[str]) -> None:
        """By what the tools are sure of, then by their guesses and by later versions: a dependency's new ways are
        better known to the crate's authors than to the compiler.
        """
        editions = on_the_way(ground.move)

        def pool() -> list[Fix]:
            return edition_lints(self.bench, editions, lint) if editions else []

        caps = self.caps
        for unsure in ((True,) if editions else (False, True)) if self.bench.baseline.passing else (False,):
            before = list(repair.fixes), repair.view
            mend(ground, repair, pool, rounds=caps.rounds, most=caps.fixes, unsure=unsure)
            if repair.view is None or not repair.view.ended or not (repair.view.errors or repair.view.warnings):
                return
            if editions and repair.is_whole:
                return  # what is left are warnings, which are no reason to look into later versions
            for successor in self._later.versions:
                if _suits(ground.move, successor) and mend_by_history(
                    ground, repair, self._later.hunks(successor), pool, caps
                ):
                    return
            if repair.is_whole:
                return
            if unsure and before[1] and len(before[1].errors) <= len(repair.left):
                repair.fixes, repair.view = before  # the guesses were wrong


def _suits(move: Move, successor: Successor) -> bool:
    """A later version stands on what the move leads to, or on something newer."""
    if editions := on_the_way(move):
        return successor.edition >= editions[-1]
    return successor.requirements.get(move.key) != move.now
