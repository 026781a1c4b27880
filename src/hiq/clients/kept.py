"""What one commit of sessions looks like on the disk: events once, and whose they are.

A run holds the events that came since the last one, and for each session which of them
got which numbers; beside it stand the numbers that each session has reached. It must
not know files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from hiq.clients.owed import Owed
from hiq.clients.subscriptions import Event

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Mark", "Restored", "RunBuilder", "read_marks", "read_run"]


class Mark(NamedTuple):
    """How far a session is."""

    session: str
    acked: int
    next_seq: int


class Restored(NamedTuple):
    """One event of one session."""

    session: str
    seq: int
    owed: Owed


class _Event(NamedTuple):
    event_id: str
    number: int
    entity_id: str
    time_ns: int
    json: bytes
    event_type: str
    validation: bytes
    added_at: float


class _Part(msgspec.Struct, array_like=True):
    """Numbers without a hole, for the same filters."""

    session: str
    first: int
    subs: tuple[str, ...]
    events: list[int]


class _Run(msgspec.Struct, array_like=True):
    events: list[_Event]
    parts: list[_Part]


_ENCODE = msgspec.msgpack.Encoder().encode
_RUN = msgspec.msgpack.Decoder(_Run)
_MARKS = msgspec.msgpack.Decoder(list[Mark])


class RunBuilder:
    """Gathers one run."""

    def __init__(self) -> None:
        self._run = _Run([], [])
        self._places: dict[str, int] = {}
        self.last: dict[str, int] = {}
        """The highest number of each session that is in it."""

    def add(
        self, session: str, found: Iterable[tuple[int, Owed]], steady_to_wall_s: float
    ) -> None:
        """Take what a session got, in order."""
        part = _Part(session, 0, (), [])
        expected = 0
        for seq, owed in found:
            if seq != expected or owed.subs != part.subs:
                part = _Part(session, seq, owed.subs, [])
                self._run.parts.append(part)
            part.events.append(self._place(owed, steady_to_wall_s))
            expected = seq + 1
        if expected:
            self.last[session] = expected - 1

    def _place(self, owed: Owed, steady_to_wall_s: float) -> int:
        event = owed.event
        found = self._places.get(event.event_id)
        if found is None:
            found = self._places[event.event_id] = len(self._run.events)
            self._run.events.append(
                _Event(
                    event.event_id,
                    event.number,
                    event.entity_id,
                    event.time_ns,
                    event.json,
                    event.event_type,
                    event.validation,
                    owed.added_s + steady_to_wall_s,
                )
            )
        return found

    def packed(self) -> bytes:
        """Return it as bytes."""
        return _ENCODE(self._run)


def pack_marks(marks: list[Mark]) -> bytes:
    """Return marks as bytes."""
    return _ENCODE(marks)


def read_run(body: bytes, wall_to_steady_s: float, now_s: float) -> list[Restored]:
    """Return what a run holds; msgspec.MsgspecError if it is damaged."""
    run = _RUN.decode(body)
    found: list[Restored] = []
    for part in run.parts:
        for seq, place in enumerate(part.events, part.first):
            *fields, added_at = run.events[place]
            added_s = min(now_s, added_at + wall_to_steady_s)
            owed = Owed(Event(*fields), part.subs, added_s)  # type: ignore[arg-type]
            found.append(Restored(part.session, seq, owed))
    return found


def read_marks(body: bytes) -> list[Mark]:
    """Return marks; msgspec.MsgspecError if they are damaged."""
    return _MARKS.decode(body)
