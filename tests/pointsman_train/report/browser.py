"""A real browser without a window, spoken to over the DevTools protocol."""

from __future__ import annotations

import base64
import contextlib
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--remote-debugging-port=0",
)
_PATIENCE = 60.0


def installed() -> str | None:
    """Return the browser's path, None where none is installed."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@dataclass
class Tab:
    """One tab: what it was told, and what happened in it."""

    socket: ClientConnection
    session: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)
    _last: int = 0

    def do(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command and return its answer; what happens in between is kept."""
        self._last += 1
        message = {"id": self._last, "method": method, "params": params}
        self.socket.send(json.dumps(message | ({"sessionId": self.session} if self.session else {})))
        while True:
            answer = json.loads(self.socket.recv(_PATIENCE))
            if answer.get("id") == self._last:
                assert "error" not in answer, answer
                return answer["result"]
            self.events.append(answer)

    def await_event(self, method: str) -> None:
        """Wait until something happens that has not yet."""
        while not any(event["method"] == method for event in self.events):
            self.events.append(json.loads(self.socket.recv(_PATIENCE)))

    def open(self, address: str, width: int, height: int = 844, dark: bool = False) -> None:
        """Open a page at a width, in CSS pixels, and wait until it is loaded."""
        mobile = width < 600
        self.do("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.do("Emulation.setEmulatedMedia", features=[scheme])
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.do(f"{domain}.enable")
        self.events.clear()
        self.do("Page.navigate", url=address)
        self.await_event("Page.loadEventFired")

    def value(self, expression: str) -> Any:
        """Evaluate an expression of the page."""
        return self.do("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    @property
    def requests(self) -> list[str]:
        """Addresses that were asked for."""
        return [e["params"]["request"]["url"] for e in self.events if e["method"] == "Network.requestWillBeSent"]

    @property
    def complaints(self) -> list[str]:
        """Errors and warnings in the console, exceptions, and what the page's own policy stopped."""
        found = []
        for event in self.events:
            params = event.get("params", {})
            if event["method"] == "Runtime.exceptionThrown":
                found.append(str(params["exceptionDetails"]))
            if event["method"] == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
                found.append(str(params["args"]))
            if event["method"] == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
                found.append(params["entry"]["text"])
        return found

    def screenshot(self, path: Path) -> Path:
        """Take a picture of the whole page."""
        shot = self.do("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))
        return path

    def pdf(self, path: Path) -> Path:
        """Print the page."""
        path.write_bytes(base64.b64decode(self.do("Page.printToPDF", printBackground=True)["data"]))
        return path


@contextlib.contextmanager
def browser(profile: Path) -> Iterator[Tab]:
    """Start a browser with an empty profile of its own, and end it."""
    command = [str(installed()), *_FLAGS, f"--user-data-dir={profile}", "about:blank"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with connect(_address(profile, process), max_size=None, proxy=None) as socket:
            tab = Tab(socket)
            target = tab.do("Target.createTarget", url="about:blank")["targetId"]
            tab.session = tab.do("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
            yield tab
    finally:
        process.terminate()
        process.wait(_PATIENCE)


def _address(profile: Path, process: subprocess.Popen[bytes]) -> str:
    file, until = profile / "DevToolsActivePort", time.monotonic() + _PATIENCE
    while time.monotonic() < until and process.poll() is None:
        lines = file.read_text().splitlines() if file.is_file() else []
        if len(lines) == 2:
            return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
        time.sleep(0.05)
    raise RuntimeError(f"the browser {process.args!r} did not start within {_PATIENCE:.0f} s")
