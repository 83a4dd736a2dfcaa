"""Files of a corpus: each is written under a name of its writer's own, and then has its final one."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

MANIFEST = "manifest.json"
"""Written last: its existence means complete."""


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
