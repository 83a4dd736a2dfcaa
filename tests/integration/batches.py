"""A crate beside the compiler's command line of one of its targets, for the tests of shared runs."""

from collections import Counter
from collections.abc import Sequence

from oxidizer.cluster.batch import BatchChecker
from oxidizer.cluster.edits import Edit
from oxidizer.cluster.layout import Mutant
from oxidizer.cluster.rustc import Invocation, Rustc, record
from oxidizer.cluster.syntax import parse
from oxidizer.cluster.verdict import Verdict
from oxidizer.cluster.workbench import Workbench
from oxidizer.miners.audit import comparable
from tests.conftest import OpenCrate

LIB = "src/lib.rs"
EXTRA = ("--features", "extra")
PACKAGE = '[package]\nname = "tiny"\nversion = "1.0.0"\nedition = "2021"\n'
MANIFEST = f"{PACKAGE}[workspace]\n"
HEALTHY = """\
pub fn one() -> u32 {
    1
}

pub fn two(values: &[u32]) -> usize {
    values
        .iter()
        .count()
}

pub fn three(text: &str) -> String {
    let owned = text.to_string();
    owned
}
"""
MISTAKES = (("    1\n", "    true\n"), (".count()", ".cuont()"), ("    owned\n", "    ownde\n"))
"""One in each function of HEALTHY."""
CODES = ["E0308", "E0599", "E0425"]


class Bench:
    """A crate, the compiler's command line of one of its targets, and both ways to judge."""

    def __init__(self, bench: Workbench, targets: Sequence[str] = ("--lib",), lints: Sequence[str] = ()) -> None:
        self.bench, self.targets, self.lints = bench, targets, tuple(lints)
        self.invocations = record(bench.cargo, targets)
        self.known: dict[object, Verdict] = {}
        self.use(self.invocations[0])

    def use(self, invocation: Invocation, lints: Sequence[str] = ()) -> BatchChecker:
        self.invocation, self.lints = invocation, tuple(lints)
        self.checker = BatchChecker(self.bench, Rustc(self.bench.cargo, invocation, lints))
        return self.checker

    @property
    def probe(self) -> tuple[str, ...]:
        warn = ("--", *(word for lint in self.lints for word in ("-W", lint))) if self.lints else ()
        return ("clippy" if self.lints else "check", *self.invocation.flags, *self.bench.cargo.features, *warn)

    def mutant(self, old: str, new: str, file: str = LIB) -> Mutant:
        """The first `old` becomes `new`, in the region of the outermost function, else item, around it."""
        source = self.bench.read(file)
        start = source.index(old.encode())
        node, regions = parse(source).root_node.descendant_for_byte_range(start, start), {}
        while node is not None and node.parent is not None:
            regions["function" if node.type == "function_item" else "item"] = (node.start_byte, node.end_byte)
            node = node.parent
        region = regions.get("function") or regions["item"]
        return Mutant((Edit(file, start, start + len(old.encode()), new.encode()),), file, *region)

    def mutants(self, *changes: tuple[str, str], file: str = LIB) -> list[Mutant]:
        return [self.mutant(old, new, file) for old, new in changes]

    def same_as_alone(self, mutants: Sequence[Mutant]) -> list[Verdict]:
        """The verdicts of shared runs, after holding each against cargo's on that mutant alone."""
        verdicts = self.checker.judge(mutants)
        for mutant, verdict in zip(mutants, verdicts, strict=True):
            assert told(verdict) == told(self.alone(mutant)), mutant.edits
        return verdicts

    def alone(self, mutant: Mutant) -> Verdict:
        """cargo's verdict, asked once."""
        asked = (mutant, self.probe)
        if asked not in self.known:
            self.known[asked] = self.bench.judge_mutant(mutant.edits, self.probe, mutant.codes)
        return self.known[asked]


def told(verdict: Verdict) -> tuple[object, ...]:
    """All that a verdict says of a mutant, word for word but for what hangs on the run: see `comparable`."""
    target = verdict.target
    shown = target and (target.key, target.primary, comparable(target.rendered))
    more = Counter((d.key, d.primary, comparable(d.rendered)) for d in verdict.more)
    return verdict.green, verdict.reason, shown, more


def codes(verdicts: Sequence[Verdict]) -> list[str | None]:
    return [v.target.code if v.target else None for v in verdicts]


def start(open_crate: OpenCrate, lib: str, targets: Sequence[str] = ("--lib",), **more: str) -> Bench:
    """A bench on a crate of these files beside a manifest."""
    cargo, root = open_crate({"Cargo.toml": MANIFEST, LIB: lib, **more})
    return Bench(Workbench(cargo, root), targets)


def start_broken(open_crate: OpenCrate) -> Bench:
    """A bench on the crate with code of many kinds."""
    cargo, root = open_crate("broken")
    cargo.features = list(EXTRA)
    return Bench(Workbench(cargo, root))
