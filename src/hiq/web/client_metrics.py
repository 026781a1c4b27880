"""Clients and handshakes as Prometheus text: who is there, what became of events.

Names and units: docs/reference/metrics.md. No label names a user or an address.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hiq.web.exposition import Family

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hiq.stats import Stats

__all__ = ["ClientsCollector"]

GAUGES: Final = {
    "connections": ("hiq_client_connections", "Clients that are connected."),
    "sessions": ("hiq_client_sessions", "Sessions, with or without a connection."),
    "waiting": ("hiq_client_events_waiting", "Events that no client confirmed yet."),
    "fullest": ("hiq_client_outbox_fullest_ratio", "How full the fullest outbox is."),
}
COUNTERS: Final = {
    "accepted": ("hiq_client_connects_total", "Clients that were let in."),
    "aborted": ("hiq_client_aborts_total", "Clients that had to be cut off."),
    "events": ("hiq_client_events_total", "Events that at least one client wanted."),
}
DELIVERY: Final = {
    "sent": ("hiq_client_events_sent_total", "Events sent, each once per session."),
    "confirmed": (
        "hiq_client_events_confirmed_total",
        "Events that clients confirmed.",
    ),
    "redelivered": ("hiq_client_events_redelivered_total", "Events sent once more."),
    "timeouts": ("hiq_client_ack_timeouts_total", "Events that were never confirmed."),
    "repeated_acks": ("hiq_client_repeated_acks_total", "Acks that confirmed nothing."),
}


class ClientsCollector:
    """Reads what health shows of clients and handshakes."""

    def __init__(self, stats: Stats) -> None:
        self._stats = stats

    def collect(self) -> Iterator[Family]:
        """Yield every family, read at this moment."""
        sections = self._stats.sections
        if "auth" in sections:
            yield from _handshakes(sections["auth"]())
        if "clients" in sections:
            yield from _clients(sections["clients"]())


def _handshakes(auth: Mapping[str, Any]) -> Iterator[Family]:
    for key, text in (
        ("attempts", "Handshakes of clients."),
        ("successes", "Handshakes that were let in."),
    ):
        yield Family(f"hiq_auth_{key}_total", text, "counter").add(auth[key])
    yield _by(
        "hiq_auth_failures_total",
        "Handshakes that were refused.",
        "code",
        auth["failures"],
    )
    if auth["key_age_s"] is not None:
        text = "Since when the key set in force is good."
        yield Family("hiq_auth_key_age_seconds", text).add(auth["key_age_s"])


def _clients(clients: Mapping[str, Any]) -> Iterator[Family]:
    for names, kind in ((GAUGES, "gauge"), (COUNTERS, "counter")):
        for key, (name, text) in names.items():
            if key in clients:
                yield Family(name, text, kind).add(clients[key])  # type: ignore[arg-type]
    delivery = clients.get("delivery")
    if delivery is None:
        return  # no client ever came
    for key, (name, text) in DELIVERY.items():
        yield Family(name, text, "counter").add(delivery[key])
    yield _by(
        "hiq_client_events_dropped_total",
        "Events that became gaps.",
        "reason",
        clients["dropped_by"],
    )
    yield _by(
        "hiq_client_disconnects_total",
        "Ends of connections.",
        "code",
        clients["ended"],
    )
    times = delivery.get("confirmation_s", {})
    family = Family(
        "hiq_client_confirmation_seconds",
        "From sending to ack, of the last thousand.",
        labels=("statistic",),
    )
    for statistic, value in times.items():
        family.add(value, statistic)
    yield family


def _by(name: str, text: str, label: str, values: Mapping[str, int]) -> Family:
    family = Family(name, text, "counter", (label,))
    for key, value in values.items():
        family.add(value, key)
    return family
