"""Changes in memory: trees of files by their contents, and the hunks between them by difflib."""

import difflib
import hashlib
from collections.abc import Mapping

from oxidizer.miners.pulls.marks import lines_of
from oxidizer.miners.pulls.objects import Change, Entry, Hunk
from oxidizer.miners.pulls.split import SUBMODULE, Split, split

Files = Mapping[str, bytes | str | tuple[int, bytes]]
Laid = dict[bytes, tuple[int, bytes]]


class Made:
    """Two trees and what differs between them; a Reader."""

    def __init__(self, before: Files, after: Files) -> None:
        self.blobs: dict[str, bytes] = {}
        self.laid = {"before": laid(before), "after": laid(after)}
        self.trees = {name: {p: self._entry(*e) for p, e in files.items()} for name, files in self.laid.items()}
        old, new = self.trees["before"], self.trees["after"]
        paths = sorted({*old, *new})
        self.changes = [Change(p, old.get(p), new.get(p)) for p in paths if old.get(p) != new.get(p)]

    def _entry(self, mode: int, content: bytes) -> Entry:
        oid = hashlib.sha1(content).hexdigest()
        self.blobs[oid] = content
        return Entry(mode, oid)

    def blob(self, oid: str) -> bytes:
        return self.blobs[oid]

    def tree(self, oid: str) -> dict[bytes, Entry]:
        return self.trees[oid]

    def hunks(self, old_oid: str, new_oid: str) -> list[Hunk]:
        old, new = lines_of(self.blobs[old_oid]), lines_of(self.blobs[new_oid])
        codes = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
        return [Hunk(a, b - a, c, d - c) for tag, a, b, c, d in codes if tag != "equal"]


def laid(files: Files) -> Laid:
    found: Laid = {}
    for path, told in files.items():
        mode, content = told if isinstance(told, tuple) else (0o100644, told)
        found[path.encode("utf-8", "surrogateescape")] = (
            mode,
            content.encode() if isinstance(content, str) else content,
        )
    return found


def source_part(parts: Split, made: Made) -> dict[bytes, tuple[int, bytes] | None]:
    """What stays of a change, locks included: laid on the tree in between it gives the tree after."""
    found = {}
    for change in made.changes:
        sides = [side for side in (change.old, change.new) if side]
        laid = (change.new.mode, made.blob(change.new.oid)) if change.new else None
        if all(side.mode != SUBMODULE for side in sides) and parts.files.get(change.path, ()) != laid:
            found[change.path] = laid
    return found


def divided(before: Files, after: Files) -> tuple[Made, Split, dict[bytes, tuple[int, bytes]]]:
    """The trees, the split, and the tree in between; that the parts make up the whole is held each time."""
    made = Made(before, after)
    found = split(made, "before", "after", made.changes)
    between = lay(made.laid["before"], found.files)
    whole = lay(between, source_part(found, made))
    links = {p for p, (mode, _) in {**made.laid["before"], **made.laid["after"]}.items() if mode == 0o160000}
    assert {p: e for p, e in whole.items() if p not in links} == {
        p: e for p, e in made.laid["after"].items() if p not in links
    }
    assert split(made, "before", "after", list(reversed(made.changes))) == found
    return made, found, between


def lay(tree: dict, files: dict) -> dict[bytes, tuple[int, bytes]]:
    return {p: e for p, e in {**tree, **files}.items() if e is not None}
