"""Changes in memory: trees of files by their contents, and the hunks between them by difflib."""

import difflib
import hashlib
from collections.abc import Mapping

from oxidizer.miners.pulls.marks import lines_of
from oxidizer.miners.pulls.objects import Change, Entry, Hunk

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
