"""The JSON documents: shape, and what they must not show."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from hiq.web.recent import Recent
from hiq.web.report import Build, detailed, health, iso, status, without_user
from tests.web.serving import NOW, good_stats


def documents(stats: Any) -> dict[str, dict[str, Any]]:
    """Return all three documents of some counters."""
    recent = Recent(NOW)
    return {
        make.__name__: msgspec.to_builtins(make(stats, NOW, recent, {}, Build("1.2.3")))
        for make in (health, detailed, status)
    }


def test_health_has_the_promised_keys() -> None:
    """The keys that monitoring tools read are there, with their types."""
    stats = good_stats()
    stats.received = stats.accepted = 7
    stats.sinks["influxdb"].written = 5
    stats.sinks["influxdb"].pending = 2
    stats.sinks["influxdb"].oldest_pending_at = NOW - 3
    found = documents(stats)["health"]
    assert found["status"] == "healthy"
    assert (found["service"], found["version"]) == ("hiq", "1.2.3")
    assert found["uptime_seconds"] == 1000
    assert found["timestamp"] == "2026-09-21T14:13:20+00:00"
    assert found["dependencies"] == {"home_assistant": "ok", "influxdb": "ok"}
    assert found["sinks"]["influxdb"]["lag_seconds"] == 3.0
    assert found["counters"]["imbalance"] == 0
    assert {check["name"] for check in found["checks"]} >= {"journal", "tasks"}
    assert json.loads(json.dumps(found)) == found


def test_detailed_has_the_shape_of_the_predecessor() -> None:
    """Connection and subscription are described under the names in use."""
    stats = good_stats()
    stats.changes = stats.received = 100
    stats.ha.attempts = 3
    found = documents(stats)["detailed"]
    assert found["uptime"] == "0:16:40"
    assert found["connection"]["connection_attempts"] == 3
    assert found["connection"]["is_running"] is True
    assert found["subscription"]["total_events_received"] == 100
    assert found["subscription"]["event_rate_per_minute"] == 6.0


def test_detailed_says_which_part_has_the_reason() -> None:
    """With several sinks a reason is of no use without its name."""
    stats = good_stats()
    stats.sinks["influxdb"].state = "retrying"
    assert documents(stats)["detailed"]["reason"].startswith("sink:influxdb: ")


def test_status_has_the_counters_on_top() -> None:
    """The numbers of the page are /health, and the counters at the top level."""
    stats = good_stats()
    stats.received = stats.filtered = 9
    found = documents(stats)
    assert found["status"]["received"] == 9
    assert found["status"]["status"] == found["health"]["status"]


def test_no_secret_is_shown() -> None:
    """User name and password of a URL appear in none of the documents."""
    for found in documents(good_stats()).values():
        text = json.dumps(found)
        assert "secret" not in text
        assert "http://ha.lan:8123" in text


def test_a_sink_that_fails_is_a_dependency_that_is_down() -> None:
    """Reasons and dependencies name what is down."""
    stats = good_stats()
    stats.sinks["influxdb"].state = "held"
    stats.sinks["influxdb"].last_error = "401"
    found = documents(stats)["health"]
    assert found["dependencies"]["influxdb"] == "down"
    assert found["reasons"][0].startswith("sink:influxdb: waits for you: 401")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("", ""),
        ("http://a:b@[::1]:8123/x?token=1#2", "http://[::1]:8123/x"),
        ("http://[broken", ""),
    ],
)
def test_without_user(url: str, shown: str) -> None:
    """User, password, query and fragment are cut off a URL."""
    assert without_user(url) == shown


def test_iso_of_nothing() -> None:
    """A time that is not known stays null."""
    assert iso(None) is None
