"""Source trees from strangers and from the user: unpacked or copied under limits, without what could steer our tools.

What comes out has regular files and folders only, with names that mean one file on every file system, and none of the
configuration by which a tree takes over cargo or rustup (`.cargo/`, `rust-toolchain*`). What was left out is reported.
Not promised: that the sources are harmless. They are built in a sandbox only.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import os
import re
import stat
import tarfile
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from oxidizer.cluster.tarball import UnpackError, open_archive

HOSTILE = frozenset({".cargo", "rust-toolchain", "rust-toolchain.toml"})
"""Left out at any depth: each lets a source tree choose the programs that our commands run."""

_PLAIN_NAME = re.compile(r"[^\x00-\x1f\x7f\\]+")
_SMALLEST = 1100
"""How many times its packed size gzip can unpack to, at most."""
_CACHE_MARK = b"Signature: 8a477f597d28d172789f06886806bc55"


@dataclass(frozen=True)
class TreeLimits:
    """What a tree may hold."""

    members: int = 20_000
    total_bytes: int = 512 << 20
    file_bytes: int = 128 << 20
    depth: int = 32
    name_bytes: int = 200
    ratio: int = 200
    """How many times its packed size an archive may unpack to."""


def unpack_crate(
    archive: Path, dest: Path, name: str, version: str, limits: TreeLimits | None = None
) -> tuple[str, ...]:
    """Unpack a `.crate` into the new folder `dest`, without its leading `name-version/`; gives what was stripped.

    Raises UnpackError for anything that cargo would not have packed; `dest` is then to be thrown away.
    """
    return _unpack(archive, dest, [f"{name}-{version}"], limits or TreeLimits())


def unpack_source(archive: Path, dest: Path, limits: TreeLimits | None = None) -> tuple[str, ...]:
    """Unpack what `pack_source` made into the new folder `dest`, as strictly as a `.crate`; gives what was stripped.

    Raises UnpackError; `dest` is then to be thrown away.
    """
    # The user's own files may shrink as far as gzip can.
    return _unpack(archive, dest, [], limits or TreeLimits(ratio=_SMALLEST))


def _unpack(archive: Path, dest: Path, lead: list[str], limits: TreeLimits) -> tuple[str, ...]:
    """Unpack what is below the folder `lead` of an archive, which may hold nothing else."""
    deep, stripped = len(lead), set()
    file, reader = open_archive(archive, 2 * limits.total_bytes, limits.ratio)
    with file, _Tree(dest, limits) as tree:
        for member in reader:
            parts = member.name.removesuffix("/").split("/")
            if parts[:deep] != lead or (len(parts) == deep and not member.is_folder):
                raise UnpackError(f"member {member.name[:60]!r} is outside of {'/'.join(lead)}/")
            if len(parts) == deep:
                tree.see()
                continue
            tree.admit(parts[deep:], member.size, member.is_folder)
            if hostile := hostile_part(parts[deep:]):
                stripped.add(hostile)
            elif member.is_folder:
                os.close(tree.folder(parts[deep:]))
            else:
                tree.write(parts[deep:], reader.chunks(member), member.executable)
    return tuple(sorted(stripped))


def copy_tree(path: Path, dest: Path, limits: TreeLimits | None = None) -> tuple[str, ...]:
    """Copy a folder of the user's own to the new folder `dest`; gives what was left out, each with its reason.

    Left out: `target/`, `.git`, hostile configuration, and links that lead to a folder or out of the tree. A link to a
    file inside becomes that file. Raises UnpackError where the tree breaks a limit or has a name of no single meaning.
    """
    limits = limits or TreeLimits()
    walk = _Walk(path.resolve(), limits)
    with _Tree(dest, limits) as tree:
        for source, parts in walk.files(()):
            facts = source.stat()
            tree.admit(parts, facts.st_size, False)
            tree.write(parts, _chunks(source), bool(facts.st_mode & 0o100))
    return tuple(sorted(walk.notes))


def pack_source(tree: Path) -> bytes:
    """The tree as a tar.gz without a leading folder; the same tree gives the same bytes on any day and machine."""
    packed = io.BytesIO()
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=packed, mtime=0, compresslevel=9) as stream,
        tarfile.open(fileobj=stream, mode="w", format=tarfile.GNU_FORMAT) as tar,
    ):
        for name, path in _files(tree):
            info = tarfile.TarInfo(name)
            info.size, info.mode = path.stat().st_size, _mode(path)
            with path.open("rb") as file:
                tar.addfile(info, file)
    return packed.getvalue()


def content_hash(tree: Path) -> str:
    """SHA-256 over the names, modes and bytes of a tree's files, as 64 hex digits."""
    total = hashlib.sha256()
    for name, path in _files(tree):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        total.update(f"{name}\0{_mode(path):o}\0{content}\n".encode())
    return total.hexdigest()


@dataclass
class Admission:
    """Judges the members of one tree, one after the other, before any of them is made."""

    limits: TreeLimits
    count: int = 0
    total: int = 0
    spelled: dict[str, tuple[str, bool]] = field(default_factory=dict)
    """Each path as a file system may fold it → the path as written, and whether it is a folder."""

    def see(self) -> None:
        """Count one member, whatever it is. Raises UnpackError."""
        self.count += 1
        if self.count > self.limits.members:
            raise UnpackError(f"more than {self.limits.members} members")

    def admit(self, parts: Sequence[str], size: int, is_folder: bool) -> None:
        """Judge one member by name and size, together with all that came before. Raises UnpackError."""
        self.see()
        self.total += size
        shown = "/".join(parts)[:80]
        if size > self.limits.file_bytes or self.total > self.limits.total_bytes:
            raise UnpackError(f"more bytes than the limit, at {shown!r}")
        if len(parts) > self.limits.depth:
            raise UnpackError(f"folders nested deeper than {self.limits.depth}, at {shown!r}")
        for part in parts:
            _check_name(part, self.limits.name_bytes)
        for end in range(1, len(parts) + 1):
            self._spell("/".join(parts[:end]), is_folder or end < len(parts))

    def _spell(self, path: str, is_folder: bool) -> None:
        folded = unicodedata.normalize("NFC", path).casefold()
        if folded not in self.spelled:
            self.spelled[folded] = (path, is_folder)
        elif self.spelled[folded] != (path, is_folder) or not is_folder:
            raise UnpackError(f"{path[:80]!r} and {self.spelled[folded][0][:80]!r} are one file on some file systems")


class _Tree:
    """A folder being filled: every name is judged before it is made, every file made relative to an open folder."""

    def __init__(self, dest: Path, limits: TreeLimits) -> None:
        self.dest = dest
        admission = Admission(limits)
        self.see, self.admit = admission.see, admission.admit
        self.root = -1

    def __enter__(self) -> _Tree:
        self.dest.mkdir(mode=0o755)
        self.root = os.open(self.dest, os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.root)

    def folder(self, parts: Sequence[str]) -> int:
        """An open descriptor of a folder, made where it is missing; no link is followed."""
        here = os.dup(self.root)
        for part in parts:
            with contextlib.suppress(FileExistsError):
                os.mkdir(part, 0o755, dir_fd=here)
            try:
                there = os.open(part, os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=here)
            finally:
                os.close(here)
            here = there
        return here

    def write(self, parts: Sequence[str], chunks: Iterable[bytes], executable: bool) -> None:
        """Make a new file that `admit` let in."""
        folder = self.folder(parts[:-1])
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            made = os.open(parts[-1], flags, 0o755 if executable else 0o644, dir_fd=folder)
        finally:
            os.close(folder)
        with os.fdopen(made, "wb") as file:
            file.writelines(chunks)


def _check_name(part: str, longest: int) -> None:
    try:
        length = len(part.encode("utf-8"))
    except UnicodeEncodeError:
        raise UnpackError(f"a name that is not UTF-8: {part[:60]!r}") from None
    if part in ("", ".", "..") or length > longest or not _PLAIN_NAME.fullmatch(part):
        raise UnpackError(f"a name that no crate needs: {part[:60]!r}")


def hostile_part(parts: Sequence[str]) -> str | None:
    """The path of the hostile folder or file that these parts name or lie in."""
    for end, part in enumerate(parts, 1):
        if part in HOSTILE:
            return "/".join(parts[:end])
    return None


@dataclass
class _Walk:
    """A walk through a folder of the user's own, of what is to be copied; the rest goes to `notes`."""

    root: Path
    limits: TreeLimits
    notes: list[str] = field(default_factory=list)
    folders: int = 0

    def files(self, folder: tuple[str, ...]) -> Iterator[tuple[Path, tuple[str, ...]]]:
        """The files to copy below a folder, each with its real path and its parts in the tree."""
        self.folders += 1
        if self.folders > self.limits.members or len(folder) > self.limits.depth:
            raise UnpackError(f"more folders, or deeper ones, than the limit, at {'/'.join(folder)[:80]!r}")
        for entry in sorted(os.scandir(self.root.joinpath(*folder)), key=lambda e: e.name):
            path, parts = Path(entry.path), (*folder, entry.name)
            reason = _reason_to_skip(self.root, path, parts)
            if reason:
                self._leave_out(parts, reason)
            elif entry.is_dir(follow_symlinks=False):
                yield from self.files(parts)
            else:
                yield path.resolve(), parts

    def _leave_out(self, parts: tuple[str, ...], reason: str) -> None:
        if len(self.notes) == self.limits.members:
            raise UnpackError(f"more than {self.limits.members} members that are no sources")
        # The note is shown to people: a name may hold anything but `/`.
        shown = "/".join(parts)
        self.notes.append(f"{shown if shown.isprintable() else ascii(shown)} ({reason})")


def _reason_to_skip(root: Path, path: Path, parts: tuple[str, ...]) -> str | None:
    if parts[-1] in HOSTILE:
        return "configuration"
    if parts[-1] == ".git":
        return "history"
    if path.is_symlink():
        try:
            real = path.resolve()
        except (OSError, RuntimeError):  # links in a circle
            return "a link to no file"
        if not real.is_relative_to(root) or hostile_part(real.relative_to(root).parts):
            return "a link out of the tree"
        return None if real.is_file() else "a link to no file"
    if path.is_dir():
        return "build output" if parts == ("target",) or _is_cache(path) else None
    return None if stat.S_ISREG(path.lstat().st_mode) else "not a regular file"


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(1 << 16):
            yield chunk


def _is_cache(folder: Path) -> bool:
    """Cargo marks its build folders, wherever they are; a source folder may well be called `target`."""
    mark = folder / "CACHEDIR.TAG"
    if not mark.is_file():
        return False
    with mark.open("rb") as file:
        return file.read(len(_CACHE_MARK)) == _CACHE_MARK


def _files(tree: Path) -> list[tuple[str, Path]]:
    """The regular files of a tree by their names, in the order of the names' bytes."""
    paths = (Path(folder) / name for folder, _, names in os.walk(tree) for name in names)
    named = ((path.relative_to(tree).as_posix(), path) for path in paths if stat.S_ISREG(path.lstat().st_mode))
    return sorted(named, key=lambda pair: pair[0].encode())


def _mode(path: Path) -> int:
    return 0o755 if path.stat().st_mode & 0o100 else 0o644
