"""A session as a row of the store, and back.

It must not know databases: a row is a tuple.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from hiq.clients.frames import Filter
from hiq.clients.outbox import Outbox
from hiq.clients.principal import Scopes
from hiq.clients.sessions import Session
from hiq.clients.subscriptions import Subscriptions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hiq.clients.clocks import Clocks
    from hiq.clients.hub import Hub
    from hiq.clients.kept import Mark, Restored

__all__ = ["to_row", "to_session"]


class _Scopes(msgspec.Struct):
    words: list[str]
    entities: list[str] | None
    event_types: list[str] | None


_Row = tuple[str, str, bytes, bytes, int, int, float | None]


def to_row(session: Session, steady_to_wall_s: float) -> tuple[Any, ...]:
    """Return the row of a session."""
    scopes = session.scopes
    detached_at = None
    if session.peer is None:
        detached_at = session.detached_s + steady_to_wall_s
    rights = _Scopes(
        sorted(scopes.words),
        None if scopes.entities is None else list(scopes.entities),
        None if scopes.event_types is None else sorted(scopes.event_types),
    )
    return (
        session.id,
        session.sub,
        msgspec.json.encode(rights),
        msgspec.json.encode(session.subscriptions.items),
        session.outbox.acked,
        session.outbox.next_seq,
        detached_at,
    )


def to_session(  # noqa: PLR0917  all of it is in one row of three tables
    row: tuple[Any, ...],
    marks: Mapping[str, Mark],
    waiting: Mapping[str, Sequence[Restored]],
    alive_at: float | None,
    hub: Hub,
    clocks: Clocks,
) -> Session | None:
    """Return a session with what waits for its client, None if it is too old.

    What nobody can know is a gap: the numbers from the last event that was kept up to
    the last that may have been given. A row that is none: any exception.
    """
    name, sub, scopes, filters, acked, next_seq, detached_at = msgspec.convert(
        row, _Row
    )
    if mark := marks.get(name):
        acked, next_seq = max(acked, mark.acked), max(next_seq, mark.next_seq)
    wall_s, now_s = clocks.wall(), clocks.steady()
    if detached_at is not None and detached_at <= wall_s - hub.rules.session_seconds:
        return None
    given = msgspec.json.decode(scopes, type=_Scopes)
    rights = Scopes(
        frozenset(given.words),
        None if given.entities is None else tuple(given.entities),
        None if given.event_types is None else frozenset(given.event_types),
    )
    rules = hub.rules
    outbox = Outbox(
        limit=rules.outbox_events,
        retention_s=rules.outbox_seconds,
        policy=rules.overflow,
        ack_timeout_s=rules.ack_timeout,
        acked=acked,
        totals=hub.sessions.totals,
    )
    for entry in waiting.get(name, ()):
        if entry.seq > acked:
            outbox.put_back(entry.seq, entry.owed)
    outbox.interrupted(max(next_seq, outbox.next_seq), alive_at, now_s)
    outbox.attach(outbox.acked)
    outbox.detach()
    listed = msgspec.json.decode(filters, type=list[tuple[str, Filter]])
    return Session(
        name,
        sub,
        rights,
        outbox,
        Subscriptions(rights, rules.subscriptions, listed),
        detached_s=now_s,
        durable=outbox.last_seq,
        kept=outbox.last_seq,
    )
