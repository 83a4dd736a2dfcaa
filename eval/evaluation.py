"""`oxidizer eval run`: a suite and a policy, a campaign over the suite's crates, and figures of what came of it.

Running the same command again continues. A run that was not finished has no `eval.json`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console

from oxidizer import __version__
from oxidizer.cluster.campaign import stoppable
from oxidizer.cluster.rundir import Json, RunDirectory
from oxidizer.cluster.session import Session, session
from oxidizer.cluster.standings import require
from oxidizer.cluster.toolchain import Toolchain
from oxidizer.datasets.records import DiagFix, arrow_schema
from oxidizer.eval.score import summary
from oxidizer.eval.suite import Suite, check_unlearned, fingerprint
from oxidizer.eval.work import RESULTS, EvalPlan
from oxidizer.miners.recipe import Recipe
from oxidizer.serve.judging.crates import CrateCampaign, OtherQuestion, Quarantined, say
from oxidizer.serve.policies.named import policy_named
from oxidizer.serve.selfplay.search import Budget


class CannotEvaluate(RuntimeError):
    """The evaluation cannot run, or cannot go on; the message says why, for a person."""


@dataclass(frozen=True)
class Examination:
    """What is asked for."""

    suite: Suite
    policy: str
    target: Path
    budget: Budget
    ks: tuple[int, ...]
    toolchain: Toolchain
    backend: str
    mining: Recipe
    """For the limits of sandboxes."""

    @property
    def asked(self) -> Json:
        """What decides the results."""
        cases = fingerprint(str(row["id"]) for row in self.suite.rows)
        return {
            "suite": self.suite.name, "cases": cases, "policy": _identity(self.policy), "budget": asdict(self.budget),
            "toolchain": self.toolchain.version,
        }  # fmt: skip


def evaluate(order: Examination, out: Console, **where: Any) -> Json:
    """Evaluate; the figures. `where` says on which Ray. Raises CannotEvaluate, NoSuite, Stopped, OSError."""
    check_unlearned(order.suite, *_learned(order.policy))
    policy = policy_named(order.policy)
    campaign = CrateCampaign(order.target, order.asked, {"results": RESULTS}, _told)
    try:
        run = campaign.begin()
        require(order.backend, order.toolchain.sysroot, frozenset())
        units = _units(order)
        pending = campaign.pending(units)
        say(out, f"{order.suite.name}: {len(order.suite.rows)} cases of {len(units)} crates, {len(pending)} to go")
        if pending:
            limits = order.mining.limits
            with stoppable(), session(cpus=limits.cpus, memory_bytes=limits.memory_bytes, **where) as ray:
                campaign.execute(units, _plan(order, ray, run), ray, out)
    except (OtherQuestion, Quarantined) as error:
        raise CannotEvaluate(str(error)) from error
    results = read_results(order.target)
    figures = {
        "schema_version": 1, "suite": order.suite.name, "policy": policy.name, "asked": order.asked,
        "code": __version__, **summary(results, order.ks),
    }  # fmt: skip
    if not figures["scored"]:
        raise CannotEvaluate(f"none of the {len(results)} cases has a verdict: {figures['unscored']}")
    RunDirectory(order.target).write_json("eval.json", figures)
    return figures


def _plan(order: Examination, ray: Session, run: str) -> EvalPlan:
    return EvalPlan(
        order.mining, (), 0, order.backend, None if ray.address else str(order.toolchain.sysroot),
        order.toolchain.version, ray.share, run=run, policy=_place(order.policy), budget=order.budget,
    )  # fmt: skip


def read_results(run: Path) -> list[Json]:
    """The results of an evaluation, in the order of the cases' ids."""
    rows = [row for file in sorted(run.glob("units/*/results.parquet")) for row in pq.read_table(file).to_pylist()]
    return sorted(rows, key=lambda row: str(row["id"]))


def _units(order: Examination) -> list[Json]:
    folder = order.target / "cases"
    folder.mkdir(parents=True, exist_ok=True)
    units = []
    for (crate, version), rows in order.suite.packages().items():
        ids = hashlib.sha256("\n".join(str(row["id"]) for row in rows).encode()).hexdigest()[:8]
        name = f"{crate}-{version}-{ids}"
        file = folder / f"{name}.parquet"
        if not file.exists():
            part = file.with_suffix(".part")
            pq.write_table(pa.Table.from_pylist([dict(r) for r in rows], schema=arrow_schema(DiagFix)), part)
            part.replace(file)
        own = order.suite.unit(crate, version).absolute()
        units.append(
            {
                "unit": name, "crate": crate, "version": version, "cases": str(file.absolute()),
                "files": str(own) if own.is_dir() else "",
            }
        )  # fmt: skip
    return units


def _learned(policy: str) -> tuple[Iterable[str], Iterable[str]]:
    """The ids of the fixes that a policy has learned from, and their crates."""
    if not Path(policy).is_dir():
        return (), ()
    from oxidizer.serve.policies.templates.model import load_book

    examples = load_book(Path(policy)).examples
    return [one.id for one in examples], {one.crate for one in examples}


def _identity(policy: str) -> str:
    """A policy's name, or a hash of the model's folder: another model of one name is another policy."""
    folder = Path(policy)
    if not folder.is_dir():
        return policy
    hashed = hashlib.sha256()
    for file in sorted(folder.iterdir()):
        hashed.update(file.name.encode() + b"\0" + file.read_bytes())
    return hashed.hexdigest()


def _place(policy: str) -> str:
    return str(Path(policy).absolute()) if Path(policy).is_dir() else policy


def _told(told: Json) -> str:
    scored = max(1, told["scored"])
    return (
        f"{told['scored']} of {told['cases']} cases, mended {told['fixed_at_1'] / scored:.1%} at the first try, "
        f"{told['fixed'] / scored:.1%} at all"
    )


def tell(figures: Json, ks: Sequence[int], out: Console) -> None:
    """The figures for a person, in some lines."""
    at = [f"fix@{k} {figures['fix'][str(k)]['by_case']['value']:.1%}" for k in ks]
    say(out, f"{figures['policy']} on {figures['suite']}: {figures['scored']} cases of {figures['crates']} crates")
    say(out, " · ".join(at))
    for k in ks[:1]:
        own = figures["fix"][str(k)]["by_crate"]
        say(out, f"fix@{k} by crates, 95%: {own['low']:.1%} to {own['high']:.1%}")
    say(out, "exact " + " · ".join(f"@{k} {figures['exact'][str(k)]:.1%}" for k in ks))
    told = figures["calibration"]
    say(out, f"Brier {told['brier']:.3f}, ECE {told['ece']:.3f}; a proposal {figures['propose_ms']['median']:.0f} ms")
    for name in ("errors", "lints", "without misspellings and deletions"):
        if (own := figures["slices"].get(name)) is not None:
            say(out, f"{name}: {own['cases']} cases, " + ", ".join(f"fix@{k} {own[f'fix@{k}']:.1%}" for k in ks))
    for reason, n in figures["unscored"].items():
        say(out, f"not scored: {n}, {reason}")
