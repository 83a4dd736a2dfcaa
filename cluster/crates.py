"""Lists of crates: files that name exact versions of published crates, or folders with crates of the user's own.

A list is read whole or not at all: the first mistake is a `ListError` that names the file, the entry and the way out.
Nothing is fetched here; whether a crate exists is the registry's to say (`fetch.py`).
"""

from __future__ import annotations

import csv
import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_FEATURE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_+.-]*(/[A-Za-z0-9_][A-Za-z0-9_+.-]*)?")
_NUMBER = r"(0|[1-9][0-9]*)"
_PRE = r"(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_VERSION = re.compile(rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(-{_PRE}(\.{_PRE})*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?")
_REGISTRY_KEYS = ("name", "version", "features", "default_features", "repository")
_PATH_KEYS = ("path", "features", "default_features", "license")


class ListError(ValueError):
    """A list that cannot be used. The message names the file, the entry and the way out."""


@dataclass(frozen=True)
class CrateSpec:
    """One crate to work on: a published version, or a package in a folder of the user's own."""

    name: str
    """The package's name; for a path entry that is not expanded yet, the folder's."""
    version: str
    """The exact version; for a path its content hash (16 hex digits), empty until expanded."""
    features: tuple[str, ...] = ()
    default_features: bool = True
    path: Path | None = None
    """The folder as listed; once expanded, the root of its workspace."""
    member: str | None = None
    """The package's folder relative to `path`; None until expanded, and for published crates."""
    license: str | None = None
    """SPDX expression by the user's own word, for a path whose manifest names none."""
    repository: str | None = field(default=None, compare=False)
    """Where it is developed, as listed: so that lists can be kept apart without fetching anything."""
    sealed: bool = False
    """For evaluation alone: the whole list says so."""

    @property
    def label(self) -> str:
        """What a message calls it."""
        return f"{self.name} {self.version}".rstrip()


def load_list(path: Path) -> list[CrateSpec]:
    """The crates of a TOML (`[[crate]]` tables) or CSV (`name,version` header) list, in the file's order.

    Raises ListError for anything that is not exactly right, duplicates and an empty list included.
    """
    path = Path(path)
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ListError(f"{path}: cannot be read ({error}); give a TOML or CSV file in UTF-8") from error
    sealed = False
    if path.suffix == ".toml":
        sealed, entries = _toml_entries(path, text)
    elif path.suffix == ".csv":
        entries = _csv_entries(path, text)
    else:
        raise ListError(f"{path}: a list ends in .toml ([[crate]] tables) or .csv (name,version)")
    specs: dict[CrateSpec, str] = {}
    for where, entry in entries:
        spec = replace(_spec(where, entry, path.parent), sealed=sealed)
        if spec in specs:
            raise ListError(f"{where}: {spec.label} is listed already ({specs[spec]}); remove one of the two")
        specs[spec] = where
    if not specs:
        raise ListError(f"{path}: the list is empty; add a [[crate]] with name and version, or a path")
    return list(specs)


def _toml_entries(path: Path, text: str) -> tuple[bool, Iterator[tuple[str, Mapping[str, Any]]]]:
    """Whether the list is sealed, and its entries, each with where it stands."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ListError(f"{path}: not valid TOML: {error}") from error
    _known(str(path), document, ("crate", "sealed"))
    sealed = document.get("sealed", False)
    if not isinstance(sealed, bool):
        raise ListError(f"{path}: `sealed` has to be true or false")
    entries = document.get("crate", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ListError(f"{path}: `crate` has to be tables; write [[crate]] with double brackets")
    return sealed, ((f"{path}: crate {number}", entry) for number, entry in enumerate(entries, 1))


def _csv_entries(path: Path, text: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    rows = csv.reader(text.removeprefix("\ufeff").splitlines())
    header = [cell.strip() for cell in next(rows, [])]
    _known(f"{path}: line 1", dict.fromkeys(header), ("name", "version"))
    if sorted(header) != ["name", "version"]:
        raise ListError(f"{path}: line 1: the header has to be `name,version`")
    for row in rows:
        where = f"{path}: line {rows.line_num}"
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(header):
            raise ListError(f"{where}: has {len(row)} fields; the header names {len(header)}")
        yield where, dict(zip(header, (cell.strip() for cell in row), strict=True))


def _spec(where: str, entry: Mapping[str, Any], base: Path) -> CrateSpec:
    own = "path" in entry
    _known(where, entry, _PATH_KEYS if own else _REGISTRY_KEYS, extra=("repository",) if own else ("path", "license"))
    features = _features(where, entry.get("features", []))
    default = entry.get("default_features", True)
    if not isinstance(default, bool):
        raise ListError(f"{where}: `default_features` has to be true or false")
    if not own:
        name = _name(where, _string(where, entry, "name"))
        home = _string(where, entry, "repository") if "repository" in entry else None
        return CrateSpec(name, _version(where, _string(where, entry, "version")), features, default, repository=home)
    folder = (base / _string(where, entry, "path")).resolve()
    if not (folder / "Cargo.toml").is_file():
        raise ListError(f"{where}: no Cargo.toml in {folder}; a path is relative to the list's own folder")
    word = _string(where, entry, "license") if "license" in entry else None
    return CrateSpec(folder.name, "", features, default, path=folder, license=word)


def _known(where: str, entry: Mapping[str, Any], keys: tuple[str, ...], extra: tuple[str, ...] = ()) -> None:
    for key in entry:
        if key in keys:
            continue
        if key in extra or (key in ("name", "version") and "path" in entry):
            raise ListError(f"{where}: `{key}` does not go with this entry, which takes {', '.join(keys)}")
        near = difflib.get_close_matches(str(key), keys + extra, 1, 0.0)
        raise ListError(f"{where}: unknown key `{key}`; did you mean `{near[0]}`?")


def _string(where: str, entry: Mapping[str, Any], key: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str) or not value:
        hint = f' = "{value}"' if isinstance(value, int | float) else ""
        raise ListError(f"{where}: `{key}` has to be a text in quotes{hint and ': ' + key + hint}")
    return value


def _name(where: str, name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ListError(f"{where}: `{name}` is not a crate's name: a letter, then letters, digits, - and _, 64 at most")
    return name


def _version(where: str, version: str) -> str:
    if _VERSION.fullmatch(version):
        return version
    if re.search(r"[\^~*<>=,]", version):
        reason = "is a range, and a run has to mean the same crate every time; write one exact version"
    elif re.fullmatch(r"v?\d+(\.\d+)?", version):
        reason = "leaves numbers out, and a run has to mean the same crate every time; write all three"
    else:
        reason = "is not a semantic version"
    raise ListError(f"{where}: version `{version}` {reason}, e.g. 1.0.3")


def _features(where: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(f, str) and _FEATURE.fullmatch(f) for f in value):
        raise ListError(f'{where}: `features` has to be a list of feature names, e.g. ["std"]')
    if len(set(value)) != len(value):
        raise ListError(f"{where}: a feature is named twice in `features`")
    return tuple(sorted(value))
