"""What this machine has for mining, what each missing thing costs, and how to get it.

Looks and asks; installs and changes nothing. Each finding is made by trying the thing where that is cheap (a daemon
answers, bubblewrap runs `true`), not by its name on the PATH alone. Not looked at: the network, and whether a crate
builds.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from oxidizer.cluster import cgroup
from oxidizer.cluster.docker import connect
from oxidizer.cluster.image import ImageError, image_tag
from oxidizer.cluster.sandbox import Limits, SandboxUnavailable
from oxidizer.cluster.toolchain import Toolchain, ToolchainMissing, find_toolchain

_ANSWER_S = 20.0
_DISK_NEEDED, _DISK_GOOD = 4 << 30, 20 << 30
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


class State(StrEnum):
    """How it stands. WEAKER: mining works, but something is lost. MISSING: mining cannot work."""

    OK = "ok"
    WEAKER = "weaker"
    MISSING = "missing"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; `costs` and `remedy` are empty where it is all right."""

    name: str
    state: State
    detail: str
    costs: str = ""
    remedy: str = ""


def examine() -> list[Finding]:
    """Look at everything; takes a second or two."""
    try:
        toolchain, reason = find_toolchain(), ""
    except ToolchainMissing as error:
        toolchain, reason = None, str(error)
    return [
        _python(),
        _packages(),
        _program("git", ["git", "--version"], State.MISSING, "patches cannot be applied"),
        _program("C compiler", ["cc", "--version"], State.MISSING, "nothing can be linked", package="gcc libc6-dev"),
        _rust(toolchain, reason),
        *([_lint_tools(toolchain), _miri(toolchain), _coverage(toolchain)] if toolchain else []),
        *_sandboxes(toolchain),
        _cgroup(),
        _memory(),
        _disk(Path.cwd()),
        _ray(os.environ.get("RAY_ADDRESS", "")),
        _browser(),
    ]


def fit_to_mine(findings: Sequence[Finding]) -> bool:
    """Whether mining can work: nothing is missing that it needs. Raises ValueError for no findings at all."""
    if not findings:
        raise ValueError("nothing was examined")
    return all(finding.state is not State.MISSING for finding in findings)


def print_findings(findings: Sequence[Finding], console: Console) -> None:
    """A line for each finding, with costs and remedy where something is lost, and a verdict."""
    marks = {State.OK: "[green]✓[/]", State.WEAKER: "[yellow]~[/]", State.MISSING: "[red]✗[/]"}
    table = Table.grid(padding=(0, 2, 0, 0))
    for finding in findings:
        lines = [escape(finding.detail)]
        lines += [f"[dim]costs:[/] {escape(finding.costs)}"] if finding.costs else []
        lines += [f"[dim]get it:[/] {escape(finding.remedy)}"] if finding.remedy else []
        table.add_row(marks[finding.state], f"[bold]{finding.name}[/]", "\n".join(lines))
    console.print(table)
    missing = [finding.name for finding in findings if finding.state is State.MISSING]
    verdict = f"[red]Mining cannot work here: {', '.join(missing)}.[/]" if missing else "[green]Fit to mine.[/]"
    console.print(f"\n{verdict}")


def _python() -> Finding:
    # An older one than 3.11 does not come this far.
    return Finding("Python", State.OK, f"{sys.version.split()[0]} at {sys.executable}")


def _packages() -> Finding:
    remedy = "pip install -c constraints.txt -e ."
    try:
        wanted = [line for line in requires("oxidizer") or [] if "extra ==" not in line]
    except PackageNotFoundError:
        costs = "no `oxidizer` command, and versions that nobody tried together"
        return Finding("packages", State.WEAKER, "Oxidizer itself is not installed", costs, remedy)
    names = [re.split(r"[\s\[<>=!~;(]", line, maxsplit=1)[0] for line in wanted]
    missing = [name for name in names if not _installed(name)]
    if missing:
        return Finding("packages", State.MISSING, f"without {', '.join(missing)}", "mining does not start", remedy)
    return Finding(
        "packages", State.OK, f"oxidizer {version('oxidizer')}, ray {version('ray')}, all {len(names)} there"
    )


def _installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


def _program(name: str, argv: list[str], otherwise: State, costs: str, *, package: str = "") -> Finding:
    answer = _ask(argv)
    if answer.ok:
        return Finding(name, State.OK, answer.text.splitlines()[0])
    return Finding(name, otherwise, answer.text, costs, f"apt-get install {package or argv[0]}")


def _rust(toolchain: Toolchain | None, reason: str) -> Finding:
    if toolchain is None:
        problem, _, remedy = reason.partition("; ")
        return Finding("Rust", State.MISSING, problem, "there is nothing to mine with", remedy)
    return Finding("Rust", State.OK, f"{toolchain.version} at {toolchain.sysroot}")


def _lint_tools(toolchain: Toolchain) -> Finding:
    missing = [
        name for name, there in (("clippy", toolchain.has_clippy), ("rustfmt", toolchain.has_rustfmt)) if not there
    ]
    if not missing:
        return Finding("clippy, rustfmt", State.OK, "both there")
    remedy = f"rustup component add {' '.join(missing)}; for Debian's Rust: apt-get install rust-web-clippy rustfmt-web"
    return Finding("clippy, rustfmt", State.MISSING, f"without {' and '.join(missing)}", "most tuples", remedy)


def _miri(toolchain: Toolchain) -> Finding:
    if toolchain.has_miri:
        return Finding("Miri", State.OK, "there")
    detail = "not in this toolchain: only a nightly has it"
    remedy = "rustup +nightly component add miri, then mine with --toolchain nightly"
    return Finding("Miri", State.WEAKER, detail, "nothing is said about undefined behaviour", remedy)


def _coverage(toolchain: Toolchain) -> Finding:
    folders = [
        Path(f"/usr/lib/llvm-{toolchain.llvm_major}/bin"),
        toolchain.sysroot / f"lib/rustlib/{toolchain.host}/bin",
    ]
    for folder in folders:
        if (folder / "llvm-profdata").exists() and (folder / "llvm-cov").exists():
            return Finding("coverage", State.OK, f"LLVM {toolchain.llvm_major} tools at {folder}")
    return Finding(
        "coverage",
        State.WEAKER,
        f"no llvm-profdata and llvm-cov of LLVM {toolchain.llvm_major}",
        "`verdict.covered` stays null: nobody knows whether a test runs the edited lines",
        f"apt-get install llvm-{toolchain.llvm_major}",
    )


def _sandboxes(toolchain: Toolchain | None) -> list[Finding]:
    """Docker and bubblewrap. One of them is enough: where one works, the lack of the other only makes things weaker."""
    found = [_docker(toolchain), _bubblewrap()]
    if any(finding.state is State.OK for finding in found):
        return [replace(f, state=State.WEAKER) if f.state is State.MISSING else f for f in found]
    return found


def _docker(toolchain: Toolchain | None) -> Finding:
    costs = "no Docker sandbox: bubblewrap alone bounds what a crate does"
    try:
        client = connect()
    except SandboxUnavailable as error:
        return Finding("Docker", State.MISSING, str(error), costs, "apt-get install docker.io, then cluster/dockerd.sh")
    with closing(client):
        daemon = f"daemon {client.version()['Version']}"
        try:
            tag = image_tag(toolchain.sysroot) if toolchain else ""
        except ImageError as error:
            return Finding("Docker", State.MISSING, f"{daemon}; {error}", costs, "oxidizer image build")
        if not tag or not client.images.list(name=tag):
            detail = f"{daemon}, but no image of this toolchain"
            return Finding("Docker", State.MISSING, detail, costs, "oxidizer image build")
    return Finding("Docker", State.OK, f"{daemon}, image {tag}")


def _bubblewrap() -> Finding:
    costs = "no sandbox but Docker; none at all inside a pod"
    answer = _ask(["bwrap", "--unshare-all", "--ro-bind", "/", "/", "true"])
    if not answer.ok:
        remedy = (
            "apt-get install bubblewrap; where it is installed, allow user namespaces (sysctl user.max_user_namespaces)"
        )
        return Finding("bubblewrap", State.MISSING, answer.text, costs, remedy)
    name = _ask(["bwrap", "--version"]).text
    who = "as root: a user of its own" if os.geteuid() == 0 else "in a user namespace, without root"
    return Finding("bubblewrap", State.OK, f"{name}, {who}")


def _cgroup() -> Finding:
    kind = "version 2" if Path("/sys/fs/cgroup/cgroup.controllers").exists() else "version 1"
    group = cgroup.create(Limits())
    if group is not None:
        group.remove()
        return Finding("control groups", State.OK, f"{kind}, ours to divide")
    costs = "bubblewrap bounds memory by watching, not by the kernel: an outburst can be seen too late"
    return Finding(
        "control groups", State.WEAKER, f"{kind}, not ours to divide", costs, "run as root, or delegate a group"
    )


def _memory() -> Finding:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    wanted = Limits().memory_bytes
    detail = f"{total / 1e9:.1f} GB, {os.cpu_count()} cores"
    if total > wanted:
        return Finding("memory", State.OK, detail)
    costs = f"a sandbox may use {wanted / 1e9:.1f} GB by default: big crates end the machine, not the sandbox"
    return Finding("memory", State.WEAKER, detail, costs, "set a lower memory limit, or use a bigger machine")


def _disk(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    if free >= _DISK_GOOD:
        return Finding("disk", State.OK, f"{free / 1e9:.0f} GB free")
    state = State.WEAKER if free >= _DISK_NEEDED else State.MISSING
    return Finding("disk", state, f"{free / 1e9:.1f} GB free", "crates fail for want of space", "free 20 GB")


def _ray(address: str) -> Finding:
    if address in ("", "local", "auto"):
        return Finding(
            "Ray", State.OK, f"RAY_ADDRESS is {address!r}" if address else "a cluster of this machine for each run"
        )
    parts = urlsplit(address if "://" in address else f"//{address}")
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 6379), timeout=3):
            return Finding("Ray", State.OK, f"{address} answers")
    except (OSError, ValueError) as error:
        detail = f"RAY_ADDRESS is {address}, which does not answer: {error}"
        return Finding(
            "Ray", State.MISSING, detail, "mining does not start", "unset RAY_ADDRESS, or start that cluster"
        )


def _browser() -> Finding:
    found = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    return Finding("browser", State.OK, found or "none, and mining needs none: the tests skip a look at the report")


@dataclass(frozen=True)
class _Answer:
    ok: bool
    text: str


def _ask(argv: Sequence[str]) -> _Answer:
    """The first words of a program, or why there are none."""
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_ANSWER_S)
    except FileNotFoundError:
        return _Answer(False, f"{argv[0]} is not installed")
    except (OSError, subprocess.TimeoutExpired) as error:
        return _Answer(False, f"{argv[0]} does not run: {error}")
    text = (done.stdout.strip() or done.stderr.strip() or f"exit code {done.returncode}").splitlines()[0]
    return _Answer(done.returncode == 0, text)
