"""What tests of sandboxes share: the limits they run under, and a way to run a script."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from oxidizer.cluster.sandbox import Limits, RunResult, Sandbox

MB = 1 << 20
LIMITS = Limits(
    memory_bytes=512 * MB, cpus=2.0, processes=100, wall_s=20.0, silence_s=15.0, output_bytes=4 * MB,
    disk_bytes=64 * MB, file_bytes=48 * MB, open_files=256, tmp_bytes=16 * MB,
)  # fmt: skip

Open = Callable[..., AbstractContextManager[Sandbox]]
"""Opens a sandbox of the backend under test, with other limits where a test names them."""


def sh(box: Sandbox, script: str, **how: object) -> RunResult:
    return box.run(["bash", "-c", script], **how)  # type: ignore[arg-type]
