"""The folder that a reproduction leaves: the code before and after, the patches, and what to type to see it.

Everything in it is a stranger's: the README says so, and shows nothing of theirs that a terminal would obey.
"""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from oxidizer.cluster.fetch import check_surroundings
from oxidizer.cluster.toolchain import Toolchain, rustup_name
from oxidizer.cluster.visible import visible

_WARNING = """\
This is code of strangers, and cargo runs it: build scripts, macros and tests do what they like with your rights.
`oxidizer reproduce ... --shell` opens a shell in a sandbox instead, without network, that shows this folder alone.
"""
_PATCHES = {"setup.patch": "makes `before` of the source as published", "fix.patch": "makes `after` of `before`"}


@dataclass(frozen=True)
class Try:
    """A line to type in `before` or `after`, and what it shows."""

    folder: str
    args: tuple[str, ...]
    """cargo's."""
    shows: str
    env: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Handout:
    """What goes into the folder. `before` and `after` are the files that differ from the source; None: no such tree."""

    title: str
    said: str
    """The diagnostic, or the cause, as it was shown."""
    tries: Sequence[Try]
    member: str = "."
    before: Mapping[str, bytes] | None = None
    after: Mapping[str, bytes] | None = None
    patches: Mapping[str, str] = field(default_factory=dict)
    """setup.patch, fix.patch; foreign bytes as surrogate escapes."""


def check_place(out: Path) -> None:
    """Raises ValueError where a handout cannot be left, before any work: what is there is never written over."""
    if out.exists() or out.is_symlink():
        raise ValueError(f"{out} is there already, and is not written over: give another --out, or move it away")
    if not out.resolve().parent.is_dir():
        raise ValueError(f"there is no folder {out.resolve().parent} to make {out.name} in")
    try:
        check_surroundings(out.resolve() / "before")
    except ValueError as error:
        raise ValueError(f"{error} (--out FOLDER)") from error


def leave(handout: Handout, tree: Path | None, toolchain: Toolchain, out: Path) -> None:
    """Make the folder `out` from a source `tree`; it has its name only when it is whole. Raises OSError."""
    part = out.with_name(f".{out.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    for name, changed in (("before", handout.before), ("after", handout.after)):
        if tree is not None and changed is not None:
            shutil.copytree(tree, part / name, symlinks=True)
            for file, text in changed.items():
                (part / name / file).write_bytes(text)
    for name, patch in handout.patches.items():
        (part / name).write_bytes(patch.encode("utf-8", "surrogateescape"))
    (part / "README.md").write_text(_readme(handout, toolchain), "utf-8", "replace")
    part.rename(out)


def _readme(handout: Handout, toolchain: Toolchain) -> str:
    name = rustup_name(toolchain.version)
    elsewhere = f"elsewhere: rustup toolchain install {name}, then cargo +{name}" if name else "this very toolchain"
    parts = [f"# {_line(handout.title)}", _WARNING]
    if handout.said:
        parts.append(_fenced(handout.said))
    if handout.tries:
        lines = [
            f"export PATH={shlex.quote(str(toolchain.bin))}:$PATH   # {toolchain.version}; {elsewhere}",
            *(line for one in handout.tries for line in _typed(one, handout.member)),
        ]
        parts += ["From this folder:", _fenced("\n".join(lines), "sh")]
        parts.append("`Cargo.lock` in each tree is the record's, and the features are among the words above.")
    if handout.patches:
        told = [f"`{name}` {_PATCHES[name]}" for name in handout.patches]
        parts.append(f"For `git apply -p1`: {', '.join(told)}.")
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _typed(one: Try, member: str) -> list[str]:
    words = [f"{name}={shlex.quote(value)}" for name, value in one.env]
    folder = one.folder if member == "." else f"{one.folder}/{member}"
    return [
        f"# {_line(one.shows)}",
        f"(cd {shlex.quote(folder)} && {' '.join([*words, 'cargo', shlex.join(one.args)])})",
    ]


def _line(text: str) -> str:
    return " ".join(visible(text).split())


def _fenced(text: str, language: str = "text") -> str:
    # A fence longer than any run of backticks inside.
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence}{language}\n{visible(text).rstrip()}\n{fence}"
