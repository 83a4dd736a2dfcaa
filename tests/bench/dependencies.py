"""What shared builds of dependencies save in a cold campaign, and that they change no tuple.

    python tests/bench/dependencies.py [--list FILE] [--crates N] [--miners suggestions,injected] [--recipe FILE]
        [--baseline] [--sandbox bubblewrap]

The crates are mined one after the other in this process, once each builds its own dependencies, then with a cache that
is empty at the start. Printed: CPU seconds of each crate both ways (the commands in sandboxes, what fills the cache
among them, and our own Python), all together, the ratio, and whether the tuples' ids are the same. `--baseline` stops
where the crate is built and tested. Meant for bubblewrap: the kernel adds the seconds of children that were waited for,
and Docker's daemon keeps those of its containers to itself.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from oxidizer.cluster.crates import CrateSpec, load_list
from oxidizer.cluster.dependencies import CacheTerms
from oxidizer.cluster.fetch import PreparedCrate
from oxidizer.cluster.meter import MeteredSandbox
from oxidizer.cluster.promises import Promise
from oxidizer.cluster.session import Share
from oxidizer.cluster.standings import require
from oxidizer.cluster.toolchain import Toolchain, find_toolchain
from oxidizer.cluster.workbench import Workbench
from oxidizer.miners.campaign import unit_of
from oxidizer.miners.crate import CrateWork, MineCrates
from oxidizer.miners.mined import Mined
from oxidizer.miners.recipe import load_recipe

# Of several domains, each with dependencies, of tests too; what they need overlaps as it does in any list of crates.
CRATES = (
    "hashlink@0.12.2", "csv@1.4.0", "url@2.5.8", "serde_json@1.0.154", "rust-ini@0.21.3", "http@1.5.0",
    "indexmap@2.14.2", "bytes@1.12.2", "petgraph@0.8.3", "uuid@1.29.3", "semver@1.0.28", "serde_urlencoded@0.7.1",
    "num-rational@0.4.2", "mio@1.2.5", "either@1.19.0", "chrono@0.4.35", "http-body@0.4.6", "itertools@0.15.0",
    "smallvec@1.16.5", "arrayvec@0.7.8", "walkdir@2.5.0", "json@0.12.4",
)  # fmt: skip


@dataclass(frozen=True)
class Mining:
    """One crate, mined one way."""

    cpu_s: float
    tuples: dict[str, str]
    """Of each tuple by its id what a person knows it by."""
    summary: dict[str, Any]


class Baseline(CrateWork):
    """The work without miners: a crate is built, linted and tested."""

    def run_miners(self, crate: PreparedCrate, bench: Workbench, meter: MeteredSandbox, license: str) -> Mined:
        """Nothing."""
        return Mined()


def main() -> int:
    """Mine both ways, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", type=Path, default=None, help="a list as `oxidizer mine` takes it")
    parser.add_argument("--crates", type=int, default=None, help="only so many, the first")
    parser.add_argument("--miners", default="suggestions")
    parser.add_argument("--recipe", type=Path, default=None, help="as `oxidizer mine` takes it")
    parser.add_argument("--baseline", action="store_true")
    parser.add_argument("--sandbox", default="bubblewrap")
    asked = parser.parse_args()
    toolchain, recipe = find_toolchain(), load_recipe(asked.recipe)
    listed = load_list(asked.list) if asked.list else [CrateSpec(*name.split("@")) for name in CRATES]
    with tempfile.TemporaryDirectory() as folder:
        plan = MineCrates(
            recipe, tuple(asked.miners.split(",")), 0, asked.sandbox, str(toolchain.sysroot), toolchain.version,
            Share(cpus=1.0, memory_bytes=recipe.limits.memory_bytes), accepted=frozenset(Promise),
        )  # fmt: skip
        # The first sandbox of a process costs more.
        require(asked.sandbox, toolchain.sysroot, plan.accepted)
        work = Baseline if asked.baseline else CrateWork
        ways = [work(plan, toolchain), work(replace(plan, cache=CacheTerms(f"{folder}/shelf")), toolchain)]
        return compare(ways, listed[: asked.crates], toolchain)


def compare(ways: Sequence[CrateWork], listed: Sequence[CrateSpec], toolchain: Toolchain) -> int:
    """Each crate both ways, a line each; the exit status."""
    totals, same = [0.0, 0.0], True
    print(f"{'crate':28} {'alone s':>9} {'shared s':>9} {'taken':>6} {'built':>6}  tuples", flush=True)
    for spec in listed:
        alone, shared = (mined(way, spec, toolchain) for way in ways)
        told = shared.summary.get("dependencies", {})
        agree = alone.tuples.keys() == shared.tuples.keys() and alone.summary["status"] == shared.summary["status"]
        same = same and agree
        totals = [totals[0] + alone.cpu_s, totals[1] + shared.cpu_s]
        said = f"{len(alone.tuples)}{'' if agree else ' DIFFERENT'} {alone.summary['cause'] or ''}"
        counts = f"{told.get('taken', 0):6} {told.get('built', 0):6}"
        print(f"{spec.label:28} {alone.cpu_s:9.1f} {shared.cpu_s:9.1f} {counts}  {said}", flush=True)
        for way, one, other in (("alone", alone, shared), ("shared", shared, alone)):
            for key in sorted(one.tuples.keys() - other.tuples.keys()):
                print(f"    only {way}: {one.tuples[key]}")
        for reason in told.get("unfilled", ()):
            print(f"    not shared: {reason}")
    print(f"{'all':28} {totals[0]:9.1f} {totals[1]:9.1f}: {1 - totals[1] / totals[0]:.0%} saved")
    print(f"the same tuples: {'yes' if same else 'NO'}")
    return 0 if same else 1


def mined(work: CrateWork, spec: CrateSpec, toolchain: Toolchain) -> Mining:
    """One crate, by this work."""
    began_s = spent_s()
    output = work(unit_of(spec, toolchain))
    tuples = {
        row[
            "id"
        ]: f"{row['error']['code'] or row['error']['tool']} at {row['file']}:{row['error']['span']['line_start']}"
        for row in output.rows.get("diag_fix", ())
    }
    return Mining(spent_s() - began_s, tuples, output.summary)


def spent_s() -> float:
    """CPU seconds of this process and of all that it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


if __name__ == "__main__":
    sys.exit(main())
