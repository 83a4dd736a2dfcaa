"""The texts and authors of a repository over its history: what its unit keeps of them (`notices.json`), and together.

A published crate ships its texts, so that they can be fetched when a corpus is built. Those of a commit can be read
only while its repository is at hand.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Final, Self

from oxidizer.datasets.corpus.texts import MOST_BYTES, Shipped, is_licence, is_text, stands_at_top

NOTICES: Final = "notices.json"
"""The file below a unit's folder."""


@dataclass
class RepositoryTexts:
    """What the trees of a repository say of authors and licences."""

    authors: set[str] = field(default_factory=set)
    """As manifests name them."""
    texts: set[tuple[str, bytes]] = field(default_factory=set)
    """Paths and contents: a text that changed is there more than once."""
    too_long: set[str] = field(default_factory=set)
    """Paths of texts that are longer than any licence."""

    def add(self, tree: Mapping[str, str], size: Callable[[str], int], read: Callable[[str], bytes]) -> None:
        """Take in a tree: the objects of its plain files by their paths, and how those are measured and read."""
        for raw, oid in tree.items():
            # A name is only shown: one that is no UTF-8 has signs in it that no page can hold.
            name = raw.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            path = PurePosixPath(name)
            if path.name == "Cargo.toml" and size(oid) <= MOST_BYTES:
                self.authors.update(_authors(read(oid)))
            elif is_text(path):
                if size(oid) <= MOST_BYTES:
                    self.texts.add((name, read(oid)))
                else:
                    self.too_long.add(name)

    def encode(self) -> bytes:
        """As a file; the same for the same content. Bytes that are no UTF-8 are kept as lone surrogates."""
        texts = [[name, text.decode("utf-8", "surrogateescape")] for name, text in sorted(self.texts)]
        told = {"authors": sorted(self.authors), "texts": texts, "too_long": sorted(self.too_long)}
        return json.dumps(told, indent=1).encode() + b"\n"

    @classmethod
    def of(cls, files: Iterable[bytes]) -> Self:
        """What several units keep of a repository, together. Raises ValueError for what `encode` did not write."""
        whole = cls()
        for file in files:
            try:
                told = json.loads(file)
                whole.authors.update(map(str, told["authors"]))
                whole.texts.update((str(n), text.encode("utf-8", "surrogateescape")) for n, text in told["texts"])
                whole.too_long.update(map(str, told["too_long"]))
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                raise ValueError(f"no texts of a repository: {error!r}") from error
        return whole

    @property
    def shipped(self) -> Shipped:
        """As if a package had all of them; where a path has several texts, each name ends in its text's hash."""
        often = Counter(name for name, _ in self.texts)
        named = {
            name if often[name] == 1 else f"{name}@{hashlib.sha256(text).hexdigest()[:8]}": text
            for name, text in sorted(self.texts)
        }
        at_top = any(stands_at_top(PurePosixPath(name)) and is_licence(name, text) for name, text in self.texts)
        return Shipped(tuple(sorted(self.authors)), named, tuple(sorted(self.too_long)), at_top)


def _authors(manifest: bytes) -> Iterator[str]:
    """Whom a manifest names, for its package or for all of its workspace."""
    try:
        told: Any = tomllib.loads(manifest.decode("utf-8"))
    except (ValueError, RecursionError):
        return
    for table in (told, told.get("workspace")):
        for key in ("package", "project"):
            package = table.get(key) if isinstance(table, dict) else None
            authors = package.get("authors") if isinstance(package, dict) else None
            for author in authors if isinstance(authors, list) else ():
                if isinstance(author, str):
                    yield " ".join(author.split())
