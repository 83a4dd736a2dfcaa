"""One steering tree on one backend: as it is in a throwaway sandbox, then as our preparer leaves it."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from oxidizer.cluster.cargo import Cargo
from oxidizer.cluster.cargohome import cargo_home_view
from oxidizer.cluster.crates import CrateSpec
from oxidizer.cluster.fetch import FetchError, PreparedCrate, expand, prepare
from oxidizer.cluster.outcome import Cause
from oxidizer.cluster.promises import Promise
from oxidizer.cluster.sandbox import Mounts, RunResult
from oxidizer.cluster.toolchain import Toolchain
from tests.hostile.case import LIMITS, Case, Group
from tests.hostile.configuration import Steering
from tests.hostile.stage import Stage
from tests.hostile.trial import Outcome, Row, by_worker_of, open_box
from tests.integration.boxes import MB
from tests.integration.small_registry import Registry

# As a plain tool has it: the tree is its own, to lock and to build.
_IN_A_COPY = 'cp -r /box/src /tmp/tree && cd "/tmp/tree/$0" && exec "$@"'
_LIMITS = replace(LIMITS, memory_bytes=1024 * MB, processes=200)


def prove_steering(case: Steering, backend: str, folder: Path, toolchain: Toolchain) -> Row:
    """The tree steers cargo where cargo meets it as it is, and not where we prepared it. AssertionError."""
    row = Row(Group.CONFIGURATION.value, case.name, backend, "-", Outcome.HELD, "", "", 0.0, 0.0)
    stage = Stage(Case(case.name, Promise.READ_ONLY, case.files), folder / "stage", toolchain)
    with stage, _own_registry(folder / "home") as registry:
        for name, target in (case.links or {}).items():
            (stage.folder / "src" / name).symlink_to(target)
        scripts = list((stage.folder / "src").rglob("*.sh"))
        for script in scripts:
            script.chmod(0o777)
        if case.needs_rustup:
            _add_rustup(stage, scripts)
        began = time.monotonic()
        harm = _plainly(case, backend, stage)
        row = replace(row, harm=harm, off_s=time.monotonic() - began)
        before, began = stage.facts(), time.monotonic()
        end = _prepared(case, backend, stage, registry, toolchain)
        changed = [name for name, fact in stage.facts().items() if fact != before[name]]
        assert not changed, changed
        left = stage.leavings()
        assert not left, left
    stage.clear()
    return replace(row, end=end, on_s=time.monotonic() - began)


def _plainly(case: Steering, backend: str, stage: Stage) -> str:
    """What cargo does with the tree as it is; the host's loopback is there for the case that goes out."""
    without = Promise.NETWORK if "@tcp@" in "".join(case.files.values()) else None
    mounts = replace(stage.mounts(backend), files={})

    def work() -> tuple[RunResult, str]:
        with open_box(backend, mounts, _LIMITS, without) as box:
            return box.run(["sh", "-c", _IN_A_COPY, case.folder, *case.plain]), stage.said()

    run, harm = by_worker_of(backend, stage, mounts, work)
    heard = stage.services.heard
    if case.harm:
        found = case.harm in heard if without else case.harm.encode() in run.stdout
        harm = f"cargo saw {case.harm}" if found else ""
    assert harm, f"no harm was done: {run.status} {run.stderr[-900:].decode(errors='replace')}"
    heard.clear()
    return harm


def _prepared(case: Steering, backend: str, stage: Stage, registry: Registry, toolchain: Toolchain) -> str:
    if case.refused is not None:
        with pytest.raises(FetchError, match=re.escape(case.refused)) as refusal:
            _prepare(case, stage, registry, toolchain)
        assert "tcp" not in stage.services.heard
        return f"refused ({refusal.value.cause})"
    crate = _prepare(case, stage, registry, toolchain)
    assert case.stripped is not None
    assert any(note.startswith(case.stripped) for note in crate.stripped), crate.stripped
    cache, git, config = cargo_home_view(Path(os.environ["CARGO_HOME"]))
    mounts = Mounts(
        source=crate.root, target=stage.folder / "clean", toolchain=toolchain.sysroot, registry=cache, git=git,
        shims=stage.folder / "shims", files={"/cargo/config.toml": config},
    )  # fmt: skip

    def work() -> Cause | None:
        with open_box(backend, mounts, _LIMITS) as box:
            cargo = Cargo(box, crate.name, member=crate.member)
            cause = cargo.test().cause if case.command == "test" else cargo.build([case.command]).cause
            said = stage.folder / "clean/said"
            assert not said.exists() or not said.read_text()
            return cause

    cause = by_worker_of(backend, stage, mounts, work)
    # Without the link there is nothing to include: the crate does not build, and nothing was told.
    assert cause is (Cause.COMPILE_ERROR if case.links else None), cause
    shutil.rmtree(stage.folder / "clean")
    return f"prepared without {case.stripped}"


def _prepare(case: Steering, stage: Stage, registry: Registry, toolchain: Toolchain) -> PreparedCrate:
    """By our own way from an entry of a list to a tree that a sandbox may show."""
    root = stage.folder / "src/crate"
    registry.add("helper", "1.0.0")
    if not case.published:
        (spec,) = expand(CrateSpec("crate", "", path=root, license="MIT"), toolchain)
        return prepare(spec, toolchain, stage.folder.parent / "work")
    files = {path.relative_to(root).as_posix(): path.read_text() for path in root.rglob("*") if path.is_file()}
    registry.add("steered", "0.1.0", files={**files, "Cargo.lock": ""} if "Cargo.lock" not in files else files)
    return prepare(CrateSpec("steered", "0.1.0"), toolchain, stage.folder.parent / "work")


def rustup() -> Path | None:
    """rustup's own cargo, which obeys a toolchain file; None where it is not installed."""
    found = Path(os.environ.get("RUSTUP_PROXY") or Path.home() / ".cargo/bin/rustup")
    return found if found.exists() else None


def _add_rustup(stage: Stage, scripts: list[Path]) -> None:
    """rustup stands for cargo on the sandbox's path, and the scripts for a toolchain's programs."""
    found = rustup()
    assert found is not None
    shutil.copy(found, stage.folder / "shims/cargo")
    (stage.folder / "shims/cargo").chmod(0o755)
    for script in scripts:
        script.rename(script.with_suffix(""))


@contextlib.contextmanager
def _own_registry(home: Path) -> Iterator[Registry]:
    """A registry of ours stands for the public one, in a CARGO_HOME of its own."""
    registry = Registry()
    home.mkdir()
    home.chmod(0o755)
    (home / "config.toml").write_text(
        f'[source.crates-io]\nreplace-with = "mirror"\n[source.mirror]\nregistry = "sparse+{registry.url}/"\n'
    )
    kept = {key: os.environ.get(key) for key in ("CARGO_HOME", "CARGO_NET_RETRY", *_PROXIES)}
    for key in _PROXIES:
        os.environ.pop(key, None)
    os.environ |= {"CARGO_HOME": str(home), "CARGO_NET_RETRY": "0"}
    try:
        yield registry
    finally:
        for key, value in kept.items():
            if value is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = value
        registry.server.shutdown()
        registry.server.server_close()


_PROXIES = ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")
