"""Clients and handshakes in the Prometheus text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from hiq.clients.counts import Throttle
from hiq.clients.denied import Denied
from hiq.clients.gate import Gate
from hiq.clients.server import ClientServer
from hiq.stats import Stats
from hiq.web.client_metrics import ClientsCollector
from hiq.web.metrics import exposition
from tests.clients.talk import Home
from tests.clients.tokens import NOW

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "metrics.md"


def scraped(stats: Stats) -> dict[str, dict[tuple[str, ...], float]]:
    """Return values by name and labels."""
    found: dict[str, dict[tuple[str, ...], float]] = {}
    text = exposition(ClientsCollector(stats)).decode()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sample.labels.values())] = (
                sample.value
            )
    return found


async def test_what_became_of_events_is_shown_after_sessions_are_gone() -> None:
    """Sent, confirmed, again, dropped, waiting: counted over all sessions there were."""
    home = Home(outbox_events=5, ack_timeout=10.0, session_seconds=60.0)
    gate = Gate(
        "jwt",
        home.time.clocks,
        throttle=Throttle(10),
        keys_good_at_s=lambda: NOW - 50.0,
    )
    gate.counts.count(Denied("TOKEN_EXPIRED"))
    server = ClientServer(home.hub, gate, home.time.clocks)
    stats = Stats()
    stats.sections["auth"] = gate.figures
    stats.sections["clients"] = server.figures
    tab = home.tab()
    tab.say("subscribe")
    home.fire(count=3)
    tab.read()
    home.time.pass_by(2.0)
    tab.say("ack", seq=2)
    tab.say("ack", seq=2)
    home.time.pass_by(9.0)
    tab.it.tick()
    tab.read()
    tab.it.end()
    home.fire(count=7)
    found = scraped(stats)
    assert found["hiq_client_events_waiting"] == {(): 5}
    assert found["hiq_client_outbox_fullest_ratio"] == {(): 1}
    assert found["hiq_client_sessions"] == {(): 1}
    home.time.pass_by(61.0)
    home.hub.tick(home.time.now)
    found = scraped(stats)
    assert found["hiq_client_sessions"] == {(): 0}
    assert found["hiq_client_events_total"] == {(): 10}
    assert found["hiq_client_events_sent_total"] == {(): 3}
    assert found["hiq_client_events_confirmed_total"] == {(): 2}
    assert found["hiq_client_events_redelivered_total"] == {(): 1}
    assert found["hiq_client_repeated_acks_total"] == {(): 1}
    assert found["hiq_client_events_dropped_total"] == {("overflow",): 3}
    assert found["hiq_client_confirmation_seconds"][("p95",)] == 2.0
    assert found["hiq_auth_attempts_total"] == {(): 1}
    assert found["hiq_auth_failures_total"] == {("TOKEN_EXPIRED",): 1}
    age_s = found["hiq_auth_key_age_seconds"][()]
    assert age_s == home.time.clocks.wall() - (NOW - 50.0)
    page = PAGE.read_text(encoding="utf-8")
    assert [name for name in found if f"`{name}`" not in page] == []


def test_before_any_client_came_nothing_is_claimed() -> None:
    """A service that serves none has no series of delivery."""
    stats = Stats()
    assert scraped(stats) == {}
    sections: dict[str, Any] = {"connections": 0, "sessions": 0}
    stats.sections["clients"] = lambda: sections
    assert set(scraped(stats)) == {"hiq_client_connections", "hiq_client_sessions"}
