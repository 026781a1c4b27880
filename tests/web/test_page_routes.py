"""The routes of the page: with their parts, without, and with wrong parameters."""

from __future__ import annotations

from typing import Any

import pytest

from hiq._core import Status
from hiq.assure.levels import CODES, Severity
from hiq.web.page_routes import MEANINGS
from hiq.web.parts import Rejected
from hiq.web.types.page import Letter
from tests.web.pasts import FixedPast
from tests.web.serving import NOW, Served, served

HISTORY = "/api/v1/history?entity_id=sensor.bath"


def past_of(hiq: Served) -> FixedPast:
    """Give the routes a past and return it."""
    past = FixedPast()
    hiq.parts.past = past
    return past


async def test_history() -> None:
    """The last hour without times; else the span and the number of points asked for."""
    async with served() as hiq:
        past = past_of(hiq)
        code, body, _ = await hiq.get(HISTORY)
        assert (code, body["values"]) == (200, [20.5, 21.0])
        await hiq.get(f"{HISTORY}&start=100.5&end=200&limit=7")
        await hiq.get(f"{HISTORY}&end=200")
        assert past.asked == [
            ("sensor.bath", NOW - 3600, NOW, 1000),
            ("sensor.bath", 100.5, 200.0, 7),
            ("sensor.bath", 0.0, 200.0, 1000),
        ]
    assert past.closed


async def test_stored() -> None:
    """Entities with the time of their newest point."""
    async with served() as hiq:
        past_of(hiq)
        code, body, _ = await hiq.get("/api/v1/stored?order=silent&limit=5")
        assert code == 200
        assert body["entities"][0]["entity_id"] == "sensor.bath"


@pytest.mark.parametrize("path", [HISTORY, "/api/v1/stored"])
async def test_a_database_that_cannot_be_read(path: str) -> None:
    """503 without one, 502 with its words if it fails."""
    async with served() as hiq:
        code, body, _ = await hiq.get(path)
        assert (code, body["detail"]["error"]) == (503, "No sink can be read back")
        past_of(hiq).down = True
        code, body, _ = await hiq.get(path)
        text = "cannot read back from store: no answer within 5 s"
        assert (code, body["detail"]["error"]) == (502, text)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/api/v1/history", "entity_id"),
        ("/api/v1/history?entity_id=", "entity_id"),
        (f"/api/v1/history?entity_id={'x' * 256}", "entity_id"),
        (f"{HISTORY}&start=-1", "start"),
        (f"{HISTORY}&end=1e30", "end"),
        (f"{HISTORY}&start=nan", "start"),
        (f"{HISTORY}&limit=1", "limit"),
        (f"{HISTORY}&limit=5001", "limit"),
        (f"{HISTORY}&wrong=1", "wrong"),
        ("/api/v1/stored?order=loud", "order"),
        ("/api/v1/stored?limit=0", "limit"),
        ("/api/v1/stored?limit=1&limit=2", "limit"),
    ],
)
async def test_wrong_parameters(path: str, name: str) -> None:
    """400, and which one."""
    async with served() as hiq:
        past_of(hiq)
        code, body, _ = await hiq.get(path)
        assert (code, body["error_code"]) == (400, "bad_parameter")
        assert name in body["message"]


async def test_refused() -> None:
    """Newest events with reason and meaning, and each sink's refused points."""
    async with served() as hiq:
        hiq.stats.rejected = 60
        hiq.stats.sinks["influxdb"].dead_lettered = 1
        empty: dict[str, Any] = (await hiq.get("/api/v1/refused"))[1]
        assert (empty["rejected"], empty["newest"]) == (60, [])
        letter = Letter(
            time="2026-01-01T00:00:00Z", reason="r", advice="", line="m v=1"
        )

        async def letters() -> dict[str, list[Letter]]:
            return {"influxdb": [letter], "gone": []}

        hiq.parts.letters = letters

        async def rejects() -> list[Rejected]:
            return [(None if i else 0.5, "BAD_TIME", b"%d \xff" % i) for i in range(60)]

        hiq.parts.rejects = rejects
        code, body, _ = await hiq.get("/api/v1/refused")
        assert code == 200
        assert len(body["newest"]) == 50
        assert body["newest"][-1] == {
            "time": None,
            "reason": "BAD_TIME",
            "meaning": "its time is missing, or none",
            "sample": "59 \\xff",
        }
        (only,) = body["dead_letters"]
        assert (only["sink"], only["count"]) == ("influxdb", 1)
        assert only["newest"][0]["line"] == "m v=1"


async def test_settings() -> None:
    """What may be shown, and from which file; 503 without the part."""
    async with served() as hiq:
        assert (await hiq.get("/api/v1/settings"))[0] == 503
        hiq.parts.settings = lambda: ({"log": {"level": "info"}}, None)
        code, body, _ = await hiq.get("/api/v1/settings")
        assert (code, body["source"]) == (200, None)
        assert body["settings"] == {"log": {"level": "info"}}


def test_every_reason_of_the_core_has_a_meaning() -> None:
    """The page explains each code that it can show."""
    silent = {"OK", "SKIPPED", "FILTERED", "DUPLICATE"}
    warnings = {code for code, how in CODES.items() if how is Severity.WARNING}
    of_agents = {"SHORT_THOUGHT", "NO_OUTCOME"}  # no state changes
    core = {status.name for status in Status} - silent
    assert core | (warnings - of_agents) == set(MEANINGS)


async def test_framed_by_ingress_only() -> None:
    """No site may frame the page, but the panel that a proxy with a base path serves."""
    async with served() as hiq:
        _, _, alone = await hiq.get("/", Accept="text/html")
        assert alone["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in alone["Content-Security-Policy"]
        _, _, framed = await hiq.get(
            "/", Accept="text/html", **{"X-Ingress-Path": "/api/hassio_ingress/x"}
        )
        assert framed["X-Frame-Options"] == "SAMEORIGIN"
        assert "frame-ancestors 'self'" in framed["Content-Security-Policy"]
