"""VictoriaMetrics as a source of charts: what only this server does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from tests.servers.databases import VictoriaMetrics
from tests.servers.process import http_request

from hiq.errors import SinkUnreadable
from hiq.settings import SinkSettings
from hiq.sink import chart_vm, make_charts
from hiq.sink.charted import Charted, ChartReader

NS = 10**9
DAY_S = 86_400
NOW_S = int(time.time()) - 1

Read = Callable[..., ChartReader]


@pytest.fixture
async def read(victoriametrics: VictoriaMetrics, tmp_path: Path) -> AsyncIterator[Read]:
    """Give a function that writes lines and returns what reads them."""
    made: list[ChartReader] = []

    def written(lines: list[str], **more: object) -> ChartReader:
        victoriametrics.write("\n".join(lines) + "\n")
        http_request(f"{victoriametrics.url}/internal/force_flush")
        settings = SinkSettings(
            name="vm", type="victoriametrics", url=victoriametrics.url, **more
        )
        made.append(make_charts(settings, data_dir=tmp_path))
        return made[-1]

    yield written
    for one in made:
        await one.close()


@pytest.mark.real
async def test_the_last_steps_are_as_true_as_the_others(read: Read) -> None:
    """The server would repeat what ends within 30 s of now; no step of hiq's does."""
    reader = read(
        [f"W,domain=sensor,entity_id=a value={i} {(NOW_S - i) * NS}" for i in range(60)]
    )
    found = await reader.chart("sensor.a", (NOW_S - 59) * NS, (NOW_S + 1) * NS, 12)
    assert (found.points, found.step_s) == (60, 5)
    assert all(
        low == pytest.approx(max(0, NOW_S - at - 4)) and high == min(59, NOW_S - at)
        for at, low, high in zip(found.times, found.low, found.high, strict=True)
    )


@pytest.mark.real
async def test_repeats_are_one_point(read: Read) -> None:
    """A batch that was sent again is drawn once."""
    lines = [
        f"W,domain=sensor,entity_id=a value={i} {(NOW_S - i) * NS}" for i in (2, 1)
    ]
    found = await read(lines * 3).chart("sensor.a", 0, (NOW_S + 1) * NS, 100)
    assert found.values == [2, 1]


@pytest.mark.real
async def test_attributes_are_not_drawn(read: Read) -> None:
    """Of the metrics that end in `_value` the one of the state is taken."""
    reader = read(
        [f"°C,domain=sensor,entity_id=a value=20,max_value=90,state=1 {NOW_S * NS}"]
    )
    found = await reader.chart("sensor.a", 0, (NOW_S + 1) * NS, 100)
    assert (found.measurement, found.field, found.values) == ("°C", "value", [20])
    (held,) = await reader.held()
    assert held.measurements == ("°C",)


@pytest.mark.real
async def test_only_what_is_in_this_database(read: Read) -> None:
    """`database` is the label `db`; the same entity of another house is not mixed in."""
    reader = read(
        [
            f"W,domain=sensor,entity_id=a,db=here value=1 {NOW_S * NS}",
            f"W,domain=sensor,entity_id=a,db=there value=2 {NOW_S * NS}",
            f"W,domain=sensor,entity_id=b,db=there value=3 {NOW_S * NS}",
        ],
        database="here",
    )
    span = (0, (NOW_S + 1) * NS, 100)
    assert (await reader.chart("sensor.a", *span)).values == [1]
    assert await reader.chart("sensor.b", *span) == Charted()
    assert [one.entity_id for one in await reader.held()] == ["sensor.a"]


@pytest.mark.real
async def test_ids_of_any_kind_are_their_own(read: Read) -> None:
    """Quotes, backslashes and patterns in an id select that id and no other one."""
    names = ["a", "a|b", ".*", 'q"}', "b\\\\", "ü", "{a}"]
    reader = read(
        [
            f"W,domain=sensor,entity_id={name} value={i} {NOW_S * NS}"
            for i, name in enumerate(names)
        ]
    )
    for i, name in enumerate(names):
        stored = name.replace("\\\\", "\\")
        found = await reader.chart(f"sensor.{stored}", 0, (NOW_S + 1) * NS, 100)
        assert found.values == [i], name
    assert len(await reader.held()) == len(names)


@pytest.mark.real
async def test_who_is_silent_since_long(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those without a point in the last day are looked for in months, then in years."""
    monkeypatch.setattr(chart_vm, "AT_ONCE", 2)
    days = {"a": 0, "b": 2, "c": 20, "d": 100, "e": 1000, "f.x": 3000, "g": 4}
    reader = read(
        [
            f"W,domain=sensor,entity_id={name} value=1 {(NOW_S - age * DAY_S) * NS}"
            for name, age in days.items()
        ]
    )
    found = {one.entity_id: one.last_ns for one in await reader.held()}
    assert found == {
        f"sensor.{name}": (NOW_S - age * DAY_S) * NS for name, age in days.items()
    }


@pytest.mark.parametrize(
    "body", [b"", b"no JSON", b"[]", b'{"data": {}}', b'{"data": {"result": [1]}}']
)
async def test_an_answer_of_something_else(body: bytes, tmp_path: Path) -> None:
    """What is no answer of VictoriaMetrics is one sentence, whatever it is."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        length = b"%d" % len(body)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: " + length + b"\r\n")
        writer.write(b"Connection: close\r\n\r\n" + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    settings = SinkSettings(
        name="vm", type="victoriametrics", url=f"http://127.0.0.1:{port}"
    )
    charts = make_charts(settings, data_dir=tmp_path)
    async with server:
        with pytest.raises(SinkUnreadable, match="not VictoriaMetrics'"):
            await charts.chart("sensor.a", 0, NOW_S * NS, 100)
        with pytest.raises(SinkUnreadable, match="not VictoriaMetrics'"):
            await charts.held()
        await charts.close()
