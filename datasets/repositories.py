"""Which addresses mean the same repository: what splits, sealing and selection go by."""

from __future__ import annotations

import re


def repository_key(address: str) -> str | None:
    """What all addresses of a repository share: host and path, without scheme, `www.`, `.git`, case and sub-folders."""
    found = re.fullmatch(r"(?:[a-z+]+://)?(?:[^@/]*@)?(?:www\.)?([^/:]+)[/:]+([^?#]*).*", address.strip().lower())
    if found is None:
        return None
    host, path = found.groups()
    parts = [part for part in path.split("/") if part]
    # GitLab has groups in groups, its pages begin behind `-`.
    parts = parts[: parts.index("-")] if "-" in parts else parts if "gitlab" in host else parts[:2]
    return "/".join([host, *parts]).removesuffix(".git") if parts else None
