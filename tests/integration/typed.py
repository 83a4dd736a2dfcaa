"""`oxidizer` as a person types it, and a list of small crates of our own: one good one, and every kind of bad one."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from oxidizer.cluster.capabilities import may_mount

# What a command imported is looked at when it ends: nothing here may need torch.
_COMMAND = """
import atexit, sys
atexit.register(lambda: "torch" in sys.modules and print("torch was imported", file=sys.stderr))
from oxidizer.cli import main
main()
"""
MANIFEST = '[package]\nname = "{name}"\nversion = "0.1.0"\nedition = "2021"\n{license}\n'
LIBRARY = """//! A few lints.
pub struct Foo { pub a: u32 }
impl Foo {
    pub fn new(a: u32) -> Foo { return Foo { a: a }; }
    pub fn is_even(&self) -> bool { if self.a % 2 == 0 { true } else { false } }
}
#[cfg(test)]
mod tests { #[test] fn even() { assert!(super::Foo::new(2).is_even()); } }
"""
CRATES = {
    "good": ('license = "MIT"', LIBRARY),
    "broken": ('license = "MIT"', 'pub fn f() -> u32 { "x" }\n'),
    "copyleft": ('license = "GPL-3.0-only"', LIBRARY),
    "unlicensed": ("", LIBRARY),
    "illegible": ("[dependencies\n[/lib]", LIBRARY),
}


def command(*args: object) -> list[str]:
    """The argument list of a command."""
    return [sys.executable, "-c", _COMMAND, *map(str, args)]


def oxidizer(*args: object, timeout_s: float = 300, **env: str) -> "subprocess.CompletedProcess[str]":
    """A command that ended, as a person would want it to: no traceback, and no torch in it."""
    done = subprocess.run(
        command(*args), env={**os.environ, "COLUMNS": "200", **env},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout_s,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    assert "torch was imported" not in done.stderr
    return done


def mine(listed: Path, run: object, *args: object, **env: str) -> "subprocess.CompletedProcess[str]":
    """`oxidizer mine` in bubblewrap, whatever of its promises an ordinary user has to do without."""
    accepted = [] if may_mount() else ["--accept-weaker", "user,memory,processes,cpu,disk,inodes"]
    return oxidizer("mine", "--list", listed, "--out", run, "--sandbox", "bubblewrap", *accepted, *args, **env)


def write_crates(folder: Path) -> Path:
    """The crates in a folder; their list."""
    for name, (license, library) in CRATES.items():
        (folder / name / "src").mkdir(parents=True)
        (folder / name / "Cargo.toml").write_text(MANIFEST.format(name=name, license=license))
        (folder / name / "src/lib.rs").write_text(library)
    (folder / "list.toml").write_text("".join(f'[[crate]]\npath = "{name}"\n' for name in CRATES))
    return folder / "list.toml"


def units(run: Path) -> dict[str, dict[str, Any]]:
    """What each committed unit says of itself, by crate."""
    found = [json.loads(path.read_text()) for path in run.glob("units/*/unit.json")]
    return {unit["crate"]: unit for unit in found}


def tuples(run: Path) -> list[dict[str, Any]]:
    """All tuples of a run."""
    return [row for path in sorted(run.glob("units/*/diag_fix.parquet")) for row in pq.read_table(path).to_pylist()]
