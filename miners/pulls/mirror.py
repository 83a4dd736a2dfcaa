"""Repositories as the user names them: an address is cloned into a cache with its pull refs, a folder is read in place.

Only whole history is taken: what is shallow, partial, broken or empty is refused with the way out. A clone gets no
hooks, and nothing of it ever runs; it is fetched again, never repacked or pruned, so that readers lose nothing.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import git

from oxidizer.miners.pulls.plumbing import Git, GitError, known, make_store, objects_folder

REFSPECS = ("+refs/heads/*:refs/heads/*", "+refs/pull/*/head:refs/pull/*/head")
"""What a clone brings: a plain one has no pull refs, and tags tell nothing of pull requests."""
_PROTOCOLS = "https:http:ssh:git:file"
_ADDRESS = re.compile(r"(?:https?|ssh|git|file)://[^\s]+|[\w.-]+@[\w.-]+:[^\s:]+")
_PART = re.compile(r"[A-Za-z0-9_.-]{1,100}")


@dataclass(frozen=True)
class Mirror:
    """A repository with whole history on this machine."""

    git_dir: Path
    name: str
    """`<org>/<name>`."""
    head: str
    """The newest commit of the default branch, as it was when the mirror was opened."""
    url: str | None
    """Where it came from, without a password; None where a local repository does not say."""

    @property
    def address(self) -> str:
        """Where it is developed: where it came from, else what `<org>/<name>` means to those who read records."""
        return self.url or f"https://github.com/{self.name}"


def open_mirror(source: str, cache: Path, *, head: str | None = None) -> Mirror:
    """A repository by its address or folder, ready to be read. Raises GitError, each cause with the way out.

    Causes: `not_a_repository`, `unknown_format`, `unreachable`, `no_name`, `shallow`, `partial_clone`, `empty`,
    `missing_object`, `broken_repository`. With a commit's id for `head`, a clone that has this commit is taken as it
    is, and what was made after it is not looked at.
    """
    if _ADDRESS.fullmatch(source):
        name = named(source)
        git_dir = _cloned(source, cache / f"{name.replace('/', '+')}.git", head)
        return Mirror(git_dir, name, check_whole(git_dir, head), without_password(source))
    git_dir = folder_of(source)
    url = _origin(git_dir)
    return Mirror(git_dir, named(url or "", git_dir), check_whole(git_dir, head), url)


def called(source: str) -> str:
    """The name of a repository by its address or folder, which is not looked at further. Raises GitError."""
    if _ADDRESS.fullmatch(source):
        return named(source)
    git_dir = folder_of(source)
    return named(_origin(git_dir) or "", git_dir)


def without_password(address: str) -> str:
    """An address without what stands before its host, which may be a secret; an ssh address keeps its user."""
    return re.sub(r"^(https?://)[^/@]*@", r"\1", address)


def named(url: str, folder: Path | None = None) -> str:
    """`<org>/<name>` of an address; else of a folder `<org>+<name>` or `<org>/<name>`. Raises GitError (`no_name`)."""
    candidates = [re.split(r"[/:]+", url.rstrip("/"))[-2:]] if url else []
    if folder is not None:
        parts = [part for part in folder.parts if part not in (".git", "repo")]
        candidates += [part.removesuffix(".git").split("+") for part in parts[-1:]] + [parts[-2:]]
    for pair in candidates:
        last = [part.removesuffix(".git") for part in pair]
        if len(last) == 2 and all(_PART.fullmatch(part) and part.strip(".") for part in last):
            return "/".join(last)
    raise GitError("no_name", f"{url or folder} does not end in <org>/<name>: move it to a folder that does")


def folder_of(source: str) -> Path:
    """The git folder of a local repository, bare or not. Raises GitError where there is none."""
    path = Path(source).expanduser().absolute()
    if not source or not path.is_dir():
        raise GitError("not_a_repository", f"{source!r} is neither an address of git nor a folder that is there")
    chosen = path / ".git" if (path / ".git").exists() else path
    said = Git(chosen).run("rev-parse", "--path-format=absolute", "--git-common-dir")
    return Path(os.fsdecode(said).rstrip("\n"))


def _origin(git_dir: Path) -> str | None:
    """The address that a local repository was cloned from, where it is one of the net."""
    try:
        said = Git(git_dir).run("config", "--local", "--no-includes", "--get", "remote.origin.url")
    except GitError:
        return None
    url = without_password(said.decode(errors="replace").strip())
    return url if _ADDRESS.fullmatch(url) and not url.startswith("file:") else None


def check_whole(git_dir: Path, head: str | None = None) -> str:
    """A commit, or that at HEAD, all of whose history is there. Raises GitError where the repository lacks it."""
    folder = objects_folder(git_dir)
    shallow = git_dir / "shallow"
    if shallow.is_file() and shallow.stat().st_size:
        raise GitError("shallow", f"{git_dir} has a part of its history: `git fetch --unshallow`, then run again")
    if head is not None and not _has(git_dir, head):
        raise GitError("missing_object", f"{git_dir} has no commit {head} any more: bring that back, or begin anew")
    try:
        head = head or Git(git_dir).run("rev-parse", "--verify", "--quiet", "HEAD^{commit}").decode().strip()
    except GitError as error:
        raise _headless(git_dir, error) from error
    with tempfile.TemporaryDirectory() as store:
        try:
            _walk(make_store(Path(store), folder), head, is_partial=any(folder.glob("pack/*.promisor")))
        except GitError as error:
            raise GitError(
                error.cause, f"{git_dir} is broken: {error}; `git fsck` tells more, clone it again"
            ) from error
    return head


def _has(git_dir: Path, commit: str) -> bool:
    try:
        return Git(git_dir).run("cat-file", "-t", known(commit)) == b"commit\n"
    except GitError:
        return False


def _walk(store: Git, head: str, is_partial: bool) -> None:
    """Meet every commit of the history; in what was a partial clone every file too, which may have come since."""
    store.run("rev-list", "--quiet", head)
    try:
        if is_partial:
            store.run("rev-list", "--quiet", "--objects", head)
    except GitError as error:
        raise GitError("partial_clone", f"it lacks files (clone it without --filter): {error}") from error


def _headless(git_dir: Path, error: GitError) -> GitError:
    """Why there is no commit at HEAD."""
    try:
        is_empty = error.cause == "nothing_found" and not Git(git_dir).run("for-each-ref", "--count=1")
    except GitError as worse:
        # A branch names a commit that is not there.
        error, is_empty = worse, False
    if is_empty:
        return GitError("empty", f"{git_dir} has no commits: give another one")
    if error.cause == "nothing_found":
        return GitError("no_head", f"HEAD of {git_dir} names no branch that is there: `git symbolic-ref HEAD` sets it")
    return GitError(error.cause, f"{git_dir} is broken: {error}; `git fsck` tells more, clone it again")


def _cloned(address: str, dest: Path, head: str | None) -> Path:
    """The clone of an address in the cache, brought up to date unless it has the wanted head; a broken try leaves
    nothing behind.
    """
    dest.parent.mkdir(parents=True, exist_ok=True)
    with _alone(dest.with_suffix(".lock")):
        if dest.exists():
            if head is None or not _has(dest, head):
                _fetch(address, dest)
            return dest
        part = Path(tempfile.mkdtemp(dir=dest.parent, prefix=f"{dest.name}.part-"))
        try:
            make_store(part, lasting=True)
            _fetch(address, part)
            part.rename(dest)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
    return dest


def _fetch(address: str, git_dir: Path) -> None:
    """Bring heads and pull refs, and point HEAD at the other side's."""
    repo = git.cmd.Git(git_dir)
    own = {"GIT_DIR": str(git_dir), "GIT_OBJECT_DIRECTORY": str(git_dir / "objects")}
    repo.update_environment(**_ENVIRONMENT, **own)
    try:
        repo.fetch("--quiet", "--prune", "--no-tags", "--no-auto-maintenance", "--no-write-fetch-head", "--force",
                   "--end-of-options", address, *REFSPECS)  # fmt: skip
        told = str(repo.ls_remote("--symref", "--end-of-options", address, "HEAD"))
        branch = re.match(r"ref: (refs/heads/\S+)\tHEAD", told)
        if branch:
            repo.symbolic_ref("HEAD", branch[1])
    except git.exc.GitCommandError as error:
        said = " ".join(str(error.stderr).split())[:300]
        raise GitError("unreachable", f"{without_password(address)} cannot be fetched: {said}") from error
    except git.exc.GitCommandNotFound:
        raise GitError("no_git", "git is not installed: install it") from None


_ENVIRONMENT = {
    "GIT_TERMINAL_PROMPT": "0", "GIT_ALLOW_PROTOCOL": _PROTOCOLS, "LC_ALL": "C",
    "GIT_HTTP_LOW_SPEED_LIMIT": "1000", "GIT_HTTP_LOW_SPEED_TIME": "120",
}  # fmt: skip
"""The user's own configuration holds here: it may say how to reach the network, and with which credentials."""


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """One process at a time in the block; the others wait."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
