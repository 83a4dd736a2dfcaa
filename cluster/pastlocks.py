"""Lock files for source trees of the past: what cargo would have resolved when they were written.

No crate code runs. In order of trust: the lock that the tree itself tracks; one made of what the registry held at the
end of that quarter (`--publish-time`: an index entry says when it was published); the same where versions that were
yanked since are put back; what the registry gives today. Which of them builds, the caller tries.

A date for each commit would change some package with almost every one of them, and have it built anew: so trees of one
manifest text share the lock of a quarter. A tree much like another one is locked as that one is (`fitted`); what it
needs beside is of its quarter too.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from oxidizer.cluster.cargohome import cargo_home, open_sources
from oxidizer.cluster.manifest import check_inside
from oxidizer.cluster.registry import (
    FetchError,
    GitDependency,
    StaleLock,
    UnknownWords,
    YankedDependency,
    run_cargo,
    stub_of,
)
from oxidizer.cluster.requirements import without_dependency
from oxidizer.cluster.successors import numbers
from oxidizer.cluster.toolchain import Toolchain

Origin = Literal["tracked", "published", "seeded", "today"]
_ORIGINS: tuple[Origin, ...] = ("tracked", "published", "seeded", "today")

_SEEDS = 8
"""Yanked dependencies put back in one lock, at most."""
_WANTED = re.compile(r"requirement `(?P<name>[\w-]+) = \"[^\"]*\"`")
_YANKED = re.compile(r"version (\S+) is yanked")
_SOURCE = re.compile(r'^source = "(registry\+[^"]+)"$', re.MULTILINE)
_BOOTSTRAP = {"RUSTC_BOOTSTRAP": "1"}
"""A stable cargo knows `--publish-time` too, and refuses it unless it is told so."""


@dataclass(frozen=True)
class PastLock:
    """One way to lock a tree's dependencies, all of which are fetched."""

    origin: Origin
    text: bytes


class PastLocks:
    """Locks of the trees of one repository, each made once."""

    def __init__(self, toolchain: Toolchain) -> None:
        self._toolchain = toolchain
        self._made: dict[tuple[str, str, Origin], bytes | FetchError] = {}
        self._built: dict[tuple[str, str], Origin] = {}
        self._last: tuple[str, str] = ("", "")
        self.refused: dict[Origin, FetchError] = {}
        """Why the last tree has no lock of an origin."""

    def of(self, root: Path, when_s: int) -> Iterator[PastLock]:
        """The locks of the tree at `root`, the most trusted first, each written to its Cargo.lock as it is given.

        `when_s` is when the tree was written (UTC seconds). One that was told to build (`built`) comes before all
        others of its manifests and quarter. Raises RegistryUnavailable; BrokenManifest and its kin
        where the manifest leads out of the tree, or to what was not published.
        """
        check_inside(root, published=False, git=False)
        self.refused = {}
        path = root / "Cargo.lock"
        tracked = path.read_bytes() if path.is_file() else None
        key, quarter = _manifests(root), end_of_quarter(when_s)
        told_of = hashlib.sha256(tracked or b"").hexdigest() + key, quarter
        self._last = told_of
        origins: list[Origin] = ["published", "seeded", "today"] if tracked is None else list(_ORIGINS)
        for origin in sorted(origins, key=lambda origin: origin != self._built.get(told_of)):
            if origin == "seeded" and not isinstance(self._made.get((*told_of, "published")), YankedDependency):
                continue
            lock = self._once((*told_of, origin), root, tracked)
            if isinstance(lock, FetchError):
                self.refused[origin] = lock
                continue
            path.write_bytes(lock)
            yield PastLock(origin, lock)

    def built(self, lock: PastLock) -> None:
        """The last tree builds with this one of its locks."""
        self._built[self._last] = lock.origin

    def fitted(self, root: Path, lock: bytes, when_s: int | None) -> bytes:
        """Lock the tree at `root` as one much like it is locked; gives that lock with what this tree needs beside it.

        What comes beside is as of the end of the quarter of `when_s` (UTC seconds), where that can be had; for None it
        stands in the lock, or is as of today. Raises FetchError, RegistryUnavailable.
        """
        check_inside(root, published=False, git=False)
        path = root / "Cargo.lock"
        path.write_bytes(lock)
        beside = _packages(self._fetched(root)) - _packages(lock)
        if beside and when_s is not None:
            then = self._once((_manifests(root), end_of_quarter(when_s), "published"), root, None)
            names = {name for name, _, _ in beside}
            seeds = set() if isinstance(then, FetchError) else {p for p in _packages(then) if p[0] in names}
            path.write_bytes(with_packages(lock, seeds - _packages(lock)))
            beside = _packages(self._fetched(root)) - _packages(lock)
        return with_packages(lock, beside)

    def _once(self, told: tuple[str, str, Origin], root: Path, tracked: bytes | None) -> bytes | FetchError:
        """A lock by manifests, quarter and origin, made when it is first asked for."""
        if told not in self._made:
            self._made[told] = self._make(told[2], root, told[1], tracked)
        return self._made[told]

    def _make(self, origin: Origin, root: Path, quarter: str, tracked: bytes | None) -> bytes | FetchError:
        path = root / "Cargo.lock"
        path.unlink(missing_ok=True)
        try:
            if origin == "tracked":
                assert tracked is not None
                path.write_bytes(tracked)
                return self._fetched(root, "--locked")
            if origin == "seeded":
                return self._seeded(root, quarter)
            when = ("-Zunstable-options", "--publish-time", quarter) if origin == "published" else ()
            self._cargo(root, "generate-lockfile", *when)
            return self._fetched(root, "--locked")
        except FetchError as error:
            return error

    def _seeded(self, root: Path, quarter: str) -> bytes:
        """The quarter's lock with what was yanked since: cargo keeps what a lock names, and chooses no such version.

        Raises FetchError.
        """
        manifests = {path: path.read_bytes() for path in _manifest_files(root)}
        try:
            seeds = self._without_yanked(root, quarter)
        finally:
            for path, text in manifests.items():
                path.write_bytes(text)
        with (root / "Cargo.lock").open("a", encoding="utf-8") as lock:
            for name, version in seeds:
                source = self._registry_of(name)
                lock.write(f'\n[[package]]\nname = "{name}"\nversion = "{version}"\nsource = "{source}"\n')
        return self._fetched(root)

    def _without_yanked(self, root: Path, quarter: str) -> list[tuple[str, str]]:
        """Lock what is left once no manifest asks for what was yanked; the packages and versions that it would need."""
        seeds: list[tuple[str, str]] = []
        while True:
            try:
                self._cargo(root, "generate-lockfile", "-Zunstable-options", "--publish-time", quarter)
                return seeds
            except YankedDependency as error:
                name, version = _yanked(error, quarter)
                if len(seeds) == _SEEDS or not _take_out(root, name):
                    raise
                seeds.append((name, version))

    def _registry_of(self, package: str) -> str:
        """The registry that has a package, as cargo writes it into locks. Raises FetchError."""
        with stub_of(package, "*") as manifest:
            self._cargo(manifest.parent, "generate-lockfile")
            found = _SOURCE.search(manifest.with_name("Cargo.lock").read_text("utf-8"))
        assert found is not None
        return found[1]

    def _fetched(self, root: Path, *flags: str) -> bytes:
        self._cargo(root, "fetch", "--target", self._toolchain.host, *flags)
        lock = root / "Cargo.lock"
        text = lock.read_bytes() if lock.is_file() else b""
        if b'source = "git+' in text:
            raise GitDependency("it depends on a repository's commit, not on what was published")
        open_sources(text)
        return text

    def _cargo(self, root: Path, *args: str) -> None:
        """Raises FetchError, RegistryUnavailable."""
        try:
            run_cargo(self._toolchain, args, root / "Cargo.toml", env=_BOOTSTRAP)
        except UnknownWords:
            # Trouble of the moment goes; what cargo has against a tree of the past, it says again.
            try:
                run_cargo(self._toolchain, args, root / "Cargo.toml", env=_BOOTSTRAP)
            except UnknownWords as error:
                raise NotLocked(str(error)) from error


class NotLocked(FetchError):
    """Cargo refuses the tree, twice, in words that are not known to us."""

    cause = "not_locked"


Package = tuple[str, str, str]
"""Name, version and source of what a lock holds."""


def with_packages(lock: bytes, more: Iterable[Package]) -> bytes:
    """A lock that holds more than its tree needs: cargo chooses such a package where it may, and else forgets it."""
    added = sorted(more)
    if not added:
        return lock
    versions = Counter(name for name, _, _ in _every(lock))
    text = lock.decode("utf-8", "surrogateescape").rstrip("\n") + "\n"
    beside = {name for name, _, _ in added}
    # Alone, a name is enough to say which is meant.
    alone = {name: version for name, version, _ in _every(lock) if versions[name] == 1 and name in beside}
    text = re.sub(
        r'(?m)^( *")([\w-]+)("(?:,|$))',
        lambda found: f"{found[1]}{found[2]} {alone[found[2]]}{found[3]}" if found[2] in alone else found[0],
        text,
    )
    for name, version, source in added:
        text += f'\n[[package]]\nname = "{name}"\nversion = "{version}"\nsource = "{source}"\n'
    return text.encode("utf-8", "surrogateescape")


def _every(lock: bytes) -> set[Package]:
    """All packages of a lock, those of the tree itself among them. Raises FetchError for what is no lock."""
    try:
        listed = tomllib.loads(lock.decode("utf-8")).get("package", [])
        return {(str(p["name"]), str(p["version"]), str(p.get("source") or "")) for p in listed}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StaleLock(f"the lock cannot be read: {error!r}") from error


def _packages(lock: bytes) -> set[Package]:
    """What is fetched for a lock."""
    return {package for package in _every(lock) if package[2]}


def end_of_quarter(when_s: int) -> str:
    """The last second of the quarter of a moment (UTC seconds), as cargo takes times."""
    when = datetime.fromtimestamp(when_s, UTC)
    first = datetime(when.year, 3 * ((when.month - 1) // 3) + 1, 1, tzinfo=UTC)
    last = (first + timedelta(days=93)).replace(day=1) - timedelta(seconds=1)
    return last.strftime("%Y-%m-%dT%H:%M:%SZ")


def _manifest_files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("Cargo.toml") if path.is_file() and not path.is_symlink())


def _manifests(root: Path) -> str:
    """What decides a lock: the texts of all manifests, and where they lie."""
    told = hashlib.sha256()
    for path in _manifest_files(root):
        told.update(f"{path.relative_to(root)}\0".encode() + path.read_bytes() + b"\0")
    return told.hexdigest()


def _take_out(root: Path, name: str) -> bool:
    """No manifest asks for a package any more; whether one did."""
    found = False
    for path in _manifest_files(root):
        text = path.read_bytes()
        if (less := without_dependency(text, name)) != text:
            path.write_bytes(less)
            found = True
    return found


def _yanked(error: YankedDependency, quarter: str) -> tuple[str, str]:
    """The package, and of its yanked versions that would do the newest of the time. Raises the error if unreadable."""
    said = str(error)
    name, versions = _WANTED.search(said), _YANKED.findall(said)
    if name is None or not versions:
        raise error
    published = _published(name["name"])
    then = [version for version in versions if published.get(version, "") <= quarter]
    return name["name"], max(then or versions, key=numbers)


def _published(name: str) -> dict[str, str]:
    """When each version was published, as far as cargo's own copy of the registry's index says."""
    lower = name.lower()
    short = {1: "1", 2: "2", 3: f"3/{lower[0]}"}.get(len(lower), f"{lower[:2]}/{lower[2:4]}")
    found: dict[str, str] = {}
    for path in (cargo_home() / "registry/index").glob(f"*/.cache/{short}/{lower}"):
        for part in path.read_bytes().split(b"\0"):
            if part.startswith(b"{"):
                entry = json.loads(part)
                found[str(entry["vers"])] = str(entry.get("pubtime") or "")
    return found
