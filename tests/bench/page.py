"""What the report of a large run takes: to write it, to open it in a browser, and to filter its list of tuples.

    python tests/bench/page.py [--tuples 100000] [--crates 150] [--folder DIR]

The run is made up, of the lessons that the unit tests use, with messages, files and lines that differ. Times of the
browser are wall times on this machine, the best of several: what else runs on it is not what is measured.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.integration.browser import CHROMIUM, Page, browser
from tests.unit.large_run import build_large_run

_READY = "document.documentElement?.dataset.tuples === 'ready'"
_FILTERS = ("borrow", "return file_7", "e", "src unneeded name_11", "")
_MEASURE = """
new Promise((done) => {{
  const query = document.getElementById("tuple-query"), began = performance.now();
  query.value = {word!r};
  query.dispatchEvent(new Event("input"));
  const filtered = performance.now() - began;
  requestAnimationFrame(() => setTimeout(() => done([filtered, performance.now() - began])));
}})
"""


def main() -> None:
    """Make the run where it is not there, write its report, open and filter it, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tuples", type=int, default=100_000)
    parser.add_argument("--crates", type=int, default=150)
    parser.add_argument("--folder", type=Path, default=None, help="keep the run here")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        run = asked.folder or Path(scratch) / "run"
        if not (run / "run.json").exists():
            build_large_run(run, asked.tuples, asked.crates)
        began_s = _children_s()
        subprocess.run([Path(sys.executable).with_name("oxidizer"), "report", run], check=True)
        size = (run / "report.html").stat().st_size
        print(f"{asked.tuples:,} tuples: written in {_children_s() - began_s:.1f} s of CPU, {size / 1e6:.1f} MB")
        if CHROMIUM is None:
            print("no Chromium is installed: nothing opened")
            return
        with browser(Path(scratch) / "profile") as page:
            _measure(page, run / "report.html")


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _measure(page: Page, path: Path) -> None:
    page.look()
    opened = min(page.open(path, _READY) for _ in range(3))
    print(f"open, the list ready: {opened:.2f} s")
    for word in _FILTERS:
        times = [page.js(_MEASURE.format(word=word)) for _ in range(7)]
        filtered, drawn = (min(column) for column in zip(*times, strict=True))
        shown = page.js("document.getElementById('tuple-count').textContent")
        print(f"filter {word!r}: {filtered:.0f} ms, drawn after {drawn:.0f} ms; {shown}")
    page.press("/", "ArrowDown", "End")
    reached = page.js("document.querySelector('#tuple-list [aria-selected=true]').getAttribute('aria-posinset')")
    print(f"the last with a key: {int(reached):,}; the console said {page.said or 'nothing'}")


if __name__ == "__main__":
    main()
