"""A patch as the policy reads it: every trick that it plays, file by file, region by region."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from oxidizer.cluster.diagnostics import Diagnostic
from oxidizer.cluster.edits import Edit, apply, by_file
from oxidizer.cluster.tricks import (
    assertions,
    attributes,
    bodies,
    endings,
    examples,
    files,
    loops,
    parts,
    texts,
    unsafety,
)
from oxidizer.cluster.tricks.aliases import Aliases, aliases
from oxidizer.cluster.tricks.balance import brought, taken
from oxidizer.cluster.tricks.equalities import compared, equal
from oxidizer.cluster.tricks.forced import forced
from oxidizer.cluster.tricks.items import missing
from oxidizer.cluster.tricks.modules import Read
from oxidizer.cluster.tricks.packages import Packages
from oxidizer.cluster.tricks.piece import Piece
from oxidizer.cluster.tricks.region import Change, Region, sides
from oxidizer.cluster.tricks.testcode import TestCode
from oxidizer.cluster.tricks.trick import Fact, Trick, TrickName
from oxidizer.cluster.tricks.unasked import Unasked

_LEVELS = re.compile(rb"warn|deny|forbid")
_ATTRIBUTES = frozenset({TrickName.SILENCED_LINT, TrickName.HIDDEN_CODE, TrickName.IGNORED_TEST})
_TESTS = frozenset({TrickName.DELETED_TEST, TrickName.REMOVED_ASSERTION})
_ITEMS = frozenset({TrickName.DELETED_TEST, TrickName.DELETED_ITEM, TrickName.RENAMED_ITEM})
_ASSERTIONS = frozenset(
    {
        TrickName.REMOVED_ASSERTION, TrickName.TRIVIAL_ASSERTION, TrickName.CHANGED_EXPECTATION,
        TrickName.SKIPPED_ASSERTION,
    }
)  # fmt: skip


@dataclass(frozen=True)
class Family:
    """Tricks of one kind, each something that a patch may not bring."""

    names: frozenset[TrickName]
    trigger: re.Pattern[bytes]
    """Where the code after has none of these words, there is nothing to find. Words alone: comments may part them."""
    facts: Callable[[Piece, Rust], Iterator[Fact]]
    by_alias: bool = False
    """... unless the file calls things by other names."""


FAMILIES = (
    Family(
        _ATTRIBUTES | {TrickName.EXPECTED_PANIC, TrickName.LINKED_CODE},
        attributes.TRIGGER,
        lambda piece, rust: attributes.facts(piece, rust.tests),
    ),
    Family(
        frozenset({TrickName.UNFINISHED_CODE, TrickName.PANIC_IN_PLACE, TrickName.EARLY_EXIT, TrickName.PLACEHOLDER}),
        re.compile(rb"todo|unimplemented|panic|unreachable|assert|\$|\]\s*!"),
        lambda piece, rust: endings.macros_that_end(piece, rust.names),
        by_alias=True,
    ),
    Family(
        frozenset({TrickName.EARLY_EXIT, TrickName.PANIC_IN_PLACE}),
        re.compile(rb"exit|abort|panic|resume_unwind|unreachable|process|intrinsics|libc"),
        lambda piece, rust: endings.calls_that_end(piece, rust.names),
        by_alias=True,
    ),
    Family(
        frozenset({TrickName.UNFINISHED_CODE, TrickName.PANIC_IN_PLACE, TrickName.EARLY_EXIT, TrickName.PLACEHOLDER}),
        re.compile(rb"\$|todo|unimplemented|panic|unreachable|process|libc|intrinsics|!\s*[,;)\]}]|#\s*[,;)]"),
        lambda piece, _: parts.facts(piece),
    ),
    Family(
        frozenset({TrickName.PANIC_IN_PLACE}),
        re.compile(rb"unwrap|expect"),
        lambda piece, _: endings.unwraps(piece),
    ),
    Family(
        frozenset({TrickName.ENDLESS_LOOP}),
        re.compile(rb"\bloop\b|\bwhile\b|\bfor\b"),
        lambda piece, _: loops.endless(piece),
    ),
    Family(
        frozenset({TrickName.PANIC_IN_PLACE}),
        re.compile(rb"\bfn\b"),
        lambda piece, _: loops.self_calls(piece),
    ),
    Family(
        frozenset({TrickName.NEW_UNSAFE}),
        re.compile(rb"\b(?:unsafe|extern)\b"),
        lambda piece, _: unsafety.facts(piece),
    ),
    Family(
        frozenset({TrickName.OUTSIDE_FILE, TrickName.FORGED_OUTPUT}),
        re.compile(rb"\"|_fd\b|Fd\b|borrow_raw"),
        lambda piece, rust: texts.facts(piece, rust.change.file, rust.package),
    ),
    Family(
        frozenset({TrickName.SHADOWED_MACRO}),
        re.compile(rb"\bmacro_rules\b|\buse\b"),
        lambda piece, _: assertions.shadows(piece),
    ),
    Family(
        frozenset({TrickName.TRIVIAL_ASSERTION}),
        re.compile(rb"\b(?:eq|ne)\b"),
        lambda piece, _: equal(piece),
    ),
    Family(
        frozenset({TrickName.IGNORED_TEST, TrickName.EXPECTED_PANIC}),
        re.compile(rb"```"),
        lambda piece, _: examples.switched_off(piece),
    ),
)
"""What a patch may not bring, by what it would stand in."""


class Rust:
    """The change of one Rust file, with what its facts lean on."""

    def __init__(self, change: Change, package: str, target: Diagnostic | None) -> None:
        self.change: Change = change
        self.package: str = package
        self.target: Diagnostic | None = target

    @cached_property
    def names(self) -> Aliases:
        """What the patched file calls things."""
        return aliases(self.change.after)

    @cached_property
    def tests(self) -> frozenset[str]:
        """The items that are tests, before or after."""
        pieces = [p for r in self.change.regions for p in (r.before, r.after)]
        return frozenset[str]().union(*(p.test_owners for p in pieces))

    def asked(self, region: Region) -> list[int]:
        """The places of which the diagnostic speaks, by their offsets in the region before."""
        spans = self.target.spans if self.target is not None else ()
        return [s.byte_start - region.begin for s in spans if s.file == self.change.file]

    def is_untouched(self, region: Region, at: int) -> bool:
        """The place in the region after is of no edit's making."""
        shift = 0
        for edit in sorted(self.change.edits):
            start = edit.start + shift
            if start <= region.start + at < start + len(edit.replacement):
                return False
            shift += len(edit.replacement) - (edit.end - edit.start)
        return True

    def trick(self, name: TrickName, at: int, sentence: str, region: Region) -> Trick:
        """A trick at an offset of the region after."""
        return Trick(name, self.change.file, self.change.line(region.start + at), sentence)


class Patch:
    """Edits of the code that `read` reads; `source` reads the healthy source, where there is another one."""

    def __init__(self, edits: Sequence[Edit], read: Read, source: Read | None, target: Diagnostic | None) -> None:
        """Raises EditConflict where they cannot be applied, FileNotFoundError where they name no file."""
        self.target = target
        self._packages = Packages(read)
        self._read = read
        self._changes = []
        for file, group in by_file(edits).items():
            before = read(file)
            after, healthy = apply(before, group), _read(source, file)
            if after not in (before, healthy):
                self._changes.append(Change(file, before, after, group, healthy))

    def tricks(self, wanted: Collection[TrickName], unsafe_for: Collection[str]) -> Iterator[Trick]:
        """The wanted ones, in no order. `unsafe_for` are codes that ask for `unsafe`."""
        if TrickName.DELETION in wanted and self._changes and all(map(_only_deletes, self._changes)):
            first = self._changes[0]
            yield Trick(TrickName.DELETION, first.file, first.line(first.edits[0].start), "only takes code away")
        at = self.target.primary.file if self.target is not None and self.target.primary is not None else None
        every = []
        for change in self._changes:
            refused = list(files.facts(change, self._packages, at, wanted))
            yield from (Trick(f.names[0], change.file, 1, f.sentence) for f in refused if f.names[0] in wanted)
            if change.file.endswith(".rs") and not refused:
                every.append(Rust(change, self._packages.of(change.file).folder, self.target))
        named = list(self._taken(every, wanted))
        for rust in every:
            named += self._brought(rust, wanted, unsafe_for)
            named += self._lowered(rust, wanted)
            named += self._compared(rust, wanted)
        yield from named
        if not (_ASSERTIONS | {TrickName.CHANGED_TEST}).isdisjoint(wanted):
            yield from self._unasked(every, named, wanted)

    def _brought(self, rust: Rust, wanted: Collection[TrickName], unsafe_for: Collection[str]) -> Iterator[Trick]:
        for family in FAMILIES:
            if family.names.isdisjoint(wanted):
                continue
            for region, fact in self._new(rust, family, wanted):
                if not self._is_fine(rust, region, fact, unsafe_for):
                    name = next(n for n in fact.names if n in wanted)
                    yield rust.trick(name, fact.at, fact.sentence, region)

    def _new(self, rust: Rust, family: Family, wanted: Collection[TrickName]) -> Iterator[tuple[Region, Fact]]:
        regions = rust.change.regions
        if not any(family.trigger.search(r.after.text) for r in regions) and not (family.by_alias and rust.names.hide):
            return
        after = [(r, f) for r in regions for f in family.facts(r.after, rust) if not _unwanted(f, wanted)]
        if not after:
            return
        before = [f for r in regions for f in family.facts(r.before, rust)]
        source = [f for r in regions if r.source is not None for f in family.facts(r.source, rust)]
        owners = [frozenset[str]().union(*(p.owners for p in pieces)) for pieces in sides(regions)]
        after = [(r, f) for r, f in after if not (r.before.root.has_error and rust.is_untouched(r, f.at))]
        new = {id(f) for f in brought([f for _, f in after], before, source, (owners[0], owners[1]))}
        if family.names & _ATTRIBUTES and len(after) <= len(before) and _speaks_of_attribute(rust):
            # The diagnostic is of an attribute: another one in its place is what it asks for.
            new = {id(f) for _, f in after if id(f) in new and attributes.never(f)}
        elif family.names & _ATTRIBUTES and len(after) <= len(before) and _speaks_of_cfg(rust):
            new = {id(f) for _, f in after if id(f) in new and (attributes.never(f) or not f.what.startswith("cfg! "))}
        for region, fact in after:
            if id(fact) in new and not (fact.what == "cfg test" and fact.owner not in owners[0]):
                yield region, fact

    def _is_fine(self, rust: Rust, region: Region, fact: Fact, unsafe_for: Collection[str]) -> bool:
        """Without a source, a diagnostic may ask for `unsafe`; and what was unsafe before may be put in blocks anew."""
        if fact.names[0] is not TrickName.NEW_UNSAFE:
            return False
        asked = self.target is not None and self.target.code in unsafe_for and rust.change.source is None
        return (asked and fact.what in unsafety.WRAPPING) or fact.at in unsafety.rewrapped(region.before, region.after)

    def _lowered(self, rust: Rust, wanted: Collection[TrickName]) -> Iterator[Trick]:
        """Lints that the code asked for and asks for no more."""
        regions = rust.change.regions
        if TrickName.SILENCED_LINT not in wanted or not any(_LEVELS.search(r.before.text) for r in regions):
            return
        before = [(r, f) for r in regions for f in attributes.raised(r.before)]
        if not before or _speaks_of_attribute(rust):
            return
        after = [f for r in regions for f in attributes.raised(r.after)]
        source = [f for r in regions if r.source is not None for f in attributes.raised(r.source)]
        gone = taken([f for _, f in before], after, source if rust.change.source is not None else None)
        owners = frozenset[str]().union(*(r.after.owners for r in regions))
        for region, fact in before:
            if fact in gone and fact.owner in owners | {""} and attributes.lowered(fact, after):
                yield rust.trick(TrickName.SILENCED_LINT, 0, fact.sentence, region)

    def _compared(self, rust: Rust, wanted: Collection[TrickName]) -> Iterator[Trick]:
        """What functions and tests come to."""
        coded = self.target is not None and self.target.code is not None
        for region in rust.change.regions:
            found: list[Fact] = []
            before, after, source = region.before, region.after, region.source
            asked = rust.asked(region) if coded else []
            if not _ASSERTIONS.isdisjoint(wanted) and b"!" in before.text and (rust.tests or before.in_test):
                found += assertions.compared(before, after, source, asked)
            if TrickName.TRIVIAL_ASSERTION in wanted and (b"fn eq" in before.text or b"fn ne" in before.text):
                found += compared(before, after, source)
            if TrickName.GUTTED_BODY in wanted and b"fn" in before.text:
                found += bodies.gutted(before, after, source, self._lint(rust, region))
            yield from (rust.trick(f.names[0], f.at, f.sentence, region) for f in found if f.names[0] in wanted)

    def _unasked(self, every: Sequence[Rust], named: Sequence[Trick], wanted: Collection[TrickName]) -> Iterator[Trick]:
        """Changes of tests that nothing asks for, where no trick of another name is `named`."""
        changes = [rust.change for rust in every]
        for rust in every:
            file = rust.change.file
            known = {trick.line for trick in named if trick.file == file}
            gone = any(trick.file == file and trick.name is TrickName.DELETED_TEST for trick in named)
            tests = Unasked(rust.change, TestCode(rust.change, self._read), self.target, lambda: forced(changes))
            for region, fact, lines in tests.facts():
                if fact.names[0] in wanted and known.isdisjoint(lines) and not (gone and not lines):
                    yield rust.trick(fact.names[0], fact.at, fact.sentence, region)

    def _lint(self, rust: Rust, region: Region) -> tuple[int, int] | None:
        """The range that a lint complains of, in the region before."""
        at = self.target.primary if self.target is not None else None
        if self.target is None or at is None or at.file != rust.change.file or self.target.is_compile_error:
            return None
        return at.byte_start - region.begin, at.byte_end - region.begin

    def _taken(self, every: Sequence[Rust], wanted: Collection[TrickName]) -> Iterator[Trick]:
        """What goes: tests, and items; a move within the patch is none."""
        if not every:
            return
        if not _TESTS.isdisjoint(wanted):
            yield from _gone(every, wanted)
        if not _ITEMS.isdisjoint(wanted):
            code = (self.target.code or "") if self.target is not None else ""
            spans = [(s.file, s.byte_start) for s in self.target.spans] if self.target is not None else []
            for change, name, at, sentence in missing([rust.change for rust in every], code, spans):
                if name in wanted:
                    yield Trick(name, change.file, change.before.count(b"\n", 0, at) + 1, sentence)


def _only_deletes(change: Change) -> bool:
    """What is there after is what was there before without some of its words, however the edits are cut."""
    if not change.file.endswith(".rs"):
        return all(not e.replacement.strip() for e in change.edits)
    fewer = False
    for region in change.regions:
        before, after = iter(region.before.words), region.after.words
        if not all(any(word.text == was.text for was in before) for word in after):
            return False
        fewer = fewer or len(after) < len(region.before.words)
    return fewer


def _gone(every: Sequence[Rust], wanted: Collection[TrickName]) -> Iterator[Trick]:
    """Tests that are there no more, and what examples assert no more."""
    for facts in (examples.tests, examples.documented):
        regions = [(rust, region) for rust in every for region in rust.change.regions]
        before = [(rust, region, f) for rust, region in regions for f in facts(region.before)]
        after = [f for _, region in regions for f in facts(region.after)]
        # A file that is as it is published has a source too: itself.
        source = [f for _, region in regions for f in facts(region.source or region.before)]
        gone = {id(f) for f in taken([f for _, _, f in before], after, source)}
        for rust, region, fact in before:
            if id(fact) in gone and fact.names[0] in wanted:
                line = rust.change.before.count(b"\n", 0, region.begin + fact.at) + 1
                yield Trick(fact.names[0], rust.change.file, line, fact.sentence)
        if gone:
            return  # what an example asserted went with it


def _unwanted(fact: Fact, wanted: Collection[TrickName]) -> bool:
    return not any(name in wanted for name in fact.names)


def _speaks_of_attribute(rust: Rust) -> bool:
    """The diagnostic's place is an attribute."""
    for region in rust.change.regions:
        for at in rust.asked(region):
            for attribute in region.before.attributes:
                last = attribute.words[-1] if attribute.words else None
                if attribute.at <= at <= (last.at + len(last.text) if last is not None else attribute.at):
                    return True
    return False


def _speaks_of_cfg(rust: Rust) -> bool:
    """The diagnostic's place is in a `cfg!`."""
    return any(
        word.at <= at < end for region in rust.change.regions for word, end in attributes.calls(region.before, "cfg")
        for at in rust.asked(region)
    )  # fmt: skip


def _read(source: Read | None, file: str) -> bytes | None:
    """The healthy source's file; what it does not have, the broken code was given."""
    try:
        return source(file) if source is not None else None
    except FileNotFoundError:
        return b""
