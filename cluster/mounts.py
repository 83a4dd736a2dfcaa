"""What is mounted below a folder, and the loop devices whose images lie there: seen, and taken away."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

_LOOPS = Path("/sys/block")


def mounted() -> Iterator[tuple[str, Path]]:
    """What this process sees mounted, in order: the device as `major:minor`, and where."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        _, _, device, _, where, *_ = line.split()
        yield device, Path(re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), where))


def mounts_below(folder: Path) -> list[Path]:
    """Where something is mounted in a folder or on it, the last mounted first."""
    return [where for _, where in mounted() if where.is_relative_to(folder.resolve())][::-1]


def loops_below(folder: Path) -> list[Path]:
    """The loop devices whose image lies, or lay, in a folder."""
    found = []
    for backing in sorted(_LOOPS.glob("loop*/loop/backing_file")):
        try:
            image = Path(backing.read_text().strip().removesuffix(" (deleted)"))
        except OSError:
            continue  # detached meanwhile
        if image.is_relative_to(folder.resolve()):
            found.append(Path("/dev", backing.parent.parent.name))
    return found


def unmount(where: Path) -> None:
    """Unmount what is mounted last at a place; nothing if nothing is. Raises OSError where that fails."""
    _call(["umount", str(where)], still=lambda: where in mounts_below(where))


def detach(loop: Path, folder: Path) -> None:
    """Detach a loop device from its image in a folder; nothing if it is detached. Raises OSError where that fails."""
    _call(["losetup", "-d", str(loop)], still=lambda: loop in loops_below(folder))


def _call(argv: list[str], still: Callable[[], bool]) -> None:
    """Run a program; its failure counts only if what it shall end is still there."""
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        said = done.stderr.strip()
    except FileNotFoundError:
        said = f"{argv[0]} is not installed"
    else:
        if done.returncode == 0:
            return
    if still():
        raise OSError(said or f"{' '.join(argv)} failed")
