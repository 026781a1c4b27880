"""The HTTP sink against real InfluxDB 1 and VictoriaMetrics, and a fake v2 and v3."""

from __future__ import annotations

import logging
import os
import ssl
import subprocess
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.fake_influx import FakeInflux, Fault
from tests.proxy import Proxy, Trouble
from tests.servers.databases import InfluxDB, VictoriaMetrics
from tests.servers.process import free_port
from tests.sink.conftest import batch

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


def noise(size: int) -> bytes:
    """Return one valid line that gzip cannot shrink below about `size` bytes."""
    parts = (os.urandom(1000).hex().encode() for _ in range(size // 1000 + 1))
    return b"m " + b",".join(b's%d="%s"' % pair for pair in enumerate(parts)) + b" 1\n"


@pytest.mark.real
async def test_influxdb1_stores_all_members(influxdb: InfluxDB, open_sink) -> None:
    """A body of several gzip members is stored whole, to the nanosecond."""
    sink = open_sink("influxdb1", url=influxdb.url, database="hiq")
    assert sink.joins_members
    assert await sink.write(batch(LINES, "", SECOND)) == Done()
    rows = [(r["time"], r["entity_id"], r["value"]) for r in influxdb.points()]
    assert rows == [(1700000000000000001, "a", 1), (1700000000000000002, "b", 2)]


@pytest.mark.real
async def test_influxdb1_repeats_are_the_same_point(influxdb, open_sink) -> None:
    """Sending identical bytes again changes nothing."""
    sink = open_sink("influxdb1", url=influxdb.url, database="hiq")
    for _ in range(3):
        assert await sink.write(batch(LINES)) == Done()
    assert len(influxdb.points()) == 1


@pytest.mark.real
async def test_influxdb1_bad_line_is_refused_with_its_words(
    influxdb, open_sink
) -> None:
    """A malformed line and a type conflict come back in the server's words."""
    sink = open_sink("influxdb1", url=influxdb.url, database="hiq")
    bad = await sink.write(batch(LINES + "m value=x 5\n"))
    assert isinstance(bad, Refused)
    assert "unable to parse" in bad.reason
    conflict = await sink.write(batch('m,entity_id=a value="t" 1700000000000000009\n'))
    assert isinstance(conflict, Refused)
    assert "field type conflict" in conflict.reason


@pytest.mark.real
async def test_influxdb1_missing_database_is_held(influxdb, open_sink) -> None:
    """A database that does not exist keeps the data and says how to make it."""
    sink = open_sink("influxdb1", url=influxdb.url, database="other")
    found = await sink.write(batch(LINES))
    assert isinstance(found, Hold)
    assert "CREATE DATABASE" in found.advice
    influxdb.create_database("other")
    assert await sink.write(batch(LINES)) == Done()


@pytest.mark.real
async def test_influxdb1_login(tmp_path, open_sink) -> None:
    """Right credentials write, wrong ones are held."""
    switch = {"INFLUXDB_HTTP_AUTH_ENABLED": "false"}
    server = InfluxDB(tmp_path / "influxdb", settings=switch)
    try:
        server.start()
        server.query("CREATE USER root WITH PASSWORD 'pass word' WITH ALL PRIVILEGES")
        server.stop()
        server._settings["INFLUXDB_HTTP_AUTH_ENABLED"] = "true"
        server.start()
        right = {"url": server.url, "database": "hiq", "username": "root"}
        sink = open_sink("influxdb1", password="pass word", **right)
        assert await sink.write(batch(LINES)) == Done()
        sink = open_sink("influxdb1", password="wrong", **right)
        found = await sink.write(batch(LINES))
        assert isinstance(found, Hold)
        assert "wrong" not in found.reason + found.advice
    finally:
        server.kill()


@pytest.mark.real
async def test_influxdb1_early_413_is_found(tmp_path, open_sink) -> None:
    """A body above the server's limit gives TooBig, although it is never read."""
    limit = {"INFLUXDB_HTTP_MAX_BODY_SIZE": str(2 * ASK_FIRST_BYTES)}
    server = InfluxDB(tmp_path / "influxdb", settings=limit)
    try:
        server.start()
        sink = open_sink("influxdb1", url=server.url, database="hiq")
        found = await sink.write(batch(noise(3 * ASK_FIRST_BYTES)))
        assert isinstance(found, TooBig)
        found = await sink.write(batch(noise(ASK_FIRST_BYTES + 5000)))
        assert found == Done()
    finally:
        server.kill()


@pytest.mark.real
async def test_influxdb1_refuses_a_body_that_was_damaged_on_the_way(
    influxdb: InfluxDB, open_sink
) -> None:
    """One flipped bit stores nothing (gzip has a checksum); the repeat is whole."""
    async with Proxy(influxdb.port) as proxy:
        proxy.up = Trouble(corrupt_at=500)
        sink = open_sink("influxdb1", url=proxy.url, database="hiq")
        one = batch(noise(1000))
        assert isinstance(await sink.write(one), Refused)
        assert influxdb.points() == []
        proxy.up = Trouble(split=100)
        proxy.drop()
        while await sink.write(one) != Done():
            pass
        assert len(influxdb.points()) == 1


@pytest.mark.real
async def test_influxdb1_stall_and_resume(influxdb: InfluxDB, open_sink) -> None:
    """A network that stalls costs the deadline; the same bytes then go through once."""
    async with Proxy(influxdb.port) as proxy:
        proxy.up = Trouble(stall_at=200)
        sink = open_sink("influxdb1", url=proxy.url, database="hiq", timeout=0.3)
        found = await sink.write(batch(LINES))
        assert isinstance(found, Retry)
        assert found.sent
        proxy.up = Trouble()
        proxy.resume()
        sink = open_sink("influxdb1", url=proxy.url, database="hiq")
        assert await sink.write(batch(LINES)) == Done()
        assert len(influxdb.points()) == 1


@pytest.mark.real
async def test_influxdb1_down_and_up(influxdb: InfluxDB, open_sink) -> None:
    """A stopped server is a retry that was not sent; started again it works."""
    sink = open_sink("influxdb1", url=influxdb.url, database="hiq")
    assert await sink.write(batch(LINES)) == Done()
    influxdb.stop()
    found = await sink.write(batch(LINES))
    assert isinstance(found, Retry)
    found = await sink.write(batch(LINES))
    assert isinstance(found, Retry)
    assert found.sent is False
    influxdb.start()
    assert await sink.write(batch(SECOND)) == Done()
    assert len(influxdb.points()) == 2


@pytest.mark.real
async def test_victoriametrics_takes_all_members(
    victoriametrics: VictoriaMetrics, open_sink
) -> None:
    """A body of several members arrives whole, at millisecond stamps, once."""
    sink = open_sink("victoriametrics", url=victoriametrics.url)
    assert sink.joins_members
    lines = [
        "".join(
            f"m,entity_id=a value={n} {1_700_000_000_000_000_000 + n * 10**9}\n"
            for n in range(part, part + 500)
        )
        for part in range(0, 3000, 500)
    ]
    assert await sink.write(batch(*lines)) == Done()
    (series,) = victoriametrics.export('{__name__="m_value"}')
    assert sorted(series["values"]) == list(range(3000))
    assert min(series["timestamps"]) == 1_700_000_000_000


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
    assert sink._client._session is None


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
