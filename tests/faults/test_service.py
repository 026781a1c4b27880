"""Faults that show from outside: L21, L27, L28, L30, L31, L36, L39, L40."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from websockets.exceptions import InvalidStatus

from hiq import log
from hiq.settings import HomeAssistantSettings, HttpSettings, LogSettings
from hiq.simulate.server import Simulator
from hiq.stats import Stats
from hiq.web.api import policy_of
from hiq.web.guard import Policy
from hiq.web.house import House
from hiq.web.routes import ROUTES
from tests.serving import running, settings_for, until
from tests.web.serving import NOW, served
from tests.web.test_house import event, state, status
from tests.web.test_service_routes import fill
from tests.web.test_status_socket import client, next_frame


async def test_L21_totals_are_events_and_survive_a_restart(
    simulator: Simulator, tmp_path: Path
) -> None:
    """100 events and a restart: 100 in all, of their type; states are no events."""
    settings = settings_for(simulator, tmp_path)
    for run in (1, 2):
        async with running(settings) as it:
            await until("subscribed", lambda: it.stats.ha.subscribed)
            simulator.fire(100)
            await until("received", lambda: it.stats.changes == 100)
            code, body = await it.get("/health/detailed")
            found = body["subscription"]
            assert (code, found["session_events_received"]) == (200, 100)
            assert found["total_events_received"] == run * 100
            assert found["historical_events_received"] == (run - 1) * 100
            assert found["events_by_type"] == {"state_changed": run * 100}
            _, rates = await it.get("/api/v1/event-rate")
            assert rates["total_events_processed"] == 100
            assert rates["all_runs"]["events"] == run * 100


def away(seconds: float) -> Callable[[Stats], None]:
    """Return a change: Home Assistant is away for so long."""

    def change(stats: Stats) -> None:
        stats.ha.state, stats.ha.disconnected_at = "RECONNECTING", NOW - seconds
        stats.ha.last_error = "refused"

    return change


def sink(bytes_used: int, breaker: str) -> Callable[[Stats], None]:
    """Return a change: the database fails."""

    def change(stats: Stats) -> None:
        stats.sinks["influxdb"].state = "retrying"
        stats.sinks["influxdb"].breaker = breaker
        stats.journal.bytes = bytes_used

    return change


def put(**values: Any) -> Callable[[Stats], None]:
    """Return a change of counters; a double underscore leads into a part."""

    def change(stats: Stats) -> None:
        for name, value in values.items():
            part, _, key = name.rpartition("__")
            setattr(getattr(stats, part) if part else stats, key, value)

    return change


def dropped(stats: Stats) -> None:
    """Lose a point in the journal."""
    found = stats.sinks["influxdb"]
    found.dropped, stats.accepted, stats.received = 1, 1, 1


@pytest.mark.parametrize(
    ("change", "level", "reason"),
    [
        (away(9), "healthy", ""),
        (away(10), "degraded", "not connected to Home Assistant"),
        (away(60), "unhealthy", "not connected to Home Assistant"),
        (
            put(ha__auth_failed=True, ha__last_error="invalid"),
            "unhealthy",
            "token refused",
        ),
        (put(ha__subscribed=False), "degraded", "not subscribed"),
        (put(ha__last_event_at=NOW - 3600), "healthy", ""),
        (put(ha__failures=6), "degraded", "6 failed connections"),
        (put(ha__failures=5), "healthy", ""),
        (sink(0, "closed"), "degraded", "is being retried"),
        (sink(950, "closed"), "degraded", "is being retried"),
        (sink(950, "open"), "unhealthy", "is being retried"),
        (dropped, "degraded", "lost in the journal"),
        (
            put(received=100, rejected=2, filtered=98),
            "degraded",
            "2 of 100 events were rejected",
        ),
        (put(received=100, rejected=1, filtered=99), "healthy", ""),
        (put(received=3, filtered=2), "unhealthy", "do not add up"),
        (put(journal__writable=False), "unhealthy", "cannot be written"),
    ],
)
async def test_L27_health_is_what_is_so(
    change: Callable[[Stats], None], level: str, reason: str
) -> None:
    """Each rule gives its status with a reason in both documents, and it goes again."""
    async with served() as hiq:
        healthy = hiq.stats.sinks["influxdb"].state
        change(hiq.stats)
        code, found, _ = await hiq.get("/health")
        assert (found["status"], code) == (level, 503 if level == "unhealthy" else 200)
        code, shown, _ = await hiq.get("/health/detailed")
        assert (code, shown["status"]) == (200, level)
        assert reason in shown["reason"]
        assert reason in "; ".join(found["reasons"])
        assert {check["name"] for check in found["checks"]} >= {"journal", "tasks"}
        # and what becomes of it: the counters stay, but they are no news any more
        hiq.stats.ha.state, hiq.stats.ha.subscribed = "CONNECTED", True
        hiq.stats.ha.auth_failed, hiq.stats.ha.disconnected_at = False, None
        hiq.stats.sinks["influxdb"].state = healthy
        hiq.stats.journal.bytes, hiq.stats.journal.writable = 0, True
        hiq.stats.filtered += hiq.stats.imbalance()
        hiq.stats.sinks["influxdb"].written = (
            hiq.stats.accepted - hiq.stats.sinks["influxdb"].dropped
        )
        for minutes in (15, 30):
            hiq.recent.sample(hiq.stats, NOW + 60 * minutes)
        hiq.now = NOW + 1801
        assert (await hiq.get("/health"))[1]["reasons"] == []


async def test_L27_a_dead_task_is_told_until_it_runs_again() -> None:
    """Unhealthy while a part waits for its restart."""
    async with served() as hiq:
        hiq.down["pump"] = "RuntimeError: broken"
        code, found, _ = await hiq.get("/health")
        assert code == 503
        assert found["reasons"] == [
            "tasks: failed, being restarted: pump: RuntimeError: broken"
        ]
        hiq.down.clear()
        assert (await hiq.get("/health"))[0] == 200


async def test_L28_every_event_is_in_the_metrics(
    simulator: Simulator, tmp_path: Path
) -> None:
    """After 100 events the counters are exact, those of the writer too."""
    async with running(settings_for(simulator, tmp_path)) as it:
        await until("subscribed", lambda: it.stats.snapshot_states)
        simulator.fire(100)
        await until("received", lambda: it.stats.received == 160)
        await it.settled()
        text = (await it.raw("/metrics")).decode()
        written = it.stats.accepted
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert found["hiq_events_received_total",] == 160
    results = ("accepted", "filtered", "skipped", "duplicate", "rejected")
    assert sum(found["hiq_events_total", result] for result in results) == 160
    assert found["hiq_points_total", "store", "written"] == written
    assert found["hiq_points_pending", "store"] == 0
    assert found["hiq_write_duration_seconds_count", "store"] >= 1
    assert found["hiq_events_imbalance",] == 0
    assert found["hiq_events_by_type_total", "state_changed"] == 100
    names = {name for name, *_ in found}
    assert names >= {
        *("hiq_journal_records_total", "hiq_write_requests_total"),
        *("hiq_write_retries_total", "hiq_write_duration_seconds_sum"),
        *("hiq_latency_seconds_count", "hiq_ha_received_bytes_total"),
        *("hiq_journal_written_bytes_total", "hiq_buffered_bytes"),
        *("hiq_journal_bytes", "hiq_journal_max_bytes", "hiq_ha_connected"),
        *("hiq_ha_last_event_timestamp_seconds", "hiq_registry_age_seconds"),
        *("hiq_sink_breaker", "hiq_client_connections", "hiq_event_rate"),
        "hiq_resident_memory_bytes",
    }


async def test_L30_a_slow_reader_harms_nobody() -> None:
    """10,000 changes of lights: nothing waits for who does not read; it is closed."""
    async with served() as hiq:
        house = hiq.parts.house = House(lambda _entity_id: "hall" * 500)
        house.begin([state("light.a", "on")])
        async with client(hiq) as slow:
            await next_frame(slow)
            slow.transport.pause_reading()
            for number in range(10_000):
                # Not a coroutine: whoever brings the events cannot be made to wait.
                house.observe([event("light.a", "on" if number % 2 else "off")])
            assert status(house)["lights_by_area"][0]["on_count"] == 1
            await until("the slow one is gone", lambda: not house.is_watched)
            slow.transport.abort()


@pytest.mark.parametrize(
    "route", [r for r in ROUTES if r.access != "open"], ids=lambda r: r.path
)
async def test_L31_strangers_get_nothing(route: Any) -> None:
    """A foreign origin is refused, also before an upgrade; no token, no answer."""
    async with served() as hiq:
        fill(hiq)
        origin = {"Origin": "https://evil.example"}
        assert (await hiq.get(route.path, route.method, **origin))[0] == 403
        if route.socket:
            with pytest.raises(InvalidStatus) as caught:
                async with client(hiq, additional_headers=origin):
                    pass
            assert caught.value.response.status_code == 403
    async with served(host="0.0.0.0") as hiq:
        fill(hiq)
        assert (await hiq.get(route.path, route.method))[0] == 401
    assert policy_of(HttpSettings(host="0.0.0.0")) == Policy(
        loopback=False, api_open=False, host="0.0.0.0"
    )


async def test_L36_what_is_unavailable_or_gone_is_shown_so() -> None:
    """A door that is unavailable is not closed; a light that is removed not off."""
    async with served() as hiq:
        house = hiq.parts.house = House()
        door = {"device_class": "door", "friendly_name": "Door"}
        house.begin(
            [state("binary_sensor.door", "off", **door), state("light.a", "off")]
        )

        async def asked() -> tuple[str, list[dict[str, Any]]]:
            found = (await hiq.get("/api/status/house"))[1]
            return found["sensors"]["door"][0]["state"], found["lights_by_area"]

        area = {"area": "unknown", "on_count": 0, "off_count": 1}
        assert await asked() == ("closed", [area])
        house.observe(
            [event("binary_sensor.door", "unavailable", **door), event("light.a", None)]
        )
        assert await asked() == ("unavailable", [])


@pytest.fixture
def lines() -> Iterator[Callable[[str], list[dict[str, Any]]]]:
    """Give a function that begins to log as JSON, and returns what was logged."""
    stream = io.StringIO()
    root, ours = logging.getLogger(), logging.getLogger("hiq")
    levels = root.level, ours.level
    handlers: list[logging.Handler] = []

    def begin(level: str) -> list[dict[str, Any]]:
        if not handlers:
            settings = LogSettings(level=level, format="json")  # type: ignore[arg-type]
            handlers.append(log.setup(settings, stream))
        return [json.loads(line) for line in stream.getvalue().splitlines()]

    yield begin
    for handler in handlers:
        root.removeHandler(handler)
    logging.captureWarnings(capture=False)
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


async def test_L39_every_line_is_json_with_its_fields_and_caller(
    simulator: Simulator,
    tmp_path: Path,
    lines: Callable[[str], list[dict[str, Any]]],
) -> None:
    """A warning of the connection says what was lost, and where it was said."""
    lines("info")
    async with running(settings_for(simulator, tmp_path)) as it:
        await until("subscribed", lambda: it.stats.snapshot_states)
        simulator.drop()
        await until("cut", lambda: it.stats.ha.reconnects)
    found = lines("info")
    (warning,) = [
        line
        for line in found
        if line["level"] == "WARNING" and line["logger"] == "hiq.ingest"
    ]
    assert warning["message"] == "Home Assistant RECONNECTING"
    assert warning["after"] == "CONNECTED"
    assert warning["reason"]
    assert warning["context"]["filename"] == "homelink.py"
    assert warning["context"]["function"] == "_changed"
    assert {"INFO", "WARNING"} <= {line["level"] for line in found}
    for line in found:
        assert line["timestamp"].endswith("Z")
        assert line["service"] == "hiq"


async def test_L40_no_token_is_logged(
    simulator: Simulator,
    tmp_path: Path,
    lines: Callable[[str], list[dict[str, Any]]],
) -> None:
    """At the level of debugging too: accepted, refused, lost, wherever it stands."""
    lines("debug")
    wrong = "w" * 40
    async with running(settings_for(simulator, tmp_path)) as it:
        await until("subscribed", lambda: it.stats.snapshot_states)
        simulator.drop()
        await until("cut", lambda: it.stats.ha.reconnects)
    place = HomeAssistantSettings(url=simulator.url, token=wrong)
    settings = settings_for(simulator, tmp_path, home_assistant=place)
    async with running(settings) as it:
        await until("refused", lambda: it.stats.ha.auth_failed)
        shown = await it.raw("/health")
    text = json.dumps(lines("debug")) + shown.decode()
    assert "CONNECTED" in text
    assert simulator.token not in text
    assert wrong not in text
