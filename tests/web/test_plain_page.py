"""The plain page, which needs no Node, in a real browser."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from hiq.stats import SinkStats, Stats
from tests.browser import tab
from tests.web.serving import good_stats, served

if TYPE_CHECKING:
    from playwright.async_api import Browser

pytestmark = [
    pytest.mark.real,
    pytest.mark.timeout(180),
    pytest.mark.asyncio(loop_scope="session"),  # that of the browser they share
]


def count(stats: Stats, events: int) -> None:
    """Let events come and be written."""
    stats.received += events
    stats.accepted += events
    stats.ha.frames += events
    stats.ha.last_event_at = time.time()
    for sink in stats.sinks.values():
        sink.written += events


async def test_numbers_are_live_and_absence_is_told(chromium: Browser) -> None:
    """Numbers and rates follow the counters; a service that is gone is announced."""
    stats = good_stats()
    stats.started_at = time.time()
    async with tab(chromium) as shown:
        async with served(stats, time.time, plain=True) as hiq:
            await shown.page.goto(hiq.server.url)
            await shown.says("#status", "healthy")
            count(stats, 1234)
            await shown.says("#received", "1,234")
            assert await shown.text("[data-sink=influxdb] output") == "1,234"
            # A rate needs two answers with events between them.
            await shown.until(
                "parseFloat(document.getElementById('ha-rate').textContent) > 0"
            )
            assert await shown.text("#account-check") == "nothing is missing"
            assert await shown.text("#ha-url") == "http://ha.lan:8123"
            assert shown.complaints == []
        await shown.page.locator("#gone").wait_for(state="visible")
        assert "does not answer" in await shown.text("#gone")
        assert await shown.text("#status") == "no answer"


async def test_trouble_is_shown_in_words(chromium: Browser) -> None:
    """A sink that needs the user shows error and advice; names are never HTML."""
    stats = good_stats()
    evil = "<img src=x onerror=alert(1)>"
    stats.sinks[evil] = SinkStats(
        evil,
        "influxdb1",
        state="held",
        last_error="401 <b>Unauthorized</b>",
        advice="check the token",
    )
    async with (
        served(stats, plain=True) as hiq,
        tab(chromium, hiq.server.url) as shown,
    ):
        await shown.says("#status", "degraded")
        text = await shown.text("#sinks article:nth-child(2) .fault")
        assert text == "401 <b>Unauthorized</b>: check the token"
        pill = await shown.text("#sinks article:nth-child(2) .pill")
        assert pill == "waits for you"
        assert await shown.page.locator("main img, main b").count() == 0
        assert "check the token" in await shown.text("#reasons")
        assert shown.complaints == []


@pytest.mark.parametrize("width", [360, 700, 1280])
async def test_fits_every_screen(chromium: Browser, width: int) -> None:
    """Nothing is wider than the window, from a phone to a desk, light and dark."""
    async with (
        served(plain=True) as hiq,
        tab(chromium, hiq.server.url, width=width, height=800) as shown,
    ):
        await shown.says("#status", "healthy")
        wide = await shown.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width
        colours = set()
        for scheme in ("light", "dark"):
            await shown.page.emulate_media(color_scheme=scheme)
            colours.add(
                await shown.page.evaluate(
                    "getComputedStyle(document.body).backgroundColor"
                )
            )
        assert len(colours) == 2


async def test_without_the_api_the_open_numbers_are_shown(chromium: Browser) -> None:
    """Off loopback the page reads /health, which is open."""
    stats = good_stats()
    count(stats, 77)
    async with (
        served(stats, host="0.0.0.0", plain=True) as hiq,
        tab(chromium, hiq.server.url) as shown,
    ):
        await shown.says("#received", "77")
