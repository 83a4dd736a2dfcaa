"""The host's apt configuration, so that an image is made from the mirrors, proxies and certificates that work here."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path("/etc/apt")


@dataclass(frozen=True)
class Source:
    """One place that packages come from."""

    uri: str
    suite: str
    components: str

    def line(self) -> str:
        """The one-line form of sources.list."""
        return f"deb {self.uri} {self.suite} {self.components}"


def sources(release: str) -> list[Source]:
    """The host's sources of a Debian release, its updates and its security suite; the release itself comes first."""
    found = {source for source in _all() if source.suite in (release, f"{release}-updates", f"{release}-security")}
    debian = [source for source in found if "main" in source.components.split()]
    return sorted(debian, key=lambda source: (source.suite != release, source.suite, source.uri))


def settings() -> str:
    """The host's settings for fetching (proxies, certificates, dates), in the form of apt.conf."""
    wanted = ("Acquire::http", "Acquire::Check-")
    lines = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True).stdout.splitlines()
    return "".join(f"{line}\n" for line in lines if line.startswith(wanted))


def _all() -> Iterator[Source]:
    for file in sorted([_FOLDER / "sources.list", *_FOLDER.glob("sources.list.d/*")]):
        if not file.is_file():
            continue
        text = file.read_text()
        if file.suffix == ".sources":
            for stanza in text.split("\n\n"):
                yield from _stanza(stanza)
        elif file.suffix == ".list":
            for line in text.splitlines():
                yield from _one_line(line)


def _stanza(text: str) -> Iterator[Source]:
    """The deb822 form: `Key: value` lines, several values apart by blanks."""
    lines = [line for line in text.splitlines() if ":" in line and not line.startswith(("#", " "))]
    fields = {key.strip().lower(): value.strip() for key, value in (line.split(":", 1) for line in lines)}
    if "deb" not in fields.get("types", "").split() or fields.get("enabled", "yes").lower() == "no":
        return
    for uri in fields.get("uris", "").split():
        for suite in fields.get("suites", "").split():
            yield Source(uri, suite, fields.get("components", ""))


def _one_line(text: str) -> Iterator[Source]:
    """`deb [options] uri suite component...`."""
    before, bracket, rest = text.partition("[")
    words = (before + rest.partition("]")[2] if bracket else text).split("#")[0].split()
    if len(words) >= 4 and words[0] == "deb":
        yield Source(words[1], words[2], " ".join(words[3:]))
