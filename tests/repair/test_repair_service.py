"""The whole service fills its holes from the simulated home, each row once."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from hiq.discovery.renames import Rename, Renames
from hiq.errors import ConnectionLost
from hiq.ha import history_plan as plan_module
from hiq.ha.history import History
from hiq.repair import repairer as repairer_module
from hiq.repair.filling import PROBE_US
from hiq.settings import SinkSettings
from hiq.settings.schema import BackfillSettings
from tests.repair.counting import Counting, truth
from tests.serving import Running, running, settings_for, until

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from hiq.ha.history_rows import Row
    from hiq.simulate.server import Simulator


async def test_what_a_cut_connection_missed_is_filled(
    simulator: Simulator, tmp_path: Path, sink: Counting
) -> None:
    """Changes while the home cannot be reached come from its recorder, once each."""
    async with running(settings_for(simulator, tmp_path)) as it:
        await until("subscribed", lambda: it.stats.snapshot_states)
        simulator.rate = 200.0
        await until("live", lambda: it.stats.accepted > 200)
        for _ in range(3):
            await simulator.down()
            await asyncio.sleep(0.3)
            await simulator.up()
            await until("subscribed", lambda: it.stats.ha.subscribed)
        await until("filled", lambda: it.stats.gaps.count("repaired") == 3)
        simulator.rate = 0.0
        await it.settled()
        assert it.stats.backfill.points > 0
        assert it.stats.imbalance() == 0
        assert it.stats.gaps.count("open") == 0
    assert sink.points == truth(simulator)


async def test_what_happened_while_hiq_was_down_is_filled(
    simulator: Simulator, tmp_path: Path, sink: Counting
) -> None:
    """Each start fills the time since the last run; no state is handed over twice."""
    settings = settings_for(simulator, tmp_path)
    for count in range(3):
        async with running(settings) as it:
            await until("subscribed", lambda: it.stats.ha.subscribed)
            await until("filled", lambda: it.stats.gaps.count("repaired") == count)
            simulator.fire(50)
            await until("live", lambda: it.stats.received >= 50)
            await it.settled()
        simulator.fire(300)
    assert it.stats.backfill.points > 200
    simulator.fire(5)
    async with running(settings) as it:
        await until("subscribed", lambda: it.stats.ha.subscribed)
        simulator.fire(1)
        await until("filled", lambda: it.stats.gaps.count("repaired") == 3)
        await it.settled()
    assert sink.points == truth(simulator)


async def test_a_kill_before_the_ledger_is_written_leaves_no_gap(
    simulator: Simulator, tmp_path: Path, sink: Counting
) -> None:
    """The hole is filled and forgotten; its gap is repaired although nobody noted it."""
    settings = settings_for(simulator, tmp_path)
    for count in range(2):
        async with running(settings) as it:
            await until("subscribed", lambda: it.stats.ha.subscribed)
            simulator.fire(50)
            await until("filled", lambda: it.stats.gaps.count("repaired") == count)
            await until("live", lambda: it.stats.received >= 50)
            await it.settled()
    file = settings.data_dir / "gaps.json"
    file.write_bytes(file.read_bytes().replace(b'"repaired"', b'"open"'))
    async with running(settings) as it:
        await until("subscribed", lambda: it.stats.ha.subscribed)
        simulator.fire(1)
        await until("told", lambda: it.stats.gaps.gaps[0].state != "open")
        await it.settled()
        (gap,) = it.stats.gaps.gaps[:1]
    assert (gap.state, gap.outcome.partition(" ")[0]) == ("repaired", "backfill:")
    assert sink.points == truth(simulator)


async def test_the_past_at_the_very_first_start(
    simulator: Simulator, tmp_path: Path, sink: Counting
) -> None:
    """With `first_start` the rows from before are fetched, the states only once."""
    simulator.fire(500)
    past = BackfillSettings(first_start=3600.0)
    settings = settings_for(simulator, tmp_path, backfill=past)
    async with running(settings) as it:
        await until("subscribed", lambda: it.stats.ha.subscribed)
        simulator.fire(10)
        await until("filled", lambda: it.stats.gaps.count("repaired") == 1)
        await it.settled()
        (gap,) = it.stats.gaps.gaps
        assert gap.cause == "past"
    assert sink.points == truth(simulator)


async def test_without_a_recorder_the_gap_is_told(
    simulator: Simulator, tmp_path: Path, sink: Counting
) -> None:
    """A home without history: the present states are written, the gap is lost."""
    simulator.hide("history/history_during_period", "recorder/info")
    async with running(settings_for(simulator, tmp_path)) as it:
        await until("subscribed", lambda: it.stats.snapshot_states)
        await simulator.down()
        simulator.fire(100)
        await simulator.up()
        await until("told", lambda: it.stats.gaps.count("lost") == 1)
        await it.settled()
        (gap,) = it.stats.gaps.gaps
        assert gap.cause == "disconnected"
        assert "unknown_command" in gap.outcome
        health = (await it.get("/health"))[1]
        assert health["status"] == "degraded"
        present = {
            (state.entity_id, state.updated_us)
            for state in simulator.world.states.values()
        }
    assert set(truth(simulator)) & present <= set(sink.points)


async def test_backfill_can_be_switched_off(
    simulator: Simulator, tmp_path: Path, sink: Counting
) -> None:
    """Nothing is asked of the recorder then, and each gap is listed as lost."""
    off = BackfillSettings(enabled=False)
    settings = settings_for(simulator, tmp_path, backfill=off)
    async with running(settings) as it:
        await until("subscribed", lambda: it.stats.snapshot_states)
        simulator.drop()
        await until("told", lambda: it.stats.gaps.count("lost") == 1)
        assert it.stats.backfill.state == "off"
        asked = [c["type"] for log in simulator.logs for c in log.commands]
        assert not [name for name in asked if name.startswith(("history", "recorder"))]


async def test_a_recorder_that_forgot_is_told(
    simulator: Simulator, tmp_path: Path, sink: Counting
) -> None:
    """Where the recorder does not reach back, what it has is written, the gap lost."""
    settings = settings_for(simulator, tmp_path)
    async with running(settings) as it:
        await until("subscribed", lambda: it.stats.snapshot_states)
        simulator.fire(20)
        await it.settled()
    simulator.fire(100)
    simulator.history.clear()
    simulator.fire(30)
    async with running(settings) as it:
        await until("subscribed", lambda: it.stats.ha.subscribed)
        simulator.fire(1)
        await until("told", lambda: it.stats.gaps.count("lost") == 1)
        await it.settled()
        (gap,) = it.stats.gaps.gaps
        assert "does not reach back" in gap.outcome
    assert max(sink.points.values()) == 1
    assert set(sink.points) < set(truth(simulator))


async def test_a_recorder_that_was_only_late_has_lost_nothing(
    simulator: Simulator,
    tmp_path: Path,
    sink: Counting,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is asked again behind the last window, and may have written by then."""
    settings = settings_for(simulator, tmp_path)
    async with running(settings) as it:
        await until("subscribed", lambda: it.stats.snapshot_states)
        simulator.fire(20)
        await it.settled()
    simulator.fire(100)
    real, asked = History.rows, Counter[int]()

    async def late(
        self: History,
        entity_ids: Sequence[str],
        after_us: int,
        until_us: int | None = None,
    ) -> Any:
        span_us = until_us - after_us if until_us else 0
        asked[span_us] += 1
        if span_us in PROBE_US and asked[span_us] == 1:
            return {}
        return await real(self, entity_ids, after_us, until_us)

    monkeypatch.setattr(History, "rows", late)
    async with running(settings) as it:
        await until("subscribed", lambda: it.stats.ha.subscribed)
        simulator.fire(1)
        await until("told", lambda: it.stats.gaps.count("repaired") == 1)
        await it.settled()
    assert [asked[span_us] for span_us in PROBE_US] == [2, 1]
    assert sink.points == truth(simulator)


async def test_a_change_of_settings_sends_the_states_again(
    simulator: Simulator, tmp_path: Path, sink: Counting
) -> None:
    """With another filter the states at connect are new, and are fed."""
    settings = settings_for(simulator, tmp_path)
    async with running(settings) as it:
        await until("subscribed", lambda: it.stats.snapshot_states)
        simulator.fire(20)
        await until("they came", lambda: it.stats.changes >= 20)
        await it.settled()
    async with running(settings) as it:
        await until("subscribed", lambda: it.stats.duplicate)
        assert it.stats.snapshot_states == 0
    other = msgspec.structs.replace(settings, influxdb={"default_measurement": "x"})
    async with running(other) as it:
        await until("fed", lambda: it.stats.snapshot_states >= 60)


async def test_a_window_that_was_interrupted_is_not_written_twice(
    simulator: Simulator,
    tmp_path: Path,
    sink: Counting,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The connection of the history is lost between two answers of one window."""
    monkeypatch.setattr(plan_module, "FIRST_GROUP", 7)
    answers = [0]
    whole = History.rows

    async def rows(self: History, *args: Any) -> dict[str, list[Row]]:
        answers[0] += 1
        if answers[0] in {5, 9}:
            raise ConnectionLost("cut")
        return await whole(self, *args)

    settings = settings_for(simulator, tmp_path)
    async with running(settings) as it:
        await until("subscribed", lambda: it.stats.snapshot_states)
        simulator.fire(20)
        await it.settled()
    simulator.fire(300)
    monkeypatch.setattr(History, "rows", rows)
    async with running(settings) as it:
        await until("subscribed", lambda: it.stats.ha.subscribed)
        simulator.fire(1)
        await until("filled", lambda: it.stats.gaps.count("repaired") == 1)
        await it.settled()
    assert answers[0] > 8
    assert sink.points == truth(simulator)


async def test_holes_that_wait_do_not_overlap(
    simulator: Simulator,
    tmp_path: Path,
    sink: Counting,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Several holes found before the first can be filled share no row."""
    filling = repairer_module.Filling.run
    allowed = asyncio.Event()

    async def run(self: Any, *args: Any) -> None:
        if not allowed.is_set():
            raise ConnectionLost("not yet")
        await filling(self, *args)

    monkeypatch.setattr(repairer_module.Filling, "run", run)
    async with running(settings_for(simulator, tmp_path)) as it:
        await until("subscribed", lambda: it.stats.snapshot_states)
        simulator.rate = 200.0
        await until("live", lambda: it.stats.accepted > 200)
        for count in (1, 2):
            await simulator.down()
            await asyncio.sleep(0.3)
            await simulator.up()
            await until("found", lambda n=count: holes(it) == n)
        allowed.set()
        await until("filled", lambda: it.stats.gaps.count("repaired") == 2)
        simulator.rate = 0.0
        await it.settled()
    assert sink.points == truth(simulator)


def holes(it: Running) -> int:
    """How many holes are known with their end."""
    repairer = it.service._home.repairer
    assert repairer is not None
    known = repairer._remembered.state.holes
    return sum(hole.until_us is not None for hole in known)


async def test_restored_points_of_a_renamed_entity_go_on_under_its_first_id(
    simulator: Simulator, tmp_path: Path, sink: Counting
) -> None:
    """With `tidy.follow` they lie where the live ones do."""
    rows = simulator.world.home.entity_rows()
    row = next(row for row in rows if row["disabled_by"] is None)
    renames = Renames()
    renames.add(Rename(1.0, "sensor.first", row["entity_id"], row["id"]))
    (tmp_path / "renames.json").write_bytes(renames.encode())
    store = SinkSettings(name="store", type="sqlite", schema="tidy")
    follow = {"follow": "old_id"}
    settings = settings_for(simulator, tmp_path, sinks=(store,), tidy=follow)
    async with running(settings) as it:
        await until("subscribed", lambda: it.stats.snapshot_states)
        simulator.set(row["entity_id"], "1")
        await until("live", lambda: b"entity_id=sensor.first" in sink.lines)
        await simulator.down()
        simulator.set(row["entity_id"], "7654321")
        simulator.set(row["entity_id"], "2")
        await simulator.up()
        await until("filled", lambda: b"value=7654321" in sink.lines)
    assert f"entity_id={row['entity_id']} ".encode() not in sink.lines
    assert f"entity_id={row['entity_id']},".encode() not in sink.lines
