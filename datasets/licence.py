"""The licence gate: what may be taught is code that its author gave away freely, by a licence that we can name.

A manifest's SPDX expression is evaluated: of an OR the permissive branches are taken and recorded, of an AND all must
be permissive. What is missing, only a file, not on the list or contradicted by a file's own header is rejected, with a
reason. No licence text is compared, and nothing here is legal advice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from oxidizer.datasets.spdx import COPYLEFT, choose, leaves, parse

PERMISSIVE = frozenset({
    "0BSD", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0", "ISC",
    "MIT", "MIT-0", "Unicode-3.0", "Unicode-DFS-2016", "Unlicense", "Zlib",
})  # fmt: skip
"""Licences that let anybody use, change and pass on the code, with at most a notice."""

_HEADER_LINES = 30
HEADER_BYTES = 16 << 10
"""No header of a file is longer."""
_SPDX_LINE = re.compile(r"SPDX-License-Identifier:(.*)")
_PHRASES: tuple[tuple[str, str], ...] = (
    (r"GNU Affero General Public Licen[cs]e|\bAGPL", "AGPL-3.0-or-later"),
    (r"GNU (Lesser|Library) General Public Licen[cs]e|\bLGPL", "LGPL-2.1-or-later"),
    (r"GNU General Public Licen[cs]e|\bGPL(v| ?-?[23])", "GPL-2.0-or-later"),
    (r"Mozilla Public Licen[cs]e|\bMPL(v| ?-?2)", "MPL-2.0"),
    (r"All rights reserved\b.*\b(proprietary|confidential)|\b(proprietary and confidential)\b", "proprietary"),
)

Cause = Literal["licence_unknown", "licence_copyleft", "licence_contradicted"]


@dataclass(frozen=True)
class HeaderLicence:
    """A licence that a source file states in its first lines."""

    file: str
    """Relative to the tree's root."""
    licence: str
    """An SPDX expression as written, the SPDX name of the licence that the text speaks of, or `proprietary`."""


@dataclass(frozen=True)
class LicenceVerdict:
    """Whether a crate's code may be used, and why."""

    accepted: bool
    spdx: str | None
    """The SPDX expression to record: the permissive part. None where rejected."""
    reason: str
    """A sentence for a person."""
    cause: Cause | None
    """A stable word for reports; None where accepted."""


def judge_licence(
    expression: str | None, license_file: str | None, headers: Sequence[HeaderLicence] = ()
) -> LicenceVerdict:
    """Judge a manifest's `license` and `license-file` together with what the files' headers say."""
    if not expression or not expression.strip():
        if license_file:
            return _rejected("licence_unknown", f"The manifest names no licence, only a file ({license_file}).")
        return _rejected(
            "licence_unknown", "The manifest names no licence; for a crate of your own give `license` in the list."
        )
    parsed = parse(expression)
    if parsed is None:
        return _rejected("licence_unknown", f"The licence `{expression}` is not a valid SPDX expression.")
    chosen = choose(parsed, PERMISSIVE)
    if chosen is None:
        return _refusal(expression, parsed)
    return _with_headers(expression, parsed, chosen, headers)


def scan_headers(tree: Path) -> list[HeaderLicence]:
    """The licences that the first lines of a tree's Rust files state, ordered by file; most files state none."""
    found: list[HeaderLicence] = []
    for path in sorted(tree.rglob("*.rs")):
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                found += read_header(path.relative_to(tree).as_posix(), file.read(HEADER_BYTES))
    return found


def read_header(file: str, content: bytes) -> list[HeaderLicence]:
    """The licences that the first lines of one Rust file state."""
    return [HeaderLicence(file, licence) for licence in _stated(content[:HEADER_BYTES].decode("utf-8", "replace"))]


def _stated(head: str) -> Iterator[str]:
    comments = list(_comments(head.splitlines()[:_HEADER_LINES]))
    named = [_expression(match[1]) for line in comments if (match := _SPDX_LINE.search(line))]
    if any(named):
        yield from dict.fromkeys(filter(None, named))
        return
    text = " ".join(comments)
    for pattern, licence in _PHRASES:
        if re.search(pattern, text, re.IGNORECASE):
            yield licence
            return


def _expression(told: str) -> str:
    """What stands behind the mark, without the end of a comment."""
    told = told.strip()
    return told.removesuffix("*/").removesuffix("-->").strip()


def _comments(lines: Sequence[str]) -> Iterator[str]:
    """The texts of the lines that are comments; a licence in a string is data, not a licence."""
    block = False
    for line in (line.strip() for line in lines):
        if block or line.startswith(("//", "/*")):
            yield line.strip("/*! ")
        if not line.startswith("//"):
            block = (block or line.startswith("/*")) and "*/" not in line


def _with_headers(expression: str, parsed: Any, chosen: Any, headers: Sequence[HeaderLicence]) -> LicenceVerdict:
    """Fold in what single files say: permissive licences of their own are added, others contradict the manifest."""
    offered, added = leaves(parsed), dict[str, None]()
    for header in headers:
        stated = parse(header.licence)
        if stated is not None and choose(stated, offered) is not None:
            continue
        permissive = choose(stated, PERMISSIVE) if stated is not None else None
        if permissive is None:
            return _rejected(
                "licence_contradicted",
                f"{header.file} says `{header.licence}` in its header; the manifest says `{expression}`.",
            )
        added[permissive.render()] = None
    parts = [chosen.render(), *added]
    spdx = " AND ".join(f"({part})" if " OR " in part else part for part in parts) if added else parts[0]
    return LicenceVerdict(True, spdx, f"The licence `{expression}` is permissive.", None)


def _refusal(expression: str, parsed: Any) -> LicenceVerdict:
    refused = sorted(leaves(parsed) - PERMISSIVE)
    copyleft = [name for name in refused if COPYLEFT.match(name)]
    if copyleft:
        return _rejected("licence_copyleft", f"The licence `{expression}` is copyleft ({', '.join(copyleft)}).")
    return _rejected(
        "licence_unknown",
        f"The licence `{expression}` is not on the list of permissive licences ({', '.join(refused)}).",
    )


def _rejected(cause: Cause, reason: str) -> LicenceVerdict:
    return LicenceVerdict(False, None, reason, cause)
