"""HTTP requests as Prometheus reads them."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from hiq.web.traffic import BOUNDS_S, Traffic
from tests.web.serving import served


async def test_requests_are_counted_by_route() -> None:
    """Method, route and status are labels; the path as asked for is none."""
    async with served() as hiq:
        await hiq.get("/livez")
        await hiq.get("/livez")
        await hiq.get("/static/page.js")
        await hiq.get("/no/such/path")
        await hiq.get("/livez", method="DELETE")
        for path in ("/", "/health", "/metrics", "/openapi.json"):
            await hiq.get(path)
        text = (await hiq.get("/metrics"))[1]
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name.startswith("http_"):
                found[(sample.name, *sample.labels.values())] = sample.value
    counted = {
        key[1:]: n for key, n in found.items() if key[0] == "http_requests_total"
    }
    assert counted == {
        ("GET", "/livez", "200"): 2,
        ("GET", "/static/{name}", "200"): 1,
        ("GET", "unmatched", "404"): 1,
        ("DELETE", "unmatched", "405"): 1,
    }
    errors = {key[1:] for key in found if key[0] == "http_errors_total"}
    assert errors == {key for key in counted if key[2] >= "400"}
    assert found["http_request_duration_seconds_count", "GET", "/livez"] == 2
    bounds = {key[3] for key in found if key[0].endswith("_bucket")}
    assert bounds == {*map(repr, BOUNDS_S), "+Inf"}
    assert found["http_active_connections",] == 1


def test_strange_methods_make_one_series() -> None:
    """Who invents methods does not make series."""
    traffic = Traffic()
    for number in range(5):
        traffic.count(f"METHOD{number}", "/livez", 405, 0.1)
    requests = next(traffic.collect())
    assert [labels for _, labels, _ in requests.samples] == [
        '{method="other",path="/livez",status="405"}'
    ]
