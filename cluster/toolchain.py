"""The one Rust toolchain of a run: a sysroot on this machine, found and described, never installed or changed.

A rustup proxy obeys a crate's `rust-toolchain.toml`; so the real `bin` folder is what all else uses.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

OLDEST = (1, 85)
"""The first release that reads every edition and lock file that the registry holds."""

_WAY_OUT = (
    "as root on Debian: `apt-get install rustc-web cargo-web rust-web-clippy rustfmt-web`; "
    "anywhere, with rustup: `rustup toolchain install stable`"
)
_ANSWER_S = 60.0


class ToolchainMissing(Exception):
    """No usable Rust toolchain is here. The message says how to get one."""


@dataclass(frozen=True)
class Toolchain:
    """A sysroot and what is in it."""

    sysroot: Path
    """The real folder with `bin/` and `lib/`, no link and no proxy."""
    version: str
    """The first line of `rustc --version`."""
    release: str
    """The version number alone, e.g. `1.95.0` or `1.97.0-nightly`."""
    llvm_major: int
    """The compiler's LLVM; `llvm-profdata` has to be of this one."""
    host: str
    """The host triple."""
    has_clippy: bool
    has_rustfmt: bool
    has_miri: bool

    @property
    def bin(self) -> Path:
        """The folder of the real `cargo` and `rustc`."""
        return self.sysroot / "bin"


def find_toolchain(name: str | None = None, *, oldest: tuple[int, int] = OLDEST) -> Toolchain:
    """The toolchain to use: rustup's `name` or default, else the one in /usr. `name` may also be a sysroot's folder.

    Raises ToolchainMissing where none is found that has cargo and is at least `oldest`.
    """
    reasons: list[str] = []
    for sysroot in dict.fromkeys(_sysroots(name)):
        try:
            return _describe(sysroot, oldest)
        except ToolchainMissing as error:
            reasons.append(str(error))
    wanted = f"no Rust toolchain `{name}` is here" if name else "no usable Rust toolchain is here"
    found = f" ({'; '.join(reasons)})" if reasons else ""
    raise ToolchainMissing(f"{wanted}{found}; {_WAY_OUT}")


def find_version(version: str) -> Toolchain:
    """The toolchain here that calls itself `version` (the first line of `rustc --version`): rustup's, or that in /usr.

    Raises ToolchainMissing, which says how to get it.
    """
    homes = Path(os.environ.get("RUSTUP_HOME") or Path.home() / ".rustup").glob("toolchains/*")
    seen: list[str] = []
    for sysroot in dict.fromkeys([*_sysroots(None), *(home.resolve() for home in sorted(homes))]):
        try:
            found = _describe(sysroot, OLDEST)
        except ToolchainMissing:
            continue
        if found.version == version:
            return found
        seen.append(found.version)
    name = rustup_name(version)
    way = f"`rustup toolchain install {name} --component clippy,rustfmt`" if name else "install it by its distribution"
    raise ToolchainMissing(
        f"{version} is not here, only {', '.join(seen) or 'no toolchain'}: get it by {way}, or give --toolchain"
    )


def version_numbers(release: str) -> tuple[int, ...]:
    """The major and minor number of a release (`1.97.0-nightly`); nothing of what is none."""
    found = re.match(r"(\d+)\.(\d+)", release)
    return (int(found[1]), int(found[2])) if found else ()


def rustup_name(version: str) -> str | None:
    """What rustup calls the toolchain of a first line of `rustc --version`; None for one that rustup does not have."""
    found = re.fullmatch(r"rustc (\d+\.\d+\.\d+)(-nightly|-beta\S*)? \(\w+ (\d{4}-\d\d-\d\d)\)", version)
    if found is None:
        return None
    if not found[2]:
        return found[1]
    # A nightly is built from what was committed until the day before.
    day = date.fromisoformat(found[3]) + timedelta(days=1) if found[2] == "-nightly" else None
    return f"nightly-{day}" if day else "beta"


def _sysroots(name: str | None) -> Iterator[Path]:
    if name and Path(name).is_absolute():
        yield Path(name).resolve()
        return
    for rustc in _compilers():
        # A compiler that is no proxy ignores the name; only rustup's own folders carry it.
        sysroot = _sysroot(rustc, name)
        if sysroot and (name is None or sysroot.name == name or sysroot.name.startswith(f"{name}-")):
            yield sysroot
    if name is None:
        yield Path("/usr")


def _compilers() -> Iterator[str]:
    on_path = shutil.which("rustc")
    if on_path:
        yield on_path
    # A Ray worker's PATH may lack what the user's login shell adds.
    proxy = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo") / "bin/rustc"
    if proxy.exists():
        yield str(proxy)


def _sysroot(rustc: str, name: str | None) -> Path | None:
    env = {key: value for key, value in os.environ.items() if key != "RUSTUP_TOOLCHAIN"}
    env["RUSTUP_AUTO_INSTALL"] = "0"
    if name:
        env["RUSTUP_TOOLCHAIN"] = name
    answer = _ask([rustc, "--print", "sysroot"], env)
    return Path(answer.strip()).resolve() if answer else None


def _describe(sysroot: Path, oldest: tuple[int, int]) -> Toolchain:
    tools = sysroot / "bin"
    missing = [tool for tool in ("rustc", "cargo") if not (tools / tool).exists()]
    if missing:
        raise ToolchainMissing(f"{tools} has no {' and no '.join(missing)}")
    answer = _ask([str(tools / "rustc"), "-vV"], {"PATH": "/usr/bin:/bin"})
    facts = dict(re.findall(r"^([\w -]+): (.+)$", answer or "", re.MULTILINE))
    release = facts.get("release", "")
    numbers = version_numbers(release)
    if not answer or not numbers:
        raise ToolchainMissing(f"{tools / 'rustc'} does not run")
    if numbers < oldest:
        raise ToolchainMissing(f"{tools / 'rustc'} is {release}, older than {oldest[0]}.{oldest[1]}")
    return Toolchain(
        sysroot=sysroot,
        version=answer.splitlines()[0],
        release=release,
        llvm_major=int(facts.get("LLVM version", "0").split(".")[0]),
        host=facts["host"],
        has_clippy=(tools / "cargo-clippy").exists() and (tools / "clippy-driver").exists(),
        has_rustfmt=(tools / "cargo-fmt").exists() and (tools / "rustfmt").exists(),
        has_miri=(tools / "cargo-miri").exists() and (tools / "miri").exists(),
    )


def _ask(argv: list[str], env: dict[str, str]) -> str | None:
    try:
        done = subprocess.run(
            argv, cwd="/", env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_ANSWER_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
