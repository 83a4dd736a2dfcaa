"""The gates that a corpus has to pass, each with an exit status of its own (`GATES`). They look at the files alone.

docs/CORPUS.md says what each refuses.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
from jinja2 import UndefinedError

from oxidizer.datasets.corpus.card import card
from oxidizer.datasets.corpus.families import SHARE_ALIKE, type_of
from oxidizer.datasets.corpus.files import MANIFEST
from oxidizer.datasets.corpus.ledger import entry, entry_path, read_entry
from oxidizer.datasets.corpus.licences import Terms, attribution_missing, is_share_alike, needs_attribution, unfaithful
from oxidizer.datasets.corpus.notices import Used, faults
from oxidizer.datasets.corpus.pulls import PULLS
from oxidizer.datasets.corpus.shards import Shard, file_hash, shard_rows
from oxidizer.datasets.corpus.split import SEALED, row_home
from oxidizer.datasets.records import RecordError, check, decode
from oxidizer.datasets.sealed import is_sealed

GATES = {
    "complete": 10, "ledger": 11, "split": 12, "licence": 13, "attribution": 14, "anchor": 15, "sealed": 16,
    "record": 17,
}  # fmt: skip
_OWN = {MANIFEST, "README.md", "data", "ledger", "licences", "rejects", "anchors"}
_ANCHOR = re.compile(r"(?P<path>[^#@]+)#(?P<heading>[^@]*)@(?P<sha256>[0-9a-f]{64})")
_MOST = 20
"""Breaches told of per gate; all are counted."""


@dataclass(frozen=True)
class Breach:
    """One thing that a gate refuses."""

    gate: str
    where: str
    what: str


@dataclass
class Audit:
    """What the gates said of a corpus."""

    rows: int = 0
    shards: int = 0
    breaches: dict[str, list[Breach]] = field(default_factory=lambda: {gate: [] for gate in GATES})
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(GATES, 0))

    def refuse(self, gate: str, where: str, what: str) -> None:
        """Note a breach."""
        self.counts[gate] += 1
        if len(self.breaches[gate]) < _MOST:
            self.breaches[gate].append(Breach(gate, where, what))

    @property
    def exit_code(self) -> int:
        """0, or the status of the first gate that refuses."""
        return next((code for gate, code in GATES.items() if self.counts[gate]), 0)


def audit(corpus: Path) -> Audit:
    """Have a corpus go through all gates. Raises FileNotFoundError where there is no such folder."""
    if not corpus.is_dir():
        raise FileNotFoundError(f"there is no folder {corpus}")
    found, seen = Audit(), _Seen()
    manifest = _complete(corpus, found)
    terms = _terms(manifest, found)
    for path in sorted(_files(corpus, "data") | {str(shard["path"]) for shard in manifest.get("shards", ())}):
        found.shards += 1
        _entry(corpus, path, manifest, found)
        try:
            shard = Shard.of(path)
        except ValueError:
            continue  # Nothing that the manifest of a build knows.
        _shard(corpus, shard, terms, seen, found)
    known = {entry_path(path) for path in _files(corpus, "data")}
    for name in sorted(_files(corpus, "ledger") - known):
        found.refuse("ledger", name, "is the entry of no shard")
    _splits(seen, found)
    if manifest:
        _bundle(corpus, seen, found)
    if not found.rows:
        found.refuse("complete", "data", "holds no row")
    return found


@dataclass
class _Seen:
    """What is gathered over all shards."""

    homes: dict[str, set[str]] = field(default_factory=dict)
    """By repository, the splits that it is in."""
    commits: dict[str, set[str]] = field(default_factory=dict)
    ids: dict[tuple[str, str], str] = field(default_factory=dict)
    """By family and id, the shard."""
    lessons: dict[str, str] = field(default_factory=dict)
    """The split of each tuple."""
    told: list[tuple[str, str, str, dict[str, Any]]] = field(default_factory=list)
    """Of what is told of lessons: where it is, the lesson, the split, and under which terms."""
    owed: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The terms of lessons whose authors are to be named."""
    packages: set[Used] = field(default_factory=set)


def _complete(corpus: Path, found: Audit) -> dict[str, Any]:
    path = corpus / MANIFEST
    if not path.is_file():
        found.refuse("complete", MANIFEST, "is not there: the build did not end; the same command continues it")
        return {}
    try:
        manifest: dict[str, Any] = json.loads(path.read_text("utf-8"))
        listed = {str(shard["path"]) for shard in manifest["shards"]}
        rejects = {f"rejects/{name}": digest for name, digest in manifest["rejects"].items()}
        written = card(manifest)
    except (ValueError, KeyError, TypeError, AttributeError, UndefinedError) as error:
        found.refuse("complete", MANIFEST, f"cannot be read: {error!r}")
        return {}
    there = _files(corpus, "data") | _files(corpus, "rejects")
    for file in sorted(there - listed - set(rejects)):
        found.refuse("complete", file, "is a file that the manifest does not know")
    for file in sorted((listed | set(rejects)) - there):
        found.refuse("complete", file, "is in the manifest, and not there")
    for file, digest in sorted(rejects.items()):
        if file in there and file_hash(corpus / file) != digest:
            found.refuse("complete", file, "has another hash than the manifest says")
    for name in sorted({path.name for path in corpus.iterdir()} - _OWN):
        found.refuse("complete", name, "is nothing of a corpus'")
    card_file = corpus / "README.md"
    if not card_file.is_file() or card_file.read_text("utf-8", "replace") != written:
        found.refuse("complete", "README.md", "is not the card that the manifest gives")
    return manifest


def _files(corpus: Path, folder: str) -> set[str]:
    return {path.relative_to(corpus).as_posix() for path in (corpus / folder).rglob("*") if path.is_file()}


def _terms(manifest: Mapping[str, Any], found: Audit) -> Terms:
    """The licences that the corpus itself says that it takes, if they can be taken at all."""
    try:
        return Terms(frozenset(manifest["recipe"]["licences"])) if manifest else Terms()
    except (KeyError, TypeError, ValueError) as error:
        found.refuse("licence", MANIFEST, f"its licences cannot be meant: {error}")
        return Terms()


def _entry(corpus: Path, path: str, manifest: Mapping[str, Any], found: Audit) -> None:
    """The ledger says of a shard just what the shard is."""
    where = corpus / entry_path(path)
    if not where.is_file():
        found.refuse("ledger", path, "has no entry in the ledger")
        return
    try:
        told = read_entry(where)
    except ValueError as error:
        found.refuse("ledger", path, str(error))
        return
    if not (corpus / path).is_file():
        return
    own = file_hash(corpus / path)
    said = {str(shard["path"]): shard.get("sha256") for shard in manifest.get("shards", ())}
    for who, digest in (("the ledger", told.get("sha256")), ("the manifest", said.get(path, own))):
        if digest != own:
            found.refuse("ledger", path, f"has another hash than {who} says")
    try:
        wanted = entry(Shard.of(path), corpus / path)
    except (ValueError, KeyError, TypeError, AttributeError, OSError, pa.ArrowException):
        return  # The gate of records says what is wrong with it.
    for key in sorted(k for k in {*wanted, *told} - {"version", "sha256"} if wanted.get(k) != told.get(k)):
        found.refuse("ledger", path, f"has another `{key}` than its entry says")


def _shard(corpus: Path, shard: Shard, terms: Terms, seen: _Seen, found: Audit) -> None:
    path, family, split = shard.path, shard.family, shard.split
    if not (corpus / path).is_file():
        return
    try:
        wanted = type_of(family).model_fields["type"].default
    except KeyError:
        wanted = None  # A family of somebody else's.
    try:
        for row in shard_rows(corpus / path):
            found.rows += 1
            where = f"{path}: {row.get('id')}"
            if not _is_record(row, where, wanted, found):
                continue
            _licence(row, where, family, terms, found)
            _sealing(row, where, split, found)
            _anchors(corpus, row, where, found)
            _note(row, path, where, split, seen, found)
    except (OSError, pa.ArrowException) as error:
        found.refuse("record", path, f"cannot be read: {error}")


def _is_record(row: Any, where: str, wanted: str | None, found: Audit) -> bool:
    try:
        check(decode(row))
    except RecordError as error:
        found.refuse("record", where, str(error))
        return False
    if wanted is not None and row["type"] != wanted:
        found.refuse("record", where, f"is a {row['type']}, among records of the type {wanted}")
    return True


def _licence(row: Any, where: str, family: str, terms: Terms, found: Audit) -> None:
    verdict = terms.judge(row["license"])
    if verdict.kept is None:
        found.refuse("licence", where, verdict.reason)
    elif is_share_alike(row["license"]) is not family.endswith(SHARE_ALIKE):
        found.refuse("attribution", where, f"is {row['license']}, in a shard of other licences")
    if missing := attribution_missing(row):
        found.refuse("attribution", where, missing)


def _sealing(row: Any, where: str, split: str, found: Audit) -> None:
    home = row_home(row)
    name = row["crate"] if row.get("source") == "registry" else home.partition("crate:")[2] or None
    addresses = [(row.get("provenance") or {}).get("repo"), row["source_url"], home]
    sealed = bool(row.get("sealed")) or is_sealed(name, None) or any(is_sealed(None, one) for one in addresses if one)
    if sealed and split != SEALED:
        found.refuse("sealed", where, f"is sealed, and in {split}")


def _anchors(corpus: Path, row: Any, where: str, found: Audit) -> None:
    for anchor in (row.get("target") or {}).get("citations") or ():
        parts = _ANCHOR.fullmatch(anchor)
        if parts is None:
            found.refuse("anchor", where, f"{anchor!r} is no `path#heading@sha256`")
            continue
        # Content-addressed: what was cited is kept under its hash, whatever path it had.
        text = corpus / "anchors" / f"{parts['sha256']}.txt"
        if not text.is_file():
            found.refuse("anchor", where, f"the text of {anchor} is not in the corpus")
        elif file_hash(text) != parts["sha256"]:
            found.refuse("anchor", where, f"the text of {anchor} is another one than the hash says")


def _note(row: Any, path: str, where: str, split: str, seen: _Seen, found: Audit) -> None:
    seen.homes.setdefault(row_home(row), set()).add(split)
    if row["commit"]:
        seen.commits.setdefault(row["commit"], set()).add(split)
    if row["type"] in ("diag_fix", "reject", *PULLS):
        seen.packages.add(Used.of(row))
    terms = {"id": row["id"], "license": row["license"], "attribution": row.get("attribution")}
    if row["type"] == "chat":
        seen.told += [(where, parent, split, terms) for parent in row["parents"]]
    else:
        seen.lessons[row["id"]] = split
        if needs_attribution(row["license"]):
            seen.owed[row["id"]] = terms
    key = path.split("/")[1], row["id"]
    if (other := seen.ids.get(key)) is not None:
        found.refuse("record", where, f"is in {other} too" if other != path else "is there twice")
    seen.ids[key] = path


def _bundle(corpus: Path, seen: _Seen, found: Audit) -> None:
    try:
        for fault in faults(corpus, seen.packages):
            found.refuse("licence", "licences", fault)
    except ValueError as error:
        found.refuse("licence", "licences", str(error))


def _splits(seen: _Seen, found: Audit) -> None:
    for what, places in (("repository", seen.homes), ("commit", seen.commits)):
        for key, splits in sorted(places.items()):
            if len(splits) > 1:
                found.refuse("split", f"{what} {key}", "is in " + " and ".join(sorted(splits)))
    for where, lesson, split, terms in seen.told:
        if seen.lessons.get(lesson, split) != split:
            found.refuse("split", where, f"is told of a lesson in {seen.lessons[lesson]}")
        if lesson in seen.owed and (why := unfaithful(terms, [seen.owed[lesson]])):
            found.refuse("attribution", where, why)
