"""Compile errors from history, and what mended them.

Either the tests of a change do not compile on the tree before: that tree with the test part laid on it (`setup_diff`)
is broken, the source part is the fix. Or a commit of a proven branch does not compile, and the next one mends it. A fix
that makes or moves files, or changes what is no Rust or manifest, is no lesson of the compiler. Most such errors say
that something is not there yet, so codes are capped.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from oxidizer import __version__
from oxidizer.cluster.build import Build
from oxidizer.cluster.classes import class_of
from oxidizer.cluster.diagnostics import Diagnostic, counts
from oxidizer.cluster.edits import Edit, by_file, from_diff
from oxidizer.cluster.manifest import ManifestFacts
from oxidizer.cluster.verdict import stopped_verdict
from oxidizer.datasets.records import DiagFix, EnvVar, Probe, Provenance, RecordedVerdict, Tests
from oxidizer.miners.difficulty import difficulty, is_far
from oxidizer.miners.explain import besides, sentence
from oxidizer.miners.pulls.ground import Ground, Unproven
from oxidizer.miners.pulls.objects import FILE, PROGRAM, Change, GitError, Objects
from oxidizer.miners.pulls.pair import Repository, Request
from oxidizer.miners.pulls.places import Place, name_of, place_of
from oxidizer.miners.pulls.proof import Proof
from oxidizer.miners.pulls.red import Step
from oxidizer.miners.steps import steps
from oxidizer.miners.tuples import error, excerpt

_SILENCER = re.compile(r"#!?\[\s*(?:allow|expect|ignore)\b|\btodo!|\bunimplemented!")
_FILES = 12
Vouched = Literal["pass", "none"]
_CODE = frozenset({Place.RUST, Place.MANIFEST, Place.TEST})


@dataclass(frozen=True)
class Broken:
    """A tree that does not compile, and the one that mends it."""

    before_tree: str
    """Where whoever sees it again begins."""
    broken_tree: str
    """The same with what is laid on it, if anything is."""
    after_tree: str
    commit: str
    """Of the tree after."""
    license: str
    opening: str
    """How the explanation begins: before `rustc reports ..`."""
    vouched: Vouched
    """Tests that pass on both sides were seen."""
    pull: int | None
    found: str
    """By what: tests, or a red commit."""


@dataclass
class Lessons:
    """Those of one repository's changes."""

    objects: Objects
    ground: Ground
    repository: Repository
    per_code: int
    lines: int
    keep_lock: Callable[[bytes], str]
    """Keeps a lock file; its name below the unit's folder."""
    found: list[DiagFix] = field(default_factory=list)
    left: Counter[str] = field(default_factory=Counter)
    """Compile errors of changes that made no lesson, by reason."""

    def learn(self, request: Request, mixed: str, proof: Proof) -> None:
        """Keep the lesson of a proven change whose tests do not compile on `mixed`, the tree before, where it is one.

        Raises SandboxUnavailable.
        """
        build, title = proof.mixed, request.words.title
        if build is None:
            return
        opening = f"The pull request “{title}” brings tests that need it. " if title else ""
        vouched: Vouched = "pass" if proof.pass_to_pass else "none"
        broken = Broken(
            request.before_tree, mixed, request.after_tree, request.pull.after, request.license, opening, vouched,
            request.pull.number, "tests",
        )  # fmt: skip
        self._keep(broken, lambda: build)

    def learn_red(self, request: Request, step: Step, license_: str) -> None:
        """Keep the lesson of a commit that does not compile under the lock of its proven change, where the next one
        mends it. Raises SandboxUnavailable.
        """
        before = step.earlier.tree
        broken = Broken(
            before, before, step.later.tree, step.later.oid, license_,
            f"After the commit “{step.subject}” " if step.subject else "", "none", request.pull.number, "red-commit",
        )  # fmt: skip
        self._keep(broken, lambda: self._seen(before))

    def _keep(self, broken: Broken, see: Callable[[], Build]) -> None:
        try:
            self.found.append(self._lesson(broken, see))
        except _NoLesson as why:
            self.left[str(why)] += 1
        except (Unproven, GitError) as why:
            self.left[why.cause] += 1

    def _seen(self, tree: str) -> Build:
        """What the whole of a tree shows. Raises _NoLesson where it compiles."""
        self.ground.show(tree)
        standing = self.ground.standing
        assert standing is not None
        build = self.ground.project.check(["check", "--workspace", "--tests", *standing.features])
        if build.succeeded:
            raise _NoLesson("the commit compiles")
        return build

    def _lesson(self, broken: Broken, see: Callable[[], Build]) -> DiagFix:
        """Raises _NoLesson, Unproven, SandboxUnavailable."""
        changes = self.objects.changes(broken.broken_tree, broken.after_tree)
        _check_plain([change for change in changes if place_of(name_of(change.path)) != Place.LOCK])
        _check_names([*changes, *self.objects.changes(broken.before_tree, broken.broken_tree)])
        setup = self._text(broken.before_tree, broken.broken_tree)
        patch = self._text(broken.broken_tree, broken.after_tree)
        first = _first(see())
        if Counter(row.error.code for row in self.found)[first.code] >= self.per_code:
            raise _NoLesson("cap per code")
        package = self.ground.package(first.package)
        probe = ("check", "--tests", *package.features)
        self.ground.show(broken.broken_tree)
        before = package.build(probe)
        self.ground.show(broken.after_tree)
        after = package.build(probe)
        if stopped_verdict(before) or stopped_verdict(after) or not after.succeeded:
            raise _NoLesson("after does not compile")
        target = _first(before)
        new = counts(d for d in after.diagnostics if d.is_error) - counts(before.diagnostics)
        gone = counts(before.diagnostics) - counts(after.diagnostics)
        if new or not gone[target.key]:
            raise _NoLesson("the error stays")
        more = [d for d in before.diagnostics if d.is_error and gone[d.key] and d is not target and d.primary]
        asked = Probe(args=list(probe), env=[EnvVar(name=n, value=v) for n, v in sorted(package.env.items())])
        return self._record(broken, (setup, patch), target, more, package.facts, asked)

    def _record(
        self, broken: Broken, diffs: tuple[str, str], target: Diagnostic, more: Sequence[Diagnostic],
        facts: ManifestFacts, probe: Probe,
    ) -> DiagFix:  # fmt: skip
        (setup, patch), files = diffs, self.objects.tree(broken.broken_tree)

        def read(file: str) -> bytes:
            return self.objects.blob(files[file.encode()].oid)

        edits = from_diff(patch, read)
        file = min(edit.file for edit in edits)
        code_before, code_after = excerpt(read(file), by_file(edits)[file])
        shown, at, standing = error(target), target.primary, self.ground.standing
        assert at is not None
        assert standing is not None
        fields: dict[str, Any] = {
            "crate": facts.name, "version": facts.version, "source": "git", "member": facts.member,
            "repo": self.repository.name, "before_tree": broken.before_tree,
            "lock": self.keep_lock(standing.lock), "setup_diff": setup,
            "error": shown, "more_errors": [error(d) for d in more], "file": file, "code_before": code_before,
            "patch_diff": patch, "code_after": code_after,
            "probe": probe, "toolchain": self.repository.toolchain,
            "tests": Tests(before=broken.vouched, after=broken.vouched, names=[]),
            "explanation": _explained(target, edits, read, broken.opening),
            "class": class_of(shown.tool, shown.code, shown.message), "origin": "history", "operator": None,
            "trivial": False,
            "difficulty": difficulty(
                given=False, patch=patch, diagnostics=1 + len(more),
                far=is_far(edits, at.file, at.byte_start, at.byte_end),
            ),
            "sealed": self.repository.sealed,
            "verdict": RecordedVerdict(scope="alone", audited=False, covered=None, flags=[]),
            "lineage": [
                *self.repository.lineage, f"pull:{broken.pull}", f"found:{broken.found}", f"oxidizer:{__version__}"
            ],
            "license": broken.license, "source_url": self.repository.url, "commit": broken.commit,
            "provenance": Provenance(repo=self.repository.url, commit=broken.commit), "parents": [],
        }  # fmt: skip
        return DiagFix.new(**fields)

    def _text(self, before: str, after: str) -> str:
        """A diff without locks, as text, of no more lines than a lesson has. Raises _NoLesson."""
        own = [c for c in self.objects.changes(before, after) if place_of(name_of(c.path)) == Place.LOCK]
        if own:
            kept = self.objects.tree(before)
            files = {c.path: _laid(self.objects, kept, c.path) for c in own}
            after = self.objects.with_files(after, files)
        try:
            text = self.objects.diff(before, after).decode("utf-8")
        except UnicodeDecodeError:
            raise _NoLesson("not text") from None
        lines = [line for line in text.splitlines() if line[:1] in "+-" and line[:4] not in ("+++ ", "--- ")]
        if len(lines) > self.lines:
            raise _NoLesson("too many lines")
        added, taken = (
            sum(len(_SILENCER.findall(line)) for line in lines if line.startswith(sign)) for sign in ("+", "-")
        )
        if added > taken:
            raise _NoLesson("silences")
        return text


class _NoLesson(Exception):
    """A compile error that is no lesson, and why."""


def _laid(objects: Objects, tree: Any, path: bytes) -> tuple[int, bytes] | None:
    entry = tree.get(path)
    return (entry.mode, objects.blob(entry.oid)) if entry is not None else None


def _check_plain(changes: Sequence[Change]) -> None:
    """The source part only changes files of code. Raises _NoLesson."""
    if not 0 < len(changes) <= _FILES:
        raise _NoLesson("too many files" if changes else "no source part")
    for change in changes:
        if change.old is None or change.new is None or change.old.mode != change.new.mode:
            raise _NoLesson("makes or moves files")
        if change.new.mode not in (FILE, PROGRAM) or place_of(name_of(change.path)) not in _CODE:
            raise _NoLesson("changes what is no code")


def _check_names(changes: Sequence[Change]) -> None:
    """No file is called so that git would quote it in a diff for people. Raises _NoLesson."""
    if any(not change.path.isascii() or re.search(rb'[\x00-\x1f\x7f"\\]', change.path) for change in changes):
        raise _NoLesson("odd file name")


def _first(build: Build) -> Diagnostic:
    """The first compile error that stands in a file of the tree. Raises _NoLesson."""
    errors = (d for d in build.diagnostics if d.is_error and d.primary is not None and d.primary.in_source)
    if (found := next(errors, None)) is None:
        raise _NoLesson("no error in a file")
    return found


def _explained(target: Diagnostic, edits: Sequence[Edit], read: Any, opening: str) -> str:
    code = f"`{target.code}`: " if target.code else "an error: "
    told = f"{opening}rustc reports {code}{sentence(target.message)}"
    parts = (told, besides(target), f"The fix {steps(edits, read)}.")
    text = " ".join(part for part in parts if part)
    return text[:1].upper() + text[1:]
