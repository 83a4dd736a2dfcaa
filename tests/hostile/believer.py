"""Plain cargo without the door, and a reader who believes whatever comes: what verdicts would be without all that
holds them (docs/SECURITY.md, "Verdicts that cannot be bought"). One sandbox for many crates, one after the other.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from oxidizer.cluster.sandbox import SHIMS, RunResult, Sandbox
from oxidizer.cluster.toolchain import Toolchain

_MARKED = ("--config", f'target."cfg(all())".runner=["{SHIMS}/test-runner"]')
_LIBTEST = ("--", "-Z", "unstable-options", "--format", "json")
# An output that belongs to the command's own user, as an ordinary user's sandbox has it: he may open it anew.
_OWN_OUTPUT = ("sh", "-c", '"$@" | cat', "sh")
_PATIENCE = {"OXIDIZER_TEST_TIMEOUT_S": "10", "RUST_TEST_THREADS": "1"}


class Believer:
    """Builds crates in a sandbox, in its source folder; behind the door only where `env` says so."""

    def __init__(
        self, box: Sandbox, source: Path, toolchain: Toolchain, env: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self._box, self._source, self._toolchain, self._env = box, source, toolchain, env

    def meet(self, files: Mapping[str, str]) -> None:
        """Another crate takes the place of the last one, of which nothing stays."""
        for folder in (self._source, self._box.target.folder):
            for path in folder.iterdir():
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        for name, text in files.items():
            (self._source / name).parent.mkdir(parents=True, exist_ok=True)
            (self._source / name).write_text(text)
        manifest = self._source / "Cargo.toml"
        command = [self._toolchain.bin / "cargo", "generate-lockfile", "--offline", "--manifest-path", manifest]
        subprocess.run(command, capture_output=True, cwd="/", check=True)

    def change(self, file: str, old: str, new: str) -> None:
        """An edit of the crate."""
        text = (self._source / file).read_text()
        assert old in text
        (self._source / file).write_text(text.replace(old, new, 1))

    def check(self) -> Heard:
        """`cargo check`."""
        return Heard(self._run("check"))

    def test(self) -> Heard:
        """`cargo test` of test programs, between our marks, which stand in the stream for all to see."""
        return Heard(self._run("test", "--tests", "--no-fail-fast", *_MARKED, *_LIBTEST))

    def _run(self, command: str, *args: str) -> RunResult:
        cargo = ["cargo", command, "--message-format=json", "--frozen", *args]
        return self._box.run([*_OWN_OUTPUT, *cargo], env={**_PATIENCE, **self._env})


class Heard:
    """What was heard of one command."""

    def __init__(self, run: RunResult) -> None:
        self.run = run
        self._lines = run.stdout.decode(errors="replace").splitlines()

    @property
    def built(self) -> bool:
        """Somebody said so, before anybody said otherwise."""
        *_, end = self._messages()
        return end.get("success") is True

    @property
    def diagnostics(self) -> list[tuple[str, str]]:
        """Code and message of each. Raises what malformed messages bring about."""
        told = [m["message"] for m in self._messages() if m["reason"] == "compiler-message"]
        return [((d["code"] or {}).get("code", ""), d["message"]) for d in told]

    @property
    def programs(self) -> list[str]:
        """The test programs."""
        return [str(m["executable"]) for m in self._messages() if m.get("executable")]

    @property
    def passed(self) -> set[str]:
        """Tests of which it was ever told that they passed."""
        events = [json.loads(line) for line in self._lines if line.startswith('{ "type": "test"')]
        return {str(event["name"]) for event in events if event["event"] == "ok"}

    def _messages(self) -> Iterator[dict[str, Any]]:
        for line in self._lines:
            if line.startswith('{"reason"'):
                message = json.loads(line)
                yield message
                if message["reason"] == "build-finished":
                    return
