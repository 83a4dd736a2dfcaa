"""The work on one unit: pull requests of one repository, the oldest first, each judged, built and told of.

A repository that cannot be read is a rejected unit with its cause; a pull request that cannot be proven has a row in a
table of its own; trouble with the machine raises SandboxUnavailable.
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from oxidizer.cluster.backends import open_sandbox
from oxidizer.cluster.checkout import Checkout
from oxidizer.cluster.episode import Episode
from oxidizer.cluster.fetch import check_surroundings
from oxidizer.cluster.meter import MeteredSandbox
from oxidizer.cluster.room import RoomySandbox
from oxidizer.cluster.rundir import UnitOutput
from oxidizer.cluster.scratch import scratch
from oxidizer.cluster.standings import require_of
from oxidizer.datasets.corpus.owed import NOTICES, RepositoryTexts
from oxidizer.datasets.records import Chat, DiagFix, PrPair, PrUnproven, arrow_schema, to_row
from oxidizer.datasets.sealed import is_sealed
from oxidizer.miners.crate import mounts_at
from oxidizer.miners.pulls.chat import Teller
from oxidizer.miners.pulls.find import Pull
from oxidizer.miners.pulls.ground import Ground, Unproven
from oxidizer.miners.pulls.hazards import check_changes, check_tree
from oxidizer.miners.pulls.kinds import Told, kind_of, rationale
from oxidizer.miners.pulls.lesson import Lessons
from oxidizer.miners.pulls.mirror import open_mirror
from oxidizer.miners.pulls.objects import FILE, PROGRAM, Change, GitError, Objects
from oxidizer.miners.pulls.pair import Repository, Request, model_diff, pair, unproven
from oxidizer.miners.pulls.patch import rebuilds
from oxidizer.miners.pulls.places import name_of
from oxidizer.miners.pulls.proof import Proof, Prover, Trees
from oxidizer.miners.pulls.red import steps_of
from oxidizer.miners.pulls.selection import Limits, why_left
from oxidizer.miners.pulls.shape import shape_of
from oxidizer.miners.pulls.split import Split, Unsplittable, split
from oxidizer.miners.pulls.terms import Terms
from oxidizer.miners.pulls.wording import wording_of
from oxidizer.miners.recipe import Pulls
from oxidizer.miners.work import NodePlan, NodeWork, own_toolchain

SCHEMAS = {
    "diag_fix": arrow_schema(DiagFix), "pr_pair": arrow_schema(PrPair), "pr_unproven": arrow_schema(PrUnproven),
    "chat": arrow_schema(Chat),
}  # fmt: skip


@dataclass(frozen=True)
class MinePulls(NodePlan):
    """The factory of the work."""

    cache: str = ""
    """The folder of clones on each node."""

    def __call__(self) -> PullWork:
        """The work in one worker process. Raises SandboxUnavailable where the node has another toolchain."""
        return PullWork(self, own_toolchain(self))


class PullWork(NodeWork):
    """Mines one unit after the other."""

    def work(self, order: dict[str, Any], episode: Episode) -> UnitOutput:
        """All that the pull requests of one unit give. Raises SandboxUnavailable."""
        began, began_cpu = time.monotonic(), time.process_time()
        spec, plan = order["spec"], self._plan
        assert isinstance(plan, MinePulls)
        summary: dict[str, Any] = {k: order[k] for k in ("unit", "crate", "version")}
        summary |= {"sandbox": plan.backend, "status": "mined", "cause": None, "message": None}
        summary["spec"] = {"source": "git", "repository": spec["url"], "head": spec["head"]}
        try:
            mirror = open_mirror(spec["source"], Path(plan.cache), head=spec["head"])
            with scratch("pulls") as folder, Objects(mirror.git_dir, folder) as objects:
                output = self._mine(order, objects, folder, summary, episode)
        except GitError as error:
            summary |= {"status": "rejected", "cause": error.cause, "message": str(error)}
            output = UnitOutput({}, {}, summary)
        summary["wall_s"] = round(time.monotonic() - began, 3)
        summary["worker_cpu_s"] = round(time.process_time() - began_cpu, 3)
        return output

    def _mine(
        self, order: dict[str, Any], objects: Objects, folder: Path, summary: dict[str, Any], episode: Episode
    ) -> UnitOutput:
        spec, recipe = order["spec"], self._plan.recipe
        root = folder.resolve() / "src"
        check_surroundings(root)
        checkout = Checkout(root, objects.blob, objects.size)
        mounts = mounts_at(root, self.toolchain, folder / "target")
        name = order["crate"]
        repository = Repository(
            name, spec["url"], is_sealed(None, spec["url"]), self.toolchain.version,
            ("miner:pull-requests", f"recipe:{recipe.fingerprint}"),
        )  # fmt: skip
        with MeteredSandbox(RoomySandbox(open_sandbox(self._plan.backend, mounts, self.limits)), episode) as meter:
            episode.about.sandbox["weaker"] = sorted(meter.weaker)
            meter.calibrate()
            require_of(meter, self._plan.accepted)
            jobs = max(1, int(self.limits.cpus))
            ground = Ground(objects, checkout, meter, self.toolchain, jobs=jobs, cap_s=recipe.test_cap_s)
            miner = PullMiner(objects, ground, meter, repository, recipe.pulls)
            for told in spec["pulls"]:
                miner.mine(Pull(**told), spec["words"].get(told["after"]))
            summary["stages"], summary["peak_bytes"] = meter.account(), meter.peak_bytes
        summary |= miner.told
        rows = {
            "diag_fix": sorted((to_row(f) for f in miner.lessons.found), key=lambda row: row["id"]),
            "pr_pair": sorted((to_row(p) for p in miner.pairs), key=lambda row: row["id"]),
            "pr_unproven": sorted((to_row(p) for p in miner.unproven), key=lambda row: row["id"]),
            "chat": sorted((to_row(c) for c in miner.chats), key=lambda row: row["id"]),
        }
        return UnitOutput(rows, miner.locks | {NOTICES: miner.notices()}, summary)


@dataclass
class PullMiner:
    """Takes pull requests of one repository and keeps what came of them."""

    objects: Objects
    ground: Ground
    meter: MeteredSandbox
    repository: Repository
    caps: Pulls
    pairs: list[PrPair] = field(default_factory=list)
    unproven: list[PrUnproven] = field(default_factory=list)
    chats: list[Chat] = field(default_factory=list)
    locks: dict[str, bytes] = field(default_factory=dict)
    """Lock files by their names below the unit's folder."""
    skipped: Counter[str] = field(default_factory=Counter)
    """Never tried, by reason."""
    seen: int = 0

    def __post_init__(self) -> None:
        self._terms = Terms(self.objects)
        self._prover = Prover(self.ground)
        self.lessons = Lessons(
            self.objects, self.ground, self.repository, self.caps.fixes_per_code, self.caps.fix_lines, self._kept
        )
        self._teller = Teller(self.objects, self.ground, self.caps.chats)

    @property
    def told(self) -> dict[str, Any]:
        """What unit.json says of the mining."""
        causes = Counter(row.cause for row in self.unproven)
        evidence = Counter(row.evidence or "none" for row in self.pairs)
        return {
            "license": " AND ".join(sorted({row.license for row in self.pairs})) or None,
            "counts": {
                "harvested": self.seen, "candidates": len(self.pairs) + len(self.unproven), "proven": len(self.pairs),
                "kept": len(self.pairs) + len(self.lessons.found), "rejected": dict(sorted(causes.items())),
                "skipped": dict(sorted(self.skipped.items())),
            },
            "pulls": {
                "evidence": dict(sorted(evidence.items())), "kinds": dict(Counter(r.kind for r in self.pairs)),
                "lessons": len(self.lessons.found), "no_lesson": dict(sorted(self.lessons.left.items())),
            },
            "chats": {"kept": len(self.chats), "left": dict(sorted(self._teller.left.items()))},
            "tests": {"passed": sum(len(row.pass_to_pass) + len(row.fail_to_pass) for row in self.pairs)},
        }  # fmt: skip

    def notices(self) -> bytes:
        """What the trees of what was found say of licences and authors: whoever passes rows on, passes it on too."""
        texts = RepositoryTexts()
        for row in (*self.pairs, *self.unproven):
            # Of a tree that was not built, something may be missing.
            with suppress(GitError):
                tree = self.objects.tree(row.after_tree)
                plain = {name_of(path): one.oid for path, one in tree.items() if one.mode in (FILE, PROGRAM)}
                texts.add(plain, self.objects.size, self.objects.blob)
        return texts.encode()

    def mine(self, pull: Pull, words: Mapping[str, Any] | None) -> None:
        """One pull request. Raises SandboxUnavailable."""
        self.seen += 1
        try:
            found = self._request(pull, words)
        except GitError as error:
            self.skipped[error.cause] += 1
            return
        if isinstance(found, str):
            self.skipped[found] += 1
            return
        request, changes = found
        try:
            made, trees, proof = self._proven(request, changes)
        except Unproven as why:
            self.unproven.append(unproven(self.repository, request, why))
            return
        self.pairs.append(made)
        self._tell(made, trees, proof)

    def _tell(self, made: PrPair, trees: Trees, proof: Proof) -> None:
        """The conversation of a pair, where one can be had; the pair stands without it. Raises SandboxUnavailable."""
        try:
            with self.meter.stage("chat"):
                chat = self._teller.tell(made, trees, proof)
        except (GitError, Unproven) as why:
            self._teller.left[why.cause] += 1
            return
        self.chats += [chat] if chat else []

    def _request(self, pull: Pull, words: Mapping[str, Any] | None) -> tuple[Request, list[Change]] | str:
        """A pull request that is worth a proof, with its changes; or why it is not. Raises GitError."""
        with self.meter.stage("selection"):
            before, after = (self.objects.commit(oid).tree for oid in (pull.before, pull.after))
            changes = self.objects.changes(before, after)
            patch = self.objects.diff(before, after)
            caps = self.caps
            limits = Limits(files=caps.files, lines=caps.lines, diff_bytes=caps.diff_bytes)
            if reason := why_left(self.objects, changes, len(patch), limits):
                return reason
            verdict = self._terms.judge_change(before, after, changes)
            if not verdict.accepted or verdict.spdx is None:
                return verdict.cause or "licence_unknown"
            said = wording_of(self.objects, pull, words)
            told = Told(said.title, said.body, said.labels, said.messages)
            shape = shape_of(self.objects, changes)
            shown = model_diff(self.objects, patch, changes)
            why = rationale(told, shape)
            return Request(pull, kind_of(told, shape), said, verdict.spdx, before, after, patch, shown, why), changes

    def _proven(self, request: Request, changes: list[Change]) -> tuple[PrPair, Trees, Proof]:
        """The record of a proven change, and what it was proven by. Raises Unproven, SandboxUnavailable."""
        try:
            with self.meter.stage("split"):
                parts = self._split(request, changes)
                mixed = self.objects.with_files(request.before_tree, parts.files)
                test_diff = self.objects.diff(request.before_tree, mixed)
            trees = Trees(request.before_tree, mixed, request.after_tree, request.pull.time_s)
            with self.meter.stage("proof"):
                proof = self._prover.prove(trees, parts, self._to_compile(parts, changes))
        except GitError as error:
            raise Unproven(error.cause, str(error)) from error
        standing = self.ground.standing
        assert standing is not None
        made = pair(self.repository, request, proof, standing, test_diff, self._kept(standing.lock))
        with self.meter.stage("lessons"):
            self.lessons.learn(request, mixed, proof)
            self._learn_red(request)
        return made, trees, proof

    def _to_compile(self, parts: Split, changes: list[Change]) -> set[str]:
        """The Rust files that have to be compiled where a change is tested: those of its source part, and where it has
        none, of its tests.
        """
        left = {change.path: change.new for change in changes if change.new and change.path.endswith(b".rs")}
        source = [
            path for path, entry in left.items() if parts.files.get(path) != (entry.mode, self.objects.blob(entry.oid))
        ]
        return {name_of(path) for path in source or left}

    def _kept(self, lock: bytes) -> str:
        """The name of a lock file, which is kept now."""
        name = f"locks/{hashlib.sha256(lock).hexdigest()[:16]}.lock"
        self.locks[name] = lock
        return name

    def _learn_red(self, request: Request) -> None:
        """Lessons of the branch's own commits; the pair stands without them. Raises SandboxUnavailable."""
        try:
            for step in steps_of(self.objects, request.pull)[: self.caps.red_commits]:
                changed = self.objects.changes(step.earlier.tree, step.later.tree)
                verdict = self._terms.judge_change(step.earlier.tree, step.later.tree, changed)
                if verdict.accepted and verdict.spdx is not None:
                    self.lessons.learn_red(request, step, verdict.spdx)
        except GitError as error:
            self.lessons.left[error.cause] += 1

    def _split(self, request: Request, changes: list[Change]) -> Split:
        """The parts of a change, whose diff is complete and whose trees can be laid out. Raises Unproven, GitError."""
        for tree in (request.before_tree, request.after_tree):
            check_tree(self.objects.tree(tree))
        check_changes(self.objects, changes)
        if not rebuilds(self.objects, request.before_tree, request.patch, request.after_tree):
            raise Unproven("diff_incomplete", "laid on the tree before, the diff does not give the tree after")
        try:
            return split(self.objects, request.before_tree, request.after_tree, changes)
        except Unsplittable as error:
            raise Unproven(error.cause, str(error)) from error


def told_pull(pull: Pull) -> dict[str, Any]:
    """A pull request as it travels in a unit."""
    return asdict(pull)
