"""Which candidate is right: gradient-boosted trees over their features (LightGBM), and what their word is worth, by
isotonic regression.

The label of a candidate is 1 where it is the recorded fix, less where it only compiles, 0 where it does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from oxidizer.serve.policies.templates.features import CATEGORIES, NAMES

GREEN = 0.6
"""The label of a candidate that compiles and is another one than the recorded fix."""
_PARAMETERS = {
    "objective": "cross_entropy", "num_leaves": 31, "learning_rate": 0.06, "min_data_in_leaf": 40,
    "feature_fraction": 0.7, "bagging_fraction": 0.8, "bagging_freq": 1, "cat_smooth": 20, "max_cat_threshold": 16,
    "verbose": -1, "deterministic": True, "force_row_wise": True, "num_threads": 1,
}  # fmt: skip
_ROUNDS = 200


@dataclass(frozen=True)
class Calibration:
    """A step function from the ranker's word to how often it is right, by its corners; linear between them."""

    said: tuple[float, ...] = (0.0, 1.0)
    right: tuple[float, ...] = (0.0, 1.0)

    def __call__(self, said: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Probabilities."""
        return np.asarray(np.interp(said, self.said, self.right))


class Ranker:
    """Trees that rate candidates. Raises ValueError for a text that holds none."""

    def __init__(self, text: str) -> None:
        # Takes half a second, which `--help` shall not.
        import lightgbm

        self.text = text
        try:
            self._trees = lightgbm.Booster(model_str=text)
        except lightgbm.basic.LightGBMError as error:
            raise ValueError(f"the ranker cannot be read: {error}") from error
        if self._trees.num_feature() != len(NAMES):
            raise ValueError(
                f"the ranker knows {self._trees.num_feature()} features, this version of Oxidizer has {len(NAMES)}: "
                "train the model anew"
            )

    def rate(self, rows: Sequence[Sequence[float]]) -> np.ndarray[Any, Any]:
        """A number in 0..1 for each row."""
        if not rows:
            return np.zeros(0)
        found = self._trees.predict(np.asarray(rows, dtype=np.float32), num_threads=1)
        return np.asarray(found, dtype=np.float64)


def fit_ranker(rows: Sequence[Sequence[float]], labels: Sequence[float], seed: int) -> Ranker:
    """The ranker of labelled rows; the same for the same seed. Raises ValueError without a right and a wrong one."""
    import lightgbm

    if not rows or max(labels) <= 0 or min(labels) > 0:
        raise ValueError("a ranker needs candidates that are right and candidates that are not")
    data = lightgbm.Dataset(
        np.asarray(rows, dtype=np.float32), np.asarray(labels), feature_name=list(NAMES),
        categorical_feature=list(CATEGORIES), free_raw_data=False, params={"verbose": -1},
    )  # fmt: skip
    trees = lightgbm.train({**_PARAMETERS, "seed": seed}, data, _ROUNDS)
    return Ranker(trees.model_to_string())


def fit_calibration(said: Sequence[float], right: Sequence[bool]) -> Calibration:
    """The nondecreasing function that is nearest to what came true (least squares); its corners alone."""
    from scipy.optimize import isotonic_regression

    if not said:
        return Calibration()
    order = np.argsort(np.asarray(said), kind="stable")
    x, y = np.asarray(said, dtype=float)[order], np.asarray(right, dtype=float)[order]
    found = isotonic_regression(y)
    corners = found.blocks[:-1]
    # A block's middle stands for it: between two of them what is said is what is between.
    ends = found.blocks[1:]
    middles = [float(x[a:b].mean()) for a, b in zip(corners, ends, strict=True)]
    levels = [float(found.x[a]) for a in corners]
    return Calibration((0.0, *middles, 1.0), (levels[0] / 2, *levels, levels[-1]))


def read_ranker(file: Path) -> Ranker:
    """The ranker of a model's folder. Raises OSError, ValueError."""
    return Ranker(file.read_text(encoding="utf-8"))
