"""rustc's diagnostics, typed: the whole JSON tree, one diagnostic per place.

Format: https://doc.rust-lang.org/rustc/json.html; cargo wraps each as a `compiler-message`.
Paths are relative to the source's root; paths outside it stay absolute.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from oxidizer.cluster.edits import Edit
from oxidizer.cluster.sandbox import SOURCE

# What rustc says at the end of a run about the run itself.
_SUMMARY = re.compile(r"aborting due to|\d+ warnings? emitted|could not compile")

# From the last sign that is in no name: a crate may write any message, and all cuts of a long one would be tried.
_LONG_TYPE = re.compile(r"'(?:[^']*[^'\w-])?([\w-]+)-[0-9a-f]{16}\.long-type-\d+\.txt'")
_ASKED = re.compile(
    r"requested on the command line with|`#\[\w+\([\w:]+\)\]` (?:\(part of .*\) )?(?:implied by .*|on by default)"
    r"|`-\w [\w:-]+` implied by|to override `-\w|`#\[\w+\([\w:]+\)\]` implied by"
)

_BARRED = ("=", "help", "note")
"""How what rustc puts a bar in front of begins."""

MACHINE_APPLICABLE = "MachineApplicable"

Key = tuple[str, str | None, str]
"""What makes two diagnostics the same complaint: level, code, message."""


@dataclass(frozen=True)
class Span:
    """A region of a file. Lines and columns count from 1 (columns in characters), bytes from 0."""

    file: str
    byte_start: int
    byte_end: int
    line_start: int
    line_end: int
    column_start: int
    column_end: int
    is_primary: bool
    label: str | None
    replacement: str | None
    """The text that the tool suggests for this region."""
    applicability: str | None
    expansion: Expansion | None
    """The macro call that made this region, where one did."""

    @property
    def in_source(self) -> bool:
        """The region lies in the crate's own files."""
        return not self.file.startswith(("/", "<"))


@dataclass(frozen=True)
class Expansion:
    """A macro's call site."""

    macro: str
    span: Span


@dataclass(frozen=True)
class Fix:
    """One way out that the tool proposes: edits that belong together."""

    message: str
    applicability: str
    edits: tuple[Edit, ...]
    spans: tuple[Span, ...]
    """The regions that the edits replace, in the tool's order."""


@dataclass(frozen=True)
class Diagnostic:
    """One complaint with its notes and suggestions as children."""

    level: str
    code: str | None
    message: str
    spans: tuple[Span, ...]
    children: tuple[Diagnostic, ...]
    rendered: str
    package: str = ""
    """The package in whose build the complaint was made."""

    @property
    def primary(self) -> Span | None:
        """The first primary span in rustc's order."""
        return next((s for s in self.spans if s.is_primary), None)

    @property
    def key(self) -> Key:
        """Level, code and message."""
        return (self.level, self.code, self.message)

    @property
    def place(self) -> tuple[Key, str, int, int]:
        """What two targets that share a file repeat: the key at file, line and column."""
        at = self.primary
        return (self.key, at.file, at.line_start, at.column_start) if at else (self.key, "", 0, 0)

    @property
    def is_complaint(self) -> bool:
        """An error or a warning, and not rustc's closing summary."""
        return self.level.startswith(("error", "warning")) and not _SUMMARY.match(self.message)

    @property
    def is_error(self) -> bool:
        """An error of any kind, denied lints included."""
        return self.level.startswith("error")

    @property
    def is_compile_error(self) -> bool:
        """An error that no lint level takes away."""
        return self.is_error and (self.code is None or re.fullmatch(r"E\d{4}", self.code) is not None)

    @property
    def is_ice(self) -> bool:
        """The compiler itself broke."""
        return self.level == "error: internal compiler error"

    def fixes(self) -> list[Fix]:
        """Every suggestion in the tree that can be applied as text to the crate's own files, in order."""
        found = [fix for node in (self, *self.children) for fix in _node_fixes(node)]
        return list({(f.applicability, f.edits): f for f in found}.values())


def _node_fixes(node: Diagnostic) -> list[Fix]:
    """The suggestions of one node."""
    parts = [s for s in node.spans if s.replacement is not None]
    if not parts or not all(s.in_source and s.expansion is None for s in parts):
        return []
    order = {a: i for i, a in enumerate((MACHINE_APPLICABLE, "MaybeIncorrect", "HasPlaceholders", "Unspecified"))}
    return [
        Fix(
            message=node.message,
            applicability=max((s.applicability or "Unspecified" for s in group), key=lambda a: order.get(a, 9)),
            edits=_joined(Edit(s.file, s.byte_start, s.byte_end, (s.replacement or "").encode()) for s in group),
            spans=tuple(group),
        )
        for group in _alternatives(parts)
    ]


def _alternatives(parts: Sequence[Span]) -> list[list[Span]]:
    """Parts of one suggestion share a node, and so do alternatives. rustc sorts the parts of each: what does not lie
    behind all parts so far begins the next alternative.
    """
    groups: list[list[Span]] = []
    for part in parts:
        if groups and all(_lies_behind(part, earlier) for earlier in groups[-1]):
            groups[-1].append(part)
        else:
            groups.append([part])
    return groups


def _lies_behind(part: Span, earlier: Span) -> bool:
    return part.file != earlier.file or (earlier.byte_start < part.byte_end and earlier.byte_end <= part.byte_start)


def _joined(edits: Iterable[Edit]) -> tuple[Edit, ...]:
    """Parts that meet where one inserts become one edit: two edits at one place would have no order."""
    joined: list[Edit] = []
    for edit in sorted(edits):
        if joined and joined[-1].touches(edit):
            last = joined.pop()
            edit = Edit(edit.file, last.start, edit.end, last.replacement + edit.replacement)
        joined.append(edit)
    return tuple(joined)


def _named_alike(text: str) -> str:
    """A message without the folder and the numbers of a file for a type too long to show: each build has its own."""
    return _LONG_TYPE.sub(r"'\1.long-type.txt'", text) if ".long-type-" in text else text


def parse_diagnostic(raw: Mapping[str, Any], package: str = "") -> Diagnostic:
    """A diagnostic from rustc's JSON object; `package` is whose build it comes from."""
    return Diagnostic(
        level=raw["level"],
        code=(raw.get("code") or {}).get("code"),
        message=_named_alike(raw["message"]),
        spans=tuple(_span(s) for s in raw["spans"]),
        children=tuple(parse_diagnostic(c) for c in raw["children"]),
        rendered=_named_alike(raw.get("rendered") or ""),
        package=package,
    )


def _span(raw: Mapping[str, Any]) -> Span:
    expansion = raw.get("expansion")
    return Span(
        file=relative(raw["file_name"]),
        byte_start=raw["byte_start"],
        byte_end=raw["byte_end"],
        line_start=raw["line_start"],
        line_end=raw["line_end"],
        column_start=raw["column_start"],
        column_end=raw["column_end"],
        is_primary=raw["is_primary"],
        label=raw["label"],
        replacement=raw["suggested_replacement"],
        applicability=raw["suggestion_applicability"],
        expansion=Expansion(expansion["macro_decl_name"], _span(expansion["span"])) if expansion else None,
    )


@lru_cache(maxsize=4096)
def relative(file: str) -> str:
    """A path as diagnostics name it, relative to the source's root where it lies inside, without `.` and `..`."""
    return posixpath.normpath(file.removeprefix(f"{SOURCE}/"))


def unasked(diagnostic: Diagnostic) -> Diagnostic:
    """A lint's complaint without who asked for it, which rustc tells once in a run and each command line otherwise."""
    children = tuple(c for c in diagnostic.children if not _ASKED.match(c.message))
    lines = diagnostic.rendered.splitlines(keepends=True)
    told: list[str] = []
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        if not _ASKED.match(line.lstrip(" =").removeprefix("note: ")):
            told.append(line)
        elif told and told[-1].strip() == "|" and not after.lstrip().startswith(_BARRED):
            told.pop()  # with the only note goes the bar that led to it
    return replace(diagnostic, children=children, rendered="".join(told))


def distinct(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Errors and warnings, each place once (a lib and its tests repeat theirs), without rustc's closing summary."""
    real = [d for d in diagnostics if d.is_complaint]
    return tuple({d.place: d for d in reversed(real)}.values())[::-1]


def counts(diagnostics: Iterable[Diagnostic]) -> Counter[Key]:
    """How often each complaint is made."""
    return Counter(d.key for d in diagnostics)
