"""Many broken codes of one target judged in few runs of the compiler: what each shows, as if it were alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from oxidizer.cluster.batch import BatchChecker
from oxidizer.cluster.diagnostics import Diagnostic
from oxidizer.cluster.layout import Mutant
from oxidizer.cluster.rustc import Invocation, Rustc
from oxidizer.cluster.verdict import Reason, Verdict
from oxidizer.cluster.workbench import Workbench
from oxidizer.serve.judging.mutant import mutant_of


@dataclass(frozen=True)
class Shown:
    """What code shows that the healthy source does not."""

    diagnostics: tuple[Diagnostic, ...] = ()
    """Errors; where there are none and lints are asked for, those. In the tool's order."""
    error: str | None = None
    """What is wrong, where no diagnostic with a place in the crate tells it."""
    unseen: str | None = None
    """Why nothing is known: the compiler was ended, or something spoke in its name."""
    shared: bool = False
    """Seen in a run with others: to be believed of what is wrong, to be confirmed of what is right."""

    @property
    def is_clean(self) -> bool:
        """It is known, and nothing is wrong."""
        return not self.diagnostics and self.error is None and self.unseen is None


CLEAN = Shown()


class SharedJudge:
    """Looks at code of one target."""

    def __init__(
        self, bench: Workbench, invocation: Invocation, lints: Sequence[str] = (), loud: Collection[str] = ()
    ) -> None:
        """`lints` are asked for beside those that are shown anyway, which are `loud`."""
        self.bench = bench
        self.loud = frozenset(loud)
        self.lints = tuple(lints)
        self.checker = BatchChecker(bench, Rustc(bench.cargo, invocation, self.lints))

    def look(self, codes: Sequence[Mapping[str, bytes]], lints: Sequence[str] = ()) -> list[Shown]:
        """What each of some codes shows, in their order; a code is the files that differ from the source, `lints` what
        each is asked for. Raises NotBatchable, SandboxUnavailable.
        """
        asked = [(lint,) if lint else () for lint in lints] or [()] * len(codes)
        made = [mutant_of(texts, self.bench.read, own) for texts, own in zip(codes, asked, strict=True)]
        found: dict[int, Shown] = {n: CLEAN for n, one in enumerate(made) if one is None}
        sharing: dict[int, Mutant] = {n: one[0] for n, one in enumerate(made) if one is not None and one[1]}
        for n, verdict in zip(sharing, self.checker.judge(list(sharing.values())), strict=True):
            found[n] = self._shown(verdict, asked[n])
        for n, one in enumerate(made):
            if one is not None and n not in sharing:
                found[n] = self._shown(self.checker.alone(one[0]), asked[n])
        return [found[n] for n in range(len(codes))]

    def _shown(self, verdict: Verdict, asked: Sequence[str]) -> Shown:
        shared = verdict.scope == "batch"
        if verdict.green and verdict.target is not None:
            # A run asks for the lints of all that share it, and each is told of its own.
            found = (verdict.target, *verdict.more)
            return Shown(tuple(d for d in found if not asked or d.code in {*asked, *self.loud}), shared=shared)
        if verdict.reason is Reason.COMPILES:
            return Shown(shared=shared)
        said = f"{verdict.reason}: {verdict.detail}"
        # An error where a lint was asked for, or one that stands nowhere in the crate.
        is_known = verdict.reason in (Reason.DOES_NOT_COMPILE, Reason.NO_PLACE)
        return Shown(error=said, shared=shared) if is_known else Shown(unseen=said, shared=shared)
