"""`make chaos`: campaigns that are hit by faults, and a table of what came of it.

    python -m tests.chaos [--faults N] [--seed S] [--kinds driver,gcs] [--quick] [--without-docker]

Exit status 0 only if nothing was lost, doubled, left behind, or odd; 2, before anything is played, where a kind that is
asked for cannot be played here.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import textwrap
import time
from collections import deque
from collections.abc import Sequence

from tests.chaos.campaign import Campaign, content
from tests.chaos.fault import Fault
from tests.chaos.faults import KINDS
from tests.chaos.owner import sweep
from tests.chaos.play import Play, Struck
from tests.chaos.stage import Stage, own_namespaces, toolchain_image

_INSIDE = "OXIDIZER_CHAOS_INSIDE"
CRATES, QUICK_CRATES = 24, 8
MOST_FAULTS = 16
"""In one campaign."""
MOST_MISSES = 5
"""Campaigns in a row in which no fault finds anything to hit."""
FLAVOURS = ("bubblewrap", "clock", "docker")


def main() -> int:
    """Run the harness; the exit status."""
    asked = arguments()
    if _INSIDE not in os.environ:
        try:
            argv = own_namespaces([sys.executable, "-m", "tests.chaos", *sys.argv[1:]])
        except ValueError as error:
            print(f"chaos: {error}", file=sys.stderr)
            return 2
        os.execvpe(argv[0], argv, {**os.environ, _INSIDE: "1"})
    # However it is ended, it takes its stage down; started in the background, a shell would have it ignore the one.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda signum, _: sys.exit(128 + signum))
    kinds, missing = playable(asked.kinds, quick=asked.quick, without_docker=asked.without_docker)
    if missing or not kinds:
        print("\n".join(f"chaos: {reason}" for reason in missing or ["no kind is left to play"]), file=sys.stderr)
        return 2
    sweep(say)
    faults = drawn(kinds, asked.faults or len(kinds), random.Random(asked.seed))
    began_s = time.monotonic()
    struck = played(faults, asked.seed, QUICK_CRATES if asked.quick else CRATES)
    print(table(struck), flush=True)
    print(f"{len(struck)} faults in {(time.monotonic() - began_s) / 60:.1f} minutes, seed {asked.seed}")
    return 0 if len(struck) >= len(faults) and all(one.well for one in struck) else 1


def arguments() -> argparse.Namespace:
    """What was asked for; the environment's FAULTS and SEED stand for the options."""
    names = textwrap.fill("kinds: " + ", ".join(kind.kind for kind in KINDS), 100, break_on_hyphens=False)
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=names, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--faults", type=int, default=int(os.environ.get("FAULTS", 0)), help="default: one of each")
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    parser.add_argument(
        "--kinds", type=lambda text: text.split(","), help="some of those below, with commas between; default: all"
    )
    parser.add_argument("--quick", action="store_true", help="one fault of each cheap kind, few crates")
    parser.add_argument(
        "--without-docker", action="store_true", help="leave out the kinds that need Docker and the toolchain's image"
    )
    return parser.parse_args()


def playable(names: Sequence[str] | None, *, quick: bool, without_docker: bool) -> tuple[list[type[Fault]], list[str]]:
    """The kinds that are asked for, and why some of them cannot be played here."""
    known = {kind.kind: kind for kind in KINDS}
    if unknown := set(names or ()) - known.keys():
        sys.exit(f"no fault called {', '.join(sorted(unknown))}; there are: {', '.join(known)}")
    wanted = [known[name] for name in names] if names else [kind for kind in KINDS if kind.cheap or not quick]
    if without_docker:
        return [kind for kind in wanted if kind.flavour != "docker"], []
    in_docker = [kind.kind for kind in wanted if kind.flavour == "docker"]
    if not in_docker or toolchain_image() is not None:
        return wanted, []
    return wanted, [
        f"no daemon answers that holds the toolchain image, and {', '.join(in_docker)} cannot be played: run "
        "cluster/dockerd.sh and `oxidizer image build`, or give --without-docker (`make chaos WITHOUT_DOCKER=1`)"
    ]


def drawn(kinds: Sequence[type[Fault]], count: int, chance: random.Random) -> list[type[Fault]]:
    """So many faults: every kind by turns, in an order of chance within each turn."""
    found: list[type[Fault]] = []
    while len(found) < count:
        found += chance.sample(list(kinds), len(kinds))
    return found[:count]


def played(faults: Sequence[type[Fault]], seed: int, crates: int) -> list[Struck]:
    """All faults, in as many campaigns as they need."""
    struck: list[Struck] = []
    misses = 0
    with Stage([f"shelf{number}" for number in range(crates)]) as stage:
        undisturbed = rehearse(stage)
        for flavour in FLAVOURS:
            queue = deque(kind for kind in faults if kind.flavour == flavour)
            if queue and flavour == "docker":
                stage.start_daemon()
                stage.load_image(str(toolchain_image()))
            while queue:
                number = len(list(stage.runs.glob("run*")))
                campaign = Campaign(
                    stage, stage.runs / f"run{number}",
                    backend="docker" if flavour == "docker" else "bubblewrap", faked_clock=flavour == "clock",
                )  # fmt: skip
                print(f"campaign {number} ({flavour}), {len(queue)} faults to come", flush=True)
                play = Play(stage, campaign, random.Random(f"{seed} {number}"), say)
                try:
                    came = play.play(queue, undisturbed, MOST_FAULTS)
                except BaseException:
                    campaign.kill()
                    print(campaign.said()[-5000:], flush=True)
                    raise
                struck += came
                misses = 0 if came else misses + 1
                if misses > MOST_MISSES:
                    raise RuntimeError(f"{queue[0].kind} finds nothing to hit in {misses} campaigns")
                print(
                    *(wrongs(one) for one in came if not one.well),
                    f"  {len(campaign.marks)} units, {campaign.starts} starts; {len(struck)} of {len(faults)} faults",
                    sep="\n",
                    flush=True,
                )
    return struck


def rehearse(stage: Stage) -> dict[str, bytes]:
    """What an undisturbed campaign commits."""
    campaign = Campaign(stage, stage.runs / "run0")
    stage.forget_downloads()
    began_s = time.monotonic()
    campaign.start()
    try:
        while (status := campaign.ended()) is None:
            time.sleep(0.1)
    finally:
        campaign.kill()
    if status or campaign.look() != stage.units:
        raise RuntimeError(f"the undisturbed campaign fails:\n{campaign.said()}")
    print(f"undisturbed: {stage.units} units in {time.monotonic() - began_s:.0f} s", flush=True)
    return content(campaign.run)


def wrongs(one: Struck) -> str:
    """What is wrong after a fault, a line each."""
    return "\n".join(
        f"  FAILED {one.kind} ({one.what}) {name}: {what}"
        for name in ("lost", "doubled", "left", "odd")
        for what in getattr(one, name)
    )


def table(struck: Sequence[Struck]) -> str:
    """The closing table, a line for each kind."""
    head = f"{'fault':<22}{'times':>6}{'lost':>6}{'doubled':>9}{'left':>6}{'odd':>5}{'recovery s (mean, most)':>26}"
    lines = [head, "-" * len(head)]
    for kind in [*dict.fromkeys(one.kind for one in struck), None]:
        some = [one for one in struck if kind in (None, one.kind)]
        times = [one.recovered_s for one in some] or [0.0]
        counts = [sum(len(getattr(one, name)) for one in some) for name in ("lost", "doubled", "left", "odd")]
        lines.append(
            f"{kind or 'all':<22}{len(some):>6}{counts[0]:>6}{counts[1]:>9}{counts[2]:>6}{counts[3]:>5}"
            f"{sum(times) / len(times):>16.1f}{max(times):>10.1f}"
        )
    return "\n".join(lines)


def say(text: str) -> None:
    """A line for the reader."""
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
