"""How the promises of a sandbox stand on this machine, found out by trying to break each; and who may run so.

A real sandbox is opened and each probe of `probes.py` made in it, several at once: about a second in bubblewrap, a few
in Docker. Where the harm does not come, a promise is kept, unless the sandbox says of itself that it only watches.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory

from oxidizer.cluster import volume
from oxidizer.cluster.backends import open_sandbox
from oxidizer.cluster.means import MEANS
from oxidizer.cluster.probes import LIMITS, PROBES, Probe, Scene
from oxidizer.cluster.promises import Level, Promise, Standing, not_accepted
from oxidizer.cluster.sandbox import Limits, Mounts, Sandbox, SandboxUnavailable
from oxidizer.cluster.scratch import scratch

Open = Callable[[Mounts, Limits], AbstractContextManager[Sandbox]]
_AT_ONCE = 4
_SLOW = frozenset({Promise.MEMORY, Promise.PROCESSES, Promise.WALL, Promise.SILENCE, Promise.OUTPUT, Promise.ENDS})
"""Those that wait, or after which a container is discarded."""


class PromiseBroken(SandboxUnavailable):
    """Promises do not stand here as a campaign needs them, and nobody accepted that."""


def standings(backend: str, toolchain: Path, *, of_node: bool = False, open_box: Open | None = None) -> list[Standing]:
    """How each promise stands with a backend, in the order of `Promise`; `of_node` leaves out what no machine changes.

    `open_box` opens another sandbox of the backend than the usual. Raises SandboxUnavailable where none can be had.
    """

    def usual(mounts: Mounts, limits: Limits) -> Sandbox:
        return open_sandbox(backend, mounts, limits)

    probes = [probe for probe in PROBES if probe.of_node or not of_node]
    levels: dict[Promise, Level] = {}
    with scratch("promises") as folder, ThreadPoolExecutor(_AT_ONCE) as threads:
        for found in threads.map(lambda group: judge(group, folder, toolchain, open_box or usual), _groups(probes)):
            levels |= found
        return [_told(promise, levels[promise], backend, folder) for promise in Promise if promise in levels]


def judge(probes: Sequence[Probe], folder: Path, toolchain: Path, open_box: Open) -> dict[Promise, Level]:
    """What probes with the same limits come to, one after the other in one sandbox."""
    with scene(folder, toolchain, open_box, Limits(**{**vars(LIMITS), **probes[0].limits})) as around:
        return {probe.promise: probe.judge(around) for probe in probes}


@contextmanager
def scene(folder: Path, toolchain: Path, open_box: Open, limits: Limits) -> Iterator[Scene]:
    """A sandbox for probes. All that it shows is writable for everybody, so that nothing but its mounts forbids it."""
    with TemporaryDirectory(dir=folder) as name, socket.create_server(("127.0.0.1", 0)) as listener:
        root = Path(name)
        root.chmod(0o755)
        for shown in ("source", "registry", "shims"):
            (root / shown).mkdir()
            (root / shown).chmod(0o777)
        secret = root / "secret"
        secret.write_text(token_hex(16))
        secret.chmod(0o644)
        mounts = Mounts(root / "source", root / "target", toolchain, root / "registry", shims=root / "shims")
        with open_box(mounts, limits) as box:
            yield Scene(box, mounts.source, mounts.target, secret, listener.getsockname()[1])


def require(backend: str, toolchain: Path, accepted: Collection[Promise], *, of_node: bool = False) -> list[Promise]:
    """The promises that are weaker or absent here, all of them accepted. Raises PromiseBroken where one is not."""
    found = standings(backend, toolchain, of_node=of_node)
    if refused := not_accepted(found, accepted):
        raise PromiseBroken(_refusal(backend, refused, accepted))
    return [standing.promise for standing in found if standing.level is not Level.KEPT]


def require_of(box: Sandbox, accepted: Collection[Promise]) -> None:
    """Hold one open sandbox to what was accepted. Raises PromiseBroken."""
    if missing := sorted(box.weaker - frozenset(accepted)):
        raise PromiseBroken(
            f"a {box.name} sandbox on {socket.gethostname()} does not keep {', '.join(missing)}, as others here did: "
            "look at `oxidizer doctor --sandbox` there"
        )


def _groups(probes: Sequence[Probe]) -> list[list[Probe]]:
    """Each group in one sandbox: the quick ones, and the slow ones by two; those with limits of their own alone."""
    quick = [probe for probe in probes if not probe.limits and probe.promise not in _SLOW]
    slow = [probe for probe in probes if not probe.limits and probe.promise in _SLOW]
    own = [[probe] for probe in probes if probe.limits]
    return [group for group in (*own, slow[::2], slow[1::2], quick) if group]


def _told(promise: Promise, level: Level, backend: str, folder: Path) -> Standing:
    means = MEANS[promise]
    if level is Level.KEPT:
        return Standing(promise, level, means.kept(backend))
    remedy = means.remedy
    if promise in (Promise.DISK, Promise.INODES) and (reason := volume.trouble(folder)):
        remedy = f"{remedy} (here: {reason})"
    return Standing(promise, level, means.lost, remedy)


def _refusal(backend: str, refused: Sequence[Standing], accepted: Collection[Promise]) -> str:
    lines = [f"{backend} sandboxes on {socket.gethostname()} do not promise all that a campaign asks for:"]
    for standing in refused:
        lines += [f"  {standing.promise} is {standing.level}: {standing.how}", f"      mend it: {standing.remedy}"]
    if hopeless := [standing.promise for standing in refused if not standing.acceptable]:
        lines.append(f"No campaign runs without {', '.join(hopeless)}.")
    else:
        names = ",".join(promise for promise in Promise if promise in {*accepted, *(s.promise for s in refused)})
        lines.append(f"Mend them, or accept them: add --accept-weaker {names} (or: make mine ACCEPT={names})")
    return "\n".join(lines)
