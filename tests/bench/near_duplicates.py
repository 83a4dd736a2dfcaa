"""What finding near duplicates takes and finds: documents a second, bytes a document, recall and precision.

    python tests/bench/near_duplicates.py [--documents 1000000] [--datasketch 100000] [--exact 3000] [--run RUN ...]

Three ways in processes of their own, on the same documents: rensa's signatures and `datasets/corpus/near.py`; plain
datasketch (MinHash and MinHashLSH); rensa's signatures and its own LSH, which tells of each document only whether it
has a duplicate. Documents are made up in families of one lesson with more and more of it changed; of the lessons of the
runs that are given, else of tokens and lengths that are like them. Recall and precision are against the exact Jaccard
similarity of a part; making the documents is not counted.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, islice, product
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from oxidizer.datasets.corpus.lesson import lesson_tokens
from oxidizer.datasets.corpus.near import Places, bands, clusters, pairs
from oxidizer.datasets.corpus.signature import PERMUTATIONS, SHINGLE, Signatures, signatures

_CHUNK = 4_000
_LESSONS = 5_000
_COLUMNS = ["type", "file", "code_before", "code_after", "patch_diff", "error"]

Document = list[str]
Pair = tuple[int, int]


def main() -> None:
    """Run each way in its own process, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--datasketch", type=int, default=100_000, help="at most so many for datasketch")
    parser.add_argument("--exact", type=int, default=3_000, help="compared exactly")
    parser.add_argument("--threshold", type=float, default=0.7)
    parser.add_argument(
        "--run", type=Path, action="append", default=[], help="a run whose lessons the documents are like"
    )
    parser.add_argument("--way", choices=WAYS, default=None, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.way:
        print(json.dumps(WAYS[asked.way](asked)))
        return
    print(f"similarity {asked.threshold}, shingles of {SHINGLE} tokens, {PERMUTATIONS} permutations")
    for way in WAYS:
        for count in sorted({min(asked.documents, n) for n in (10_000, asked.datasketch, asked.documents)}):
            if way != "datasketch" or count <= asked.datasketch:
                told = _alone(way, count)
                both_s = told["signed_s"] + told["found_s"]
                took = f"signed in {told['signed_s']:.1f} s, found in {told['found_s']:.1f} s,"
                print(f"{way:<12}{count:>10,} documents: {took}")
                print(f"{'':<12}{count / both_s:>10,.0f} documents a second, {told['bytes'] / count:,.0f} bytes each")
    for way in WAYS:
        told = _alone(way, asked.exact)
        print(f"{way:<12}{asked.exact:>10,} documents against {told['true']:,} that are exactly so similar:")
        print(f"{'':<12}recall {told['recall']:.3f}, precision {told['precision']:.3f}")


def _alone(way: str, count: int) -> dict[str, float]:
    argv = [sys.executable, __file__, *sys.argv[1:], "--way", way, "--documents", str(count)]
    return dict(json.loads(subprocess.run(argv, check=True, stdout=subprocess.PIPE).stdout))


def ours(asked: argparse.Namespace) -> dict[str, float]:
    """rensa's signatures, this repository's pairs."""
    before, signed_s, done = _started(asked), 0.0, 0
    matrix = np.empty((asked.documents, PERMUTATIONS), np.uint32)
    for chunk in _chunks(asked):
        began_s = time.perf_counter()
        matrix[done : done + len(chunk)] = signatures(chunk)
        signed_s += time.perf_counter() - began_s
        done += len(chunk)
    began_s = time.perf_counter()
    found = pairs(matrix, asked.threshold)
    clusters(len(matrix), found)
    told = {"signed_s": signed_s, "found_s": time.perf_counter() - began_s, "bytes": _peak() - before}
    if asked.documents != asked.exact:
        return told
    return told | _quality(asked, _expanded(matrix, found))


def _expanded(matrix: Signatures, found: Places) -> set[Pair]:
    """All pairs that a star of equals and what is near its first stand for."""
    equals = defaultdict(list)
    for number, row in enumerate(matrix):
        equals[row.tobytes()].append(number)
    joined = {pair for group in equals.values() for pair in combinations(group, 2)}
    for one, other in found.tolist():
        pairs_of = product(equals[matrix[one].tobytes()], equals[matrix[other].tobytes()])
        joined |= {(min(pair), max(pair)) for pair in pairs_of if pair[0] != pair[1]}
    return joined


def datasketch(asked: argparse.Namespace) -> dict[str, float]:
    """datasketch alone."""
    from datasketch import MinHash, MinHashLSH

    before, signed_s, sketches = _started(asked), 0.0, []
    for chunk in _chunks(asked):
        began_s = time.perf_counter()
        for document in chunk:
            sketches.append(MinHash(num_perm=PERMUTATIONS))
            sketches[-1].update_batch([shingle.encode() for shingle in _shingles(document)])
        signed_s += time.perf_counter() - began_s
    began_s = time.perf_counter()
    index = MinHashLSH(threshold=asked.threshold, num_perm=PERMUTATIONS)
    found = set()
    for number, sketch in enumerate(sketches):
        near = [other for other in index.query(sketch) if sketches[other].jaccard(sketch) >= asked.threshold]
        found |= {(other, number) for other in near}
        index.insert(number, sketch)
    told = {"signed_s": signed_s, "found_s": time.perf_counter() - began_s, "bytes": _peak() - before}
    return told | (_quality(asked, found) if asked.documents == asked.exact else {})


def rensa(asked: argparse.Namespace) -> dict[str, float]:
    """rensa alone: signatures of texts, and which documents have a duplicate."""
    from rensa import RMinHash, RMinHashLSH

    before, shown, signed_s, found_s = _started(asked), list[bool](), 0.0, 0.0
    count, _ = bands(asked.threshold, PERMUTATIONS)
    count = max(n for n in range(1, count + 1) if PERMUTATIONS % n == 0)
    index = RMinHashLSH(threshold=asked.threshold, num_perm=PERMUTATIONS, num_bands=count)
    for chunk in _chunks(asked):
        began_s = time.perf_counter()
        made = RMinHash.digest_matrix_from_token_sets([_shingles(document) for document in chunk], PERMUTATIONS, 7)
        signed_s += time.perf_counter() - began_s
        began_s = time.perf_counter()
        shown += index.insert_matrix_and_query_duplicate_flags(made, len(shown))
        found_s += time.perf_counter() - began_s
    told = {"signed_s": signed_s, "found_s": found_s, "bytes": _peak() - before}
    if asked.documents != asked.exact:
        return told
    true = {number for pair in exact(list(_documents(asked)), asked.threshold) for number in pair}
    flagged = {number for number, is_one in enumerate(shown) if is_one}
    hits = len(true & flagged)
    return told | {"recall": hits / len(true), "precision": hits / max(1, len(flagged)), "true": len(true)}


WAYS = {"ours": ours, "datasketch": datasketch, "rensa": rensa}


def _quality(asked: argparse.Namespace, found: set[Pair]) -> dict[str, float]:
    true = exact(list(_documents(asked)), asked.threshold)
    hits = len(true & found)
    return {"recall": hits / len(true), "precision": hits / max(1, len(found)), "true": len(true)}


def exact(documents: Sequence[Document], threshold: float) -> set[Pair]:
    """All pairs that are exactly so similar."""
    held, having = [set(_shingles(document)) for document in documents], defaultdict(list)
    for number, shown in enumerate(held):
        for shingle in shown:
            having[shingle].append(number)
    candidates = {pair for numbers in having.values() for pair in combinations(numbers, 2)}
    return {(a, b) for a, b in candidates if len(held[a] & held[b]) >= threshold * len(held[a] | held[b])}


def _shingles(document: Document) -> list[str]:
    return [" ".join(document[at : at + SHINGLE]) for at in range(max(1, len(document) - SHINGLE + 1))]


def _chunks(asked: argparse.Namespace) -> Iterator[list[Document]]:
    left = _documents(asked)
    while chunk := list(islice(left, _CHUNK)):
        yield chunk


def _documents(asked: argparse.Namespace) -> Iterator[Document]:
    chance = random.Random(0)
    lessons = list(islice(_lessons(asked.run), _LESSONS)) or [_made_up(chance) for _ in range(_LESSONS)]
    return islice(_families(lessons, chance), asked.documents)


def _families(lessons: Sequence[Document], chance: random.Random) -> Iterator[Document]:
    """Families of a lesson in which some names are new, each member with some tokens changed; half are of one alone."""
    for family in range(sys.maxsize):
        names: dict[str, str] = {}
        text = list(chance.choice(lessons))
        for at, token in enumerate(text):
            if token[-1:].isalnum() and (token in names or chance.random() < 0.5):
                text[at] = names.setdefault(token, f"{token}_{family}")
        for _ in range(min(50, int(chance.paretovariate(1.2)))):
            yield list(text)
            for _ in range(chance.choice([0, 1, 1, 2, 4])):
                text[chance.randrange(len(text))] = f"changed_{chance.randrange(1 << 20)}"


def _lessons(runs: Iterable[Path]) -> Iterator[Document]:
    for run in runs:
        for path in sorted(run.glob("units/*/diag_fix.parquet")):
            rows = pq.read_table(path, columns=_COLUMNS).slice(0, 500).to_pylist()
            yield from filter(None, map(lesson_tokens, rows))


def _made_up(chance: random.Random) -> Document:
    """As long as lessons of a run are (half have 33 tokens or fewer, a tenth 44 or more, a hundredth 89 or more)."""
    length = min(1000, max(9, int(chance.lognormvariate(3.5, 0.4))))
    names = [f"name_{int(chance.paretovariate(0.7))}" for _ in range(length)]
    return [name if chance.random() < 0.5 else chance.choice("(){}.,;&:<>=") for name in names]


def _started(asked: argparse.Namespace) -> int:
    """The peak of memory before anything is done; a chunk of documents is in it."""
    next(_chunks(asked), None)
    return _peak()


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


if __name__ == "__main__":
    main()
