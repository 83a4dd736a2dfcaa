"""What it takes to decide over a corpus: made-up sketches, all stages, time and memory.

    python tests/bench/corpus.py [--rows N]

One row in ten is a duplicate or nearly one. Printed: seconds of each stage, rows per second, and the memory at most.
Sketching and writing are not in it: they go over parts, and take what `oxidizer corpus build` says.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np
import pyarrow as pa

from oxidizer.datasets.corpus.columns import SCHEMA
from oxidizer.datasets.corpus.recipe import standard
from oxidizer.datasets.corpus.sieve import Sieve
from oxidizer.datasets.corpus.signature import PERMUTATIONS
from oxidizer.datasets.corpus.stages import pipeline

_CRATES, _CODES, _CLASSES = 2_000, 400, 16


def made(rows: int) -> pa.Table:
    """Sketches: functions have eight lessons each, one row in ten repeats a tenth of another's signature, or all."""
    chance = np.random.default_rng(7)
    functions = np.repeat(np.arange(rows // 8 + 1), 8)[:rows]
    of_function = _signatures(chance, functions.max() + 1)[functions]
    lessons = _signatures(chance, rows)
    again = np.flatnonzero(chance.random(rows) < 0.1)
    lessons[again] = lessons[again - 1]
    changed = again[::2]
    lessons[changed, :6] ^= 1
    crates = chance.integers(0, _CRATES, rows)
    codes = np.minimum(chance.geometric(0.02, rows), _CODES)
    codes[again] = codes[again - 1]
    ids = [f"{number:032x}" for number in chance.permutation(rows)]
    same = {"part": "p", "type": "diag_fix", "version": "1.0.0", "source": "registry", "member": ".", "license": "MIT"}
    columns = {
        **{name: pa.array([value] * rows, pa.string()) for name, value in same.items()},
        "row": pa.array(np.arange(rows)),
        "id": pa.array(ids),
        "sha256": pa.array(ids),
        "crate": pa.array([f"c{n}" for n in crates]),
        "home": pa.array([f"h/{n // 3}" for n in crates]),
        "tool": pa.array(["rustc"] * rows),
        "code": pa.array([f"E{n}" for n in codes]),
        "class": pa.array([f"k{n % _CLASSES}" for n in codes]),
        "sealed": pa.array([False] * rows),
        "quality": pa.array(chance.integers(0, 16, rows)),
        "bytes": pa.array([4000] * rows),
        "content": pa.array([bytes.fromhex(key) for key in ids], pa.binary(16)),
        "lesson": _column(lessons),
        "function": _column(of_function),
    }
    return pa.table({name: columns.get(name, pa.nulls(rows, SCHEMA.field(name).type)) for name in SCHEMA.names}, SCHEMA)


def _signatures(chance: np.random.Generator, count: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint32]]:
    return chance.integers(0, 1 << 32, (count, PERMUTATIONS), np.uint32)


def _column(signatures: np.ndarray[tuple[int, ...], np.dtype[np.uint32]]) -> pa.Array:
    buffers = [None, pa.py_buffer(np.ascontiguousarray(signatures, "<u4"))]
    return pa.Array.from_buffers(pa.binary(4 * PERMUTATIONS), len(signatures), buffers)


def main() -> None:
    """Decide, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    asked = parser.parse_args()
    sketches = made(asked.rows)
    before_gib = _peak_gib()
    began = last = time.perf_counter()
    sieve = Sieve(sketches, standard().split)
    print(f"{'sorted':14} {time.perf_counter() - last:8.1f} s")
    for name, stage in pipeline(standard()):
        last = time.perf_counter()
        sieve.run(name, stage)
        print(f"{name:14} {time.perf_counter() - last:8.1f} s, {sieve.passages[-1].stayed:,} stay")
    took_s = time.perf_counter() - began
    print(f"{asked.rows:,} rows in {took_s:.1f} s, {asked.rows / took_s:,.0f} a second")
    print(f"at most {_peak_gib():.2f} GiB, {before_gib:.2f} GiB of them for the sketches and what made them")


def _peak_gib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)


if __name__ == "__main__":
    main()
