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
BEHIND: Final = 1000
"""Events that wait for a recorder that is behind; else it is some hundred at most."""
POLL_S: Final = 1.0
WITNESSES: Final = 50


@dataclass(frozen=True, slots=True)
class Edge:
    """What was found.

    Attributes:
        until_us: the end of the hole.
        known: what the live path has delivered of it.
        sequence: the record before which all of that was journaled.
    """

    until_us: int
    known: Keys
    sequence: int


async def find_edge(
    history: History,
    states: Sequence[CurrentState],
    tail: Scout,
    after_us: int,
    *,
    executor: Executor | None,
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
    began = timer()
    while True:
        fresh = await loop.run_in_executor(executor, list, journaled(tail))
        for entity_id, time_us in fresh:
            if time_us > after_us:
                known.add(entity_id, time_us)
            if time_us > newest_us:
                witnesses.setdefault(entity_id, time_us)
                until_us = min(until_us or time_us, time_us)
        if until_us is None:
            if timer() - began >= quiet_s and await _up_to_date(history):
                return Edge(max(newest_us, after_us), known, tail.sequence)
        elif await _committed(history, witnesses, until_us) or (
            timer() - began >= LONGEST_S and await _up_to_date(history)
        ):
            last = await loop.run_in_executor(executor, list, journaled(tail))
            known.update(key for key in last if key[1] > after_us)
            return Edge(max(until_us, after_us), known, tail.sequence)
        await sleep(POLL_S)


async def _up_to_date(history: History) -> bool:
    """Return True; NotReadyError if the recorder says that it is behind."""
    waiting = (await history.info()).backlog or 0
    if waiting > BEHIND:
        raise NotReadyError(
            f"the recorder of Home Assistant is {waiting} events behind"
        )
    return True


async def _committed(
    history: History, witnesses: dict[str, int], until_us: int
) -> bool:
    """Whether the recorder shows a row that is at least so new."""
    asked = sorted(witnesses, key=lambda name: witnesses[name])[:WITNESSES]
    return bool(await history.rows(asked, until_us - 1))
