"""One campaign from its first start to its last word, hit by faults, and held against the undisturbed one."""

from __future__ import annotations

import random
import re
import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.campaign import Campaign, content
from tests.chaos.fault import Fault, Missed
from tests.chaos.felt import Felt
from tests.chaos.stage import ROOT, Stage, oxidizer
from tests.integration.living import family

STUCK_S = 150.0
"""No unit in so long, without a fault: the command hangs."""
_STARTS_PER_STRIKE = 4
_AT_WORK = 2
"""So many units may be committed yet by a command that is about to end."""
_PARTING_S = 15.0
"""What ends may take so long."""
_DAEMONS, _SHIM = (b"dockerd\0", b"containerd\0"), b"containerd-shim"
Say = Callable[[str], None]


@dataclass
class Struck:
    """One fault and what came of it."""

    kind: str
    what: str
    recovered_s: float = 0.0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)
    """What no fault explains: a traceback, a strange exit status, a command that hangs."""

    @property
    def well(self) -> bool:
        """Nothing was lost, doubled, left, or odd."""
        return not (self.lost or self.doubled or self.left or self.odd)


class Play:
    """Plays one campaign."""

    def __init__(self, stage: Stage, campaign: Campaign, chance: random.Random, say: Say) -> None:
        self.stage, self.campaign, self.chance, self.say = stage, campaign, chance, say
        self.struck: list[Struck] = []
        self._blamed: dict[str, Struck] = {}
        self._felt = Felt()
        self._strikes = 0
        self._read = 0

    def play(self, queue: deque[type[Fault]], undisturbed: Mapping[str, bytes], most: int) -> list[Struck]:
        """Strike faults from the queue until the campaign is whole; at most so many."""
        self.stage.forget_downloads()
        self.campaign.start()
        while not self._is_over():
            self._keep_going()
            if queue and len(self.struck) < most and self._hit(queue[0]):
                queue.popleft()
            time.sleep(0.05)
        self._judge_words(0)
        self._compare(undisturbed)
        self._clean()
        return self.struck

    def _is_over(self) -> bool:
        self._look()
        return self.campaign.ended() == 0 and self.campaign.is_whole

    def _look(self) -> None:
        before = set(self.campaign.marks)
        self.campaign.look()
        for unit in set(self.campaign.marks) - before:
            if self.struck:
                self._blamed[unit] = self.struck[-1]
        while self.campaign.again:
            self._blame().doubled.append(f"{self.campaign.again.pop()} was committed again")

    def _blame(self) -> Struck:
        """The last fault; where there was none, the campaign itself."""
        if not self.struck:
            self.struck.append(Struck("none", "the campaign by itself"))
        return self.struck[-1]

    def _keep_going(self) -> None:
        """Start the command again where it has ended; end it where it hangs."""
        self._look()
        status = self.campaign.ended()
        if status is None:
            if time.monotonic() - self.campaign.heard_s > STUCK_S:
                self._blame().odd.append(f"no unit in {STUCK_S:.0f} s")
                self.campaign.kill()
            return
        self._look()
        self._judge_words(status)
        if self.campaign.starts > _STARTS_PER_STRIKE * (self._strikes + 1):
            raise RuntimeError(f"{self.campaign.starts} starts and no end:\n{self.campaign.said()[-3000:]}")
        if not (status == 0 and self.campaign.is_whole):
            self._felt = Felt()
            self.campaign.start()

    def _judge_words(self, status: int) -> None:
        said = self.campaign.said()
        new, self._read = said[self._read :], len(said)
        # As a shell tells of a signal.
        status = 128 - status if status < 0 else status
        fair = self._felt.fair(is_whole=self.campaign.is_whole)
        if status not in fair:
            wanted = " or ".join(map(str, sorted(fair))) or "to go on"
            self._blame().odd.append(f"exit status {status}; what struck it wants {wanted}")
        if "Traceback" in new:
            self._blame().odd.append("a traceback: " + new[new.index("Traceback") :].strip()[-300:])
        for line in re.findall(r"quarantined \S+: .*Error\b.*", new):
            self._blame().odd.append(line[:300])

    def _hit(self, kind: type[Fault]) -> bool:
        """Wait for the fault's moment, let it strike, mend it, wait until work goes on; whether it struck."""
        fault = kind(self.campaign, self.chance)
        if not self._wait(fault.ready, 60.0):
            return False
        self._wait(lambda: False, self.chance.uniform(0.0, fault.within_s))
        if self.campaign.ended() is not None:
            return False
        self._strikes += 1
        self._felt.tries(fault)
        to_do = self.stage.units - len(self.campaign.marks)
        try:
            struck = Struck(kind.kind, fault.strike())
        except Missed:
            return False
        self.struck.append(struck)
        self._felt.strikes(fault)
        self._wait(lambda: False, fault.lasts_s, through=True)
        fault.mend()
        self.campaign.heard_s = mended_s = time.monotonic()
        # A worker may still commit after the death of its command: it goes on only when that is given again.
        starts, before, is_ending = self.campaign.starts, len(self.campaign.marks), bool(fault.ends)
        while not self._is_over() and (is_ending or len(self.campaign.marks) == before):
            self._keep_going()
            if self.campaign.starts > starts:
                starts, before, is_ending = self.campaign.starts, len(self.campaign.marks), False
            time.sleep(0.05)
        if is_ending and to_do > _AT_WORK:
            struck.odd.append("the command goes on as if nothing had been")
        struck.recovered_s = time.monotonic() - mended_s
        self.say(f"  {struck.kind}: {struck.what}, goes on after {struck.recovered_s:.1f} s")
        return True

    def _wait(self, true: Callable[[], bool], limit_s: float, *, through: bool = False) -> bool:
        """Wait for something, as long as the command runs (`through`: and after that); whether it came."""
        deadline_s = time.monotonic() + limit_s
        while time.monotonic() < deadline_s and (through or self.campaign.ended() is None):
            self._look()
            if true():
                return True
            time.sleep(0.05)
        return False

    def _compare(self, undisturbed: Mapping[str, bytes]) -> None:
        """Every file of every unit is that of the undisturbed run, and there are no others."""
        now = content(self.campaign.run)
        for name in undisturbed.keys() | now.keys():
            unit = name.split("/")[1]
            struck = self._blamed.get(unit) or self._blame() if now.get(name) != undisturbed.get(name) else None
            if struck and name not in now:
                struck.lost.append(name)
            elif struck and name not in undisturbed:
                struck.doubled.append(f"{name} is one too many")
            elif struck:
                struck.lost.append(f"{name} differs")
        for path in self.campaign.run.glob("quarantine/*"):
            self._blame().odd.append(f"{path.name} is still quarantined")
        for path in self.campaign.run.rglob("*.part"):
            self._blame().left.append(str(path))

    def _clean(self) -> None:
        """Our own look at what a finished campaign leaves, and at what is there after `doctor --clean`."""
        deadline_s = time.monotonic() + _PARTING_S
        while (left := remains(self.stage, self.campaign.id)) and time.monotonic() < deadline_s:
            time.sleep(0.2)
        if left:
            self._blame().left += [f"when all was done: {what}" for what in left]
        done = subprocess.run(
            oxidizer("doctor", "--clean"), env=self.stage.environment(), cwd=ROOT, capture_output=True, text=True,
            check=False, timeout=120,
        )  # fmt: skip
        removed = [line for line in done.stdout.splitlines() if line.startswith("removed")]
        self.say(
            "".join(f"  at the end {line}\n" for line in removed).rstrip() or "  at the end nothing is left behind"
        )
        if done.returncode:
            self._blame().left.append(f"doctor --clean: {done.stdout}{done.stderr}")
        if left := remains(self.stage, self.campaign.id):
            self._blame().left += left


def _is_dockers(pid: int, line: bytes) -> bool:
    """A daemon, or what one that was killed forgot: a shim in which no container is."""
    return line.startswith(_DAEMONS) or (_SHIM in line.partition(b"\0")[0] and family(pid) == [pid])


def remains(stage: Stage, run: str | None) -> list[str]:
    """What is on this machine of a run, seen with other eyes than the doctor's."""
    inside = str(stage.folder)
    found = [f"control group {path}" for path in Path("/sys/fs/cgroup").rglob(f"oxidizer-{run}-*")]
    found += [f"folder {path}" for root in (stage.scratch, stage.folder / "oxi-0") for path in root.glob("*")]
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    found += [f"mount {where}" for where in mounts if where.startswith((f"{stage.scratch}/", f"{stage.runs}/"))]
    for backing in Path("/sys/block").glob("loop*/loop/backing_file"):
        with suppress(OSError):
            if backing.read_text().startswith(f"{stage.scratch}/"):
                found.append(f"loop device {backing.parent.parent.name}")
    found += [f"container {name}" for name in stage.containers()] if stage.daemon else []
    own = stage.own_pids()
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            line = (entry / "cmdline").read_bytes()
            ours = stage.token.encode() in (entry / "environ").read_bytes() or inside.encode() + b"/" in line
            if line and ours and int(entry.name) not in own and not _is_dockers(int(entry.name), line):
                found.append(f"process {entry.name} {line[:80].decode(errors='replace')}")
    return found
