"""The list of all tuples in a real browser: found, filtered and looked at with keys alone, at every width."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from oxidizer.miners.report import browse, read_run, write_report
from tests.integration.browser import CHROMIUM, Page, browser
from tests.unit import run_fixture as fixture
from tests.unit.large_run import build_large_run
from tests.unit.test_report import hostile_run

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed (Debian: apt-get install chromium)")

READY = "document.documentElement?.dataset.tuples === 'ready'"
MANY = 20_000
"""Of 100,000 tells `tests/bench/page.py`."""
WIDTHS = (360, 768, 1280)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(fixture.build_run(tmp_path_factory.mktemp("small") / "run"))


def opened(page: Page, path: Path, width: int = 1280) -> Page:
    page.said.clear()
    page.look(width=width)
    page.open(path, READY)
    return page


def count(page: Page) -> str:
    return str(page.js("document.getElementById('tuple-count').textContent"))


def focused(page: Page) -> str:
    return str(page.js("document.activeElement.id || document.activeElement.getAttribute('aria-labelledby') || ''"))


def detail(page: Page) -> str:
    return str(page.js("document.getElementById('tuple-detail').innerText"))


def test_a_person_with_a_keyboard_alone_finds_a_tuple(page: Page, small: Path) -> None:
    opened(page, small)
    assert count(page) == "32 tuples"
    page.press("/")
    assert focused(page) == "tuple-query"
    page.press(*"use_self")
    found = sum(row.code == "clippy::use_self" for row in read_run(small.parent).tuples)
    assert count(page) == f"{found} of 32 tuples"
    page.press("ArrowDown", "ArrowDown", "End", "Home")
    assert focused(page) == "tuple-list"
    assert page.js("document.getElementById('tuple-list').getAttribute('aria-activedescendant')") == "tuple-0"
    assert page.js("document.getElementById('tuple-0').getAttribute('aria-selected')") == "true"
    page.wait("document.querySelector('#tuple-detail .diff')")
    assert "-    pub fn new() -> Counters {" in detail(page)
    assert "unnecessary structure name repetition" in detail(page)
    assert f"oxidizer show {small.parent} " in detail(page)
    page.press("Enter")
    assert focused(page) == "tuple-detail"
    page.press("Escape")
    assert focused(page) == "tuple-list"
    page.press("Escape")
    assert (focused(page), count(page)) == ("tuple-query", "32 tuples")
    assert page.said == []


def test_the_tab_key_goes_through_search_facets_and_list_in_order(page: Page, small: Path) -> None:
    opened(page, small)
    page.js("document.getElementById('tuple-query').focus()")
    page.press("Tab")
    # Nothing is asked for: there is nothing to clear.
    assert focused(page) == "tuple-list"
    page.js("document.querySelector('.facet:not([hidden]) ul').focus()")
    stops = []
    while focused(page).startswith("facet-"):
        stops.append(focused(page))
        page.press("Tab")
    assert stops[:3] == ["facet-class", "facet-code", "facet-crate"]
    assert focused(page) == "tuple-query"


def test_facets_narrow_each_other_and_keep_their_own_counts(page: Page, small: Path) -> None:
    opened(page, small)
    rows = read_run(small.parent).tuples
    page.js("document.querySelector('[aria-labelledby=facet-class]').focus()")
    page.press("ArrowDown", " ")
    chosen = page.js("document.querySelector('#tuple-facets [aria-selected=true]').title")
    of_class = [row for row in rows if row.class_ == chosen]
    assert count(page) == f"{len(of_class)} of 32 tuples"
    seen = "[...document.querySelectorAll('[aria-labelledby={}] li:not([hidden])')]"
    told = f"{seen}.map(li => [li.title, Number(li.lastChild.textContent)])"
    codes = dict(page.js(told.format("facet-code")))
    assert codes == {name: sum(row.name == name for row in of_class) for name in {row.name for row in of_class}}
    # What else could be chosen of the same facet is still counted.
    classes = dict(page.js(told.format("facet-class")))
    assert classes == {name: sum(row.class_ == name for row in rows) for name in {row.class_ for row in rows}}
    page.wait(f"location.hash === {json.dumps(f'#tuples?class={chosen}')}")
    page.press("Escape")
    assert count(page) == "32 tuples"


def test_an_address_and_a_code_of_the_page_open_their_tuples(page: Page, small: Path) -> None:
    opened(page, small)
    page.js("document.querySelector('#codes .chips a').click()")
    code = page.js("new URLSearchParams(location.hash.split('?')[1]).get('code')")
    found = sum(row.code == code for row in read_run(small.parent).tuples)
    page.wait(f"document.getElementById('tuple-count').textContent === '{found} of 32 tuples'")
    page.js("location.hash = '#tuples?q=smallvec&class=none+such'")
    page.wait("document.getElementById('tuple-query').value === 'smallvec'")
    page.wait("document.getElementById('tuple-count').textContent === '16 of 32 tuples'")


def test_what_has_no_room_in_the_page_is_left_to_the_command(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browse.browsable, "__defaults__", (0,))
    opened(page, write_report(fixture.build_run(tmp_path / "run")))
    page.press("/", "Enter")
    page.wait("document.querySelector('#tuple-detail .footer')")
    assert "no room" in detail(page)
    assert re.search(r"oxidizer show \S+ [0-9a-f]{8}", detail(page))


def test_many_are_listed_filtered_and_reached(page: Page, tmp_path: Path) -> None:
    run = build_large_run(tmp_path / "run", MANY, 4)
    opened(page, write_report(run))
    assert count(page) == f"{MANY:,} tuples"
    page.press("/", *"name_77", "ArrowDown")
    some = sum("name_77" in row for row in read_run(run).tuples.values("message"))
    assert count(page) == f"{some:,} of {MANY:,} tuples"
    page.press("Escape", "/", "ArrowDown", "End")
    last = page.js("document.querySelector('#tuple-list [aria-selected=true]').innerText")
    assert "crate-3 1.0.0" in last
    assert page.js("document.querySelector('#tuple-list [aria-selected=true]').getAttribute('aria-posinset')") == str(
        MANY
    )
    # Only what is seen is there.
    assert page.js("document.querySelectorAll('#tuple-list .row').length") < 60
    assert page.said == []


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("dark", [False, True])
def test_nothing_sticks_out_and_the_colours_can_be_read(page: Page, small: Path, width: int, dark: bool) -> None:
    page.look(width=width, dark=dark)
    page.open(small, READY)
    page.press("/", "Enter")
    page.wait("document.querySelector('#tuple-detail .diff')")
    assert page.js("document.documentElement.scrollWidth") <= width
    shown = page.js("getComputedStyle(document.querySelector('#tuple-detail .diff')).color")
    light = [int(number) for number in re.findall(r"\d+", shown)][-3:]
    assert (sum(light) > 380) is dark


def test_hostile_text_in_the_list_stays_text(page: Page, tmp_path: Path) -> None:
    opened(page, write_report(hostile_run(tmp_path / "run")))
    page.press("/", "Enter")
    page.wait("document.querySelector('#tuple-detail .footer')")
    assert page.js("document.title") != "owned"
    assert page.js("document.querySelectorAll('img').length") == 0
    assert "<script>document.title='owned'</script>" in detail(page)
    assert "\\u{202e}" in detail(page)
    assert page.said == []


def test_on_paper_the_list_is_left_to_the_command(page: Page, small: Path) -> None:
    opened(page, small)
    page.print_media()
    assert page.js("getComputedStyle(document.getElementById('tuple-browser')).display") == "none"
    assert page.js("getComputedStyle(document.querySelector('.paper')).display") == "block"
