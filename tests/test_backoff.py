"""Delays between attempts, and the wait that can be cut short."""

from __future__ import annotations

import asyncio
from itertools import islice, pairwise

from hypothesis import given
from hypothesis import strategies as st

from hiq.backoff import delays, rest, wait


def test_delays_double_up_to_the_maximum():
    """Without jitter the delays double from the first to the longest and stay."""
    found = list(islice(delays(1.0, 10.0, jitter=0.0), 6))
    assert found == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]


def test_jitter_goes_to_both_sides():
    """The random number moves a delay by at most a tenth, down and up."""
    low = next(delays(4.0, random=lambda: 0.0))
    high = next(delays(4.0, random=lambda: 0.999999))
    assert low == 3.6
    assert 4.39 < high < 4.4


@given(
    initial=st.floats(0.001, 100),
    maximum=st.floats(0.2, 1000),
    factor=st.floats(1, 5),
    number=st.floats(0, 1, exclude_max=True),
)
def test_delays_stay_in_their_bounds(initial, maximum, factor, number):
    """No delay is shorter than 0.1 s or longer than the maximum, ever."""
    found = list(islice(delays(initial, maximum, factor, random=lambda: number), 200))
    assert all(0.1 <= delay <= maximum for delay in found)
    assert all(a <= b for a, b in pairwise(found))


async def test_wait_is_cut_short_by_the_event():
    """A set event ends the wait at once and says so."""
    event = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(wait(event, 3600.0))
        await asyncio.sleep(0)
        event.set()
    assert waiting.result() is True


async def test_wait_runs_out():
    """Without the event the wait ends by itself and says so."""
    assert await wait(asyncio.Event(), 0.0) is False
    assert await wait(asyncio.Event(), -1.0) is False


async def test_a_set_event_wins_over_no_time():
    """An event that is set already counts, even if there is no time at all."""
    event = asyncio.Event()
    event.set()
    assert await wait(event, 0.0) is True


async def test_rest_ends_by_the_event_or_sets_it():
    """Whichever is first; afterwards the event is set and no timer is left."""
    event = asyncio.Event()
    asyncio.get_running_loop().call_soon(event.set)
    assert await rest(event, 3600)
    event.clear()
    assert await rest(event, 0.0)
    assert event.is_set()
    assert await rest(event, 3600)
