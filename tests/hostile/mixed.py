"""`make mixed`: good crates are mined alone, then with the hostile ones among them; their tuples must be the same.

    python -m tests.hostile.mixed [--list FILE] [--only NAME,NAME] [--sandbox NAMES] [--miners NAMES] [--out DIR]
        [--alone RUN]

Each pair of campaigns lies in DIR (default: runs/mixed) and is continued where it is there. RUN stands in for the
campaigns without hostile crates: of the same list and miners, in any sandbox. Exit status 0 only if no tuple of a good
crate was lost or gained, and every hostile crate came to the end that it must.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from itertools import product, zip_longest
from pathlib import Path

import pyarrow.parquet as pq

from tests.hostile.listed import LISTED, RECIPE, misjudged, write_list
from tests.integration.typed import units

ROOT = Path(__file__).parents[2]
_OXIDIZER = Path(sys.executable).with_name("oxidizer")


def main() -> int:
    """Run the pairs; the exit status."""
    asked = _arguments()
    asked.out.mkdir(parents=True, exist_ok=True)
    hostile = asked.out / "hostile"
    attacks = _entries(write_list(hostile) if not hostile.exists() else hostile / "list.toml")
    good = [entry for entry in _entries(asked.list) if not asked.only or any(f'"{n}"' in entry for n in asked.only)]
    if not good:
        print(f"mixed: {asked.list} has no crate called {', '.join(asked.only)}", file=sys.stderr)
        return 2
    (hostile / "alone.toml").write_text("".join(good))
    (hostile / "mixed.toml").write_text("".join(e for pair in zip_longest(attacks, good, fillvalue="") for e in pair))
    wrong = [_pair(asked.out, hostile, *how, asked.alone) for how in product(asked.sandbox, asked.miners)]
    return 1 if any(wrong) else 0


def _arguments() -> argparse.Namespace:
    names = lambda text: text.split(",")  # noqa: E731  # a type of argparse
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", type=Path, default=ROOT / "datasets/crates/starter.toml", help="of published crates")
    parser.add_argument("--only", type=names, default=[], help="some crates of the list")
    parser.add_argument("--sandbox", type=names, default=["bubblewrap", "docker"])
    parser.add_argument("--miners", type=names, default=["suggestions", "injected"])
    parser.add_argument("--out", type=Path, default=ROOT / "runs/mixed")
    parser.add_argument("--alone", type=Path, metavar="RUN", help="a finished run of the good crates to compare with")
    return parser.parse_args()


def _entries(listed: Path) -> list[str]:
    return [f"[[crate]]{entry.rstrip()}\n" for entry in listed.read_text().split("[[crate]]")[1:]]


def _pair(out: Path, hostile: Path, sandbox: str, miners: str, alone: Path | None) -> list[str]:
    """One pair of campaigns, and its line of the table; what is wrong."""
    began_s, runs = time.monotonic(), {"alone": alone or out / f"{sandbox}-{miners}-alone"}
    wrong: list[str] = []
    for name in ("mixed",) if alone else ("alone", "mixed"):
        runs[name] = out / f"{sandbox}-{miners}-{name}"
        how = ["--recipe", str(RECIPE), "--sandbox", sandbox, "--miners", miners]
        command = ["mine", "--list", str(hostile / f"{name}.toml"), "--out", str(runs[name]), *how]
        status = subprocess.run([_OXIDIZER, *command], cwd=ROOT, check=False).returncode
        if status:
            wrong = [f"the campaign {runs[name].name} ended with status {status}"]
            break
    wrong = wrong or _differences(runs["alone"], runs["mixed"]) + misjudged(runs["mixed"])
    good, kept = len(units(runs["alone"])), sum(map(len, _ids(runs["alone"]).values()))
    minutes = (time.monotonic() - began_s) / 60
    told = "; ".join(wrong) or "the same"
    print(f"{sandbox:11} {miners:12} {good:3} good crates {kept:6} tuples {minutes:5.1f} min: {told}", flush=True)
    return wrong


def _differences(alone: Path, mixed: Path) -> list[str]:
    """By good crate, how many tuples the others cost it, or gave it; where nothing was mined nothing is the same."""
    ids = {run: _ids(run) for run in (alone, mixed)}
    found = [] if ids[alone] else [f"{len(units(alone))} good crates gave no tuple at all"]
    unknown = units(mixed).keys() - units(alone).keys() - {crate.name for crate in LISTED}
    found += [f"{crate} was not mined alone" for crate in sorted(unknown)]
    for crate, unit in sorted(units(alone).items()):
        before, after = (ids[run].get(crate, set()) for run in (alone, mixed))
        beside = units(mixed).get(crate, {})
        if beside.get("status") != unit["status"]:
            found.append(f"{crate} was {unit['status']}, is {beside.get('status')}")
        if before != after:
            found.append(f"{crate}: {len(before - after)} tuples lost, {len(after - before)} gained")
    return found


def _ids(run: Path) -> dict[str, set[str]]:
    """The ids of a run's tuples, by crate."""
    found: dict[str, set[str]] = {}
    for path in run.glob("units/*/diag_fix.parquet"):
        for crate, name in zip(*pq.read_table(path, columns=["crate", "id"]).to_pydict().values(), strict=True):
            found.setdefault(crate, set()).add(name)
    return found


if __name__ == "__main__":
    sys.exit(main())
