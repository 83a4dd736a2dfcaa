"""The machine that the suite itself runs on, at a glance: a stage is no part of it, so nothing of it may change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

_SETTINGS = ("core_pattern", "modprobe")
Fact = tuple[object, ...]


class Host:
    """What was there at the last look: cheap, so that there can be one after each case."""

    def __init__(self, toolchain: Path, root: Path = Path("/")) -> None:
        self._toolchain, self._root = toolchain, root
        self._seen = dict(self._facts())

    def changes(self) -> list[str]:
        """What is new, gone or another since the last look, by its name."""
        before, self._seen = self._seen, dict(self._facts())
        return sorted(n for n in before.keys() | self._seen.keys() if before.get(n) != self._seen.get(n))

    def _facts(self) -> Iterator[tuple[str, Fact]]:
        for path in (self._root / "etc").rglob("*"):
            now = path.lstat()
            # The last of these no program can set.
            yield str(path), (now.st_mode, now.st_uid, now.st_gid, now.st_size, now.st_mtime_ns, now.st_ctime_ns)
        for path in (self._root / "usr/local").glob("*/*"):
            yield str(path), ()
        for name in ("bin", "lib"):
            for path in (self._toolchain / name).iterdir():
                now = path.lstat()
                # A stage may link its files, which changes their last time.
                yield str(path), () if path.is_dir() else (now.st_mode, now.st_size, now.st_mtime_ns)
        for name in _SETTINGS:
            if (setting := self._root / "proc/sys/kernel" / name).exists():
                yield f"the setting {name}", (setting.read_bytes(),)
