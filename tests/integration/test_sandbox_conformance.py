"""What a sandbox promises, held against every backend. To add a promise, add a line to PROMISES or a test below.

Bounds are in test_sandbox_bounds.py, what ends with what in test_sandbox_ends.py.
"""

import json
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from oxidizer.cluster.backends import choose_backend, open_sandbox
from oxidizer.cluster.sandbox import ENVIRONMENT, Mounts, Sandbox, SandboxUnavailable, Status
from tests.integration.boxes import LIMITS, MB, Open, sh

READ_ONLY = ("/box/src", "/cargo", "/cargo/registry", "/opt/rust", "/opt/oxidizer", "/usr", "/etc", "/", "/opt", "/box")
WRITABLE = ("/box/target", "/box/home", "/tmp")


@pytest.fixture
def listener() -> Iterator[int]:
    """A port on the host's loopback that answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@dataclass(frozen=True)
class Promise:
    """A script and the exact output that keeps the promise."""

    name: str
    script: str
    stdout: str


PROMISES = [
    Promise("no network interface but loopback", "tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '", "lo\n"),
    Promise("no name is resolved", "perl -e 'print defined gethostbyname(\"example.org\") ? 1 : 0'", "0"),
    Promise("localhost is", "perl -e 'print join \".\", unpack \"C4\", gethostbyname \"localhost\"'", "127.0.0.1"),
    Promise("a user of its own", "id -u; id -g; whoami", "10001\n10001\nbox\n"),
    Promise("no capability", "grep ^Cap /proc/self/status | cut -f2 | sort -u", "0000000000000000\n"),
    Promise("no new privileges", "grep NoNewPrivs /proc/self/status | cut -f2", "1\n"),
    Promise("a seccomp filter", "grep -w Seccomp: /proc/self/status | cut -f2", "2\n"),
    Promise("no io_uring", "perl -e 'syscall(425, 1, 0); print $!+0'", "38"),
    Promise("no AF_VSOCK", "perl -e 'socket($s, 40, 1, 0); print $!+0'", "97"),
    Promise("no user namespace", "perl -e 'syscall(272, 0x10000000); print $!+0'", "1"),
    Promise("no ptrace", "perl -e 'syscall(101, 0, 0, 0, 0); print $!+0'", "1"),
    Promise("no keyring", "perl -e 'syscall(250, 0, 0, 0); print $!+0'", "1"),
    Promise("Unix sockets work", "perl -e 'print socket($s, 1, 1, 0)'", "1"),
    Promise("a fixed host name", "cat /proc/sys/kernel/hostname", "oxidizer\n"),
    Promise("no process of the host", "cat /proc/[0-9]*/comm | grep -cE 'python|dockerd|pytest'", "0\n"),
    Promise("standard input is empty", "cat | wc -c", "0\n"),
    Promise("no descriptor but three", "bash -c 'ls /proc/$$/fd; :' | tr '\\n' ' '", "0 1 2 "),
    Promise("a file of ours", "cat /cargo/config.toml", "# ours\n"),
    Promise("files have a size limit", "cd ../target; head -c 60M /dev/zero >f; wc -c <f; rm f", "50331648\n"),
    Promise("tmp has a size", "head -c 20M /dev/zero >/tmp/f 2>/dev/null; wc -c </tmp/f", "16777216\n"),
    Promise("tmp can run programs", "cp /bin/true /tmp/t && /tmp/t && echo yes", "yes\n"),
    Promise("few open files", "ulimit -n; ulimit -c", "256\n0\n"),
    Promise("no devices", "ls -A /sys; [ $(stat -c %d /sys) = $(stat -c %d /tmp) ] || echo apart", "apart\n"),
    Promise("local time", "readlink /etc/localtime", "/usr/share/zoneinfo/Etc/UTC\n"),
    Promise("starts in the sources", "pwd; ls", "/box/src\nCargo.lock\nCargo.toml\nsrc\n"),
]  # fmt: skip


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.name)
def test_promise(box: Sandbox, promise: Promise) -> None:
    result = sh(box, promise.script)
    assert result.stdout.decode() == promise.stdout, result


def test_loopback_of_the_host_is_out_of_reach(box: Sandbox, listener: int) -> None:
    socket.create_connection(("127.0.0.1", listener)).close()
    assert sh(box, f"exec 3<>/dev/tcp/127.0.0.1/{listener}").status is Status.FAILED


@pytest.mark.parametrize("folder", READ_ONLY)
def test_read_only(box: Sandbox, folder: str) -> None:
    result = sh(box, f"touch {folder}/x; echo >{folder}/y; mkdir {folder}/z; chmod 777 {folder}")
    assert result.exit_code == 1
    assert result.stderr.count(b"\n") == 4, result


def test_only_scratch_folders_are_writable(box: Sandbox) -> None:
    folders = "for f in /* /box/* /opt/* /cargo/* /usr/* /etc/*; do [ -d $f -a -w $f ] && echo $f; done"
    found = sh(box, f"find / -xdev -writable -type f; {folders}")
    assert set(found.stdout.decode().split()) == set(WRITABLE)


def test_source_follows_the_host(box: Sandbox, mounts: Mounts) -> None:
    (mounts.source / "later").write_text("new")
    assert sh(box, "cat later").stdout == b"new"
    (mounts.source / "later").unlink()


def test_target_lasts(box: Sandbox, mounts: Mounts) -> None:
    assert sh(box, "echo one >/box/target/kept").ok
    assert sh(box, "cat /box/target/kept").stdout == b"one\n"
    assert (mounts.target / "kept").read_text() == "one\n"


def test_scratch_folders_are_empty_each_time(box: Sandbox) -> None:
    assert sh(box, "mkdir -p /tmp/a/b/c ~/d; touch /tmp/.hidden /tmp/a/b/f ~/d/e /dev/shm/s; chmod 0 /tmp/a/b ~/d").ok
    assert sh(box, "find /tmp ~ /dev/shm").stdout == b"/tmp\n/box/home\n/dev/shm\n"


def test_environment_is_exactly_ours(box: Sandbox) -> None:
    os.environ["OXIDIZER_SECRET"] = "1"
    result = box.run(["env", "-0"], env={"EXTRA": "a b\nc", "LANG": "C"})
    expected = {**ENVIRONMENT, "EXTRA": "a b\nc", "LANG": "C"}
    assert sorted(result.stdout.decode().split("\0")[:-1]) == sorted(
        f"{key}={value}" for key, value in expected.items()
    )


def test_nothing_leaks_through_proc(box: Sandbox) -> None:
    os.environ["OXIDIZER_SECRET"] = "1"
    assert b"OXIDIZER_SECRET" not in sh(box, "cat /proc/[0-9]*/environ 2>/dev/null").stdout


def test_host_files_are_out_of_sight(box: Sandbox, mounts: Mounts) -> None:
    secret = mounts.source.parent / "secret"
    result = sh(
        box, f"cat {secret} {Path.home()}/.bashrc /etc/shadow {mounts.source}/Cargo.toml /box/src/../../{secret}"
    )
    assert result.stdout == b""


def test_streams_and_exit_codes_are_exact(box: Sandbox) -> None:
    everything = bytes(range(256)) * 16
    result = box.run(["perl", "-e", "print pack('C*', 0..255) x 16; print STDERR pack('C*', 0..255) x 8; exit 42"])
    assert (result.exit_code, result.stdout, result.stderr) == (42, everything, everything[:2048])
    assert box.run(["true"]).exit_code == 0
    assert sh(box, "kill -SEGV $$").exit_code == 139
    missing = box.run(["no-such-program"])
    assert (missing.exit_code, missing.stdout) == (127, b"")
    assert missing.stderr.endswith(b"env: 'no-such-program': No such file or directory\n")


def test_large_output_is_whole(box: Sandbox) -> None:
    result = box.run(["perl", "-e", "print 'x' x 3e6; print STDERR 'y' x 1e6"])
    assert (len(result.stdout), len(result.stderr), result.status) == (3_000_000, 1_000_000, Status.OK)


def test_cwd(box: Sandbox) -> None:
    assert box.run(["pwd"], cwd="/box/src/src").stdout == b"/box/src/src\n"
    with pytest.raises(SandboxUnavailable):
        box.run(["pwd"], cwd="/no/such/folder")
    assert box.run(["true"]).ok


def test_figures_are_sane(box: Sandbox) -> None:
    result = box.run(["perl", "-e", "$x = 'x' x 1e8; $i++ while $i < 2e7"])
    assert 100 * MB * 0.9 < result.peak_bytes < 250 * MB
    assert 0.1 < result.cpu_s < 1.3 * result.wall_s + 0.1
    assert result.leftovers == 0


def test_a_folder_that_cannot_be_shown_is_refused(backend: str, mounts: Mounts, tmp_path: Path) -> None:
    name = backend.removesuffix("-user")
    with pytest.raises(ValueError, match="no folder"):
        open_sandbox(name, Mounts(tmp_path / "none", mounts.target, mounts.toolchain), LIMITS)


@pytest.fixture(scope="session")
def checks() -> dict[str, bytes]:
    """What `cargo check` printed, by backend."""
    return {}


def test_cargo_check_is_the_same_everywhere(opened: Open, backend: str, checks: dict[str, bytes]) -> None:
    with opened(memory_bytes=2048 * MB, disk_bytes=512 * MB) as sandbox:
        command = ["cargo", "check", "--offline", "--message-format=json"]
        result = sandbox.run(command, env={"CARGO_TARGET_DIR": "/box/target/check"})
    assert result.ok, result.stderr
    reasons = [json.loads(line)["reason"] for line in result.stdout.splitlines()]
    assert reasons == ["compiler-message", "compiler-artifact", "build-finished"]
    checks[backend] = result.stdout
    assert set(checks.values()) == {result.stdout}


def test_no_daemon_is_told(monkeypatch: pytest.MonkeyPatch, mounts: Mounts) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    with pytest.raises(SandboxUnavailable, match="no Docker daemon answers"):
        open_sandbox("docker", mounts, LIMITS)
    assert choose_backend("auto") == "bubblewrap"
    with pytest.raises(SandboxUnavailable, match="no Docker daemon answers"):
        choose_backend("docker:runsc")
    for unknown in ("podman", "bubblewrap:runsc", "docker:"):
        with pytest.raises(ValueError, match="auto, docker, bubblewrap, or docker:RUNTIME"):
            choose_backend(unknown)


@pytest.mark.docker
def test_a_runtime_of_docker_is_named(mounts: Mounts) -> None:
    with pytest.raises(SandboxUnavailable, match=r"no runtime 'runsc', only .*runc"):
        choose_backend("docker:runsc")
    assert choose_backend("docker:runc") == "docker:runc"
    with open_sandbox("docker:runc", mounts, LIMITS) as sandbox:
        assert sandbox.run(["true"]).ok
