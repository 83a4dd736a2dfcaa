"""How records are shown: which conversation, which format of the answer, how many bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

Style = Literal["plain", "agent"]
Answer = Literal["blocks", "diff"]
Message = dict[str, Any]
SMALLEST_BYTES = 512


@dataclass(frozen=True)
class Form:
    """The form of all messages of one corpus or one model. Raises ValueError at construction."""

    style: Style = "plain"
    """plain: the answer is text. agent: the answer is calls of the tools `read`, `edit` and `bash`."""
    answer: Answer = "blocks"
    """Of the plain style: search/replace blocks, or a unified diff."""
    explained: bool = False
    """The record's explanation comes before the edit."""
    budget_bytes: int = 8192
    """The most bytes (UTF-8) of what is shown: the user's message, in the agent's style with what `read` gives."""

    def __post_init__(self) -> None:
        for name, kind in (("style", Style), ("answer", Answer)):
            if getattr(self, name) not in get_args(kind):
                raise ValueError(f"form: {name} is one of {', '.join(get_args(kind))}, not {getattr(self, name)!r}")
        if self.budget_bytes < SMALLEST_BYTES:
            raise ValueError(f"form: budget_bytes must be at least {SMALLEST_BYTES}, not {self.budget_bytes}")


def system(text: str) -> Message:
    """A message of the system."""
    return {"role": "system", "content": text}


def user(text: str) -> Message:
    """A message of the user."""
    return {"role": "user", "content": text}


def assistant(text: str) -> Message:
    """An answer in text."""
    return {"role": "assistant", "content": text}
