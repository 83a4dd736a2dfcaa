"""Objects read one after the other through one git that stays (`git cat-file --batch-command`)."""

from __future__ import annotations

import subprocess
from types import TracebackType
from typing import IO

from oxidizer.miners.pulls.plumbing import Git, GitError, known

OBJECT_BYTES = 64 << 20
"""The largest object that is read into memory."""


class CatFile:
    """A reader of objects; not for several threads at once. It starts when it is needed and after it broke."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> CatFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End git; a later read starts it again."""
        if self._process is not None:
            process, self._process = self._process, None
            process.kill()
            for stream in _streams(process):
                stream.close()
            process.wait()

    def info(self, oid: str) -> tuple[str, int]:
        """An object's type and size in bytes, without reading it."""
        return self._ask("info", oid)

    def read(self, oid: str, kind: str, limit: int = OBJECT_BYTES) -> bytes:
        """An object's content. Raises GitError where it is missing, broken, of another type or larger than `limit`."""
        found, size = self.info(oid)
        if found != kind:
            raise GitError("missing_object", f"{oid} is a {found}, no {kind}")
        if size > limit:
            raise GitError("too_large", f"{kind} {oid} has {size:,} bytes, more than {limit:,}")
        return self._content(oid, self._ask("contents", oid)[1])

    def _ask(self, command: str, oid: str) -> tuple[str, int]:
        question = f"{command} {known(oid)}\n".encode()
        try:
            asked, answers = self._open()
            asked.write(question)
            asked.flush()
            words = answers.readline().split()
        except BrokenPipeError:
            words = []
        if len(words) == 3:
            return words[1].decode(), int(words[2])
        if words[1:] == [b"missing"]:
            raise self._missing(oid)
        raise self._broken(oid)

    def _missing(self, oid: str) -> GitError:
        """git calls an object missing too that is there and cannot be unpacked: asked for it alone, it says which."""
        try:
            self._git.run("cat-file", "-t", oid)
        except GitError as error:
            if error.cause == "broken_repository":
                return self._broken(oid)
        return GitError("missing_object", f"object {oid} is not in the repository: fetch it again, whole")

    def _content(self, oid: str, size: int) -> bytes:
        content = self._open()[1].read(size + 1)
        if len(content) != size + 1:
            raise self._broken(oid)
        return content[:-1]

    def _broken(self, oid: str) -> GitError:
        """git ends when it meets an object that it cannot unpack."""
        self.close()
        return GitError("broken_repository", f"object {oid} cannot be read: `git fsck` tells more; fetch it again")

    def _open(self) -> tuple[IO[bytes], IO[bytes]]:
        if self._process is None:
            self._process = self._git.start(
                ["cat-file", "--batch-command"], subprocess.PIPE, subprocess.DEVNULL
            )  # fmt: skip
        asked, answers = _streams(self._process)
        return asked, answers


def _streams(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    assert process.stdin is not None
    assert process.stdout is not None
    return process.stdin, process.stdout
