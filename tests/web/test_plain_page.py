"""The plain page, which needs no Node, in a real browser."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from hiq.stats import SinkStats, Stats
from tests.web.browser import browser
from tests.web.serving import good_stats, served

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]


def count(stats: Stats, events: int) -> None:
    """Let events come and be written."""
    stats.received += events
    stats.accepted += events
    stats.ha.frames += events
    stats.ha.last_event_at = time.time()
    for sink in stats.sinks.values():
        sink.written += events


async def test_numbers_are_live_and_absence_is_told(tmp_path: Path) -> None:
    """Numbers and rates follow the counters; a service that is gone is announced."""
    stats = good_stats()
    stats.started_at = time.time()
    async with browser(tmp_path) as tab:
        async with served(stats, time.time, plain=True) as hiq:
            await tab.open(hiq.server.url)
            await tab.until(
                "document.getElementById('status').textContent == 'healthy'"
            )
            count(stats, 1234)
            await tab.until(
                "document.getElementById('received').textContent == '1,234'"
            )
            written = (
                "document.querySelector('[data-sink=influxdb] output').textContent"
            )
            assert await tab.evaluate(written) == "1,234"
            # A rate needs two answers with events between them.
            rate = "parseFloat(document.getElementById('ha-rate').textContent) > 0"
            await tab.until(rate)
            assert await tab.text("#account-check") == "nothing is missing"
            assert await tab.text("#ha-url") == "http://ha.lan:8123"
            assert tab.complaints == []
        await tab.until("!document.getElementById('gone').hidden")
        assert "does not answer" in await tab.text("#gone")
        assert await tab.text("#status") == "no answer"


async def test_trouble_is_shown_in_words(tmp_path: Path) -> None:
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
    async with browser(tmp_path) as tab, served(stats, plain=True) as hiq:
        await tab.open(hiq.server.url)
        await tab.until("document.getElementById('status').textContent == 'degraded'")
        text = await tab.text("#sinks article:nth-child(2) .fault")
        assert text == "401 <b>Unauthorized</b>: check the token"
        assert await tab.text("#sinks article:nth-child(2) .pill") == "waits for you"
        assert (
            await tab.evaluate("document.querySelectorAll('main img, main b').length")
            == 0
        )
        assert "check the token" in await tab.text("#reasons")
        assert tab.complaints == []


@pytest.mark.parametrize("width", [360, 700, 1280])
async def test_fits_every_screen(tmp_path: Path, width: int) -> None:
    """Nothing is wider than the window, from a phone to a desk, light and dark."""
    async with browser(tmp_path) as tab, served(plain=True) as hiq:
        await tab.open(hiq.server.url, width, 800)
        await tab.until("document.getElementById('status').textContent == 'healthy'")
        assert await tab.evaluate("document.documentElement.scrollWidth") <= width
        colours = set()
        for scheme in ("light", "dark"):
            await tab.prefer(scheme)
            colours.add(
                await tab.evaluate("getComputedStyle(document.body).backgroundColor")
            )
        assert len(colours) == 2


async def test_without_the_api_the_open_numbers_are_shown(tmp_path: Path) -> None:
    """Off loopback the page reads /health, which is open."""
    stats = good_stats()
    count(stats, 77)
    async with (
        browser(tmp_path) as tab,
        served(stats, host="0.0.0.0", plain=True) as hiq,
    ):
        await tab.open(hiq.server.url)
        await tab.until("document.getElementById('received').textContent == '77'")
        await asyncio.sleep(0)
