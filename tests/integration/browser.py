"""A headless Chromium that a test drives as a person does: keys, clicks, widths, light and dark.

It speaks the browser's own debugging protocol over a pair of pipes, so that no port is opened.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
]
_PATIENCE_S = 90.0
_KEYS = {
    "Enter": ("\r", 13),
    "Escape": ("", 27),
    "Tab": ("", 9),
    " ": (" ", 32),
    "PageDown": ("", 34),
    "Home": ("", 36),
}
_KEYS |= {"End": ("", 35), "ArrowUp": ("", 38), "ArrowDown": ("", 40), "PageUp": ("", 33)}


class Page:
    """One page in the browser. `said` is what its console said and what it threw."""

    def __init__(self, to_browser: int, from_browser: int) -> None:
        self._to, self._from = to_browser, from_browser
        self._buffer, self._last, self._session = b"", 0, ""
        self.said: list[str] = []
        target = self._send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self._send(f"{domain}.enable")

    def look(self, *, width: int = 1280, height: int = 900, dark: bool = False) -> None:
        """The size of the window in CSS pixels, and what the person prefers."""
        self._send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._send("Emulation.setEmulatedMedia", media="", features=[scheme])

    def print_media(self) -> None:
        """Show what paper would show, until `look` is called."""
        self._send("Emulation.setEmulatedMedia", media="print")

    def open(self, path: Path, ready: str = "document.documentElement?.dataset.ready === 'yes'") -> float:
        """Go to a file and wait until an expression is true; the seconds that it took."""
        began = time.monotonic()
        self._send("Page.navigate", url=path.as_uri())
        self.wait(f"location.href.startsWith({json.dumps(path.as_uri())}) && ({ready})")
        return time.monotonic() - began

    def wait(self, expression: str) -> None:
        """Until it is true. Raises AssertionError where it stays false."""
        end = time.monotonic() + _PATIENCE_S
        while not self.js(f"Boolean({expression})"):
            assert time.monotonic() < end, f"never true: {expression}; the console: {self.said}"
            time.sleep(0.02)

    def js(self, expression: str) -> Any:
        """The value of an expression, awaited where it is a promise."""
        told = self._send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    def press(self, *keys: str) -> None:
        """Press keys one after the other, named as `KeyboardEvent.key` names them."""
        for key in keys:
            text, code = _KEYS.get(key, (key, ord(key[0].upper())))
            about = {"key": key, "windowsVirtualKeyCode": code, "code": key}
            self._send("Input.dispatchKeyEvent", type="keyDown", text=text, **about)
            self._send("Input.dispatchKeyEvent", type="keyUp", **about)

    def screenshot(self, path: Path) -> None:
        """What the window shows, as a PNG file."""
        path.write_bytes(base64.b64decode(self._send("Page.captureScreenshot")["data"]))

    def _send(self, method: str, **params: Any) -> dict[str, Any]:
        self._last += 1
        order = {"id": self._last, "method": method, "params": params}
        order |= {"sessionId": self._session} if self._session else {}
        os.write(self._to, json.dumps(order).encode() + b"\0")
        while True:
            told = self._receive()
            if told.get("id") == self._last:
                assert "error" not in told, f"{method}: {told['error']}"
                return dict(told["result"])
            self._note(told)

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            there, _, _ = select.select([self._from], [], [], _PATIENCE_S)
            assert there, "the browser says nothing"
            more = os.read(self._from, 1 << 20)
            assert more, "the browser is gone"
            self._buffer += more
        message, self._buffer = self._buffer.split(b"\0", 1)
        return dict(json.loads(message))

    def _note(self, told: dict[str, Any]) -> None:
        about = told.get("params", {})
        if told.get("method") == "Runtime.exceptionThrown":
            self.said.append(str(about["exceptionDetails"]))
        elif told.get("method") == "Runtime.consoleAPICalled":
            self.said.append(str([part.get("value", part.get("description")) for part in about["args"]]))
        elif told.get("method") == "Log.entryAdded":
            self.said.append(about["entry"]["text"])


@contextmanager
def browser(profile: Path) -> Iterator[Page]:
    """A browser with one page, and a profile of its own; it ends with the block."""
    ours_out, theirs_in = os.pipe()[::-1]
    ours_in, theirs_out = os.pipe()

    def as_three_and_four() -> None:
        # The protocol's descriptors; what is there now may be one of ours.
        reading, writing = os.dup(theirs_in), os.dup(theirs_out)
        os.dup2(reading, 3)
        os.dup2(writing, 4)

    command = [str(CHROMIUM), *FLAGS, f"--user-data-dir={profile}", "--remote-debugging-pipe", "about:blank"]
    process = subprocess.Popen(
        command, preexec_fn=as_three_and_four, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    os.close(theirs_in)
    os.close(theirs_out)
    try:
        yield Page(ours_out, ours_in)
    finally:
        os.close(ours_out)
        os.close(ours_in)
        process.terminate()
        process.wait(_PATIENCE_S)
