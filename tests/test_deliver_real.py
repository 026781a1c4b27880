"""Delivery into a real InfluxDB: several requests at once, faults, type conflicts."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from hiq.breaker import Breaker
from hiq.deliver import DeadLetters, Deliverer
from hiq.journal.journal import Entry, Journal
from hiq.packing import compress
from hiq.settings.schema import JournalSettings, SinkSettings
from hiq.sink.coerce import Coercer
from hiq.sink.influx import InfluxSink
from hiq.stats import JournalStats, SinkStats
from tests.journal.clockwork import steady
from tests.journal.delivery import running
from tests.proxy import Proxy, Trouble

pytestmark = pytest.mark.real

RECORDS, LINES = 40, 50


class Way:
    """A journal with records, and the way from there into a database."""

    def __init__(self, path, url, thread, *, coercer=None, odd=(), timeout=30.0):
        self.journal = Journal.open(
            path / "journal", JournalSettings(min_free_bytes=0), JournalStats()
        )
        settings = SinkSettings(
            name="db", type="influxdb1", url=url, database="hiq", timeout=timeout
        )
        self.stats = SinkStats("db", "influxdb1")
        self.letters = DeadLetters(path / "dead" / "db.ndjson")
        self.sink = InfluxSink(settings)
        self.deliverer = Deliverer(
            self.sink,
            self.journal.cursor("db", "ha"),
            self.stats,
            dead_letters=self.letters,
            in_flight=4,
            breaker=Breaker(
                asyncio.get_running_loop().time,
                probe_s=0.2,
                pauses=lambda _=1.0, __=60.0, **___: steady(0.05, 0.2),
            ),
            coercer=coercer,
            executor=thread,
            max_points=100,
        )
        for record in range(RECORDS):
            lines = b"".join(
                _line(number, odd=number in odd)
                for number in range(record * LINES, (record + 1) * LINES)
            )
            entry = Entry(compress(lines), LINES, 0, 0)
            self.journal.append([("ha", entry)])
        self.deliverer.wake()

    async def deliver(self):
        """Run until nothing is pending."""
        async with running(self.deliverer), asyncio.timeout(60):
            while self.stats.pending:
                await asyncio.sleep(0.01)

    async def close(self):
        await self.sink.close()
        self.journal.close()


def _line(number, *, odd):
    value = f'"text {number}"' if odd else f"{number}.5"
    time_ns = 1_700_000_000_000_000_000 + number
    return f"m,entity_id=e{number % 7} value={value} {time_ns}\n".encode()


@pytest.fixture
def thread():
    with ThreadPoolExecutor(2) as threads:
        yield threads


async def test_everything_arrives_through_a_bad_network(influxdb, tmp_path, thread):
    """Cuts in both directions, again and again, while four requests are under way."""
    async with Proxy(int(influxdb.url.rpartition(":")[2])) as proxy:
        way = Way(tmp_path, proxy.url, thread, timeout=2.0)

        async def trouble():
            for at in (300, 900, 1500, 40, 2000):
                proxy.up = Trouble(cut_at=at, reset=True)
                await asyncio.sleep(0.15)
                proxy.up = Trouble()
                proxy.down = Trouble(cut_at=at // 10)
                await asyncio.sleep(0.15)
                proxy.down = Trouble()
                await asyncio.sleep(0.05)

        await asyncio.gather(way.deliver(), trouble())
        await way.close()
    found = {point["time"] - 1_700_000_000_000_000_000 for point in influxdb.points()}
    assert found == set(range(RECORDS * LINES))
    assert (way.stats.written, way.stats.dead_lettered) == (RECORDS * LINES, 0)


async def test_a_type_conflict_is_a_dead_letter_with_advice(influxdb, tmp_path, thread):
    """By default the other lines are stored, and the letter says what to do."""
    influxdb.write(_line(1, odd=False))
    way = Way(tmp_path, influxdb.url, thread, odd={77, 1234})
    await way.deliver()
    await way.close()
    assert (way.stats.written, way.stats.dead_lettered) == (RECORDS * LINES - 2, 2)
    letters = way.letters.path.read_text().splitlines()
    assert len(letters) == 2
    assert all("types: coerce" in letter for letter in letters)
    assert len(influxdb.points()) == RECORDS * LINES - 2


async def test_a_type_conflict_is_stored_under_another_name(influxdb, tmp_path, thread):
    """With `types: coerce` every line arrives, the odd ones as `value_str`."""
    influxdb.write(_line(1, odd=False))
    odd = {0, 77, 78, 1234, 1999}
    way = Way(tmp_path, influxdb.url, thread, odd=odd, coercer=Coercer())
    await way.deliver()
    await way.close()
    assert (way.stats.written, way.stats.dead_lettered) == (RECORDS * LINES, 0)
    assert way.stats.coerced >= len(odd)
    points = influxdb.points()
    assert len(points) == RECORDS * LINES
    texts = [p["value_str"] for p in points if p.get("value_str") is not None]
    assert sorted(texts) == sorted(f"text {number}" for number in odd)
