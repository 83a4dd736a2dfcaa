"""Pull requests whose before and after were built and tested."""

from __future__ import annotations

import hashlib
from typing import Any, ClassVar, Literal

from oxidizer.datasets.records.parts import Probe, TestName
from oxidizer.datasets.records.record import Record, Sourced

Kind = Literal["bug_fix", "migration", "deprecation", "safety", "perf", "refactor", "feature", "dependency"]


class ReviewComment(Record):
    """What a reviewer said of a place in the diff."""

    file: str
    line: int | None
    """In the file after the change; null where the comment is about lines that went."""
    hunk: str
    """The lines of the diff that it stands beside."""
    body: str


class Review(Record):
    """What a reviewer said of the whole, and what it came to."""

    state: Literal["approved", "changes_requested", "commented", "dismissed"]
    body: str
    """Empty where the verdict is all."""


class Ci(Record):
    """How the change was checked."""

    status: Literal["pass", "fail", "none"]
    source: Literal["github", "sandbox"]
    """Whose word it is: what GitHub's archive says, or what was run here."""


class Pull(Sourced):
    """What every record of a pull request says of it."""

    repo: str
    """`<org>/<name>`."""
    pr: int | None
    kind: Kind
    title: str
    body: str
    commit_msg: str
    review_comments: list[ReviewComment]
    reviews: list[Review] | None = None
    """Null where none is known."""
    rationale: str | None = None
    """What is said of dependencies that come: the paragraphs that name one; null where there is nothing."""
    base_commit: str
    merge_commit: str
    before_tree: str
    """git's hash of the tree before."""
    patch_diff: bytes
    """Complete, as `git diff-tree -p --binary --full-index` writes it: laid on `before_tree` it gives `after_tree`."""
    after_tree: str
    model_diff: str
    """The diff as models see it: without binary and generated files."""
    toolchain: str
    sealed: bool
    lineage: list[str]

    later: ClassVar[frozenset[str]] = frozenset({"reviews", "rationale"})

    def lesson(self) -> dict[str, Any]:
        """The repository's two trees: one change is one pair, whatever it is called."""
        return {
            "repo": self.repo,
            "before_tree": self.before_tree,
            "after_tree": self.after_tree,
            "patch": hashlib.sha256(self.patch_diff).hexdigest(),
        }


class PrPair(Pull):
    """A pull request: the tree before, the diff, the tree after, and what people and machines said of it."""

    type: Literal["pr_pair"] = "pr_pair"
    test_diff: bytes
    """The part of the diff that changes tests; empty where none does."""
    ci: Ci
    evidence: Literal["test", "compile_error"] | None
    """What failed before and does not after; null where nothing did."""
    fail_to_pass: list[TestName]
    pass_to_pass: list[TestName]
    flaky: list[TestName]
    probe: Probe
    """What builds and runs the tests, in the root of the tree."""
    lock: str
    """The lock file that both sides were built with, relative to the unit's folder."""


class PrUnproven(Pull):
    """A pull request of which nothing is proven, and why: never to be taken for one that is."""

    type: Literal["pr_unproven"] = "pr_unproven"
    cause: str
    """A stable word."""
    message: str

    def lesson(self) -> dict[str, Any]:
        """The trees, and that nothing is proven of them."""
        return {**super().lesson(), "unproven": self.cause}
