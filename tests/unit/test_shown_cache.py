"""What a crate's sandbox shows of the worker's CARGO_HOME."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from oxidizer.miners.crate import mounts_of

REGISTRY = b'[[package]]\nname = "a"\nsource = "registry+https://example.org/index"\n'
GIT = b'[[package]]\nname = "b"\nsource = "git+https://example.org/b?rev=1#1"\n'


@pytest.mark.parametrize(("lock", "shown"), [(REGISTRY, False), (REGISTRY + GIT, True)])
def test_repositories_are_shown_to_who_needs_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lock: bytes, shown: bool
) -> None:
    (tmp_path / "git").mkdir()
    monkeypatch.setenv("CARGO_HOME", str(tmp_path))
    crate: Any = SimpleNamespace(root=tmp_path, lock=lock)
    mounts = mounts_of(crate, SimpleNamespace(sysroot=tmp_path), tmp_path)  # type: ignore[arg-type]
    assert mounts.git == (tmp_path / "git" if shown else None)
    assert mounts.registry == tmp_path / "registry"
