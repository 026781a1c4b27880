"""The routes that ask other parts of the service: with the part, and without."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from hiq.alarms import Alarms
from hiq.assure.alerts import Alerts
from hiq.assure.monitor_claims import Audit
from hiq.assure.monitor_stages import Stages
from hiq.errors import ConfigError, ConnectionLost, Problem
from hiq.rates import Rates
from hiq.stats import Stats
from hiq.web.event_rate import Sources, event_rate
from hiq.web.house import House
from hiq.web.types.home import Device, Entity, Rename
from tests.test_rates import Counted
from tests.web.pasts import FixedPast
from tests.web.serving import NOW, Served, served
from tests.web.test_house import state

RATES = event_rate(
    Sources(
        stats=Stats(started_at=NOW - 1000, received=1500, changes=1500, accepted=1500),
        rates=Rates(Counted(), 0.0),
        busiest=[("sensor.power", 700)],
        now=NOW,
        now_s=1000.0,
        cpu_s=1.5,
        listeners=1,
        since=NOW - 5000,
        events={"state_changed": 2500},
        points={"ha": 2400},
    )
)
FILTER = {
    "filtered_count": 1,
    "passed_count": 2,
    "exception_count": 1,
    "total_processed": 4,
    "filter_rate": 0.25,
    "uptime_seconds": 1.0,
    "mode": "exclude",
    "patterns_count": 3,
    "exceptions_count": 1,
}
LAMP = Entity(
    entity_id="light.lamp",
    name="Reading lamp",
    area_id="office",
    area="Büro",
    device_id="d1",
    manufacturer="Maker",
    integration="hue",
    labels=["night"],
)
RENAME = Rename(at="2026-09-21T14:13:20+00:00", old="light.a", new="light.lamp")
PLUG = Entity(entity_id="switch.plug", area_id="hall", area="Hall", integration="mqtt")


async def fail() -> Any:
    """Find everything wrong with a file."""
    raise ConfigError(Problem("hiq.yaml", 3, "filter.mode", "not a mode"))


def fill(hiq: Served) -> None:
    """Give the routes every part."""

    async def reload() -> list[str]:
        return ["filter"]

    async def discover() -> tuple[int, int]:
        return 2, 3

    parts = hiq.parts
    parts.rates = lambda _now: RATES
    parts.filter_statistics = lambda _now: FILTER
    parts.reload_filter = parts.reload_settings = reload
    parts.discover = discover
    parts.entities = lambda: [LAMP, PLUG]
    parts.devices = lambda: [Device(device_id="d1", name="Lamp", area_id="office")]
    parts.renames = lambda: [RENAME]
    parts.house = House()
    parts.house.begin([state("switch.plug", "on")])
    parts.past = FixedPast()
    parts.settings = lambda: ({"log": {"level": "info"}}, "hiq.yaml")
    parts.alarms = Alarms(Alerts(), [], Audit(), Stages({}, 1.0, 5.0), {}, float)


async def test_rates() -> None:
    """The document of the rate monitor, else 503 in the shape that is known."""
    async with served() as hiq:
        code, body, _ = await hiq.get("/api/v1/event-rate")
        assert code == 503
        assert body["detail"]["events_per_second"] == 0
        fill(hiq)
        code, body, _ = await hiq.get("/api/v1/event-rate")
        assert (code, body) == (200, msgspec.to_builtins(RATES))


async def test_alerts() -> None:
    """Those that last and those that are over; 503 without the monitor."""
    async with served() as hiq:
        assert (await hiq.get("/api/v1/alerts"))[0] == 503
        fill(hiq)
        assert isinstance(hiq.parts.alarms, Alarms)
        book = hiq.parts.alarms.alerts
        book.raise_("entity_silent:sensor.a", "warning", "sensor.a is silent", 5.0)
        book.raise_("latency:journal", "critical", "slow", 6.0)
        book.clear("latency:journal", 8.0)
        code, body, _ = await hiq.get("/api/v1/alerts")
        assert (code, [one["key"] for one in body["active"]]) == (
            200,
            ["entity_silent:sensor.a"],
        )
        assert [(one["kind"], one["seconds"]) for one in body["history"]] == [
            ("latency", 2.0)
        ]
        assert body["report"]["stale"] == ["entity_silent:sensor.a"]


async def test_filter_statistics() -> None:
    """Without a filter it says so; with one there are its counts."""
    async with served() as hiq:
        path = "/api/v1/filter/stats"
        empty = {
            "enabled": False,
            "statistics": None,
            "message": "Entity filter not configured",
        }
        assert (await hiq.get(path))[:2] == (200, empty)
        fill(hiq)
        found = {"enabled": True, "statistics": FILTER, "message": None}
        assert (await hiq.get(path))[:2] == (200, found)


@pytest.mark.parametrize("what", ["filter", "config"])
async def test_reload(what: str) -> None:
    """200 with what changed; 422 with every problem; 503 without the part."""
    async with served() as hiq:
        path = f"/api/v1/{what}/reload"
        code, body, _ = await hiq.get(path, "POST")
        assert (code, body["detail"]["success"]) == (503, False)
        fill(hiq)
        code, body, _ = await hiq.get(path, "POST")
        assert (code, body["success"], body["changed"]) == (200, True, ["filter"])
        hiq.parts.reload_filter = hiq.parts.reload_settings = fail
        code, body, _ = await hiq.get(path, "POST")
        assert (code, body["error_code"]) == (422, "invalid_config")
        assert body["errors"] == ["hiq.yaml:3: filter.mode: not a mode"]


async def test_discovery() -> None:
    """Counts of what was read; 503 without a connection; 502 if that fails."""
    async with served() as hiq:
        path = "/api/v1/discovery/trigger"
        text = "Connection manager or discovery service not available"
        missing = {"detail": {"error": text, "success": False}}
        assert (await hiq.get(path, "POST"))[:2] == (503, missing)
        fill(hiq)
        code, body, _ = await hiq.get(path, "POST")
        assert code == 200
        assert body == {
            "success": True,
            "devices_discovered": 2,
            "entities_discovered": 3,
            "timestamp": "2026-09-21T14:13:20+00:00",
            "error": None,
        }
        hiq.stats.ha.state = "RECONNECTING"
        assert (await hiq.get(path, "POST"))[0] == 503
        hiq.stats.ha.state = "CONNECTED"

        async def lost() -> tuple[int, int]:
            raise ConnectionLost("closed while the registry was read")

        hiq.parts.discover = lost
        code, body, _ = await hiq.get(path, "POST")
        assert (code, body["detail"]["success"]) == (502, False)


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", ["light.lamp", "switch.plug"]),
        ("?domain=light", ["light.lamp"]),
        ("?area=office", ["light.lamp"]),
        ("?area=B%C3%BCro", ["light.lamp"]),
        ("?label=night", ["light.lamp"]),
        ("?device=d1", ["light.lamp"]),
        ("?integration=mqtt", ["switch.plug"]),
        ("?search=READING", ["light.lamp"]),
        ("?search=plug", ["switch.plug"]),
        ("?search=maker&domain=switch", []),
        ("?limit=1&offset=1", ["switch.plug"]),
        ("?offset=9", []),
    ],
)
async def test_entities(query: str, ids: list[str]) -> None:
    """Each parameter narrows; a page is a part of that."""
    async with served() as hiq:
        fill(hiq)
        code, body, _ = await hiq.get("/api/v1/entities" + query)
        assert code == 200
        assert [entity["entity_id"] for entity in body["entities"]] == ids
        assert body["total"] == (2 if "offset" in query else len(ids))


@pytest.mark.parametrize(
    "query", ["?limit=0", "?limit=x", "?limit=1001", "?offset=-1", "?wrong=1",
              "?search=" + "x" * 101, "?area=a&area=b"]
)  # fmt: skip
async def test_wrong_parameters(query: str) -> None:
    """400, and which one."""
    async with served() as hiq:
        fill(hiq)
        for path in ("/api/v1/entities", "/api/v1/devices"):
            code, body, _ = await hiq.get(path + query)
            assert (code, body["error_code"]) == (400, "bad_parameter")
            assert query[1:].partition("=")[0] in body["message"]


async def test_devices() -> None:
    """Devices in pages; 503 while there is no registry."""
    async with served() as hiq:
        for path in ("/api/v1/entities", "/api/v1/devices"):
            assert (await hiq.get(path))[0] == 503
        fill(hiq)
        code, body, _ = await hiq.get("/api/v1/devices?search=lamp")
        assert code == 200
        assert (body["total"], body["devices"][0]["device_id"]) == (1, "d1")


async def test_renames() -> None:
    """The last ones with their time; 503 while there is no registry."""
    async with served() as hiq:
        path = "/api/v1/entities/renames"
        assert (await hiq.get(path))[0] == 503
        fill(hiq)
        code, body, _ = await hiq.get(path)
        assert code == 200
        assert body["renames"] == [
            {
                "at": "2026-09-21T14:13:20+00:00",
                "old": "light.a",
                "new": "light.lamp",
                "rid": None,
            }
        ]


async def test_house() -> None:
    """503 until the states are known; then the house with the time."""
    async with served() as hiq:
        hiq.parts.house = House()
        code, body, _ = await hiq.get("/api/status/house")
        assert (code, list(body)) == (503, ["detail"])
        fill(hiq)
        code, body, _ = await hiq.get("/api/status/house")
        assert (code, body["switches_on"]) == (200, ["switch.plug"])
        assert body["timestamp"] == "2026-09-21T14:13:20+00:00"


async def test_totals() -> None:
    """Without totals of earlier runs the session is all; with them it is a part."""
    async with served() as hiq:
        hiq.stats.changes = hiq.stats.received = hiq.stats.filtered = 5
        path = "/health/detailed"
        found = (await hiq.get(path))[1]["subscription"]
        assert found["total_events_received"] == found["session_events_received"] == 5
        assert found["historical_events_received"] == 0
        hiq.parts.totals = lambda: {"state_changed": 100, "call_service": 3}
        found = (await hiq.get(path))[1]["subscription"]
        assert found["total_events_received"] == 103
        assert found["historical_events_received"] == 98
        assert found["events_by_type"] == {"state_changed": 100, "call_service": 3}


async def test_rate_of_the_last_minute() -> None:
    """The mean of the run, until somebody knows what came in the last minute."""
    async with served() as hiq:
        hiq.stats.changes = 100
        path = "/health/detailed"
        found = (await hiq.get(path))[1]["subscription"]
        assert found["event_rate_per_minute"] == 6.0
        hiq.parts.per_minute = lambda: 30.0
        found = (await hiq.get(path))[1]["subscription"]
        assert found["event_rate_per_minute"] == 30.0
