"""Several commands in one of the sandbox, one behind the other (the shim `in-turn`), and what each of them came to.

A boundary is a mark that nobody could print before the shim's last line told it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from oxidizer.cluster.door import BEHIND
from oxidizer.cluster.sandbox import SHIMS, SOURCE, RunResult, Sandbox, Status


def run_in_turn(
    sandbox: Sandbox, commands: Sequence[str], *, env: Mapping[str, str], cwd: str = SOURCE
) -> tuple[RunResult, list[RunResult]]:
    """What all came to, and each of the commands, in the shell's words; none where not all ended by themselves.

    Seconds and bytes of each are those of all.
    """
    run = sandbox.run([f"{SHIMS}/in-turn", *commands], env={**BEHIND, **env}, cwd=cwd)
    return run, parted(run, len(commands)) if run.ok else []


def parted(run: RunResult, count: int) -> list[RunResult]:
    """The commands' own results; none where there are not as many as commands."""
    said, _, mark = run.stdout.rstrip(b"\n").rpartition(b"\n")
    if not re.fullmatch(rb"[0-9a-f-]{36}", mark):
        return []
    *outputs, rest = re.split(rb"\n%s (\d+)\n" % mark, said + b"\n")
    *errors, after = run.stderr.split(b"\n%s\n" % mark)
    texts, codes = outputs[::2], [int(code) for code in outputs[1::2]]
    if not len(codes) == len(errors) == count or rest or after:
        return []
    return [
        replace(run, status=Status.FAILED if code else Status.OK, exit_code=code, stdout=text, stderr=error)
        for text, code, error in zip(texts, codes, errors, strict=True)
    ]
