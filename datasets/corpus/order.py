"""What is to be built, and the beginning: a folder is made ready or gone on with, nothing finished is lost unseen."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from oxidizer import __version__
from oxidizer.cluster.toolchain import Toolchain
from oxidizer.datasets.corpus.contamination import Index, IndexUnusable
from oxidizer.datasets.corpus.files import MANIFEST, folder, write
from oxidizer.datasets.corpus.recipe import CorpusRecipe
from oxidizer.datasets.corpus.shards import file_hash
from oxidizer.datasets.corpus.sources import Part, Source
from oxidizer.datasets.records import canonical
from oxidizer.datasets.sealed import sealed_names

WORK = ".build"
"""Where a corpus is half built."""
SCHEMA_VERSION = 1
_NOTE = "asked.json"
_OWN = ("data", "ledger", "rejects")


class OtherCorpus(ValueError):
    """The folder holds something else than what is to be built."""


@dataclass(frozen=True)
class Order:
    """What is to be built, of what."""

    sources: tuple[Source, ...]
    index: Path
    """The index of sealed code."""
    recipe: CorpusRecipe
    toolchain: Toolchain
    """Whose cargo fetches the licence texts of published crates."""
    replace: bool = False
    """A finished corpus of another content may be replaced."""
    sealed: frozenset[str] = field(default_factory=sealed_names)
    """The crates that the index has to know."""


def asked_of(order: Order, parts: Sequence[Part]) -> dict[str, Any]:
    """All that decides what comes out. Raises IndexUnusable."""
    return {
        "schema_version": SCHEMA_VERSION,
        "code": code_digest(),
        "recipe": json.loads(canonical(asdict(order.recipe))),
        "index": index_facts(order)["sha256"],
        "parts": {part.name: part.sha256 for part in parts},
    }


def code_digest() -> str:
    """A hash of the code that makes corpora, its tables, and the library that signs."""
    home = Path(__file__).resolve().parents[1]
    files = sorted(path for kind in ("py", "toml", "j2") for path in home.rglob(f"*.{kind}"))
    digest = hashlib.sha256(f"{__version__} {version('rensa')}".encode())
    for path in files:
        digest.update(path.relative_to(home).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def index_facts(order: Order) -> dict[str, Any]:
    """What the manifest says of the index. Raises IndexUnusable, also where it does not know all sealed crates."""
    sealed = Index.load(order.index).about["sealed"]
    names = sorted({str(one["name"]) for one in sealed})
    if missing := sorted(order.sealed - set(names)):
        raise IndexUnusable(
            f"{order.index} does not know the sealed crates {', '.join(missing[:5])}{' ...' if missing[5:] else ''}: "
            "make it anew with `oxidizer corpus seal`"
        )
    functions = sum(int(one.get("functions", 0)) for one in sealed)
    return {"sha256": file_hash(order.index), "sealed": names, "functions": functions}


def digest_of(asked: dict[str, Any]) -> str:
    """What stands for all that was asked."""
    return hashlib.sha256(canonical(asked)).hexdigest()


def begin(order: Order, asked: dict[str, Any], corpus: Path) -> dict[str, Any] | None:
    """Make the folder ready; the manifest where all is done already. Raises OtherCorpus."""
    digest, work = digest_of(asked), corpus / WORK
    if (corpus / MANIFEST).is_file():
        manifest: dict[str, Any] = json.loads((corpus / MANIFEST).read_text("utf-8"))
        if manifest.get("asked") == digest:
            # It may have been killed before it put its things away.
            shutil.rmtree(work, ignore_errors=True)
            return manifest
        if not order.replace:
            raise OtherCorpus(
                f"{corpus} holds a finished corpus of other sources, another recipe, index or code: "
                "give another --out, or --replace to have it replaced"
            )
    elif corpus.is_dir() and any(corpus.iterdir()) and not work.is_dir():
        raise OtherCorpus(f"{corpus} is neither empty nor a corpus: give another --out")
    note = work / _NOTE
    if not (note.is_file() and note.read_text("utf-8") == digest):
        # In this order: at every moment the folder is known for a corpus, finished or under way.
        write(note, "of nothing")
        (corpus / MANIFEST).unlink(missing_ok=True)
        for path in work.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
        shutil.rmtree(corpus / "licences", ignore_errors=True)
        write(note, digest)
    for name in _OWN:
        shutil.rmtree(corpus / name, ignore_errors=True)
    folder(corpus)
    return None
