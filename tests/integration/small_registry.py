"""A real, small crate registry over HTTP on this machine, filled by the tests."""

import gzip
import hashlib
import io
import json
import tarfile
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Registry:
    """A sparse registry in memory: paths and what is answered to them, bytes or an HTTP status."""

    def __init__(self) -> None:
        self.answers: dict[str, bytes | int] = {}
        answers = self.answers

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer = answers.get(self.path, 404)
                body = answer if isinstance(answer, bytes) else b""
                self.send_response(200 if isinstance(answer, bytes) else answer)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.answers["/config.json"] = json.dumps({"dl": self.url + "/dl/{crate}/{version}"}).encode()
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def add(
        self,
        name: str,
        version: str = "1.0.0",
        *,
        needs: Sequence[tuple[str, str]] = (),
        manifest: str = "",
        files: dict[str, str] | None = None,
        yanked: bool = False,
        checksum: str | None = None,
        mode: int = 0o644,
    ) -> None:
        """Publish a crate; `manifest` follows its [package] table's first lines, `mode` is that of its files."""
        tables = "".join(f'[dependencies.{crate}]\nversion = "{req}"\n' for crate, req in needs)
        head = f'[package]\nname = "{name}"\nversion = "{version}"\nedition = "2021"\n'
        listed = {"Cargo.toml": head + manifest + tables, "src/lib.rs": "", **(files or {})}
        data = crate_file(name, version, listed, mode)
        kinds = {"features": [], "optional": False, "default_features": True, "target": None, "kind": "normal"}
        row = {
            "name": name,
            "vers": version,
            "deps": [{"name": crate, "req": req, **kinds} for crate, req in needs],
            "cksum": checksum or hashlib.sha256(data).hexdigest(),
            "features": {},
            "yanked": yanked,
        }
        index = f"/{name[:2]}/{name[2:4]}/{name}"
        known = self.answers.get(index, b"")
        assert isinstance(known, bytes)
        self.answers[index] = known + json.dumps(row).encode() + b"\n"
        self.answers[f"/dl/{name}/{version}"] = data


def crate_file(name: str, version: str, files: dict[str, str], mode: int = 0o644) -> bytes:
    raw = io.BytesIO()
    with gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) as stream, tarfile.open(fileobj=stream, mode="w") as tar:
        for path, text in files.items():
            info = tarfile.TarInfo(f"{name}-{version}/{path}")
            info.size, info.mode = len(text.encode()), mode
            tar.addfile(info, io.BytesIO(text.encode()))
    return raw.getvalue()
