"""The licence that the files of a pull request had, before it and after.

Each package that a changed Rust file belongs to is judged by its manifest, a licence inherited from the workspace too,
together with the headers of all of its Rust files, and with the licence texts beside its manifest and at the root: one
that is copyleft, where the manifest names none such, contradicts it. A LICENSE file alone names no licence. All must be
permissive.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from oxidizer.datasets.licence import HeaderLicence, LicenceVerdict, judge_licence, read_header
from oxidizer.miners.pulls.objects import Change, Entry
from oxidizer.miners.pulls.places import name_of
from oxidizer.miners.pulls.reader import Reader

_FILES = (0o100644, 0o100755)
_TEXT = re.compile(r"(licen[cs]e|copying)(\.(txt|md))?", re.IGNORECASE)
"""What stands for all of a package; what is called `LICENSE-GPL` may be one of several to choose from."""
_HEAD_BYTES = 600
_FAMILIES = (
    (re.compile(r"GNU\s+AFFERO\s+GENERAL\s+PUBLIC\s+LICENSE", re.IGNORECASE), "AGPL"),
    (re.compile(r"GNU\s+(LESSER|LIBRARY)\s+GENERAL\s+PUBLIC\s+LICENSE", re.IGNORECASE), "LGPL"),
    (re.compile(r"GNU\s+GENERAL\s+PUBLIC\s+LICENSE", re.IGNORECASE), "GPL"),
    (re.compile(r"Mozilla\s+Public\s+License", re.IGNORECASE), "MPL"),
    (re.compile(r"European\s+Union\s+Public\s+Licen[cs]e", re.IGNORECASE), "EUPL"),
)
"""How texts of copyleft licences begin, and how SPDX's names of them do."""


class Terms:
    """Licences of a repository's commits. What a file's header says is read once."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._headers: dict[str, tuple[str, ...]] = {}

    def judge(self, tree: str, files: Iterable[str]) -> LicenceVerdict:
        """The verdict on all packages that some files of a tree belong to: the first rejection, else all of them."""
        entries = {name_of(path): entry for path, entry in self._reader.tree(tree).items()}
        packages = sorted({_package(entries, self._reader, file) for file in files})
        verdicts = [self._of(entries, package) for package in packages]
        if not verdicts:
            return judge_licence(None, None)
        return _all(verdicts)

    def judge_change(self, before: str, after: str, changes: Iterable[Change]) -> LicenceVerdict:
        """The verdict on both trees of a change: its diff holds lines of both."""
        rust = [change for change in changes if change.path.endswith(b".rs")]
        sides = (
            (before, [name_of(change.path) for change in rust if change.old]),
            (after, [name_of(change.path) for change in rust if change.new]),
        )
        verdicts = [self.judge(tree, files) for tree, files in sides if files]
        return _all(verdicts) if verdicts else judge_licence(None, None)

    def _of(self, entries: Mapping[str, Entry], package: PurePosixPath) -> LicenceVerdict:
        manifest = _manifest(entries, self._reader, package)
        expression, file = (
            _inherited(entries, self._reader, package, manifest, k) for k in ("license", "license-file")
        )
        stated = [*self._stated(entries, package), *self._copyleft(entries, package, expression or "")]
        return judge_licence(expression, file, stated)

    def _copyleft(
        self, entries: Mapping[str, Entry], package: PurePosixPath, expression: str
    ) -> Iterator[HeaderLicence]:  # fmt: skip
        """The licence texts of a package that are of a copyleft licence which its manifest does not name."""
        for name, entry in entries.items():
            path = PurePosixPath(name)
            beside = path.parent in (package, PurePosixPath("."))
            if beside and entry.mode in _FILES and _TEXT.fullmatch(path.name):
                head = self._reader.blob(entry.oid)[:_HEAD_BYTES].decode("utf-8", "replace")
                for pattern, family in _FAMILIES:
                    if pattern.search(head) and family not in expression:
                        yield HeaderLicence(name, family)

    def _stated(self, entries: Mapping[str, Entry], package: PurePosixPath) -> list[HeaderLicence]:
        inside = [
            file for file, entry in sorted(entries.items())
            if file.endswith(".rs") and entry.mode in _FILES and PurePosixPath(file).is_relative_to(package)
        ]  # fmt: skip
        return [HeaderLicence(file, licence) for file in inside for licence in self._header(entries[file].oid)]

    def _header(self, oid: str) -> tuple[str, ...]:
        if oid not in self._headers:
            self._headers[oid] = tuple(stated.licence for stated in read_header("", self._reader.blob(oid)))
        return self._headers[oid]


def _all(verdicts: list[LicenceVerdict]) -> LicenceVerdict:
    """Several verdicts as one: the first rejection, or all licences together."""
    if rejected := next((verdict for verdict in verdicts if not verdict.accepted), None):
        return rejected
    different = list(dict.fromkeys(verdict.spdx for verdict in verdicts if verdict.spdx))
    parts = [f"({part})" if " OR " in part and len(different) > 1 else part for part in different]
    return LicenceVerdict(True, " AND ".join(parts), verdicts[0].reason, None)


def _package(entries: Mapping[str, Entry], reader: Reader, file: str) -> PurePosixPath:
    """The folder of the package that a file belongs to; the root where none is."""
    for folder in PurePosixPath(file).parents:
        if "package" in _manifest(entries, reader, folder) or "project" in _manifest(entries, reader, folder):
            return folder
    return PurePosixPath(".")


def _manifest(entries: Mapping[str, Entry], reader: Reader, folder: PurePosixPath) -> Mapping[str, Any]:
    entry = entries.get((folder / "Cargo.toml").as_posix())
    if entry is None or entry.mode not in _FILES:
        return {}
    try:
        return tomllib.loads(reader.blob(entry.oid).decode("utf-8"))
    except (ValueError, RecursionError):
        return {}


def _inherited(
    entries: Mapping[str, Entry], reader: Reader, package: PurePosixPath, manifest: Mapping[str, Any], key: str
) -> str | None:
    """A key of the package's table, where it says so that of its workspace: the nearest above that is one."""
    value = _table(manifest, "package").get(key, _table(manifest, "project").get(key))
    if isinstance(value, dict) and value.get("workspace") is True:
        above = (_manifest(entries, reader, folder) for folder in (package, *package.parents))
        workspace = next((_table(some, "workspace") for some in above if "workspace" in some), {})
        value = _table(workspace, "package").get(key)
    return value if isinstance(value, str) else None


def _table(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    inner = value.get(key)
    return inner if isinstance(inner, dict) else {}
