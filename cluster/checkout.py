"""A folder that shows one tree of a repository after the other; what two of them share stays as it is, so that cargo
takes what it has built of it.

The files are those of the tree byte for byte: no filter, attribute or line ending of a work tree. Left out are
submodules, links that lead to no file of the tree (others become that file), and what steers our tools (`.cargo/`,
`rust-toolchain*`). Names are judged as those of an archive are (see `unpack.py`).
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Mapping
from pathlib import Path

from oxidizer.cluster.tarball import UnpackError
from oxidizer.cluster.unpack import Admission, TreeLimits, hostile_part

FILE, PROGRAM, LINK = 0o100644, 0o100755, 0o120000
_HOPS = 8
"""Links that lead to links, at most."""

Listing = Mapping[bytes, tuple[int, str]]
"""A tree's files: mode and object by path."""


class Checkout:
    """The folder `root`, which is made; `read` gives an object's bytes, `size` how many there are."""

    def __init__(
        self, root: Path, read: Callable[[str], bytes], size: Callable[[str], int], limits: TreeLimits | None = None
    ) -> None:
        root.mkdir(mode=0o755)
        self.root = root
        self._read, self._size = read, size
        self._limits = limits or TreeLimits()
        self._shown: dict[str, tuple[int, str]] = {}

    def show(self, tree: Listing) -> tuple[str, ...]:
        """Have the folder hold a tree; what was left out of it. A Cargo.lock may be another one afterwards.

        Raises UnpackError for a tree that breaks a limit or has names of no single meaning; the folder is as it was.
        """
        wanted, left_out = self._chosen(tree)
        # Noted file by file: an object that cannot be read ends it in the middle.
        for name in sorted(self._shown.keys() - wanted.keys(), reverse=True):
            self._remove(name)
            del self._shown[name]
        for name, (mode, oid) in wanted.items():
            # A lock that was made takes the place of the tree's own.
            if self._shown.get(name) != (mode, oid) or name.rpartition("/")[2] == "Cargo.lock":
                self._write(name, mode, self._read(oid))
                self._shown[name] = mode, oid
        if "Cargo.lock" not in wanted:
            (self.root / "Cargo.lock").unlink(missing_ok=True)
        return left_out

    def _chosen(self, tree: Listing) -> tuple[dict[str, tuple[int, str]], tuple[str, ...]]:
        """The files to show, by name, and what is left out. Raises UnpackError."""
        admission, left_out = Admission(self._limits), set[str]()
        wanted: dict[str, tuple[int, str]] = {}
        for path, (mode, oid) in sorted(tree.items()):
            name = _name(path)
            if hostile := hostile_part(name.split("/")):
                left_out.add(hostile)
                continue
            if mode == LINK:
                entry = self._behind(tree, path)
                if entry is None or hostile_part(_name(entry[2]).split("/")):
                    left_out.add(name)
                    continue
                mode, oid = entry[:2]
            if mode not in (FILE, PROGRAM, 0o100664):
                left_out.add(name)
                continue
            admission.admit(name.split("/"), self._size(oid), False)
            wanted[name] = (PROGRAM if mode == PROGRAM else FILE, oid)
        return wanted, tuple(sorted(left_out))

    def _behind(self, tree: Listing, path: bytes) -> tuple[int, str, bytes] | None:
        """The file that a link leads to, inside the tree; None where there is none."""
        for _ in range(_HOPS):
            mode, oid = tree[path]
            if mode != LINK:
                return mode, oid, path
            if self._size(oid) > self._limits.name_bytes * self._limits.depth:
                return None
            path = posixpath.normpath(posixpath.join(posixpath.dirname(path), self._read(oid)))
            if path not in tree:
                return None
        return None

    def _write(self, name: str, mode: int, content: bytes) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # Never through what stands there; and with a fresh time, by which cargo knows that it changed.
        path.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(path, flags, 0o755 if mode == PROGRAM else 0o644), "wb") as file:
            file.write(content)

    def _remove(self, name: str) -> None:
        path = self.root / name
        path.unlink(missing_ok=True)
        for folder in path.parents:
            if folder == self.root or any(folder.iterdir()):
                return
            folder.rmdir()


def _name(path: bytes) -> str:
    try:
        return path.decode("utf-8")
    except UnicodeDecodeError:
        raise UnpackError(f"a name that is not UTF-8: {path[:60]!r}") from None
