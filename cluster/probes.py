"""Attempts to break each promise of a sandbox, small and bounded: what `standings.py` makes and the tests repeat.

A probe is a command and a look at what came of it: did the harm happen? A harm that the sandbox ended once it had begun
makes a promise weaker, one that nobody minded makes it absent. Each probe does its harm where its promise is switched
off (the conformance suite holds that), so that none is empty. All bombs are small: a few times a small limit.
"""

from __future__ import annotations

import os
import platform
import shlex
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from oxidizer.cluster.collect import NotCollected
from oxidizer.cluster.promises import Level, Promise
from oxidizer.cluster.sandbox import ENVIRONMENT, Limits, RunResult, Sandbox, SandboxUnavailable, Status

MB = 1 << 20
LIMITS = Limits(
    memory_bytes=96 * MB, cpus=1.0, processes=40, wall_s=20.0, silence_s=10.0, output_bytes=256 << 10,
    disk_bytes=24 * MB, inodes=500, file_bytes=18 * MB, open_files=64, tmp_bytes=2 * MB,
)  # fmt: skip
"""Small, so that a breach is. The home and /dev/shm have 16 MiB: a file that fills them is below the limit of files."""
_TRIED, _BREACH = b"tried", b"breach"
_LATE_S = 0.4
_SHARE = 0.05
_LISTENER = "{listener}"
_SECRET = "{secret}"


@dataclass(frozen=True)
class Scene:
    """An open sandbox and what lies around it on the host."""

    box: Sandbox
    source: Path
    target: Path
    secret: Path
    """A file beside the sources, readable for everybody."""
    listener: int
    """A port on the host's loopback that answers."""

    @property
    def word(self) -> bytes:
        """What the secret file says."""
        return self.secret.read_bytes()


@dataclass(frozen=True)
class Probe:
    """One attempt. The script says `tried` before it begins, and by default `breach` once its harm is done."""

    promise: Promise
    script: str
    harm: Callable[[Scene, RunResult], bool] = lambda scene, result: _BREACH in result.stdout
    ended: Status | None = None
    """The status by which the sandbox ends the harm where it only sees it."""
    how: Mapping[str, Any] = field(default_factory=dict)
    """Times that the command asks for."""
    limits: Mapping[str, Any] = field(default_factory=dict)
    """Limits that differ; the probe then has a sandbox of its own."""
    of_node: bool = True
    """It may come out otherwise on another machine; else our own code alone decides."""

    def judge(self, scene: Scene) -> Level:
        """How well the promise stands in an open sandbox. Raises SandboxUnavailable where nothing could be tried."""
        secret = shlex.quote(str(scene.secret))
        script = self.script.replace(_LISTENER, str(scene.listener)).replace(_SECRET, secret)
        result = scene.box.run(["bash", "-c", f"echo tried; {script}"], **self.how)
        # Where a limit ended the command, its first word may have been on its way.
        if result.status in (Status.OK, Status.FAILED) and not result.stdout.startswith(_TRIED):
            said = (result.stderr or result.stdout)[-200:].decode(errors="replace")
            raise SandboxUnavailable(
                f"the promise {self.promise} could not be tried, since its script did not begin: the command ended as "
                f"{result.status} and said {said!r}"
            )
        if self.harm(scene, result):
            return Level.WEAKER if self.ended and result.status is self.ended else Level.ABSENT
        if self.promise in scene.box.weaker:
            # The harm did not show this time.
            return Level.WEAKER if self.ended else Level.ABSENT
        return Level.KEPT


def _sees_the_secret(scene: Scene, result: RunResult) -> bool:
    return scene.word in result.stdout


def _inherits(scene: Scene, result: RunResult) -> bool:
    ours = {*ENVIRONMENT, "PWD", "SHLVL", "_"}
    names = {line.partition(b"=")[0].decode(errors="replace") for line in result.stdout.split(b"\0")[1:] if line}
    return not names <= ours


def _is_the_workers_user(scene: Scene, result: RunResult) -> bool:
    return (scene.target / "mine").lstat().st_uid == os.geteuid()


def _sees_the_worker(scene: Scene, result: RunResult) -> bool:
    return Path("/proc/self/cmdline").read_bytes() in result.stdout


def _has_more_than_its_share(scene: Scene, result: RunResult) -> bool:
    return result.cpu_s > _SHARE * result.wall_s + 0.08


def _says_more_than_it_may(scene: Scene, result: RunResult) -> bool:
    return len(result.stdout) > LIMITS.output_bytes


def _finds_something(scene: Scene, result: RunResult) -> bool:
    return _BREACH in result.stdout or bool(
        scene.box.run(["find", "/tmp", "/dev/shm", "/box/home", "-type", "f"]).stdout
    )


def _lives_on(scene: Scene, result: RunResult) -> bool:
    time.sleep(3 * _LATE_S)
    return (scene.target / "late").exists()


def _reaches_out(scene: Scene, result: RunResult) -> bool:
    for name in ("link", f"folder{scene.secret}", "fifo"):
        try:
            if scene.box.target.read(name, MB) == scene.word:
                return True
        except NotCollected:
            continue
    return False


def _has_capabilities(scene: Scene, result: RunResult) -> bool:
    sets = [line.split()[1] for line in result.stdout.splitlines() if line.startswith(b"Cap")]
    return not sets or any(int(word, 16) for word in sets)


def _is_refused_nothing(scene: Scene, result: RunResult) -> bool:
    told = [tuple(map(int, line.split())) for line in result.stdout.splitlines()[1:]]
    wanted = [(expected, expected) for _, expected in _CALLS[platform.machine()]]
    return told != wanted


_PERM, _NOSYS = 1, 38
# What an ordinary user may ask where no list forbids it: personality, unshare(0), ptrace(TRACEME), io_uring_setup.
_CALLS = {
    "x86_64": (("135, 0xffffffff", _PERM), ("272, 0", _PERM), ("101, 0, 0, 0, 0", _PERM), ("425, 1, 0", _NOSYS)),
    "aarch64": (("92, 0xffffffff", _PERM), ("97, 0", _PERM), ("117, 0, 0, 0, 0", _PERM), ("425, 1, 0", _NOSYS)),
}


def _call(arguments: str, expected: int) -> str:
    """A process of its own for each: tracing is for life."""
    return f"perl -e '$!=0; syscall({arguments}); print $!+0, \" {expected}\\n\"'"


_WRITES = "for f in /box/src /cargo /cargo/registry /opt/rust /opt/oxidizer /usr /etc /opt /box /; do {}; done"
_TOUCH = "(>$f/.oxidizer-probe) 2>/dev/null && { echo breach $f; rm -f $f/.oxidizer-probe; }"
# Four processes that hold three times the limit at once, and wait to be seen.
_HOARD = """
perl -e 'pipe(R, W); for (1..4) { fork or do { vec(my $s, 72e6, 8) = 1; syswrite(W, "x"); sleep 2; exit } }
  close W; for (1..4) { sysread(R, $x, 1) or exit } syswrite(STDOUT, "breach"); select(undef, undef, undef, 0.5)'
"""
_FORKS = """
perl -e 'for (1..120) { $p = fork; last unless defined $p; $p or do { sleep 5; exit }; push @p, $p }
  syswrite(STDOUT, "breach"), select(undef, undef, undef, 0.5) if @p > 80; kill 9, @p'
"""
_FILES = 'perl -e \'for (1..128) { open($f[$_], "<", "/dev/null") or last; $n++ } print "breach" if $n > 100\''
_FILL = """
cd /box/target; for i in 1 2 3 4; do head -c 16M /dev/zero >$i || break; done
[ $(du -sk . | cut -f1) -gt 40000 ] && { echo breach; sleep 1.2; }
"""
_LITTER = """
cd /box/target; perl -e 'for (1..1500) { open(my $f, ">", $_) or last; $n++ }
  syswrite(STDOUT, "breach"), select(undef, undef, undef, 1.2) if $n > 1000'
"""
_SPILL = """
for d in /tmp:2 ~:16 /dev/shm:16; do f=${d%:*}/f; head -c $((${d#*:} + 1))M /dev/zero >$f 2>/dev/null
  [ $(stat -c %s $f) -gt $((${d#*:} << 20)) ] && echo breach; done
"""
_GROW = "cd /box/target; head -c 20M /dev/zero >f 2>/dev/null; [ $(stat -c %s f) -gt 19000000 ] && echo breach; rm f"
_DAEMON = f"(setsid sh -c 'sleep {_LATE_S}; echo >/box/target/late' >/dev/null 2>&1 &)"
_TRAPS = f"cd /box/target; ln -s {_SECRET} link; ln -s / folder; mkfifo fifo"
_SPIN = "for i in 1 2 3 4; do timeout 1 sh -c 'while :; do :; done' & done; wait"

PROBES: tuple[Probe, ...] = (
    Probe(Promise.NETWORK, f"exec 3<>/dev/tcp/127.0.0.1/{_LISTENER} && echo breach"),
    Probe(Promise.HOST_FILES, f"cat {_SECRET}", _sees_the_secret),
    Probe(Promise.READ_ONLY, _WRITES.format(_TOUCH)),
    Probe(Promise.ENVIRONMENT, "printf '\\0'; env -0; cat /proc/1/environ", _inherits, of_node=False),
    Probe(Promise.USER, "echo >/box/target/mine", _is_the_workers_user),
    Probe(Promise.PROCESSES_HIDDEN, "cat /proc/[0-9]*/cmdline", _sees_the_worker),
    Probe(Promise.MEMORY, _HOARD, ended=Status.OOM),
    Probe(Promise.PROCESSES, _FORKS, ended=Status.OOM),
    Probe(Promise.CPU, _SPIN, _has_more_than_its_share, limits={"cpus": _SHARE}),
    Probe(Promise.WALL, "sleep 1; echo breach", how={"wall_s": 0.3}, of_node=False),
    Probe(Promise.SILENCE, "sleep 1; echo breach", how={"silence_s": 0.3}, of_node=False),
    Probe(Promise.OUTPUT, "head -c 1M /dev/zero", _says_more_than_it_may, of_node=False),
    Probe(Promise.OPEN_FILES, _FILES, of_node=False),
    Probe(Promise.FILE_SIZE, _GROW, of_node=False),
    Probe(Promise.DISK, _FILL, ended=Status.DISK_LIMIT, limits={"silence_s": 11.0}),
    Probe(Promise.INODES, _LITTER, ended=Status.DISK_LIMIT, limits={"silence_s": 12.0}),
    Probe(Promise.SCRATCH, _SPILL, _finds_something, of_node=False),
    Probe(Promise.ENDS, _DAEMON, _lives_on, of_node=False),
    Probe(Promise.CAPABILITIES, "grep ^Cap /proc/self/status", _has_capabilities),
    Probe(Promise.NO_NEW_PRIVILEGES, "grep -q 'NoNewPrivs.*0' /proc/self/status && echo breach"),
    Probe(Promise.SYSTEM_CALLS, "; ".join(_call(*c) for c in _CALLS.get(platform.machine(), ())), _is_refused_nothing),
    Probe(Promise.COLLECTION, _TRAPS, _reaches_out, of_node=False),
)
