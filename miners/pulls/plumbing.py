"""git as a program: in a store of our own beside a repository, which is read and never written, configured or obeyed.

The store is a bare repository that borrows the other's objects. What git runs or believes on a repository's word lies
outside of it: configuration, hooks, filters, attributes, grafts, replaced objects, remotes to fetch from.
Not promised: that a local repository's packs are what their indexes say (`git fsck` tells); a clone's are checked.
"""

from __future__ import annotations

import hashlib
import os
import re
import signal
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

OID = re.compile(r"[0-9a-f]{40}")
PATIENCE_S = 600.0
"""No command of ours may take longer."""
_EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
_CONFIG = """[core]
\trepositoryformatversion = 0
\tbare = true
\tattributesFile = /dev/null
\thooksPath = /dev/null
\tcommitGraph = false
[gc]
\tauto = 0
[pack]
\tthreads = 1
"""
_FLEETING = "[core]\n\tfsync = none\n"
"""What is thrown away soon need not survive the machine."""


class GitError(Exception):
    """What git could not give. `cause` is a stable word for it, the message is for a person."""

    def __init__(self, cause: str, message: str) -> None:
        super().__init__(cause, message)
        self.cause = cause

    def __str__(self) -> str:
        return str(self.args[1])


@dataclass(frozen=True)
class Git:
    """git, bound to one `GIT_DIR`."""

    git_dir: Path

    def run(self, *args: str, stdin: bytes = b"", limit: int | None = None, env: dict[str, str] | None = None) -> bytes:
        """What a command prints. Raises GitError where it fails, takes too long or prints more than `limit` bytes."""
        return self.pipe([args], stdin, limit, env)

    def pipe(
        self, commands: Sequence[Sequence[str]], stdin: bytes = b"", limit: int | None = None,
        env: dict[str, str] | None = None,
    ) -> bytes:  # fmt: skip
        """What the last of several commands prints, each fed by the one before it; raises what `run` does."""
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as said:
            given.write(stdin)
            given.seek(0)
            started: list[subprocess.Popen[bytes]] = []
            timer = threading.Timer(PATIENCE_S, _kill, [started])
            timer.start()
            try:
                source: IO[bytes] = given
                for args in commands:
                    started.append(self.start(args, source, said, env))
                    source.close()
                    source = _output(started[-1])
                out = _read(source, limit, commands[-1][0])
            except BaseException:
                _kill(started)
                raise
            finally:
                for process in started:
                    _output(process).close()
                    process.wait()
                timer.cancel()
            said.seek(0)
            words = said.read(4096).decode(errors="replace")
        ends = [(args[0], process.returncode) for args, process in zip(commands, started, strict=True)]
        # The first that failed is why those behind it did, unless nobody read it any more.
        if failed := sorted((end for end in ends if end[1]), key=lambda end: end[1] == -signal.SIGPIPE):
            raise failure(*failed[0], words)
        return out

    def start(
        self, args: Sequence[str], stdin: IO[bytes] | int, stderr: IO[bytes] | int, env: dict[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """A command that runs, its output a pipe."""
        try:
            return subprocess.Popen(
                ["git", *args], cwd="/", env=environment(self.git_dir) | (env or {}),
                stdin=stdin, stdout=subprocess.PIPE, stderr=stderr,
            )  # fmt: skip
        except FileNotFoundError:
            raise GitError("no_git", "git is not installed: install it") from None


def _kill(started: list[subprocess.Popen[bytes]]) -> None:
    for process in started:
        process.kill()


def _output(process: subprocess.Popen[bytes]) -> IO[bytes]:
    assert process.stdout is not None
    return process.stdout


def _read(stream: IO[bytes], limit: int | None, command: str) -> bytes:
    """The whole stream, of which no more is held than the limit and a byte."""
    if limit is None:
        return stream.read()
    out = stream.read(limit + 1)
    if len(out) > limit:
        raise GitError("too_large", f"git {command} prints more than {limit:,} bytes")
    return out


def environment(git_dir: Path) -> dict[str, str]:
    """All that a git of ours knows of the machine it runs on."""
    return {
        "PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "GIT_DIR": str(git_dir), "HOME": "/nonexistent",
        "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_SYSTEM": os.devnull, "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1", "GIT_ATTR_SOURCE": _EMPTY_TREE, "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_NO_LAZY_FETCH": "1", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_ALLOW_PROTOCOL": "",
    }  # fmt: skip


_WORDS = (
    (r"not a git repository|invalid gitfile", "not_a_repository"),
    (r"unknown repository extension|Expected git repo version", "unknown_format"),
    (r"corrupt|inflate|bad config|malformed|could not parse|too-short tree|bad signature"
     r"|does not match index|packfile .* cannot be accessed", "broken_repository"),
    (r"missing|bad object|bad tree object|unable to read|Could not read|could not get object info|Failed to traverse"
     r"|[Nn]ot a valid (?:object|commit)|unable to find|does not exist|invalid object|bad revision|unknown revision"
     r"|cannot read|fatal: ambiguous argument|not a tree object", "missing_object"),
    (r"No space left|Disk quota", "no_space"),
)  # fmt: skip


def failure(command: str, code: int, said: str) -> GitError:
    """The error for a command that failed, its cause told by git's words (of the C locale)."""
    words = " ".join(said.split())[:300]
    if code == 1 and not words:
        return GitError("nothing_found", f"git {command} found nothing")
    if code < 0:
        return GitError("timeout", f"git {command} was ended by signal {-code}: {words}")
    cause = next((cause for pattern, cause in _WORDS if re.search(pattern, said)), "git_failed")
    return GitError(cause, f"git {command} failed ({code}): {words}")


def make_store(folder: Path, borrowed: Path | None = None, *, lasting: bool = False) -> Git:
    """An empty repository in `folder`, made where it is missing, that sees the objects of the folder `borrowed` too."""
    for name in ("objects/info", "objects/pack", "refs"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    write(folder / "HEAD", "ref: refs/heads/none\n")
    write(folder / "config", _CONFIG if lasting else _CONFIG + _FLEETING)
    if borrowed is not None:
        if "\n" in str(borrowed):
            raise GitError("not_a_repository", f"{str(borrowed)!r} has a line break in its name: move it")
        write(folder / "objects" / "info" / "alternates", f"{borrowed}\n")
    return Git(folder)


def write(path: Path, text: str) -> None:
    """Make a small file, whole at any moment: others may read it, and write the same."""
    part = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}")
    part.write_text(text, encoding="utf-8", errors="surrogateescape")
    part.replace(path)


def store_name(source: Path) -> str:
    """What the store beside a repository is called: two repositories never share one."""
    return hashlib.sha256(os.fsencode(source.resolve())).hexdigest()[:16] + ".git"


def objects_folder(git_dir: Path) -> Path:
    """Where a repository keeps its objects. Raises GitError where it is none, or none that we can read."""
    said = Git(git_dir).run("rev-parse", "--path-format=absolute", "--show-object-format", "--git-path", "objects")
    kind, _, path = said.decode(errors="surrogateescape").rstrip("\n").partition("\n")
    if kind != "sha1":
        raise GitError(
            "unknown_format", f"{git_dir} names its objects by {kind}, and ours are SHA-1: use another clone"
        )
    return Path(path)


def known(oid: str) -> str:
    """The id itself. Raises GitError where it is none: nothing else is ever handed to git as one."""
    if not OID.fullmatch(oid):
        raise GitError("bad_id", f"{oid[:60]!r} is no id of an object")
    return oid
