"""Points that a database has confirmed are looked for: real ones, in every schema."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hiq import Pipeline
from hiq.packing import compress
from hiq.readback import POINTS, ReadBack, samples_of
from hiq.settings import SinkSettings
from hiq.simulate.world import World
from hiq.sink import make
from hiq.sink.base import Batch, Done
from tests.servers.databases import InfluxDB, VictoriaMetrics

NOW_US = 1_795_197_600 * 10**6


def batch(schema: str = "ha", seed: int = 1) -> Batch:
    """Return what a home's states become."""
    world = World(entities=60, seed=seed)
    world.begin(NOW_US)
    pipeline = Pipeline({"schema": [schema]})
    for number in range(300):
        change = world.step(NOW_US + number * 20_000)
        pipeline.feed(b'{"id":2,"type":"event","event":%b}' % change.json)
    lines = pipeline.take(schema)
    return Batch(compress(lines), lines.count(b"\n"))


class Looking:
    """A read-back with a clock by hand."""

    def __init__(self, settings: SinkSettings, folder: Path) -> None:
        self.now_s = 0.0
        self.settings = settings
        self.folder = folder
        self.check = ReadBack(
            settings,
            folder,
            300.0,
            steady=lambda: self.now_s,
            in_thread=asyncio.to_thread,
        )

    async def write(self, what: Batch) -> None:
        """Write a batch for real."""
        sink = make(self.settings, data_dir=self.folder)
        await sink.start()
        try:
            assert await sink.write(what) == Done()
        finally:
            await sink.close()

    async def look(self, after_s: float) -> list[str]:
        """Look a while later; return what is told."""
        self.now_s += after_s
        return [one.key for one in await self.check.look()]


async def stored_and_lost(looking: Looking, schema: str = "ha") -> None:
    """What was stored is found; what only was confirmed is told, and over again."""
    good, lost = batch(schema), batch(schema, seed=2)
    await looking.write(good)
    looking.check.wrote(good)
    assert await looking.look(19) == []
    assert looking.check.checked == 0
    assert await looking.look(1) == []
    assert (looking.check.checked, looking.check.unreadable) == (1, "")
    looking.check.wrote(lost)
    assert await looking.look(299) == []
    assert looking.check.checked == 1
    looking.now_s += 1
    looking.check.wrote(lost)
    assert await looking.look(20) == []
    assert await looking.look(20) == ["sink_not_storing:db"]
    looking.now_s += 20
    looking.check.wrote(lost)
    assert await looking.look(20) == ["sink_not_storing:db"]
    looking.now_s += 20
    looking.check.wrote(good)
    assert await looking.look(20) == []


@pytest.mark.parametrize("schema", ["ha", "homeiq", "tidy"])
async def test_the_embedded_store(tmp_path: Path, schema: str) -> None:
    """In every schema, whatever its tags are."""
    settings = SinkSettings(name="db", type="sqlite", schema=schema)
    await stored_and_lost(Looking(settings, tmp_path), schema)


async def test_influxdb(influxdb: InfluxDB, tmp_path: Path) -> None:
    """A real InfluxDB 1."""
    settings = SinkSettings(
        name="db", type="influxdb1", url=influxdb.url, database="hiq"
    )
    await stored_and_lost(Looking(settings, tmp_path))


@pytest.mark.parametrize("schema", ["ha", "tidy"])
async def test_victoriametrics(
    victoriametrics: VictoriaMetrics, tmp_path: Path, schema: str
) -> None:
    """A real VictoriaMetrics: numbers only, in milliseconds."""
    settings = SinkSettings(
        name="db", type="victoriametrics", url=victoriametrics.url, schema=schema
    )
    await stored_and_lost(Looking(settings, tmp_path), schema)


def test_samples_lie_close_to_each_other() -> None:
    """So that reading them back reads little else."""
    samples = samples_of(batch(), numbers_only=False)
    assert len(samples) == POINTS
    assert samples[-1].time_ns - samples[0].time_ns < 3 * 10**9


@pytest.mark.parametrize("numbers_only", [False, True])
def test_a_batch_without_entities_has_no_samples(numbers_only: bool) -> None:
    """Points of hiq itself are not looked for; texts not where only numbers are."""
    texts = b'm,domain=sensor,entity_id=a state="x" 5\n' if numbers_only else b""
    lines = b"hiq_gaps,source=hiq points=1 5\n" + texts
    assert samples_of(Batch(compress(lines), 2), numbers_only=numbers_only) == []


async def test_nothing_to_look_for_is_found(tmp_path: Path) -> None:
    """And another sample is taken after the usual time."""
    looking = Looking(SinkSettings(name="db", type="sqlite"), tmp_path)
    nothing = Batch(compress(b"hiq_gaps,source=hiq points=1 5\n"), 1)
    await looking.write(nothing)
    looking.check.wrote(nothing)
    assert await looking.look(20) == []
    assert looking.check.checked == 1


@pytest.mark.parametrize(
    "prepare", [lambda path: None, lambda path: path.write_bytes(b"no store")]
)
async def test_a_store_that_cannot_be_read_is_no_alert(
    tmp_path: Path, prepare: Callable[[Path], Any]
) -> None:
    """It is shown why nothing is checked."""
    prepare(tmp_path / "db.db")
    looking = Looking(SinkSettings(name="db", type="sqlite"), tmp_path)
    looking.check.wrote(batch())
    assert await looking.look(20) == []
    assert "db.db" in looking.check.unreadable
