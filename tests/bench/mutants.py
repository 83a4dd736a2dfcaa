"""What judging mutants in shared runs saves, on crates of middle size, in one run.

    python tests/bench/mutants.py [--alone N] [CRATE@VERSION ...]

The same mutants of function bodies are judged three ways, in bubblewrap: many in one run of rustc (all of them); one
`cargo check` each, warm and incremental; one direct rustc each (both on N of them). Printed: CPU milliseconds per
verdict, our own Python's included, verdicts per CPU second of the first, and how many times less it takes.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from statistics import median
from typing import TypeVar

from oxidizer.cluster.backends import open_sandbox
from oxidizer.cluster.batch import BatchChecker
from oxidizer.cluster.cargo import Cargo
from oxidizer.cluster.crates import CrateSpec
from oxidizer.cluster.fetch import prepare
from oxidizer.cluster.layout import Mutant
from oxidizer.cluster.meter import MeteredSandbox
from oxidizer.cluster.rustc import Rustc, record
from oxidizer.cluster.sandbox import Limits
from oxidizer.cluster.scratch import scratch
from oxidizer.cluster.toolchain import Toolchain, find_toolchain
from oxidizer.cluster.workbench import Workbench
from oxidizer.miners.crate import mounts_of
from oxidizer.miners.mistakes import mistakes
from oxidizer.miners.mix import sample
from oxidizer.miners.operators import operators
from oxidizer.miners.operators.operator import Code, Route
from oxidizer.miners.recipe import Injection

CRATES = (
    "smallvec@1.13.2",
    "url@2.5.0",
    "serde_json@1.0.114",
    "petgraph@0.6.4",
    "regex-syntax@0.8.2",
    "gimli@0.28.1",
    "syn@2.0.52",
)
PER_FUNCTION = 8
T = TypeVar("T")


def compare(spec: CrateSpec, toolchain: Toolchain, alone: int) -> dict[str, float]:
    """CPU seconds of each way, and how many mutants it judged."""
    with scratch("bench") as folder:
        crate = prepare(spec, toolchain, folder / "crate")
        with MeteredSandbox(
            open_sandbox("bubblewrap", mounts_of(crate, toolchain, folder / "target"), Limits())
        ) as meter:
            bench = Workbench(Cargo(meter, crate.name, member=crate.member), crate.root)
            (target, *_) = record(bench.cargo, ["--lib"])
            checker = BatchChecker(bench, Rustc(bench.cargo, target))
            files = sorted(str(path.relative_to(bench.root)) for path in bench.root.rglob("src/**/*.rs"))
            bodies = [operator for operator in operators() if operator.route is Route.BODY]
            found = [m for f in sorted(checker.live(files)) for m in mistakes(Code(f, bench.read(f)), bodies)]
            mix = Injection(tried_per_function=PER_FUNCTION)
            mutants = [Mutant(m.site.edits, m.file, *m.region) for m in sample(found, mix, 0, len(found))]

            few = mutants[:: max(1, len(mutants) // alone)][:alone]
            costs: dict[str, float] = {}
            verdicts = spent(meter, costs, "batch", lambda: checker.judge(mutants))
            spent(meter, costs, "rustc", lambda: [direct(checker, mutant) for mutant in few])
            cargo_check(bench)
            spent(meter, costs, "cargo", lambda: [cargo_check(bench, mutant) for mutant in few])
    return {
        "mutants": len(mutants), "red": sum(v.green for v in verdicts), "batch": 1e3 * costs["batch"] / len(mutants),
        "cargo": 1e3 * costs["cargo"] / len(few), "rustc": 1e3 * costs["rustc"] / len(few),
    }  # fmt: skip


def direct(checker: BatchChecker, mutant: Mutant) -> None:
    """One run of rustc without cargo, which starts from nothing."""
    with checker.bench.applied(mutant.edits):
        checker.rustc.run()


def cargo_check(bench: Workbench, mutant: Mutant | None = None) -> None:
    """One check by cargo, which keeps what it can for the next."""
    with bench.applied(mutant.edits if mutant else ()):
        bench.cargo.build(["check", "--lib"], CARGO_INCREMENTAL="1")


def spent(meter: MeteredSandbox, costs: dict[str, float], way: str, work: Callable[[], T]) -> T:
    """Do the work and note its CPU seconds."""
    began = cpu_s(meter)
    result = work()
    costs[way] = cpu_s(meter) - began
    return result


def cpu_s(meter: MeteredSandbox) -> float:
    """CPU seconds so far: of the sandbox's commands, and of this process."""
    return time.process_time() + meter.cpu_s


def main() -> None:
    """Judge and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("crates", nargs="*", default=list(CRATES), metavar="CRATE@VERSION")
    parser.add_argument("--alone", type=int, default=12, help="mutants that are also judged one by one")
    chosen = parser.parse_args()
    toolchain = find_toolchain()
    heads = ("batch ms", "rustc ms", "cargo ms", "per CPU s", "x rustc", "x cargo")
    print(f"{'':22} {'mutants':>8} {'red':>6}" + "".join(f" {head:>9}" for head in heads))
    ratios = []
    for text in chosen.crates:
        row = compare(CrateSpec(*text.split("@")), toolchain, chosen.alone)
        ratios.append(row["cargo"] / row["batch"])
        print(
            f"{text:22} {row['mutants']:8.0f} {row['red']:6.0f} {row['batch']:9.2f} {row['rustc']:9.1f} "
            f"{row['cargo']:9.1f} {1e3 / row['batch']:9.0f} {row['rustc'] / row['batch']:9.0f} {ratios[-1]:9.0f}",
            flush=True,
        )
    print(f"median: {median(ratios):.1f} times less than cargo check")


if __name__ == "__main__":
    main()
