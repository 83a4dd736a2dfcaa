"""The user's CARGO_HOME, and the part of it that a sandbox may see: registries and where they are, never a secret."""

from __future__ import annotations

import glob
import json
import os
import re
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from oxidizer.cluster.registry import RegistryUnavailable


def cargo_home() -> Path:
    """The user's own CARGO_HOME."""
    return Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo")


def cargo_home_view(home: Path) -> tuple[Path, Path | None, bytes]:
    """What a sandbox needs of CARGO_HOME to build offline: `registry`, `git` if there is one, and a `config.toml`.

    The configuration keeps source replacement and the addresses of registries, and no token, password or command.
    Raises ValueError where a source has a password in its address: its cache could not be found without it.
    """
    config = _user_config(home)
    kept: dict[str, dict[str, Any]] = {}
    for name, table in config.get("source", {}).items():
        kept[f"source.{json.dumps(name)}"] = {
            key: table[key]
            for key in ("registry", "replace-with", "directory", "local-registry", "git", "branch", "tag", "rev")
            if key in table
        }
    for name, table in {**config.get("registries", {}), **_registries_of_environment()}.items():
        kept[f"registries.{json.dumps(name)}"] = {key: table[key] for key in ("index", "protocol") if key in table}
    for name, table in kept.items():
        if name.startswith("source.") and any(_no_secrets(str(value)) != value for value in table.values()):
            raise ValueError(
                f"{name} in {home}/config.toml has a password in its address, which sandboxes may not see; "
                "take it out and give it to cargo by `cargo login` or a credential provider"
            )
    # A crate of the user's own without dependencies leaves none behind on a fresh machine.
    (home / "registry").mkdir(parents=True, exist_ok=True)
    git = home / "git"
    return home / "registry", git if git.is_dir() else None, _toml(kept)


def open_sources(lock: bytes) -> None:
    """Have everybody be able to read the unpacked sources of a lock's packages, for a sandbox's user is another one.

    Archives say who may read their files, cargo unpacks them so, and some say only the owner.
    Raises RegistryUnavailable where they are closed and not ours to open.
    """
    for package in tomllib.loads(lock.decode()).get("package", ()):
        if "checksum" not in package:
            continue
        name = f"{package['name']}-{package['version']}"
        for source in (cargo_home() / "registry/src").glob(f"*/{glob.escape(name)}"):
            key = str(source), source.stat().st_ctime_ns
            if key not in _OPEN:
                for path in (source, *source.rglob("*")):
                    _open(path)
                _OPEN.add((str(source), source.stat().st_ctime_ns))


_OPEN: set[tuple[str, int]] = set()
"""What this process saw to before: a folder and when it was made or changed."""


def _open(path: Path) -> None:
    facts = path.lstat()
    needed = 0o005 if stat.S_ISDIR(facts.st_mode) else 0o004
    if stat.S_ISLNK(facts.st_mode) or facts.st_mode & needed == needed:
        return
    try:
        path.chmod(stat.S_IMODE(facts.st_mode) | needed)
    except PermissionError as error:
        raise RegistryUnavailable(f"{path} is closed to the sandbox's user: chmod o+rX it") from error


def _user_config(home: Path) -> dict[str, Any]:
    for name in ("config", "config.toml"):
        if (home / name).is_file():
            try:
                return tomllib.loads((home / name).read_text("utf-8"))
            except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
                raise RegistryUnavailable(f"{home / name} is not valid TOML: {error}") from error
    return {}


def _registries_of_environment() -> dict[str, dict[str, str]]:
    """Registries named in the environment, where `MY_CORP` may stand for `my-corp` and for `my_corp`."""
    found: dict[str, dict[str, str]] = {}
    for key, value in os.environ.items():
        if match := re.fullmatch(r"CARGO_REGISTRIES_(\w+)_(INDEX|PROTOCOL)", key):
            for name in {match[1].lower(), match[1].lower().replace("_", "-")}:
                found.setdefault(name, {})[match[2].lower()] = value
    return found


def _toml(tables: Mapping[str, Mapping[str, Any]]) -> bytes:
    lines: list[str] = []
    for name, table in sorted(tables.items()):
        values = [f"{key} = {json.dumps(_no_secrets(str(value)))}" for key, value in sorted(table.items())]
        lines += [f"[{name}]", *values, ""] if values else []
    return "\n".join(lines).encode()


def _no_secrets(value: str) -> str:
    if "://" not in value:
        return value
    url = urlsplit(value)
    return urlunsplit(url._replace(netloc=url.netloc.rpartition("@")[2], query=""))
