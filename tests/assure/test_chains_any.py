"""Any events at any time: nothing is raised, bounds hold, a chain breaks once."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from hiq.assure.contracts import Code
from hiq.assure.contracts_events import read
from tests.assure.making import Run, contract, event

TYPES = (
    *("agent_started", "agent_thinking", "tool_executing", "tool_completed"),
    *("agent_completed", "agent_failed", "state_changed"),
)
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(TYPES),
        st.sampled_from(["r", "s", None, 3, [1], {"x": 1}, "ž" * 300]),
        st.sampled_from(["a", "b", None]),
        st.floats(0.0, 40.0),
    ),
    max_size=60,
)
GOES_ON = {Code.DUPLICATE, Code.TOO_SHORT, Code.NOT_ANSWERED}


@given(EVENTS)
def test_any_events_break_each_chain_at_most_once(events: list) -> None:
    """Once for each time that it was opened, and once after its end."""
    run = Run(contract("agent_run"), most_open=3, most_ended=3, most_seen=10)
    now_s = 0.0
    opens = 0
    for event_type, run_id, tool, pause_s in events:
        now_s += pause_s
        data = {"run_id": run_id, "tool_name": tool}
        run.take(event(event_type, now_s, **data), now_s)
        opens = max(opens, run.engine.open)
    run.wait(now_s + 1000.0)
    assert opens <= 3
    assert run.engine.open == 0
    broken = Counter(v.correlation for _, v in run.found if v.code not in GOES_ON)
    counts = run.engine.figures()["agent_run"]
    after = counts["violations"].get(Code.AFTER_TERMINAL, 0)
    assert broken.total() <= counts["opened"] + after
    ended = counts["completed"] + counts["evicted"] + broken.total() - after
    assert ended == counts["opened"]


@given(st.binary(max_size=200))
def test_any_bytes_are_an_event_or_none(json: bytes) -> None:
    """What cannot be read is None, never an exception."""
    one = read(json)
    assert one is None or isinstance(one.event_type, str)
