"""Settled gaps as points."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hiq.gaps import Ledger
from hiq.repair.gap_points import gap_points
from hiq.settings.schema import BackfillSettings
from tests.lineprotocol import decode_one
from tests.repair.counting import Counting
from tests.serving import running, settings_for, until

if TYPE_CHECKING:
    from pathlib import Path

    from hiq.simulate.server import Simulator


def test_a_gap_is_a_point_at_its_begin():
    """Cause, source and fate are tags, length and texts are fields."""
    ledger = Ledger(clock=lambda: 500.0)
    ledger.record(
        "a b", 100.5, 160.75, source="sink:x", outcome='say "hi"\n\\', points=7
    )
    found = gap_points(ledger.gaps, ["ha", "other"])
    assert [schema for schema, _ in found.taken] == ["ha", "other"]
    point = decode_one(found.taken[0][1].data.removesuffix(b"\n"))
    assert point.measurement == "hiq_gaps"
    assert point.tags == {"cause": "a b", "source": "sink:x", "state": "lost"}
    assert point.fields == {"seconds": 60.25, "points": 7.0, "outcome": 'say "hi" \\'}
    assert point.time_ns == 100_500_000_000
    assert gap_points((), ["ha"]).taken == []


async def test_they_are_written_if_that_is_wanted(
    simulator: Simulator, tmp_path: Path, sink: Counting
) -> None:
    """Each settled gap comes to the sinks once, and the counters add up."""
    wanted = BackfillSettings(enabled=False, gap_points=True)
    settings = settings_for(simulator, tmp_path, backfill=wanted)
    async with running(settings) as it:
        await until("subscribed", lambda: it.stats.snapshot_states)
        simulator.drop()
        await until("told", lambda: it.stats.gaps.count("lost") == 1)
        await until("written", lambda: b"hiq_gaps" in sink.lines)
        await it.settled()
        assert it.stats.imbalance() == 0
    assert sink.lines.count(b"hiq_gaps,cause=disconnected") == 1
