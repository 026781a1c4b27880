"""A real Chromium without a window, driven by Playwright.

    async with browser() as chromium, tab(chromium, url) as page: ...

`tab` keeps what the page writes to its console, what it asks for, and what went wrong,
so that a test can demand silence. It knows no page in particular.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, async_playwright, expect

from tests.servers.process import program

__all__ = ["PICTURES", "Tab", "browser", "tab"]

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DEADLINE_MS = 30_000
ASK_AGAIN_MS = 50
PICTURES = os.environ.get("PICTURES", "")
"""Folder for pictures of the documentation; the tests take them on their way."""
HEIGHT = 844
SETTLE_MS = 1500
ABSENT = "status of 503"
"""What Chromium says of every part that is documented to be not there yet."""


@dataclass
class Tab:
    """One tab; `page` is Playwright's.

    Attributes:
        complaints: errors and warnings of the console, exceptions of scripts.
        asked: the URL of every request.
    """

    page: Page
    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    async def text(self, selector: str) -> str:
        """Return the text of the one element that fits."""
        return (await self.page.locator(selector).inner_text()).strip()

    async def until(self, expression: str) -> Any:
        """Ask until a JavaScript expression is true; return its value.

        Playwright's `wait_for_function` evaluates within the page, which the page's
        Content-Security-Policy forbids; so it is asked from here.
        """
        try:
            async with asyncio.timeout(DEADLINE_MS / 1000):
                while not (found := await self.page.evaluate(expression)):
                    await self.page.wait_for_timeout(ASK_AGAIN_MS)
                return found
        except TimeoutError:
            raise AssertionError(f"never true: {expression}") from None

    async def picture(self, name: str, *, width: int = 1160) -> None:
        """Write what is seen for the documentation; only if PICTURES names a folder."""
        if PICTURES:
            await self.page.set_viewport_size({"width": width, "height": HEIGHT})
            await self.page.wait_for_timeout(SETTLE_MS)
            path = Path(PICTURES) / f"{name}.png"
            await self.page.screenshot(path=path, scale="css")

    async def says(self, selector: str, text: str) -> None:
        """Wait until the element's text contains this."""
        await expect(self.page.locator(selector)).to_contain_text(
            text, timeout=DEADLINE_MS
        )


@asynccontextmanager
async def browser(*flags: str) -> AsyncIterator[Browser]:
    """Start Debian's Chromium with a fresh profile; skip (fail in CI) without it."""
    executable = program("chromium")
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=executable, args=[*FLAGS, *flags]
        )
        try:
            yield chromium
        finally:
            await chromium.close()


@asynccontextmanager
async def tab(
    chromium: Browser,
    url: str | None = None,
    *,
    width: int = 1280,
    height: int = 860,
    **context: Any,
) -> AsyncIterator[Tab]:
    """Open a tab of its own profile; `context` as Playwright's `new_context` takes."""
    profile = await chromium.new_context(
        viewport={"width": width, "height": height}, **context
    )
    page = await profile.new_page()
    page.set_default_timeout(DEADLINE_MS)
    found = Tab(page)

    def hear(message: Any) -> None:
        if message.type in {"error", "warning"} and ABSENT not in message.text:
            found.complaints.append(message.text)

    page.on("console", hear)
    page.on("pageerror", lambda error: found.complaints.append(str(error)))
    page.on("request", lambda request: found.asked.append(request.url))
    try:
        if url is not None:
            await page.goto(url)
        yield found
    finally:
        await profile.close()
