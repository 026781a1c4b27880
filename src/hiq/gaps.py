"""The ledger of gaps: every interval in which something may be missing, and its fate.

Whoever notices a loss, or that there may be one, opens a gap or records it whole;
whoever repairs it, or learns that nobody can, settles it. The ledger is bounded: the
oldest settled gaps go first, counted. It knows no file, no loop and no part of hiq;
where it is kept is the owner's, who is called after each change. Any thread may call.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import msgspec
from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["HOME", "LIMIT", "Gap", "Ledger", "State"]

LIMIT: Final = 1000
HOME: Final = "home_assistant"
"""Source of the gaps in what came from Home Assistant."""
TOUCHING_S: Final = 60.0
"""Losses of one kind that are no further apart are one gap."""

State: TypeAlias = Literal["open", "repaired", "lost"]


class Gap(Struct, frozen=True, kw_only=True):
    """One interval; times are Unix seconds.

    Attributes:
        number: rises with each gap of a ledger.
        cause: why something may be missing: `disconnected`, `stopped`, `past`,
            `journal_full`, `journal_damaged`, `rejected`, ...
        source: where: `home_assistant`, `journal`, `sink:<name>`.
        start_s: from when on.
        end_s: until when; None while it lasts.
        state: `open` until it is known whether it could be repaired, `repaired`
            when nothing is missing any more, `lost` when something stays missing.
        detail: more about the cause.
        outcome: what repaired it, or why nothing could.
        points: how many points were restored, or lost; None if nobody knows.
        noted_s: when it was noted.
        settled_s: when it was settled.
    """

    number: int
    cause: str
    source: str
    start_s: float
    end_s: float | None = None
    state: State = "open"
    detail: str = ""
    outcome: str = ""
    points: int | None = None
    noted_s: float = 0.0
    settled_s: float | None = None


class _Saved(Struct, frozen=True):
    """What `Ledger.encode` writes."""

    gaps: list[Gap]
    forgotten: int = 0
    next_number: int = 1
    format: int = 1


class Ledger:
    """All gaps that are known.

    - After calling any method that changes it: `changed` was called, once.
    - `forgotten`: how many settled gaps are gone because there were too many.
    """

    def __init__(
        self, *, limit: int = LIMIT, clock: Callable[[], float] = time.time
    ) -> None:
        self.changed: Callable[[], object] = _nothing
        self.forgotten = 0
        self._limit = limit
        self._clock = clock
        self._gaps: dict[int, Gap] = {}
        self._next_number = 1
        self._lock = threading.Lock()

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """All gaps in the order in which they were noted."""
        with self._lock:
            return tuple(self._gaps.values())

    def count(self, state: State) -> int:
        """Return how many gaps are in a state."""
        return sum(gap.state == state for gap in self.gaps)

    def open(self, cause: str, start_s: float, *, source: str, detail: str = "") -> int:
        """Note a gap whose end or fate is not known; return its number."""
        with self._lock:
            number = self._add(cause, source, start_s, detail=detail)
        self.changed()
        return number

    def update(
        self, number: int, *, end_s: float | None = None, detail: str | None = None
    ) -> None:
        """Say more about an open gap; nothing if it is settled or forgotten."""
        with self._lock:
            gap = self._gaps.get(number)
            if gap is None or gap.state != "open":
                return
            self._gaps[number] = msgspec.structs.replace(
                gap,
                end_s=gap.end_s if end_s is None else end_s,
                detail=gap.detail if detail is None else detail,
            )
        self.changed()

    def settle(
        self,
        number: int,
        state: Literal["repaired", "lost"],
        outcome: str,
        *,
        end_s: float | None = None,
        points: int | None = None,
    ) -> None:
        """Say what became of an open gap; nothing if it is settled or forgotten."""
        with self._lock:
            gap = self._gaps.get(number)
            if gap is None or gap.state != "open":
                return
            now = self._clock()
            self._gaps[number] = msgspec.structs.replace(
                gap,
                end_s=end_s if end_s is not None else gap.end_s or now,
                state=state,
                outcome=outcome,
                points=points,
                settled_s=now,
            )
            self._trim()
        self.changed()

    def record(
        self,
        cause: str,
        start_s: float,
        end_s: float,
        *,
        source: str,
        outcome: str,
        detail: str = "",
        points: int | None = None,
    ) -> int:
        """Note a loss that nothing repairs; return the number of its gap.

        A loss of the same kind that touches an earlier one makes that one longer, so
        that a storm of losses is one gap.
        """
        with self._lock:
            last = self._touching(cause, source, start_s, end_s)
            if last is not None:
                known = None not in {last.points, points}
                self._gaps[last.number] = msgspec.structs.replace(
                    last,
                    start_s=min(last.start_s, start_s),
                    end_s=max(last.end_s or end_s, end_s),
                    detail=detail,
                    outcome=outcome,
                    points=(last.points or 0) + (points or 0) if known else None,
                    settled_s=self._clock(),
                )
                number = last.number
            else:
                number = self._add(cause, source, start_s, detail=detail)
                self._gaps[number] = msgspec.structs.replace(
                    self._gaps[number],
                    end_s=end_s,
                    state="lost",
                    outcome=outcome,
                    points=points,
                    settled_s=self._clock(),
                )
        self.changed()
        return number

    # its file

    def encode(self) -> bytes:
        """Return all of it as JSON."""
        with self._lock:
            saved = _Saved(list(self._gaps.values()), self.forgotten, self._next_number)
        return msgspec.json.encode(saved)

    def restore(self, data: bytes) -> None:
        """Take in what `encode` returned, before anything is noted.

        Raises:
            ValueError: it is something else.
        """
        saved = msgspec.json.decode(data, type=_Saved)
        with self._lock:
            self._gaps = {gap.number: gap for gap in saved.gaps}
            self.forgotten = saved.forgotten
            self._next_number = max([saved.next_number, *(n + 1 for n in self._gaps)])

    # inside; the lock is held

    def _add(self, cause: str, source: str, start_s: float, *, detail: str) -> int:
        number = self._next_number
        self._next_number += 1
        self._gaps[number] = Gap(
            number=number,
            cause=cause,
            source=source,
            start_s=start_s,
            detail=detail,
            noted_s=self._clock(),
        )
        self._trim()
        return number

    def _touching(
        self, cause: str, source: str, start_s: float, end_s: float
    ) -> Gap | None:
        """Return the newest lost gap of this kind that a new one touches."""
        for gap in reversed(self._gaps.values()):
            if (
                (gap.cause, gap.source, gap.state) == (cause, source, "lost")
                and gap.end_s is not None
                and start_s <= gap.end_s + TOUCHING_S
                and end_s >= gap.start_s - TOUCHING_S
            ):
                return gap
        return None

    def _trim(self) -> None:
        """Keep to the limit: the oldest settled gap goes, else the oldest."""
        while len(self._gaps) > self._limit:
            settled = (n for n, gap in self._gaps.items() if gap.state != "open")
            del self._gaps[next(settled, next(iter(self._gaps)))]
            self.forgotten += 1


def _nothing() -> None:
    """Do nothing: nobody keeps the ledger."""
