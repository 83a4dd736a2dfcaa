"""Crates that want to know: secrets of the host, of the worker's environment, of other units and their processes."""

from __future__ import annotations

import os

from oxidizer.cluster.outcome import Cause
from oxidizer.cluster.promises import Promise
from tests.hostile.case import Case, Evidence
from tests.hostile.forms import build_script, library, macro, test

SECRET = "OXIDIZER_HOSTILE_SECRET"
"""A variable of the worker's environment, for as long as the suite runs."""

ENVIRONMENT = f"""
fn strike() {{
    if let Ok(value) = std::env::var("{SECRET}") {{
        return told(&format!("the variable says {{value}}"));
    }}
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {{
        let environment = std::fs::read(entry.path().join("environ")).unwrap_or_default();
        if String::from_utf8_lossy(&environment).contains("{SECRET}") {{
            return told("another process has the variable");
        }}
    }}
}}
"""

_FILE = """
fn strike() {
    for way in ["@secret@", "/box/src/../secret", "/proc/1/root@secret@", "/proc/self/cwd/../secret"] {
        if let Ok(text) = std::fs::read_to_string(way) {
            return told(&format!("read {text}"));
        }
    }
}
"""

_INCLUDED = """
pub const SECRET: &str = include_str!("@secret@");
"""

_DOCKER = """
use std::io::Read;
use std::os::unix::net::UnixStream;

fn strike() {
    for way in ["@socket@", "/box/src/../docker.sock"] {
        if let Ok(mut stream) = UnixStream::connect(way) {
            let mut greeting = String::new();
            stream.read_to_string(&mut greeting).unwrap();
            told(&format!("the host's service says {greeting}"));
        }
    }
    for way in ["/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock"] {
        if std::path::Path::new(way).exists() {
            told(way);
        }
    }
}
"""

# Another unit's process, by its own argument; the folder of it in /proc.
_NEIGHBOUR = """
use std::path::PathBuf;

fn neighbour() -> Option<PathBuf> {
    std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path()).find(|process| {
        let line = std::fs::read(process.join("cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).any(|word| word == b"neighbour-@token@")
            && line.starts_with(b"perl")
    })
}
"""

_PROCESSES = (
    _NEIGHBOUR
    + """
fn strike() {
    if let Some(process) = neighbour() {
        told(&format!("saw another unit's process {}", process.display()));
    }
}
"""
)

_MEMORY = (
    _NEIGHBOUR
    + """
use std::io::{Read, Seek, SeekFrom};

fn strike() {
    let Some(process) = neighbour() else { return };
    let maps = std::fs::read_to_string(process.join("maps")).unwrap_or_default();
    let Ok(mut memory) = std::fs::File::open(process.join("mem")) else { return };
    for map in maps.lines().filter(|map| map.contains("[heap]") || map.contains("[stack]")) {
        let (from, to) = map.split(' ').next().unwrap().split_once('-').unwrap();
        let from = u64::from_str_radix(from, 16).unwrap();
        let mut bytes = vec![0; (u64::from_str_radix(to, 16).unwrap() - from) as usize];
        memory.seek(SeekFrom::Start(from)).unwrap();
        if memory.read_exact(&mut bytes).is_ok() && String::from_utf8_lossy(&bytes).contains("private-@token@") {
            return told("read another unit's memory");
        }
    }
}
"""
)

_KILL = (
    _NEIGHBOUR
    + """
extern "C" {
    fn kill(process: i32, signal: i32) -> i32;
}

fn strike() {
    let Some(process) = neighbour() else { return };
    let number: i32 = process.file_name().unwrap().to_str().unwrap().parse().unwrap();
    unsafe { kill(number, 9) };
}
"""
)

_TARGET = (
    _NEIGHBOUR
    + """
fn strike() {
    let Some(process) = neighbour() else { return };
    let target = process.join("root/box/target");
    if let Ok(text) = std::fs::read_to_string(target.join("private")) {
        let written = std::fs::write(target.join("planted"), "x").is_ok();
        told(&format!("read {text}in another unit's target folder, {}", if written { "and wrote" } else { "no more" }));
    }
}
"""
)

_PRIVATE = """
fn strike() {
    if let Ok(text) = std::fs::read_to_string("/cargo/registry/private") {
        told(&format!("read {text}, which is for its owner alone"));
    }
}
"""


def killed(evidence: Evidence) -> str | None:
    """Another unit's command came to a bad end."""
    neighbour = evidence.neighbour
    return f"killed another unit's command ({neighbour.exit_code})" if neighbour and not neighbour.ok else None


def compiled(evidence: Evidence) -> str | None:
    """The compiler found the file."""
    return "the compiler read the host's file" if evidence.cause is None else None


_ROOT = {"bubblewrap-user": "a user has no second user id to give"} if os.geteuid() == 0 else {}

_OWN_NUMBERS = dict.fromkeys(
    ("bubblewrap", "bubblewrap-user"), "processes are numbered in a namespace of their own, whoever's /proc is shown"
)
_OTHER_NAMESPACE = {"bubblewrap-user": "the kernel keeps processes of one user namespace out of those of another"}

CASES = (
    Case("environment", Promise.ENVIRONMENT, build_script(ENVIRONMENT), quick=("docker", "bubblewrap-user")),
    Case("environment_of_a_macro", Promise.ENVIRONMENT, macro(ENVIRONMENT)),
    Case("secret_file", Promise.HOST_FILES, test(_FILE), command="test", quick=("bubblewrap",)),
    Case("secret_compiled_in", Promise.HOST_FILES, library(_INCLUDED), harm=compiled, end=Cause.COMPILE_ERROR),
    Case("docker_socket", Promise.HOST_FILES, build_script(_DOCKER), quick=("docker",)),
    Case("other_processes", Promise.PROCESSES_HIDDEN, build_script(_PROCESSES), neighbour=True),
    Case("neighbours_memory", Promise.PROCESSES_HIDDEN, build_script(_MEMORY), neighbour=True,
         void=_OTHER_NAMESPACE),
    Case("neighbour_killed", Promise.PROCESSES_HIDDEN, build_script(_KILL), harm=killed, neighbour=True,
         quick=("docker",), void=_OWN_NUMBERS),
    Case("neighbours_target", Promise.PROCESSES_HIDDEN, build_script(_TARGET), neighbour=True,
         void=_OTHER_NAMESPACE),
    Case("private_file", Promise.USER, build_script(_PRIVATE), weaker=_ROOT),
)  # fmt: skip
