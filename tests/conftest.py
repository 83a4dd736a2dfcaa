"""What all tests share: where things lie, the toolchain, and which tests this machine cannot run."""

import os
from functools import cache
from pathlib import Path

import docker
import pytest
from docker.errors import DockerException, ImageNotFound

# Before anything imports Ray: it reads these once.
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ.setdefault("RAY_AUTH_MODE", "disabled")

from oxidizer.cluster.image import image_tag
from oxidizer.cluster.toolchain import Toolchain, find_toolchain

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's root."""
    return ROOT


@pytest.fixture(scope="session")
def crates() -> Path:
    """The small real crates."""
    return ROOT / "tests/crates"


@pytest.fixture(scope="session")
def shims() -> Path:
    """The scripts that sandboxes show at /opt/oxidizer."""
    return ROOT / "cluster/shims"


@pytest.fixture(scope="session")
def toolchain() -> Toolchain:
    """The toolchain that a run here would use."""
    return find_toolchain()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what this machine has no means for, with the reason."""
    if item.get_closest_marker("docker") and (reason := docker_is_missing()):
        pytest.skip(reason)
    if item.get_closest_marker("gpu") and not any(Path("/dev").glob("nvidia[0-9]*")):
        pytest.skip("no accelerator is here")


@cache
def docker_is_missing() -> str | None:
    """Why no Docker sandbox can be had here; None where it can."""
    try:
        docker.from_env().images.get(image_tag(find_toolchain().sysroot))
    except ImageNotFound as error:
        return f"the toolchain image is missing, run `oxidizer image build`: {error.explanation}"
    except DockerException as error:
        return f"no Docker daemon answers: {error}"
    return None
