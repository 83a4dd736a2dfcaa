"""Builds run directories as `oxidizer mine` leaves them, for tests of what reads them.

The diagnostics are what clippy (Rust 1.95) printed for the code shown; crates, counts and times are made up.
"""

from __future__ import annotations

import difflib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from oxidizer.datasets.records import DiagFix, Record, Reject, arrow_schema, to_row

TOOLCHAIN = "rustc 1.95.0 (59807616e 2026-04-14)"


@dataclass(frozen=True)
class Lesson:
    """One diagnostic with the lines before and after; `{at}` in the diagnostic is its place."""

    tool: str
    code: str | None
    class_: str
    message: str
    before: str
    after: str
    drawing: str
    applicability: str = "MachineApplicable"


# fmt: off
LESSONS = [
    Lesson(
        tool="clippy", code="clippy::use_self", class_="lint",
        message="unnecessary structure name repetition",
        before="""\
    pub fn new() -> Counters {
        Counters { names: HashMap::new() }
    }
""",
        after="""\
    pub fn new() -> Self {
        Counters { names: HashMap::new() }
    }
""",
        drawing="""\
10 |     pub fn new() -> Counters {
   |                     ^^^^^^^^ help: use the applicable keyword: `Self`
   |
   = note: requested on the command line with `-W clippy::use-self`
""",
    ),
    Lesson(
        tool="clippy", code="clippy::needless_return", class_="style",
        message="unneeded `return` statement",
        before="""\
    pub fn new() -> Self {
        // Nothing has been counted yet.
        return Counters { names: HashMap::new() };
    }
""",
        after="""\
    pub fn new() -> Self {
        // Nothing has been counted yet.
        Counters { names: HashMap::new() }
    }
""",
        drawing="""\
12 |         return Counters { names: HashMap::new() };
   |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
   |
   = note: `#[warn(clippy::needless_return)]` on by default
help: remove `return`
   |
12 -         return Counters { names: HashMap::new() };
12 +         Counters { names: HashMap::new() }
   |
""",
    ),
    Lesson(
        tool="rustc", code="unused_mut", class_="lint",
        message="variable does not need to be mutable",
        before="""\
        let mut names = HashMap::new();
        Self { names }
""",
        after="""\
        let names = HashMap::new();
        Self { names }
""",
        drawing="""\
11 |         let mut names = HashMap::new();
   |             ----^^^^^
   |             |
   |             help: remove this `mut`
   |
   = note: `#[warn(unused_mut)]` (part of `#[warn(unused)]`) on by default
""",
    ),
    Lesson(
        tool="clippy", code="clippy::for_kv_map", class_="style",
        message="you seem to want to iterate on a map's values",
        before="""\
        let mut sum = 0;
        for (_, n) in &self.names {
            sum += n * *scale;
        }
        sum
""",
        after="""\
        let mut sum = 0;
        for n in self.names.values() {
            sum += n * *scale;
        }
        sum
""",
        drawing="""\
17 |         for (_, n) in &self.names {
   |                       ^^^^^^^^^^^
   |
   = note: `#[warn(clippy::for_kv_map)]` on by default
help: use the corresponding method
   |
17 -         for (_, n) in &self.names {
17 +         for n in self.names.values() {
   |
""",
    ),
    Lesson(
        tool="clippy", code="clippy::manual_map", class_="pattern",
        message="manual implementation of `Option::map`",
        before="""\
        match self.names.get(name) {
            Some(n) => Some(*n),
            None => None,
        }
""",
        after="""\
        self.names.get(name).map(|n| *n)
""",
        drawing="""\
24 | /         match self.names.get(name) {
25 | |             Some(n) => Some(*n),
26 | |             None => None,
27 | |         }
   | |_________^ help: try: `self.names.get(name).map(|n| *n)`
   |
   = note: `#[warn(clippy::manual_map)]` on by default
""",
    ),
    Lesson(
        tool="clippy", code="clippy::redundant_clone", class_="move",
        message="redundant clone",
        before="""\
        let text = format!("{name}: {}", self.find(name).unwrap_or(0));
        text.clone()
""",
        after="""\
        let text = format!("{name}: {}", self.find(name).unwrap_or(0));
        text
""",
        drawing="""\
32 |         text.clone()
   |             ^^^^^^^^ help: remove this
   |
note: this value is dropped without further use
  --> src/lib.rs:32:9
   |
32 |         text.clone()
   |         ^^^^
   = note: requested on the command line with `-W clippy::redundant-clone`
""",
    ),
    Lesson(
        tool="clippy", code="clippy::needless_borrow", class_="borrow",
        message="this expression creates a reference which is immediately dereferenced by the compiler",
        before="""\
        let seen: Option<u64> = self.find(&name);
        seen.unwrap_or(0x00)
""",
        after="""\
        let seen: Option<u64> = self.find(name);
        seen.unwrap_or(0x00)
""",
        drawing="""\
31 |         let seen: Option<u64> = self.find(&name);
   |                                           ^^^^^ help: change this to: `name`
   |
   = note: `#[warn(clippy::needless_borrow)]` on by default
""",
        applicability="MaybeIncorrect",
    ),
    Lesson(
        tool="rustfmt", code=None, class_="style",
        message="the code is not formatted as rustfmt would",
        before="""\
#[inline]
pub fn total( &self,scale:u64 )->u64 { self.sum*scale }
""",
        after="""\
#[inline]
pub fn total(&self, scale: u64) -> u64 {
    self.sum * scale
}
""",
        drawing="",
    ),
]
# fmt: on


def diag_fix(lesson: Lesson, crate: str, version: str, line: int, **changes: Any) -> DiagFix:
    """A valid record of a lesson in a crate at a line; `changes` replaces fields by name."""
    rendered = (
        f"warning: {lesson.message}\n  --> src/lib.rs:{line}:21\n   |\n{lesson.drawing}\n" if lesson.drawing else ""
    )
    span = {"file": "src/lib.rs", "line_start": line, "line_end": line, "column_start": 21, "column_end": 29}
    span |= {"byte_start": 30 * line, "byte_end": 30 * line + 8}
    suggestions = [{"message": "try", "applicability": lesson.applicability, "parts": []}]
    fields: dict[str, Any] = {
        **{
            "crate": crate,
            "version": version,
            "source": "registry",
            "member": ".",
            "lock": "Cargo.lock",
            "setup_diff": "",
        },
        "error": {
            "tool": lesson.tool,
            "level": "warning",
            "code": lesson.code,
            "message": lesson.message,
            "span": span,
            "suggestions": suggestions if lesson.code else [],
            "rendered": rendered,
        },
        "file": "src/lib.rs",
        "code_before": lesson.before,
        "patch_diff": patch(lesson.before, lesson.after, line),
        "code_after": lesson.after,
        "probe": {"args": ["clippy", "--lib", "--", "-W", lesson.code or "fmt"], "env": []},
        "toolchain": TOOLCHAIN,
        "tests": {"before": "pass", "after": "pass", "names": []},
        "explanation": f"Clippy says: {lesson.message}. The edit is as proposed; `{lesson.code}` is gone after it.",
        "class": lesson.class_,
        "origin": "suggestion",
        **{"trivial": lesson.applicability == "MachineApplicable", "difficulty": 1, "sealed": False},
        "verdict": {
            "scope": "together",
            "audited": line % 7 == 0,
            "covered": [True, True, False, None][line % 4],
            "flags": [],
        },
        "lineage": ["suggestions", "starter", "0.1.0"],
        "license": "MIT OR Apache-2.0",
        "source_url": f"https://example.invalid/{crate}",
        "provenance": {"repo": None, "commit": None},
        **{"operator": None, "commit": None, "more_errors": [], "parents": []},
    }
    return DiagFix.new(**(fields | changes))


def patch(before: str, after: str, line: int) -> str:
    """A git-style diff of src/lib.rs, its hunk moved to a line."""
    body = list(difflib.unified_diff(before.splitlines(True), after.splitlines(True), "a/src/lib.rs", "b/src/lib.rs"))
    head = f"@@ -{line},{len(before.splitlines())} +{line},{len(after.splitlines())} @@ impl Counters {{\n"
    return "diff --git a/src/lib.rs b/src/lib.rs\n" + "".join([*body[:2], head, *body[3:]])


def reject(crate: str, version: str, stage: str, reason: str) -> Reject:
    fields: dict[str, Any] = dict.fromkeys(("tool", "code", "applicability", "probe", "error", "patch_diff", "commit"))
    fields["setup_diff"] = ""
    fields |= dict.fromkeys(("member", "lock", "detail", "license", "source_url"), "") | {"source": "registry"}
    fields |= {"stage": stage, "reason": reason, "toolchain": TOOLCHAIN, "parents": []}
    return Reject.new(crate=crate, version=version, **fields)


def write_unit(
    run: Path, crate: str, version: str, tuples: Iterable[DiagFix] = (), rejects: Iterable[Reject] = (), **facts: Any
) -> Path:
    """A finished unit whose counts follow from its tuples and rejects; `facts` replaces keys of `unit.json`."""
    folder = run / "units" / f"{crate}-{version.replace('.', '-')}-1f2e3d4c"
    folder.mkdir(parents=True)
    kept, dropped = list(tuples), list(rejects)
    write_table(folder / "diag_fix.parquet", DiagFix, kept)
    write_table(folder / "rejects.parquet", Reject, dropped)
    reasons = Counter(row.reason for row in dropped)
    failing = sum(row.stage == "test" for row in dropped)
    unit: dict[str, Any] = {
        "unit": folder.name,
        "crate": crate,
        "version": version,
        **{"status": "mined", "cause": None, "message": None},
        "sandbox": "bubblewrap",
        "license": "MIT OR Apache-2.0",
        "counts": {
            "harvested": 12 * len(kept) + len(dropped),
            "candidates": len(kept) + len(dropped),
            "proven": len(kept) + failing,
            "kept": len(kept),
            "rejected": dict(reasons),
            "skipped": {"noise": 9 * len(kept), "cap per code": 2 * len(kept)},
            "noise": {"clippy::non_ascii_literal": 7 * len(kept), "clippy::implicit_return": 2 * len(kept)},
        },
        "tests": {"passed": 3 * len(kept), "failed": 0, "flaky": 0, "doctests": 4, "state": "pass"},
        "audit": {
            "audited": sum(row.verdict.audited for row in kept),
            "agreed": sum(row.verdict.audited for row in kept),
        },
        "coverage": {"measured": True, "reason": None},
        "stages": stages(len(kept)),
        "wall_s": 6.3 + 0.41 * len(kept) + len(kept) / 9,
        "peak_bytes": 310_000_000 + 4_000_000 * len(kept),
        "worker": "node-1",
        "attempts": 1,
    }
    (folder / "Cargo.lock").write_text("version = 4\n")
    (folder / "unit.json").write_text(json.dumps(unit | facts))
    return folder


def stages(kept: int) -> dict[str, dict[str, float]]:
    """The times of a unit with so many tuples: wall, CPU, commands, overhead."""
    times = {
        "fetch": (0.8, 0.2, 1, 0.03),
        "baseline": (4.0 + kept / 9, 6.5, 5, 0.1),
        "harvest": (1.5, 1.4, 1, 0.02),
        "prove": (0.3 * kept, 0.3 * kept, kept, 0.02 * kept),
        "test": (0.11 * kept, 0.1 * kept, 6, 0.12),
    }
    return {
        name: dict(zip(("wall_s", "cpu_s", "commands", "overhead_s"), row, strict=True)) for name, row in times.items()
    }


def write_table(path: Path, model: type[Record], rows: Iterable[Record]) -> None:
    pq.write_table(pa.Table.from_pylist([to_row(row) for row in rows], arrow_schema(model)), path)


def write_manifest(run: Path, crates: list[str], **changes: Any) -> None:
    """`run.json` for a list of crates; `changes` replaces its keys."""
    run.mkdir(parents=True, exist_ok=True)
    clippy = {"use_self": "nursery", "redundant_clone": "nursery", "needless_borrow": "style", "manual_map": "style"}
    clippy |= {"needless_return": "style", "for_kv_map": "style"}
    manifest: dict[str, Any] = {
        "schema_version": 1,
        "asked": {
            "list": "starter.toml",
            "crates": [{"name": name, "version": "1.0.0"} for name in crates],
            "miners": ["suggestions"],
            "recipe": {"groups": ["style", "pedantic", "nursery"], "caps": {"per_code": 40, "per_item": 3}},
            "seed": 0,
        },
        "toolchain": {"version": TOOLCHAIN, "cargo": "cargo 1.95.0"},
        "sandbox": {"backend": "bubblewrap", "image": None},
        "code": {"version": "0.1.0", "commit": "4779404d2b1c5e7f"},
        "started": "2026-04-20T09:12:44+00:00",
        "sessions": [
            {"started": "2026-04-20T09:12:44+00:00", "ended": "2026-04-20T09:16:02+00:00", "how": "stopped"},
            {"started": "2026-04-20T09:20:10+00:00", "ended": "2026-04-20T09:28:31+00:00", "how": "finished"},
        ],
        "lint_groups": {f"clippy::{lint}": group for lint, group in clippy.items()},
    }
    (run / "run.json").write_text(json.dumps(manifest | changes))


def build_run(run: Path, sizes: dict[str, int] | None = None) -> Path:
    """A small whole run: mined crates of the given numbers of tuples, two rejected ones and a quarantined one."""
    sizes = {"itoa": 9, "smallvec": 16, "semver": 7} if sizes is None else sizes
    write_manifest(run, [*sizes, "readline-gpl", "broken", "unlucky"])
    for at, (crate, size) in enumerate(sizes.items()):
        lessons = [(LESSONS[(at + 3 * i + i // 5) % len(LESSONS)], 10 + 3 * i) for i in range(size)]
        rejects = [reject(crate, "1.0.0", "probe", "new_diagnostic")] * (size // 3 + 1)
        rejects += [reject(crate, "1.0.0", "test", "tests_fail")] * (size // 5 + 1)
        write_unit(run, crate, "1.0.0", [diag_fix(lesson, crate, "1.0.0", line) for lesson, line in lessons], rejects)
    none = {"counts": {}, "tests": {}, "stages": {"fetch": {"wall_s": 0.4}}, "wall_s": 0.4, "status": "rejected"}
    gpl = "Its licence `GPL-3.0-only` is copyleft, which the licence gate does not let in."
    write_unit(run, "readline-gpl", "2.1.0", cause="licence_copyleft", message=gpl, license="GPL-3.0-only", **none)
    broken = "`cargo check` fails on its source with 2 errors, the first E0308: mismatched types."
    write_unit(run, "broken", "0.3.1", cause="compile_error", message=broken, **none)
    (run / "quarantine").mkdir()
    lost = {
        "unit": "unlucky-1-0-0-aa",
        "crate": "unlucky",
        "version": "1.0.0",
        "error": "the daemon went away",
        "attempts": 3,
    }
    (run / "quarantine" / "unlucky-1-0-0-aa.json").write_text(json.dumps(lost))
    return run
