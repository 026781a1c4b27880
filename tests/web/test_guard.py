"""What a request has to pass, asked over a real socket."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest
from aiohttp import web

from hiq.settings import HttpSettings
from hiq.web import middleware
from hiq.web.bind import bind
from hiq.web.guard import Policy
from hiq.web.recent import Recent
from hiq.web.report import Build
from hiq.web.server import WebServer
from hiq.web.view import View
from tests.web.serving import NOW, Served, good_stats, self_signed, served

OPEN = ("/", "/livez", "/readyz", "/healthz", "/health", "/health/detailed", "/metrics")
STATUS = "/api/v1/status"


@pytest.mark.parametrize("path", [*OPEN, STATUS, "/static/page.js"])
async def test_foreign_host_is_refused(path: str) -> None:
    """A rebound name of a foreign site gets nothing from a loopback bind."""
    async with served() as hiq:
        code, body, _ = await hiq.get(path, Host="evil.example:8001")
        assert code == 403
        assert body["error_code"] == "foreign_host"


@pytest.mark.parametrize(
    "host", ["localhost:8001", "127.0.0.1", "[::1]:8001", "hiq.localhost", "LOCALHOST"]
)
async def test_own_names_are_served(host: str) -> None:
    """Every name of this machine is served."""
    async with served() as hiq:
        assert (await hiq.get("/livez", Host=host))[0] == 200


@pytest.mark.parametrize("host", ["", "[", "127.0.0.1.evil.example", "a@127.0.0.1:x"])
async def test_strange_hosts_do_not_pass(host: str) -> None:
    """A Host that cannot be read is a foreign one."""
    async with served() as hiq:
        assert (await hiq.get("/livez", Host=host))[0] in {400, 403}


@pytest.mark.parametrize("path", OPEN)
async def test_open_routes_off_loopback(path: str) -> None:
    """On another bind the open routes are served under any name."""
    async with served(host="0.0.0.0") as hiq:
        assert (await hiq.get(path, Host="hiq.lan"))[0] == 200


@pytest.mark.parametrize("path", [STATUS, "/api/v1/nothing", "/ws", "/other"])
@pytest.mark.parametrize("auth", ["auto", "jwt", "ingress", "none"])
async def test_closed_routes_off_loopback(path: str, auth: str) -> None:
    """Whatever `auth` says, nothing but the open routes is served off loopback."""
    async with served(host="0.0.0.0", auth=auth) as hiq:
        code, body, headers = await hiq.get(path)
        assert code == 401
        assert body["error_code"] == "unauthorized"
        assert headers["WWW-Authenticate"] == "Bearer"


async def test_jwt_closes_the_api_on_loopback_too() -> None:
    """Who asks for tokens does not get an API without them."""
    async with served(auth="jwt") as hiq:
        assert (await hiq.get(STATUS))[0] == 401
        assert (await hiq.get("/health"))[0] == 200


async def test_origins() -> None:
    """A page of a foreign origin is refused, the own and a listed one are not."""
    async with served(cors_origins=("https://panel.lan",)) as hiq:
        code, body, _ = await hiq.get(STATUS, Origin="https://evil.example")
        assert (code, body["error_code"]) == (403, "foreign_origin")
        assert (await hiq.get(STATUS, Origin="null"))[0] == 403
        assert (await hiq.get(STATUS, Origin=hiq.server.url))[0] == 200
        code, _, headers = await hiq.get(STATUS, Origin="https://panel.lan")
        assert code == 200
        assert headers["Access-Control-Allow-Origin"] == "https://panel.lan"


async def test_security_headers() -> None:
    """Refusals and answers carry the same headers."""
    async with served() as hiq:
        for path in ("/livez", "/nothing", STATUS):
            _, _, headers = await hiq.get(path)
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["X-Frame-Options"] == "DENY"
            assert headers["Referrer-Policy"] == "no-referrer"
            assert "default-src 'none'" in headers["Content-Security-Policy"]
            assert headers["Server"] == "hiq"
            assert float(headers["X-Process-Time"]) >= 0
            assert "Strict-Transport-Security" not in headers


async def test_over_tls_the_browser_is_told_to_stay_there(tmp_path: Path) -> None:
    """HSTS is in the answers of a server with a certificate."""
    cert, key = self_signed(tmp_path)
    context = ssl.create_default_context(cafile=str(cert))
    async with served(tls_cert=str(cert), tls_key=str(key)) as hiq:
        url = hiq.server.url + "/livez"
        async with hiq.session.get(url, ssl=context) as answer:
            assert answer.status == 200
            assert "max-age" in answer.headers["Strict-Transport-Security"]


async def test_request_id() -> None:
    """A good request id is echoed, a bad one is replaced."""
    async with served() as hiq:
        headers = (await hiq.get("/livez", **{"X-Request-ID": "abc-1"}))[2]
        assert headers["X-Request-ID"] == "abc-1"
        headers = (await hiq.get("/livez", **{"X-Request-ID": "a b<script>"}))[2]
        assert len(headers["X-Request-ID"]) == 32


async def test_errors_are_json() -> None:
    """Unknown paths and wrong methods answer in JSON."""
    async with served() as hiq:
        code, body, _ = await hiq.get("/nothing")
        assert (code, body["error_code"]) == (404, "not_found")
        code, body, headers = await hiq.get("/livez", method="DELETE")
        assert (code, body["error_code"]) == (405, "method_not_allowed")
        assert "GET" in headers["Allow"]


async def test_a_fault_shows_no_detail(caplog: pytest.LogCaptureFixture) -> None:
    """An unexpected error is logged; the answer holds only the request id."""
    async with served() as hiq:
        hiq.stats.ha.last_event_at = "no time"  # type: ignore[assignment]
        code, body, headers = await hiq.get("/health")
        assert code == 500
        request_id = headers["X-Request-ID"]
        assert body == {"error": "Internal server error", "request_id": request_id}
    assert "request failed" in caplog.text


async def test_a_slow_answer_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """A handler that hangs is cut off by the deadline."""
    monkeypatch.setattr(middleware, "REQUEST_DEADLINE_S", 0.01)

    async def hang(request: web.Request) -> web.Response:
        await asyncio.Event().wait()
        return web.Response()

    stats = good_stats()
    policy = Policy(loopback=False, api_open=True, host="")
    app = web.Application()
    view = View(stats, Recent(NOW), {}, Build("1"), lambda: NOW, lambda: (b"", ""))
    middleware.install(app, policy, view, 0)
    app.router.add_get("/livez", hang)
    server = WebServer(app, bind(HttpSettings(port=0)))
    await server.start()
    asked = Served(stats, server, {})
    try:
        code, body, _ = await asked.get("/livez")
        assert (code, body["error_code"]) == (503, "timeout")
    finally:
        await asked.session.close()
        await server.close()
