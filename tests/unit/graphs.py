"""Unit graphs as cargo prints them, made of a few words."""

import json
from typing import Any

PROFILE = {"name": "dev", "opt_level": "0", "debuginfo": 0, "panic": "unwind"}
_REGISTRY = "registry+https://index.example/all"


def unit(
    name: str, *needs: int, kind: str = "lib", mode: str = "build", features: tuple[str, ...] = (),
    source: str = _REGISTRY, **profile: Any,
) -> dict[str, Any]:  # fmt: skip
    """A unit; `needs` are the places of others in the graph."""
    return {
        "pkg_id": f"{source}#{name}@1.0.0", "mode": mode, "platform": None, "features": list(features),
        "target": {"kind": [kind], "name": name, "src_path": f"/cargo/{name}"}, "profile": {**PROFILE, **profile},
        "dependencies": [{"index": n, "extern_crate_name": f"d{n}"} for n in needs],
    }  # fmt: skip


def graph(*units: dict[str, Any]) -> bytes:
    """The graph whose root is the last unit."""
    return json.dumps({"version": 1, "units": units, "roots": [len(units) - 1]}).encode()


def lock(*names: str, checksum: str = "00") -> bytes:
    """A lock file with these packages of the registry."""
    head = f'version = "1.0.0"\nsource = "{_REGISTRY}"\nchecksum = "{checksum}"\n'
    return "".join(f'[[package]]\nname = "{name}"\n{head}' for name in names).encode()


def own(*needs: int) -> dict[str, Any]:
    """The crate itself."""
    return unit("own", *needs, source="path+file:///box/src")
