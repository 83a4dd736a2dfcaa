"""A test that speaks in libtest's name, for itself or for others, does not pass by that, and takes nobody with it."""

import pytest

from tests.conftest import OpenCrate
from tests.integration.forgeries import TESTING, Trick


@pytest.mark.parametrize("trick", TESTING, ids=[trick.name for trick in TESTING])
def test_tricks_of_tests(open_crate: OpenCrate, trick: Trick) -> None:
    outcome = trick.attempt(*open_crate(trick.files))
    assert not outcome.harm, outcome
    assert not trick.flags or outcome.flags & trick.flags, outcome
