"""By what each promise is kept, what is lost where it is not, and how to mend that: in words for a person."""

from __future__ import annotations

from dataclasses import dataclass

from oxidizer.cluster.promises import Promise

_ROOT = "run as root, or use --sandbox docker"
_NO_PLACE = "do not mine here with this sandbox: use the other one"


@dataclass(frozen=True)
class Means:
    """The words about one promise."""

    docker: str
    bubblewrap: str
    lost: str
    """What a promise that is weaker or absent lets through."""
    remedy: str = _NO_PLACE

    def kept(self, backend: str) -> str:
        """What keeps it."""
        return self.docker if backend.startswith("docker") else self.bubblewrap


def _alike(how: str, lost: str, remedy: str = _NO_PLACE) -> Means:
    return Means(how, how, lost, remedy)


MEANS: dict[Promise, Means] = {
    Promise.NETWORK: _alike("a network namespace with nothing in it", "the host's network is in reach"),
    Promise.HOST_FILES: Means(
        "the image's own root; of the host only what was mounted",
        "a root of its own; of the host only /usr and what was mounted",
        "files of the host are readable",
    ),
    Promise.READ_ONLY: _alike("all mounts but the target and the scratch folders are read-only", "more is writable"),
    Promise.ENVIRONMENT: _alike("the environment is made anew for each command", "the worker's variables arrive"),
    Promise.USER: _alike(
        "user 10001, who owns nothing else",
        "on the host a command is the worker's own user: only namespaces keep it from that user's files and processes",
        "run as root: commands are then a user of their own",
    ),
    Promise.PROCESSES_HIDDEN: _alike("a process namespace of its own", "the host's processes are seen"),
    Promise.MEMORY: _alike(
        "a control group, swap included",
        "a watcher looks every 0.1 s, so that a burst takes more in between; or swap is not counted",
        f"{_ROOT}; where it is swap, swapoff or boot with swapaccount=1",
    ),
    Promise.PROCESSES: Means(
        "a control group",
        "a control group, or for an ordinary user a resource limit in a user namespace",
        "a watcher looks every 0.1 s, so that there are more in between",
        _ROOT,
    ),
    Promise.CPU: _alike("a control group", "a command may use all processors until its wall time is over", _ROOT),
    Promise.WALL: _alike("our clock", "a command runs on"),
    Promise.SILENCE: _alike("our clock", "a command runs on"),
    Promise.OUTPUT: _alike("what is read is counted", "output is kept without end"),
    Promise.OPEN_FILES: _alike("a resource limit", "files are opened without end"),
    Promise.FILE_SIZE: _alike("a resource limit", "a file grows without end"),
    Promise.DISK: _alike(
        "the target is an ext4 file system of that size",
        "a watcher walks the target every half a second or slower, so that more is written in between; what deleted "
        "files hold it does not see",
        "run as root where ext4 images can be mounted",
    ),
    Promise.INODES: _alike(
        "the target is an ext4 file system with so many",
        "a watcher walks the target every half a second or slower, so that there are more in between",
        "run as root where ext4 images can be mounted",
    ),
    Promise.SCRATCH: Means(
        "sized memory file systems, emptied before each command",
        "sized memory file systems, new for each command",
        "scratch folders grow without end, or a command finds what another left",
    ),
    Promise.ENDS: Means(
        "a container that ends with the connection of its worker, and goes with what is left in it",
        "a process namespace that ends with its first process, and that with its worker",
        "processes live on",
    ),
    Promise.CAPABILITIES: _alike("all are dropped, the bounding set too", "commands have capabilities"),
    Promise.NO_NEW_PRIVILEGES: Means(
        "the kernel's flag, set by the daemon", "the kernel's flag, set by bubblewrap", "set-user-id programs work"
    ),
    Promise.SYSTEM_CALLS: _alike(
        "a seccomp filter with a list of our own",
        "system calls that have opened kernels before are allowed",
        "use a kernel with CONFIG_SECCOMP_FILTER",
    ),
    Promise.COLLECTION: _alike(
        "files are opened below the target, without links, regular ones alone", "a link leads out of the target"
    ),
}
