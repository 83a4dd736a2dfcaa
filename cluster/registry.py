"""Cargo as the one who talks to registries: with the user's settings, never a crate's, and running no crate code.

Cargo's resolver speaks text only; `CAUSES` is the one place that reads it. What says nothing about the crate (network,
registry, credentials, disk) raises `RegistryUnavailable`, also where the text is not known to us.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import ClassVar

from oxidizer.cluster.sandbox import RunResult, Status
from oxidizer.cluster.scratch import scratch
from oxidizer.cluster.toolchain import Toolchain

_COMMAND_S = 900.0
_PASSED_ON = re.compile(
    r"HOME|USER|CARGO_HOME|CARGO_(NET|HTTP|REGISTRY|REGISTRIES|CREDENTIAL)(_\w+)?|(?i:https?|all|no|ftp)_(?i:proxy)"
    r"|SSL_CERT_(FILE|DIR)|GIT_SSL_CAINFO|GIT_SSH_COMMAND|SSH_AUTH_SOCK|TMPDIR"
)


class RegistryUnavailable(Exception):
    """The registry, the network or this machine failed. It says nothing about the crate and is retried."""


class UnknownWords(RegistryUnavailable):
    """Cargo failed, and what it said is not known to us."""


class FetchError(Exception):
    """The crate itself cannot be prepared. `cause` is a stable word for reports."""

    cause: ClassVar[str]


class NoSuchCrate(FetchError):
    """The registry has no crate of this name."""

    cause = "no_such_crate"


class NoSuchVersion(FetchError):
    """The registry has the crate, but not this version."""

    cause = "no_such_version"


class NoSuchFeature(FetchError):
    """A feature was asked for that the crate does not have."""

    cause = "no_such_feature"


class Yanked(FetchError):
    """The version was withdrawn by its author."""

    cause = "yanked"


class MissingDependency(FetchError):
    """A dependency, or the version of it that is needed, is not in the registry."""

    cause = "missing_dependency"


class YankedDependency(FetchError):
    """All versions of a dependency that would do were withdrawn."""

    cause = "yanked_dependency"


class BrokenManifest(FetchError):
    """Cargo cannot read the crate's manifest, or it points out of the crate."""

    cause = "broken_manifest"


class GitDependency(FetchError):
    """A dependency is a repository's commit, not what was published."""

    cause = "git_dependency"


class ChecksumMismatch(FetchError):
    """What was downloaded is not what the registry's index promises."""

    cause = "checksum_mismatch"


class HostileArchive(FetchError):
    """The archive, or the manifest in it, is not what cargo would have published."""

    cause = "hostile_archive"


class Unresolvable(FetchError):
    """The dependencies exist, but no choice of versions satisfies all of them."""

    cause = "unresolvable"


class NeedsNewerRust(FetchError):
    """The crate asks for a newer toolchain than this run's."""

    cause = "needs_newer_rust"


class StaleLock(FetchError):
    """The lock file that a crate ships does not fit its manifest; never fatal, one is made instead."""

    cause = "stale_lock"


class SourceChanged(FetchError):
    """A crate of the user's own is not any more what it was when the run was planned."""

    cause = "source_changed"


_STUB = "oxidizer-fetch-only"
"""The package that asks for a crate; what it requires itself is about the crate, not about a dependency."""

_OF_STUB = rf"required by package `{_STUB} "

CAUSES: tuple[tuple[str, type[FetchError]], ...] = (
    (r"--locked was passed|failed to parse lock file", StaleLock),
    (r"failed to verify the checksum of|checksum for `.*` changed between lock files", ChecksumMismatch),
    (r"requires rustc \d|older than the `\w+` edition|supported edition values are|unknown Cargo\.toml feature"
     r"|requires the Cargo feature|feature `\w+` is required|lock file version .* requires"
     r"|lock file version `\d+` was found", NeedsNewerRust),
    (r"failed to (parse|load|read) manifest|Cargo\.toml:\d+:\d+|error inheriting|feature `.*` includes `"
     r"|can't find (library|`.*` (bin|test|bench|example))|no targets specified in the manifest"
     r"|failed to find .* in path source|package ID specification|virtual manifest"
     r"|package collision in the lockfile|failed to resolve patches for", BrokenManifest),
    (r"failed to unpack package|failed to iterate over archive|invalid tarball downloaded", HostileArchive),
    (r"which could resolve this conflict|cyclic package dependency|links to the native library"
     r"|does not have (the|these|that) features?", Unresolvable),
    (rf"no matching package named [\s\S]*?\n{_OF_STUB}", NoSuchCrate),
    (rf"version \S+ is yanked[\s\S]*?\n{_OF_STUB}", Yanked),
    (rf"failed to select a version for the requirement[\s\S]*?\n{_OF_STUB}", NoSuchVersion),
    (r"version \S+ is yanked|versions .* are yanked", YankedDependency),
    (r"no matching package|failed to select a version for the requirement|no matching versions", MissingDependency),
    (r"\A(?=[\s\S]*failed to get `)(?=[\s\S]*(Unable to update|failed to load source))(?=[\s\S]*No such file)",
     MissingDependency),
)  # fmt: skip
"""What cargo's words mean, first match wins; recorded outputs of cargo 1.95 are in tests/integration/test_fetch.py."""

_MOST_WORDS = 20_000
_LOCAL = ("metadata", "locate-project")
_OURS = re.compile(
    r"failed to get successful HTTP response|spurious network error|Could not (connect|resolve)|^ *\[\d+\] "
    r"|timed? ?out|config\.json not found|download of .* failed|failed to download from|failed to fetch |authenticat"
    r"|credential|No space left|attempting to make an HTTP request|offline mode|Permission denied"
    r"|could not (load|parse) (TOML |Cargo )?configuration",
    re.MULTILINE,
)


Listener = Callable[[Sequence[str], RunResult, float], None]
"""Hears of a command, what it came to, and when it began (monotonic). CPU time and memory are not measured here."""
_LISTENER: ContextVar[Listener | None] = ContextVar("listener", default=None)
_LOGIN = re.compile(rb"://[^/\s@]+@")


@contextmanager
def overheard(listener: Listener) -> Iterator[None]:
    """Each of our cargo commands inside the block is told to `listener`, without the logins that addresses hold."""
    token = _LISTENER.set(listener)
    try:
        yield
    finally:
        _LISTENER.reset(token)


@contextmanager
def stub_of(name: str, requirement: str) -> Iterator[Path]:
    """The manifest of a package of ours that depends on versions of a crate, and does nothing else."""
    with scratch("stub") as folder:
        stub = folder.resolve()
        (stub / "src").mkdir()
        (stub / "src/lib.rs").touch()
        (stub / "Cargo.toml").write_text(
            f'[package]\nname = "{_STUB}"\nversion = "0.0.0"\nedition = "2021"\n[workspace]\n'
            f'[dependencies.{name}]\nversion = "{requirement}"\ndefault-features = false\n'
        )
        yield stub / "Cargo.toml"


def run_cargo(toolchain: Toolchain, args: Sequence[str], manifest: Path, env: Mapping[str, str] | None = None) -> bytes:
    """What `cargo <args> --manifest-path` prints, run from / so that no configuration of the crate's is read.

    `env` is laid over what cargo may know of ours. Raises a FetchError or RegistryUnavailable where cargo fails.
    """
    argv = [str(toolchain.bin / "cargo"), *args, "--manifest-path", str(manifest)]
    began = time.monotonic()
    try:
        done = subprocess.run(
            argv,
            cwd="/",
            env={**cargo_environment(toolchain, os.environ), **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_COMMAND_S,
        )
    except subprocess.TimeoutExpired as late:
        _tell(argv, began, None, late.stdout or b"", late.stderr or b"")
        raise RegistryUnavailable(f"cargo {args[0]} took longer than {_COMMAND_S:.0f} s") from None
    except OSError as error:
        raise RegistryUnavailable(f"cargo cannot be run: {error}") from error
    _tell(argv, began, done.returncode, done.stdout, done.stderr)
    if done.returncode < 0:
        raise RegistryUnavailable(f"cargo {args[0]} was killed by signal {-done.returncode}")
    if done.returncode:
        raise classify(done.stderr.decode(errors="replace"), local=args[0] in _LOCAL)
    return done.stdout


def _tell(argv: Sequence[str], began: float, exit_code: int | None, stdout: bytes, stderr: bytes) -> None:
    if listener := _LISTENER.get():
        status = Status.TIMEOUT if exit_code is None else Status.FAILED if exit_code else Status.OK
        out, err = (_LOGIN.sub(b"://...@", text) for text in (stdout, stderr))
        listener(argv, RunResult(status, exit_code, out, err, time.monotonic() - began, 0.0, 0, 0), began)


def classify(stderr: str, local: bool = False) -> FetchError | RegistryUnavailable:
    """The exception that a failed cargo's words stand for.

    Unknown words of a command that only reads manifests (`local`) are about those, else about the registry.
    """
    # What cargo says may quote a manifest, and the patterns below cost more than the text is long.
    lines = stderr[:_MOST_WORDS].splitlines()
    text = "\n".join(line for line in lines if not re.match(r" *(Updating|Locking|Download)", line))
    message = text[max(text.find("error"), 0) :].strip()[:1500]
    # Names and addresses stand in backticks: a crate called `authenticator` is no trouble with the network.
    if _OURS.search(re.sub(r"`[^`\n]*`", "", text)):
        return RegistryUnavailable(message)
    for pattern, kind in CAUSES:
        if re.search(pattern, text):
            return kind(message)
    if local:
        return BrokenManifest(message)
    return UnknownWords(f"cargo failed for a reason that we do not know: {message}")


def cargo_environment(toolchain: Toolchain, outside: Mapping[str, str]) -> dict[str, str]:
    """What cargo may know of the user's environment: registry, proxy and certificates; wrappers are off."""
    kept = {key: value for key, value in outside.items() if _PASSED_ON.fullmatch(key)}
    return {
        **kept,
        "PATH": f"{toolchain.bin}:{outside.get('PATH', '/usr/bin:/bin')}",
        "RUSTC": str(toolchain.bin / "rustc"),
        "RUSTC_WRAPPER": "",
        "RUSTC_WORKSPACE_WRAPPER": "",
        "CARGO_TERM_COLOR": "never",
        "LC_ALL": "C.UTF-8",
    }
