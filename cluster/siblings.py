"""K candidate fixes of one function judged in three runs of the compiler: each candidate is a renamed sibling of it.

The first run shows which siblings have errors; the second, of the others alone, what lints say of them, since an error
anywhere hides every late lint. The third has the function do nothing: where the code around complains of the same
without any use that the function makes and with all that its siblings make, no candidate changes that. A target beside
the function's own costs one run more, and a setup one of cargo, which shows the broken code.

A verdict says what `Workbench.judge` says of the probe (tests are not run), in the same words. What siblings cannot
tell is judged alone: functions that can have none (`cluster/slot.py`), candidates that call themselves or change the
signature, complaints of the signature, fixes that take more away than their target, all that compiles where code
around uses what it did not or is used no more, and other probes than a check or clippy with `-W LINT`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from oxidizer.cluster.diagnostics import Diagnostic, Key, counts, distinct
from oxidizer.cluster.edits import map_back
from oxidizer.cluster.policy import flagged
from oxidizer.cluster.rustc import Compiled, NoInvocation, Rustc
from oxidizer.cluster.slot import Slot, find_slot, moved, within
from oxidizer.cluster.verdict import GREEN, Reason, Trial, Verdict, spot, stopped_verdict
from oxidizer.cluster.workbench import Workbench

_SUFFIX = "_oxidizer"
_SENTINELS = {
    "E0308": f"\n#[allow(dead_code)] fn sentinel{_SUFFIX}() {{ let _: () = 0u8; }}\n".encode(),
    "dead_code": f"\n#[warn(dead_code)] fn sentinel{_SUFFIX}() {{}}\n".encode(),
}
_COUNTING = frozenset({"clippy::restriction", "clippy::single_call_fn", "clippy::unused_trait_names"})
"""Lints that one use more can bring and the next one can take away."""
_PLACE = re.compile(r"\.rs:\d")


def judge_many(bench: Workbench, trials: Sequence[Trial], probe: Sequence[str]) -> list[Verdict]:
    """The probe's verdict on each trial, all of one diagnostic and setup, in their order.

    Raises ValueError where diagnostics or setups differ, SandboxUnavailable.
    """
    if len({(trial.target.place, trial.setup) for trial in trials}) > 1:
        raise ValueError(
            "candidates of one call share their diagnostic and their setup: ask for others in a call of their own"
        )
    screened = {number: bench.screen(trial) for number, trial in enumerate(trials)}
    verdicts = {number: refused for number, (_, refused) in screened.items() if refused}
    left = {number: trial for number, trial in enumerate(trials) if number not in verdicts}
    asked = _read_probe(probe, bench.cargo.features)
    if left and asked is not None:
        together = _together(bench, left, probe, asked)
        verdicts |= {number: flagged(verdict, screened[number][0]) for number, verdict in together.items()}
    for number, trial in left.items():
        if number not in verdicts:
            verdicts[number] = bench.judge(trial, probe, tests=False)
        elif verdicts[number].green:
            # Candidates may be written to deceive, and share a file: what is believed holds alone.
            alone = bench.judge_probe([trial], probe)
            verdicts[number] = replace(verdicts[number], audited=True) if alone.green else alone
    return [verdicts[number] for number in range(len(trials))]


@dataclass(frozen=True)
class _Probe:
    """A probe that siblings can stand for."""

    targets: tuple[str, ...]
    lints: tuple[str, ...]
    """Those that clippy is asked for beside its default groups; none of a plain check."""


def _read_probe(probe: Sequence[str], features: Sequence[str]) -> _Probe | None:
    """What a probe asks for; None for all but a check, or clippy with `-W LINT`, of named targets."""
    words, tail = list(probe), list[str]()
    if "--" in words:
        cut = words.index("--")
        words, tail = words[:cut], words[cut + 1 :]
    command, own = words[0], words[1 : len(words) - len(features)]
    if words[1 + len(own) :] != list(features) or tail[::2] != ["-W"] * (len(tail) // 2) or len(tail) % 2:
        return None
    if command != ("clippy" if tail else "check") or not own:
        return None
    flags = [word for at, word in enumerate(own) if at == 0 or own[at - 1] != "--bin"]
    return _Probe(tuple(own), tuple(tail[1::2])) if set(flags) <= {"--lib", "--bins", "--bin"} else None


def _together(bench: Workbench, trials: Mapping[int, Trial], probe: Sequence[str], asked: _Probe) -> dict[int, Verdict]:
    """The verdicts on those that could be judged as siblings."""
    first = next(iter(trials.values()))
    slot = find_slot(bench, first)
    bodies = {n: slot.candidate(bench, trial) for n, trial in trials.items()} if slot is not None else {}
    siblings = {n: body for n, body in bodies.items() if body is not None}
    if slot is None or not siblings or (scene := _scene(bench, first, probe, slot)) is None:
        return {}
    if _COUNTING & {*asked.lints, *(key[1] for key in scene.source)}:
        return {}
    try:
        invocations = bench.invocations(asked.targets)
    except NoInvocation:
        return {}
    return _Family(bench, slot, scene, trials).judge(
        siblings, [Rustc(bench.cargo, invocation, asked.lints) for invocation in invocations]
    )


@dataclass(frozen=True)
class _Scene:
    """What the code shows without any candidate."""

    target: Diagnostic
    source: Counter[Key]
    before: Counter[Key]
    """Of the broken code; where there is no setup, of the source."""
    outside: Counter[Key]
    """Of the source, but for the function."""
    head: Counter[Key]
    """Of the function's signature in the source."""


def _scene(bench: Workbench, trial: Trial, probe: Sequence[str], slot: Slot) -> _Scene | None:
    """None where a candidate's verdict could hang on more than its function's body."""
    source, before = bench.observe(probe), bench.before(probe, trial.setup)
    if stopped_verdict(source) or stopped_verdict(before) or not source.succeeded or not slot.in_body(trial.target):
        return None
    # What a candidate does about errors outside of the function, siblings cannot show.
    if any(d.is_compile_error and not within(d, slot.file, *slot.broken) for d in before.diagnostics):
        return None
    if spot(trial.target, ()) not in {spot(d, ()) for d in before.diagnostics}:
        return None
    own = [d for d in source.diagnostics if within(d, slot.file, *slot.source)]
    if any(_is_elsewhere(d, slot) for d in own):
        return None
    begin = slot.source[0]
    head = [d for d in own if within(d, slot.file, begin, begin + len(slot.head) - 1)]
    shown = counts(source.diagnostics)
    return _Scene(trial.target, shown, counts(before.diagnostics), shown - counts(own), counts(head))


class _Family:
    """A function's siblings: its place in the source is held by itself, healthy, and they stand behind it."""

    def __init__(self, bench: Workbench, slot: Slot, scene: _Scene, trials: Mapping[int, Trial]) -> None:
        self.bench, self.slot, self.scene, self.trials = bench, slot, scene, trials

    def judge(self, siblings: Mapping[int, bytes], targets: Sequence[Rustc]) -> dict[int, Verdict]:
        """The verdicts on those that could be judged as siblings."""
        text, regions = self._laid(siblings, "E0308")
        runs = self._runs(text, targets)
        # A file of two targets is judged by both.
        holding = [at for at, run in enumerate(runs) if not run.finished or _errors(run)]
        if len(holding) != 1 or (shown := self._shared_out(runs[holding[0]], regions, "E0308")) is None:
            return {}
        verdicts = {number: _refuted(error) for number, diagnostics in shown.items() if (error := _first(diagnostics))}
        healthy = {n: body for n, body in siblings.items() if n not in verdicts}
        if healthy:
            verdicts |= self._linted(healthy, targets[holding[0]])
        return {n: v for n, v in verdicts.items() if not _PLACE.search(v.detail)}

    def _linted(self, siblings: Mapping[int, bytes], rustc: Rustc) -> dict[int, Verdict]:
        """The verdicts on siblings without errors."""
        text, regions = self._laid(siblings, "dead_code")
        (run,) = self._runs(text, [rustc])
        shown = self._shared_out(run, regions, "dead_code")
        if shown is None:
            return {}
        stuck = {n for n, diagnostics in shown.items() if self._is_stuck(n, diagnostics)}
        verdicts = {n: self._still_there() for n in stuck}
        if len(stuck) == len(shown) or not self._settled(run, len(text) - len(_SENTINELS["dead_code"]), rustc):
            return verdicts
        others = {n: self._verdict(diagnostics) for n, diagnostics in shown.items() if n not in stuck}
        return verdicts | {n: verdict for n, verdict in others.items() if verdict is not None}

    def _settled(self, used: Compiled, size: int, rustc: Rustc) -> bool:
        """The code around complains of the same with all that siblings use and without what the function uses.

        What complains of too few uses complains of no more the more there are: each candidate lies between the two.
        """
        source, (begin, end) = self.bench.read(self.slot.file), self.slot.source
        idle = source[: begin + len(self.slot.head)] + b"{ loop {} }" + source[end:]
        (run,) = self._runs(idle, [rustc])
        if not run.finished or _errors(run):
            return False
        return self._around(run, len(idle) - len(source)) == self._around(used, size - len(source))

    def _around(self, run: Compiled, grown: int) -> Counter[tuple[Key, str, int]]:
        """The complaints outside of the function and its siblings, at their places in the source."""
        begin, end = self.slot.source
        found: Counter[tuple[Key, str, int]] = Counter()
        for diagnostic in run.diagnostics:
            key, file, at = spot(diagnostic, ())
            behind = file == self.slot.file and at > begin
            if not within(diagnostic, self.slot.file, begin, end + grown) and not _is_sentinel(diagnostic):
                found[key, file, at - grown if behind else at] += 1
        return found

    def _is_stuck(self, number: int, diagnostics: Sequence[Diagnostic]) -> bool:
        """Many lints have one message: what went has to be what stood at the target's own place."""
        target, edits = self.scene.target, moved(self.trials[number].edits, self.slot.broken[0])
        return target.primary is not None and any(
            d.key == target.key
            and d.primary is not None
            and map_back(d.primary.byte_start, edits) == target.primary.byte_start - self.slot.broken[0]
            for d in diagnostics
        )

    def _still_there(self) -> Verdict:
        target = self.scene.target
        return Verdict(False, Reason.STILL_THERE, f"{target.code}: {target.message}", scope="batch")

    def _verdict(self, diagnostics: Sequence[Diagnostic]) -> Verdict | None:
        """The verdict on a sibling whose code around is settled; None where it has to be judged alone."""
        scene, wanted = self.scene, Counter([self.scene.target.key])
        head = counts(d for d in diagnostics if d.primary and d.primary.byte_start < len(self.slot.head))
        # A signature's lints know the name, who calls it and who may see it.
        if head != scene.head or any(d.is_error or _is_elsewhere(d, self.slot) for d in diagnostics):
            return None
        now = scene.outside + counts(diagnostics)
        if now[scene.target.key] > scene.before[scene.target.key] - 1:
            return self._still_there()
        if new := now - (scene.before | scene.source):
            level, code, message = min(new, key=lambda key: (key[0], key[1] or "", key[2]))
            return Verdict(False, Reason.NEW_DIAGNOSTIC, f"{level} {code or ''}: {message}", scope="batch")
        return None if (scene.before - now - wanted) & scene.source else replace(GREEN, scope="batch")

    def _runs(self, text: bytes, targets: Sequence[Rustc]) -> list[Compiled]:
        with self.bench.showing({self.slot.file: text}):
            return [rustc.run() for rustc in targets]

    def _laid(self, siblings: Mapping[int, bytes], signal: str) -> tuple[bytes, dict[int, tuple[int, int]]]:
        source, (_, end) = self.bench.read(self.slot.file), self.slot.source
        parts, regions, at = [source[:end]], {}, end
        for number, body in siblings.items():
            # Nobody calls a sibling; what it uses is used all the same.
            lead = b"\n#[allow(dead_code)] " + self.slot.lead
            text = lead + self._renamed(body, number)
            regions[number] = (at + len(lead), at + len(text))
            parts.append(text)
            at += len(text)
        return b"".join([*parts, source[end:], _SENTINELS[signal]]), regions

    def _renamed(self, body: bytes, number: int) -> bytes:
        end = self.slot.name[1]
        return body[:end] + f"{_SUFFIX}{number}".encode() + body[end:]

    def _as_function(self, diagnostic: Diagnostic, start: int, suffix: str) -> Diagnostic:
        """The diagnostic with the function's own name, its place counted from the function's start."""
        spans = []
        for span in diagnostic.spans:
            at = span.byte_start - start
            shift = len(suffix) if at >= self.slot.name[1] + len(suffix) else 0
            spans.append(replace(span, byte_start=max(0, at - shift), byte_end=max(0, span.byte_end - start - shift)))
        return replace(diagnostic, message=diagnostic.message.replace(suffix, ""), spans=tuple(spans))

    def _shared_out(
        self, compiled: Compiled, regions: Mapping[int, tuple[int, int]], signal: str
    ) -> dict[int, list[Diagnostic]] | None:
        shown: dict[int, list[Diagnostic]] = {number: [] for number in regions}
        awake = False
        for diagnostic in compiled.diagnostics:
            owner = next((n for n, (a, b) in regions.items() if within(diagnostic, self.slot.file, a, b)), None)
            if owner is not None:
                shown[owner].append(self._as_function(diagnostic, regions[owner][0], f"{_SUFFIX}{owner}"))
            elif diagnostic.code == signal and _is_sentinel(diagnostic):
                awake = True
            elif diagnostic.is_compile_error:
                return None
        return {n: list(distinct(found)) for n, found in shown.items()} if awake and compiled.finished else None


def _is_elsewhere(diagnostic: Diagnostic, slot: Slot) -> bool:
    """Its words name a place, or it has its own in a library's macro, where all who call that share one complaint."""
    at = diagnostic.primary
    return at is None or at.file != slot.file or _PLACE.search(diagnostic.message) is not None


def _errors(run: Compiled) -> bool:
    return _first(run.diagnostics) is not None


def _first(diagnostics: Sequence[Diagnostic]) -> Diagnostic | None:
    return next((d for d in diagnostics if d.is_compile_error), None)


def _refuted(error: Diagnostic) -> Verdict:
    return Verdict(False, Reason.DOES_NOT_COMPILE, f"{error.code or 'error'}: {error.message}", scope="batch")


def _is_sentinel(diagnostic: Diagnostic) -> bool:
    return f"sentinel{_SUFFIX}" in diagnostic.rendered
