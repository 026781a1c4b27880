"""What `hiq check` finds out about a database, and leaves behind in it."""

from __future__ import annotations

import pytest
from tests.fake_influx import FakeInflux, Fault
from tests.servers.databases import InfluxDB, VictoriaMetrics
from tests.servers.process import free_port

TOKEN = "secret-token"


def results(rows) -> list[tuple[str, bool]]:
    return [(row.name, row.ok) for row in rows]


@pytest.mark.real
async def test_influxdb1_is_written_and_read(influxdb: InfluxDB, open_sink) -> None:
    """One point in hiq_check comes back; nothing else is touched."""
    sink = open_sink("influxdb1", url=influxdb.url, database="hiq")
    rows = await sink.check()
    assert results(rows) == [("reachable", True), ("write", True), ("read back", True)]
    assert "1.6" in rows[0].detail
    (point,) = influxdb.points()
    assert point["_measurement"] == "hiq_check"
    assert point["value"] == 1


@pytest.mark.real
async def test_influxdb1_missing_database(influxdb: InfluxDB, open_sink) -> None:
    """A missing database is said with the command that makes it."""
    sink = open_sink("influxdb1", url=influxdb.url, database="none")
    rows = await sink.check()
    assert results(rows) == [("reachable", True), ("write", False)]
    assert "CREATE DATABASE" in rows[1].advice


@pytest.mark.real
async def test_influxdb1_with_retention_policy(influxdb: InfluxDB, open_sink) -> None:
    """The point is looked for where it was written."""
    influxdb.query(
        'CREATE RETENTION POLICY "long" ON "hiq" DURATION 400d REPLICATION 1'
    )
    sink = open_sink(
        "influxdb1", url=influxdb.url, database="hiq", retention_policy="long"
    )
    assert results(await sink.check())[-1] == ("read back", True)


@pytest.mark.real
async def test_a_server_of_another_version_is_told(influxdb, open_sink) -> None:
    """The API of version 2 is not looked for on a server that lacks it."""
    sink = open_sink("influxdb2", url=influxdb.url, bucket="x")
    (row,) = await sink.check()
    assert not row.ok
    assert "influxdb2" in row.advice


@pytest.mark.real
async def test_victoriametrics_is_flushed_and_read(
    victoriametrics: VictoriaMetrics, open_sink
) -> None:
    """The fresh point is found, although the server shows it late by itself."""
    sink = open_sink("victoriametrics", url=victoriametrics.url)
    rows = await sink.check()
    assert results(rows) == [
        ("reachable", True),
        ("write", True),
        ("read back", True),
    ]
    (series,) = victoriametrics.export()
    assert series["metric"]["__name__"] == "hiq_check_value"


@pytest.mark.real
async def test_victoriametrics_that_drops_points_is_found(tmp_path, open_sink) -> None:
    """A point outside of the retention is dropped with a 204: the check sees it."""
    server = VictoriaMetrics(tmp_path / "vm", flags=["-retentionPeriod=1d"])
    try:
        server.start()
        sink = open_sink("victoriametrics", url=server.url)
        sink._clock = lambda: 1_600_000_000.0
        rows = dict(results(await sink.check()))
        assert rows["write"] is True
        assert rows["read back"] is False
        assert rows["dropped behind 204"] is False
    finally:
        server.kill()


@pytest.mark.parametrize("version", [2, 3])
async def test_v2_and_v3_are_written_and_read(version, open_sink) -> None:
    """The documented query finds the point that was written."""
    async with FakeInflux(version) as server:
        sink = open_sink(
            f"influxdb{version}", url=server.url, bucket="hiq", org="home", token=TOKEN
        )
        rows = await sink.check()
        assert results(rows) == [
            ("reachable", True),
            ("write", True),
            ("read back", True),
        ]
        assert [line.split(b",")[0] for line in server.lines] == [b"hiq_check"]


@pytest.mark.parametrize("version", [2, 3])
async def test_a_confirmed_point_that_is_not_there(version, open_sink) -> None:
    """A 204 without the point is a finding."""
    async with FakeInflux(version) as server:
        server.script.append(Fault(204))
        sink = open_sink(
            f"influxdb{version}", url=server.url, bucket="hiq", org="home", token=TOKEN
        )
        rows = await sink.check()
        assert results(rows)[-1] == ("read back", False)
        assert rows[-1].advice


async def test_wrong_token(open_sink) -> None:
    """Bad credentials are found by the write, with what to do."""
    async with FakeInflux(2) as server:
        sink = open_sink(
            "influxdb2", url=server.url, bucket="hiq", org="home", token="wrong"
        )
        rows = await sink.check()
        assert results(rows) == [("reachable", True), ("write", False)]
        assert "token" in rows[1].advice
        assert "wrong" not in repr(rows)


async def test_overloaded_server(open_sink) -> None:
    """An answer that would be retried fails the check with its words."""
    async with FakeInflux(2) as server:
        server.script.append(Fault(503, "engine is busy"))
        sink = open_sink("influxdb2", url=server.url, bucket="hiq", token=TOKEN)
        rows = await sink.check()
        assert rows[1].ok is False
        assert "engine is busy" in rows[1].detail


@pytest.mark.parametrize("kind", ["influxdb1", "victoriametrics"])
async def test_nobody_there(kind, open_sink) -> None:
    """A server that is down is one finding, and nothing else is tried."""
    sink = open_sink(kind, url=f"http://127.0.0.1:{free_port()}")
    (row,) = await sink.check()
    assert row.name == "reachable"
    assert not row.ok
    assert "running" in row.advice


async def test_something_else_answers(open_sink) -> None:
    """A web server that knows no ping is not taken for a database."""
    async with FakeInflux(2) as server:
        sink = open_sink("victoriametrics", url=server.url)
        (row,) = await sink.check()
        assert not row.ok
        assert "404" in row.detail
