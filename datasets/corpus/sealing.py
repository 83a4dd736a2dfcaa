"""The code that is sealed: the sources of the crates of a list, as an index of sealed code is made of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from oxidizer.cluster.crates import CrateSpec, load_list
from oxidizer.cluster.fetch import FetchError, RegistryUnavailable, fetch_published
from oxidizer.cluster.scratch import scratch
from oxidizer.cluster.toolchain import Toolchain
from oxidizer.datasets.corpus.contamination import Index, SealedCode
from oxidizer.datasets.corpus.sources import open_source, parts_of
from oxidizer.datasets.corpus.validate import records_of
from oxidizer.datasets.records import RecordError, to_row
from oxidizer.datasets.sealed import SEALED_LIST


class SealingFailed(RuntimeError):
    """A crate that is to be kept out could not be looked at: an index without it would let its copies pass."""


def seal(
    target: Path,
    toolchain: Toolchain,
    lists: Sequence[Path] = (),
    runs: Sequence[str] = (),
    records: Sequence[Path] = (),
) -> Index:
    """Write the index of the sealed crates that we ship, of more lists, of the code in all tuples of runs, and of that
    in files or folders of records (eval cases, pull requests, tuples).

    Raises ListError, SealingFailed, SourceError, and ValueError for records that cannot be read.
    """

    def codes() -> Iterator[SealedCode]:
        for spec in (spec for path in (SEALED_LIST, *lists) for spec in load_list(path)):
            yield from _crate(spec, toolchain)
        for part in parts_of([open_source(run) for run in runs]) if runs else ():
            for row in part.rows():
                yield from _record(row)
        for path in records:
            for where, record in records_of(path):
                if isinstance(record, RecordError):
                    raise ValueError(f"{where}: {record}")
                yield from _record(to_row(record))

    index = Index.of(codes())
    index.save(target)
    return index


def _crate(spec: CrateSpec, toolchain: Toolchain) -> Iterator[SealedCode]:
    if spec.path is not None:
        yield from rust_files(spec.path, spec.name or spec.path.name, spec.repository)
        return
    try:
        yield from sealed_sources([spec], toolchain)
    except (FetchError, RegistryUnavailable) as error:
        raise SealingFailed(f"{spec.label} cannot be fetched: {error}") from error


def _record(row: Mapping[str, Any]) -> Iterator[SealedCode]:
    """The code that a record of any type holds."""
    name = str(row.get("crate") or row.get("repo") or row.get("id"))
    texts = [str(row[side]) for side in ("code_before", "code_after") if row.get(side)]
    texts += [bytes(file["content"]).decode("utf-8", "replace") for file in row.get("files") or ()]
    for diff in ("model_diff", "gold_patch"):
        lines = str(row.get(diff) or "").splitlines()
        texts += ["\n".join(line[1:] for line in lines if line[:1] in (" ", sign)) for sign in "-+"] if lines else []
    yield from (SealedCode(name, row.get("source_url"), text) for text in texts)


def sealed_sources(specs: Iterable[CrateSpec], toolchain: Toolchain) -> Iterator[SealedCode]:
    """Every Rust file of published crates, each fetched, verified and unpacked in turn. Runs no crate code.

    Raises FetchError, RegistryUnavailable: an index that lacks a crate would let its copies pass.
    """
    for spec in specs:
        with scratch("seal") as folder:
            root = folder.resolve() / "src"
            fetch_published(spec, toolchain, root)
            yield from rust_files(root, spec.name, spec.repository)


def rust_files(root: Path, name: str, repository: str | None) -> Iterator[SealedCode]:
    """The Rust files of a tree, in order; foreign bytes are replaced."""
    for path in sorted(root.rglob("*.rs")):
        if path.is_file() and not path.is_symlink():
            yield SealedCode(name, repository, path.read_text("utf-8", "replace"))
