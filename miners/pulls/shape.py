"""What a diff says of itself: the counts and names that a pull request's kind is told by."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from oxidizer.miners.pulls.manifests import rows_of
from oxidizer.miners.pulls.marks import Marked, lines_of, mark_rust
from oxidizer.miners.pulls.objects import Change, Entry
from oxidizer.miners.pulls.places import Place, name_of, place_of
from oxidizer.miners.pulls.reader import Reader

_PUBLIC = re.compile(
    rb"\s*(?:pub\s+(?:default\s+|const\s+|async\s+|unsafe\s+|extern\s+(?:\"[^\"]*\"\s+)?)*"
    rb"(?:fn|struct|enum|union|trait|mod|type|const|static|use|macro)\s+[\w:{*]+|(?:macro_rules!)\s*\w+"
    rb"|(?:unsafe\s+)?impl\b(?:<[^{]*>)?\s+[\w:]+(?:<[^{]*>)?\s+for\s+\w+)"
)
_UNSAFE = re.compile(rb"\bunsafe\b(?!\s*[_(])")
_DEPRECATED = re.compile(rb"#!?\[\s*(?:deprecated\b|allow\(\s*deprecated|rustc_deprecated)")
_OLD_WAYS = re.compile(rb"\btry!\s*\(|\bextern crate\b|\bmem::uninitialized\b|\bdescription\(&self\)|#!\[feature\(")
_CALLED = re.compile(rb"\b(?:fn|struct|enum|union|trait|mod|type|const|static|use|macro_rules!)\s+([\w:]+)")


@dataclass(frozen=True)
class Shape:
    """A change in numbers. Tests and documentation are left out of what is said of code."""

    public_added: int = 0
    """Public items, macros and implementations of traits that came, and were not there by that name."""
    public_removed: int = 0
    code_added: int = 0
    """Lines of source."""
    code_removed: int = 0
    test_lines: int = 0
    bench_lines: int = 0
    """Changed lines of benches."""
    unsafe_added: int = 0
    unsafe_removed: int = 0
    deprecated_added: int = 0
    """Attributes that deprecate, or allow what is deprecated."""
    deprecated_removed: int = 0
    old_ways_removed: int = 0
    """Lines with what the language or its library has left behind, that went."""
    dependencies_added: tuple[str, ...] = ()
    """Dependencies of all code that were not there."""
    dependencies_changed: tuple[str, ...] = ()
    """Those that ask for another version now, or went."""
    edition_changed: bool = False
    files: int = 0
    """Files of source."""


def shape_of(reader: Reader, changes: Sequence[Change]) -> Shape:
    """The shape of a change."""
    added, removed = Counter[bytes](), Counter[bytes]()
    tests = benches = files = 0
    dependencies: tuple[set[str], set[str]] = (set(), set())
    edition = False
    for change in changes:
        file, place = name_of(change.path), place_of(name_of(change.path))
        if place is Place.TEST and file.endswith(".rs"):
            sizes = (len(lines_of(_text(reader, side))) for side in (change.old, change.new))
            lines = sum(map(len, _rows(reader, change, *sizes)))
            tests, benches = tests + lines, benches + lines * ("bench" in file)
        elif place is Place.RUST:
            files += 1
            came, went, tested = _code(reader, change)
            added, removed, tests = added + came, removed + went, tests + tested
        elif place is Place.MANIFEST:
            some, others, moved = _manifest(reader, change)
            dependencies[0].update(some)
            dependencies[1].update(others)
            edition = edition or moved
    # A line that only moved says nothing.
    came, went = added - removed, removed - added
    return Shape(
        public_added=len(_public(came) - _public(went)), public_removed=len(_public(went) - _public(came)),
        code_added=came.total(), code_removed=went.total(), test_lines=tests, bench_lines=benches,
        unsafe_added=_count(_UNSAFE, came), unsafe_removed=_count(_UNSAFE, went),
        deprecated_added=_count(_DEPRECATED, came), deprecated_removed=_count(_DEPRECATED, went),
        old_ways_removed=_count(_OLD_WAYS, went), dependencies_added=tuple(sorted(dependencies[0])),
        dependencies_changed=tuple(sorted(dependencies[1])), edition_changed=edition, files=files,
    )  # fmt: skip


def _code(reader: Reader, change: Change) -> tuple[Counter[bytes], Counter[bytes], int]:
    """The lines of code that came and went, without layout, and how many of tests did."""
    old, new = mark_rust(_text(reader, change.old)), mark_rust(_text(reader, change.new))
    went, came = _rows(reader, change, len(old.lines), len(new.lines))
    tests = sum(side.marks[at] == "test" for side, rows in ((old, went), (new, came)) for at in rows)
    return Counter(_source(new, came)), Counter(_source(old, went)), tests


def _rows(reader: Reader, change: Change, old: int, new: int) -> tuple[list[int], list[int]]:
    """The numbers of the lines that went and came, of a file with so many lines."""
    if change.old is None or change.new is None:
        return list(range(old)), list(range(new))
    if change.old.oid == change.new.oid:
        return [], []
    hunks = reader.hunks(change.old.oid, change.new.oid)
    went = [at for hunk in hunks for at in range(hunk.old_start, hunk.old_start + hunk.old_count)]
    return went, [at for hunk in hunks for at in range(hunk.new_start, hunk.new_start + hunk.new_count)]


def _source(side: Marked, rows: Iterable[int]) -> Iterator[bytes]:
    for at in rows:
        line = side.lines[at].strip()
        if side.marks[at] == "source" and line and not line.startswith(b"//"):
            yield line


def _public(lines: Iterable[bytes]) -> set[bytes]:
    """The names of public items that lines declare."""
    return {match[1] if (match := _CALLED.search(line)) else line for line in lines if _PUBLIC.match(line)}


def _count(pattern: re.Pattern[bytes], lines: Counter[bytes]) -> int:
    return sum(times for line, times in lines.items() if pattern.search(line))


def _manifest(reader: Reader, change: Change) -> tuple[set[str], set[str], bool]:
    """The dependencies that came, those that changed or went, and whether the edition is another one."""
    sides = [_text(reader, side) for side in (change.old, change.new)]
    before, after = (_dependencies(side) for side in sides)
    came = {name for name in after if name not in before} if change.old is not None else set()
    other = {name for name, told in before.items() if after.get(name) != told}
    editions = [_edition(side) for side in sides]
    return came, other, change.old is not None and editions[0] != editions[1]


def _dependencies(manifest: bytes) -> dict[str, str]:
    """What is asked of each dependency of all code; a workspace's offers are those of its members."""
    found: dict[str, str] = {}
    for row in rows_of(manifest):
        name = row.dependency
        if name:
            found[name] = found.get(name, "") + row.text
    return found


def _edition(manifest: bytes) -> object:
    try:
        package = tomllib.loads(manifest.decode("utf-8")).get("package", {})
    except (ValueError, RecursionError):
        return None
    return package.get("edition") if isinstance(package, dict) else None


def _text(reader: Reader, entry: Entry | None) -> bytes:
    return reader.blob(entry.oid) if entry is not None and entry.mode != 0o160000 else b""
