"""`oxidizer mine` once its plan is settled: mines what is pending, tells a person of it, and leaves a report.

Running it again continues. What is committed stays whatever happens; how each start ended stands in `run.json`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from oxidizer.cluster.campaign import Campaign, CampaignBroken, Stopped, stoppable
from oxidizer.cluster.cargohome import cargo_home
from oxidizer.cluster.labels import work_for, working_for
from oxidizer.cluster.leftovers import sweep
from oxidizer.cluster.rundir import Json, RunDirectory
from oxidizer.cluster.sandbox import SandboxUnavailable
from oxidizer.cluster.session import ClusterLost, NoCluster, NoRoom, session
from oxidizer.cluster.standings import require
from oxidizer.cluster.visible import visible
from oxidizer.miners.against import say_comparison
from oxidizer.miners.budget import Budget, Spending, wall_s
from oxidizer.miners.campaign import Plan, note_broken, note_session, note_weaker, open_run, open_session
from oxidizer.miners.order import Expectations, cached_sizes, in_order
from oxidizer.miners.progress import MiningProgress
from oxidizer.miners.report import RunUnreadable, write_report

OVER_BUDGET = 4
"""The exit status where a budget left crates for another time."""

# Ray sets it for the command of a submitted job.
_IN_A_JOB = "RAY_JOB_CONFIG_JSON_ENV_VAR"


class CannotMine(RuntimeError):
    """The command cannot run, or cannot go on; the message says why, for a person."""


class Mining:
    """One start of the command on one run directory."""

    def __init__(
        self, plan: Plan, place: str, toolchain: str | None, out: Console, err: Console, *, budget: Budget,
        like: Sequence[str] = (),
    ) -> None:  # fmt: skip
        """`toolchain` is the user's own word for it, which nodes of a cluster look up by themselves; `like` are runs
        that tell what to expect of crates. Raises CannotMine for a place that would go with the command.
        """
        if _IN_A_JOB in os.environ and not Path(place).is_absolute() and "://" not in place:
            raise CannotMine(
                f"in a Ray job the folder {place} would vanish with the job's working directory: "
                "give --out an absolute path that all nodes share, or a URI such as s3://bucket/run"
            )
        self.plan, self.place, self.toolchain, self.out, self.err = plan, place, toolchain, out, err
        self.budget, self.like = budget, like

    def run(self, **where: Any) -> int:
        """Mine; the exit status. `where` says on which Ray (see `session`). Raises CannotMine."""
        plan = self.plan
        try:
            run = RunDirectory(self.place)
            manifest = open_run(plan, run)
            run.tidy()
            pending = run.pending(plan.units)
            expectations = self._expectations()
            if not pending and manifest["sessions"] and not _report_is_stale(run):
                self._say(
                    f"Nothing to do: all {len(plan.units)} {plan.what} of {plan.list_file.name} are in {self.place}."
                )
                return 0
            if pending:
                note_weaker(manifest, require(plan.backend, plan.toolchain.sysroot, plan.accepted))
            manifest |= {"budget": self.budget.told, "price": asdict(plan.recipe.price)}
            manifest |= plan.begin(run)
            run.write_json("run.json", manifest)
            note_broken(plan, run)
        except OSError as error:
            raise CannotMine(f"{self.place}: {error}") from error
        except (ValueError, SandboxUnavailable) as error:
            raise CannotMine(str(error)) from error
        try:
            return self._mine(run, manifest, pending, expectations, where)
        except OSError as error:
            raise CannotMine(f"{error}. What is committed is kept; the same command continues.") from error
        except (RunUnreadable, NoCluster, NoRoom) as error:
            raise CannotMine(str(error)) from error

    def _expectations(self) -> Expectations:
        """What is known of the crates beforehand. Raises ValueError for a run that is not there or is damaged."""
        for place in self.like:
            if RunDirectory(place).read_json("run.json") is None:
                raise ValueError(f"--like {place}: no run is there")
        return Expectations(map(RunDirectory, self.like), cached_sizes(cargo_home()))

    def tell(self) -> None:
        """Say what would be done. Raises CannotMine."""
        plan = self.plan
        try:
            run = RunDirectory(self.place)
            open_run(plan, run)
            pending = {unit["unit"] for unit in run.pending(plan.units)}
        except (ValueError, OSError) as error:
            raise CannotMine(str(error)) from error
        self._say(self._headline(len(pending)))
        self._say(
            f"recipe {plan.recipe.fingerprint}, seed {plan.seed}, miners {', '.join(plan.miners)}, into {self.place}"
        )
        for unit in plan.units:
            done = "" if unit["unit"] in pending else "  done"
            self.out.print(f"  {unit['crate']} {unit['version']}  [dim]{unit['unit']}[/]{done}")
        self._say_broken()

    def _mine(
        self, run: RunDirectory, manifest: Json, pending: list[Json], expectations: Expectations, where: Json
    ) -> int:
        """Mine what is pending and write the report. Raises OSError where this machine takes no files."""
        work_for(manifest["id"])
        sweep()
        self._say(self._headline(len(pending)))
        self._say_broken()
        progress = MiningProgress(self.out, len(pending), self.plan.recipe.price)
        spending = Spending(self.budget, self.plan.recipe.price, run.summaries(), wall_s(manifest["sessions"]))
        open_session(run, manifest)
        how, status = "finished", 0
        if pending and not spending.reached:
            how, status = self._execute(run, manifest, pending, expectations, progress, spending, where)
        if spending.reached and (left := run.pending(pending)) and not status:
            how, status = spending.reached, OVER_BUDGET
            self._say(
                f"The {how}; {len(left)} {self.plan.what} are left. The same command with a higher --budget continues."
            )
        # Which units a budget leaves out, the machine's speed decides.
        manifest["reproducible"] = status != OVER_BUDGET
        # Workers that were ended by force could not tidy up.
        sweep()
        run.tidy()
        note_session(run, manifest, how)
        self._say(progress.told)
        say_report(self.place, self.out)
        if progress.quarantined and not status:
            self.err.print(
                f"[red]{progress.quarantined} units are quarantined[/] for trouble with this machine, not with the "
                f"crates (see {escape(self.place)}/quarantine). The same command tries them again.",
                soft_wrap=True,
            )
            return 3
        return status

    def _execute(
        self, run: RunDirectory, manifest: Json, pending: list[Json], expectations: Expectations,
        progress: MiningProgress, spending: Spending, where: Json,
    ) -> tuple[str, int]:  # fmt: skip
        """Mine what is pending; how that ended, and the exit status of it. Raises NoCluster, NoRoom."""
        plan, limits = self.plan, self.plan.recipe.limits
        self.out.print("[dim]Ray takes some seconds to start; each crate is told of as it ends[/]")
        try:
            with stoppable(), session(cpus=limits.cpus, memory_bytes=limits.memory_bytes, **where) as ray:
                if ray.dashboard:
                    self.out.print(f"Ray dashboard: http://{ray.dashboard}")
                # Each node of a cluster has the toolchain in a folder of its own.
                sysroot = self.toolchain if ray.address else str(plan.toolchain.sysroot)
                work = plan.work(sysroot, ray.share, working_for())
                ordered = in_order(pending, expectations.of(pending), ray.workers)
                campaign = Campaign(run, work, plan.schemas)
                with progress.shown():
                    for done in campaign.execute(ordered, ray, enough=spending.note, limit_s=spending.left_s):
                        progress.note(done)
                        note_session(run, manifest)
        except (CampaignBroken, ClusterLost) as error:
            self.err.print(f"[red]error:[/] {escape(str(error))}. The same command continues.", soft_wrap=True)
            return "broken", 1
        except Stopped as stopped:
            # The last may be committed and not yet heard of.
            committed = len(pending) - len(run.pending(pending))
            self.err.print(
                f"\n{stopped}: stopped; {committed} {self.plan.what} were committed now. The same command continues."
            )
            return f"stopped by {stopped}", 128 + stopped.signum
        return "finished", 0

    def _headline(self, pending: int) -> str:
        plan = self.plan
        done = len(plan.units) - pending
        ready = f", {done} done already" if done else ""
        about = f"{plan.toolchain.version} · {plan.backend} sandboxes"
        return f"{plan.list_file.name}: {pending} {plan.what} to mine{ready} · {about}"

    def _say_broken(self) -> None:
        for spec, error in self.plan.broken:
            said = escape(visible(f"{error.cause}: {error}"))
            self.out.print(f"[yellow]rejected[/] {spec.label}: {said}", soft_wrap=True)

    def _say(self, text: str) -> None:
        self.out.print(text, markup=False, soft_wrap=True)


def say_report(place: str, out: Console, against: Path | None = None) -> None:
    """Write the report of a local run, or compare it with another; say where that is. Raises ValueError, OSError."""
    if against is not None:
        say_comparison(Path(place), against, out)
        return
    if "://" in place:
        out.print("The report is written for local runs; copy the run here and say `oxidizer report`.")
        return
    out.print(f"Report: {write_report(Path(place))}", markup=False, soft_wrap=True)


def _report_is_stale(run: RunDirectory) -> bool:
    """The report lacks a unit that is committed: the command was killed before it could write it."""
    if "://" in run.place:
        return False
    try:
        told = run.read_json("report.json")
    except ValueError:
        return True
    return told is None or {row["unit"] for row in told.get("crates", ())} != run.done()
