"""The doctor on this machine, and on this machine with things taken away."""

import io
import os
import socket
from pathlib import Path

import pytest
from rich.console import Console

from oxidizer.cluster.doctor import Finding, State, examine, fit_to_mine, print_findings


def by_name() -> dict[str, Finding]:
    return {finding.name: finding for finding in examine()}


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user with nothing on the PATH, no rustup and no daemon."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CARGO_HOME", str(tmp_path / "cargo"))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")


def test_this_machine_is_fit_to_mine() -> None:
    findings = examine()
    assert fit_to_mine(findings), [f for f in findings if f.state is State.MISSING]
    assert len({finding.name for finding in findings}) == len(findings)


def test_what_is_not_all_right_says_what_it_costs_and_how_to_get_it(bare: None) -> None:
    for finding in examine():
        assert bool(finding.costs) == bool(finding.remedy) == (finding.state is not State.OK), finding


def test_without_git_compiler_and_sandbox_nothing_is_mined(bare: None) -> None:
    found = by_name()
    assert not fit_to_mine(list(found.values()))
    assert {name for name, finding in found.items() if finding.state is State.MISSING} >= {
        "git",
        "C compiler",
        "Docker",
        "bubblewrap",
    }
    assert "git is not installed" in found["git"].detail


def test_one_sandbox_is_enough(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    found = by_name()
    assert found["bubblewrap"].state is State.OK
    assert found["Docker"].state is State.WEAKER
    assert "no Docker daemon answers" in found["Docker"].detail


def test_a_ray_cluster_that_is_named_has_to_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        monkeypatch.setenv("RAY_ADDRESS", f"127.0.0.1:{port}")
        assert by_name()["Ray"].state is State.OK
    assert by_name()["Ray"].state is State.MISSING
    monkeypatch.setenv("RAY_ADDRESS", "ray://nowhere.invalid:10001")
    assert by_name()["Ray"].state is State.MISSING


def test_the_printed_form_names_everything_and_keeps_brackets() -> None:
    findings = [
        Finding("git", State.OK, "git version 2"),
        Finding("coverage", State.WEAKER, "no tools", "nobody knows", "apt-get install llvm-22"),
        Finding("Docker", State.MISSING, "no [bold] daemon", "no sandbox", "start it"),
    ]
    out = io.StringIO()
    print_findings(findings, Console(file=out, width=60))
    text = out.getvalue()
    for part in (
        "git version 2",
        "nobody knows",
        "apt-get install llvm-22",
        "no [bold] daemon",
        "cannot work here: Docker.",
    ):
        assert part in text
    assert max(len(line) for line in text.splitlines()) <= 60
    assert not fit_to_mine(findings)
    assert fit_to_mine(findings[:2])


def test_an_empty_examination_is_no_verdict() -> None:
    with pytest.raises(ValueError, match="nothing was examined"):
        fit_to_mine([])


def test_examining_leaves_no_group_and_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    examine()
    assert os.listdir(tmp_path) == []
    assert list(Path("/sys/fs/cgroup").glob(f"**/oxidizer-{os.getpid()}-*")) == []
