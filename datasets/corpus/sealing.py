"""The code that is sealed: the sources of the crates of a list, as an index of sealed code is made of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from oxidizer.cluster.crates import CrateSpec
from oxidizer.cluster.fetch import fetch_published
from oxidizer.cluster.scratch import scratch
from oxidizer.cluster.toolchain import Toolchain
from oxidizer.datasets.corpus.contamination import SealedCode


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
