"""The time stamp at the end of a line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from hiq import Pipeline
from tests.events import frame, state_changed

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LIMIT = 9_000_000_000_000_000
MICROSECONDS = st.one_of(
    st.integers(-LIMIT, LIMIT),
    st.integers(-2_000_000, 2_000_000),
    st.integers(1_795_187_369_000_000, 1_795_187_371_000_000),
)


@given(st.lists(MICROSECONDS, min_size=1, max_size=8))
def test_stamps_in_any_order(stamps: list[int]) -> None:
    """Stamps are written with all digits and their sign, whatever came before."""
    pipeline = Pipeline()
    for stamp in stamps:
        time = (EPOCH + timedelta(microseconds=stamp)).isoformat()
        assert pipeline.feed(frame(state_changed(time=time))).points == 1
    found = [int(line.split()[-1]) for line in pipeline.take().splitlines()]
    assert found == [stamp * 1000 for stamp in stamps]
