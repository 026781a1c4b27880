"""Many chains and long ones: the work per event stays, and so does the memory."""

from __future__ import annotations

import tracemalloc

import pytest
from benchmarks.chains import BROKEN_EACH, engine, events, one_long, play

from hiq.assure.chains_state import Chain
from hiq.assure.contracts_events import read
from tests.assure.making import Run, contract

CHAINS = 4000


def test_each_broken_chain_of_many_is_told_once() -> None:
    """Of many runs that overlap exactly those without an end."""
    target = engine()
    assert play(target, CHAINS) == CHAINS // BROKEN_EACH
    counts = target.figures()["agent_run"]
    assert counts["completed"] == CHAINS - CHAINS // BROKEN_EACH
    assert counts["open"] == counts["evicted"] == 0


def test_memory_is_flat_once_the_bounds_are_reached() -> None:
    """What is held at most rises no more once everything is full."""
    bounds = {"most_open": 200, "most_ended": 500, "most_seen": 2000}
    target = Run(contract("agent_run"), **bounds).engine
    peaks = []
    tracemalloc.start()
    try:
        for count, (at_s, json) in enumerate(events(2980)):
            one = read(json)
            assert one is not None
            target.take(one, at_s)
            if count in {7400, 14_700}:
                peaks.append(tracemalloc.get_traced_memory()[1])
                tracemalloc.reset_peak()
    finally:
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.3


@pytest.mark.parametrize("length", [1000, 10_000])
def test_limits_are_looked_at_for_few_events(
    length: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a long chain costs does not grow with it: its limits are put off."""
    looks = []
    look = Chain.due_s

    def counted(self: Chain, *args: object) -> float:
        looks.append(self)
        return look(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(Chain, "due_s", counted)
    target = engine()
    assert one_long(target, length) == 0
    assert len(looks) < 50
    assert len(target._heap) < 2000


def test_the_heap_does_not_keep_what_is_over() -> None:
    """Pairs that open and close bring limits nearer again and again."""
    run = Run(contract("agent_run"))
    run("agent_started", 0.0)
    for number in range(5000):
        run("tool_executing", 0.001 * number, tool_name="a", n=number)
        run("tool_completed", 0.001 * number, tool_name="a", n=number)
    assert len(run.engine._heap) <= 300
    assert run.codes == []
