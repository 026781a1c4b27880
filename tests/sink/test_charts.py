"""Charts of an entity: the rules, and databases with the same points in them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.fake_influx import FakeInflux
from tests.servers.databases import InfluxDB, VictoriaMetrics
from tests.servers.process import http_request

from hiq.errors import SinkUnreadable, StoreError
from hiq.packing import compress
from hiq.settings import SinkSettings
from hiq.sink import make, make_charts
from hiq.sink.base import Batch, Done
from hiq.sink.charted import (
    Charted,
    ChartReader,
)

START_S = 1_790_000_000
NS = 10**9


def lines() -> bytes:
    """A sensor that changes its unit, a light, a text, whole ids, a row of a registry."""
    made = [
        f"°C,domain=sensor,entity_id=bath value={20 + i / 8} {(START_S + i) * NS + 125}"
        for i in range(100)
    ]
    made += [
        f"°F,domain=sensor,entity_id=bath value={70 + i} {(START_S + 100 + i) * NS}"
        for i in range(20)
    ]
    made += [
        f'light.lamp,domain=light,entity_id=lamp state="{word}",value={number} '
        f"{(START_S + i) * NS}"
        for i, (word, number) in enumerate(
            [("off", 0), ("off", 0), ("on", 1), ("on", 1), ("off", 0)]
        )
    ]
    made += [
        f'sensor.mode,domain=sensor,entity_id=mode state="{word}" {(START_S + i) * NS}'
        for i, word in enumerate(["eco", "it's", "eco"])
    ]
    made.append(
        "home_assistant_events,domain=sensor,entity_id=sensor.whole "
        f'state_value="1",state_numeric=1 {START_S * NS}'
    )
    made.append(f"sensor,entity_id=sensor.tidy value=7.5 {START_S * NS}")
    made.append(f'entities,entity_id=sensor.gone state="a row" {START_S * NS}')
    return ("\n".join(made) + "\n").encode()


async def fill(settings: SinkSettings, folder: Path) -> None:
    """Write those points as the service does."""
    sink = make(settings, data_dir=folder)
    await sink.start()
    try:
        assert await sink.write(Batch(compress(lines()), 130)) == Done()
    finally:
        await sink.close()


@asynccontextmanager
async def database(
    kind: str, folder: Path, request: pytest.FixtureRequest
) -> AsyncIterator[SinkSettings]:
    """An empty database of a kind, and the settings of a sink to it."""
    if kind == "sqlite":
        yield SinkSettings(name="db", type="sqlite", path="db.db")
    elif kind == "influxdb1":
        server: InfluxDB = request.getfixturevalue("influxdb")
        yield SinkSettings(name="db", type=kind, url=server.url, database="hiq")
    elif kind in {"influxdb2", "influxdb3"}:
        behind: InfluxDB = request.getfixturevalue("influxdb")
        async with FakeInflux(2 if kind[-1] == "2" else 3, influxql=behind.url) as fake:
            yield SinkSettings(
                name="db",
                type=kind,
                url=fake.url,
                token=fake.token,
                org=fake.org,
                bucket=fake.place,
                database=fake.place,
            )
    else:
        vm: VictoriaMetrics = request.getfixturevalue("victoriametrics")
        yield SinkSettings(name="db", type="victoriametrics", url=vm.url, database="h")


@asynccontextmanager
async def charts(
    kind: str, folder: Path, request: pytest.FixtureRequest
) -> AsyncIterator[ChartReader]:
    """A database with those points, read for charts."""
    async with database(kind, folder, request) as settings:
        await fill(settings, folder)
        if kind in {"influxdb2", "influxdb3"}:  # who answers behind the fake
            request.getfixturevalue("influxdb").write(lines())
        if kind == "victoriametrics":  # else they are visible after a second
            http_request(f"{settings.url}/internal/force_flush")
        made = make_charts(settings, data_dir=folder)
        try:
            yield made
        finally:
            await made.close()
            await made.close()


WORDY = [
    "sqlite",
    *(pytest.param(f"influxdb{n}", marks=pytest.mark.real) for n in (1, 2, 3)),
]
"""Databases that keep texts; InfluxDB 2 and 3 are a fake before InfluxDB 1."""
MUTE = [pytest.param("victoriametrics", marks=pytest.mark.real)]


@pytest.fixture(params=[*WORDY, *MUTE])
async def reader(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[ChartReader]:
    """Give each of the databases that can be read."""
    async with charts(request.param, tmp_path, request) as made:
        yield made


@pytest.fixture(params=WORDY)
async def wordy(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[ChartReader]:
    """Give each of the databases that keep texts."""
    async with charts(request.param, tmp_path, request) as made:
        yield made


@pytest.fixture(params=MUTE)
async def mute(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[ChartReader]:
    """Give each of the databases that keep numbers only."""
    async with charts(request.param, tmp_path, request) as made:
        yield made


def span(first_s: float, last_s: float) -> tuple[int, int]:
    """Nanoseconds of a span that begins so long after the first point."""
    return int((START_S + first_s) * NS), int((START_S + last_s) * NS)


async def test_each_point_where_there_are_few(reader: ChartReader) -> None:
    """Times and values are those that were written, also across a change of unit."""
    found = await reader.chart("sensor.bath", *span(0, 1000), 1000)
    assert (found.kind, found.field, found.measurement) == ("number", "value", "°F")
    assert (found.points, found.step_s) == (120, 0.0)
    assert found.values == [20 + i / 8 for i in range(100)] + [
        70.0 + i for i in range(20)
    ]
    assert found.times[0] == (START_S * NS + 125) / 1e9
    assert found.times[-1] == START_S + 119
    assert found.times == sorted(found.times)


async def test_means_where_there_are_many(reader: ChartReader) -> None:
    """Equal steps from round times, each with mean, lowest and highest of its points."""
    found = await reader.chart("sensor.bath", *span(0, 100), 10)
    assert (found.kind, found.points, found.step_s) == ("number", 100, 10)
    assert found.times == [START_S + 10 * i for i in range(10)]
    tens = [[20 + (10 * i + j) / 8 for j in range(10)] for i in range(10)]
    assert found.low == [min(ten) for ten in tens]
    assert found.high == [max(ten) for ten in tens]
    assert found.values == pytest.approx([sum(ten) / 10 for ten in tens])


async def test_a_span_takes_its_first_moment_and_not_its_last(
    reader: ChartReader,
) -> None:
    """As everywhere in hiq: from is included, to is not."""
    found = await reader.chart("sensor.bath", *span(100, 103), 1000)
    assert found.values == [70.0, 71.0, 72.0]


async def test_steps_at_the_ends_are_cut(reader: ChartReader) -> None:
    """What lies outside the span is in no step, not even in one that lies half in it."""
    found = await reader.chart("sensor.bath", *span(5, 95), 10)
    assert (found.points, found.step_s) == (90, 10)
    assert found.times == [START_S + 10 * i for i in range(10)]
    assert (found.low[0], found.high[0]) == (20 + 5 / 8, 20 + 9 / 8)
    assert (found.low[-1], found.high[-1]) == (20 + 90 / 8, 20 + 94 / 8)
    assert found.values[0] == pytest.approx(20 + 7 / 8)


async def test_a_span_of_centuries(reader: ChartReader) -> None:
    """From 1970 to the farthest moment that may be asked for."""
    found = await reader.chart("sensor.bath", 0, 9_000_000_000 * NS, 1000)
    assert (found.points, found.times[-1]) == (120, START_S + 119)
    found = await reader.chart("sensor.bath", 0, 9_000_000_000 * NS, 100)
    assert (found.points, min(found.low), max(found.high)) == (120, 20.0, 89.0)


async def test_a_light_says_on_and_off(wordy: ChartReader) -> None:
    """Words beat 0 and 1; only changes are shown, and the last one of all."""
    found = await wordy.chart("light.lamp", *span(0, 1000), 1000)
    assert (found.kind, found.field, found.points) == ("text", "state", 5)
    assert found.values == ["off", "on", "off"]
    assert found.times == [START_S, START_S + 2, START_S + 4]


async def test_a_text_alone_is_text(wordy: ChartReader) -> None:
    """Each change of it is shown."""
    found = await wordy.chart("sensor.mode", *span(0, 1000), 1000)
    assert found.values == ["eco", "it's", "eco"]


async def test_where_no_texts_are_kept(mute: ChartReader) -> None:
    """On and off are 1 and 0, and what never was a number has no chart."""
    light = await mute.chart("light.lamp", *span(0, 1000), 1000)
    assert (light.kind, light.field, light.points) == ("number", "value", 5)
    assert light.values == [0, 0, 1, 1, 0]
    assert await mute.chart("sensor.mode", *span(0, 1000), 1000) == Charted()


async def test_whole_ids(reader: ChartReader) -> None:
    """A whole id in the tag is found, its number is a number."""
    whole = await reader.chart("sensor.whole", *span(0, 1000), 1000)
    assert (whole.kind, whole.field, whole.values) == ("number", "state_numeric", [1.0])
    tidy = await reader.chart("sensor.tidy", *span(0, 1000), 1000)
    assert (tidy.measurement, tidy.values) == ("sensor", [7.5])


@pytest.mark.parametrize(
    "entity_id", ["sensor.none", "x", "", "sensor.'; DROP", 'a.\\" OR 1=1', "ž.ü\n"]
)
async def test_who_is_not_there(reader: ChartReader, entity_id: str) -> None:
    """Nothing, whatever the id looks like."""
    found = await reader.chart(entity_id, *span(0, 1000), 1000)
    assert (found.kind, found.points, found.times) == ("none", 0, [])
    assert (await reader.chart("sensor.bath", *span(5, 5), 10)).kind == "none"


async def test_who_is_held(reader: ChartReader) -> None:
    """Every entity once, with its measurements and the time of its newest point."""
    found = {one.entity_id: one for one in await reader.held()}
    names = ["light.lamp", "sensor.bath", "sensor.mode", "sensor.tidy", "sensor.whole"]
    assert list(found) == names
    assert found["sensor.bath"].measurements == ("°C", "°F")
    assert found["sensor.bath"].last_ns == (START_S + 119) * NS
    assert found["sensor.whole"].last_ns == START_S * NS


async def test_a_database_that_is_not_there(tmp_path: Path) -> None:
    """The errors of reading back, and no other ones."""
    gone = SinkSettings(name="a", type="sqlite", path="none.db")
    with pytest.raises(StoreError, match="no store"):
        await make_charts(gone, data_dir=tmp_path).held()
    url = "http://127.0.0.1:9"
    deaf = SinkSettings(name="b", type="influxdb1", url=url, database="hiq", timeout=2)
    reader = make_charts(deaf, data_dir=tmp_path)
    with pytest.raises(SinkUnreadable, match="cannot read back from b"):
        await reader.chart("sensor.bath", *span(0, 1), 10)
    await reader.close()


@pytest.mark.real
async def test_an_error_of_influxql_is_told(influxdb: InfluxDB, tmp_path: Path) -> None:
    """A database that does not exist answers 200 with an error in it."""
    settings = SinkSettings(
        name="db", type="influxdb1", url=influxdb.url, database="nope"
    )
    reader = make_charts(settings, data_dir=tmp_path)
    with pytest.raises(SinkUnreadable, match="database not found"):
        await reader.held()
    await reader.close()


@pytest.mark.real
async def test_a_bucket_with_a_slash(influxdb: InfluxDB, tmp_path: Path) -> None:
    """InfluxDB 2 maps it to database and retention policy."""
    async with FakeInflux(2, influxql=influxdb.url, place="hiq") as fake:
        settings = SinkSettings(
            name="db",
            type="influxdb2",
            url=fake.url,
            token=fake.token,
            org=fake.org,
            bucket="hiq/autogen",
        )
        reader = make_charts(settings, data_dir=tmp_path)
        assert await reader.held() == []
        assert fake.requests[-1].query["rp"] == "autogen"
        await reader.close()


@pytest.mark.real
async def test_a_token_that_may_not(influxdb: InfluxDB, tmp_path: Path) -> None:
    """The refusal is told in the server's words, without the token."""
    async with FakeInflux(3, influxql=influxdb.url) as fake:
        settings = SinkSettings(
            name="db", type="influxdb3", url=fake.url, token="other", database="hiq"
        )
        reader = make_charts(settings, data_dir=tmp_path)
        with pytest.raises(SinkUnreadable, match=r"401: .*unauthorized") as caught:
            await reader.held()
        assert "other" not in str(caught.value)
        await reader.close()
