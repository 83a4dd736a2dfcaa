"""What a worker does with one crate's fixes: count what they teach, then have candidates for them judged."""

from __future__ import annotations

import json
import time
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from oxidizer.cluster.edits import Edit
from oxidizer.cluster.episode import Episode
from oxidizer.cluster.fetch import FetchError, RegistryUnavailable
from oxidizer.cluster.rundir import Json, UnitOutput
from oxidizer.cluster.sandbox import SandboxUnavailable
from oxidizer.cluster.scratch import scratch
from oxidizer.cluster.toolchain import Toolchain
from oxidizer.cluster.verdict import Trial
from oxidizer.cluster.workbench import UnfitCrate
from oxidizer.miners.work import NodePlan, NodeWork, own_toolchain
from oxidizer.serve.judging.ground import Ground, open_ground
from oxidizer.serve.judging.task import Task
from oxidizer.serve.policies.templates.candidates import Candidate, candidates
from oxidizer.serve.policies.templates.counts import Book, Counts, Example, example_of
from oxidizer.serve.policies.templates.features import features
from oxidizer.serve.policies.templates.mine import mine
from oxidizer.serve.policies.templates.model import example_lines, examples_of
from oxidizer.serve.policies.templates.outcome import outcome
from oxidizer.serve.policies.templates.policy import Indexes
from oxidizer.serve.policies.templates.scene import Scene
from oxidizer.train.templates.lessons import read_tasks

EXAMPLES = "examples.jsonl"
"""The file that a unit of the first campaign leaves."""
CANDIDATES = pa.schema(
    [
        ("id", pa.string()), ("task", pa.string()), ("crate", pa.string()), ("features", pa.list_(pa.float32())),
        ("exact", pa.bool_()), ("green", pa.bool_()), ("worth", pa.float64()),
    ]
)  # fmt: skip
"""A candidate of a fix: `exact` where it is the recorded one, `green` what the compiler says, null where unasked."""


@dataclass(frozen=True)
class Plan(NodePlan):
    """What every worker of training knows."""

    judged: int = 0
    labelled: int = 0
    book: str = ""
    """The file of the first campaign's examples; the second one needs it."""

    def __call__(self) -> NodeWork:
        """The work: labels where there is a book. Raises SandboxUnavailable."""
        kind = Labels if self.book else Survey
        return kind(self, own_toolchain(self))


class CrateTasks(NodeWork):
    """Opens the ground of one crate's fixes, and has something done there."""

    def __init__(self, plan: Plan, toolchain: Toolchain) -> None:
        super().__init__(plan, toolchain)
        self.plan = plan

    def work(self, order: Json, episode: Episode) -> UnitOutput:
        """All that one crate gives. Raises SandboxUnavailable."""
        began = time.monotonic()
        summary: dict[str, Any] = {key: order[key] for key in ("unit", "crate", "version")}
        summary |= {"status": "rejected", "cause": None, "message": None}
        rows = read_tasks(order)
        try:
            with (
                scratch(order["crate"]) as folder,
                open_ground(
                    rows[0], folder, self.toolchain, self.plan.backend, self.limits, self.plan.recipe, episode
                ) as ground,
            ):
                output = self.on(ground, *ground.tasks(rows), summary)
                summary |= {"runs": ground.effort, "stages": ground.meter.account()}
        except (FetchError, UnfitCrate) as error:
            summary |= {"cause": str(error.cause), "message": str(error)}
            return UnitOutput({}, {}, summary)
        except RegistryUnavailable as error:
            raise SandboxUnavailable(str(error)) from error
        summary |= {"status": "mined", "wall_s": round(time.monotonic() - began, 3)}
        return output

    @abstractmethod
    def on(self, ground: Ground, tasks: list[Task], lost: dict[str, str], summary: dict[str, Any]) -> UnitOutput:
        """What the tasks give; tells of it in the summary."""


def scenes(ground: Ground, tasks: Sequence[Task]) -> Iterator[tuple[Task, Scene | None, str]]:
    """Each task's scene; None where it does not show what its record says, with what it shows."""
    indexes = Indexes()
    for task, shown in zip(tasks, ground.shown(tasks), strict=True):
        seen = shown.diagnostics[0].code if shown.diagnostics else shown.unseen or shown.error or "nothing"
        if not shown.diagnostics or seen != task.row["error"]["code"]:
            yield task, None, f"shows {seen}"
            continue
        prompt = ground.prompt(task, shown)
        yield task, Scene(prompt, indexes.near(prompt.files)), ""


class Survey(CrateTasks):
    """The first campaign: what each fix teaches."""

    def on(self, ground: Ground, tasks: list[Task], lost: dict[str, str], summary: dict[str, Any]) -> UnitOutput:
        """The examples of the tasks."""
        found: list[Example] = []
        for task, scene, why in scenes(ground, tasks):
            if scene is None:
                lost[task.id] = why
            else:
                found.append(example(task, scene))
        said = sum(bool(one.templates) for one in found)
        summary |= {"fixes": len(found), "said": said, "lost": dict(sorted(lost.items()))}
        lines = "".join(json.dumps(line) + "\n" for line in example_lines(Book(found)))
        return UnitOutput({}, {EXAMPLES: lines.encode()}, summary)


def example(task: Task, scene: Scene) -> Example:
    """What a task's fix teaches."""
    wanted = outcome(scene.view, task.gold)
    suggested = [(one.name, outcome(scene.view, one.edits) == wanted) for one in scene.suggestions]
    return example_of(scene, task.id, str(task.row["crate"]), mine(scene, task.gold), suggested)


class Labels(CrateTasks):
    """The second campaign: candidates for each fix, by what other crates teach, and what the compiler says of them."""

    def on(self, ground: Ground, tasks: list[Task], lost: dict[str, str], summary: dict[str, Any]) -> UnitOutput:
        """The candidates of the tasks."""
        counts = _counts_without(self.plan.book, str(summary["crate"]))
        rows: list[Json] = []
        asked: list[tuple[Task, tuple[Edit, ...]]] = []
        places: list[int] = []
        for task, scene, why in scenes(ground, tasks):
            if scene is None:
                lost[task.id] = why
                continue
            wanted = outcome(scene.view, task.gold)
            for at, one in enumerate(candidates(scene, counts, self.plan.labelled)):
                exact = one.outcome == wanted
                row = _row(task, scene, one, at, exact)
                if not exact and at < self.plan.judged:
                    # What no search would try is no fix, whatever the compiler says of it.
                    trial = Trial(one.edits, scene.prompt.target, task.setup)
                    if ground.bench.screen(trial)[1] is not None:
                        row["green"] = False
                    else:
                        asked.append((task, one.edits))
                        places.append(len(rows))
                rows.append(row)
        for at, shown in zip(places, ground.judged(asked), strict=True):
            rows[at]["green"] = None if shown.unseen else shown.is_clean
        summary |= {"candidates": len(rows), "judged": len(asked), "lost": dict(sorted(lost.items()))}
        summary["green"] = sum(bool(row["green"]) for row in rows)
        return UnitOutput({"candidates": rows}, {}, summary)


def _row(task: Task, scene: Scene, one: Candidate, at: int, exact: bool) -> Json:
    return {
        "id": f"{task.id}-{at:02}", "task": task.id, "crate": str(task.row["crate"]),
        "features": [float(value) for value in features(scene, one)], "exact": exact,
        "green": True if exact else None, "worth": one.worth,
    }  # fmt: skip


@lru_cache(maxsize=1)
def _book(file: str) -> tuple[Book, Counts]:
    with Path(file).open(encoding="utf-8") as lines:
        book = Book(examples_of(json.loads(line) for line in lines))
    return book, book.counts


def _counts_without(file: str, crate: str) -> Counts:
    """What all crates but one teach: a crate's own fixes would tell what they are asked for."""
    book, counts = _book(file)
    return counts.without(book.of(one for one in book.examples if one.crate == crate))
