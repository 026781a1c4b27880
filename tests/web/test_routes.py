"""Every route of the table: who may ask, how, and what is answered."""

from __future__ import annotations

import asyncio
import logging

import msgspec
import pytest
from yarl import URL

from hiq.log import correlation
from hiq.web.parts import Credentials
from hiq.web.routes import ROUTES, Route
from tests.web.serving import served
from tests.web.test_service_routes import fill

CLOSED = [route for route in ROUTES if route.access != "open"]
CONTROL = [route for route in ROUTES if route.access == "control"]
ORIGIN = "https://panel.lan"
FOREIGN = "https://evil.example"


QUERIES = {"/api/v1/history": "?entity_id=sensor.bath"}
"""Of routes that cannot be asked without."""


def name(route: Route) -> str:
    """Return the name of a case."""
    return f"{route.method} {route.path}"


every = pytest.mark.parametrize("route", ROUTES, ids=name)
closed = pytest.mark.parametrize("route", CLOSED, ids=name)
control = pytest.mark.parametrize("route", CONTROL, ids=name)


@every
async def test_it_answers_as_documented(route: Route) -> None:
    """With every part there: the first answer of the table, its body of that shape."""
    async with served() as hiq:
        fill(hiq)
        answer = route.answers[0]
        path = route.path + QUERIES.get(route.path, "")
        code, body, headers = await hiq.get(path, route.method)
        if route.socket:
            assert (code, body["error_code"]) == (400, "no_websocket")
        else:
            assert code == answer.status == 200
            assert headers["Content-Type"].partition(";")[0] == answer.content_type
            if answer.body is not None:
                msgspec.convert(body, answer.body)
        assert float(headers["X-Process-Time"]) >= 0
        assert len(headers["X-Request-ID"]) == 32
        assert headers["X-Content-Type-Options"] == "nosniff"


@every
async def test_without_a_token_off_loopback(route: Route) -> None:
    """Open routes answer, all others say 401 and how to come in."""
    async with served(host="0.0.0.0") as hiq:
        code, body, headers = await hiq.get(route.path, route.method, Host="hiq.lan")
        if route.access == "open":
            assert code == 200
        else:
            assert (code, body["error_code"]) == (401, "unauthorized")
            assert headers["WWW-Authenticate"] == "Bearer"


@every
async def test_a_foreign_host_gets_nothing(route: Route) -> None:
    """A name that is not of this machine is refused, on every route."""
    async with served() as hiq:
        code, body, _ = await hiq.get(route.path, route.method, Host="evil.example")
        assert (code, body["error_code"]) == (403, "foreign_host")


@closed
@pytest.mark.parametrize("origin", [FOREIGN, "null", "http://127.0.0.1"])
async def test_a_foreign_origin_gets_nothing(route: Route, origin: str) -> None:
    """A page of another site is refused where it could read or change something."""
    async with served(cors_origins=(ORIGIN,)) as hiq:
        code, body, headers = await hiq.get(route.path, route.method, Origin=origin)
        assert (code, body["error_code"]) == (403, "foreign_origin")
        assert "Access-Control-Allow-Origin" not in headers


@every
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_other_methods_are_refused(route: Route, method: str) -> None:
    """405 with the method that is meant."""
    if method == route.method:
        return
    async with served() as hiq:
        code, body, headers = await hiq.get(route.path, method)
        assert (code, body["error_code"]) == (405, "method_not_allowed")
        assert route.method in headers["Allow"]


@control
async def test_what_changes_something_wants_its_own_page(route: Route) -> None:
    """Without a token even a listed origin changes nothing; a program does."""
    async with served(cors_origins=(ORIGIN,)) as hiq:
        fill(hiq)
        path, method = route.path, route.method
        assert (await hiq.get(path, method, Origin=ORIGIN))[0] == 403
        fetch = {"Sec-Fetch-Site": "cross-site"}
        assert (await hiq.get(path, method, **fetch))[0] == 403
        assert (await hiq.get(path, method, Origin=hiq.server.url))[0] == 200
        assert (await hiq.get(path, method, **{"Sec-Fetch-Site": "none"}))[0] == 200
        assert (await hiq.get(path, method))[0] == 200


@closed
async def test_preflight(route: Route) -> None:
    """A browser is told which methods a listed origin may use; others nothing."""
    asks = {"Access-Control-Request-Method": route.method}
    async with served(cors_origins=(ORIGIN,)) as hiq:
        code, _, headers = await hiq.get(route.path, "OPTIONS", Origin=ORIGIN, **asks)
        assert code == 204
        assert headers["Access-Control-Allow-Origin"] == ORIGIN
        assert headers["Access-Control-Allow-Methods"] == route.method
        assert "Authorization" in headers["Access-Control-Allow-Headers"]
        assert headers["Vary"] == "Origin"
        code, _, headers = await hiq.get(route.path, "OPTIONS", Origin=FOREIGN, **asks)
        assert code == 403
        assert "Access-Control-Allow-Origin" not in headers
        code, _, _ = await hiq.get(route.path, "OPTIONS")
        assert code == 405


async def test_preflight_of_what_is_not_there() -> None:
    """An unknown path, or a foreign host, is not told anything."""
    asks = {"Access-Control-Request-Method": "GET", "Origin": ORIGIN}
    async with served(cors_origins=(ORIGIN,)) as hiq:
        assert (await hiq.get("/api/nothing", "OPTIONS", **asks))[0] == 404
        code, _, _ = await hiq.get("/api/v1/gaps", "OPTIONS", Host="evil.lan", **asks)
        assert code == 403


class No:
    """A refusal, as a part that knows tokens gives it."""

    def __init__(self) -> None:
        self.status = 401
        self.headers = {"WWW-Authenticate": "Bearer"}

    def body(self) -> bytes:
        """Return its JSON."""
        return b'{"error_code":"NO_TOKEN","message":"no","retry_allowed":false}'


@closed
async def test_a_good_token_opens_what_is_closed(route: Route) -> None:
    """Who judges tokens sees what was brought and asked for; its word counts."""
    seen: list[Credentials] = []

    def admit(credentials: Credentials) -> No | None:
        seen.append(credentials)
        return None if credentials.authorization == "Bearer good" else No()

    async with served(host="0.0.0.0", cors_origins=(ORIGIN,)) as hiq:
        fill(hiq)
        hiq.parts.admit = admit
        path, method = f"{route.path}?token=x", route.method
        code, body, headers = await hiq.get(path, method)
        assert (code, body["error_code"]) == (401, "NO_TOKEN")
        assert headers["WWW-Authenticate"] == "Bearer"
        good = {"Authorization": "Bearer good", "Sec-WebSocket-Protocol": "a, b"}
        allowed = 400 if route.socket or route.query else 200
        assert (await hiq.get(path, method, **good))[0] == allowed
        # With a token a listed origin may do what the token may; another one nothing.
        assert (await hiq.get(path, method, **good, Origin=ORIGIN))[0] == allowed
        assert (await hiq.get(path, method, **good, Origin=FOREIGN))[0] == 403
        first, second = seen[:2]
        assert (first.authorization, first.query) == (None, {"token"})
        assert (second.protocols, second.address) == (("a", "b"), "127.0.0.1")
        assert second.access == route.access
        assert second.shows_all == route.shows_all


async def test_too_many_requests() -> None:
    """429 with the time to wait; the open routes go on."""
    async with served(requests_per_minute=2) as hiq:
        path = "/api/v1/gaps"
        assert [(await hiq.get(path))[0] for _ in range(3)] == [200, 200, 429]
        code, body, headers = await hiq.get(path)
        assert (code, body["error_code"]) == (429, "too_many_requests")
        assert 1 <= int(headers["Retry-After"]) <= 31
        assert (await hiq.get("/health"))[0] == 200


async def test_behind_a_proxy_each_client_has_its_own() -> None:
    """The nearest address that is no proxy counts, and only a proxy is believed."""
    path = "/api/v1/gaps"
    one = {"X-Forwarded-For": "10.0.0.9, 10.0.0.1"}
    two = {"X-Forwarded-For": "10.0.0.9, 10.0.0.2, 127.0.0.1"}
    async with served(requests_per_minute=1, trusted_proxies=("127.0.0.1",)) as hiq:
        assert (await hiq.get(path, **one))[0] == 200
        assert (await hiq.get(path, **one))[0] == 429
        assert (await hiq.get(path, **two))[0] == 200
    async with served(requests_per_minute=1) as hiq:
        assert (await hiq.get(path, **one))[0] == 200
        assert (await hiq.get(path, **two))[0] == 429


async def test_lines_of_the_log_belong_to_a_request(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """While a request is answered the log knows its id, and not afterwards."""
    seen: list[str] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen.append(correlation.get())

    handler = Handler()
    logger = logging.getLogger("hiq.web")
    logger.addHandler(handler)
    try:
        async with served() as hiq:
            hiq.stats.ha.last_event_at = "no time"  # type: ignore[assignment]
            code, body, _ = await hiq.get("/health", **{"X-Request-ID": "mine-1"})
            assert (code, body["request_id"]) == (500, "mine-1")
            await asyncio.sleep(0)
    finally:
        logger.removeHandler(handler)
    assert seen == ["mine-1"]
    assert correlation.get() == ""
    assert "request failed" in caplog.text


@closed
async def test_no_spelling_opens_what_is_closed(route: Route) -> None:
    """Odd paths are refused or unknown; none is answered without a token."""
    path = route.path
    odd = (
        *(f"/{path}", f"{path}/", f"/.{path}", f"/static/..{path}", f"/livez/..{path}"),
        *(
            path.replace("s", "%73"),
            "/" + path[1:].replace("/", "%2F"),
            f"/static/%2e%2e{path}",
        ),
        *(f"{path}?/livez", f"{path};/livez", f"{path}%23", f"{path}%00", path.upper()),
    )
    async with served(host="0.0.0.0") as hiq:
        fill(hiq)
        for spelled in odd:
            url = URL(hiq.server.url + spelled, encoded=True)
            async with hiq.session.request(route.method, url) as answer:
                assert answer.status in {400, 401, 404, 405}, spelled
