"""Crates that do not end: in time, in silence, in words. They belong to the group of resources."""

from __future__ import annotations

from oxidizer.cluster.outcome import Cause
from oxidizer.cluster.promises import Promise
from tests.hostile.case import Case, Evidence
from tests.hostile.forms import build_script, library, macro, test
from tests.integration.boxes import MB

_LOOP = """
use std::time::{Duration, Instant};

fn strike() {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(6) {}
    told("computed for 6 s");
}
"""

_DEAF = """
use std::time::Duration;

extern "C" {
    fn signal(number: i32, action: usize) -> usize;
    fn setsid() -> i32;
    fn fork() -> i32;
}

fn strike() {
    for number in 1..32 {
        unsafe { signal(number, 1) };
    }
    let child = unsafe { fork() } == 0;
    if child {
        unsafe { setsid() };
    }
    for _ in 0..60 {
        println!("still here");
        std::thread::sleep(Duration::from_millis(100));
    }
    if child {
        std::process::exit(0);
    }
    told("heard no signal for 6 s");
}
"""

_QUIET = """
fn strike() {
    std::thread::sleep(std::time::Duration::from_secs(4));
    told("said nothing for 4 s");
}
"""

_WARNINGS = """
fn strike() {
    let words = "w".repeat(10_000);
    for _ in 0..1200 {
        println!("cargo:warning={words}");
    }
}
"""

_ONE_LINE = """
use std::io::Write;

fn strike() {
    let piece = vec![b'x'; 1 << 20];
    let mut out = std::io::stdout();
    for _ in 0..12 {
        out.write_all(&piece).unwrap();
    }
    out.flush().unwrap();
}
"""

_BYTES = """
use std::io::Write;

fn strike() {
    let piece = b"\\xff\\xfe\\x1b]0;owned\\x07\\x1b[2J\\x00\\n".repeat(60_000);
    let mut out = std::io::stderr();
    for _ in 0..12 {
        out.write_all(&piece).unwrap();
    }
}
"""

_SWALLOWED = """
use std::io::Write;

fn strike() {
    let piece = vec![b'x'; 1 << 20];
    let mut out = std::io::stdout();
    for _ in 0..150 {
        out.write_all(&piece).unwrap();
    }
}
"""

_UNUSED = """
macro_rules! unused {
    ($($digit:tt)*) => { $(unused_of!($digit);)* };
}
macro_rules! unused_of {
    ($digit:tt) => {
        NAMES
    };
}
pub fn many() {
    unused!(TOKENS);
}
"""

# Each type is a pair of the one before: a tree of a million leaves, and the compiler walks them all.
_TYPES = """
pub type T0 = u8;
PAIRS
pub fn copy(tree: &T20) -> T20 {
    tree.clone()
}
"""

_PAIRS = "\n".join(f"pub type T{n + 1} = (T{n}, T{n});" for n in range(20))

# Each call makes two of what is left.
_MACRO = """
#![recursion_limit = "256"]
macro_rules! tree {
    () => { 1u64 };
    ($head:tt $($rest:tt)*) => { tree!($($rest)*).wrapping_add(tree!($($rest)*)) };
}
pub fn leaves() -> u64 {
    tree!(LEVELS)
}
"""

_CONST = """
#![allow(long_running_const_eval)]
pub const SUM: u64 = {
    let (mut n, mut sum) = (0u64, 0u64);
    while n < 1_000_000 {
        sum = sum.wrapping_mul(31).wrapping_add(n);
        n += 1;
    }
    sum
};
"""

_FLOOD = 8 * MB
_PATIENCE_S = 1.5
_SLOW = {"wall_s": _PATIENCE_S, "memory_bytes": 3072 * MB}


def flooded(evidence: Evidence) -> str | None:
    """More was printed, and kept, than is allowed."""
    run = evidence.run
    printed = len(run.stdout) + len(run.stderr) if run else 0
    return f"printed {printed >> 20} MB" if printed > _FLOOD else None


def toiled(evidence: Evidence) -> str | None:
    """The compiler was at work for longer than it may, and came to its end."""
    run = evidence.run
    long = run is not None and run.ok and run.wall_s > _PATIENCE_S
    return f"the compiler worked for {run.wall_s:.0f} s" if run and long else None


def swallowed(evidence: Evidence) -> str | None:
    """cargo held what a build script said, all of it."""
    run = evidence.run
    return f"cargo held {run.peak_bytes >> 20} MB" if run and evidence.cause is None else None


def _warned() -> str:
    names = "\n        ".join(f"let unused_{'x' * 60}_{n} = $digit;" for n in range(40))
    return _UNUSED.replace("NAMES", names).replace("TOKENS", " ".join(str(n) for n in range(150)))


CASES = (
    Case("endless_build_script", Promise.WALL, build_script(_LOOP), end=Cause.TIMEOUT, limits={"wall_s": 3.0}),
    Case("endless_test", Promise.WALL, test(_LOOP), command="test", end=Cause.TIMEOUT, limits={"wall_s": 3.0},
         quick=("bubblewrap",)),
    Case("deaf_to_signals", Promise.WALL, test(_DEAF), command="test", end=Cause.TIMEOUT, limits={"wall_s": 4.0}),
    Case("quiet_build_script", Promise.SILENCE, build_script(_QUIET), end=Cause.SILENT, limits={"silence_s": 2.0},
         quick=("docker",)),
    Case("quiet_macro", Promise.SILENCE, macro(_QUIET), end=Cause.SILENT, limits={"silence_s": 2.0}),
    Case("quiet_test", Promise.SILENCE, test(_QUIET), command="test", end=Cause.SILENT, limits={"silence_s": 2.0}),
    Case("flood_of_warnings", Promise.OUTPUT, build_script(_WARNINGS), harm=flooded, end=Cause.OUTPUT_LIMIT),
    Case("flood_of_rustc", Promise.OUTPUT, library(_warned()), harm=flooded, end=Cause.OUTPUT_LIMIT),
    Case("flood_in_one_line", Promise.OUTPUT, test(_ONE_LINE), command="test", harm=flooded, end=Cause.OUTPUT_LIMIT,
         quick=("bubblewrap-user",)),
    Case("flood_of_bytes", Promise.OUTPUT, test(_BYTES), command="test", harm=flooded, end=Cause.OUTPUT_LIMIT),
    Case("deep_types", Promise.WALL, library(_TYPES.replace("PAIRS", _PAIRS)), harm=toiled, end=Cause.TIMEOUT,
         limits=_SLOW),
    Case("slow_macro", Promise.WALL, library(_MACRO.replace("LEVELS", "x " * 16)), harm=toiled, end=Cause.TIMEOUT,
         limits=_SLOW),
    Case("endless_constant", Promise.WALL, library(_CONST), harm=toiled, end=Cause.TIMEOUT, limits=_SLOW,
         quick=("bubblewrap",)),
    Case("cargo_swallows_a_line", Promise.MEMORY, build_script(_SWALLOWED), harm=swallowed, end=Cause.OOM,
         limits={"memory_bytes": 224 * MB, "disk_bytes": 2048 * MB, "file_bytes": 1024 * MB}),
)  # fmt: skip
