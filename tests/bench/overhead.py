"""What sandboxes and Ray cost over the same cargo work done bare, on crates of middle size, in one run.

    python tests/bench/overhead.py [--rounds N] [CRATE@VERSION ...]

Each round mines each crate with every backend in turn, in this process; then `oxidizer mine` does the same crates with
one worker. Printed: CPU and wall seconds of the commands, wall seconds in all, and ratios to bare (medians of rounds).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from bare import BareSandbox

from oxidizer.cluster.backends import choose_backend, open_sandbox
from oxidizer.cluster.campaign import Campaign
from oxidizer.cluster.crates import CrateSpec
from oxidizer.cluster.fetch import prepare
from oxidizer.cluster.meter import MeteredSandbox
from oxidizer.cluster.rundir import RunDirectory
from oxidizer.cluster.sandbox import Limits, Mounts, Sandbox, SandboxUnavailable
from oxidizer.cluster.scratch import scratch
from oxidizer.cluster.session import Share, session
from oxidizer.cluster.toolchain import Toolchain, find_toolchain
from oxidizer.miners import crate as mining
from oxidizer.miners.campaign import unit_of
from oxidizer.miners.recipe import starter

CRATES = ("miniz_oxide@0.9.1", "json@0.12.4", "unicode-bidi@0.3.18")


def mine_alone(spec: CrateSpec, toolchain: Toolchain, opened: Callable[[Mounts, Path], Sandbox]) -> dict[str, float]:
    """Mine one crate in this process; seconds of its commands and in all, and the number of tuples."""
    share = Share(1.0, Limits().memory_bytes)
    work = mining.MineCrates(
        starter(), ("suggestions",), 0, "bench", str(toolchain.sysroot), toolchain.version, share
    )()
    with scratch("bench") as folder:
        crate = prepare(spec, toolchain, folder / "crate")
        mounts = mining.mounts_of(crate, toolchain, folder / "target")
        mounts.target.mkdir(exist_ok=True)
        began = time.monotonic()
        with MeteredSandbox(opened(mounts, folder)) as meter:
            bench = mining.workbench(crate, meter, toolchain, starter())
            with meter.stage("all"):
                assert bench.baseline.check.ok
                mined = work.run_miners(crate, bench, meter, "MIT")
        wall = time.monotonic() - began
        cpu = sum(stage.cpu_s for stage in meter.stages.values())
        return {"wall_s": wall, "cpu_s": cpu, "tuples": len(mined.tuples)}


def mine_on_ray(specs: list[CrateSpec], toolchain: Toolchain, backend: str) -> dict[str, float]:
    """The same crates by a campaign with one worker; `start_s` is what Ray took to start."""
    began = time.monotonic()
    limits = starter().limits
    with (
        tempfile.TemporaryDirectory() as run,
        session(cpus=limits.cpus, memory_bytes=limits.memory_bytes, workers=1) as ray,
    ):
        started = time.monotonic() - began
        work = mining.MineCrates(
            starter(), ("suggestions",), 0, backend, str(toolchain.sysroot), toolchain.version, ray.share
        )
        campaign = Campaign(RunDirectory(run), work, mining.SCHEMAS)
        done = list(campaign.execute([unit_of(spec, toolchain) for spec in specs], ray))
        units = [d.summary for d in done if d.summary]
    stages = [stage for unit in units for name, stage in unit["stages"].items() if name not in ("fetch", "sandbox")]
    return {
        "wall_s": time.monotonic() - began - started,
        "start_s": started,
        "cpu_s": sum(stage["cpu_s"] for stage in stages),
        "fetch_s": sum(unit["stages"]["fetch"]["wall_s"] + unit["stages"]["sandbox"]["wall_s"] for unit in units),
        "tuples": sum(unit["counts"]["kept"] for unit in units),
    }


def backends(toolchain: Toolchain) -> dict[str, Callable[[Mounts, Path], Sandbox]]:
    """Ways to open a sandbox, bare first."""
    found: dict[str, Callable[[Mounts, Path], Sandbox]] = {"bare": BareSandbox}
    for name in ("bubblewrap", "docker"):
        try:
            if name == "docker" and choose_backend("auto", toolchain.sysroot) != "docker":
                continue
            found[name] = lambda mounts, _, name=name: open_sandbox(name, mounts, Limits())  # type: ignore[misc]
        except SandboxUnavailable:
            continue
    return found


def main() -> None:
    """Run the rounds and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("crates", nargs="*", default=list(CRATES), metavar="CRATE@VERSION")
    parser.add_argument("--rounds", type=int, default=1)
    chosen = parser.parse_args()
    toolchain = find_toolchain()
    specs = [CrateSpec(*text.split("@")) for text in chosen.crates]
    ways = backends(toolchain)
    seen: dict[str, list[dict[str, float]]] = {}
    for _ in range(chosen.rounds):
        for name, opened in ways.items():
            rows = [mine_alone(spec, toolchain, opened) for spec in specs]
            seen.setdefault(name, []).append({key: sum(row[key] for row in rows) for key in rows[0]})
            print(f"{name}: {seen[name][-1]}", file=sys.stderr, flush=True)
        seen.setdefault("Ray + bubblewrap", []).append(mine_on_ray(specs, toolchain, "bubblewrap"))
    show(seen)


def show(seen: dict[str, list[dict[str, float]]]) -> None:
    """Medians and their ratios to bare."""
    bare: dict[str, Any] = {key: median(row[key] for row in seen["bare"]) for key in ("wall_s", "cpu_s")}
    print(f"{'':18} {'wall s':>8} {'ratio':>6} {'CPU s':>8} {'ratio':>6} {'tuples':>7}")
    for name, rows in seen.items():
        wall, cpu, tuples = (median(row[key] for row in rows) for key in ("wall_s", "cpu_s", "tuples"))
        print(f"{name:18} {wall:8.1f} {wall / bare['wall_s']:6.2f} {cpu:8.1f} {cpu / bare['cpu_s']:6.2f} {tuples:7.0f}")
    ray = seen["Ray + bubblewrap"]
    fetch, start = (median(row[key] for row in ray) for key in ("fetch_s", "start_s"))
    print(f"(Ray: {start:.1f} s to start, not counted; its wall holds {fetch:.1f} s of fetching, which bare has not)")


if __name__ == "__main__":
    main()
