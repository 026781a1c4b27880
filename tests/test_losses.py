"""Losses of the journal are gaps in the ledger, whoever lacks them."""

from __future__ import annotations

from pathlib import Path

import pytest

from hiq.gaps import Ledger
from hiq.journal.loss import Loss, Span
from hiq.journal.segment import HEADER_SIZE
from hiq.losses import CAUSES, note_in
from hiq.settings import JournalSettings
from hiq.simulate.server import Simulator
from tests.serving import StubbornSink, running, settings_for, until


def test_a_loss_is_a_gap_for_each_sink() -> None:
    """Cause, span, points and what to do; without sinks it is the journal's."""
    ledger = Ledger(clock=lambda: 99.0)
    note = note_in(ledger, clock=lambda: 50.0)
    where = Span(3 * 10**9, 5 * 10**9, exact=True)
    note(Loss("ha", "damaged", 7, where, ("a", "b"), "1.seg"))
    note(Loss("ha", "damaged", None, Span(9 * 10**9, None)))
    one, two, three = ledger.gaps
    assert (one.source, two.source, three.source) == ("sink:a", "sink:b", "journal")
    assert (one.cause, one.state, one.points) == ("journal_damaged", "lost", 7)
    assert (one.start_s, one.end_s) == (3.0, 5.0)
    assert one.detail == "damaged records (ha/1.seg)"
    assert "hiq verify --repair" in one.outcome
    assert (three.start_s, three.end_s, three.points) == (9.0, 50.0, None)


@pytest.mark.parametrize("cause", CAUSES)
def test_a_storm_is_one_gap(cause: str) -> None:
    """Losses of one kind that touch each other are joined, and their points added."""
    ledger = Ledger(clock=lambda: 99.0)
    note = note_in(ledger, clock=lambda: 50.0)
    for second in range(100):
        where = Span(second * 10**9, (second + 1) * 10**9, exact=True)
        note(Loss("ha", cause, 5, where, ("db",)))  # type: ignore[arg-type]
    (gap,) = ledger.gaps
    assert (gap.start_s, gap.end_s, gap.points) == (0.0, 100.0, 500)


def test_an_unknown_time_is_now() -> None:
    """A loss without any time is noted where it was found."""
    ledger = Ledger(clock=lambda: 99.0)
    note_in(ledger, clock=lambda: 50.0)(Loss("ha", "gone", 1, Span(None, None)))
    (gap,) = ledger.gaps
    assert (gap.start_s, gap.end_s) == (50.0, 50.0)


@pytest.mark.parametrize(
    ("first_s", "begin_s"),
    [pytest.param(30, 10.0, id="open then"), pytest.param(None, 1.0, id="unknown")],
)
def test_what_was_filled_meanwhile_may_be_lost_too(
    first_s: int | None, begin_s: float
) -> None:
    """Unless the lost records say what they held, a hole of that time is in the gap."""
    now = [0.0]
    ledger = Ledger(clock=lambda: now[0])
    for start_s, settled_s in [(1.0, 20.0), (10.0, 40.0), (90.0, 95.0)]:
        now[0] = start_s
        number = ledger.open("disconnected", start_s, source="home_assistant")
        now[0] = settled_s
        ledger.settle(number, "repaired", "filled", end_s=start_s + 5)
    note = note_in(ledger, clock=lambda: 999.0)
    first_ns = None if first_s is None else first_s * 10**9
    note(Loss("ha", "gone", 1, Span(first_ns, 50 * 10**9)))
    note(Loss("ha", "gone", 1, Span(600 * 10**9, 700 * 10**9, exact=True)))
    *_, vague, exact = ledger.gaps
    assert (vague.start_s, vague.end_s) == (begin_s, 50.0)
    assert (exact.start_s, exact.end_s) == (600.0, 700.0)


async def test_damage_found_at_the_start_is_in_the_ledger(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record that is hurt while hiq is stopped is a gap with its points."""
    from hiq import deliveries  # noqa: PLC0415  only here

    sink = StubbornSink("store")
    sink.hang.clear()
    monkeypatch.setattr(deliveries, "make", lambda settings, data_dir: sink)
    settings = settings_for(simulator, tmp_path)
    async with running(settings) as it:
        await until("journaled", lambda: it.stats.accepted >= 50)
        simulator.fire(100)
        await until("journaled", lambda: it.stats.accepted >= 150)
        it.service.stop()
    path = min((tmp_path / "journal" / "ha").glob("*.seg"))
    data = bytearray(path.read_bytes())
    data[HEADER_SIZE + 30] ^= 0xFF
    path.write_bytes(data)
    sink.hang.set()
    async with running(settings) as it:
        await until("found", lambda: it.stats.sinks["store"].dropped)
        lost = [gap for gap in it.stats.gaps.gaps if gap.cause == "journal_damaged"]
        (gap,) = lost
        assert gap.source == "sink:store"
        assert gap.points == it.stats.sinks["store"].dropped > 0
        assert it.stats.journal.lost_points == gap.points


async def test_drops_of_a_full_journal_are_in_the_ledger(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `drop_oldest` gives up is one gap, with as many points as were dropped."""
    from hiq import deliveries  # noqa: PLC0415  only here

    sink = StubbornSink("store")
    sink.hang.clear()
    monkeypatch.setattr(deliveries, "make", lambda settings, data_dir: sink)
    journal = JournalSettings(
        commit=0.01, min_free_bytes=0, max_bytes=20_000, when_full="drop_oldest"
    )
    async with running(settings_for(simulator, tmp_path, journal=journal)) as it:
        await until("subscribed", lambda: it.stats.snapshot_states)
        while not it.stats.journal.lost_points:
            simulator.fire(200)
            fired = simulator.fired_total
            await until("received", lambda fired=fired: it.stats.received >= fired)
            await until("journaled", lambda: not it.stats.buffered)
        gaps = [gap for gap in it.stats.gaps.gaps if gap.cause == "journal_full"]
        assert {gap.source for gap in gaps} == {"sink:store"}
        assert sum(gap.points or 0 for gap in gaps) == it.stats.journal.lost_points
        sink.hang.set()
        await it.settled()
        assert it.stats.sinks["store"].dropped <= it.stats.journal.lost_points
