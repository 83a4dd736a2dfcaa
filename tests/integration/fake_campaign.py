"""A campaign whose work is small and does what its unit says, on real Ray. Run as a module it is a driver to be killed.

    python -m tests.integration.fake_campaign RUN LOG UNITS

UNITS is JSON. Each start of a unit's work adds a line (the worker's process id) to LOG/<unit>.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from oxidizer.cluster.bubblewrap import BubblewrapSandbox
from oxidizer.cluster.campaign import Campaign, CampaignBroken, Stopped, stoppable
from oxidizer.cluster.episode import carry
from oxidizer.cluster.rundir import Json, RunDirectory, UnitOutput
from oxidizer.cluster.sandbox import Limits, Mounts, SandboxUnavailable
from oxidizer.cluster.session import ClusterLost, session

SCHEMAS = {"rows": pa.schema([("unit", pa.string()), ("n", pa.int64())])}


class FakeWork:
    """Factory and work in one; `does` of a unit says what becomes of it, `s` how long it takes."""

    def __init__(self, log: Path) -> None:
        self.log = log

    def __call__(self, unit: Json | None = None) -> Any:
        if unit is None:
            return self
        with (self.log / unit["unit"]).open("a") as log:
            log.write(f"{os.getpid()}\n")
        time.sleep(unit.get("s", 0.05))
        getattr(self, "do_" + unit.get("does", "nothing"))(unit)
        rows = [{"unit": unit["unit"], "n": n} for n in range(3)]
        return UnitOutput({"rows": rows}, {"note": b"kept"}, {"unit": unit["unit"], "status": "mined"})

    def do_nothing(self, unit: Json) -> None:
        """All is well."""

    def do_lose_the_sandbox(self, unit: Json) -> None:
        if starts(self.log, unit["unit"]) <= unit["times"]:
            error = SandboxUnavailable("the daemon went away")
            carry(error, b"what was done")
            raise error

    def do_fail(self, unit: Json) -> None:
        raise KeyError("our own mistake")

    def do_die(self, unit: Json) -> None:
        if starts(self.log, unit["unit"]) <= unit["times"]:
            os.kill(os.getpid(), signal.SIGKILL)

    def do_sandbox(self, unit: Json) -> None:
        """A command in a real sandbox that outlasts every test."""
        for name in ("src", "target", "toolchain"):
            (self.log / "box" / name).mkdir(parents=True, exist_ok=True)
            (self.log / "box" / name).chmod(0o755)
        box = self.log / "box"
        with BubblewrapSandbox(Mounts(box / "src", box / "target", box / "toolchain"), Limits()) as sandbox:
            sandbox.run(["sh", "-c", f"setsid sleep {unit['sleep']} & sleep {unit['sleep']}"])


class BrokenFactory:
    """A node on which the work cannot even begin."""

    def __call__(self) -> Any:
        raise SandboxUnavailable("this node has another toolchain")


def starts(log: Path, unit: str) -> int:
    """How often the unit's work was begun."""
    path = log / unit
    return len(path.read_text().splitlines()) if path.exists() else 0


def drive(run: str, log: str, units: Sequence[Json]) -> int:
    """What the command does with a campaign: a session of its own, a line per unit, and the exit status."""
    try:
        with stoppable(), session(cpus=0.5, memory_bytes=200 << 20, workers=2) as ray:
            campaign = Campaign(RunDirectory(run), FakeWork(Path(log)), SCHEMAS)
            print("ready", flush=True)
            for done in campaign.execute(units, ray):
                print(json.dumps(vars(done)), flush=True)
    except Stopped as stopped:
        return 128 + stopped.signum
    except (CampaignBroken, ClusterLost) as error:
        print(error, file=sys.stderr, flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(drive(sys.argv[1], sys.argv[2], json.loads(sys.argv[3])))
