"""The HTTP sink against real InfluxDB 1 and VictoriaMetrics."""

from __future__ import annotations

import pytest
from tests.proxy import Proxy, Trouble
from tests.servers.databases import InfluxDB, VictoriaMetrics
from tests.sink.conftest import batch, noise

from hiq.sink.base import Done, Hold, Refused, Retry, TooBig
from hiq.sink.influx import ASK_FIRST_BYTES

LINES = "m,entity_id=a value=1 1700000000000000001\n"
SECOND = "m,entity_id=b value=2 1700000000000000002\n"
TOKEN = "secret-token"


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
