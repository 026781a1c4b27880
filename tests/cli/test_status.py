"""`hiq status` against a served set of counters."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from aiohttp import web
from click.testing import CliRunner, Result

from hiq.cli import cli
from hiq.errors import ServiceUnreachable
from hiq.settings import HttpSettings
from hiq.web.bind import bind
from hiq.web.server import WebServer
from tests.web.serving import self_signed, served


async def invoke(*arguments: str) -> Result:
    """Run the command in a thread, while the loop serves."""
    return await asyncio.to_thread(CliRunner().invoke, cli, ["status", *arguments])


async def test_for_people() -> None:
    """State, counters, journal and sinks are named; status 0."""
    async with served() as hiq:
        hiq.stats.received = hiq.stats.filtered = 5
        hiq.stats.sinks["influxdb"].state = "retrying"
        hiq.stats.sinks["influxdb"].last_error = "refused"
        result = await invoke("--url", hiq.server.url)
    assert result.exit_code == 0
    assert "hiq 1.2.3: degraded, up 1000 s" in result.output
    assert "! sink:influxdb: is being retried: refused" in result.output
    assert "connected, subscribed  http://ha.lan:8123" in result.output
    assert "received 5" in result.output
    assert "journal         writable, 0 B of 1000 B" in result.output
    assert "sink influxdb   retrying  written 0" in result.output


async def test_as_json() -> None:
    """--json prints the document of /health."""
    async with served() as hiq:
        result = await invoke("--url", hiq.server.url, "--json")
    assert json.loads(result.output)["status"] == "healthy"


async def test_unhealthy_is_status_1() -> None:
    """An unhealthy service is found, and its reasons are shown."""
    async with served() as hiq:
        hiq.stats.journal.writable = False
        result = await invoke("--url", hiq.server.url)
        assert (result.exit_code, "NOT WRITABLE" in result.output) == (1, True)
        result = await invoke("--url", hiq.server.url, "--quiet")
        assert (result.exit_code, result.output) == (0, "")


async def test_the_address_comes_from_the_settings(tmp_path: Path) -> None:
    """Without --url it asks where the settings say the service is."""
    async with served() as hiq:
        config = tmp_path / "hiq.yaml"
        port = hiq.server.url.rpartition(":")[2]
        config.write_text(f"http: {{host: 0.0.0.0, port: {port}}}\n")
        result = await invoke("--config", str(config))
    assert result.exit_code == 0, result.output


async def test_its_own_certificate_is_trusted(tmp_path: Path) -> None:
    """A service with a certificate of its own making is reached by its settings."""
    cert, key = self_signed(tmp_path)
    async with served(tls_cert=str(cert), tls_key=str(key)) as hiq:
        config = tmp_path / "hiq.yaml"
        port = hiq.server.url.rpartition(":")[2]
        config.write_text(f"http: {{port: {port}, tls_cert: {cert}, tls_key: {key}}}\n")
        result = await invoke("--config", str(config), "--quiet")
        assert result.exit_code == 0, result.exception
        result = await invoke("--url", hiq.server.url, "--quiet")
        assert "CERTIFICATE_VERIFY_FAILED" in str(result.exception)


@pytest.mark.parametrize("quiet", [True, False])
async def test_nobody_there(quiet: bool) -> None:
    """No answer is ServiceUnreachable, which main turns into status 3."""
    bound = bind(HttpSettings(port=0))
    bound.close()
    result = await invoke("--url", bound.url, *(["--quiet"] if quiet else []))
    assert isinstance(result.exception, ServiceUnreachable)
    said = f"no hiq answers at {bound.url}: Connection refused; is `hiq serve` running?"
    assert str(result.exception) == said


@pytest.mark.parametrize("body", ["[]", "{}", "hello", ""])
async def test_somebody_else_there(body: str) -> None:
    """A foreign server is not taken for hiq."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=body)

    app = web.Application()
    app.router.add_get("/health", answer)
    server = WebServer(app, bind(HttpSettings(port=0)))
    await server.start()
    try:
        result = await invoke("--url", server.url)
    finally:
        await server.close()
    assert isinstance(result.exception, ServiceUnreachable)
    assert "(status 200) is another program" in str(result.exception)


async def test_a_url_without_sense() -> None:
    """A URL that names no host is no answer."""
    result = await invoke("--url", "nonsense")
    assert isinstance(result.exception, ServiceUnreachable)
