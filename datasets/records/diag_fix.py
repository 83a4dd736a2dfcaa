"""What miners write: proven repairs, and what was tried and not kept."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field

from oxidizer.datasets.records.parts import (
    Applicability,
    Error,
    Origin,
    Probe,
    Provenance,
    RecordedVerdict,
    Source,
    Tests,
    Tool,
)  # fmt: skip
from oxidizer.datasets.records.record import SCHEMA_VERSION, Identified


class DiagFix(Identified):
    """Broken code, the tool's own diagnostic, a minimal fix: red before, green after."""

    type: Literal["diag_fix"] = "diag_fix"
    schema_version: Literal[1] = SCHEMA_VERSION
    id: str
    crate: str
    version: str
    source: Source
    member: str
    """The package's folder, relative to the source's root; "." at the root."""
    repo: str | None = None
    """`<org>/<name>` where the source is a tree of a repository (`git`)."""
    before_tree: str | None = None
    """git's hash of that tree."""
    lock: str
    """The unit's lock file, relative to the unit's folder."""
    setup_diff: str
    error: Error
    more_errors: list[Error]
    file: str
    code_before: str
    patch_diff: str
    code_after: str
    probe: Probe
    toolchain: str
    tests: Tests
    explanation: str
    class_: Annotated[str, Field(alias="class")]
    origin: Origin
    operator: str | None
    trivial: bool
    """The diagnostic itself carries this fix as a machine-applicable suggestion."""
    difficulty: int
    """1 (the tool's own sure suggestion at the span) to 5; see `miners/difficulty.py`."""
    sealed: bool
    verdict: RecordedVerdict
    lineage: list[str]
    """What made it: miner, recipe and code version."""
    license: str
    source_url: str
    commit: str | None
    provenance: Provenance
    parents: list[str]
    sha256: str

    model_config = ConfigDict(populate_by_name=True)

    later: ClassVar[frozenset[str]] = frozenset({"repo", "before_tree"})

    def lesson(self) -> dict[str, Any]:
        """Source, toolchain, both diffs, probe, and the diagnostic's tool, code and place."""
        tree = [self.repo, self.before_tree] if self.source == "git" else []
        return {
            "source": [self.source, self.crate, self.version, self.member, *tree],
            "toolchain": self.toolchain,
            "setup_diff": self.setup_diff,
            "patch_diff": self.patch_diff,
            "probe": self.probe.model_dump(mode="json"),
            "tool": self.error.tool,
            "code": self.error.code,
            "span": self.error.span.model_dump(mode="json"),
        }


class Reject(Identified):
    """What was tried and not kept: the stage, the reason, and enough to try it again."""

    type: Literal["reject"] = "reject"
    schema_version: Literal[1] = SCHEMA_VERSION
    id: str
    crate: str
    version: str
    source: Source
    member: str
    lock: str
    stage: str
    reason: str
    detail: str
    tool: Tool | None
    code: str | None
    applicability: Applicability | None
    probe: Probe | None
    error: Error | None
    setup_diff: str
    patch_diff: str | None
    toolchain: str
    license: str
    source_url: str
    commit: str | None
    parents: list[str]
    sha256: str

    def lesson(self) -> dict[str, Any]:
        """What was tried on what, and where it ended."""
        return {
            "source": [self.source, self.crate, self.version, self.member],
            "toolchain": self.toolchain,
            "setup_diff": self.setup_diff,
            "patch_diff": self.patch_diff,
            "probe": self.probe and self.probe.model_dump(mode="json"),
            "code": self.code,
            "span": self.error and self.error.span.model_dump(mode="json"),
            "reject": [self.stage, self.reason],
        }
