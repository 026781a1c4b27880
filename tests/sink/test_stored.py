"""What a sink was given is read back from it: real databases, and a documented fake."""

from __future__ import annotations

import pytest
from tests.fake_influx import FakeInflux

from hiq.errors import SinkUnreadable
from hiq.packing import compress
from hiq.settings import SinkSettings
from hiq.sink import make, make_reader
from hiq.sink.base import Batch, Done
from hiq.sink.decode import decode, decode_series
from hiq.sink.stored import entity_of, nanoseconds

BASE_NS = 1_795_197_600 * 10**9 + 123_456_000
LINES = [
    b"m,domain=sensor,entity_id=a,room=x value=1.5,b=-0.0 %d",
    rb'm,domain=sensor,entity_id=a,room=x state="a \"b\" \\ c, d=e" %d',
    "°C,domain=sensor,entity_id=küche value=21.123456789012345 %d".encode(),
    rb"a\ b\,c,domain=light,entity_id=x\ y value=1e+22,entity_id_str=" + b'"z" %d',
    b'q"uote,domain=switch,entity_id=q value=0.1,state="two ""quotes""" %d'.replace(
        b'""quotes""', rb"\"quotes\""
    ),
]


def lines():
    """The lines, at times of their own, and some that are none of an entity."""
    made = [text % (BASE_NS + n * 10**9) for n, text in enumerate(LINES)]
    return [*made, b"hiq_check,source=hiq value=1 %d" % BASE_NS]


def expected(kinds=(float, str)):
    """Measurement, entity and time -> fields of the given kinds."""
    found = {}
    for line in lines()[:-1]:
        ((series, time_ns, fields),) = decode(line)
        measurement, tags = decode_series(series)
        key = (measurement, f"{tags['domain']}.{tags['entity_id']}", time_ns)
        found[key] = {k: v for k, v in fields if isinstance(v, kinds)}
    return {key: fields for key, fields in found.items() if fields}


async def write(settings, folder):
    sink = make(settings, data_dir=folder)
    await sink.start()
    try:
        text = b"\n".join(lines()) + b"\n"
        assert await sink.write(Batch(compress(text), len(lines()))) == Done()
    finally:
        await sink.close()


async def read(settings, folder, start=BASE_NS, end=BASE_NS + 10**12):
    """Everything in a span; parts of a point are joined."""
    reader = make_reader(settings, data_dir=folder)
    found = {}
    try:
        async for each in reader.read(start, end):
            key = (each.measurement, each.entity_id, each.time_ns)
            fields = found.setdefault(key, {})
            assert not fields.keys() & each.fields.keys()
            fields.update(each.fields)
    finally:
        await reader.close()
    return found


async def assert_reads_back(settings, folder):
    await write(settings, folder)
    assert await read(settings, folder) == expected()
    second = BASE_NS + 10**9
    part = await read(settings, folder, start=second, end=second + 1)
    assert {time_ns for _, _, time_ns in part} == {second}
    assert await read(settings, folder, start=second + 1, end=second + 10**9) == {}


async def test_influxdb_1(influxdb, tmp_path):
    """A real InfluxDB 1: names and texts of every kind, to the nanosecond."""
    settings = SinkSettings(
        name="db", type="influxdb1", url=influxdb.url, database="hiq"
    )
    await assert_reads_back(settings, tmp_path)


async def test_influxdb_1_with_a_retention_policy(influxdb, tmp_path):
    """What lies in another policy than the default one is found there."""
    influxdb.query('CREATE RETENTION POLICY "long" ON hiq DURATION INF REPLICATION 1')
    settings = SinkSettings(
        name="db",
        type="influxdb1",
        url=influxdb.url,
        database="hiq",
        retention_policy="long",
    )
    await assert_reads_back(settings, tmp_path)


async def test_influxdb_1_in_chunks(influxdb, tmp_path):
    """More points than fit into one part of the answer come all the same."""
    settings = SinkSettings(
        name="db", type="influxdb1", url=influxdb.url, database="hiq"
    )
    text = b"".join(
        b"m,domain=sensor,entity_id=a value=%d %d\n" % (n, BASE_NS + n * 10**6)
        for n in range(7_000)
    )
    sink = make(settings, data_dir=tmp_path)
    assert await sink.write(Batch(compress(text), 7_000)) == Done()
    await sink.close()
    found = await read(settings, tmp_path)
    assert len(found) == 7_000
    assert sorted(fields["value"] for fields in found.values()) == list(range(7_000))


async def test_victoriametrics(victoriametrics, tmp_path):
    """Numbers in milliseconds, by the names that the server makes."""
    settings = SinkSettings(
        name="db", type="victoriametrics", url=victoriametrics.url, database="house"
    )
    await write(settings, tmp_path)
    found = await read(settings, tmp_path)
    for (measurement, entity, time_ns), fields in expected(float).items():
        cut = time_ns // 10**6 * 10**6
        for name, value in fields.items():
            sample = found[f"{measurement}_{name}", entity, cut][""]
            assert sample == pytest.approx(value, rel=1e-9)
    one_ms = await read(settings, tmp_path, end=BASE_NS + 10**6)
    assert {time_ns for _, _, time_ns in one_ms} == {BASE_NS // 10**6 * 10**6}


async def test_the_embedded_store(tmp_path):
    """The SQLite store, beside whoever writes to it."""
    settings = SinkSettings(name="store", type="sqlite")
    await assert_reads_back(settings, tmp_path)


@pytest.mark.parametrize("version", [2, 3])
async def test_influxdb_2_and_3_as_documented(version, tmp_path):
    """A fake that answers as the reference pages say; no real server is tried."""
    async with FakeInflux(version) as fake:
        settings = SinkSettings(
            name="db",
            type=f"influxdb{version}",
            url=fake.url,
            token=fake.token,
            org=fake.org,
            bucket=fake.place,
            database=fake.place,
        )
        await write(settings, tmp_path)
        found = await read(settings, tmp_path)
        for key, fields in expected().items():
            assert fields.items() <= found[key].items()
        assert found.keys() == expected().keys()
        assert await read(settings, tmp_path, start=BASE_NS - 10**9, end=BASE_NS) == {}


async def test_a_database_that_is_not_there(influxdb, tmp_path):
    """Missing database, nobody there, no store: each in one sentence."""
    base = SinkSettings(name="db", type="influxdb1", url=influxdb.url, database="none")
    with pytest.raises(SinkUnreadable, match=r"cannot read back from db: .*not found"):
        await read(base, tmp_path)
    gone = SinkSettings(
        name="vm", type="victoriametrics", url="http://127.0.0.1:9", timeout=2
    )
    with pytest.raises(SinkUnreadable, match=r"vm: .*[Cc]onnect"):
        await read(gone, tmp_path)
    with pytest.raises(SinkUnreadable, match="there is no store at"):
        await read(SinkSettings(name="store", type="sqlite"), tmp_path)
    with pytest.raises(ValueError, match="stdout cannot be read back"):
        make_reader(SinkSettings(name="out", type="stdout"), data_dir=tmp_path)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-11-20T18:00:00.123456Z", BASE_NS),
        ("2026-11-20 18:00:00.123456001", BASE_NS + 1),
        ("2026-11-20T18:00:00.1+00:00", BASE_NS - 23_456_000),
    ],
)
def test_nanoseconds(text, found):
    """Times of InfluxDB, to the nanosecond."""
    assert nanoseconds(text) == found


@pytest.mark.parametrize("text", ["", "x", "2026-11-20", "2026-11-20T18:00:00+01:00"])
def test_what_is_no_time(text):
    """Anything but a time in UTC is refused."""
    with pytest.raises(ValueError, match="no time in UTC"):
        nanoseconds(text)


@pytest.mark.parametrize(
    ("measurement", "tags", "entity_id"),
    [
        ("W", {"domain": "sensor", "entity_id": "x"}, "sensor.x"),
        ("home", {"domain": "sensor", "entity_id": "sensor.x"}, "sensor.x"),
        ("sensor", {"entity_id": "sensor.x"}, "sensor.x"),
        ("entities", {"domain": "sensor", "entity_id": "x"}, "sensor.x"),
        ("entities", {"domain": "sensor", "entity_id": "sensor.x"}, ""),
        ("entities_disabled", {"domain": "sensor", "entity_id": "sensor.x"}, ""),
        ("devices", {"device_id": "d"}, ""),
        ("m", {"entity_id": "x"}, ""),
    ],
)
def test_whose_state_a_point_is(measurement, tags, entity_id):
    """In every schema; the history of the registry is nobody's state."""
    assert entity_of(measurement, tags) == entity_id
