"""The report in a real browser: it renders without an error, sorts its table, and runs nothing of a stranger's."""

import re
import struct
import subprocess
from pathlib import Path

import pytest

from oxidizer.miners.report import write_report
from tests.integration.browser import CHROMIUM, FLAGS
from tests.unit import run_fixture as fixture

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed (Debian: apt-get install chromium)")

OF_COMMAND = ["--enable-logging=stderr", "--virtual-time-budget=3000"]


def browse(page: Path, *flags: str) -> tuple[str, list[str]]:
    """What a headless Chromium prints for a page, and what the page's console said."""
    profile = page.parent / "profile"
    command = [str(CHROMIUM), *FLAGS, *OF_COMMAND, f"--user-data-dir={profile}", *flags, page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=True)
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def first_crates(dom: str) -> list[str]:
    section = dom[dom.index('<section id="crates">') :]
    return re.findall(r'class="crate">([^<]+)<', section[: section.index("</tbody>")])


def with_action(page: Path, script: str) -> Path:
    """A copy of the page that, once it is there, runs a script as a person's click would."""
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page.read_text())
    copy = page.with_name("clicked.html")
    copy.write_text(text.replace("</body>", f"<script>{script}</script></body>"))
    return copy


def test_the_page_renders_and_its_script_runs(tmp_path: Path) -> None:
    dom, said = browse(write_report(fixture.build_run(tmp_path / "run")), "--dump-dom")
    assert said == []
    assert 'data-ready="yes"' in dom
    assert "32 proven repairs" in dom
    assert first_crates(dom)[:3] == ["smallvec", "itoa", "semver"]


@pytest.mark.parametrize(
    ("column", "clicks", "order"),
    [(0, 1, "broken itoa readline-gpl"), (0, 2, "smallvec semver readline-gpl"), (1, 1, "broken readline-gpl semver")],
)
def test_a_click_on_a_heading_sorts_the_crates(tmp_path: Path, column: int, clicks: int, order: str) -> None:
    page = write_report(fixture.build_run(tmp_path / "run"))
    click = f"document.querySelectorAll('#crates thead button')[{column}].click();" * clicks
    dom, said = browse(with_action(page, click), "--dump-dom")
    assert said == []
    assert first_crates(dom)[:3] == order.split()


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    attack = (
        "</title></style></script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
    )
    lesson = fixture.Lesson("clippy", attack, "lint", attack, attack + "\n", attack + "!\n", "1 | " + attack)
    fixture.write_manifest(tmp_path, ["evil"], asked={"list": attack})
    row = fixture.diag_fix(lesson, "evil", "1.0.0", 3, explanation=attack, file=attack)
    fixture.write_unit(tmp_path, "evil", "1.0.0", [row], license=attack)
    dom, said = browse(write_report(tmp_path), "--dump-dom")
    assert said == []
    assert "owned'&lt;/script&gt;" in dom
    assert "<title>owned" not in dom
    assert dom.count("<script>") == 1


def test_the_content_policy_stops_a_script_that_got_in(tmp_path: Path) -> None:
    page = write_report(fixture.build_run(tmp_path / "run"))
    page.write_text(page.read_text().replace("</body>", "<script>document.title = 'owned'</script></body>"))
    dom, said = browse(page, "--dump-dom")
    assert "<title>owned" not in dom
    assert any("Content Security Policy" in line for line in said)


@pytest.mark.parametrize("width", [500, 1280])
def test_nothing_sticks_out_sideways(tmp_path: Path, width: int) -> None:
    page = write_report(fixture.build_run(tmp_path / "run"))
    measure = "document.title = document.documentElement.scrollWidth + ' in ' + innerWidth"
    dom, _ = browse(with_action(page, measure), "--dump-dom", f"--window-size={width},1000")
    inner, outer = re.findall(r"<title>(\d+) in (\d+)</title>", dom)[0]
    assert int(outer) == width
    assert int(inner) <= int(outer)


def test_light_and_dark_differ(tmp_path: Path) -> None:
    page = write_report(fixture.build_run(tmp_path / "run"))
    shots = []
    for scheme in (0, 1):
        shot = tmp_path / f"{scheme}.png"
        browse(page, f"--screenshot={shot}", "--window-size=800,600", f"--blink-settings=preferredColorScheme={scheme}")
        assert struct.unpack(">II", shot.read_bytes()[16:24]) == (800, 600)
        shots.append(shot.read_bytes())
    assert shots[0] != shots[1]
