"""docs/SECURITY.md names what there is: tests, modules, promises, tricks and flags."""

import re
from pathlib import Path

from oxidizer.cluster import build
from oxidizer.cluster.promises import Promise
from oxidizer.cluster.tricks.trick import TrickName

_FOLDERS = ("", "tests/unit", "tests/integration", "tests/hostile", "tests/chaos")
_FLAGS = (
    build.FORGED_MESSAGES, build.EXIT_IN_COMPILER, build.STALE_BUILD, build.DISPUTED_TESTS, build.TARGET_CHANGED,
    build.BUILD_ENVIRONMENT,
)  # fmt: skip


def page(root: Path) -> str:
    return (root / "docs/SECURITY.md").read_text(encoding="utf-8")


def test_every_file_that_it_names_is_there(root: Path) -> None:
    named = set(re.findall(r"`((?:[\w-]+/)*[\w-]+\.(?:py|c|md))(?:::\w+)?`", page(root)))
    assert len(named) > 30
    inside = [Path(folder) for folder in (*_FOLDERS, "tests/unit/tricks")]
    assert [name for name in sorted(named) if not any((root / f / name).is_file() for f in inside)] == []


def test_every_test_that_it_names_is_there(root: Path) -> None:
    for file, test in re.findall(r"`(test_\w+\.py)::(\w+)`", page(root)):
        (path,) = root.glob(f"tests/*/{file}")
        assert f"def {test}(" in path.read_text(encoding="utf-8")


def test_it_names_every_promise_trick_and_flag(root: Path) -> None:
    wanted = [*(p.value for p in Promise), *(t.value for t in TrickName), *_FLAGS]
    told = page(root)
    assert [name for name in wanted if f"`{name}`" not in told] == []
