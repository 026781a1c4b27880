"""The page over counters set by hand: every part, screen and way to use it."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from msgspec import structs

from hiq.alarms import Alarms
from hiq.stats import SinkStats, Stats
from hiq.web.parts import Credentials, Rejected
from hiq.web.types.page import Letter
from hiq.web.types.service import EntityCount
from tests.browser import Tab, tab
from tests.page.conftest import ROOT
from tests.web.serving import Served, good_stats, served
from tests.web.test_service_routes import RATES, fill

if TYPE_CHECKING:
    from playwright.async_api import Browser

pytestmark = [
    pytest.mark.real,
    pytest.mark.timeout(180),
    pytest.mark.asyncio(loop_scope="session"),  # that of the browser they share
]

PARTS = {
    "overview": "#account tr",
    "entities": "#results a",
    "gaps": "#gaps-list > *",
    "refused": "#refused-list > *",
    "settings": "#settings-list > *",
}
"""Each part with what is there when it has been answered."""
EVIL = "<img src=x onerror=alert(1)>"


def troubled(name: str = EVIL) -> Stats:
    """Counters of a service with a database that waits for its owner, and gaps."""
    stats = good_stats()
    stats.started_at = time.time() - 5000
    stats.received, stats.accepted, stats.rejected = 1003, 1000, 3
    stats.ha.last_event_at = time.time()
    stats.sinks["influxdb"].written = 1000
    stats.sinks[name] = SinkStats(
        name,
        "influxdb1",
        state="held",
        pending=1000,
        dead_lettered=0,
        oldest_pending_at=time.time() - 400,
        last_error="401 <b>Unauthorized</b>",
        advice="check the token",
    )
    ledger = stats.gaps
    now = time.time()
    lost = ledger.open("journal_full", now - 4000, source="journal")
    ledger.settle(lost, "lost", "not in the journal any more", points=12)
    mended = ledger.open("disconnected", now - 900, source="home_assistant")
    ledger.settle(mended, "repaired", "from the recorder", points=34)
    ledger.open("disconnected", now - 60, source="home_assistant")
    return stats


def give_everything(hiq: Served) -> None:
    """Give the page all parts that it can ask."""
    fill(hiq)
    busy = [
        EntityCount(entity_id="light.lamp", events=50),
        EntityCount(entity_id=EVIL, events=1),
    ]
    window = structs.replace(RATES.windows["5m"], top_entities=busy)
    rates = structs.replace(RATES, windows={**RATES.windows, "5m": window})
    hiq.parts.rates = lambda _now: rates

    async def rejects() -> list[Rejected]:
        return [
            (time.time(), "BAD_TIME", b'{"event_type":"x"}'),
            (None, "NEW", b"\xff"),
        ]

    hiq.parts.rejects = rejects
    letter = Letter(
        time="2026-09-21T14:13:20+00:00",
        reason="400: field type conflict",
        advice="use `types: coerce`",
        line="m,entity_id=a value=1 1",
    )

    async def letters() -> dict[str, list[Letter]]:
        return {"influxdb": [letter]}

    hiq.parts.letters = letters
    hiq.stats.sections["alerts"] = lambda: {"active": 1}
    assert isinstance(hiq.parts.alarms, Alarms)
    book = hiq.parts.alarms.alerts
    told = "sensor.bath is silent for 2 h. Look at the device (docs/howto/alerts.md#x)"
    book.raise_("entity_silent:sensor.bath", "warning", told, time.time() - 7200)
    book.raise_("ha_silent", "critical", "no event for 5 min", time.time() - 900)
    book.clear("ha_silent", time.time() - 600)


async def go(shown: Tab, part: str) -> None:
    """Show a part and wait until what it asks for is there."""
    await shown.page.click(f'nav a[href="#{part}"]')
    await shown.page.locator(f"{PARTS[part]} >> nth=0").wait_for()


async def test_trouble_is_shown_in_words(chromium: Browser) -> None:
    """What is wrong, what it means, what to do; names are text and never HTML."""
    async with served(troubled(), time.time) as hiq:
        give_everything(hiq)
        async with tab(chromium, hiq.server.url) as shown:
            await shown.says("#status", "degraded")
            await shown.says("#attention", "check the token")
            told = await shown.text(f'[data-worry="sink:{EVIL}"]')
            assert "Nothing is lost" in told or "nothing is lost" in told
            assert "hiq check" in told
            alert = await shown.text('[data-worry="entity_silent:sensor.bath"]')
            assert alert.startswith("Entity silent: sensor.bath")
            assert "sensor.bath is silent for 2 h. Look at the device." in alert
            card = f'[data-sink="{EVIL}"]'
            assert "waits for you" in await shown.text(f"{card} .pill")
            fault = await shown.text(f"{card} .fault")
            assert fault == "401 <b>Unauthorized</b>: check the token"
            await shown.says("#talkers", "50 events")
            await shown.says("#silent", "sensor.bath")
            assert await shown.page.locator("main img, main b").count() == 0
            assert shown.complaints == []


async def test_gaps_refusals_and_settings(chromium: Browser) -> None:
    """Each gap with cause and fate, each refusal with its reason, each setting."""
    async with served(troubled("attic"), time.time) as hiq:
        give_everything(hiq)
        async with tab(chromium, hiq.server.url) as shown:
            await shown.says("#attention", "check the token")
            await shown.picture("page-trouble")
            await go(shown, "gaps")
            entries = await shown.page.locator("#gaps-list li").all_inner_texts()
            assert len(entries) == 3
            assert "open" in entries[0]
            assert "not connected to Home Assistant" in entries[0]
            assert "From the recorder, 34 points" in entries[1]
            assert "something is missing" in entries[2]
            assert "hiq verify --repair" in entries[2]
            assert await shown.text("#gaps-count") == "2"
            await shown.says("#alerts-list", "Home Assistant silent")
            over = await shown.text("#alerts-list")
            assert "(5 min)" in over
            assert "No event for 5 min." in over
            await shown.picture("page-gaps")
            await go(shown, "refused")
            text = await shown.text("#refused-list")
            assert "3 events since the start" in text
            assert "BAD_TIME its time is missing, or none" in text
            assert "\\xff" in text
            assert "400: field type conflict" in text
            await go(shown, "settings")
            assert "Read from hiq.yaml" in await shown.text("#settings-list")
            assert shown.complaints == []


async def test_what_is_not_there_is_said_quietly(chromium: Browser) -> None:
    """Without rates, registry, store and settings each place says so."""
    async with served(good_stats(), time.time) as hiq, tab(chromium) as shown:
        await shown.page.goto(hiq.server.url)
        await shown.says("#talkers", "not available")
        await shown.says("#silent", "cannot be asked")
        await go(shown, "settings")
        await shown.says("#settings-list", "not available")
        await shown.page.goto(f"{hiq.server.url}/#entities/light.lamp")
        await shown.says("#entity-about", "cannot be read")
        await shown.says("#found", "No sink can be read back")
        assert await shown.page.locator("#gone").is_hidden()


async def test_fits_every_screen(chromium: Browser) -> None:
    """No part is wider than the window, from a phone to a desk."""
    async with served(troubled(), time.time) as hiq:
        give_everything(hiq)
        async with tab(chromium, hiq.server.url) as shown:
            await shown.says("#status", "degraded")
            for part in PARTS:
                await go(shown, part)
                if part == "entities":
                    await shown.page.click("#results a >> nth=0")
                    await shown.page.locator("#history canvas").wait_for()
                for width in (1920, 1280, 820, 390):
                    await shown.page.set_viewport_size({"width": width, "height": 844})
                    wide = await shown.page.evaluate(
                        "document.documentElement.scrollWidth"
                    )
                    assert wide <= width, part


async def test_light_and_dark(chromium: Browser) -> None:
    """As the system prefers, until the person chooses; the choice is kept."""
    back = "getComputedStyle(document.body).backgroundColor"
    async with (
        served(good_stats(), time.time) as hiq,
        tab(chromium, hiq.server.url, color_scheme="dark") as shown,
    ):
        dark = await shown.page.evaluate(back)
        await shown.page.emulate_media(color_scheme="light")
        light = await shown.page.evaluate(back)
        assert dark != light
        await shown.page.get_by_role("button", name="Colours: auto").click()
        await shown.page.get_by_role("button", name="Colours: light").click()
        assert await shown.page.evaluate(back) == dark
        await shown.page.reload()
        assert await shown.page.evaluate(back) == dark
        assert await shown.page.get_by_role("button", name="Colours: dark").count()


async def test_by_keyboard_alone(chromium: Browser) -> None:
    """Skip link, parts, search, an entity, a span: all by keys, each with its focus."""
    async with served(good_stats(), time.time) as hiq:
        give_everything(hiq)
        async with tab(chromium, hiq.server.url) as shown:
            await shown.says("#status", "healthy")
            keys = shown.page.keyboard

            async def focused() -> str:
                found: str = await shown.page.evaluate(
                    "document.activeElement.innerText || document.activeElement.id"
                )
                return found.strip()

            await keys.press("Tab")
            assert await focused() == "Skip to the content"
            for _ in range(3):
                await keys.press("Tab")
            assert await focused() == "Entities"
            ring = "getComputedStyle(document.activeElement).outlineStyle"
            assert await shown.page.evaluate(ring) == "solid"
            await keys.press("Enter")
            while await focused() != "search":
                await keys.press("Tab")
            await keys.type("lamp")
            await shown.says("#found", "1 entity")
            await keys.press("Tab")
            assert (await focused()).startswith("Reading lamp")
            await keys.press("Enter")
            await shown.page.locator("#history canvas").wait_for()
            while await focused() != "24 h":
                await keys.press("Tab")
            await keys.press("Space")
            day = shown.page.get_by_role("button", name="24 h", pressed=True)
            await day.wait_for()
            past: Any = hiq.parts.past
            assert past.asked[-1][2] - past.asked[-1][1] == pytest.approx(86401, abs=1)


async def test_axe_finds_nothing_serious(chromium: Browser) -> None:
    """No serious or critical finding of axe in any part, light and dark, phone and desk."""
    axe = (ROOT / "frontend/node_modules/axe-core/axe.min.js").read_text("utf-8")
    async with served(troubled(), time.time) as hiq:
        give_everything(hiq)
        for scheme, width in (("light", 1280), ("dark", 390)):
            async with tab(
                chromium, hiq.server.url, color_scheme=scheme, width=width
            ) as shown:
                await shown.says("#status", "degraded")
                await shown.page.evaluate(axe)
                for part in PARTS:
                    await go(shown, part)
                    if part == "entities":
                        await shown.page.click("#results a >> nth=0")
                        await shown.page.locator("#history canvas").wait_for()
                        await shown.page.click("#entity-values summary")
                    found = await shown.page.evaluate("axe.run(document)")
                    serious = [
                        (rule["id"], [node["html"] for node in rule["nodes"]])
                        for rule in found["violations"]
                        if rule["impact"] in {"serious", "critical"}
                    ]
                    assert serious == [], (part, scheme, json.dumps(serious, indent=1))
                    assert len(found["passes"]) > 15


async def test_a_token_opens_the_rest(chromium: Browser) -> None:
    """Off loopback the open figures are there at once, all else with a token, kept."""

    class Refused:
        status = 401
        headers: ClassVar[dict[str, str]] = {}

        def body(self) -> bytes:
            return b'{"error_code":"NO_TOKEN","message":"This token is not good."}'

    def admit(shown: Credentials) -> Refused | None:
        return None if shown.authorization == "Bearer right" else Refused()

    stats = troubled()
    async with served(stats, time.time, host="0.0.0.0") as hiq:
        give_everything(hiq)
        hiq.parts.admit = admit
        async with tab(chromium, hiq.server.url) as shown:
            await shown.says("#account-sum", "1,003")
            assert await shown.page.locator("#login").is_visible()
            await shown.page.fill("#token", "wrong")
            await shown.page.keyboard.press("Enter")
            await shown.says("#login-error", "This token is not good.")
            await shown.page.fill("#token", "right")
            await shown.page.keyboard.press("Enter")
            await shown.says("#talkers", "50 events")
            assert await shown.page.locator("#login").is_hidden()
            await shown.page.reload()
            await shown.says("#talkers", "50 events")
            assert "right" not in "".join(shown.asked)
