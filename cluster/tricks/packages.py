"""The packages of a tree by their manifests, and which code of theirs runs while it is built."""

from __future__ import annotations

import posixpath
import tomllib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from oxidizer.cluster.tricks.modules import Read, taken_in

_RUN = ("dependencies",)
_BUILD = ("build-dependencies", "build_dependencies")
_TEST = ("dev-dependencies", "dev_dependencies")


@dataclass(frozen=True)
class Package:
    """What the nearest manifest says of a file."""

    folder: str
    """Where it lies; "" where there is none."""
    said: dict[str, Any]
    needs: tuple[tuple[str, str, object], ...]
    """The dependencies: their kind, their name, what is said of them."""


class Packages:
    """What the manifests of a tree say, read once each."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._found: dict[str, Package] = {}

    def of(self, file: str) -> Package:
        """The package of a file."""
        folder = posixpath.dirname(file)
        if folder not in self._found:
            try:
                text = self._read(posixpath.join(folder, "Cargo.toml"))
            except (OSError, KeyError):
                self._found[folder] = self.of(folder) if folder else Package("", {}, ())
            else:
                self._found[folder] = Package(folder, parsed(text), _needs(text))
        return self._found[folder]

    def scripts(self, folder: str) -> list[str]:
        """The roots of a package's build script, whether or not they are there."""
        named = table(self._of(folder).said, "package").get("build", True)
        paths = ["build.rs"] if named is True else named if isinstance(named, list) else [named]
        return [joined(folder, path) for path in paths if isinstance(path, str)]

    def of_script(self, folder: str) -> frozenset[str]:
        """The files of a package's build script."""
        return frozenset[str]().union(*(taken_in(root, folder, self._read) for root in self.scripts(folder)))

    def of_library(self, folder: str) -> frozenset[str]:
        """The files of a package's library."""
        path = table(self._of(folder).said, "lib").get("path", "src/lib.rs")
        return taken_in(joined(folder, str(path)), folder, self._read)

    def around(self, files: Collection[str]) -> list[str]:
        """The folders of the packages of some files, of the workspace's members, and of all that they need."""
        roots = {"", *(self.of(file).folder for file in files)}
        return self._closed(roots | {m for r in roots for m in self._members(r)}, _RUN + _BUILD + _TEST)

    def macros(self, folders: Collection[str]) -> list[str]:
        """The folders of the packages, of these and of what they need, that run in the compiler."""
        return self._closed({f for f in folders if _is_macro(self._of(f).said)}, _RUN + _BUILD)

    def needed_by_scripts(self, folders: Collection[str]) -> list[str]:
        """The folders of the packages that run in build scripts."""
        return self._closed({other for f in folders for other in self._needs(f, _BUILD)}, _RUN + _BUILD)

    def _closed(self, folders: Collection[str], kinds: Collection[str]) -> list[str]:
        found, waiting = list[str](), sorted(folders)
        while waiting:
            if (folder := waiting.pop()) not in found:
                found.append(folder)
                waiting += self._needs(folder, kinds)
        return found

    def _needs(self, folder: str, kinds: Collection[str]) -> Iterator[str]:
        """The folders that a package's dependencies of some kinds lie in, where it is a folder of the tree."""
        for kind, name, entry in self._of(folder).needs:
            other = self._where(folder, name, entry) if kind in kinds else None
            if other is not None and self._of(other).said:
                yield other

    def _where(self, folder: str, name: str, entry: object) -> str | None:
        home = self._workspace(folder)
        shared = home.said
        if isinstance(entry, dict) and entry.get("workspace"):
            folder, entry = home.folder, table(table(shared, "workspace"), "dependencies").get(name)
        own = entry if isinstance(entry, dict) else {}
        if isinstance(path := own.get("path"), str):
            return joined(folder, path)
        for patched in table(shared, "patch").values():
            for alias, other in patched.items() if isinstance(patched, dict) else ():
                same = isinstance(other, dict) and other.get("package", alias) == own.get("package", name)
                if same and isinstance(path := other.get("path"), str):
                    return joined(home.folder, path)
        return None

    def _workspace(self, folder: str) -> Package:
        """The root of the workspace that a package is in; the package itself where there is none."""
        at = folder
        while "workspace" not in self._of(at).said:
            if not at:
                return self._of(folder)
            at = posixpath.dirname(at)
        return self._of(at)

    def _members(self, folder: str) -> Iterator[str]:
        """The members that a workspace names; of a pattern, the folders that are called like a package of the lock."""
        home = self._workspace(folder)
        members = table(home.said, "workspace").get("members", [])
        for member in members if isinstance(members, list) else []:
            path = joined(home.folder, str(member))
            names = self._local(home.folder) if posixpath.basename(path) == "*" else [posixpath.basename(path)]
            yield from (joined(posixpath.dirname(path), name) for name in names)

    def _local(self, home: str) -> list[str]:
        try:
            said = parsed(self._read(posixpath.join(home, "Cargo.lock")))
        except (OSError, KeyError):
            return []
        packages = said.get("package", [])
        return [str(p.get("name")) for p in packages if isinstance(p, dict) and "source" not in p]

    def _of(self, folder: str) -> Package:
        """The package that lies in a folder; an empty one where none does."""
        found = self.of(posixpath.join(folder, "Cargo.toml"))
        return found if found.folder == folder else Package(folder, {}, ())


@lru_cache(maxsize=64)
def parsed(text: bytes) -> dict[str, Any]:
    """What a manifest says, not to be changed; nothing, where it is no TOML. Kept: thousands of patches ask."""
    try:
        return tomllib.loads(text.decode("utf-8", "replace"))
    except tomllib.TOMLDecodeError:
        return {}


@lru_cache(maxsize=64)
def _needs(text: bytes) -> tuple[tuple[str, str, object], ...]:
    said = parsed(text)
    places = (said, *table(said, "target").values())
    return tuple((k, n, e) for p in places for k in _RUN + _BUILD + _TEST for n, e in table(p, k).items())


def joined(folder: str, path: str) -> str:
    """A path from a folder of the tree; the tree's own folder is ""."""
    found = posixpath.normpath(posixpath.join(folder, path))
    return "" if found == "." else found


def table(said: object, name: str) -> dict[str, Any]:
    """A table of a manifest; an empty one where it has none of the name."""
    found = said.get(name) if isinstance(said, dict) else None
    return found if isinstance(found, dict) else {}


def _is_macro(said: dict[str, Any]) -> bool:
    lib = table(said, "lib")
    return bool(lib.get("proc-macro", lib.get("proc_macro"))) or "proc-macro" in lib.get("crate-type", ())
