"""The columns of sketches, and signatures between their bytes and their numbers."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from oxidizer.datasets.corpus.signature import PERMUTATIONS

_SIGNATURE = pa.binary(4 * PERMUTATIONS)
SCHEMA = pa.schema(
    [
        ("part", pa.string()),
        ("row", pa.int64()),
        ("id", pa.string()),
        ("sha256", pa.string()),
        ("type", pa.string()),
        ("crate", pa.string()),
        ("version", pa.string()),
        ("home", pa.string()),
        ("source", pa.string()),
        ("member", pa.string()),
        ("source_url", pa.string()),
        ("commit", pa.string()),
        ("tool", pa.string()),
        ("code", pa.string()),
        ("class", pa.string()),
        ("sealed", pa.bool_()),
        ("item", pa.string()),
        ("in_tests", pa.bool_()),
        ("quality", pa.int64()),
        ("bytes", pa.int64()),
        ("malformed", pa.string()),
        ("refused", pa.string()),
        ("license", pa.string()),
        ("unfit", pa.string()),
        ("contaminated", pa.string()),
        ("content", pa.binary(16)),
        ("lesson", _SIGNATURE),
        ("function", _SIGNATURE),
    ]
)
"""`malformed`, `refused`, `unfit` and `contaminated` are null or say why a row is dropped; `license` is what is left of
its expression when the corpus' terms are laid on it. Signatures are null where there is nothing to compare.
"""


def matrix(column: pa.ChunkedArray) -> NDArray[np.uint32]:
    """A column of signatures, of which none is null, as a matrix with a row for each."""
    whole = column.combine_chunks()
    size = len(whole) * PERMUTATIONS
    # Not by way of Python's objects: there may be millions.
    flat = np.frombuffer(whole.buffers()[1], "<u4", size, whole.offset * 4 * PERMUTATIONS)
    return flat.reshape(-1, PERMUTATIONS)
