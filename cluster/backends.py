"""Chooses and opens a sandbox by the backend's name."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from functools import cache
from pathlib import Path

from oxidizer.cluster.bubblewrap import BubblewrapSandbox
from oxidizer.cluster.docker import DockerSandbox, connect
from oxidizer.cluster.door import DOOR, build_door
from oxidizer.cluster.image import REPOSITORY, ImageError, image_digest, image_tag
from oxidizer.cluster.promises import Promise
from oxidizer.cluster.sandbox import Limits, Mounts, Sandbox, SandboxUnavailable
from oxidizer.cluster.scratch import scratch

_SHIMS = Path(__file__).resolve().parent / "shims"
BACKENDS = ("docker", "bubblewrap")
"""`docker:RUNTIME` is Docker with one of its daemon's other runtimes, e.g. gVisor's `runsc`."""
_CHOICES = f"{', '.join(BACKENDS)}, or docker:RUNTIME"


def open_sandbox(backend: str, mounts: Mounts, limits: Limits, *, without: Promise | None = None) -> Sandbox:
    """A sandbox of `backend` (see BACKENDS), with the door; makes the target folder.

    `without` is for proofs (see `terms.py`).

    Raises SandboxUnavailable where the backend is not usable, ValueError for a folder that cannot be shown.
    """
    mounts.check()
    return _open(backend, with_door(backend, mounts), limits, without)


def with_door(backend: str, mounts: Mounts) -> Mounts:
    """The same mounts, and the door among the small files. Raises SandboxUnavailable, ValueError."""
    return replace(mounts, files={DOOR: _door(backend, mounts.toolchain), **mounts.files})


@cache
def _door(backend: str, toolchain: Path) -> bytes:
    """Once per process: each backend has a C compiler and a C library of its own."""
    with scratch("door") as folder:
        (folder / "src").mkdir()
        mounts = Mounts(source=folder / "src", target=folder / "target", toolchain=toolchain, shims=_SHIMS)
        with _open(backend, mounts, Limits()) as sandbox:
            return build_door(sandbox)


def _open(backend: str, mounts: Mounts, limits: Limits, without: Promise | None = None) -> Sandbox:
    name, _, runtime = backend.partition(":")
    if backend == "bubblewrap":
        return BubblewrapSandbox(mounts, limits, without=without)
    if name == "docker":
        return DockerSandbox(mounts, limits, runtime=runtime or None, without=without)
    raise ValueError(f"no sandbox called {backend!r}: choose {_CHOICES}")


def choose_backend(wanted: str, toolchain: Path | None = None) -> str:
    """The backend to use: `wanted` itself, or for `auto` Docker where it is ready, else bubblewrap.

    Docker is ready where a daemon answers and holds the image of `toolchain`, or of any if that is None.

    Raises SandboxUnavailable where neither is there, ValueError for an unknown name.
    """
    name, _, runtime = wanted.partition(":")
    if wanted in BACKENDS:
        return wanted
    if name == "docker" and runtime:
        _check_runtime(runtime)
        return wanted
    if wanted != "auto":
        raise ValueError(f"no sandbox called {wanted!r}: choose auto, {_CHOICES}")
    if _docker_is_ready(toolchain):
        return "docker"
    try:
        BubblewrapSandbox.check()
    except SandboxUnavailable as error:
        raise SandboxUnavailable(
            "there is no sandbox: install bubblewrap (as root: apt-get install bubblewrap), "
            "or start Docker and run `oxidizer image build`"
        ) from error
    return "bubblewrap"


@cache
def describe_backend(backend: str, toolchain: Path) -> dict[str, str | None]:
    """What makes a backend the one that it is here: the image's digest, or bubblewrap's version."""
    if backend.startswith("docker"):
        try:
            return {"backend": backend, "image": image_digest(image_tag(toolchain))}
        except ImageError:
            # A sandbox cannot be opened either, and that says why.
            return {"backend": backend, "image": None}
    asked = subprocess.run(
        [BubblewrapSandbox.check()["bwrap"], "--version"], stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    return {"backend": backend, "version": asked.stdout.decode(errors="replace").strip() or None}


def _check_runtime(runtime: str) -> None:
    client = connect()
    try:
        known = sorted(client.info().get("Runtimes", {}))
    finally:
        client.close()
    if runtime not in known:
        raise SandboxUnavailable(
            f"Docker's daemon knows no runtime {runtime!r}, only {', '.join(known)}: install it and name it under "
            "`runtimes` in the daemon's daemon.json (docs/SECURITY.md says how)"
        )


def _docker_is_ready(toolchain: Path | None) -> bool:
    try:
        client = connect()
    except SandboxUnavailable:
        return False
    try:
        return bool(client.images.list(name=image_tag(toolchain) if toolchain else REPOSITORY))
    finally:
        client.close()
