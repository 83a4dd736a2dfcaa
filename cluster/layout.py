"""Many mutants in one set of sources: where each lies in the text that the compiler sees, and back.

Each mutant keeps to a region of its own, no two of which share a line. What the compiler says of one is brought back by
`Layout.alone`, byte offsets and lines, to what it would say were the others not there.
"""

from __future__ import annotations

import posixpath
import re
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import accumulate, groupby

from oxidizer.cluster.diagnostics import Diagnostic, Span, relative
from oxidizer.cluster.edits import Edit
from oxidizer.cluster.numbering import rendered_anew, renumbered

_GAP = 3
"""Lines that rustc may show between two spans that are so near."""
_CLOSURE = re.compile(r"\||move\b|async\b|static\b|for\b|gen\b")


@dataclass(frozen=True)
class Influence:
    """What a mutant does to others in its run and they to it, though each complains in its own region: of code that
    leans on what is broken the compiler may tell less.
    """

    is_seen: bool = False
    """It changes what other code sees, a signature or a type. Such mutants share runs among themselves."""
    spoils: frozenset[str] = frozenset()
    """What others may lean on: names of what is seen; names with `()` of what the compiler cannot run now."""
    needs: frozenset[str] = frozenset()
    """What it leans on, in the same words: where it is seen, all of its own; what is run for an array's length."""
    imports: bool = False
    """It changes what a file imports: what the file says elsewhere may be unknown now, or something else."""


NO_INFLUENCE = Influence()


@dataclass(frozen=True)
class Mutant:
    """Edits of the source that break it, and the region whose code alone can complain of them."""

    edits: tuple[Edit, ...]
    file: str
    start: int
    end: int
    codes: tuple[str, ...] = ()
    """The lints that it aims at; none where it aims at compile errors."""
    influence: Influence = NO_INFLUENCE


@dataclass(frozen=True)
class _Piece:
    """A replaced range in the text that the compiler sees; `owner` is None for the sentinel."""

    owner: int | None
    start: int
    end: int
    grown: int
    """Bytes more than what it replaces."""
    raised: int
    """Lines more than what it replaces."""
    first_line: int
    last_line: int


@dataclass(frozen=True)
class _Region:
    owner: int | None
    start: int
    end: int


class Entangled(Exception):
    """A diagnostic shows code that another mutant changes."""

    def __init__(self, other: int | None = None) -> None:
        super().__init__()
        self.other = other
        """The other's number in the layout, where that is known and is not the sentinel."""


class Layout:
    """The texts of a group of mutants, by number, with a sentinel behind each file."""

    def __init__(
        self, mutants: Sequence[Mutant], read: Callable[[str], bytes], sentinel: Callable[[int], bytes] | None = None,
        files: Sequence[str] = (),
    ) -> None:  # fmt: skip
        """`files` get a sentinel beside those that are changed."""
        self.mutants = mutants
        self.texts: dict[str, bytes] = {}
        self._pieces: dict[str, list[_Piece]] = {}
        self._owned: dict[tuple[str, int], list[_Piece]] = {}
        self._ends: dict[str, list[int]] = {}
        self._last_lines: dict[str, list[int]] = {}
        self._grown: dict[str, list[int]] = {}
        self._raised: dict[str, list[int]] = {}
        self._regions: dict[str, list[_Region]] = {}
        self._lines: dict[str, list[bytes]] = {}
        touched: dict[str, list[int]] = {}
        for number, mutant in enumerate(mutants):
            for file in {mutant.file, *(e.file for e in mutant.edits)}:
                touched.setdefault(file, []).append(number)
        for number, file in enumerate(sorted({*touched, *files})):
            self._lay(file, touched.get(file, ()), read(file), sentinel(number) if sentinel else b"")

    def _lay(self, file: str, numbers: Sequence[int], source: bytes, sentinel: bytes) -> None:
        wanted: list[tuple[Edit, int | None]] = []
        for number in numbers:
            wanted += [(edit, number) for edit in self.mutants[number].edits if edit.file == file]
        if sentinel:
            wanted.append((Edit(file, len(source), len(source), b"\n" + sentinel + b"\n"), None))
        wanted.sort(key=lambda one: (one[0].start, one[0].end, one[1] is None))
        parts, at, shift, line = [], 0, 0, 1
        pieces: list[_Piece] = []
        for edit, owner in wanted:
            parts += [source[at : edit.start], edit.replacement]
            line += source.count(b"\n", at, edit.start)
            taller = edit.replacement.count(b"\n")
            grown = len(edit.replacement) - (edit.end - edit.start)
            raised = taller - source.count(b"\n", edit.start, edit.end)
            begin = edit.start + shift
            pieces.append(_Piece(owner, begin, begin + len(edit.replacement), grown, raised, line, line + taller))
            at, shift, line = edit.end, shift + grown, line + taller
        self.texts[file] = b"".join([*parts, source[at:]])
        self._pieces[file] = pieces
        self._ends[file] = [piece.end for piece in pieces]
        self._last_lines[file] = [piece.last_line for piece in pieces]
        self._grown[file] = [0, *accumulate(piece.grown for piece in pieces)]
        self._raised[file] = [0, *accumulate(piece.raised for piece in pieces)]
        for piece in pieces:
            if piece.owner is not None:
                self._owned.setdefault((file, piece.owner), []).append(piece)
        self._regions[file] = self._placed(file, numbers, wanted, len(source))

    def _placed(
        self, file: str, numbers: Sequence[int], wanted: Sequence[tuple[Edit, int | None]], size: int
    ) -> list[_Region]:
        """The regions of the mutants, and of the sentinel, in the laid out text, in order."""
        ends, grown = [edit.end for edit, _ in wanted], self._grown[file]
        regions = []
        for number in numbers:
            mutant = self.mutants[number]
            if mutant.file != file:
                continue
            before = bisect_right(ends, mutant.start)
            # What is inserted at the very start of a region belongs to it.
            while before and wanted[before - 1][1] == number and wanted[before - 1][0].end == mutant.start:
                before -= 1
            until = bisect_right(ends, mutant.end)
            regions.append(_Region(number, mutant.start + grown[before], mutant.end + grown[until]))
        if wanted and wanted[-1][0].start == size and wanted[-1][1] is None:
            # Behind its line end, since a file may end with a region.
            regions.append(_Region(None, size + grown[-2] + 1, size + grown[-1]))
        return sorted(regions, key=lambda region: region.start)

    def source_place(self, file: str, offset: int) -> int:
        """The place in the source of an offset in the laid out text."""
        if not (pieces := self._pieces.get(file)):
            return offset
        at = bisect_right(self._ends[file], offset)
        inside = at < len(pieces) and pieces[at].start <= offset
        return (pieces[at].start if inside else offset) - self._grown[file][at]

    def owner(self, diagnostic: Diagnostic) -> int | str | None:
        """The mutant that a diagnostic belongs to; None is the sentinel, "" nobody that is known.

        An error elsewhere that only points to a region is not of a mutant that nobody else sees.
        """
        own = set(_primary(diagnostic))
        for span in _places(diagnostic):
            region = self._at(span)
            if region is not None and (span in own or not self._is_unseen(region.owner, diagnostic)):
                return region.owner
        return ""

    def _is_unseen(self, owner: int | None, diagnostic: Diagnostic) -> bool:
        return owner is not None and diagnostic.is_compile_error and not self.mutants[owner].influence.spoils

    def _at(self, span: Span) -> _Region | None:
        regions = self._regions.get(span.file, [])
        at = bisect_right(regions, span.byte_start, key=lambda region: region.start) - 1
        return regions[at] if at >= 0 and span.byte_start <= regions[at].end else None

    def alone(self, diagnostic: Diagnostic, owner: int) -> Diagnostic:
        """The diagnostic as it would be were its mutant the only one. Raises Entangled."""
        for shown in _shown_lines(diagnostic.spans):
            self._show_none_but(owner, *shown)
        lines, at = partial(self._named_line, owner), diagnostic.primary
        return Diagnostic(
            diagnostic.level,
            diagnostic.code,
            renumbered(diagnostic.message, lines),
            tuple([self._moved_span(span, owner) for span in diagnostic.spans]),
            tuple([self.alone(child, owner) for child in diagnostic.children]),
            rendered_anew(diagnostic.rendered, at.file if at else "", lines),
            diagnostic.package,
        )

    def _moved_span(self, span: Span, owner: int) -> Span:
        expansion = span.expansion and replace(span.expansion, span=self._moved_span(span.expansion.span, owner))
        if span.file not in self.texts:
            return span if expansion is span.expansion else replace(span, expansion=expansion)
        return replace(
            span,
            byte_start=self._offset(span.file, span.byte_start, owner),
            byte_end=self._offset(span.file, span.byte_end, owner),
            line_start=self._line(span.file, span.line_start, owner),
            line_end=self._line(span.file, span.line_end, owner),
            label=span.label and renumbered(span.label, partial(self._named_line, owner)),
            expansion=expansion,
        )

    def _show_none_but(self, owner: int, file: str, first: int, last: int) -> None:
        """Raises Entangled where the lines would look different were the owner's mutant the only one."""
        pieces = self._pieces.get(file, ())
        at = bisect_left(self._last_lines.get(file, ()), first)
        while at < len(pieces) and pieces[at].first_line <= last:
            if pieces[at].owner != owner:
                raise Entangled(pieces[at].owner)
            at += 1

    def _own(self, file: str, owner: int) -> Sequence[_Piece]:
        return self._owned.get((file, owner), ())

    def _offset(self, file: str, offset: int, owner: int) -> int:
        pieces = self._pieces[file]
        at = bisect_right(self._ends[file], offset)
        if at < len(pieces) and pieces[at].start < offset and pieces[at].owner != owner:
            raise Entangled(pieces[at].owner)
        own = sum(p.grown for p in self._own(file, owner) if p.end <= offset)
        return offset - self._grown[file][at] + own

    def _named_line(self, owner: int, file: str, line: int, column: int) -> int:
        """Of a file as the compiler names it in words."""
        file = self._meant(relative(file), line, column)
        if file not in self.texts:
            return line
        self._show_none_but(owner, file, line, line)
        return self._line(file, line, owner)

    def _meant(self, file: str, line: int, column: int) -> str:
        """The types of closures name files without their folders."""
        if file in self.texts or "/" in file:
            return file
        alike = [path for path in self.texts if posixpath.basename(path) == file]
        fits = [path for path in alike if _CLOSURE.match(self._text_at(path, line, column))]
        if len(fits) > 1:
            raise Entangled
        return fits[0] if fits else file

    def _text_at(self, file: str, line: int, column: int) -> str:
        """The rest of a line from a column, which counts characters from 1."""
        lines = self._lines.get(file) or self._lines.setdefault(file, self.texts[file].split(b"\n"))
        return lines[line - 1].decode("utf-8", "replace")[column - 1 :] if line <= len(lines) else ""

    def _line(self, file: str, line: int, owner: int) -> int:
        above = bisect_left(self._last_lines[file], line)
        own = sum(p.raised for p in self._own(file, owner) if p.last_line < line)
        return line - self._raised[file][above] + own


def _places(diagnostic: Diagnostic) -> Iterator[Span]:
    """Where a diagnostic may belong, likeliest first: primary spans by the call that expands to them, then the rest."""
    yield from _primary(diagnostic)
    for span in diagnostic.spans:
        yield from () if span.is_primary else _expanded(span)
    for child in diagnostic.children:
        yield from _places(child)


def _primary(diagnostic: Diagnostic) -> Iterator[Span]:
    for span in diagnostic.spans:
        yield from _expanded(span) if span.is_primary else ()


def _shown_lines(spans: Sequence[Span]) -> Iterator[tuple[str, int, int]]:
    """The runs of lines that rustc shows for spans: file, first and last line."""
    lines = sorted((s.file, s.line_start, s.line_end) for span in spans for s in _expanded(span))
    for file, group in groupby(lines, key=lambda line: line[0]):
        run: list[int] = []
        for _, first, last in group:
            if run and first - run[1] <= _GAP:
                run[1] = max(run[1], last)
                continue
            if run:
                yield file, run[0], run[1]
            run = [first, last]
        yield file, run[0], run[1]


def _expanded(span: Span) -> Iterator[Span]:
    """The span's outermost call site first, itself last."""
    if span.expansion is not None:
        yield from _expanded(span.expansion.span)
    yield span


class Rounds:
    """Mutants in groups in which no two regions share a line, and nobody needs what another spoils."""

    def __init__(self, mutants: Sequence[Mutant], read: Callable[[str], bytes]) -> None:
        begins = {file: _line_starts(read(file)) for file in {m.file for m in mutants}}
        self._lies = [(m.file, *_lines(m, begins[m.file])) for m in mutants]
        self._influences = [m.influence for m in mutants]
        self._shown: dict[int, list[tuple[str, int, int]]] = {}

    def part(self, number: int, other: int) -> None:
        """What the compiler says of a mutant shows the region of another: from now on it is beside nobody there."""
        self._shown.setdefault(number, []).append(self._lies[other])

    def next(self, numbers: Sequence[int]) -> list[int]:
        """Of the mutants with these numbers, in this order, each of the first one's kind that can be beside those that
        are taken.
        """
        taken: dict[str, list[tuple[int, int]]] = {}
        shown: dict[str, list[tuple[int, int]]] = {}
        spoilt, needed, found = set[str](), set[str](), list[int]()
        for n in numbers:
            own = self._influences[n]
            if own.is_seen != self._influences[numbers[0]].is_seen:
                continue
            if not (needed.isdisjoint(own.spoils) and spoilt.isdisjoint(own.needs)):
                continue
            file, *lines = self._lies[n]
            beside = self._shown.get(n, ())
            if not _is_free(taken.get(file, ()), *lines) or any(_meet(other, lines) for other in shown.get(file, ())):
                continue
            if not all(_is_free(taken.get(f, ()), *seen) for f, *seen in beside):
                continue
            insort(taken.setdefault(file, []), (lines[0], lines[1]))
            for f, first, last in beside:
                shown.setdefault(f, []).append((first, last))
            spoilt |= own.spoils
            needed |= own.needs
            found.append(n)
        return found


def _meet(one: Sequence[int], other: Sequence[int]) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


def _lines(mutant: Mutant, starts: Sequence[int]) -> tuple[int, int]:
    """The first and the last line of its region."""
    return bisect_right(starts, mutant.start), bisect_right(starts, max(mutant.start, mutant.end - 1))


def _is_free(taken: Sequence[tuple[int, int]], first: int, last: int) -> bool:
    """Whether the lines meet none of those taken, which are in order and meet none of each other."""
    at = bisect_right(taken, (first, last))
    return not (at and taken[at - 1][1] >= first) and not (at < len(taken) and taken[at][0] <= last)


def _line_starts(source: bytes) -> list[int]:
    starts, at = [0], source.find(b"\n")
    while at >= 0:
        starts.append(at + 1)
        at = source.find(b"\n", at + 1)
    return starts
