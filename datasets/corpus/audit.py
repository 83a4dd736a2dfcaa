"""The gates that a corpus has to pass, each with an exit status of its own. They look at the files alone.

| gate | exit | refuses |
|---|---|---|
| complete | 10 | no manifest.json (a build that was broken off), or files that it does not know |
| ledger | 11 | a shard without an entry, an entry without a shard, a hash that is not the file's |
| split | 12 | a repository, or a commit of one, in two splits |
| licence | 13 | a row or entry whose licence is missing, unknown, copyleft or not among the corpus' own; a package |
|         |    | whose texts and notices are not in `licences/`, or not as they were shipped |
| attribution | 14 | a share-alike row that names no author or no address, or stands outside of shards of its own |
| anchor | 15 | a citation whose text is not in the corpus, or no longer what the hash says |
| sealed | 16 | a sealed crate, repository or record outside of the sealed split |
| record | 17 | a row that is no record, whose hash is not its own, or that is there twice |
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from oxidizer.datasets.corpus.families import SHARE_ALIKE
from oxidizer.datasets.corpus.ledger import entry_path, read_entry, source_of
from oxidizer.datasets.corpus.licences import Terms, attribution_missing, is_share_alike
from oxidizer.datasets.corpus.notices import Used, faults
from oxidizer.datasets.corpus.shards import file_hash, shard_rows
from oxidizer.datasets.corpus.split import SEALED
from oxidizer.datasets.records import RecordError, check, decode
from oxidizer.datasets.sealed import is_sealed

MANIFEST = "manifest.json"
GATES = {
    "complete": 10, "ledger": 11, "split": 12, "licence": 13, "attribution": 14, "anchor": 15, "sealed": 16,
    "record": 17,
}  # fmt: skip
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
    found = Audit()
    manifest = _complete(corpus, found)
    entries = _ledger(corpus, manifest, found)
    terms = Terms(frozenset(manifest["recipe"]["licences"])) if "recipe" in manifest else Terms()
    seen = _Seen()
    for path, told in entries.items():
        _entry(told, terms, found)
        if (corpus / path).is_file():
            _shard(corpus, path, told, terms, seen, found)
    _splits(seen, found)
    if manifest:
        _bundle(corpus, seen, found)
    return found


@dataclass
class _Seen:
    """What is gathered over all shards."""

    homes: dict[str, dict[str, str]] = field(default_factory=dict)
    """By repository, the splits that it is in, and a shard of each."""
    commits: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    ids: dict[tuple[str, str], str] = field(default_factory=dict)
    packages: set[Used] = field(default_factory=set)


def _complete(corpus: Path, found: Audit) -> dict[str, Any]:
    path = corpus / MANIFEST
    if not path.is_file():
        found.refuse("complete", MANIFEST, "is not there: the build did not end; the same command continues it")
        return {}
    try:
        manifest = json.loads(path.read_text("utf-8"))
        listed = {shard["path"] for shard in manifest["shards"]}
    except (ValueError, KeyError, TypeError) as error:
        found.refuse("complete", MANIFEST, f"cannot be read: {error!r}")
        return {}
    for file in sorted(_data(corpus) - listed):
        found.refuse("complete", file, "is a file that the manifest does not know")
    for file in sorted(listed - _data(corpus)):
        found.refuse("complete", file, "is in the manifest, and not there")
    whole: dict[str, Any] = manifest
    return whole


def _data(corpus: Path) -> set[str]:
    return {path.relative_to(corpus).as_posix() for path in (corpus / "data").rglob("*") if path.is_file()}


def _ledger(corpus: Path, manifest: Mapping[str, Any], found: Audit) -> dict[str, dict[str, Any]]:
    """The entries by shard. Hashes are held against the files and the manifest."""
    said = {shard["path"]: shard["sha256"] for shard in manifest.get("shards", ())}
    entries: dict[str, dict[str, Any]] = {}
    for path in sorted(_data(corpus) | set(said)):
        found.shards += 1
        where = corpus / entry_path(path)
        if not where.is_file():
            found.refuse("ledger", path, "has no entry in the ledger")
            entries[path] = {}
            continue
        try:
            entries[path] = read_entry(where)
        except ValueError as error:
            found.refuse("ledger", path, str(error))
            entries[path] = {}
            continue
        if (corpus / path).is_file():
            own = file_hash(corpus / path)
            for who, hash_ in (("the ledger", entries[path].get("sha256")), ("the manifest", said.get(path, own))):
                if hash_ != own:
                    found.refuse("ledger", path, f"has another hash than {who} says")
    known = {entry_path(path) for path in entries}
    for file in sorted((corpus / "ledger").rglob("*.yaml")):
        if (name := file.relative_to(corpus).as_posix()) not in known:
            found.refuse("ledger", name, "is the entry of no shard")
    return entries


def _entry(told: Mapping[str, Any], terms: Terms, found: Audit) -> None:
    for source in told.get("sources") or ():
        verdict = terms.judge(source.get("license"))
        if verdict.kept is None:
            found.refuse("licence", f"ledger of {told.get('name')}: {source.get('name')}", verdict.reason)


def _shard(
    corpus: Path, path: str, told: Mapping[str, Any], terms: Terms, seen: _Seen, found: Audit
) -> None:  # fmt: skip
    _, family, file = path.split("/")
    split = file.rpartition("/")[2].partition("-")[0]
    sources = {
        (s.get("repository"), s.get("name"), s.get("version"), s.get("license"), s.get("source_url"), s.get("commit"))
        for s in told.get("sources") or ()
    }
    try:
        for row in shard_rows(corpus / path):
            found.rows += 1
            where = f"{path}: {row.get('id')}"
            for gate in _ROW_GATES:
                gate(row, where, family, split, terms, found)
            _anchors(corpus, row, where, found)
            _note(row, path, split, sources, seen, found, bool(told))
    except (OSError, pa.ArrowException) as error:
        found.refuse("record", path, f"cannot be read: {error}")


def _record(row: Any, where: str, family: str, split: str, terms: Terms, found: Audit) -> None:
    try:
        check(decode(row))
    except RecordError as error:
        found.refuse("record", where, str(error))


def _licence(row: Any, where: str, family: str, split: str, terms: Terms, found: Audit) -> None:
    if is_share_alike(row.get("license")):
        if not family.endswith(SHARE_ALIKE):
            found.refuse("attribution", where, f"is {row['license']}, in a shard of other licences")
        if missing := attribution_missing(row):
            found.refuse("attribution", where, missing)
    elif not (verdict := terms.judge(row.get("license"))).kept:
        found.refuse("licence", where, verdict.reason)


def _sealing(row: Any, where: str, family: str, split: str, terms: Terms, found: Audit) -> None:
    name = row.get("crate") if row.get("source") == "registry" else None
    repository = (row.get("provenance") or {}).get("repo") or row.get("source_url")
    sealed = bool(row.get("sealed")) or is_sealed(name, repository)
    if sealed and split != SEALED:
        found.refuse("sealed", where, f"is sealed, and in {split}")


_RowGate = Callable[[Any, str, str, str, Terms, Audit], None]
_ROW_GATES: tuple[_RowGate, ...] = (_record, _licence, _sealing)


def _anchors(corpus: Path, row: Any, where: str, found: Audit) -> None:
    for anchor in _cited(row):
        parts = _ANCHOR.fullmatch(anchor)
        if parts is None:
            found.refuse("anchor", where, f"{anchor!r} is no `path#heading@sha256`")
            continue
        # Content-addressed: what was cited is kept under its hash, whatever path it had.
        text = corpus / "anchors" / f"{parts['sha256']}.txt"
        if not text.is_file():
            found.refuse("anchor", where, f"the text of {anchor} is not in the corpus")
        elif hashlib.sha256(text.read_bytes()).hexdigest() != parts["sha256"]:
            found.refuse("anchor", where, f"the text of {anchor} is another one than the hash says")


def _cited(row: Any) -> Iterator[str]:
    yield from (row.get("target") or {}).get("citations") or ()


def _note(
    row: Any, path: str, split: str, sources: set[Any], seen: _Seen, found: Audit, has_entry: bool
) -> None:  # fmt: skip
    source = source_of(row)
    if has_entry and (*source[:5], source[5] or None) not in sources:
        found.refuse("ledger", f"{path}: {row.get('id')}", "is from a source that the ledger does not name")
    seen.homes.setdefault(source[0], {}).setdefault(split, path)
    if source[5]:
        seen.commits.setdefault((source[0], source[5]), {}).setdefault(split, path)
    if row.get("source") in ("registry", "path"):
        seen.packages.add(Used.of(row))
    key = path.split("/")[1], str(row.get("id"))
    if (other := seen.ids.get(key)) is not None:
        found.refuse("record", f"{path}: {key[1]}", f"is in {other} too" if other != path else "is there twice")
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
                name = key if isinstance(key, str) else " ".join(key)
                found.refuse("split", f"{what} {name}", "is in " + " and ".join(sorted(splits)))
