"""The recorder's rows become points, in portions, within a limit."""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec import Raw

from hiq.ha.history_rows import CurrentState, Row
from hiq.ha.home import Home
from hiq.ha.registries import Entity, Registry
from hiq.truth import BIG_BYTES, FIRST_PORTION, HistoryRecorder


class History:
    """Answers with three rows for each entity: a number, unavailable, removed."""

    def __init__(self, size=1000):
        self.answer_bytes = 0
        self.size = size
        self.portions = []

    async def rows(self, entity_ids, after_us, until_us):
        self.portions.append(len(entity_ids))
        self.answer_bytes = self.size * len(entity_ids)
        return {
            name: [
                Row(1.0, Raw(b'"7"'), Raw(b'{"unit_of_measurement":"W"}')),
                Row(2.0, Raw(b'"unavailable"')),
                Row(3.0),
            ]
            for name in entity_ids
        }

    async def states(self):
        unit = Raw(b'{"unit_of_measurement":"W"}')
        return [CurrentState("sensor.a", datetime.now(UTC), unit)]

    async def home(self):
        rows = [Entity(name) for name in ("sensor.a", "light.b")]
        return Home().with_rows(Registry.ENTITIES, rows)


def names(count):
    return [f"sensor.s{n:04d}" for n in range(count)]


async def test_points_and_keys():
    """Rows without a point are known, too; those without attributes are marked."""
    recorder = HistoryRecorder(History(), {}, ["ha"])
    assert await recorder.names() == {"sensor.a", "light.b"}
    found = await recorder.rows(["sensor.a"], 0, 10, 100)
    assert found.lines == {"ha": b"W,domain=sensor,entity_id=a value=7.0 1000000000"}
    at = [("sensor.a", n * 10**9) for n in (1, 2, 3)]
    assert found.known == set(at)
    assert found.bare == set(at[1:])
    assert found.complete


async def test_options_and_schemas_are_those_of_the_sinks():
    """The block of the settings shapes the points, and filters them."""
    options = {"default_measurement": "state", "exclude": {"entities": ["sensor.b"]}}
    recorder = HistoryRecorder(History(), options, ["ha"])
    found = await recorder.rows(["sensor.b"], 0, 10, 100)
    assert found.lines == {"ha": b""}
    assert len(found.known) == 3


async def test_portions_follow_the_size_of_the_answers():
    """Large answers make the next portion smaller, small ones larger."""
    history = History(size=BIG_BYTES)
    recorder = HistoryRecorder(history, {}, ["ha"])
    await recorder.rows(names(120), 0, 10, 10**6)
    assert history.portions[:3] == [FIRST_PORTION, FIRST_PORTION // 2, 12]
    history.size = 1
    history.portions.clear()
    await recorder.rows(names(2000), 0, 10, 10**6)
    assert history.portions[-2] > history.portions[0]
    assert sum(history.portions) == 2000


async def test_the_limit_ends_a_window_early():
    """More rows than the limit are not gathered."""
    history = History()
    recorder = HistoryRecorder(history, {}, ["ha"])
    found = await recorder.rows(names(1000), 0, 10, 200)
    assert not found.complete
    assert sum(history.portions) < 400
    found = await recorder.rows(names(1), 0, 10, 2)
    assert not found.complete
