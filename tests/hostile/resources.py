"""Crates that want more than their share: memory, processes, disk, descriptors, output, processors."""

from __future__ import annotations

import os

from oxidizer.cluster.capabilities import may_mount
from oxidizer.cluster.outcome import Cause
from oxidizer.cluster.promises import Promise
from tests.hostile.case import Case, Evidence
from tests.hostile.forms import build_script, library, test
from tests.integration.boxes import MB

_WATCHED = {"bubblewrap-user": Cause.OOM} if os.geteuid() == 0 and not may_mount() else {}
"""Root without control groups has no limit of processes: a watcher ends the command."""
_UNSEEN = "no control group: the watcher sees memory only where it is mapped into a process"

FORK_BOMB = """
extern "C" {
    fn fork() -> i32;
    fn sleep(seconds: u32) -> u32;
    fn _exit(code: i32) -> !;
}

fn strike() {
    let mut born = 0;
    while born < 400 {
        match unsafe { fork() } {
            0 => unsafe {
                sleep(3);
                _exit(0)
            },
            -1 => break,
            _ => born += 1,
        }
    }
    std::thread::sleep(std::time::Duration::from_millis(500));
    if born == 400 {
        told("400 processes at once");
    }
}
"""

_THREAD_BOMB = """
fn strike() {
    let mut threads = Vec::new();
    while threads.len() < 400 {
        let builder = std::thread::Builder::new().stack_size(64 << 10);
        match builder.spawn(|| std::thread::sleep(std::time::Duration::from_secs(2))) {
            Ok(thread) => threads.push(thread),
            Err(_) => return,
        }
    }
    told("400 threads at once");
}
"""

_MEMORY = """
fn strike() {
    let mut held = Vec::new();
    for _ in 0..90 {
        held.push(vec![1u8; 8 << 20]);
    }
    told(&format!("held {} MB", held.len() * 8));
}
"""

_MEMORY_TOGETHER = """
extern "C" {
    fn fork() -> i32;
    fn wait(status: *mut i32) -> i32;
    fn _exit(code: i32) -> !;
}

fn strike() {
    for _ in 0..6 {
        if unsafe { fork() } == 0 {
            let held = vec![1u8; 120 << 20];
            std::thread::sleep(std::time::Duration::from_secs(2));
            unsafe { _exit((held[77] != 1) as i32) }
        }
    }
    let mut well = 0;
    let mut status = 0;
    while unsafe { wait(&mut status) } > 0 {
        well += (status == 0) as u32;
    }
    if well == 6 {
        told("6 processes held 720 MB together");
    }
}
"""

_MEMFD = """
use std::io::Write;
use std::os::fd::FromRawFd;

extern "C" {
    fn memfd_create(name: *const u8, flags: u32) -> i32;
}

fn strike() {
    let mut held = Vec::new();
    for _ in 0..18 {
        let descriptor = unsafe { memfd_create(c"x".as_ptr().cast(), 0) };
        if descriptor < 0 {
            return;
        }
        let mut file = unsafe { std::fs::File::from_raw_fd(descriptor) };
        file.write_all(&vec![1u8; 40 << 20]).unwrap();
        held.push(file);
    }
    std::thread::sleep(std::time::Duration::from_millis(500));
    told("held 720 MB in files without a name");
}
"""

_SHARED = """
extern "C" {
    fn mmap(at: *mut u8, length: usize, may: i32, how: i32, file: i32, offset: i64) -> *mut u8;
    fn madvise(at: *mut u8, length: usize, advice: i32) -> i32;
}

fn strike() {
    let (size, piece) = (720usize << 20, 8usize << 20);
    let memory = unsafe { mmap(std::ptr::null_mut(), size, 3, 0x21, -1, 0) };
    for at in (0..size).step_by(piece) {
        unsafe {
            std::ptr::write_bytes(memory.add(at), 1, piece);
            FORGET
        }
    }
    std::thread::sleep(std::time::Duration::from_millis(500));
    told("held 720 MB of shared memory");
}
"""

_SYSV = """
extern "C" {
    fn shmget(key: i32, size: usize, flags: i32) -> i32;
    fn shmat(id: i32, at: *const u8, flags: i32) -> *mut u8;
    fn shmdt(at: *const u8) -> i32;
}

fn strike() {
    for _ in 0..18 {
        let size = 40 << 20;
        let id = unsafe { shmget(0, size, 0o1600) };
        if id < 0 {
            return;
        }
        unsafe {
            let memory = shmat(id, std::ptr::null(), 0);
            std::ptr::write_bytes(memory, 1, size);
            shmdt(memory);
        }
    }
    std::thread::sleep(std::time::Duration::from_millis(500));
    told("held 720 MB in segments of shared memory");
}
"""

_FILES = """
use std::fs::File;
use std::io::Write;

/// Files of 40 MB in a folder, until one cannot be written whole.
fn fill(folder: &str, files: usize) -> usize {
    let piece = vec![1u8; 40 << 20];
    for number in 0..files {
        let written = File::create(format!("{folder}/{number}")).and_then(|mut file| file.write_all(&piece));
        if written.is_err() {
            return number * 40;
        }
    }
    files * 40
}
"""

_TMPFS_MEMORY = (
    _FILES
    + """
fn strike() {
    let filled = fill("/tmp", 18);
    std::thread::sleep(std::time::Duration::from_millis(500));
    if filled == 720 {
        told("held 720 MB in /tmp");
    }
}
"""
)

_SCRATCH = (
    _FILES
    + """
fn strike() {
    let filled: Vec<usize> = ["/tmp", "/box/home", "/dev/shm"].iter().map(|folder| fill(folder, 2)).collect();
    if filled.iter().any(|megabytes| *megabytes == 80) {
        told(&format!("{filled:?} MB in /tmp, home and /dev/shm"));
    }
}
"""
)

_DISK = (
    _FILES
    + """
fn strike() {
    let filled = fill("/box/target", 6);
    std::thread::sleep(std::time::Duration::from_secs(WAIT));
    if filled == 240 {
        told("240 MB in the target folder");
    } else {
        panic!("No space left on device: only {filled} MB");
    }
}
"""
)

_INODES = """
fn strike() {
    std::fs::create_dir_all("/box/target/many").unwrap();
    for number in 0..12000 {
        std::fs::File::create(format!("/box/target/many/{number}")).unwrap();
    }
    std::thread::sleep(std::time::Duration::from_secs(WAIT));
    told("12,000 files in the target folder");
}
"""

_SPARSE = """
fn strike() {
    std::fs::File::create("/box/target/sparse").unwrap().set_len(1 << 30).unwrap();
    told("a file of 1 GiB that holds nothing");
}
"""

_HUGE = """
use std::io::Write;

fn strike() {
    std::fs::File::create("/tmp/huge").unwrap().write_all(&vec![1u8; 100 << 20]).unwrap();
    told("a file of 100 MB");
}
"""

_DESCRIPTORS = """
fn strike() {
    let mut open = Vec::new();
    while open.len() < 2000 {
        match std::fs::File::open("/box/src/Cargo.toml") {
            Ok(file) => open.push(file),
            Err(_) => return,
        }
    }
    told("2,000 open files");
}
"""

_SOCKETS = """
fn strike() {
    let mut open = Vec::new();
    while open.len() < 1000 {
        match std::os::unix::net::UnixStream::pair() {
            Ok(pair) => open.push(pair),
            Err(_) => return,
        }
    }
    told("2,000 open sockets");
}
"""

_PROCESSORS = """
use std::time::{Duration, Instant};

/// Seconds of processor that this process has used.
fn used() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat[stat.rfind(')').unwrap() + 2..].split(' ').collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

fn strike() {
    let began = Instant::now();
    let spin = move || while began.elapsed() < Duration::from_millis(2500) {};
    // Many, to have their part of a machine that others use too.
    let threads: Vec<_> = (0..8).map(|_| std::thread::spawn(spin)).collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let share = used() / began.elapsed().as_secs_f64();
    if share > 0.18 {
        told(&format!("took {share:.2} processors instead of 0.1"));
    }
}
"""

_RUSTC_MEMORY = """
const fn last() -> u8 {
    let big = [7u8; 600 << 20];
    big[(600 << 20) - 1]
}
pub const LAST: u8 = last();
"""


def _built(evidence: Evidence) -> str | None:
    """The compiler did what it should not have been able to."""
    return "the compiler held it all" if evidence.cause is None else None


CASES = (
    Case("fork_bomb", Promise.PROCESSES, build_script(FORK_BOMB), end_on=_WATCHED,
         quick=("docker", "bubblewrap-user")),
    Case("thread_bomb", Promise.PROCESSES, test(_THREAD_BOMB), command="test", end_on=_WATCHED),
    Case("memory_of_one", Promise.MEMORY, build_script(_MEMORY), end=Cause.OOM, quick=("docker", "bubblewrap-user")),
    Case("memory_of_many", Promise.MEMORY, build_script(_MEMORY_TOGETHER), end=Cause.OOM),
    Case("memory_in_memfd", Promise.MEMORY, build_script(_MEMFD), end=Cause.OOM, end_on={"bubblewrap-user": None},
         promise_on={"bubblewrap-user": Promise.SYSTEM_CALLS}, quick=("bubblewrap",)),
    Case("memory_shared", Promise.MEMORY, build_script(_SHARED.replace("FORGET", "")), end=Cause.OOM),
    Case("memory_forgotten", Promise.MEMORY,
         build_script(_SHARED.replace("FORGET", "madvise(memory.add(at), piece, 4);")), end=Cause.OOM,
         weaker={"bubblewrap-user": _UNSEEN}),
    Case("memory_in_segments", Promise.MEMORY, build_script(_SYSV), end=Cause.OOM, end_on={"bubblewrap-user": None},
         promise_on={"bubblewrap-user": Promise.SYSTEM_CALLS}),
    Case("memory_in_tmpfs", Promise.MEMORY, build_script(_TMPFS_MEMORY), end=Cause.OOM,
         limits={"tmp_bytes": 900 * MB}, weaker={"bubblewrap-user": f"{_UNSEEN}; /tmp has a size of its own"}),
    Case("memory_of_rustc", Promise.MEMORY, library(_RUSTC_MEMORY), harm=_built, end=Cause.OOM),
    Case("scratch", Promise.SCRATCH, build_script(_SCRATCH), quick=("bubblewrap",)),
    Case("disk", Promise.DISK, build_script(_DISK.replace("WAIT", "3")), end=Cause.NO_SPACE, quick=("docker",)),
    Case("inodes", Promise.INODES, build_script(_INODES.replace("WAIT", "3")), end=Cause.NO_SPACE),
    Case("sparse_file", Promise.FILE_SIZE, build_script(_SPARSE), end=Cause.BUILD_SCRIPT_FAILED),
    Case("huge_file", Promise.FILE_SIZE, test(_HUGE), command="test", limits={"tmp_bytes": 300 * MB}),
    Case("open_files", Promise.OPEN_FILES, build_script(_DESCRIPTORS), quick=("docker",)),
    Case("open_sockets", Promise.OPEN_FILES, test(_SOCKETS), command="test"),
    Case("processors", Promise.CPU, build_script(_PROCESSORS), limits={"cpus": 0.1},
         weaker={"bubblewrap-user": "no control group: the share of the processors is not bounded"}),
)  # fmt: skip
