"""Where the trees of one repository are built: one folder, one sandbox, one target, so that each tree costs what is new
in it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from oxidizer.cluster.build import Build
from oxidizer.cluster.cargo import Cargo
from oxidizer.cluster.checkout import Checkout
from oxidizer.cluster.libtest import TestId
from oxidizer.cluster.manifest import ManifestFacts, read_facts
from oxidizer.cluster.pastlocks import Origin, PastLock, PastLocks
from oxidizer.cluster.project import OPTIMISED, Project, Side
from oxidizer.cluster.registry import FetchError, RegistryUnavailable
from oxidizer.cluster.sandbox import Sandbox, SandboxUnavailable
from oxidizer.cluster.tarball import UnpackError
from oxidizer.cluster.toolchain import Toolchain
from oxidizer.miners.pulls.objects import Objects

_FEATURES: tuple[tuple[str, ...], ...] = (("--all-features",), ())
"""All features first: tests of optional ones are tests too."""


_LONG_S = 5.0
"""CPU seconds of one run of a tree's tests from which on its repository's are built with optimisation."""


class Unproven(Exception):
    """A change that cannot be proven: a stable word for reports, and a sentence for a person."""

    def __init__(self, cause: str, message: str) -> None:
        super().__init__(message)
        self.cause = cause


@dataclass(frozen=True)
class Standing:
    """How the trees of a change are built."""

    folder: str
    """Where the workspace lies in the repository, "." at its root."""
    features: tuple[str, ...]
    origin: Origin | None
    """Where the lock is from; None where a record says."""
    lock: bytes
    """Of the tree after, with what the other trees of the change need beside it."""
    env: tuple[tuple[str, str], ...]
    time_s: int | None = None
    """When it was written: UTC seconds. None where a record says what it is built with."""


@dataclass(frozen=True)
class Package:
    """One package of a tree, as the tree's tests are built."""

    facts: ManifestFacts
    cargo: Cargo
    features: tuple[str, ...]
    env: dict[str, str]

    def build(self, args: Sequence[str]) -> Build:
        """What a command that compiles shows of it."""
        return self.cargo.build(args, **self.env)


class Ground:
    """The folder and the sandbox that shows it."""

    def __init__(
        self, objects: Objects, checkout: Checkout, sandbox: Sandbox, toolchain: Toolchain, *, jobs: int, cap_s: float
    ) -> None:
        self._objects, self._checkout, self._sandbox, self._toolchain = objects, checkout, sandbox, toolchain
        self._jobs, self._cap_s = jobs, cap_s
        self._locks = PastLocks(toolchain)
        self._facts: tuple[ManifestFacts, ...] = ()
        self._features = list(_FEATURES)
        self._assertions, self._optimised = True, False
        self.standing: Standing | None = None
        """Of the last tree that was made ready."""
        self.project = Project(sandbox)
        """What builds it."""

    def ready(self, tree: str, time_s: int) -> tuple[Project, Side]:
        """Show a tree that was written at some time (UTC seconds), find a way in which all its tests are built, and run
        them once. Raises Unproven, GitError, SandboxUnavailable.
        """
        folder = self._lay(tree)
        root = self._checkout.root / folder
        refused: Side | None = None
        try:
            self._facts = read_facts(self._toolchain, root)
            for lock in self._locks.of(root, time_s):
                found, refused = self._tried(folder, lock)
                if found:
                    self._locks.built(lock)
                    project, side = found
                    self.project = project
                    env = tuple(sorted(project.env.items()))
                    self.standing = Standing(folder, tuple(project.features), lock.origin, lock.text, env, time_s)
                    return project, side
        except FetchError as error:
            raise Unproven(error.cause, str(error)) from error
        except RegistryUnavailable as error:
            raise SandboxUnavailable(str(error)) from error
        if refused is None:
            first = next(iter(self._locks.refused.values()))
            raise Unproven(first.cause, str(first))
        raise Unproven("after_does_not_build", refused.build.complaint)

    def recorded(self, tree: str, args: Sequence[str], env: Sequence[Mapping[str, str]], lock: bytes) -> None:
        """Show a tree as a record says that it was built: by the arguments and environment of its probe, and its lock.

        Raises Unproven, GitError, SandboxUnavailable.
        """
        folder = self._lay(tree)
        told = {variable["name"]: variable["value"] for variable in env}
        features = _FEATURES[0] if _FEATURES[0][0] in args else ()
        self.project = Project(self._sandbox, folder=folder, features=features, jobs=self._jobs, cap_s=self._cap_s)
        self.project.assertions = "CARGO_PROFILE_DEV_DEBUG_ASSERTIONS" not in told
        self.project.optimised = told.keys() >= OPTIMISED.keys()
        self.standing = Standing(folder, features, None, lock, tuple(sorted(told.items())), None)
        self._fit(folder)
        try:
            self._facts = read_facts(self._toolchain, self._checkout.root / folder)
        except FetchError as error:
            raise Unproven(error.cause, str(error)) from error

    def show(self, tree: str) -> None:
        """Show another tree of the same change, with the lock of the one that was made ready, fitted to its manifests.

        Raises Unproven, GitError, SandboxUnavailable.
        """
        assert self.standing is not None
        folder = self._lay(tree)
        if folder != self.standing.folder:
            raise Unproven("moved_workspace", f"the workspace lies in {folder} before, in {self.standing.folder} after")
        self._fit(folder)

    def _fit(self, folder: str) -> None:
        assert self.standing is not None
        try:
            lock = self._locks.fitted(self._checkout.root / folder, self.standing.lock, self.standing.time_s)
        except FetchError as error:
            raise Unproven(error.cause, str(error)) from error
        except RegistryUnavailable as error:
            raise SandboxUnavailable(str(error)) from error
        self.standing = replace(self.standing, lock=lock)

    def package(self, name: str) -> Package:
        """A package of the last tree that was made ready. Raises Unproven."""
        facts = next((facts for facts in self._facts if facts.name == name), None)
        if facts is None or self.standing is None or self.standing.folder != ".":
            raise Unproven("no_package", f"the error is not in a package of the repository's own root ({name})")
        cargo = Cargo(self._sandbox, name, member=facts.member, jobs=self._jobs)
        # How long tests take decides nothing about what compiles.
        env = {name: value for name, value in self.standing.env if name not in OPTIMISED}
        return Package(facts, cargo, self.standing.features, env)

    def packages_of(self, files: Collection[str]) -> set[str]:
        """The packages of the last tree that was made ready in which some files lie."""
        assert self.standing is not None
        return {found[0].name for file in files if (found := self.home(file))}

    @property
    def has_members(self) -> bool:
        """The last tree that was made ready has several packages."""
        return len(self._facts) > 1

    def words_for(self, test: TestId) -> tuple[str, ...]:
        """How cargo is told of the target that holds a test; nothing where that cannot be said in its words."""
        own = next((facts for facts in self._facts if facts.name == test.package), None)
        package = ("-p", test.package) if self.has_members else ()
        if test.is_doctest:
            return ("--doc", *package)
        kinds = [target.kinds for target in own.targets if target.name == test.target] if own else []
        # A library and a program may have one name.
        words = [word for found in kinds if "custom-build" not in found for word in _target(found, test.target)]
        return (*words, *package) if words else ()

    def home(self, file: str) -> tuple[ManifestFacts, str] | None:
        """The package of that tree that a file lies in, and the file relative to the workspace; None where none is."""
        assert self.standing is not None
        if not Path(file).is_relative_to(self.standing.folder):
            return None
        inner = Path(file).relative_to(self.standing.folder)
        holding = [facts for facts in self._facts if inner.is_relative_to(facts.member)]
        if not holding:
            return None
        return max(holding, key=lambda facts: len(Path(facts.member).parts)), inner.as_posix()

    def _lay(self, tree: str) -> str:
        """Have the folder hold a tree; where its workspace lies. Raises Unproven, and GitError for a hostile one."""
        listing = {path: (entry.mode, entry.oid) for path, entry in self._objects.tree(tree).items()}
        try:
            self._checkout.show(listing)
        except UnpackError as error:
            raise Unproven("hostile_tree", str(error)) from error
        folder = workspace_folder(listing)
        if f"{folder}/Cargo.lock".encode() not in listing and folder != ".":
            # It was made for the last tree.
            (self._checkout.root / folder / "Cargo.lock").unlink(missing_ok=True)
        return folder

    def _tried(self, folder: str, lock: PastLock) -> tuple[tuple[Project, Side] | None, Side]:
        """The tree as it stands under a lock, with all features or the default ones; the last side that was seen."""
        side: Side | None = None
        for project in self._projects(folder):
            side = project.test()
            if not side.compiled:
                continue
            if side.crashed and project.assertions:
                project.assertions = self._assertions = False
                side = project.test()
                if not side.compiled:
                    continue
            if side.cpu_s > _LONG_S and not project.optimised:
                project.optimised = self._optimised = True
                side = project.test()
                if not side.compiled:
                    continue
            # What built the last tree is tried first on the next one.
            self._features.sort(key=lambda features: features != project.features)
            return (project, side), side
        assert side is not None
        return None, side

    def _projects(self, folder: str) -> Iterator[Project]:
        for features in list(self._features):
            project = Project(self._sandbox, folder=folder, features=features, jobs=self._jobs, cap_s=self._cap_s)
            project.assertions, project.optimised = self._assertions, self._optimised
            yield project


def workspace_folder(paths: Collection[bytes]) -> str:
    """The folder of the manifest nearest to a tree's root. Raises Unproven where there is none, or several."""
    folders = [path.decode().removesuffix("Cargo.toml").rstrip("/") or "." for path in paths if _is_manifest(path)]
    if not folders:
        raise Unproven("no_manifest", "the tree has no Cargo.toml")
    depth = min(map(_depth, folders))
    nearest = sorted(folder for folder in folders if _depth(folder) == depth)
    if len(nearest) > 1:
        raise Unproven("several_workspaces", f"{', '.join(nearest[:3])} are workspaces side by side")
    return nearest[0]


def _target(kinds: Sequence[str], name: str) -> tuple[str, ...]:
    named = next((kind for kind in ("test", "bin", "example", "bench") if kind in kinds), None)
    return (f"--{named}", name) if named else ("--lib",)


def _is_manifest(path: bytes) -> bool:
    return path.rpartition(b"/")[2] == b"Cargo.toml"


def _depth(folder: str) -> int:
    return 0 if folder == "." else folder.count("/") + 1
