"""What is given up when memory runs short, and in which order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hiq.memory import STEPS, Level, Pressure


def names(pressure: Pressure, used: int) -> list[str]:
    """Look once; returns the names of the steps."""
    return [step.name for step in pressure.look(used)]


def test_clients_come_before_anything_else_and_the_journal_never() -> None:
    """The steps and their order."""
    assert [step.name for step in STEPS] == [
        "outboxes",
        "snapshots",
        "clients",
        "buffers",
    ]
    assert not any("journal" in step.name for step in STEPS)


def test_one_step_more_at_each_look() -> None:
    """Short: nothing more than is needed; lines in memory are left alone."""
    pressure = Pressure(100)
    assert names(pressure, 79) == []
    assert names(pressure, 80) == ["outboxes"]
    assert names(pressure, 85) == ["outboxes", "snapshots"]
    assert names(pressure, 99) == ["outboxes", "snapshots", "clients"]
    assert names(pressure, 99) == ["outboxes", "snapshots", "clients"]
    assert pressure.level is Level.SHORT


def test_everything_at_once_when_it_is_critical() -> None:
    """Above the limit nothing waits for another look."""
    assert names(Pressure(100), 100) == [step.name for step in STEPS]


def test_levels_fall_later_than_they_rise() -> None:
    """Critical until 90 %, short until 70 %; between, no further step is taken."""
    pressure = Pressure(1000)
    pressure.look(1000)
    levels = [(pressure.look(used), pressure.level)[1] for used in (900, 899, 700, 699)]
    assert levels == [Level.CRITICAL, Level.SHORT, Level.SHORT, Level.CALM]
    assert names(pressure, 750) == []
    assert names(pressure, 800) == ["outboxes"]
    assert names(pressure, 750) == ["outboxes"]
    assert names(pressure, 690) == []


def test_a_limit_is_needed() -> None:
    """Nothing would be left."""
    with pytest.raises(ValueError, match="limit_bytes"):
        Pressure(0)


@given(st.lists(st.integers(0, 300), max_size=50))
def test_steps_are_always_the_first_ones(uses: list[int]) -> None:
    """Whatever comes, an earlier step is never left out for a later one."""
    pressure = Pressure(100)
    for used in uses:
        steps = pressure.look(used)
        assert steps == STEPS[: len(steps)]
        assert bool(steps) is (pressure.level is not Level.CALM)
        assert (used >= 100) <= (len(steps) == len(STEPS))
        assert (used < 70) <= (not steps)
