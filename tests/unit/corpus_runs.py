"""Run directories with tuples of made-up code, as varied as real code is: no two functions are alike unless asked."""

import hashlib
import json
import random
import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from oxidizer.cluster.rundir import table_bytes
from oxidizer.cluster.toolchain import Toolchain
from oxidizer.cluster.unpack import content_hash, pack_source
from oxidizer.datasets.corpus.order import Order
from oxidizer.datasets.corpus.recipe import CorpusRecipe, Shards, standard
from oxidizer.datasets.corpus.sources import open_source
from oxidizer.datasets.records import DiagFix, Reject, arrow_schema, to_row

RECIPE = replace(standard(), shards=Shards(bytes=60_000, row_group=7))
"""Several small shards a family."""
TOOLCHAIN = "rustc 1.95.0 (59807616e 2026-04-14)"
CODES = {"E0308": "type", "E0382": "move", "E0425": "resolve", "clippy::needless_return": "lint"}


def function(seed: object) -> tuple[str, str]:
    """A function with a mistake in one line, and without."""
    chance = random.Random(str(seed))

    def word() -> str:
        return "".join(chance.choices("abcdefghijklmnop", k=6))

    lines = [f"    let {word()} = {word()}({word()}, {chance.randrange(99)});" for _ in range(12)]
    at = chance.randrange(3, 9)
    good, bad = f"    let {word()} = {word()}.len();", f"    let {word()}: u8 = {word()}.text();"
    head = f"fn {word()}({word()}: usize) -> usize {{"

    def whole(line: str) -> str:
        return "\n".join([head, *lines[:at], line, *lines[at:], "}"]) + "\n"

    return whole(bad), whole(good)


def diag_fix(crate: str, number: int, **changes: Any) -> DiagFix:
    """A tuple of a crate."""
    before, after = function(changes.pop("alike", (crate, number)))
    code = list(CODES)[number % len(CODES)]
    old, new = before.splitlines(), after.splitlines()
    at = next(i for i, (one, other) in enumerate(zip(old, new, strict=True)) if one != other)
    start = 1 + 40 * number
    hunk = [f" {line}" for line in old[at - 3 : at]] + [f"-{old[at]}", f"+{new[at]}"]
    hunk += [f" {line}" for line in old[at + 1 : at + 4]]
    head = f"@@ -{start + at - 3},7 +{start + at - 3},7 @@"
    patch = "\n".join(["diff --git a/src/lib.rs b/src/lib.rs", "--- a/src/lib.rs", "+++ b/src/lib.rs", head, *hunk, ""])
    span = {"file": "src/lib.rs", "line_start": start + at, "line_end": start + at, "column_start": 5, "column_end": 9}
    span |= {"byte_start": 900 * number, "byte_end": 900 * number + 4}
    error = {
        "tool": "clippy" if "clippy" in code else "rustc", "level": "error", "code": code, "message": f"{code}: no",
        "span": span, "suggestions": [], "rendered": f"error[{code}]: no\n --> src/lib.rs:{start + at}:5\n",
    }  # fmt: skip
    fields: dict[str, Any] = {
        "crate": crate, "version": source(crate)[1], "source": "path", "member": ".", "lock": "Cargo.lock",
        "setup_diff": "", "error": error, "more_errors": [], "file": "src/lib.rs", "code_before": before,
        "patch_diff": patch, "code_after": after, "probe": {"args": ["check", "--lib"], "env": []},
        "toolchain": TOOLCHAIN, "tests": {"before": "pass", "after": "pass", "names": []},
        "explanation": f"`{code}` is told of a text where a number is meant.", "class": CODES[code],
        "origin": "injected", "operator": "swap", "trivial": False, "difficulty": 2, "sealed": False,
        "verdict": {"scope": "batch", "audited": False, "covered": number % 2 == 0, "flags": []},
        "lineage": ["miner:injected"], "license": "MIT", "source_url": f"https://example.com/{crate}/{crate}",
        "commit": None, "provenance": {"repo": f"https://example.com/{crate}/{crate}", "commit": None}, "parents": [],
    }  # fmt: skip
    return DiagFix.new(**{**fields, **changes})


def reject(crate: str, number: int) -> Reject:
    """What was tried with a crate, and not kept."""
    row = to_row(diag_fix(crate, number, alike=("reject", crate, number)))
    same = ("crate", "version", "source", "member", "lock", "setup_diff", "patch_diff", "toolchain", "license", "probe",
            "source_url", "commit", "parents", "error")  # fmt: skip
    fields = {name: row[name] for name in same} | {"tool": row["error"]["tool"], "code": row["error"]["code"]}
    return Reject.new(**fields, applicability=None, stage="probe", reason="still_there", detail="")


def write_run(folder: Path, name: str, units: dict[str, tuple[list[DiagFix], list[Reject]]]) -> Path:
    """A finished run of one unit per crate."""
    run = folder / name
    run.mkdir()
    asked = {"list": f"{name}.toml", "miners": ["injected"]}
    told = {"id": hashlib.sha256(name.encode()).hexdigest()[:12], "asked": asked, "toolchain": {"version": TOOLCHAIN}}
    for crate, (tuples, rejects) in units.items():
        unit = run / "units" / f"{crate}-1.0.0-{hashlib.sha256(crate.encode()).hexdigest()[:8]}"
        unit.mkdir(parents=True)
        for table, model, rows in (("diag_fix", DiagFix, tuples), ("rejects", Reject, rejects)):
            content = table_bytes([to_row(row) for row in rows], arrow_schema(model))
            (unit / f"{table}.parquet").write_bytes(content)
        (unit / "source.tar.gz").write_bytes(source(crate)[0])
        (unit / "unit.json").write_text(json.dumps({"unit": unit.name, "crate": crate}))
    (run / "run.json").write_text(json.dumps(told))
    return run


@cache
def source(crate: str) -> tuple[bytes, str]:
    """The sources of a crate of one's own, packed, and the version that they are called by: their hash."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "src"
        tree.mkdir()
        (tree / "Cargo.toml").write_text(f'[package]\nname = "{crate}"\nversion = "1.0.0"\nlicense = "MIT"\n')
        (tree / "LICENSE").write_text(f"MIT, by the author of {crate}\n")
        return pack_source(tree), content_hash(tree)[:16]


def varied(crates: int, tuples: int, first: int = 0) -> dict[str, tuple[list[DiagFix], list[Reject]]]:
    """Units of so many crates, each with so many tuples and a third as many rejects."""
    return {
        (crate := f"crate{n}"): (
            [diag_fix(crate, i) for i in range(tuples)],
            [reject(crate, i) for i in range(tuples // 3)],
        )
        for n in range(first, first + crates)
    }


def ordered(world: Path, toolchain: Toolchain, *runs: str, recipe: CorpusRecipe = RECIPE, **more: Any) -> Order:
    sources = tuple(open_source(str(world / run)) for run in runs or ("one", "two"))
    return Order(sources, world / "sealed.index", recipe, toolchain, sealed=frozenset({"dunce"}), **more)
