"""The routes, asked over a real socket."""

from __future__ import annotations

import re

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.web.serving import served
from tests.web.test_service_routes import fill


@pytest.mark.parametrize("path", ["/livez", "/healthz"])
async def test_alive_whatever_is_down(path: str) -> None:
    """The loop turns: 200, also with nothing else working."""
    async with served() as hiq:
        hiq.stats.ha.state = "FAILED"
        hiq.stats.journal.writable = False
        code, body, _ = await hiq.get(path)
        assert (code, body) == (200, {"status": "alive"})


async def test_readyz() -> None:
    """Ready, and not ready with reasons."""
    async with served() as hiq:
        assert (await hiq.get("/readyz"))[:2] == (
            200,
            {"status": "ready", "reasons": []},
        )
        hiq.stats.ha.subscribed = False
        code, body, _ = await hiq.get("/readyz")
        assert code == 503
        assert body["reasons"] == ["connected to Home Assistant, not subscribed yet"]


async def test_health_status_codes() -> None:
    """Healthy and degraded answer 200, unhealthy 503."""
    async with served() as hiq:
        code, body, _ = await hiq.get("/health")
        assert (code, body["status"]) == (200, "healthy")
        hiq.stats.sinks["influxdb"].state = "retrying"
        code, body, _ = await hiq.get("/health")
        assert (code, body["status"]) == (200, "degraded")
        hiq.down["pump"] = "boom"
        code, body, _ = await hiq.get("/health")
        assert (code, body["status"]) == (503, "unhealthy")
        code, body, _ = await hiq.get("/health/detailed")
        assert (code, body["status"]) == (200, "unhealthy")
        code, body, _ = await hiq.get("/api/v1/status")
        assert (code, body["status"]) == (200, "unhealthy")


async def test_root_by_accept() -> None:
    """A browser gets the page, everybody else JSON."""
    async with served() as hiq:
        code, body, headers = await hiq.get("/", Accept="text/html,*/*;q=0.8")
        assert code == 200
        assert headers["Content-Type"] == "text/html; charset=utf-8"
        assert "<title>hiq</title>" in body
        code, body, _ = await hiq.get("/", Accept="*/*")
        assert body == {"service": "hiq", "version": "1.2.3", "status": "running"}


async def test_page_asks_only_its_own_origin() -> None:
    """Every address in the page is relative, so it works behind any prefix."""
    async with served() as hiq:
        fill(hiq)
        page = (await hiq.get("/", Accept="text/html"))[1]
        addresses = re.findall(r'(?:href|src)="([^"]+)"', page)
        assert addresses
        for address in addresses:
            assert re.match(r"(data:|#[a-z]+$|[a-z]+[/.a-z0-9-]*$)", address), address
            if not address.startswith("data:"):
                assert (await hiq.get("/" + address))[0] == 200


@pytest.mark.parametrize(
    ("name", "content_type"),
    [("page.css", "text/css"), ("page.js", "text/javascript")],
)
async def test_static(name: str, content_type: str) -> None:
    """The files of the page have their types."""
    async with served() as hiq:
        code, _, headers = await hiq.get(f"/static/{name}")
        assert code == 200
        assert headers["Content-Type"] == f"{content_type}; charset=utf-8"


@pytest.mark.parametrize("name", ["nothing.js", "..%2Fapi.py", "%2e%2e%2fapi.py", ""])
async def test_static_serves_nothing_else(name: str) -> None:
    """No other file can be reached."""
    async with served() as hiq:
        assert (await hiq.get(f"/static/{name}"))[0] == 404


async def test_metrics() -> None:
    """The scrape is Prometheus text."""
    async with served() as hiq:
        hiq.stats.received = hiq.stats.filtered = 5
        code, body, headers = await hiq.get("/metrics")
        assert code == 200
        assert headers["Content-Type"].startswith("text/plain; version=0.0.4")
        found = {
            sample.name: sample.value
            for family in text_string_to_metric_families(body)
            for sample in family.samples
        }
        assert found["hiq_events_received_total"] == 5


async def test_big_bodies_are_refused() -> None:
    """No route takes a body; a header that is too big is refused."""
    async with served() as hiq:
        code, _, _ = await hiq.get("/livez", **{"X-Filler": "x" * 100_000})
        assert code == 400
        async with hiq.session.post(
            hiq.server.url + "/health", data=b"x" * 1_000_000
        ) as answer:
            assert answer.status == 413
