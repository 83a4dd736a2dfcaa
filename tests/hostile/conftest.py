"""`--hostile-full` runs every case on every backend; without it the quick part runs.

What is missing for the full run is an error, unless `--without` says that it may be.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from oxidizer.cluster.mounts import mounts_below
from oxidizer.cluster.scratch import scratch
from oxidizer.cluster.toolchain import Toolchain
from tests.conftest import docker_is_missing
from tests.hostile.grounds import GROUNDS, clear_grounds
from tests.hostile.host import Host
from tests.hostile.preparing import rustup
from tests.hostile.seeing import SECRET
from tests.hostile.trial import secret_in_the_environment


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--hostile-full"):
        _leave_out("hostile_full", config, items)
        return
    missing = []
    for mean, reason in (("docker", docker_is_missing()), ("rustup", None if rustup() else "rustup is not installed")):
        if mean in config.getoption("--without"):
            _leave_out(mean, config, items)
        elif reason and any(item.get_closest_marker(mean) for item in items):
            missing.append(f"{reason}: mend that, or leave out what needs it (--without {mean})")
    if missing:
        raise pytest.UsageError("\n".join(missing))


def _leave_out(marker: str, config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = [item for item in items if item.get_closest_marker(marker)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session", autouse=True)
def secret() -> Iterator[None]:
    with secret_in_the_environment(SECRET):
        yield


@pytest.fixture(scope="session", autouse=True)
def grounds() -> Path:
    """Where grounds lie, without those that dead runs left."""
    GROUNDS.mkdir(exist_ok=True)
    GROUNDS.chmod(0o755)
    clear_grounds(GROUNDS)
    return GROUNDS


@pytest.fixture
def ground(grounds: Path) -> Iterator[Path]:
    """A folder that other users may enter too, unlike pytest's own: file modes shall not do a sandbox's work."""
    with scratch("hostile", root=grounds) as folder:
        yield folder
        assert mounts_below(folder) == []
    assert not folder.exists()


@pytest.fixture(scope="session")
def host(toolchain: Toolchain) -> Host:
    return Host(toolchain.sysroot)


@pytest.fixture(autouse=True)
def untouched(host: Host) -> Iterator[None]:
    """The machine itself is after each case what it was before, promise or no promise."""
    yield
    assert host.changes() == []
