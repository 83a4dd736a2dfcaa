"""The texts by which a package gives its code away: licences, notices and authors, as it ships them.

Where it ships none, SPDX's own text of its licence stands in; those come with the published crate `spdx`, fetched and
verified like any other. Which licence a shipped text is, is not compared.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from oxidizer.cluster.crates import CrateSpec
from oxidizer.cluster.fetch import fetch_published
from oxidizer.cluster.scratch import scratch
from oxidizer.cluster.toolchain import Toolchain

STANDARD = CrateSpec("spdx", "0.13.6")
"""The crate that ships the texts of all SPDX licences and exceptions."""
MOST_BYTES = 1 << 20
"""No licence is longer."""
_SHORTEST_BYTES = 400
"""What is shorter names a licence, or the place of its text (`../LICENSE`), but is none; 0BSD takes 640."""
_NOUNS = r"(un)?licen[cs]es?|copying|copyrights?|notices?|authors|contributors"
_NAME = re.compile(rf"(third[-_ ]?party[-_ ])?({_NOUNS})([-_. ].*)?", re.IGNORECASE)
_NAME_BEHIND = re.compile(r"[\w.+-]+[-_ ]licen[cs]e(\.(txt|md))?", re.IGNORECASE)
_FOLDER = re.compile(r"licen[cs]es?", re.IGNORECASE)
_LICENCE = re.compile(r"(?!.*third[-_ ]?party).*licen[cs]e.*|copying.*", re.IGNORECASE)
_CODE = frozenset(
    {".rs", ".py", ".c", ".h", ".cc", ".cpp", ".js", ".ts", ".go", ".sh", ".toml", ".json", ".yml", ".yaml", ".png",
     ".svg", ".jpg", ".stderr", ".stdout", ".snap", ".lock", ".bin", ".gz", ".zip"}
)  # fmt: skip
_RAW = re.compile(r'\s*r(#*)"(.*)"\1\s*', re.DOTALL)


@dataclass(frozen=True)
class Shipped:
    """What a package says of its authors and licence."""

    authors: tuple[str, ...]
    """As its manifest names them."""
    texts: Mapping[str, bytes]
    """By their paths in the source, in order."""
    too_long: tuple[str, ...]
    """The paths of texts that are longer than any licence."""
    has_licence: bool
    """One of the texts at its top may be a licence's, by its name and length."""


def shipped(tree: Path, member: str = ".") -> Shipped:
    """The texts of a package in a source tree: at any depth below its folder, and beside it up to the root."""
    root = tree.resolve()
    package = (root / member).resolve()
    manifest, workspace = _manifest(package), _manifest(root)
    named = _inherited(manifest, workspace, "license-file")
    extra = [(package / named).resolve()] if isinstance(named, str) and "\0" not in named else []
    found = {
        path.relative_to(root).as_posix(): path
        for path in [*_below(package), *_above(package, root), *extra]
        if path.is_file() and path.resolve().is_relative_to(root)
    }
    texts = {name: path.read_bytes() for name, path in sorted(found.items()) if path.stat().st_size <= MOST_BYTES}
    tops = {path.relative_to(root).as_posix() for path in [*_at_top(package), *_above(package, root), *extra]
            if path.is_relative_to(root)}  # fmt: skip
    authors = _inherited(manifest, workspace, "authors")
    return Shipped(
        tuple(" ".join(a.split()) for a in authors if isinstance(a, str)) if isinstance(authors, list) else (),
        texts,
        tuple(name for name in sorted(found) if name not in texts),
        any(is_licence(name, text, named=root / name in extra) for name, text in texts.items() if name in tops),
    )


def is_text(path: PurePosixPath) -> bool:
    """A file that by its place in a package holds a licence, a notice or names of authors."""
    if path.suffix.lower() in _CODE:
        return False
    in_folder = len(path.parts) > 1 and _FOLDER.fullmatch(path.parts[0]) is not None
    return in_folder or bool(_NAME.fullmatch(path.name) or _NAME_BEHIND.fullmatch(path.name))


def is_licence(name: str, text: bytes, *, named: bool = False) -> bool:
    """A text may be a licence's, by its length and its name, or because a manifest named it."""
    path = PurePosixPath(name)
    said = named or bool(_LICENCE.fullmatch(path.name) or _FOLDER.fullmatch(path.parent.name))
    return said and len(text) >= _SHORTEST_BYTES


def stands_at_top(path: PurePosixPath) -> bool:
    """A path in a package is that of the package's own texts, not of something that it holds a copy of."""
    folder = path.parts[:-1]
    return not folder or _FOLDER.fullmatch(folder[0]) is not None


@contextmanager
def standard_texts(toolchain: Toolchain) -> Iterator[Callable[[str], bytes | None]]:
    """Gives SPDX's text of a licence or exception, None where it has none; fetched when the first is asked for.

    Raises FetchError, RegistryUnavailable from the call that fetches.
    """
    with scratch("texts") as folder:
        tree = folder.resolve() / "spdx"

        def read(name: str) -> bytes | None:
            if not tree.exists():
                fetch_published(STANDARD, toolchain, tree)
            if not re.fullmatch(r"[\w.+-]+", name):
                return None
            for kind in ("licenses", "exceptions"):
                path = tree / "src/text" / kind / name
                if path.is_file():
                    return _unquoted(path.read_text("utf-8"))
            return None

        yield read


def _unquoted(literal: str) -> bytes:
    """The text of a Rust string literal, which is what the crate keeps."""
    quoted = _RAW.fullmatch(literal)
    return ((quoted[2] if quoted else literal).rstrip() + "\n").encode()


def _below(package: Path) -> Iterator[Path]:
    return (path for path in package.rglob("*") if is_text(PurePosixPath(path.relative_to(package).as_posix())))


def _at_top(package: Path) -> Iterator[Path]:
    return (path for path in _below(package) if stands_at_top(PurePosixPath(path.relative_to(package).as_posix())))


def _above(package: Path, root: Path) -> Iterator[Path]:
    """The texts that stand in the folders from the root down to the package's."""
    for folder in package.parents if package != root else ():
        if folder.is_relative_to(root):
            yield from (path for path in folder.iterdir() if is_text(PurePosixPath(path.name)))


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        return tomllib.loads((folder / "Cargo.toml").read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}


def _inherited(manifest: Mapping[str, Any], workspace: Mapping[str, Any], key: str) -> object:
    """A key of the package's table, where it says so that of its workspace."""
    value = _table(manifest, "package").get(key)
    if isinstance(value, dict) and value.get("workspace") is True:
        return _table(_table(workspace, "workspace"), "package").get(key)
    return value


def _table(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    inner = value.get(key)
    return inner if isinstance(inner, dict) else {}
