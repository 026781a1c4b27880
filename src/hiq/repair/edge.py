"""Where a hole ends: the instant from which on the live path has everything.

Only Home Assistant's clock counts. An event that came live, and is newer than all
states at connect, is such an instant: what had been fired before it was fired before
the subscription, or came live too. As soon as the recorder shows a row that is as
new, it has committed everything before. Where nothing happens, time decides.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hiq.errors import NotReadyError
from hiq.ha.history_rows import MICROSECONDS
from hiq.repair.keys import Keys, journaled

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from concurrent.futures import Executor

    from hiq.ha.history import History
    from hiq.ha.history_rows import CurrentState
    from hiq.journal.scout import Scout

__all__ = ["Edge", "find_edge"]

QUIET_S: Final = 60.0
"""When no event comes, the recorder has committed after so long."""
LONGEST_S: Final = 600.0
"""When its commit is not seen, it is taken for granted after so long: it may exclude
all that came. Unless it says that it is behind."""
BEHIND: Final = 100
"""Events that wait for a recorder that is behind; else there are hardly any."""
POLL_S: Final = 1.0
WITNESSES: Final = 50
PAST_US: Final = 86_400 * MICROSECONDS


@dataclass(frozen=True, slots=True)
class Edge:
    """What was found.

    Attributes:
        until_us: the end of the hole.
        known: what the live path has delivered of it.
        sequence: the record before which all of that was journaled.
        stopped: the recorder does not record, and nobody knows from when on. It says
            so, or shows nothing new of entities whose past it has: `recorder.disable`
            shows in no other way.
    """

    until_us: int
    known: Keys
    sequence: int
    stopped: bool = False


async def find_edge(
    history: History,
    states: Sequence[CurrentState],
    tail: Scout,
    after_us: int,
    *,
    executor: Executor | None,
    growing: bool = True,
    quiet_s: float = QUIET_S,
    timer: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> Edge:
    """Wait until the recorder has committed the hole that began at `after_us`.

    Args:
        history: where to ask.
        states: all states, asked for after the subscription was confirmed.
        tail: reads the journal from before the hole was found.
        after_us: the begin of the hole; older keys are not needed.
        executor: where the journal is read.
        growing: whether the recorder writes what happens; else there is no commit to
            wait for.
        quiet_s: how long to wait when nothing happens.
        timer: seconds that never go back.
        sleep: waits so many seconds.

    Raises:
        NotReadyError: the recorder is too far behind; later it may not be.
        What `history.rows` raises.
    """
    newest_us = max((state.updated_us for state in states), default=after_us)
    loop = asyncio.get_running_loop()
    known = Keys()
    witnesses: dict[str, int] = {}
    until_us: int | None = None
    stopped = not growing
    began = timer()
    while True:
        fresh = await loop.run_in_executor(executor, list, journaled(tail))
        for entity_id, time_us in fresh:
            if time_us > after_us:
                known.add(entity_id, time_us)
            if time_us > newest_us:
                witnesses.setdefault(entity_id, time_us)
                until_us = min(until_us or time_us, time_us)
        if stopped:
            break
        if until_us is not None and await _shown(history, witnesses, until_us):
            break
        longest_s = quiet_s if until_us is None else LONGEST_S
        if timer() - began >= longest_s:
            await _check_backlog(history)
            expected = witnesses or _newest(states, after_us)
            stopped = await _lacks(history, expected)
            break
        await sleep(POLL_S)
    last = await loop.run_in_executor(executor, list, journaled(tail))
    known.update(key for key in last if key[1] > after_us)
    until_us = max(newest_us if until_us is None else until_us, after_us)
    return Edge(until_us, known, tail.sequence, stopped)


def _newest(states: Sequence[CurrentState], after_us: int) -> dict[str, int]:
    """Return what changed last in the hole."""
    found = [state for state in states if state.updated_us > after_us]
    found.sort(key=lambda state: state.updated_us, reverse=True)
    return {state.entity_id: state.updated_us for state in found[:WITNESSES]}


async def _check_backlog(history: History) -> None:
    """Raise NotReadyError if the recorder says that it is behind."""
    waiting = (await history.info()).backlog or 0
    if waiting > BEHIND:
        raise NotReadyError(
            f"the recorder of Home Assistant is {waiting} events behind"
        )


async def _shown(history: History, witnesses: dict[str, int], since_us: int) -> bool:
    """Whether the recorder shows a row that is at least so new."""
    return bool(await history.rows(_first(witnesses), since_us - 1))


async def _lacks(history: History, expected: dict[str, int]) -> bool:
    """Whether the recorder does not show the newest, though it has older rows of it."""
    names = _first(expected)
    since_us = min((expected[name] for name in names), default=0)
    rows = await history.rows(names, since_us - 1)
    shown_us = max(
        (row.updated_us for found in rows.values() for row in found), default=0
    )
    lacking = [name for name in names if expected[name] > shown_us]
    if not lacking:
        return False
    return bool(await history.rows(lacking, since_us - PAST_US, since_us - 1))


def _first(witnesses: dict[str, int]) -> list[str]:
    """Return the entities whose events came first."""
    return sorted(witnesses, key=lambda name: witnesses[name])[:WITNESSES]
