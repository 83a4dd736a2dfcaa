"""What judging mutants in shared runs saves, on crates of middle size, in one run.

    python tests/bench/mutants.py [--alone N] [CRATE@VERSION ...]

The same mutants of function bodies are judged three ways, in bubblewrap: many in one run of rustc (all of them); one
`cargo check` each, warm and incremental; one direct rustc each (both on N of them, half of them before the shared runs
and half behind, since a machine's pace drifts; small crates are gone through several times). Printed: CPU milliseconds
per verdict, our own Python's included, verdicts per CPU second of the first, and how many times less it takes.
"""

from __future__ import annotations

import argparse
import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

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
WAYS = ("batch", "rustc", "cargo")
PER_FUNCTION = 8
LEAST_S = 10.0
"""CPU seconds of shared runs, below which another pass is made."""


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

            costs, judged = dict.fromkeys(WAYS, 0.0), dict.fromkeys(WAYS, 0)

            @contextmanager
            def spent(way: str, number: int) -> Iterator[None]:
                """The block judges so many mutants that way."""
                began = cpu_s(meter)
                yield
                costs[way] += cpu_s(meter) - began
                judged[way] += number

            cargo_check(bench)
            # The mutants were made for all three ways: none pays for the collector's looks at them.
            gc.collect()
            gc.freeze()
            while costs["batch"] < LEAST_S:
                first = judged["cargo"] // alone
                few = mutants[first :: max(1, len(mutants) // alone)][:alone]
                for which, half in enumerate((few[::2], few[1::2])):
                    with spent("rustc", len(half)):
                        for mutant in half:
                            direct(checker, mutant)
                    with spent("cargo", len(half)):
                        for mutant in half:
                            cargo_check(bench, mutant)
                    if which == 0:
                        with spent("batch", len(mutants)):
                            verdicts = checker.judge(mutants)
            gc.unfreeze()
    each_ms = {way: 1e3 * costs[way] / judged[way] for way in costs}
    return {"mutants": len(mutants), "red": sum(v.green for v in verdicts), **each_ms}


def direct(checker: BatchChecker, mutant: Mutant) -> None:
    """One run of rustc without cargo, which starts from nothing."""
    with checker.bench.applied(mutant.edits):
        checker.rustc.run()


def cargo_check(bench: Workbench, mutant: Mutant | None = None) -> None:
    """One check by cargo, which keeps what it can for the next."""
    with bench.applied(mutant.edits if mutant else ()):
        bench.cargo.build(["check", "--lib"], CARGO_INCREMENTAL="1")


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
    print(f"median: {median(ratios):.0f} times less than cargo check")


if __name__ == "__main__":
    main()
