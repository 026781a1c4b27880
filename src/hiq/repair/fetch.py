"""Rows of a span of time, window by window, at a bounded pace.

One answer is in memory at a time, and the next is asked for when the last was dealt
with: whoever takes the rows sets the pace, up to a number of rows per second. It
does not know what the rows are for.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hiq.errors import ProtocolError
from hiq.ha.history_plan import Plan

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from hiq.ha.history import History
    from hiq.ha.history_rows import Row

__all__ = ["Piece", "fetch"]

TOO_BIG = 1009
"""Close code for a message that is too long (RFC 6455, section 7.4.1)."""


@dataclass(frozen=True, slots=True)
class Piece:
    """The rows of one answer.

    Attributes:
        rows: by entity, oldest first.
        size: bytes of the answer.
        done_us: up to there, all entities are complete with this piece.
    """

    rows: dict[str, list[Row]]
    size: int
    done_us: int


async def fetch(
    history: History,
    entity_ids: Sequence[str],
    after_us: int,
    until_us: int,
    *,
    window_s: float,
    rate: float,
    timer: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> AsyncIterator[Piece]:
    """Yield all rows with `after_us < time <= until_us`.

    Args:
        history: where to ask.
        entity_ids: whose rows.
        after_us: microseconds since 1970.
        until_us: the same; what is newer is not asked for.
        window_s: longest time in one question.
        rate: most rows per second, on average over an answer.
        timer: seconds that never go back.
        sleep: waits so many seconds.

    Raises:
        ProtocolError: the rows of one entity in one second are longer than a message
            may be (`home_assistant.max_message_bytes`).
        CommandError, ConnectionLost: as `History.rows`.
    """
    plan = Plan(entity_ids, after_us, until_us, window_us=int(window_s * 1e6))
    while (question := plan.next()) is not None:
        began = timer()
        try:
            rows = await history.rows(
                question.entity_ids, question.after_us, question.until_us
            )
        except ProtocolError as exc:
            if exc.close_code != TOO_BIG or not plan.too_big():
                raise
            await history.reopen()
            continue
        count = sum(map(len, rows.values()))
        plan.answered(history.answer_bytes)
        yield Piece(rows, history.answer_bytes, plan.done_us)
        pause = count / rate - (timer() - began)
        if pause > 0:
            await sleep(pause)
