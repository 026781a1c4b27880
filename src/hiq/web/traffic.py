"""HTTP requests counted: by method, route and status, with their durations.

Labels are names of routes, never paths as they were asked for, so that a stranger
cannot make series. What monitoring asks for itself all the time is not counted.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING, Final

from hiq.web.exposition import Family, cumulated

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Traffic"]

BOUNDS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
NOT_COUNTED: Final = frozenset({"/", "/health", "/metrics", "/docs", "/openapi.json"})
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER: Final = "other"


class Traffic:
    """The counters of one server.

    `active` requests are being answered now; `sockets` are clients of WebSockets,
    `slow_sockets` those that were closed because they did not read.
    """

    def __init__(self) -> None:
        self.active = 0
        self.sockets = 0
        self.slow_sockets = 0
        self._requests: Counter[tuple[str, str, str]] = Counter()
        self._errors: Counter[tuple[str, str, str]] = Counter()
        self._seconds: dict[tuple[str, str], float] = {}
        self._buckets: dict[tuple[str, str], list[int]] = {}

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request, unless its route is not counted."""
        if route in NOT_COUNTED:
            return
        method = method if method in METHODS else OTHER
        self._requests[method, route, str(status)] += 1
        if status >= 400:
            self._errors[method, route, str(status)] += 1
        key = (method, route)
        self._seconds[key] = self._seconds.get(key, 0.0) + seconds
        buckets = self._buckets.setdefault(key, [0] * (len(BOUNDS_S) + 1))
        buckets[bisect_left(BOUNDS_S, seconds)] += 1

    def collect(self) -> Iterator[Family]:
        """Yield every family."""
        labels = ("method", "path", "status")
        requests = Family(
            "http_requests_total", "Requests answered.", "counter", labels
        )
        errors = Family(
            "http_errors_total", "Those with status 400 and above.", "counter", labels
        )
        for family, found in ((requests, self._requests), (errors, self._errors)):
            for key, value in found.items():
                family.add(value, *key)
            yield family
        durations = Family(
            "http_request_duration_seconds",
            "Time of one answer.",
            "histogram",
            ("method", "path"),
        )
        for pair, counts in self._buckets.items():
            buckets = cumulated(BOUNDS_S, counts)
            durations.add_histogram(pair, buckets, self._seconds[pair])
        yield durations
        for name, text, value in (
            ("http_active_connections", "Requests being answered now.", self.active),
            ("http_websocket_clients", "Clients of WebSockets.", self.sockets),
        ):
            yield Family(name, text).add(value)
        yield Family(
            "http_websocket_slow_total", "Those closed for not reading.", "counter"
        ).add(self.slow_sockets)
