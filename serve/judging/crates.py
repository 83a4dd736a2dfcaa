"""A campaign over crates with tasks, as training and evaluation run them: a line for each crate as it ends.

Running it again continues; asked for something else in the same place, it refuses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from rich.console import Console

from oxidizer.cluster.campaign import Campaign, Done
from oxidizer.cluster.labels import new_run, work_for
from oxidizer.cluster.leftovers import sweep
from oxidizer.cluster.rundir import Json, RunDirectory
from oxidizer.cluster.session import Session
from oxidizer.cluster.visible import visible
from oxidizer.miners.work import NodePlan


class Quarantined(RuntimeError):
    """Crates had trouble with the machine, and not with themselves: what is asked for is not whole."""


class OtherQuestion(ValueError):
    """The folder was begun for something else."""


@dataclass(frozen=True)
class CrateCampaign:
    """One run directory, what decides its content, and what a person is told of a crate."""

    place: Path
    asked: Json
    schemas: Mapping[str, pa.Schema]
    told: Callable[[Json], str]
    """In words, what a crate's summary says; of one that could be worked on."""

    def begin(self) -> str:
        """See that the folder is this campaign's; the run's id. Raises OtherQuestion, OSError."""
        run = RunDirectory(self.place)
        manifest = run.read_json("run.json")
        if manifest is None:
            manifest = {"schema_version": 1, "id": new_run(), "asked": self.asked}
            run.write_json("run.json", manifest)
        elif manifest["asked"] != self.asked:
            different = ", ".join(sorted(k for k in self.asked if manifest["asked"].get(k) != self.asked[k]))
            raise OtherQuestion(f"{self.place} was begun with another {different or 'question'}: give another folder")
        return str(manifest["id"])

    def pending(self, units: Sequence[Json]) -> list[Json]:
        """The units that are not done yet."""
        return RunDirectory(self.place).pending(units)

    def execute(self, units: Sequence[Json], plan: NodePlan, ray: Session, out: Console) -> None:
        """Do what is pending. Raises Quarantined, CampaignBroken, Stopped."""
        run = RunDirectory(self.place)
        work_for(plan.run)
        sweep()
        pending = run.pending(units)
        quarantined = 0
        for at, done in enumerate(Campaign(run, plan, self.schemas).execute(pending, ray), 1):
            quarantined += done.summary is None
            say(out, f"[{at}/{len(pending)}] {done.unit}: {self._told(done)}")
        sweep()
        if quarantined:
            raise Quarantined(
                f"{quarantined} crates are quarantined for trouble with this machine (see {self.place}/quarantine). "
                "The same command tries them again."
            )

    def _told(self, done: Done) -> str:
        if done.summary is None:
            words = (done.trouble or "").strip().splitlines()
            return f"quarantined: {words[-1] if words else 'no reason given'}"
        if done.summary["status"] == "rejected":
            return f"rejected: {done.summary['cause']}: {done.summary['message']}"
        return f"{self.told(done.summary)}, {done.summary['wall_s']:.0f} s"


def say(out: Console, text: str) -> None:
    """A line that may hold a crate's own words."""
    out.print(visible(text), markup=False, highlight=False, soft_wrap=True)
