"""Whole states of projects: cases to be examined on, snapshots, logs of repairs."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from oxidizer.datasets.records.parts import Error, Tests
from oxidizer.datasets.records.record import Record, Sourced


class File(Record):
    """A file by its path from the project's root."""

    path: str
    content: bytes


class DiagCase(Sourced):
    """A broken project, what cargo says of it, and the patch that a policy's own is held against."""

    type: Literal["diag_case"] = "diag_case"
    repo: str
    files: list[File]
    cargo_diag: list[Error]
    tests: Tests
    class_: Annotated[str, Field(alias="class")]
    gold_patch: str

    model_config = ConfigDict(populate_by_name=True)

    def lesson(self) -> dict[str, Any]:
        """The project as it is broken, and the patch."""
        files = [file.model_dump(mode="json") for file in self.files]
        return {"repo": self.repo, "commit": self.commit, "files": files, "gold_patch": self.gold_patch}


class Triplet(Sourced):
    """Two trees and the diagnostic that tells them apart, by git's hashes."""

    type: Literal["triplet"] = "triplet"
    repo: str
    before_tree: str
    diag: Error
    after_tree: str

    def lesson(self) -> dict[str, Any]:
        """The trees and the diagnostic's code and place."""
        return {
            "before_tree": self.before_tree, "after_tree": self.after_tree, "code": self.diag.code,
            "span": self.diag.span.model_dump(mode="json"),
        }  # fmt: skip


class Step(Record):
    """One thing that was done in a repair, and what came of it."""

    action: str
    input: str
    output: str
    reflection: str


class Metric(Record):
    """A figure and its name, with the unit in it."""

    name: str
    value: float


class Entry(Sourced):
    """The log of one repair from beginning to end (DevLog)."""

    type: Literal["entry"] = "entry"
    snapshot: str
    """The id or tree of the state at the start."""
    steps: list[Step]
    reflections: list[str]
    final_state: str
    metrics: list[Metric]
    sealed: bool
    lineage: list[str]

    def lesson(self) -> dict[str, Any]:
        """Where it began, what was done, where it ended."""
        steps = [step.model_dump(mode="json") for step in self.steps]
        return {"snapshot": self.snapshot, "steps": steps, "final_state": self.final_state}


class Symbol(Record):
    """A named thing of a project and its number in the graph."""

    name: str
    number: int


class GraphSnap(Sourced):
    """A project's graph of items, as rust-analyzer sees it."""

    type: Literal["graph_snap"] = "graph_snap"
    project_graph: bytes
    ra_hash: str
    """Of the rust-analyzer that made it and its configuration."""
    symbol_ids: list[Symbol]

    def lesson(self) -> dict[str, Any]:
        """The graph and what made it."""
        return {"ra_hash": self.ra_hash, "symbols": [symbol.model_dump(mode="json") for symbol in self.symbol_ids],
                "source": self.source_url, "commit": self.commit}  # fmt: skip
