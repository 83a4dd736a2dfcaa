"""Crates that want to stay: processes that outlive their command or a killed worker, or keep it from ending."""

from __future__ import annotations

from oxidizer.cluster.promises import Promise
from tests.hostile.case import Case, Evidence
from tests.hostile.forms import build_script, macro, test

# The daemon is told from all else on the host by its argument, says that it is there, and ends by itself.
_DAEMON = """
use std::process::{Command, Stdio};
use std::time::Duration;

fn daemon() -> Command {
    let mut daemon = Command::new("perl");
    daemon.args(["-e", "open F, '>/box/target/there'; sleep 40", "daemon-@token@"]).stdin(Stdio::null());
    daemon
}

fn await_daemon() {
    for _ in 0..1000 {
        if std::path::Path::new("/box/target/there").exists() {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
"""

_DETACHED = (
    _DAEMON
    + """
use std::os::unix::process::CommandExt;

extern "C" {
    fn fork() -> i32;
    fn setsid() -> i32;
    fn _exit(code: i32) -> !;
}

fn detach() {
    unsafe {
        if fork() == 0 {
            setsid();
            if fork() == 0 {
                daemon().stdout(Stdio::null()).stderr(Stdio::null()).exec();
            }
            _exit(0);
        }
    }
    await_daemon();
}
"""
)

_DOUBLE_FORK = (
    _DETACHED
    + """
fn strike() {
    detach();
}
"""
)

_DOUBLE_FORK_UNTIL_KILLED = (
    _DETACHED
    + """
fn strike() {
    detach();
    told("at work");
    std::thread::sleep(Duration::from_secs(40));
}
"""
)

CHILD = (
    _DAEMON
    + """
use std::os::unix::process::CommandExt;

fn strike() {
    daemon().process_group(0).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    await_daemon();
}
"""
)

_PIPE = (
    _DAEMON
    + """
fn strike() {
    daemon().spawn().unwrap();
    await_daemon();
}
"""
)

_UNTIL_KILLED = (
    _DAEMON
    + """
fn strike() {
    let mut child = daemon().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    await_daemon();
    told("at work");
    child.wait().unwrap();
}
"""
)


def lives_on(evidence: Evidence) -> str | None:
    """A process of the crate is there after the command."""
    return f"{evidence.living} processes lived on" if evidence.living else None


def held_up(evidence: Evidence) -> str | None:
    """The same, and that it keeps readers waiting; or the command itself waited for it."""
    if words := lives_on(evidence):
        return f"{words}, and {evidence.waits}" if evidence.waits else words
    run = evidence.run
    return f"the command waited for {run.wall_s:.0f} s" if run and run.wall_s > _LONG_S else None


_LONG_S = 20.0
"""Half of a daemon's life."""

CASES = (
    Case("double_fork", Promise.ENDS, build_script(_DOUBLE_FORK), harm=lives_on,
         quick=("docker", "bubblewrap", "bubblewrap-user")),
    Case("child_of_macro", Promise.ENDS, macro(CHILD), harm=lives_on),
    Case("detached_test", Promise.ENDS, test(CHILD), command="test", harm=lives_on),
    Case("holder_of_the_pipe", Promise.ENDS, test(_PIPE), command="held", harm=held_up),
    Case("killed_worker", Promise.ENDS, build_script(_UNTIL_KILLED), command="killed", harm=lives_on,
         quick=("docker", "bubblewrap")),
    Case("daemon_of_a_killed_worker", Promise.ENDS, build_script(_DOUBLE_FORK_UNTIL_KILLED), command="killed",
         harm=lives_on),
)  # fmt: skip
