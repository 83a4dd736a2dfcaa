"""Shared builds of dependencies, with real cargo in real sandboxes: what is taken, made, and who can spoil what.

The crate depends on `quiet` (runs nothing), `scripted` (a build script, code of its making), `told` (a macro) and, in
some tests, `evil`, whose build script spoils whatever it may write to.
"""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from oxidizer.cluster.backends import open_sandbox
from oxidizer.cluster.build import BUILD_ENVIRONMENT, Build
from oxidizer.cluster.cargo import Cargo
from oxidizer.cluster.crates import CrateSpec
from oxidizer.cluster.dependencies import Account, CacheTerms, DependencyCache
from oxidizer.cluster.episode import Command, Episode, about, read_episode
from oxidizer.cluster.fetch import expand, prepare
from oxidizer.cluster.meter import MeteredSandbox
from oxidizer.cluster.sandbox import Limits
from oxidizer.cluster.testrun import TestRun
from oxidizer.cluster.toolchain import Toolchain
from oxidizer.miners.crate import mounts_of
from tests.integration.small_registry import Registry

LIMITS = Limits(memory_bytes=2 << 30)
# It looks for built libraries and writes over them; then for the shelf, by the path that it was told.
EVIL = """
use std::{env, fs, path::PathBuf};
fn main() {
    let out = PathBuf::from(env::var("OUT_DIR").unwrap());
    let debug = out.ancestors().nth(3).unwrap().to_owned();
    let mut spoiled = 0;
    for folder in [debug.join("deps"), debug.join(".fingerprint")] {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let name = entry.file_name().into_string().unwrap();
            if name.contains("quiet") && entry.path().is_file() {
                spoiled += fs::write(entry.path(), "spoiled").is_ok() as usize;
            }
        }
    }
    let shelf = fs::write("@SHELF@/poison", "x").is_ok() || fs::read_dir("@SHELF@").is_ok();
    fs::write(out.join("told.rs"), format!("pub const SPOILED: usize = {spoiled}; pub const SHELF: bool = {shelf};"))
        .unwrap();
}
"""
SCRIPT = """
fn main() {
    let out = std::path::PathBuf::from(std::env::var("OUT_DIR").unwrap());
    std::fs::write(out.join("made.rs"), "pub fn made() -> u32 { 40 }").unwrap();
    println!("cargo::rustc-cfg=scripted");
    println!("cargo::rustc-check-cfg=cfg(scripted)");
}
"""
INCLUDED = 'include!(concat!(env!("OUT_DIR"), "/{}"));\n'
MACRO = """
use proc_macro::TokenStream;
#[proc_macro]
pub fn told(_: TokenStream) -> TokenStream { format!("{}", quiet::two()).parse().unwrap() }
"""
SOUND = """
pub fn answer() -> u32 { scripted::made() + quiet::two() + told::told!() - 2 }
#[test] fn it_is_42() { assert_eq!(answer(), 42); }
"""


@dataclass
class Built:
    """What cargo made of a crate, and what the cache had to do with it."""

    account: Account
    check: Build
    tests: TestRun
    filling: list[str]
    """What the episode says that was run to provide dependencies."""


Build_ = Callable[..., Built]


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    return tmp_path / "shelf"


@pytest.fixture
def build(registry: Registry, toolchain: Toolchain, tmp_path: Path, shelf: Path) -> Build_:
    """Builds a crate of these dependencies as a unit does, by a cache of its own on the one shelf."""
    registry.add("quiet", files={"src/lib.rs": "pub fn two() -> u32 { 2 }"})
    registry.add("scripted", files={"build.rs": SCRIPT, "src/lib.rs": INCLUDED.format("made.rs")})
    registry.add("told", needs=[("quiet", "1")], manifest="[lib]\nproc-macro = true\n", files={"src/lib.rs": MACRO})
    registry.add(
        "evil", needs=[("quiet", "1")],
        files={"build.rs": EVIL.replace("@SHELF@", str(shelf)), "src/lib.rs": INCLUDED.format("told.rs")},
    )  # fmt: skip
    registry.add("forger", files={
        "build.rs": 'fn main() { println!("cargo::rustc-env=LD_PRELOAD=/x.so"); }', "src/lib.rs": ""
    })  # fmt: skip
    numbers = iter(range(100))

    def made(*more: str, library: str = SOUND, cached: bool = True, backend: str = "bubblewrap") -> Built:
        folder = tmp_path / f"crate{next(numbers)}"
        (folder / "own/src").mkdir(parents=True)
        needs = "".join(f'{name} = "1"\n' for name in ("quiet", "scripted", "told", *more))
        head = '[package]\nname = "own"\nversion = "0.1.0"\nedition = "2021"\nlicense = "MIT"\n'
        (folder / "own/Cargo.toml").write_text(f"{head}[dependencies]\n{needs}")
        (folder / "own/src/lib.rs").write_text(library)
        (spec,) = expand(CrateSpec(name="own", version="", path=folder / "own"), toolchain)
        crate = prepare(spec, toolchain, folder / "prepared")
        mounts = mounts_of(crate, toolchain, folder / "target")
        episode = Episode(about("own", "own", "0.1.0", toolchain.version, {}, "here"))
        with MeteredSandbox(open_sandbox(backend, mounts, LIMITS), episode) as sandbox:
            cargo = Cargo(sandbox, "own")
            account = Account()
            if cached:
                cache = DependencyCache(CacheTerms(str(shelf)), backend, LIMITS, toolchain)
                with sandbox.stage("dependencies"):
                    account = cache.provide(cargo, mounts, crate.lock, sandbox)
            check, tests = cargo.check(), cargo.test()
        (folder / "log").write_bytes(episode.packed("mined"))
        told = [line for line in read_episode(folder / "log") if isinstance(line, Command)]
        return Built(account, check, tests, [" ".join(c.argv) for c in told if c.stage == "dependencies"])

    return made


def contents(shelf: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in shelf.glob("??/*")}


def test_the_first_makes_what_the_second_takes(build: Build_, shelf: Path) -> None:
    alone, first = build(cached=False), build()
    assert first.account.state == "used"
    # quiet and told, scripted thrice; quiet and scripted to check and to build.
    assert (first.account.built, first.account.taken, first.account.unfilled) == (7, 0, [])
    assert first.account.fill_cpu_s > 0
    assert any("cargo build" in command for command in first.filling)
    second = build(library=SOUND.replace("answer", "solution"))
    assert (second.account.built, second.account.taken) == (0, 7)
    assert second.account.fill_cpu_s == 0
    assert not any("cargo build" in command for command in second.filling)
    assert second.account.saved_cpu_s > 0
    for one in (first, second):
        assert one.check.ok
        assert one.check.anew == one.tests.build.anew == {"own"}
        assert len(one.tests.results.passed) == 1
        # What runs while building is told of, whoever built it.
        assert one.check.guests == alone.check.guests == {"scripted", "told"}
        assert [d.key for d in one.check.diagnostics] == [d.key for d in alone.check.diagnostics]
    assert alone.check.anew == {"own", "quiet", "scripted", "told"}
    assert len(contents(shelf)) == 7


@pytest.mark.docker
def test_in_docker_too_and_apart_from_others(build: Build_, shelf: Path) -> None:
    first = build(backend="docker")
    assert (first.account.built, first.account.unfilled) == (7, [])
    second = build(backend="docker")
    assert (second.account.built, second.account.taken) == (0, 7)
    assert second.check.anew == second.tests.build.anew == {"own"}
    assert len(second.tests.results.passed) == 1
    # Another C library and compiler: nothing of it is taken elsewhere.
    assert build().account.taken == 0


def test_a_hostile_dependency_spoils_nothing_for_those_who_do_not_use_it(build: Build_, shelf: Path) -> None:
    spoiled = build("evil", library="pub use evil::SPOILED;")
    assert spoiled.check.ok
    assert spoiled.account.built == 11
    # It did write over the copies of `quiet` in the sandbox in which it was built, and of the shelf it saw nothing.
    (said,) = re.findall(rb"SPOILED: usize = (\d+); pub const SHELF: bool = (\w+);", b"".join(contents(shelf).values()))
    assert int(said[0]) > 3
    assert said[1] == b"false"
    assert not (shelf / "poison").exists()
    held = contents(shelf)
    sound = build()
    assert (sound.account.built, sound.account.taken) == (0, 7)
    assert sound.check.ok
    assert sound.tests.build.anew == {"own"}
    assert len(sound.tests.results.passed) == 1
    assert contents(shelf) == held


def test_a_damaged_entry_is_refused_and_made_anew(build: Build_, shelf: Path) -> None:
    before = build()
    for path in sorted(shelf.glob("??/*")):
        path.chmod(0o644)
        data = path.read_bytes()
        path.write_bytes(data[:600] + bytes(64) + data[664:])
    again = build()
    assert again.account.damaged == before.account.built == again.account.built
    assert again.tests.build.anew == {"own"}
    assert len(again.tests.results.passed) == 1


def test_two_at_once_make_each_entry_once(build: Build_, shelf: Path) -> None:
    found: list[Built] = []
    workers = [threading.Thread(target=lambda: found.append(build())) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(one.account.built for one in found) == 7
    assert sum(one.account.taken for one in found) == 7
    assert all(one.check.anew == {"own"} and len(one.tests.results.passed) == 1 for one in found)


def test_what_forges_while_it_is_built_is_on_no_shelf_and_is_seen(build: Build_, shelf: Path) -> None:
    found = build("forger")
    assert found.account.built == 7
    assert found.account.unfilled == [BUILD_ENVIRONMENT]
    assert BUILD_ENVIRONMENT in found.check.forged
    assert len(contents(shelf)) == 7


def test_what_does_not_build_is_no_label(build: Build_, registry: Registry) -> None:
    # It builds beside the crate, and not without it.
    picky = 'fn main() { assert!(!std::path::Path::new("/tmp/stub").exists()); }'
    registry.add("picky", files={"build.rs": picky, "src/lib.rs": ""})
    found = build("picky")
    assert found.check.ok
    assert found.account.built == 7
    assert len(found.account.unfilled) == 1
    assert "picky" in found.check.anew


def test_a_shelf_that_cannot_be_is_no_label(build: Build_, shelf: Path) -> None:
    shelf.touch()
    found = build()
    assert found.account.state == "trouble"
    assert found.check.ok
    assert len(found.tests.results.passed) == 1
