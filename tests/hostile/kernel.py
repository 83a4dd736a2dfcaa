"""Crates that want more of the kernel than a build needs: calls that have opened kernels before, and privileges.

System calls are named by their numbers on x86-64: those cases are skipped elsewhere (`Case.machine`).
"""

from __future__ import annotations

from oxidizer.cluster.outcome import Cause
from oxidizer.cluster.promises import Promise
from tests.hostile.case import BACKENDS, Case
from tests.hostile.forms import build_script, macro, test

# Every call below is harmless by itself: what counts is that the kernel goes along with it.
_CALL = """
extern "C" {
    fn syscall(number: i64, ...) -> i64;
    fn getpid() -> i32;
    fn _exit(code: i32) -> !;
    fn fork() -> i32;
    fn waitpid(process: i32, status: *mut i32, flags: i32) -> i32;
}
"""


def _call(attempt: str, words: str) -> str:
    """An attack that tells the words if the expression is true."""
    return f"{_CALL}\nfn strike() {{\n    if unsafe {{ {attempt} }} {{\n        told({words!r});\n    }}\n}}\n".replace(
        "'", '"'
    )


# In a process of its own, since it changes the process that makes it.
def _forked(attempt: str, words: str) -> str:
    return f"""{_CALL}
fn strike() {{
    let mut status = 0;
    unsafe {{
        let child = fork();
        if child == 0 {{
            _exit(if {attempt} {{ 0 }} else {{ 1 }});
        }}
        waitpid(child, &mut status, 0);
    }}
    if status == 0 {{
        told("{words}");
    }}
}}
"""


_URING = _call("syscall(425, 4, [0u8; 120].as_mut_ptr()) >= 0", "a ring of io_uring")
_PTRACE = _forked("syscall(101, 0, 0, 0, 0) == 0", "a process let itself be traced")
_KEY = """
extern "C" {
    fn syscall(number: i64, ...) -> i64;
}

fn strike() {
    unsafe {
        let key = syscall(248, c"user".as_ptr(), c"hostile-@token@".as_ptr(), c"x".as_ptr(), 1usize, -4i64);
        if key > 0 {
            told("left a key with the kernel, for all who have this user id");
            syscall(250, 15i64, key, 5i64); // it goes after 5 s
        }
    }
}
"""
_BPF = """
extern "C" {
    fn syscall(number: i64, ...) -> i64;
}

fn strike() {
    let path = c"/nowhere".as_ptr() as u64;
    let mut question = [0u64; 16];
    question[0] = path;
    let answer = unsafe { syscall(321, 7i64, question.as_mut_ptr(), 128i64) };
    let error = std::io::Error::last_os_error().raw_os_error();
    if answer >= 0 || error == Some(2) {
        told("the kernel's bpf looked for a file");
    }
}
"""
_USERFAULTFD = _call("syscall(323, 1i64) >= 0", "faults of memory come to the crate")
_USER_NAMESPACE = _forked("syscall(272, 0x10000000i64) == 0", "root of a user namespace")
_CLONE = _call(
    "{ let child = syscall(56, 0x10000000i64 | 17, 0i64, 0i64, 0i64, 0i64); if child == 0 { _exit(0) } child > 0 }",
    "a child in a user namespace",
)
_CLONE3 = _call(
    "{ let mut how = [0u64; 11]; how[0] = 0x10000000; how[4] = 17; "
    "let child = syscall(435, how.as_mut_ptr(), 88i64); if child == 0 { _exit(0) } child > 0 }",
    "a child in a user namespace by clone3",
)
_MOUNT = """
extern "C" {
    fn fork() -> i32;
    fn _exit(code: i32) -> !;
    fn waitpid(process: i32, status: *mut i32, flags: i32) -> i32;
    fn unshare(what: i32) -> i32;
    fn mount(what: *const i8, at: *const i8, kind: *const i8, flags: u64, data: *const i8) -> i32;
}

fn strike() {
    let mut status = 0;
    unsafe {
        let child = fork();
        if child == 0 {
            unshare(0x1002_0000);
            let kind = c"tmpfs".as_ptr();
            _exit((mount(kind, c"/usr".as_ptr(), kind, 0, std::ptr::null()) != 0) as i32);
        }
        waitpid(child, &mut status, 0);
    }
    if status == 0 {
        told("mounted over /usr, for itself");
    }
}
"""
_GIVEN = """
extern "C" {
    fn chown(path: *const i8, user: u32, group: u32) -> i32;
}

fn strike() {
    std::fs::write("/tmp/mine", "x").unwrap();
    if unsafe { chown(c"/tmp/mine".as_ptr(), 0, 0) } == 0 {
        told("gave a file to root");
    }
}
"""
_PERF = """
extern "C" {
    fn syscall(number: i64, ...) -> i64;
}

fn strike() {
    let mut about = [0u64; 16];
    about[0] = 1 | 128 << 32; // software, and the size of this
    about[5] = 1 | 1 << 5 | 1 << 6; // off, neither kernel nor hypervisor
    if unsafe { syscall(298, about.as_mut_ptr(), 0i64, -1i64, -1i64, 0i64) } >= 0 {
        told("a counter of perf");
    }
}
"""
_READ_OTHER = """
extern "C" {
    fn syscall(number: i64, ...) -> i64;
    fn fork() -> i32;
    fn sleep(seconds: u32) -> u32;
    fn _exit(code: i32) -> !;
    fn kill(process: i32, signal: i32) -> i32;
}

static WORDS: [u8; 8] = *b"elsewhat";

fn strike() {
    let mut copy = [0u8; 8];
    let here = [copy.as_mut_ptr() as u64, 8];
    let there = [WORDS.as_ptr() as u64, 8];
    unsafe {
        let child = fork();
        if child == 0 {
            sleep(5);
            _exit(0);
        }
        syscall(310, child as i64, here.as_ptr(), 1i64, there.as_ptr(), 1i64, 0i64);
        kill(child, 9);
    }
    if copy == WORDS {
        told("read another process's memory");
    }
}
"""
# The list knows calls by number, and 32-bit programs have other numbers: 20 is getpid there, writev here.
_OTHER_NUMBERS = """
fn strike() {
    let answer: i64;
    unsafe {
        std::arch::asm!(
            "int 0x80", inlateout("rax") 20i64 => answer, out("r8") _, out("r9") _, out("r10") _, out("r11") _,
        );
    }
    if answer == std::process::id() as i64 {
        told("a call by the number that it has in 32-bit programs");
    }
}
"""
_SETUID = """
use std::process::{Command, Stdio};

fn strike() {
    for program in ["/usr/bin/su", "/usr/bin/newgrp", "/usr/bin/passwd", "/usr/bin/mount", "/usr/bin/chsh"] {
        let started = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let Ok(mut child) = started else { continue };
        for _ in 0..50 {
            let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
            let users = status.lines().find(|line| line.starts_with("Uid:")).unwrap_or_default();
            if users.split_whitespace().nth(2) == Some("0") {
                let _ = child.kill();
                return told(&format!("{program} runs as root"));
            }
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        let _ = child.kill();
        let _ = child.wait();
    }
}
"""

# Only opened, never written: a pattern for core dumps names a program that the host's root runs.
_SETTINGS = """
fn strike() {
    for name in ["core_pattern", "modprobe", "hotplug"] {
        if std::fs::OpenOptions::new().write(true).open(format!("/proc/sys/kernel/{name}")).is_ok() {
            return told(&format!("may write the host's setting {name}"));
        }
    }
}
"""

_ROOTS = {
    "docker": "the daemon shows the kernel's settings read-only to all",
    "bubblewrap": "they belong to the host's root, which a command there is not",
}
_NOT_NESTED = {"bubblewrap-user": "bubblewrap itself lets no user namespace be made below its own"}
_NO_SUID = {
    "bubblewrap": "bubblewrap itself sets no-new-privileges, and mounts without set-user-id",
    "bubblewrap-user": "bubblewrap itself sets no-new-privileges, and mounts without set-user-id",
}

CASES = (
    Case("io_uring", Promise.SYSTEM_CALLS, build_script(_URING), quick=("docker", "bubblewrap-user")),
    Case("ptrace", Promise.SYSTEM_CALLS, build_script(_PTRACE)),
    Case("key_left_behind", Promise.SYSTEM_CALLS, build_script(_KEY), quick=("bubblewrap",)),
    Case("bpf", Promise.SYSTEM_CALLS, build_script(_BPF)),
    Case("userfaultfd", Promise.SYSTEM_CALLS, macro(_USERFAULTFD)),
    Case("user_namespace", Promise.SYSTEM_CALLS, build_script(_USER_NAMESPACE), void=_NOT_NESTED, quick=("docker",)),
    Case("user_namespace_by_clone", Promise.SYSTEM_CALLS, build_script(_CLONE), void=_NOT_NESTED),
    Case("user_namespace_by_clone3", Promise.SYSTEM_CALLS, build_script(_CLONE3), void=_NOT_NESTED),
    Case("mount_in_a_namespace", Promise.SYSTEM_CALLS, build_script(_MOUNT), void=_NOT_NESTED),
    Case("file_given_to_root", Promise.CAPABILITIES, build_script(_GIVEN),
         void={"bubblewrap-user": "the capabilities of a user namespace reach nothing outside of it"}),
    Case("kernel_settings", Promise.READ_ONLY, build_script(_SETTINGS), void=_ROOTS, pods_root=True,
         quick=("bubblewrap-user",)),
    Case("perf", Promise.SYSTEM_CALLS, test(_PERF), command="test"),
    Case("memory_of_a_process", Promise.SYSTEM_CALLS, build_script(_READ_OTHER)),
    Case("other_numbers", Promise.SYSTEM_CALLS, build_script(_OTHER_NUMBERS), end=Cause.BUILD_SCRIPT_FAILED),
    Case("set_user_id", Promise.NO_NEW_PRIVILEGES, build_script(_SETUID), not_run=_NO_SUID),
)  # fmt: skip

assert set(_NO_SUID) < set(BACKENDS)
