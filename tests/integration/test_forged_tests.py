"""A test that speaks in libtest's name, for itself or for others, does not pass by that, and takes nobody with it."""

import pytest

from tests.conftest import OpenCrate
from tests.integration.forgeries import BUILDING, TESTING, Trick


@pytest.mark.parametrize("trick", TESTING, ids=[trick.name for trick in TESTING])
def test_tricks_of_tests(open_crate: OpenCrate, trick: Trick) -> None:
    outcome = trick.attempt(*open_crate(trick.files))
    assert not outcome.harm, outcome
    assert not trick.flags or outcome.flags & trick.flags, outcome


IN_DOCKER = [
    trick
    for trick in (*BUILDING, *TESTING)
    if trick.name in ("a macro exits with 0", "a test speaks for all and kills who would tell")
]


@pytest.mark.docker
@pytest.mark.parametrize("trick", IN_DOCKER, ids=[trick.name for trick in IN_DOCKER])
def test_the_door_stands_in_docker_too(open_crate: OpenCrate, trick: Trick) -> None:
    outcome = trick.attempt(*open_crate(trick.files, backend="docker"))
    assert not outcome.harm, outcome
    assert outcome.flags & trick.flags, outcome
