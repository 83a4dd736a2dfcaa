"""The door (`shims/door.c`): a small library in cargo, the compilers and test programs that shuts strangers' cheap ways
of speaking in their name.

Built by the C compiler that a sandbox links with anyway, before any code of a crate has run there, and shown read-only.
Not promised: that code in the same process, which makes system calls by itself, cannot go around it.
"""

from __future__ import annotations

from collections.abc import Mapping

from oxidizer.cluster.outcome import last_words
from oxidizer.cluster.sandbox import SHIMS, Sandbox, SandboxUnavailable

DOOR = "/opt/door.so"
BEHIND: Mapping[str, str] = {"LD_PRELOAD": DOOR}
"""The environment of a command that has the door."""
_BUILD = 'cc -shared -fPIC -O2 -o /tmp/door.so "$1" && cat /tmp/door.so'


def build_door(sandbox: Sandbox) -> bytes:
    """The library, from a sandbox that shows our shims. Raises SandboxUnavailable where no C compiler is there."""
    run = sandbox.run(["sh", "-c", _BUILD, "sh", f"{SHIMS}/door.c"], cwd="/")
    if not run.ok:
        raise SandboxUnavailable(
            f"the sandbox's C compiler, with which rustc links too, does not work ({last_words(run)}): install gcc and "
            "libc6-dev, or run `oxidizer image build` again"
        )
    return run.stdout
