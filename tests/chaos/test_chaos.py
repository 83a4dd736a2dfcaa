"""A short pass of chaos: one fault of each cheap kind on real campaigns; `make chaos` does a hundred of every kind."""

import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.chaos.__main__ import drawn, table
from tests.chaos.faults import KINDS
from tests.chaos.play import Struck
from tests.chaos.stage import own_namespaces


@pytest.mark.machine
def test_faults_that_are_mended_leave_the_run_as_the_undisturbed_one(root: Path) -> None:
    try:
        tried = subprocess.run(own_namespaces(["true"]), capture_output=True, text=True, check=False)
    except ValueError as error:
        pytest.skip(str(error))
    if tried.returncode:
        pytest.skip(f"no namespaces of its own: {tried.stderr.strip()}")
    argv = [sys.executable, "-m", "tests.chaos", "--quick", "--seed", str(os.getpid())]
    done = subprocess.run(argv, cwd=root, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    cheap = [kind.kind for kind in KINDS if kind.cheap]
    told = {line[:22].strip(): line.split() for line in done.stdout.splitlines() if line[:22].strip() in cheap}
    assert set(told) == set(cheap)
    assert "FAILED" not in done.stdout


def test_every_kind_has_its_turn_and_a_seed_means_the_same_faults() -> None:
    faults = drawn(KINDS, 100, random.Random(7))
    assert faults == drawn(KINDS, 100, random.Random(7))
    assert faults != drawn(KINDS, 100, random.Random(8))
    assert len(KINDS) >= 12
    assert min(Counter(faults).values()) >= 100 // len(KINDS)
    assert len({kind.kind for kind in KINDS}) == len(KINDS)


def test_the_table_counts_what_went_wrong() -> None:
    struck = [Struck("driver", "process 1", 2.0), Struck("driver", "process 2", 4.0, lost=["units/a"], odd=["x", "y"])]
    assert [one.well for one in struck] == [True, False]
    *_, driver, total = table(struck).splitlines()
    assert driver.split() == ["driver", "2", "1", "0", "0", "2", "3.0", "4.0"]
    assert total.split()[1:] == driver.split()[1:]
