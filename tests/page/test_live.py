"""The page against a service that runs: its figures, a chart, a proxy, being away."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from hiq.settings import HttpSettings, SinkSettings
from hiq.settings.schema import SecuritySettings
from hiq.simulate.server import Simulator
from tests.browser import PICTURES, Tab, tab
from tests.page.ingress import BASE, PANEL, ingress
from tests.servers.databases import VictoriaMetrics
from tests.serving import Running, running, settings_for, until

if TYPE_CHECKING:
    from playwright.async_api import Browser

pytestmark = [
    pytest.mark.real,
    pytest.mark.timeout(180),
    pytest.mark.asyncio(loop_scope="session"),  # that of the browser they share
]

SAMPLE = re.compile(r"^(\w+(?:\{[^}]*\})?) (\S+)$", re.MULTILINE)
STAGE_MS = 12_000
"""How long the home keeps one pace for the pictures."""
ENTITY = "sensor.a_test_of_the_chart"


async def metrics(hiq: Running) -> dict[str, float]:
    """Return each sample of /metrics by name with labels."""
    text = (await hiq.raw("/metrics")).decode()
    return {name: float(value) for name, value in SAMPLE.findall(text)}


def number(text: str) -> int:
    """Return a number as people read it."""
    return int(text.replace(",", ""))


def stored_values(folder: Path, entity_id: str) -> list[tuple[float, float]]:
    """Seconds and numbers of an entity, as they lie in the store."""
    database = sqlite3.connect(folder / "store.db")
    try:
        query = (
            "SELECT time_ns / 1e9, number FROM points "
            "WHERE entity_id = ? AND field = 'value' ORDER BY time_ns"
        )
        return list(database.execute(query, (entity_id,)))
    finally:
        database.close()


def change(home: Simulator, values: list[float]) -> None:
    """Let one sensor take these values, one after the other."""
    for value in values:
        home.set(ENTITY, f"{value}", {"unit_of_measurement": "°C"})


async def test_figures_are_those_of_metrics(
    chromium: Browser, home: Simulator, tmp_path: Path
) -> None:
    """Received, accepted, skipped, journaled, written: as /metrics has them."""
    async with (
        running(settings_for(home, tmp_path)) as hiq,
        tab(chromium, hiq.service.url) as shown,
    ):
        await shown.says("#status", "healthy")
        home.fire(2000)
        await until("all came", lambda: hiq.stats.received >= 2060)
        await hiq.settled()
        found = await metrics(hiq)
        received = int(found["hiq_events_received_total"])
        assert received > 2000
        await shown.says("#account-sum", f"{received:,}")
        for term in ("accepted", "filtered", "skipped", "duplicate", "rejected"):
            told = await shown.text(f'[data-term="{term}"] td >> nth=0')
            assert number(told) == found[f'hiq_events_total{{result="{term}"}}'], term
        assert await shown.text("#account-check") == "nothing is missing"
        written = await shown.text('[data-sink="store"] .number')
        name = 'hiq_points_total{target="store",result="written"}'
        assert number(written) == found[name]
        messages = await shown.text('[data-station="ha"] .number')
        assert number(messages) == found["hiq_ha_frames_total"]
        records = await shown.text('[data-station="journal"] dd >> nth=1')
        assert number(records) == found["hiq_journal_records_total"]
        assert shown.complaints == []
        if PICTURES:
            await take_pictures(shown, home)


async def take_pictures(shown: Tab, home: Simulator) -> None:
    """Let the home live for a while, then show it."""
    await shown.page.reload()
    for rate in (34, 42, 38, 55, 61, 47, 52, 44):
        home.rate = rate
        await shown.page.wait_for_timeout(STAGE_MS)
    await shown.picture("page-overview")
    await shown.page.emulate_media(color_scheme="dark")
    await shown.picture("page-phone", width=390)
    await shown.page.set_viewport_size({"width": 1280, "height": 844})
    await shown.page.click('nav a[href="#entities"]')
    await shown.page.fill("#search", "temperature")
    await shown.says("#results a >> nth=0", "emperature")
    await shown.page.click("#results a >> nth=0")
    await shown.page.locator("#history canvas").wait_for()
    await shown.picture("page-entity")


async def test_the_chart_is_what_the_store_holds(
    chromium: Browser, home: Simulator, tmp_path: Path
) -> None:
    """Times and values are the store's, to the last digit, drawn and as a table."""
    values = [20.5, 21.25, -3.0, 19.875, 22.0]
    async with running(settings_for(home, tmp_path)) as hiq:
        await hiq.subscribed()
        change(home, values)
        await hiq.settled()
        async with tab(chromium) as shown:
            async with shown.page.expect_response("**/api/v1/history**") as asked:
                await shown.page.goto(f"{hiq.service.url}/#entities/{ENTITY}")
            document: dict[str, Any] = await (await asked.value).json()
            stored = stored_values(tmp_path, ENTITY)
            assert [value for _, value in stored] == values
            drawn = zip(document["times"], document["values"], strict=True)
            assert list(drawn) == stored
            await shown.says("#entity-facts", "22 °C")
            assert "-3 °C" in await shown.text("#entity-facts")
            assert await shown.page.locator("#history canvas").count() == 1
            label = await shown.page.locator("#history").get_attribute("aria-label")
            assert label is not None
            assert f"{ENTITY}: 5 points" in label
            await shown.page.click("#entity-values summary")
            cells = shown.page.locator("#entity-values tbody td:last-child")
            assert [float(x) for x in await cells.all_inner_texts()] == values[::-1]


async def test_a_chart_from_a_database_of_numbers(
    chromium: Browser,
    home: Simulator,
    victoriametrics: VictoriaMetrics,
    tmp_path: Path,
) -> None:
    """VictoriaMetrics is read as well; of what it holds no number of, that is said."""
    vm = SinkSettings(name="vm", type="victoriametrics", url=victoriametrics.url)
    async with running(settings_for(home, tmp_path, sinks=(vm,))) as hiq:
        await hiq.subscribed()
        change(home, [20.5, 21.25, -3.0])
        home.set("sensor.a_mode", "eco")
        await hiq.settled()
        await asyncio.to_thread(victoriametrics.export)  # flushes
        async with tab(chromium, f"{hiq.service.url}/#entities/{ENTITY}") as shown:
            await shown.says("#entity-facts", "vm (victoriametrics)")
            await shown.says("#entity-facts", "21.25 °C")
            assert "-3 °C" in await shown.text("#entity-facts")
            assert await shown.page.locator("#history canvas").count() == 1
            await shown.page.goto(f"{hiq.service.url}/#entities/sensor.a_mode")
            await shown.says("#entity-about", "keeps no more than numbers")
            assert shown.complaints == []


async def test_below_an_ingress_path_and_in_a_frame(
    chromium: Browser, home: Simulator, tmp_path: Path
) -> None:
    """As an add-on behind a proxy that strips a path: asked below it, also framed."""
    settings = settings_for(
        home,
        tmp_path,
        http=HttpSettings(host="0.0.0.0", port=0, auth="ingress"),
        security=SecuritySettings(ingress_address="127.0.0.1"),
    )
    async with (
        running(settings) as hiq,
        ingress(f"http://127.0.0.1:{urlsplit(str(hiq.service.url)).port}") as proxy,
        tab(chromium) as shown,
    ):
        await shown.page.goto(f"{proxy}{BASE}/")
        await shown.says("#status", "healthy")
        for part in ("entities", "gaps", "refused", "settings"):
            await shown.page.click(f'nav a[href="#{part}"]')
        await shown.says("#settings-list", "home_assistant")
        assert all(url.startswith(f"{proxy}{BASE}/") for url in shown.asked)
        assert shown.complaints == []
        await shown.page.goto(proxy + PANEL)
        framed = shown.page.frame_locator("iframe").locator("#status")
        await framed.get_by_text("healthy").wait_for()


async def test_nobody_else_is_asked_and_nothing_is_inline(
    chromium: Browser, home: Simulator, tmp_path: Path
) -> None:
    """One origin only; the policy of the answer allows no inline script or style."""
    async with (
        running(settings_for(home, tmp_path)) as hiq,
        tab(chromium) as shown,
    ):
        answer = await shown.page.goto(str(hiq.service.url))
        assert answer is not None
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        await shown.says("#status", "healthy")
        await shown.page.click('nav a[href="#entities"]')
        await shown.page.click("#results a >> nth=0")
        await shown.page.locator("#history canvas").wait_for()
        host = urlsplit(str(hiq.service.url)).netloc
        assert {urlsplit(url).netloc for url in shown.asked} - {""} == {host}
        assert shown.complaints == []


async def test_it_is_there_again_by_itself(
    chromium: Browser, home: Simulator, tmp_path: Path
) -> None:
    """A service that is gone is announced; when it is back the figures go on."""
    first, again = tmp_path / "first", tmp_path / "again"
    async with tab(chromium) as shown:
        async with running(settings_for(home, first)) as hiq:
            url = str(hiq.service.url)
            await shown.page.goto(url)
            await shown.says("#status", "healthy")
        await shown.says("#gone", "does not answer")
        await shown.says("#status", "no answer")
        port = urlsplit(url).port or 0
        settings = settings_for(home, again, http=HttpSettings(port=port))
        async with running(settings):
            await shown.says("#status", "healthy")
            assert await shown.page.locator("#gone").is_hidden()
