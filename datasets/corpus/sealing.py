"""The code that is sealed: the sources of the crates of a list, as an index of sealed code is made of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from oxidizer.cluster.crates import CrateSpec, load_list
from oxidizer.cluster.fetch import FetchError, RegistryUnavailable, fetch_published
from oxidizer.cluster.scratch import scratch
from oxidizer.cluster.toolchain import Toolchain
from oxidizer.datasets.corpus.contamination import Index, SealedCode
from oxidizer.datasets.corpus.sources import open_source, parts_of


class SealingFailed(RuntimeError):
    """A crate that is to be kept out could not be looked at: an index without it would let its copies pass."""


def seal(list_file: Path, runs: Sequence[str], toolchain: Toolchain, target: Path) -> Index:
    """Write the index of a list's crates, and of the code in all tuples of runs.

    Raises ListError, SealingFailed, SourceError, and IndexUnusable where there is no code at all.
    """

    def codes() -> Iterator[SealedCode]:
        for spec in load_list(list_file):
            if spec.path is not None:
                yield from rust_files(spec.path, spec.name or spec.path.name, spec.repository)
                continue
            try:
                yield from sealed_sources([spec], toolchain)
            except (FetchError, RegistryUnavailable) as error:
                raise SealingFailed(f"{spec.label} cannot be fetched: {error}") from error
        for part in parts_of([open_source(run) for run in runs]) if runs else ():
            for row in part.rows():
                sides = (row.get("code_before"), row.get("code_after"))
                yield from (SealedCode(row["crate"], row["source_url"], code) for code in sides if code)

    index = Index.of(codes())
    index.save(target)
    return index


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
