"""Files of a corpus: each is written under a name of its writer's own, and then has its final one."""

from __future__ import annotations

import fcntl
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MANIFEST = "manifest.json"
"""Written last: its existence means complete."""


class AtWork(ValueError):
    """Another build is at work in the folder."""


@contextmanager
def held(path: Path) -> Iterator[None]:
    """A folder, made where it is not there, in which nobody else works inside the block. Raises AtWork."""
    descriptor = os.open(folder(path), os.O_RDONLY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AtWork(f"another build is at work in {path}: wait for it, or give another --out") from error
        yield
    finally:
        os.close(descriptor)


def folder(path: Path) -> Path:
    """The folder, made where it is not there."""
    path.mkdir(parents=True, exist_ok=True)
    return path


def draft_of(path: Path) -> Path:
    """A name beside a file that nobody else writes under: a worker may outlive its build."""
    return path.with_name(f".{path.name}.{os.getpid()}.{uuid.uuid4().hex[:8]}.part")


def write(path: Path, text: str) -> None:
    """Write a text: a reader sees all of it or nothing."""
    draft = draft_of(folder(path.parent) / path.name)
    draft.write_text(text, "utf-8")
    draft.rename(path)
