"""What all tests share: where things lie, the toolchain, and which tests this machine cannot run."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import docker
import pytest
from docker.errors import DockerException, ImageNotFound

# Before anything imports Ray: it reads these once.
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ.setdefault("RAY_AUTH_MODE", "disabled")

from oxidizer.cluster.backends import open_sandbox
from oxidizer.cluster.cargo import Cargo
from oxidizer.cluster.image import image_tag
from oxidizer.cluster.sandbox import Limits, Mounts
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


OpenCrate = Callable[..., tuple[Cargo, Path]]


@pytest.fixture(scope="module")
def open_crate(
    tmp_path_factory: pytest.TempPathFactory, toolchain: Toolchain, crates: Path, shims: Path
) -> Iterator[OpenCrate]:
    """cargo on a copy of a small crate, or on one of these files, in a sandbox of its own; and the copy's folder."""
    with ExitStack() as open_ones:

        def start(
            crate: str | Mapping[str, str], *, package: str | None = None, member: str = ".",
            backend: str = "bubblewrap", limits: Limits | None = None,
        ) -> tuple[Cargo, Path]:  # fmt: skip
            folder = tmp_path_factory.mktemp("crate")
            root = folder / "src"
            if isinstance(crate, str):
                shutil.copytree(crates / crate, root)
            for name, text in crate.items() if isinstance(crate, Mapping) else ():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_bytes(text.encode())
            lock = [toolchain.bin / "cargo", "generate-lockfile", "--offline", "--manifest-path", root / "Cargo.toml"]
            subprocess.run(lock, capture_output=True, cwd="/", check=False)  # a broken manifest has no lock
            mounts = Mounts(source=root, target=folder / "target", toolchain=toolchain.sysroot, shims=shims)
            sandbox = open_ones.enter_context(open_sandbox(backend, mounts, limits or Limits(memory_bytes=2 << 30)))
            return Cargo(sandbox, package or (crate if isinstance(crate, str) else "tiny"), member=member), root

        yield start


def pytest_addoption(parser: pytest.Parser) -> None:
    """What asks for the long suites, which a plain run leaves out."""
    parser.addoption("--hostile-full", action="store_true", help="run every hostile case on every backend")
    parser.addoption(
        "--without", action="append", choices=("docker", "rustup"), default=[],
        help="with --hostile-full: do without this, and without the cases that need it; else its lack is an error",
    )  # fmt: skip


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Where tests run side by side, one that looks at the whole machine has it for itself.

    Two files are locked: whoever waits for the second holds the first, so that no others come in between.
    """
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return (yield)
    how = fcntl.LOCK_EX if item.get_closest_marker("machine") else fcntl.LOCK_SH
    place = Path(tempfile.gettempdir(), f"oxidizer-tests-{os.getuid()}-{os.environ['PYTEST_XDIST_TESTRUNUID']}")
    with place.with_suffix(".queue").open("a") as queue, place.with_suffix(".lock").open("a") as lock:
        fcntl.flock(queue, how)
        fcntl.flock(lock, how)
        fcntl.flock(queue, fcntl.LOCK_UN)
        return (yield)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The table of hostile cases, where some were played."""
    from tests.hostile.table import rows, table

    if found := rows(terminalreporter.getreports("passed")):
        terminalreporter.section("hostile cases")
        terminalreporter.write_line(table(found))


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
