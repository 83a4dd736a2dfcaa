"""Every engine does the same work; an error in it is the work's own."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from oxidizer.datasets.corpus.engine import Engine, engine

ENGINES: dict[str, tuple[int, str | None]] = {"one process": (1, None), "two processes": (2, None), "ray": (2, "local")}


@pytest.fixture(scope="module", params=ENGINES)
def spread(request: pytest.FixtureRequest) -> Iterator[Engine]:
    with engine(*ENGINES[request.param]) as made:
        yield made


def squared(number: int, most: int = 100) -> int:
    if number > most:
        raise ValueError(f"{number} is too large")
    return number * number


def test_all_items_are_worked_on_once(spread: Engine) -> None:
    assert sorted(spread.map(squared, range(7))) == [0, 1, 4, 9, 16, 25, 36]
    assert list(spread.map(squared, [])) == []


def test_what_the_work_raises_is_raised(spread: Engine) -> None:
    work: Callable[[int], int] = partial(squared, most=3)
    with pytest.raises(ValueError, match=r"^4 is too large$"):
        list(spread.map(work, range(5)))
