"""The cursor's file follows now and then, and an orderly stop is exact."""

from __future__ import annotations

from hiq.journal.journal import Journal
from hiq.settings.schema import JournalSettings
from hiq.stats import JournalStats
from tests.journal.clockwork import until
from tests.journal.delivery import Bench, lines, running


async def test_many_deliveries_are_few_saves(tmp_path):
    """While points flow the file waits for its time; then one write has them all."""
    bench = Bench(tmp_path, save_s=3600.0)
    saver = bench.deliverer._saver
    bench.disk.calls.clear()
    saves = lambda: bench.disk.calls.count("replace")  # noqa: E731
    async with running(bench.deliverer):
        for number in range(50):
            bench.append(number)
            await bench.delivered()
        assert saves() == 0
        saver._begin()  # as its timer does, in an hour
        await until(lambda: not bench.deliverer._cursor.unsaved)
        assert saves() == 1
    bench.journal.close()


async def test_a_place_is_saved_by_itself(tmp_path):
    """When its time has come; then nothing is planned until something moves again."""
    bench = Bench(tmp_path, save_s=0.01)
    async with running(bench.deliverer):
        for number in range(2):
            bench.append(number)
            await bench.delivered()
            await until(lambda: not bench.deliverer._cursor.unsaved)
            assert bench.deliverer._saver._timer is None
    bench.journal.close()


async def test_a_kill_sends_again_and_skips_nothing(tmp_path):
    """What was not saved is sent once more by the next process; the rest goes on."""
    bench = Bench(tmp_path)
    async with running(bench.deliverer):
        bench.append(1, 2)
        await bench.delivered()
    bench.journal._folder.release()  # as a killed process does
    again = Bench(tmp_path)
    assert again.stats.carried == 2
    again.append(3)
    async with running(again.deliverer):
        await again.delivered()
    assert again.sink.stored == lines(1, 2, 3)
    again.journal.close()


async def test_an_orderly_stop_is_exact(tmp_path):
    """Closing the journal saves the place, also between two saves."""
    bench = Bench(tmp_path)
    async with running(bench.deliverer):
        bench.append(1, 2)
        await bench.delivered()
    bench.journal.close()
    journal = Journal.open(
        tmp_path / "journal", JournalSettings(min_free_bytes=0), JournalStats()
    )
    assert journal.cursor("db", "ha").pending_points == 0
    journal.close()
