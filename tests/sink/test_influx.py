"""The HTTP sink against a fake v2 and v3, and bad networks."""

from __future__ import annotations

import logging
import ssl
import subprocess
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs
from tests.fake_influx import FakeInflux, Fault
from tests.proxy import Proxy, Trouble
from tests.servers.process import free_port
from tests.sink.conftest import batch, noise

from hiq.errors import ConfigError
from hiq.settings.schema import SinkSettings
from hiq.sink.base import Done, Hold, Refused, Retry, TooBig
from hiq.sink.influx import ASK_FIRST_BYTES, SMALL_BYTES, InfluxSink

LINES = "m,entity_id=a value=1 1700000000000000001\n"
SECOND = "m,entity_id=b value=2 1700000000000000002\n"
TOKEN = "secret-token"


MADE: list[InfluxSink] = []


@pytest.fixture(autouse=True)
async def close_all() -> AsyncIterator[None]:
    """Close every sink that `v2` made."""
    yield
    while MADE:
        await MADE.pop().close()


def v2(url: str, **more) -> InfluxSink:
    given = {"type": "influxdb2", "bucket": "hiq", "org": "home", "token": TOKEN}
    MADE.append(InfluxSink(SinkSettings(name="db", url=url, **{**given, **more})))
    return MADE[-1]


@pytest.mark.parametrize("version", [2, 3])
async def test_v2_and_v3_write_what_they_get(version, open_sink) -> None:
    """The request is as documented: path, query, login, gzip, unchanged length."""
    async with FakeInflux(version) as server:
        sink = open_sink(
            f"influxdb{version}",
            url=server.url,
            bucket="hiq",
            org="home",
            token=TOKEN,
        )
        one = batch(LINES + SECOND)
        assert await sink.write(one) == Done()
        assert server.lines == (LINES + SECOND).encode().splitlines()
        (seen,) = server.requests
        assert seen.headers["Content-Encoding"] == "gzip"
        assert int(seen.headers["Content-Length"]) == len(one.body)
        wrong = open_sink(
            f"influxdb{version}", url=server.url, bucket="hiq", org="home", token="no"
        )
        assert isinstance(await wrong.write(one), Hold)


def test_v3_gets_one_member_at_a_time() -> None:
    """What no server here could be asked about is not assumed."""
    assert not InfluxSink(SinkSettings(name="a", type="influxdb3")).joins_members


async def test_v2_refuses_all_and_v3_keeps_the_good_lines() -> None:
    """Both answers mean the same to us: some line is bad."""
    bad = batch(LINES + "m broken\n")
    async with FakeInflux(2) as server:
        sink = v2(server.url)
        assert isinstance(await sink.write(bad), Refused)
        assert server.lines == []
    async with FakeInflux(3) as server:
        sink = v2(server.url, type="influxdb3", database="hiq")
        assert isinstance(await sink.write(bad), Refused)
        assert len(server.lines) == 1


@pytest.mark.parametrize(
    ("fault", "after_s"),
    [
        (Fault(429, headers={"Retry-After": "12"}), 12.0),
        (Fault(503, headers={"Retry-After": "3"}), 3.0),
        (Fault(500), None),
        (Fault(200, "<html>captive portal</html>"), None),
    ],
)
async def test_what_can_heal_is_retried(fault, after_s) -> None:
    """Overload and an unexpected 200 are retries; the next attempt succeeds."""
    async with FakeInflux(2) as server:
        server.script.append(fault)
        sink = v2(server.url)
        found = await sink.write(batch(LINES))
        assert isinstance(found, Retry)
        assert found.after_s == after_s
        assert await sink.write(batch(LINES)) == Done()


async def test_redirect_is_not_followed() -> None:
    """Credentials never travel to where a server points."""
    async with FakeInflux(2) as other, FakeInflux(2) as server:
        server.script.append(Fault(307, headers={"Location": other.url}))
        sink = v2(server.url)
        assert isinstance(await sink.write(batch(LINES)), Hold)
        assert other.requests == []


async def test_no_answer_ends_by_the_deadline() -> None:
    """A hung server costs one deadline; the batch may have been stored."""
    async with FakeInflux(2) as server:
        server.script.append(Fault(hang=True, store=True))
        sink = v2(server.url, timeout=0.2)
        found = await sink.write(batch(LINES))
        assert isinstance(found, Retry)
        assert found.sent is True
        assert "0.2 s" in found.reason


async def test_after_a_reset_it_asks_first_and_finds_the_413() -> None:
    """A small body refused early with a reset is found by asking first."""
    async with FakeInflux(2) as server:
        server.script.append(Fault(reset=True))
        sink = v2(server.url)
        found = await sink.write(batch(LINES))
        assert isinstance(found, Retry)
        assert found.sent is True
        server.body_limit = 10
        assert isinstance(await sink.write(batch(LINES)), TooBig)
        assert server.requests[-1].headers["Expect"] == "100-continue"
        server.body_limit = 1_000_000
        assert await sink.write(batch(LINES)) == Done()
        assert "Expect" not in server.requests[-1].headers


async def test_early_answer_before_the_body_is_never_done() -> None:
    """Whether the 413 or the reset wins the race, the batch is kept."""
    async with FakeInflux(2) as server:
        server.script.append(Fault(413, early=True))
        sink = v2(server.url)
        found = await sink.write(batch(noise(ASK_FIRST_BYTES // 4)))
        assert isinstance(found, TooBig | Retry)


async def test_who_ignores_the_question_is_not_asked_again() -> None:
    """Without a go-ahead the write ends by its deadline, the next one just sends."""
    async with FakeInflux(2) as server:
        server.ignores_expect = True
        server.script += [Fault(500), Fault(204)]
        sink = v2(server.url, timeout=0.5)
        big = batch(noise(ASK_FIRST_BYTES + 1000))
        assert isinstance(await sink.write(big), Retry)
        client = sink._client
        client._settings = structs.replace(client._settings, timeout=30.0)
        assert await sink.write(big) == Done()
        assert "Expect" not in server.requests[-1].headers


async def test_resets_only_ever_mean_too_big() -> None:
    """A big batch that meets nothing but resets is tried in halves."""
    async with FakeInflux(2) as server:
        server.script += [Fault(reset=True)] * 4
        sink = v2(server.url)
        big = batch(noise(SMALL_BYTES), LINES)
        found = [type(await sink.write(big)) for _ in range(3)]
        assert found == [Retry, Retry, TooBig]
        assert await sink.write(batch(LINES, SECOND)) != Done()
        assert await sink.write(batch(LINES, SECOND)) == Done()


@pytest.mark.parametrize("at", [0, 20, 500])
async def test_connection_cut_while_sending(at) -> None:
    """A connection that breaks inside the request is a retry, and heals."""
    async with FakeInflux(2) as server, Proxy(port(server)) as proxy:
        proxy.up = Trouble(cut_at=at, reset=True)
        sink = v2(proxy.url)
        one = batch(noise(1000))
        found = await sink.write(one)
        assert isinstance(found, Retry)
        assert found.sent is True
        proxy.up = Trouble()
        assert await sink.write(one) == Done()


async def test_answer_cut_in_the_middle_is_not_a_promise() -> None:
    """Half a status line confirms nothing."""
    async with FakeInflux(2) as server, Proxy(port(server)) as proxy:
        proxy.down = Trouble(cut_at=10)
        sink = v2(proxy.url)
        found = await sink.write(batch(LINES))
        assert isinstance(found, Retry)
        assert found.reason == "connection lost: the server hung up"
        assert len(server.lines) == 1


async def test_answer_without_end_is_bounded() -> None:
    """A huge answer is read only as far as a reason needs."""
    async with FakeInflux(2) as server:
        server.script.append(Fault(400, "x" * 3_000_000))
        sink = v2(server.url)
        found = await sink.write(batch(LINES))
        assert isinstance(found, Refused)
        assert len(found.reason) < 1000
        assert await sink.write(batch(LINES)) == Done()


async def test_known_limit_is_not_even_tried() -> None:
    """A batch above the documented limit is halved without sending it."""
    sink = InfluxSink(SinkSettings(name="a", type="influxdb3"))
    many = replace(batch(LINES + SECOND), body=b"x" * (sink.body_limit + 1))
    assert isinstance(await sink.write(many), TooBig)


async def test_nobody_there_and_no_such_name() -> None:
    """Connection refused and unknown hosts are retries that sent nothing."""
    here = f"127.0.0.1:{free_port()}"
    for host, reason in ((here, "Connection refused"), ("no.such.invalid:1", "")):
        sink = v2(f"http://{host}")
        found = await sink.write(batch(LINES))
        assert isinstance(found, Retry)
        assert found.sent is False
        assert found.reason.startswith(f"Cannot connect to {host}: {reason}")
        assert "[" not in found.reason


async def test_no_token_in_logs_errors_or_reprs(caplog) -> None:
    """Whatever goes wrong, the secret stays inside."""
    caplog.set_level(logging.DEBUG)
    shown = []
    async with FakeInflux(2) as server:
        server.script += [Fault(401), Fault(reset=True), Fault(503), Fault(302)]
        sink = v2(server.url)
        for _ in range(4):
            shown.append(repr(await sink.write(batch(LINES))))
        shown += [repr(sink), repr(sink._dialect), repr(await sink.check())]
        await sink.close()
    assert TOKEN not in "".join(shown) + caplog.text


def test_bad_url_is_a_settings_error() -> None:
    """A URL that cannot work is refused when the sink is made."""
    with pytest.raises(ConfigError, match="sink db: url"):
        v2("nonsense")


def test_unusable_ca_certificate_is_a_settings_error(tmp_path) -> None:
    """A CA file that is missing or no certificate is said when the sink is made."""
    junk = tmp_path / "ca.pem"
    junk.write_text("junk")
    for path in (junk, tmp_path / "missing.pem"):
        with pytest.raises(ConfigError, match="ca_cert"):
            v2("https://localhost:1", ca_cert=str(path))


async def test_close_twice() -> None:
    """Closing is idempotent, also without a start."""
    sink = v2("http://localhost:1")
    await sink.close()
    await sink.start()
    await sink.close()
    await sink.close()
    assert sink._client._idle == []


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, ssl.SSLContext]:
    """Give a self-signed certificate of 127.0.0.1, and a context of its server."""
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(key), "-out", str(cert)),
        ],
        check=True,
        capture_output=True,
        timeout=60,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return cert, context


async def test_tls_is_verified(certificate) -> None:
    """An unknown certificate is held; known, or accepted by the user, it is used."""
    cert, context = certificate
    async with FakeInflux(2, tls=context) as server:
        found = await v2(server.url).write(batch(LINES))
        assert isinstance(found, Hold)
        assert "ca_cert" in found.advice
        assert server.requests == []
        assert await v2(server.url, ca_cert=str(cert)).write(batch(LINES)) == Done()
        assert await v2(server.url, verify_ssl=False).write(batch(LINES)) == Done()


def port(server: FakeInflux) -> int:
    return int(server.url.rpartition(":")[2])
