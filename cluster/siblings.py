"""K candidate fixes of one function judged in two runs of the compiler: each candidate is a renamed sibling of it.

The first run shows which siblings have errors; the second, of the others alone, what lints say of them, since an error
anywhere hides every late lint. A verdict says what `Workbench.judge` says of the probe (tests are not run). Not seen
here: what a candidate does to code outside of its function, such as a private item that nothing uses any more; so a
green candidate that becomes data is judged once more alone. Where a function can have no sibling (methods of traits,
changed signatures, code under `no_mangle`, functions that call themselves), and under other probes than a check or
clippy with `-W LINT`, every candidate is judged alone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tree_sitter import Node

from oxidizer.cluster.diagnostics import Diagnostic, Key, distinct
from oxidizer.cluster.edits import Edit, EditConflict, apply, map_back
from oxidizer.cluster.policy import silences
from oxidizer.cluster.rustc import Compiled, NoInvocation, Rustc
from oxidizer.cluster.syntax import parse
from oxidizer.cluster.verdict import GREEN, Reason, Trial, Verdict
from oxidizer.cluster.workbench import Workbench

_SUFFIX = "_oxidizer"
_SENTINELS = {
    "E0308": f"\n#[allow(dead_code)] fn sentinel{_SUFFIX}() {{ let _: () = 0u8; }}\n".encode(),
    "dead_code": f"\n#[warn(dead_code)] fn sentinel{_SUFFIX}() {{}}\n".encode(),
}
_UNIQUE = re.compile(rb"no_mangle|export_name|link_section|panic_handler|global_allocator|\bmain\b")


def judge_many(bench: Workbench, trials: Sequence[Trial], probe: Sequence[str]) -> list[Verdict]:
    """The probe's verdict on each trial, all of one diagnostic and setup, in their order.

    Raises ValueError where diagnostics or setups differ, SandboxUnavailable.
    """
    if len({(trial.target.place, trial.setup) for trial in trials}) > 1:
        raise ValueError(
            "candidates of one call share their diagnostic and their setup: ask for others in a call of their own"
        )
    verdicts: dict[int, Verdict] = {}
    for number, trial in enumerate(trials):
        if (refused := _refused(bench, trial)) is not None:
            verdicts[number] = refused
    asked = _read_probe(probe, bench.cargo.features)
    slot = _slot(bench, trials[0]) if trials and asked else None
    if asked and slot is not None and not _elsewhere(bench, trials[0], probe, slot):
        bodies = {n: slot.candidate(bench, t) for n, t in enumerate(trials) if n not in verdicts}
        siblings = {n: body for n, body in bodies.items() if body is not None}
        if siblings:
            verdicts |= _in_any(asked, bench, slot, probe, trials, siblings)
    for number, trial in enumerate(trials):
        if number not in verdicts:
            verdicts[number] = bench.judge(trial, probe, tests=False)
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


def _in_any(
    asked: _Probe, bench: Workbench, slot: _Slot, probe: Sequence[str], trials: Sequence[Trial],
    siblings: Mapping[int, bytes],
) -> dict[int, Verdict]:  # fmt: skip
    """The verdicts of the first target in which the siblings' file complains; none where cargo shows no target."""
    try:
        invocations = bench.invocations(asked.targets)
    except NoInvocation:
        return {}
    for invocation in invocations:
        rustc = Rustc(bench.cargo, invocation, asked.lints)
        if verdicts := _Family(bench, rustc, slot, probe, trials).judge(siblings):
            return verdicts
    return {}


def _refused(bench: Workbench, trial: Trial) -> Verdict | None:
    """The verdict on a trial that needs no compiler."""
    try:
        if silences(trial.edits, bench.reader(trial.setup)):
            return Verdict(False, Reason.SILENCES, "the fix silences instead of mending")
        bench.texts(trial.setup, trial.edits)
    except (EditConflict, FileNotFoundError) as error:
        return Verdict(False, Reason.DOES_NOT_APPLY, str(error))
    return None


@dataclass(frozen=True)
class _Slot:
    """A function that can have siblings: in the broken code, and in the healthy source."""

    file: str
    broken: tuple[int, int]
    """Its bytes in the code with the setup."""
    source: tuple[int, int]
    name: tuple[int, int]
    """Its name's bytes, counted from its start."""
    head: bytes
    """Its text up to its body: what a candidate must leave as it is."""
    attributes: bytes
    """The attributes before it, in one line."""

    def candidate(self, bench: Workbench, trial: Trial) -> bytes | None:
        """The function as the trial writes it; None where the trial reaches outside of its body."""
        begin, end = self.broken
        first = begin + len(self.head)
        if not all(e.file == self.file and first <= e.start and e.end <= end for e in trial.edits):
            return None
        text = bench.reader(trial.setup)(self.file)[begin:end]
        written = apply(text, _moved(trial.edits, begin))
        # A sibling would call the healthy function, not itself.
        if re.search(rb"\b%s\b" % text[slice(*self.name)], written[len(self.head) :]):
            return None
        # What does not parse as one function could swallow its siblings.
        root = parse(written).root_node
        whole = [c for c in root.children if c.type not in ("line_comment", "block_comment")]
        return written if len(whole) == 1 and whole[0].type == "function_item" and not root.has_error else None


def _slot(bench: Workbench, trial: Trial) -> _Slot | None:
    """The function that a trial changes, where it can have siblings."""
    files = {e.file for e in (*trial.edits, *trial.setup)}
    if len(files) != 1 or not trial.edits:
        return None
    (file,) = files
    broken, source = bench.reader(trial.setup)(file), bench.read(file)
    function = _function(broken, trial.edits[0].start)
    if function is None or not _can_have_siblings(function, broken):
        return None
    name, body = function.child_by_field_name("name"), function.child_by_field_name("body")
    grown = sum(len(e.replacement) - (e.end - e.start) for e in trial.setup)
    begin, end = function.start_byte, function.end_byte
    inside = all(begin <= e.start and e.end <= end - grown for e in trial.setup)
    if name is None or body is None or not inside:
        return None
    head = broken[begin : body.start_byte]
    if source[begin : begin + len(head)] != head:
        return None
    place = (name.start_byte - begin, name.end_byte - begin)
    return _Slot(file, (begin, end), (begin, end - grown), place, head, _attributes(function, broken))


def _attributes(function: Node, source: bytes) -> bytes:
    found = []
    before = function.prev_named_sibling
    while before is not None and before.type in ("attribute_item", "line_comment", "block_comment"):
        if before.type == "attribute_item":
            found.append(source[before.start_byte : before.end_byte].replace(b"\n", b" "))
        before = before.prev_named_sibling
    return b" ".join(reversed(found))


def _function(source: bytes, offset: int) -> Node | None:
    """The outermost function around a byte."""
    node, found = parse(source).root_node.descendant_for_byte_range(offset, offset), None
    while node is not None:
        found = node if node.type == "function_item" else found
        node = node.parent
    return found


def _can_have_siblings(function: Node, source: bytes) -> bool:
    home = function.parent
    owner = home.parent if home is not None and home.type == "declaration_list" else None
    if owner is not None and owner.type not in ("impl_item", "mod_item"):
        return False
    if owner is not None and owner.child_by_field_name("trait") is not None:
        return False
    start = function.start_byte
    before = function.prev_named_sibling
    while before is not None and before.type in ("attribute_item", "line_comment", "block_comment"):
        start, before = before.start_byte, before.prev_named_sibling
    body = function.child_by_field_name("body")
    return body is not None and not _UNIQUE.search(source, start, body.start_byte)


def _elsewhere(bench: Workbench, trial: Trial, probe: Sequence[str], slot: _Slot) -> bool:
    """The broken code complains outside of the function: what a candidate does about that, siblings cannot show."""
    if not trial.setup:
        return False
    shown = bench.observe(probe, trial.setup).diagnostics
    return any(
        d.is_compile_error
        and (
            d.primary is None
            or d.primary.file != slot.file
            or not slot.broken[0] <= d.primary.byte_start <= slot.broken[1]
        )
        for d in shown
    )


class _Family:
    """A function's siblings: its place in the source is held by itself, healthy, and they stand behind it."""

    def __init__(
        self, bench: Workbench, rustc: Rustc, slot: _Slot, probe: Sequence[str], trials: Sequence[Trial]
    ) -> None:
        self.bench, self.rustc, self.slot, self.trials = bench, rustc, slot, trials
        self.target = trials[0].target
        self.allowed = self._own(probe, slot.source)
        if trials[0].setup:
            self.allowed |= self._own(probe, slot.broken, trials[0].setup)

    def _own(self, probe: Sequence[str], region: tuple[int, int], *layers: Sequence[Edit]) -> Counter[Key]:
        """What the function itself complains of."""
        shown = self.bench.observe(probe, *layers).diagnostics
        return Counter(d.key for d in shown if _within(d, self.slot.file, *region))

    def judge(self, siblings: Mapping[int, bytes]) -> dict[int, Verdict]:
        """The verdicts on those that could be judged as siblings."""
        verdicts: dict[int, Verdict] = {}
        shown = self._shown(siblings, "E0308")
        if shown is None:
            return verdicts
        for number, diagnostics in shown.items():
            if broken := next((d for d in diagnostics if d.is_compile_error), None):
                detail = f"{broken.code or 'error'}: {broken.message}"
                verdicts[number] = Verdict(False, Reason.DOES_NOT_COMPILE, detail, scope="batch")
        healthy = {n: body for n, body in siblings.items() if n not in verdicts}
        if healthy and (shown := self._shown(healthy, "dead_code")) is not None:
            verdicts |= {number: self._verdict(number, diagnostics) for number, diagnostics in shown.items()}
        return verdicts

    def _verdict(self, number: int, diagnostics: Sequence[Diagnostic]) -> Verdict:
        now, at = Counter(d.key for d in diagnostics), self.target.primary
        limit = self.allowed[self.target.key] - (not self.target.is_compile_error)
        edits = _moved(self.trials[number].edits, self.slot.broken[0])
        # Many lints have one message: what went has to be what stood at the target's own place.
        stuck = at is not None and any(
            d.key == self.target.key
            and d.primary is not None
            and map_back(d.primary.byte_start, edits) == at.byte_start - self.slot.broken[0]
            for d in diagnostics
        )
        if stuck or now[self.target.key] > max(0, limit):
            return Verdict(False, Reason.STILL_THERE, f"{self.target.code}: {self.target.message}", scope="batch")
        if new := now - self.allowed:
            level, code, message = min(new, key=lambda key: (key[0], key[1] or "", key[2]))
            return Verdict(False, Reason.NEW_DIAGNOSTIC, f"{level} {code or ''}: {message}", scope="batch")
        return replace(GREEN, scope="batch")

    def _shown(self, siblings: Mapping[int, bytes], signal: str) -> dict[int, list[Diagnostic]] | None:
        """What each sibling complains of; None where the sentinel is silent or nobody owns an error."""
        text, regions = self._laid(siblings, signal)
        with self.bench.showing({self.slot.file: text}):
            compiled = self.rustc.run()
        return self._shared_out(compiled, regions, signal)

    def _laid(self, siblings: Mapping[int, bytes], signal: str) -> tuple[bytes, dict[int, tuple[int, int]]]:
        source, (_, end) = self.bench.read(self.slot.file), self.slot.source
        parts, regions, at = [source[:end]], {}, end
        for number, body in siblings.items():
            lead = b" #[allow(dead_code)] #[doc(hidden)] " + self.slot.attributes + b" "
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
        for diagnostic in distinct(compiled.diagnostics):
            owner = next((n for n, (a, b) in regions.items() if _within(diagnostic, self.slot.file, a, b)), None)
            if owner is not None:
                shown[owner].append(self._as_function(diagnostic, regions[owner][0], f"{_SUFFIX}{owner}"))
            elif diagnostic.code == signal and f"sentinel{_SUFFIX}" in diagnostic.rendered:
                awake = True
            elif diagnostic.is_compile_error:
                return None
        return shown if awake and compiled.finished else None


def _moved(edits: Sequence[Edit], by: int) -> list[Edit]:
    """Edits as they are counted from a function's start."""
    return [Edit(e.file, e.start - by, e.end - by, e.replacement) for e in edits]


def _within(diagnostic: Diagnostic, file: str, begin: int, end: int) -> bool:
    at = diagnostic.primary
    while at is not None and at.expansion is not None:
        at = at.expansion.span
    return at is not None and at.file == file and begin <= at.byte_start <= end
