"""The gate of back-pressure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hiq.flow import Gate


def test_gate_closes_high_and_opens_low():
    """Between the marks the gate stays as it is, so that it does not flap."""
    calls = []
    gate = Gate(100, None, lambda: calls.append("pause"), lambda: calls.append("go"))
    seen = []
    for level in (99, 100, 60, 26, 25, 99, 100):
        gate.update(level)
        seen.append(gate.closed)
    assert seen == [False, True, True, True, False, False, True]
    assert calls == ["pause", "go", "pause"]
    assert gate.closings == 2
    assert gate.level == 100


@given(st.lists(st.integers(0, 50), max_size=80))
def test_pause_and_resume_take_turns(levels):
    """Whatever the levels, pause and resume alternate and pause comes first."""
    calls = []
    gate = Gate(30, 10, lambda: calls.append(1), lambda: calls.append(0))
    for level in levels:
        gate.update(level)
    assert calls == [(i + 1) % 2 for i in range(len(calls))]
    assert gate.closed is (len(calls) % 2 == 1)


@pytest.mark.parametrize(("high", "low"), [(10, 10), (10, 11), (0, None), (5, -1)])
def test_marks_must_be_apart(high, low):
    """Marks that leave no room between them are refused, with both numbers."""
    with pytest.raises(ValueError, match="0 <= low < high"):
        Gate(high, low)


def test_a_failing_pause_is_tried_again():
    """When pausing fails the gate is still open, and the next level tries again."""
    tries = []

    def pause():
        tries.append(1)
        if len(tries) == 1:
            raise OSError("no")

    gate = Gate(4, 1, pause)
    with pytest.raises(OSError, match="no"):
        gate.update(5)
    assert not gate.closed
    gate.update(5)
    assert gate.closed
    assert gate.closings == 1
