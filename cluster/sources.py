"""A crate's source files on the host: as they were published, and with edits in them for a while.

Promises: after each block the files are what they were, with fresh times (cargo would take an old time for an old
build), and nothing outside of the folder is read or touched, whatever name a tool gives a file.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from oxidizer.cluster.edits import Edit, apply, by_file


class Sources:
    """The files below one folder, `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._files: dict[str, bytes] = {}

    def read(self, file: str) -> bytes:
        """A source file as it was published. Raises FileNotFoundError, also for a name that leads out of the source."""
        if file not in self._files:
            # Tools name what a `#[path]` leads to: there it is the sandbox's file, here it would be the host's.
            if file.startswith("/") or ".." in file.split("/"):
                raise FileNotFoundError(f"{file} is not below the source")
            self._files[file] = (self.root / file).read_bytes()
        return self._files[file]

    def texts(self, *layers: Sequence[Edit]) -> dict[str, bytes]:
        """The files that differ from the source once all layers are applied, one after the other.

        Raises EditConflict, and FileNotFoundError where an edit names no file.
        """
        texts: dict[str, bytes] = {}
        for layer in layers:
            for file, group in by_file(layer).items():
                texts[file] = apply(texts[file] if file in texts else self.read(file), group)
        return {file: text for file, text in texts.items() if text != self.read(file)}

    def reader(self, *layers: Sequence[Edit]) -> Callable[[str], bytes]:
        """As `read`, of the files with all layers applied. Raises EditConflict, FileNotFoundError."""
        changed = self.texts(*layers)
        return lambda file: changed[file] if file in changed else self.read(file)

    @contextmanager
    def applied(self, *layers: Sequence[Edit]) -> Iterator[None]:
        """The edits are in the sources inside the block and are not after it. Raises EditConflict."""
        with self.showing(self.texts(*layers)):
            yield

    @contextmanager
    def showing(self, changed: Mapping[str, bytes]) -> Iterator[None]:
        """Files have another text inside the block and their own after it."""
        try:
            for file, text in changed.items():
                self._write(file, text)
            yield
        finally:
            for file in changed:
                self._write(file, self.read(file))

    def _write(self, file: str, text: bytes) -> None:
        path = self.root / file
        self.read(file)
        path.write_bytes(text)
        os.utime(path)

    def touch(self, files: Sequence[str]) -> None:
        """Files of the source, and nothing else that a build may name, get a fresh time."""
        for file in files:
            if not os.path.isabs(file) and ".." not in Path(file).parts and (self.root / file).is_file():
                os.utime(self.root / file, follow_symlinks=False)
