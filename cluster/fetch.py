"""From an entry of a list to a prepared source tree: fetched by cargo, verified, unpacked and locked by us.

This is the one step that has network, and it runs no crate code: `cargo fetch` and `cargo metadata` compile nothing.
Afterwards all that a build needs is in the tree (`Cargo.lock` included) and in the user's own CARGO_HOME.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from oxidizer.cluster.cargohome import cargo_home, cargo_home_view, open_sources
from oxidizer.cluster.crates import CrateSpec
from oxidizer.cluster.manifest import ManifestFacts, check_inside, check_rust_version, check_size, read_facts
from oxidizer.cluster.registry import (
    BrokenManifest,
    ChecksumMismatch,
    FetchError,
    HostileArchive,
    NoSuchCrate,
    NoSuchFeature,
    NoSuchVersion,
    RegistryUnavailable,
    SourceChanged,
    Yanked,
    run_cargo,
    stub_of,
)
from oxidizer.cluster.scratch import scratch
from oxidizer.cluster.tarball import UnpackError
from oxidizer.cluster.toolchain import Toolchain
from oxidizer.cluster.unpack import content_hash, copy_tree, pack_source, unpack_crate

__all__ = [
    "FetchError",
    "PreparedCrate",
    "RegistryUnavailable",
    "cargo_home_view",
    "check_surroundings",
    "expand",
    "fetch_published",
    "own_source",
    "prepare",
]


@dataclass(frozen=True)
class PreparedCrate:
    """One package whose sources and dependencies are on this machine, ready to be built without network."""

    spec: CrateSpec
    name: str
    version: str
    """The published version as the registry spells it (a list may leave `+build` out); for a path the content hash."""
    source: Literal["registry", "path"]
    root: Path
    """The prepared tree: the workspace's root, with `Cargo.lock`."""
    member: str
    """The package's folder relative to `root`, "." at the root."""
    checksum: str
    """SHA-256 of the `.crate` as the index promises it; for a path, of the tree's content."""
    archive: bytes | None
    """For a path, the sources as they were hashed, as tar.gz: what makes its tuples replayable."""
    lock: bytes
    lock_origin: Literal["shipped", "made"]
    facts: ManifestFacts
    packages: tuple[str, ...]
    """The names of all packages of the workspace."""
    vcs_commit: str | None
    """The commit that the package says it was published from."""
    stripped: tuple[str, ...]
    """What was left out of the sources, hostile configuration first of all."""


def expand(spec: CrateSpec, toolchain: Toolchain) -> tuple[CrateSpec, ...]:
    """The packages that an entry means, one spec each: itself if published; for a path, each member of the workspace.

    The path, member and version (content hash) of what comes back are filled in: the spec names its sources exactly.
    Raises FetchError where the manifest is unusable.
    """
    if spec.path is None or spec.member is not None:
        return (spec,)
    root = _workspace_root(spec.path, toolchain)
    wanted = spec.path.resolve().relative_to(root).as_posix()
    with scratch("look") as folder:
        tree = folder.resolve() / "tree"
        check_surroundings(tree)
        _copy(root, tree)
        version = content_hash(tree)[:16]
        packages = read_facts(toolchain, tree)
    chosen = [facts for facts in packages if wanted in (".", facts.member)]
    if not chosen:
        raise BrokenManifest(f"the workspace {root} has no package in `{wanted}`")
    unknown = set(spec.features).difference(*(facts.features for facts in chosen))
    if unknown:
        raise NoSuchFeature(f"no package in {spec.path} has the feature `{min(unknown)}`")
    return tuple(
        dataclasses.replace(
            spec,
            name=facts.name,
            version=version,
            path=root,
            member=facts.member,
            features=tuple(feature for feature in spec.features if feature in facts.features),
        )
        for facts in chosen
    )


def prepare(
    spec: CrateSpec,
    toolchain: Toolchain,
    folder: Path,
    *,
    admit: Callable[[ManifestFacts, Path], None] | None = None,
    lock: bytes | None = None,
) -> PreparedCrate:
    """Prepare one package (of a path: one that `expand` gave) in `folder`, which is made; the tree is `folder/src`.

    `admit` sees the manifest and the sources before any dependency is fetched, and may raise. A `lock` of an earlier
    run is laid over the sources' own.
    Raises FetchError where the crate is the cause (a label), RegistryUnavailable where it is not (to be retried),
    ValueError where `folder` lies in a Rust workspace.
    """
    if spec.path is not None and spec.member is None:
        raise ValueError(f"{spec.label} is a folder that may hold several packages; call expand() first")
    folder.mkdir(parents=True, exist_ok=True)
    root = folder.resolve() / "src"
    check_surroundings(root)
    if spec.path is None:
        checksum, stripped = fetch_published(spec, toolchain, root)
    else:
        checksum, stripped = _fetch_own(spec, spec.path, root)
    check_inside(root, published=spec.path is None)
    # Before a lock is made or replaced: the archive's content is what the version names.
    archive = pack_source(root) if spec.path is not None else None
    packages = read_facts(toolchain, root)
    facts = _package(spec, packages)
    if admit:
        admit(facts, root)
    if lock is not None:
        (root / "Cargo.lock").write_bytes(lock)
    locked, origin = _lock(toolchain, root)
    return PreparedCrate(
        spec=spec,
        name=facts.name,
        version=facts.version if spec.path is None else spec.version,
        source="registry" if spec.path is None else "path",
        root=root,
        member=facts.member,
        checksum=checksum,
        archive=archive,
        lock=locked,
        lock_origin=origin,
        facts=_checked(spec, facts, toolchain),
        packages=tuple(package.name for package in packages),
        vcs_commit=_vcs_commit(root),
        stripped=stripped,
    )


_VCS_BYTES = 4096
_NOT_TO_BE_HAD: dict[type[FetchError], str] = {
    NoSuchCrate: "the registry has no crate called {spec.name}; is it spelled right?",
    NoSuchVersion: "the registry has no version {spec.version} of {spec.name}",
    Yanked: "{spec.label} was yanked by its author; choose another version",
}


def fetch_published(spec: CrateSpec, toolchain: Toolchain, root: Path) -> tuple[str, tuple[str, ...]]:
    """Unpack a published crate at `root`, which is made: its checksum, and what was left out.

    Raises FetchError, RegistryUnavailable.
    """
    with stub_of(spec.name, f"={spec.version}") as manifest:
        try:
            run_cargo(toolchain, ("fetch", "--target", toolchain.host), manifest)
        except (NoSuchCrate, NoSuchVersion, Yanked) as error:
            raise type(error)(_NOT_TO_BE_HAD[type(error)].format(spec=spec)) from error
        checksum = _locked_checksum(spec, manifest.with_name("Cargo.lock").read_bytes())
    archive = _archive(spec, checksum)
    try:
        return checksum, unpack_crate(archive, root, spec.name, _packed_version(spec, archive))
    except UnpackError as error:
        raise HostileArchive(f"the archive of {spec.label} is refused: {error}") from error


def _packed_version(spec: CrateSpec, archive: Path) -> str:
    """The version as the registry spells it: `=1.2.3` also finds `1.2.3+build`."""
    return archive.name.removeprefix(f"{spec.name}-").removesuffix(".crate")


def _locked_checksum(spec: CrateSpec, lock: bytes) -> str:
    for package in tomllib.loads(lock.decode())["package"]:
        same = package["name"] == spec.name and package["version"].partition("+")[0] == spec.version.partition("+")[0]
        if same and "checksum" in package:
            return str(package["checksum"])
    raise RegistryUnavailable(f"cargo locked no checksum for {spec.label}; its source has to be a registry")


def _archive(spec: CrateSpec, checksum: str) -> Path:
    """The downloaded file, of the registry whose index promises this checksum."""
    base = spec.version.partition("+")[0]
    cache = cargo_home() / "registry/cache"
    found = [*cache.glob(f"*/{spec.name}-{base}.crate"), *cache.glob(f"*/{spec.name}-{base}+*.crate")]
    if not found:
        raise RegistryUnavailable(
            f"cargo fetched {spec.label} but left no .crate in {cache}; a vendored or local source is not supported"
        )
    for path in sorted(found):
        if hashlib.sha256(path.read_bytes()).hexdigest() == checksum:
            return path
    raise ChecksumMismatch(f"{found[0].name} in {cache} is not what the registry's index promises")


def _fetch_own(spec: CrateSpec, path: Path, root: Path) -> tuple[str, tuple[str, ...]]:
    stripped = _copy(path, root)
    checksum = content_hash(root)
    if checksum[:16] != spec.version:
        raise SourceChanged(f"{path} has changed since the run was planned; start a new run")
    return checksum, stripped


def own_source(spec: CrateSpec) -> bytes | None:
    """The sources of a path as tar.gz, as `spec` names them; None where they cannot be had so (any more)."""
    assert spec.path is not None
    with scratch("kept") as folder:
        tree = folder / "src"
        try:
            copy_tree(spec.path, tree)
        except (UnpackError, OSError):
            return None
        same = not spec.version or content_hash(tree)[:16] == spec.version
        return pack_source(tree) if same else None


def _copy(source: Path, tree: Path) -> tuple[str, ...]:
    try:
        left_out = copy_tree(source, tree)
    except UnpackError as error:
        raise HostileArchive(f"{source} is refused: {error}") from error
    check_inside(tree, published=False)
    return left_out


def _workspace_root(path: Path, toolchain: Toolchain) -> Path:
    check_size(path / "Cargo.toml")
    args = ("locate-project", "--workspace", "--message-format", "plain")
    manifest = run_cargo(toolchain, args, path.resolve() / "Cargo.toml").decode().strip()
    root = Path(manifest).parent.resolve()
    if not path.resolve().is_relative_to(root):
        raise BrokenManifest(f"the workspace of {path} is {root}, which does not contain it; move it inside")
    return root


def _package(spec: CrateSpec, packages: tuple[ManifestFacts, ...]) -> ManifestFacts:
    for facts in packages:
        if facts.name == spec.name and facts.member == (spec.member or "."):
            return facts
    raise BrokenManifest(f"the manifest is of {', '.join(facts.name for facts in packages)}, not of {spec.name}")


def _checked(spec: CrateSpec, facts: ManifestFacts, toolchain: Toolchain) -> ManifestFacts:
    check_rust_version(facts, toolchain)
    for feature in spec.features:
        if "/" not in feature and feature not in facts.features:
            raise NoSuchFeature(
                f"{spec.label} has no feature `{feature}`; it has {', '.join(facts.features) or 'none'}"
            )
    return facts


def _lock(toolchain: Toolchain, root: Path) -> tuple[bytes, Literal["shipped", "made"]]:
    """Fetch the dependencies by the shipped lock where cargo accepts it, else by one that cargo makes now."""
    lock, manifest = root / "Cargo.lock", root / "Cargo.toml"
    fetch = ("fetch", "--target", toolchain.host)
    if lock.is_file():
        try:
            run_cargo(toolchain, (*fetch, "--locked"), manifest)
            open_sources(lock.read_bytes())
            return lock.read_bytes(), "shipped"
        except FetchError:
            lock.unlink()
    run_cargo(toolchain, fetch, manifest)
    open_sources(lock.read_bytes())
    return lock.read_bytes(), "made"


def _vcs_commit(root: Path) -> str | None:
    try:
        with (root / ".cargo_vcs_info.json").open("rb") as file:
            commit = json.loads(file.read(_VCS_BYTES))["git"]["sha1"]
    except (FileNotFoundError, IsADirectoryError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return commit if isinstance(commit, str) and re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", commit) else None


def check_surroundings(root: Path) -> None:
    """Cargo looks for a workspace in the folders above; one that is there would take the crate at `root` for its own.

    Raises ValueError where there is one.
    """
    for manifest in (above / "Cargo.toml" for above in root.parents):
        if manifest.is_file() and "[workspace" in manifest.read_text("utf-8", "replace"):
            raise ValueError(f"{root} lies in the Rust workspace of {manifest}; choose a work folder outside of it")
