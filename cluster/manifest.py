"""A crate's manifest: the facts that cargo reads from it, and whether it stays inside of the crate's own tree."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from oxidizer.cluster.registry import (
    BrokenManifest,
    FetchError,
    GitDependency,
    HostileArchive,
    NeedsNewerRust,
    run_cargo,
)
from oxidizer.cluster.toolchain import Toolchain

_ADDRESS = re.compile(r"[0-9][0-9a-fx.]*|.*:.*")
"""A host that is no name, in any of the ways that resolvers take: `127.1` and `0x7f.1` are this machine too."""
_WILD = re.compile(r"[*?\[]")
_MANIFEST_BYTES = 1 << 20
_LIBRARIES = frozenset({"lib", "rlib", "dylib", "cdylib", "staticlib", "proc-macro"})


@dataclass(frozen=True)
class TargetFacts:
    """One target of a package."""

    name: str
    kinds: tuple[str, ...]
    """`lib`, `proc-macro`, `bin`, `test`, `example`, `bench`, `custom-build`, ..."""
    file: str
    """The target's root file, relative to the tree's root."""
    required_features: tuple[str, ...]


@dataclass(frozen=True)
class ManifestFacts:
    """What `cargo metadata` says of one package."""

    name: str
    version: str
    member: str
    """The package's folder relative to the tree's root, "." at the root."""
    edition: str
    license: str | None
    license_file: str | None
    repository: str | None
    rust_version: str | None
    features: Mapping[str, tuple[str, ...]]
    targets: tuple[TargetFacts, ...]

    @property
    def has_lib(self) -> bool:
        """There is a library of any kind, a procedural macro included."""
        return any(_LIBRARIES.intersection(target.kinds) for target in self.targets)

    @property
    def is_proc_macro(self) -> bool:
        """The library is a procedural macro."""
        return any("proc-macro" in target.kinds for target in self.targets)

    @property
    def bins(self) -> tuple[str, ...]:
        """The names of the package's programs."""
        return tuple(target.name for target in self.targets if "bin" in target.kinds)


def read_facts(toolchain: Toolchain, root: Path) -> tuple[ManifestFacts, ...]:
    """The facts of all packages of the workspace at `root`, by name; runs no crate code and needs no network.

    Raises BrokenManifest where cargo cannot read it or a member lies outside, NeedsNewerRust where cargo is too old.
    """
    answer = run_cargo(toolchain, ("metadata", "--no-deps", "--format-version", "1"), root / "Cargo.toml")
    document = json.loads(answer)
    if Path(document["workspace_root"]) != root:
        raise BrokenManifest(f"the manifest's workspace is not its own folder but {document['workspace_root']}")
    members = set(document["workspace_members"])
    packages = [package for package in document["packages"] if package["id"] in members]
    return tuple(sorted((_facts(root, package) for package in packages), key=lambda facts: facts.name))


def check_rust_version(facts: ManifestFacts, toolchain: Toolchain) -> None:
    """Raises NeedsNewerRust where the package asks for a newer compiler than the run's."""
    if facts.rust_version and _numbers(facts.rust_version) > _numbers(toolchain.release):
        raise NeedsNewerRust(f"{facts.name} asks for Rust {facts.rust_version}; this run has {toolchain.release}")


def check_size(manifest: Path) -> None:
    """Raises BrokenManifest for one that nobody wrote: cargo and we would read it for minutes."""
    if manifest.is_file() and manifest.stat().st_size > _MANIFEST_BYTES:
        raise BrokenManifest(f"{manifest.name} has more than {_MANIFEST_BYTES:,} bytes")


def check_inside(root: Path, published: bool, *, git: bool = True) -> None:
    """Hold all that the manifests name inside of the tree: path dependencies, members, patches, targets.

    Raises HostileArchive (published) or BrokenManifest (the user's own) for what leads out. A published crate may not
    send cargo to a git repository, one of the user's own only to one on the web: the fetch has the user's rights.
    Raises GitDependency where a tree does so that may not (`git`).
    """
    refuse: type[FetchError] = HostileArchive if published else BrokenManifest
    waiting, seen = [PurePosixPath(".")], set[PurePosixPath]()
    while waiting:
        folder = waiting.pop()
        if folder in seen or not (root / folder / "Cargo.toml").is_file():
            continue
        seen.add(folder)
        manifest = _parse(root / folder / "Cargo.toml")
        try:
            urls = [url for key, url in _strings(manifest) if key in ("git", "registry-index")]
            paths = list(_paths(manifest))
        except RecursionError:
            raise refuse(f"the manifest {folder / 'Cargo.toml'} is nested deeper than any cargo takes") from None
        if published and urls:
            raise refuse("the manifest of a published crate sends cargo to a git repository")
        if urls and not git:
            raise GitDependency(f"the manifest {folder / 'Cargo.toml'} asks for what was not published: `{urls[0]}`")
        for url in urls:
            if not _is_on_the_web(url):
                raise refuse(
                    f"the manifest {folder / 'Cargo.toml'} sends cargo to a git repository at `{url}`, which is not on "
                    "the web (http or https, another machine, no login): put the package into the crate's folder"
                )
        for path in paths:
            inner = _inside(folder, path)
            if inner is None:
                raise refuse(f"the manifest {folder / 'Cargo.toml'} points out of the crate, to `{path}`")
            waiting += _matches(root, inner)


def _is_on_the_web(url: str) -> bool:
    """Whether a git URL leads to a server, and neither to files nor services of this machine, nor has a login in it."""
    try:
        parts = urlsplit(url.removeprefix("sparse+"))
        host = parts.hostname or ""
        address = ip_address(host) if _ADDRESS.fullmatch(host) else None
        address = getattr(address, "ipv4_mapped", None) or address
    except ValueError:
        return False
    if address is not None and (address.is_loopback or address.is_link_local or address.is_unspecified):
        return False
    is_named = host != "" and host.rstrip(".") != "localhost" and not host.rstrip(".").endswith(".localhost")
    return parts.scheme in ("http", "https") and parts.username is None and is_named


def _matches(root: Path, pattern: PurePosixPath) -> list[PurePosixPath]:
    """The folders that a member's path means, as cargo expands it; more than those for `**`."""
    wild = next((n for n, part in enumerate(pattern.parts) if _WILD.search(part)), None)
    if wild is None:
        return [pattern]
    if any("**" in part for part in pattern.parts):
        # Several of them in one pattern multiply their walks: all that could match is looked at, in one.
        found = root.joinpath(*pattern.parts[:wild]).rglob("Cargo.toml")
        return [PurePosixPath(match.parent.relative_to(root).as_posix()) for match in found]
    return [PurePosixPath(match.relative_to(root).as_posix()) for match in root.glob(str(pattern))]


def _facts(root: Path, package: Mapping[str, Any]) -> ManifestFacts:
    return ManifestFacts(
        name=package["name"],
        version=package["version"],
        member=_relative(root, Path(package["manifest_path"]).parent),
        edition=package["edition"],
        license=package["license"],
        license_file=package["license_file"],
        repository=package["repository"],
        rust_version=package["rust_version"],
        features={name: tuple(parts) for name, parts in sorted(package["features"].items())},
        targets=tuple(
            TargetFacts(
                target["name"],
                tuple(target["kind"]),
                _relative(root, Path(target["src_path"])),
                tuple(target.get("required-features", ())),
            )
            for target in package["targets"]
        ),
    )


def _relative(root: Path, path: Path) -> str:
    if not path.is_relative_to(root):
        raise BrokenManifest(f"the manifest points out of the crate, to {path}")
    return path.relative_to(root).as_posix()


def _parse(path: Path) -> dict[str, Any]:
    check_size(path)
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BrokenManifest(f"{path.name} is not valid TOML: {error}") from error


def _paths(manifest: Mapping[str, Any]) -> Iterator[str]:
    """Every path by which a manifest sends cargo or the compiler somewhere."""
    yield from (value for key, value in _strings(manifest) if key == "path")
    package, workspace = _table(manifest, "package") or _table(manifest, "project"), _table(manifest, "workspace")
    yield from (package[key] for key in ("workspace", "build") if isinstance(package.get(key), str))
    for key in ("members", "default-members"):
        members = workspace.get(key)
        yield from (value for value in members if isinstance(value, str)) if isinstance(members, list) else ()


def _strings(value: object, key: str = "") -> Iterator[tuple[str, str]]:
    """All texts in a manifest with their keys, but for the free-form `metadata` tables."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            # A dependency or feature may itself be called `path`, `git` or `metadata`.
            if name != "metadata" or key not in ("package", "project", "workspace"):
                yield from _strings(inner, name if key not in _NAMES_BELOW else "")
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner, "")


_NAMES_BELOW = frozenset({"dependencies", "dev-dependencies", "build-dependencies", "features"})


def _table(manifest: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = manifest.get(key)
    return value if isinstance(value, Mapping) else {}


def _inside(folder: PurePosixPath, path: str) -> PurePosixPath | None:
    if path.startswith("/") or "\\" in path or "\0" in path:
        return None
    parts: list[str] = []
    for part in (*folder.parts, *PurePosixPath(path).parts):
        if part != "..":
            parts.append(part)
        elif not parts:
            return None
        else:
            parts.pop()
    return PurePosixPath(*parts)


def _numbers(version: str) -> tuple[int, ...]:
    numbers = [int(number) for number in re.findall(r"\d+", version.partition("-")[0])][:3]
    return (*numbers, *(0,) * (3 - len(numbers)))
