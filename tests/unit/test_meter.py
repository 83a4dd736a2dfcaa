"""A stopwatch that gives every second to one stage."""

import time
from typing import Any

import pytest

from oxidizer.cluster.meter import MeteredSandbox
from oxidizer.cluster.sandbox import RunResult, SandboxUnavailable, Status


class Sleeper:
    """A sandbox whose commands sleep as long as their second word says."""

    name = "sleeper"

    def run(self, argv: list[str], **_: Any) -> RunResult:
        time.sleep(float(argv[1]) if len(argv) > 1 else 0.01)
        if argv[0] == "die":
            raise SandboxUnavailable("gone")
        return RunResult(Status.OK, 0, b"", b"", 0.01, 0.5, 100 * len(argv), 0)

    def close(self) -> None: ...

    def __enter__(self) -> "Sleeper":
        return self

    def __exit__(self, *_: object) -> None: ...


def test_stages() -> None:
    with MeteredSandbox(Sleeper()) as meter:  # type: ignore[arg-type]
        meter.calibrate()
        for _ in range(2):
            with meter.stage("prove"):
                meter.run(["cargo", "0.02"])
                time.sleep(0.03)
        prove = meter.account()["prove"]
    assert prove["commands"] == 2
    assert prove["cpu_s"] == 1.0
    assert 0.04 <= prove["in_commands_s"] < prove["wall_s"]
    assert prove["overhead_s"] >= prove["wall_s"] - prove["in_commands_s"] + 2 * 0.01 - 0.001
    assert meter.peak_bytes == 200


def test_no_second_counts_twice() -> None:
    meter = MeteredSandbox(Sleeper())  # type: ignore[arg-type]
    with meter.stage("outer"):
        time.sleep(0.02)
        with meter.stage("inner"):
            meter.run(["cargo", "0.05"])
        meter.run(["cargo", "0.01"])
    account = meter.account()
    assert account["inner"]["wall_s"] >= 0.05
    assert 0.03 <= account["outer"]["wall_s"] < 0.05
    assert (account["inner"]["commands"], account["outer"]["commands"]) == (1, 1)


def test_a_stage_ends_when_its_sandbox_does() -> None:
    meter = MeteredSandbox(Sleeper())  # type: ignore[arg-type]
    with pytest.raises(SandboxUnavailable), meter.stage("test"):
        meter.run(["die", "0.02"])
    assert meter.account()["test"]["wall_s"] >= 0.02
    meter.run(["cargo"])
    assert meter.account()["test"]["commands"] == 0
