"""The compiler without cargo: the command lines that cargo uses for a crate's targets, recorded once and run again.

A run costs what rustc costs: no cargo, no fresh look at dependencies. It shows what the crate's own code shows, in the
same words as under cargo, with the recorded arguments and environment.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile

from oxidizer.cluster.build import FORGED_MESSAGES, NOTES
from oxidizer.cluster.cargo import Cargo
from oxidizer.cluster.collect import NotCollected
from oxidizer.cluster.diagnostics import Diagnostic, parse_diagnostic, relative
from oxidizer.cluster.door import BEHIND
from oxidizer.cluster.outcome import Cause, classify_status
from oxidizer.cluster.sandbox import ENVIRONMENT, SHIMS, TARGET, TOOLCHAIN, RunResult, Status

WORK = f"{TARGET}/oxidizer-batch"
"""Where direct runs of the compiler leave what they make."""
_NOTES = f"{WORK}/notes"
_NOTES_BYTES = 64 << 20

# What a run sets for itself; the first take their value with `=` or as the next argument.
_OURS = ("--emit", "--json", "--error-format", "--diagnostic-width", "--out-dir")
# What is the wrapper's, the shell's or cargo's own; the job server names files that only cargo has open.
_NOT_OURS = frozenset(
    {
        *ENVIRONMENT, "RUSTC_WORKSPACE_WRAPPER", "OXIDIZER_NOTES", "PWD", "OLDPWD", "_", "SHLVL",
        "CARGO_MAKEFLAGS", "MAKEFLAGS", "MFLAGS",
    }
)  # fmt: skip


_ERRORS = re.compile(r"aborting due to (?:(\d+) )?previous errors?")
_WARNINGS = re.compile(r"(\d+) warnings? emitted")
NOTHING = RunResult(Status.FAILED, None, b"", b"", 0.0, 0.0, 0, 0)
"""Of a command that was not run."""


class NoInvocation(Exception):
    """cargo did not show how it compiles the crate's targets."""


@dataclass(frozen=True)
class Invocation:
    """How cargo compiles one target."""

    flags: tuple[str, ...]
    """The target among cargo's arguments: `--lib`, or `--bin NAME`."""
    root: str
    """The target's root file, relative to the source's root."""
    folder: str
    args: tuple[str, ...]
    """The compiler's arguments without those that say what comes out of it."""
    env: Mapping[str, str]


@dataclass(frozen=True)
class Compiled:
    """What one run of the compiler came to."""

    run: RunResult
    diagnostics: tuple[Diagnostic, ...]
    """Errors and warnings, repetitions too: two mutants can show the same place of a macro of the standard library."""
    finished: bool
    """The compiler came to its end: it made the crate's metadata, or told of an error."""
    forged: tuple[str, ...] = ()
    """What was seen that the compiler does not say by itself."""

    @cached_property
    def cause(self) -> Cause | None:
        """Why the run was ended from outside."""
        return classify_status(self.run)


class Rustc:
    """The compiler, or clippy over it, on one target of a package."""

    def __init__(self, cargo: Cargo, target: Invocation, lints: Sequence[str] = ()) -> None:
        """With `lints` it is clippy, with its default groups and those lints at `warn`."""
        self.cargo, self.target, self.lints = cargo, target, tuple(lints)
        self._discarded = cargo.discarded

    def ready(self) -> None:
        """See that what cargo built for the target is there. Raises NoInvocation where that cannot be built again."""
        if self.cargo.discarded != self._discarded:
            record(self.cargo, self.target.flags)
            self._discarded = self.cargo.discarded

    def run(self, *, incremental: bool = False) -> Compiled:
        """Compile the sources as they are now, to metadata. Raises SandboxUnavailable.

        `incremental` starts from the last such run that had no error, which saves most where little has changed.
        """
        driver = (
            [f"{TOOLCHAIN}/bin/clippy-driver", f"{TOOLCHAIN}/bin/rustc"] if self.lints else [f"{TOOLCHAIN}/bin/rustc"]
        )
        ours = ["--error-format=json", "--json=artifacts", "--emit=metadata", f"--out-dir={WORK}"]
        ours += [f"-Cincremental={WORK}/incremental{'-lints' if self.lints else ''}"] if incremental else []
        warn = [word for lint in self.lints for word in ("-W", lint)]
        try:
            self.ready()
        except NoInvocation:
            return Compiled(NOTHING, (), finished=False)
        run = self.cargo.sandbox.run(
            [*driver, *self.target.args, *ours, *warn], env={**self.target.env, **BEHIND}, cwd=self.target.folder
        )
        return read_compiled(run)


def read_compiled(run: RunResult) -> Compiled:
    """A compiler's JSON messages, one a line on standard error."""
    diagnostics: list[Diagnostic] = []
    closing: list[str] = []
    forged: list[str] = []
    made = False
    for line in run.stderr.splitlines():
        if line.startswith(b"{"):
            kind, diagnostic = _read(line)
            made = made or kind == "artifact"
            forged += [kind] if kind in NOTES else []
            if diagnostic is None:
                continue
            if diagnostic.is_complaint:
                diagnostics.append(diagnostic)
            elif diagnostic.level.startswith(("error", "warning")):
                closing.append(diagnostic.message)
    # An exit code alone is the word of whatever ran inside the compiler.
    ended = (run.exit_code == 0 and made) or (run.exit_code == 1 and any(d.is_error for d in diagnostics))
    broke = any(d.is_ice for d in diagnostics)
    if ended and not broke and not _agree(diagnostics, closing):
        forged.append(FORGED_MESSAGES)
    ended = ended and not broke and not forged
    return Compiled(run, tuple(diagnostics), ended, tuple(dict.fromkeys(forged)))


def _agree(diagnostics: Sequence[Diagnostic], closing: Sequence[str]) -> bool:
    """The compiler counts what it has told, in one closing line of a run that told of anything."""
    counted = [
        sum(int(found[1] or 1) for found in pattern.finditer("; ".join(closing))) for pattern in (_ERRORS, _WARNINGS)
    ]
    errors = sum(d.is_error for d in diagnostics)
    return len(closing) <= 1 and counted == [errors, len(diagnostics) - errors]


def _read(line: bytes) -> tuple[str, Diagnostic | None]:
    """The kind of a message, and the diagnostic that it is; what only looks like one is a procedural macro's word."""
    try:
        message = json.loads(line)
        kind = str(message.get("oxidizer") or message.get("$message_type"))
        return kind, parse_diagnostic(message) if kind == "diagnostic" else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return "", None


def record(cargo: Cargo, targets: Sequence[str]) -> list[Invocation]:
    """How cargo compiles the package's library and programs (`targets`: `--lib`, `--bins`). Raises NoInvocation."""
    cargo.sandbox.run(["sh", "-c", 'rm -rf "$1" && mkdir -p "$1"', "sh", _NOTES])
    build = cargo.build(
        ["check", *targets, *cargo.features], RUSTC_WORKSPACE_WRAPPER=f"{SHIMS}/record-rustc", OXIDIZER_NOTES=_NOTES
    )
    if not build.succeeded or build.forged:
        raise NoInvocation(f"cargo check with a wrapper failed: {build.cause}")
    try:
        notes = cargo.sandbox.target.read_all(posixpath.relpath(_NOTES, TARGET), _NOTES_BYTES)
    except NotCollected as error:
        raise NoInvocation(f"the notes of the wrapper cannot be read: {error}") from error
    told = _notes(b"".join(notes.values()))
    found = [invocation for note in told if (invocation := _invocation(*note, cargo.package)) is not None]
    if not found:
        raise NoInvocation("cargo called no compiler for the package's own targets")
    if len({invocation.flags for invocation in found}) < len(found):
        # Whatever runs while building can write notes too.
        raise NoInvocation("a target was noted twice")
    return sorted(found, key=lambda i: (i.flags != ("--lib",), i.flags))


def _notes(text: bytes) -> Iterator[tuple[str, list[str], dict[str, str]]]:
    """Folder, arguments and environment of each note."""
    words = iter([word.decode("utf-8", "surrogateescape") for word in text.split(b"\0")[:-1]])
    for folder in words:
        args = [next(words, "") for _ in range(int(next(words, "0")))]
        yield folder, args, dict(word.partition("=")[::2] for word in takewhile(bool, words))


def _invocation(folder: str, args: Sequence[str], env: Mapping[str, str], package: str) -> Invocation | None:
    if env.get("CARGO_PKG_NAME") != package or "CARGO_PRIMARY_PACKAGE" not in env or "--test" in args:
        return None
    kept, root, words = [], "", iter(args[1:])
    for word in words:
        if word == "-C":
            value = next(words, "")
            kept += [] if value.startswith("incremental") else [word, value]
        elif word.startswith("-Cincremental"):
            continue
        elif word in _OURS:
            next(words, None)
        elif not word.startswith(tuple(f"{name}=" for name in _OURS)):
            kept.append(word)
            root = word if word.endswith(".rs") and not word.startswith("-") else root
    name = env.get("CARGO_BIN_NAME")
    own = {k: v for k, v in env.items() if k not in _NOT_OURS}
    return Invocation(
        ("--bin", name) if name else ("--lib",), relative(posixpath.join(folder, root)), folder, tuple(kept), own
    )
