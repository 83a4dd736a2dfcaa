"""The conversation of an agent that makes a change and builds it: what the system says, and turns as they come.

The words that tools answer are the caller's: what was really seen, cut as `tools.py` says.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from oxidizer.datasets.task.form import Message, assistant, system, user
from oxidizer.datasets.task.lesson import as_bytes
from oxidizer.datasets.task.tools import called, cut_output

_SYSTEM = """\
You are a Rust build agent with the tools `read`, `edit` and `bash`. You change a project as its user asks, and \
nothing beside that. Read before you edit. Where the change can be tested, write its tests first and see them fail; \
then change the source. At the end run `cargo fmt --check`, `cargo clippy` and the tests, and say in a few words what \
was done.
The sources lie in {root}, where `bash` runs. There is no network. The environment has {env}."""


@dataclass
class BuildTalk:
    """A conversation that grows turn by turn."""

    messages: list[Message] = field(default_factory=list)
    _calls: int = 0

    @classmethod
    def begun(cls, asked: str, *, root: str, env: Iterable[tuple[str, str]]) -> BuildTalk:
        """One in which nothing but the user has spoken. `root` is where the sources lie, `env` what was set there."""
        named = " ".join(f"{name}={shlex.quote(value)}" for name, value in env)
        return cls([system(_SYSTEM.format(root=root, env=f"`{named}`")), user(asked)])

    def turn(self, tool: str, *asked: tuple[Mapping[str, Any], str], says: str = "") -> None:
        """A message with calls of one tool, each with its arguments and its answer."""
        if not asked:
            return
        names = [f"call_{self._calls + 1 + at}" for at in range(len(asked))]
        self._calls += len(asked)
        calls = [called(name, tool, given) for name, (given, _) in zip(names, asked, strict=True)]
        self.messages.append({**assistant(says), "tool_calls": calls})
        for name, (_, answer) in zip(names, asked, strict=True):
            self.messages.append({"role": "tool", "tool_call_id": name, "content": answer})

    def ran(self, command: str, printed: str, status: int, says: str = "") -> None:
        """A call of `bash`, and what it showed."""
        shown = cut_output(printed if not printed or printed.endswith("\n") else printed + "\n")
        self.turn("bash", ({"command": command}, f"{shown}(exit status {status})"), says=says)

    def closed(self, says: str) -> None:
        """The last message."""
        self.messages.append(assistant(says))

    @property
    def size_bytes(self) -> int:
        """All that is said, in UTF-8. Raises NotShown for what is not text."""
        calls = (call["function"]["arguments"] for said in self.messages for call in said.get("tool_calls") or ())
        return sum(len(as_bytes(text)) for text in (*(said["content"] for said in self.messages), *calls))
