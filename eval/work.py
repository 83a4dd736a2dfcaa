"""What a worker does with one crate's cases: search for a patch of each, and note every try."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from oxidizer.cluster.episode import Episode
from oxidizer.cluster.fetch import FetchError, RegistryUnavailable
from oxidizer.cluster.rundir import Json, UnitOutput
from oxidizer.cluster.sandbox import SandboxUnavailable
from oxidizer.cluster.scratch import scratch
from oxidizer.cluster.toolchain import Toolchain
from oxidizer.cluster.workbench import UnfitCrate
from oxidizer.miners.tuples import SOURCE_ARCHIVE
from oxidizer.miners.work import NodePlan, NodeWork, own_toolchain
from oxidizer.serve.judging.ground import Ground, open_ground
from oxidizer.serve.judging.task import Row, unfit
from oxidizer.serve.policies.named import policy_named
from oxidizer.serve.policies.prompt import Policy
from oxidizer.serve.policies.templates.holes import distance
from oxidizer.serve.policies.templates.index import CrateIndex, CrateView
from oxidizer.serve.policies.templates.outcome import Outcome, TokenEdit, outcome, token_edits
from oxidizer.serve.policies.templates.tokens import words
from oxidizer.serve.selfplay.search import Budget, Hunt, Try, search

RESULTS = pa.schema(
    [
        ("id", pa.string()), ("crate", pa.string()), ("code", pa.string()), ("class", pa.string()),
        ("origin", pa.string()), ("operator", pa.string()), ("diagnostics", pa.int32()), ("unscored", pa.string()),
        ("rank", pa.int32()), ("depth", pa.int32()), ("exact_rank", pa.int32()), ("tries", pa.int32()),
        ("probability", pa.float64()), ("first_green", pa.bool_()), ("propose_s", pa.float64()),
        ("changed_lines", pa.int32()), ("easy", pa.bool_()), ("log", pa.string()),
    ]
)  # fmt: skip
"""A case: `rank` of the first try that is green, from 1, null where none is; `exact_rank` the same of the recorded fix;
`probability` and `first_green` of the first try; `easy` where the recorded fix only takes words away or puts a
misspelt one right; `log` every try, as JSON; `unscored` why nothing is known.
"""


@dataclass(frozen=True)
class EvalPlan(NodePlan):
    """What every worker of an evaluation knows."""

    policy: str = ""
    """As `policy_named` takes it; a model's folder by its whole path."""
    budget: Budget = field(default_factory=Budget)

    def __call__(self) -> EvalWork:
        """The work. Raises SandboxUnavailable where the node has another toolchain."""
        return EvalWork(self, own_toolchain(self))


class EvalWork(NodeWork):
    """Examines one policy on one crate after the other."""

    def __init__(self, plan: EvalPlan, toolchain: Toolchain) -> None:
        super().__init__(plan, toolchain)
        self.plan = plan
        self.policy: Policy = policy_named(plan.policy)

    def work(self, order: Json, episode: Episode) -> UnitOutput:
        """The results of one crate's cases. Raises SandboxUnavailable."""
        began = time.monotonic()
        rows = pq.read_table(order["cases"]).to_pylist()
        summary: dict[str, Any] = {key: order[key] for key in ("unit", "crate", "version")}
        summary |= {"status": "mined", "cause": None, "message": None}
        kept = Path(order["files"]) if order["files"] else None
        whole = kept is not None and (kept / SOURCE_ARCHIVE).is_file()
        reasons = [unfit(row, sources=whole) for row in rows]
        results = [_unscored(row, reason) for row, reason in zip(rows, reasons, strict=True) if reason]
        fit = [row for row, reason in zip(rows, reasons, strict=True) if not reason]
        if fit:
            try:
                with (
                    scratch(order["crate"]) as folder,
                    open_ground(
                        fit[0], folder, self.toolchain, self.plan.backend, self.limits, self.plan.recipe, episode, kept
                    ) as ground,
                ):
                    results += self._examined(ground, fit)
                    summary |= {"runs": ground.effort, "stages": ground.meter.account()}
            except (FetchError, UnfitCrate) as error:
                summary |= {"status": "rejected", "cause": str(error.cause), "message": str(error)}
                results += [_unscored(row, f"its crate: {error.cause}") for row in fit]
            except RegistryUnavailable as error:
                raise SandboxUnavailable(str(error)) from error
        scored = [one for one in results if not one["unscored"]]
        summary |= {
            "wall_s": round(time.monotonic() - began, 3), "cases": len(results), "scored": len(scored),
            "fixed": sum(one["rank"] is not None for one in scored),
            "fixed_at_1": sum(one["rank"] == 1 for one in scored),
            "unscored": dict(sorted(Counter(one["unscored"] for one in results if one["unscored"]).items())),
        }  # fmt: skip
        return UnitOutput({"results": sorted(results, key=lambda one: one["id"])}, {}, summary)

    def _examined(self, ground: Ground, rows: list[Row]) -> list[Json]:
        tasks, lost = ground.tasks(rows)
        by_id = {str(row["id"]): row for row in rows}
        results = [_unscored(by_id[key], why) for key, why in lost.items()]
        prompts = []
        for task, shown in zip(tasks, ground.shown(tasks), strict=True):
            seen = shown.diagnostics[0].code if shown.diagnostics else shown.unseen or shown.error or "nothing"
            if shown.diagnostics and seen == task.row["error"]["code"]:
                prompts.append((task, ground.prompt(task, shown)))
            else:
                results.append(_unscored(task.row, f"shows {seen}"))
        return results + [_result(hunt) for hunt in search(ground, prompts, self.policy, self.plan.budget)]


def _about(row: Row) -> Json:
    about = {key: row[key] for key in ("id", "crate", "class", "origin", "operator")}
    return {**about, "code": row["error"]["code"], "diagnostics": 1 + len(row["more_errors"])}


def _unscored(row: Row, why: str) -> Json:
    return {
        **_about(row), "unscored": why, "rank": None, "depth": None, "exact_rank": None, "tries": 0,
        "probability": None, "first_green": None, "propose_s": None, "changed_lines": None, "easy": None,
        "log": None,
    }  # fmt: skip


def _result(hunt: Hunt) -> Json:
    view = CrateView(CrateIndex(_touched(hunt)), _touched(hunt))
    gold = outcome(view, hunt.task.gold)
    exact = next((at for at, one in enumerate(hunt.tries) if outcome(view, one.edits) == gold), None)
    first = hunt.tries[0] if hunt.tries else None
    found = hunt.tries[hunt.found] if hunt.found is not None else None
    return {
        **_about(hunt.task.row), "unscored": None,
        "rank": None if hunt.found is None else hunt.found + 1, "depth": found.depth if found else None,
        "exact_rank": None if exact is None else exact + 1, "tries": len(hunt.tries),
        "probability": first.sample.probability if first else 0.0,
        "first_green": hunt.found == 0, "propose_s": hunt.propose_s,
        "changed_lines": sum(1 + edit.replacement.count(b"\n") for edit in found.edits) if found else None,
        "easy": is_easy(view, gold), "log": json.dumps([_told(one) for one in hunt.tries if one.verdict != "untried"]),
    }  # fmt: skip


def is_easy(view: CrateView, gold: Outcome) -> bool:
    """A fix only takes words away, or puts a misspelt word right: what hardly takes a policy."""
    edits = token_edits(view, gold)
    return all(not edit.said or _is_misspelt(view, edit) for edit in edits)


def _is_misspelt(view: CrateView, edit: TokenEdit) -> bool:
    file = view.file(edit.file)
    old = words(file.text[edit.start : edit.end]) if file else ()
    return len(old) == len(edit.said) == 1 and old[0][:1].isalpha() and distance(old[0], edit.said[0]) <= 2


def _touched(hunt: Hunt) -> dict[str, bytes]:
    """The files that the recorded fix or a try changes."""
    names = {edit.file for edits in (hunt.task.gold, *(one.edits for one in hunt.tries)) for edit in edits}
    return {name: hunt.prompt.files[name] for name in sorted(names) if name in hunt.prompt.files}


def _told(one: Try) -> Json:
    edits = [
        {**asdict(edit), "replacement": edit.replacement.decode("utf-8", "backslashreplace")} for edit in one.edits
    ]
    return {
        "verdict": one.verdict, "detail": one.detail, "depth": one.depth, "parent": one.parent,
        "probability": round(one.sample.probability, 4), "source": one.sample.source, "edits": edits,
    }  # fmt: skip
