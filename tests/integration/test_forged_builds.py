"""What strangers' code says while building is no word of the compiler's or cargo's, and what it ends is no success."""

import pytest

from tests.conftest import OpenCrate
from tests.integration.forgeries import BUILDING, Trick


@pytest.mark.parametrize("trick", BUILDING, ids=[trick.name for trick in BUILDING])
def test_tricks_of_guests(open_crate: OpenCrate, trick: Trick) -> None:
    outcome = trick.attempt(*open_crate(trick.files))
    assert not outcome.harm, outcome
    assert bool(outcome.flags) == bool(trick.flags), outcome
    assert outcome.flags <= trick.flags, outcome
