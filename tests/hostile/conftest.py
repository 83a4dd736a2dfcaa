"""`--hostile-full` runs every case on every backend; without it the quick part runs. At the end stands the table."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hostile.seeing import SECRET
from tests.hostile.table import rows, table
from tests.hostile.trial import secret_in_the_environment


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--hostile-full"):
        return
    full = [item for item in items if item.get_closest_marker("hostile_full")]
    config.hook.pytest_deselected(items=full)
    items[:] = [item for item in items if item not in full]


@pytest.fixture(scope="session", autouse=True)
def secret() -> Iterator[None]:
    with secret_in_the_environment(SECRET):
        yield


@pytest.fixture
def ground() -> Iterator[Path]:
    """A folder that other users may enter too, unlike pytest's own: file modes shall not do a sandbox's work."""
    folder = Path(tempfile.mkdtemp(prefix="hostile-", dir="/var/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if found := rows(config):
        terminalreporter.section("hostile cases")
        terminalreporter.write_line(table(found))
