"""A real Chromium without a window, driven over its DevTools protocol.

Only what the tests of the page need: open, evaluate, resize, prefer dark or light,
take a picture. What the page writes to its console is kept, so that a test can ask
for silence.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from tests.servers.process import program

__all__ = ["Browser", "browser"]

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
)
DEADLINE_S = 30.0


class Browser:
    """One tab."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._number = 0
        self.complaints: list[str] = []
        """Errors and warnings of the console, refused requests."""

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Send one command and return its result."""
        self._number += 1
        command = {"id": self._number, "method": method, "params": params}
        await self._socket.send_json(command)
        async with asyncio.timeout(DEADLINE_S):
            while True:
                message = await self._socket.receive_json()
                if message.get("id") == self._number:
                    assert "error" not in message, message
                    return dict(message["result"])
                self._listen(message)

    def _listen(self, message: dict[str, Any]) -> None:
        if message.get("method") == "Log.entryAdded":
            entry = message["params"]["entry"]
            if entry["level"] in {"error", "warning"}:
                self.complaints.append(entry["text"])
        if message.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(str(message["params"]["exceptionDetails"]))

    async def open(self, url: str, width: int = 1280, height: int = 860) -> None:
        """Show a page in a window of this size."""
        await self.call("Page.enable")
        await self.call("Runtime.enable")
        await self.call("Log.enable")
        await self.resize(width, height)
        await self.call("Page.navigate", url=url)
        await self.until("document.readyState === 'complete'")

    async def resize(self, width: int, height: int) -> None:
        """Change the size of the window, in CSS pixels."""
        await self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )

    async def prefer(self, scheme: str) -> None:
        """Prefer `light` or `dark`."""
        feature = {"name": "prefers-color-scheme", "value": scheme}
        await self.call("Emulation.setEmulatedMedia", features=[feature])

    async def evaluate(self, expression: str) -> Any:
        """Return the value of a JavaScript expression."""
        result = await self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True
        )
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    async def text(self, selector: str) -> str:
        """Return the text of the first element that fits."""
        return str(
            await self.evaluate(f"document.querySelector('{selector}').textContent")
        )

    async def until(self, expression: str) -> Any:
        """Ask until the expression is true; fail by name at the deadline."""
        try:
            async with asyncio.timeout(DEADLINE_S):
                while not (found := await self.evaluate(expression)):
                    await asyncio.sleep(0.05)
                return found
        except TimeoutError:
            raise AssertionError(f"never true: {expression}") from None

    async def picture(self, path: Path) -> None:
        """Write what is seen as PNG."""
        result = await self.call("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(result["data"]))


@asynccontextmanager
async def browser(folder: Path) -> AsyncIterator[Browser]:
    """Start Chromium with a fresh profile in `folder`; skip (fail in CI) without it."""
    profile = folder / "profile"
    process = await asyncio.create_subprocess_exec(
        program("chromium"),
        *FLAGS,
        f"--user-data-dir={profile}",
        "about:blank",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        port = await devtools_port(profile / "DevToolsActivePort")
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{port}/json/list") as answer,
        ):
            tabs = await answer.json()
            url = next(tab for tab in tabs if tab["type"] == "page")[
                "webSocketDebuggerUrl"
            ]
            async with session.ws_connect(url, max_msg_size=0) as socket:
                yield Browser(socket)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def devtools_port(path: Path) -> int:
    """Wait for the file in which Chromium says where it listens."""
    async with asyncio.timeout(DEADLINE_S):
        while True:
            if path.exists() and (lines := path.read_text().splitlines()):
                return int(lines[0])
            await asyncio.sleep(0.05)
