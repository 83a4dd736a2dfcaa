"""Mistakes of syntax judged many to a command of the sandbox, where the compiler does not come past its parser.

The sources are shown again as a tree of links, in which one mutant after the other stands in its files' places; the
compiler has the target's own arguments, and is asked for no more than the list of files that the crate is made of. It
writes that once all is parsed, expanded and resolved. Where it ends before, it ends so for `cargo check` too, whatever
is asked for: what it has told by then is all that it ever tells. So it is with delimiters and quotes in any file, and
with what the parser cannot make an item of in the root. Where it goes on, later phases complain too: the nursery says
nothing, and the mutant needs a run of the whole compiler.

A process each, since rustc leaves at the first file whose delimiters do not fit: in one run with others, a mutant would
hide all after it. One that swallows the rest of its file, a string without an end, hides nobody.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from tree_sitter import Node

from oxidizer.cluster.batch import BatchChecker
from oxidizer.cluster.diagnostics import distinct
from oxidizer.cluster.edits import Edit, by_file
from oxidizer.cluster.layout import Mutant
from oxidizer.cluster.rustc import WORK, Invocation, NoInvocation, read_compiled
from oxidizer.cluster.sandbox import SOURCE, TOOLCHAIN, RunResult
from oxidizer.cluster.syntax import parse
from oxidizer.cluster.turns import run_in_turn
from oxidizer.cluster.verdict import Verdict, added, mutant_verdict

_TREE = f"{WORK}/nursery"
_ASKED = ("--error-format=json", "--json=artifacts", "--emit=dep-info", f"--out-dir={WORK}")
_WENT_ON = b'{"$message_type":"artifact"'
_IN_TURN = 32
"""Mutants in one command of the sandbox, at most: a limit that ends it costs the word on them all."""
_PAIRS = ((b"(", b")"), (b"[", b"]"), (b"{", b"}"))
_QUOTES = (b'"', b"'", b"`")


@dataclass
class Effort:
    """What a nursery did."""

    runs: int = 0
    """Commands of the sandbox, each for several mutants."""
    undecided: int = 0
    """Mutants behind which the compiler went on."""


class Nursery:
    """Judges mutants of one target by its parser. Not promised: a verdict on each."""

    def __init__(self, checker: BatchChecker) -> None:
        """The checker tells what the source itself shows, and stands for its target."""
        self.checker = checker
        self.effort = Effort()

    def judge(self, mutants: Sequence[Mutant]) -> list[Verdict | None]:
        """In their order, the verdict that a run of its own gives each mutant; None where only that can tell.

        Raises NotBatchable, SandboxUnavailable.
        """
        found: list[Verdict | None] = []
        for first in range(0, len(mutants), _IN_TURN):
            group = mutants[first : first + _IN_TURN]
            found += [self._verdict(m, run) for m, run in zip(group, self._runs(group), strict=True)]
        self.effort.undecided += found.count(None)
        return found

    def _runs(self, group: Sequence[Mutant]) -> Sequence[RunResult | None]:
        """What the compiler came to on each; None where the command did not come to its end."""
        target = self.checker.rustc.target
        try:
            self.checker.rustc.ready()
        except NoInvocation:
            return [None] * len(group)
        commands = [_PLANT, *(command(mutant.edits, target) for mutant in group)]
        _, parts = run_in_turn(self.checker.bench.cargo.sandbox, commands, env=target.env)
        self.effort.runs += 1
        return parts[1:] if parts and parts[0].ok else [None] * len(group)

    def _verdict(self, mutant: Mutant, run: RunResult | None) -> Verdict | None:
        if run is None or run.exit_code != 1 or _goes_on(run):
            return None
        compiled = read_compiled(run)
        if not compiled.finished:
            return None
        new = added(distinct(compiled.diagnostics), distinct(self.checker.source), mutant.edits)
        verdict = replace(mutant_verdict(new, mutant.codes), scope="batch")
        return verdict if verdict.green else None


def stops(mutant: Mutant, read: Callable[[str], bytes]) -> bool:
    """Whether the mutant leaves delimiters or quotes without their like, so that a nursery is seldom in vain."""
    gone = b"".join(read(e.file)[e.start : e.end] for e in mutant.edits)
    come = b"".join(e.replacement for e in mutant.edits)
    more = {sign: come.count(sign) - gone.count(sign) for sign in (*_QUOTES, *(s for pair in _PAIRS for s in pair))}
    return any(more[quote] for quote in _QUOTES) or any(more[opening] != more[closing] for opening, closing in _PAIRS)


def body_region(mutant: Mutant, read: Callable[[str], bytes]) -> tuple[int, int] | None:
    """The outermost function around a mutant that changes no more than its body; None where it changes more.

    What the parser cannot read in a body it mends by itself, and goes on: such mutants share runs of the compiler as
    those do that it minds later.
    """
    start, end = mutant.edits[0].start, mutant.edits[-1].end
    node: Node | None = parse(read(mutant.file)).root_node.descendant_for_byte_range(start, end)
    function = None
    while node is not None:
        function = node if node.type == "function_item" else function
        node = node.parent
    body = function and function.child_by_field_name("body")
    if function is None or body is None or not (body.start_byte < start and end < body.end_byte):
        return None
    return function.start_byte, function.end_byte


# `cp -rs`: folders of their own, files as links.
_PLANT = f"rm -rf {_TREE} && mkdir -p {WORK} && cp -rs {SOURCE}/. {_TREE}"


def command(edits: Sequence[Edit], target: Invocation) -> str:
    """The shell's words that put a mutant's files into the tree, compile them and take them out again."""
    folder = f"{_TREE}{target.folder.removeprefix(SOURCE)}"
    places = {file: (shlex.quote(f"{SOURCE}/{file}"), shlex.quote(f"{_TREE}/{file}")) for file in by_file(edits)}
    put = [
        f"rm {place} && {{ {' && '.join(_pieces(by_file(edits)[file], healthy))}; }} > {place}"
        for file, (healthy, place) in places.items()
    ]
    back = [f"ln -sf {healthy} {place}" for healthy, place in places.values()]
    compiler = shlex.join([f"{TOOLCHAIN}/bin/rustc", *target.args, *_ASKED])
    # What cannot be taken out again must not be seen by the next: then nobody sees anything.
    out = f"{{ {' && '.join(back)}; }} || rm -rf {_TREE}"
    return f"cd {shlex.quote(folder)} && {' && '.join(put)} && {compiler}; told=$?; {out}; exit $told"


def _pieces(edits: Sequence[Edit], healthy: str) -> Iterator[str]:
    """Commands that write a file with edits, one behind the other."""
    at = 0
    for edit in edits:
        yield f"tail -c +{at + 1} {healthy} | head -c {edit.start - at}"
        yield f"printf %s {shlex.quote(edit.replacement.decode('utf-8', 'surrogateescape'))}"
        at = edit.end
    yield f"tail -c +{at + 1} {healthy}"


def _goes_on(run: RunResult) -> bool:
    """The compiler came to what lies behind the parser, or speaks of the tree, which nobody else has."""
    return _TREE.encode() in run.stderr or any(line.startswith(_WENT_ON) for line in run.stderr.splitlines())
