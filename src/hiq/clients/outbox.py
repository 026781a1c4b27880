"""What one session is owed, in order: numbered, sent, confirmed; or announced as a gap.

- `seq` begins at 1 and has no holes: every number is an event or lies in a gap.
- An event leaves by an ack, or when it is too old or one of too many; what leaves
  without an ack and was not sent is announced by one gap at its place.
- Nothing is reordered; what is sent again keeps its number and says so.

The clock is an argument: seconds that never go back. It must not know sockets, frames
or disks.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final, Literal

from hiq.clients.delivered import Delivered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hiq.clients.subscriptions import Event

__all__ = ["Gap", "Item", "Outbox", "Policy", "Reason"]

Reason = Literal["overflow", "expired", "session_expired", "restart"]
Policy = Literal["drop_oldest", "reject", "close"]

REDELIVER_S: Final = (1.0, 2.0, 4.0)


@dataclass(slots=True)
class Item:
    """One number, or the range of a gap, in its place.

    Attributes:
        event: None for a gap.
        subs: the subscriptions that wanted it.
        sent_s: when it was sent last; None while it was not.
        attempts: how often it was sent.
    """

    first: int
    last: int
    event: Event | None
    subs: tuple[str, ...]
    added_s: float
    reason: Reason = "overflow"
    count: int | None = 1
    since_s: float | None = None
    sent_s: float | None = None
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Gap:
    """Numbers that will not come."""

    first: int
    last: int
    reason: Reason
    count: int | None
    since_s: float | None = None


class Outbox:
    """The queue of one session.

    Args:
        limit: most events that wait.
        retention_s: how long one waits.
        policy: which goes when there are too many; `close` gives up the connection.
        ack_timeout_s: how long an ack may take before events are sent again.
        next_seq: the number of the next event.
        acked: up to where everything arrived.
        tracked: events whose fate is remembered.
    """

    def __init__(
        self,
        *,
        limit: int = 1000,
        retention_s: float = 300.0,
        policy: Policy = "drop_oldest",
        ack_timeout_s: float = 30.0,
        next_seq: int = 1,
        acked: int = 0,
        tracked: int = 2000,
    ) -> None:
        self._limit = limit
        self._retention_s = retention_s
        self.policy: Policy = policy
        self._ack_timeout_s = ack_timeout_s
        self._items: deque[Item] = deque()
        self._lost: Item | None = None
        self._cursor = 0
        self._again: deque[Item] = deque()
        self._round = 0
        self._round_s: float | None = None
        self.next_seq = next_seq
        self.acked = acked
        self.sent = acked
        self._ever_sent = next_seq - 1
        self.overflowed = False
        self.unresponsive = False
        self.ignored = False
        self.delivered = Delivered(tracked)
        self.dropped: dict[str, int] = {}
        self.repeated_acks = 0

    def __len__(self) -> int:
        return len(self._items)

    @property
    def items(self) -> Iterator[Item]:
        """What waits, oldest first."""
        return iter(self._items)

    @property
    def last_seq(self) -> int:
        """The highest number that was given."""
        return self.next_seq - 1

    @property
    def filling(self) -> float:
        """How full it is, 1 for full."""
        return len(self._items) / self._limit

    @property
    def unconfirmed(self) -> bool:
        """Whether something is being sent again, or was given up."""
        return self._round > 0 or self.ignored

    # in

    def add(self, event: Event, subs: tuple[str, ...], now_s: float) -> Item:
        """Take an event; the oldest leaves if there are too many."""
        if len(self._items) >= self._limit:
            if self.policy == "reject":
                return self.refuse("overflow", now_s)
            self.overflowed = self.policy == "close"
        item = self._append(event, now_s)
        item.subs = subs
        self.delivered.add(event.event_id, item.first)
        return item

    def refuse(self, reason: Reason, now_s: float) -> Item:
        """Give a number to an event that cannot be sent: it is a gap at once."""
        self._count(reason)
        last = self._items[-1] if self._items else None
        if (
            last is not None
            and last.event is None
            and last.reason == reason
            and last.count is not None
            and last.last > self.sent
        ):
            self.next_seq += 1
            last.last, last.added_s, last.count = self.last_seq, now_s, last.count + 1
            return last
        item = self._append(None, now_s)
        item.reason = reason
        return item

    def interrupted(self, since_s: float | None, now_s: float) -> Item:
        """Note that nobody knows what happened: hiq did not run since then."""
        item = self._append(None, now_s)
        item.reason, item.count, item.since_s = "restart", None, since_s
        while len(self._items) > self._limit:
            self._drop("overflow")
        return item

    def put_back(self, item: Item) -> None:
        """Take what a store has kept, in order; for a new outbox only.

        What the numbers leave out was lost before the restart.
        """
        expected = self._items[-1].last + 1 if self._items else self.acked + 1
        if item.first > expected:
            count = item.first - expected
            hole = Item(expected, item.first - 1, None, (), item.added_s)
            hole.count = count
            self._items.append(hole)
        self._items.append(item)
        if item.event is not None:
            self.delivered.add(item.event.event_id, item.first)

    def fill_up(self, now_s: float) -> None:
        """After the last thing was put back: what is not there at the end was lost."""
        expected = self._items[-1].last + 1 if self._items else self.acked + 1
        if self.next_seq > expected:
            hole = Item(expected, self.last_seq, None, (), now_s)
            hole.count = self.next_seq - expected
            self._items.append(hole)

    def _append(self, event: Event | None, now_s: float) -> Item:
        while event is not None and len(self._items) >= self._limit:
            self._drop("overflow")
        item = Item(self.next_seq, self.next_seq, event, (), now_s)
        self.next_seq += 1
        self._items.append(item)
        return item

    # out

    def due(self, durable: int) -> Item | Gap | None:
        """Return what is to be sent next; it counts as sent when `was_sent` is told.

        Args:
            durable: the highest number that may be sent.
        """
        while self._again:
            item = self._again[0]
            if item.event is not None and self._waits(item):
                return item
            self._again.popleft()
        if self._lost is not None and self._lost.last > self.sent:
            return self._as_gap(self._lost)
        if self._cursor >= len(self._items):
            return None
        item = self._items[self._cursor]
        if item.last > durable:
            return None
        return item if item.event is not None else self._as_gap(item)

    def was_sent(self, found: Item | Gap, now_s: float) -> None:
        """Note that it went out."""
        if self._again and found is self._again[0]:
            self._again.popleft()
            self.delivered.redelivered += 1
        else:
            self.sent = max(self.sent, found.last)
            self._ever_sent = max(self._ever_sent, self.sent)
            while (
                self._cursor < len(self._items)
                and self._items[self._cursor].last <= self.sent
            ):
                self._cursor += 1
        if isinstance(found, Item):
            found.sent_s = now_s
            found.attempts += 1
            if found.event is not None:
                self.delivered.sent(found.event.event_id, now_s)
            if self._round_s is None:
                self._round_s = now_s + self._ack_timeout_s

    def attach(self, last_seq: int) -> int:
        """Begin again after `last_seq`, which counts as acked; return how many come."""
        self.detach()
        self.ignored = False
        self._cut_to(last_seq, None)
        self.acked = max(self.acked, last_seq)
        self.sent = self.acked
        return sum(1 for item in self._items if item.event is not None)

    def detach(self) -> None:
        """The connection is gone: everything that is not acked is to be sent again."""
        self._again.clear()
        self._round, self._round_s = 0, None
        self._cursor = 0
        self.sent = self.acked
        self.overflowed = self.unresponsive = False

    # confirmations

    def ack(self, seq: int, now_s: float) -> bool:
        """Confirm everything up to a number; False if it was never sent."""
        if not self.may_ack(seq):
            return False
        if seq <= self.acked:
            self.repeated_acks += 1
            return True
        self._cut_to(seq, now_s)
        self.acked, self.ignored = seq, False
        self.sent = max(self.sent, seq)
        self._round, self._round_s = 0, None
        if self._cursor:
            sent_s = self._items[0].sent_s
            self._round_s = (now_s if sent_s is None else sent_s) + self._ack_timeout_s
        return True

    def may_ack(self, seq: int) -> bool:
        """Return whether a number was ever sent."""
        return seq <= self._ever_sent

    def _cut_to(self, seq: int, now_s: float | None) -> None:
        if self._lost is not None:
            self._lost = None if self._lost.last <= seq else _cut(self._lost, seq)
        while self._items and self._items[0].last <= seq:
            item = self._pop()
            if item.event is not None:
                self.delivered.confirmed(item.event.event_id, now_s)
        if self._items and self._items[0].first <= seq:
            _cut(self._items[0], seq)

    # time

    def tick(self, now_s: float) -> None:
        """Let go what is too old, and send again what nobody confirmed."""
        while self._items and self._items[0].added_s <= now_s - self._retention_s:
            self._drop("expired")
        if self._round_s is None or now_s < self._round_s:
            return
        overdue_s = now_s - (self._ack_timeout_s if not self._round else 0.0)
        unconfirmed = [
            item
            for item in islice(self._items, self._cursor)
            if item.event is not None and (item.sent_s or 0.0) <= overdue_s
        ]
        if not unconfirmed:
            self._round_s = None
            if self._cursor:
                self._round_s = now_s + self._ack_timeout_s
        elif self._round >= len(REDELIVER_S):
            self.unresponsive = self.ignored = True
            for item in unconfirmed:
                if item.event is not None:
                    self.delivered.timed_out(item.event.event_id)
        else:
            self._again = deque(unconfirmed)
            self._round_s = now_s + REDELIVER_S[self._round]
            self._round += 1

    @property
    def due_s(self) -> float | None:
        """When `tick` has something to do for a client that is attached."""
        return self._round_s

    # leaving without an ack

    def give_up(self, kept: int) -> int:
        """Let all but the newest go, for want of memory; return how many events."""
        before = sum(self.dropped.values())
        while len(self._items) > kept:
            self._drop("overflow")
        return sum(self.dropped.values()) - before

    def _drop(self, reason: Reason) -> None:
        """Let the oldest go; one gap stands for all that left at the head."""
        item = self._pop()
        if item.event is not None:
            self._count(reason)
            self.delivered.failed(item.event.event_id)
            item.event, item.reason, item.subs = None, reason, ()
        lost = self._lost
        if lost is None:
            self._lost = item
            return
        lost.last = item.last
        lost.since_s = item.since_s if lost.since_s is None else lost.since_s
        both_known = lost.count is not None and item.count is not None
        lost.count = lost.last - lost.first + 1 if both_known else None

    def _as_gap(self, item: Item) -> Gap:
        first = max(item.first, self.sent + 1)
        count = None if item.count is None else item.last - first + 1
        return Gap(first, item.last, item.reason, count, item.since_s)

    def _pop(self) -> Item:
        self._cursor = max(0, self._cursor - 1)
        return self._items.popleft()

    def _waits(self, item: Item) -> bool:
        return bool(self._items) and item.first >= self._items[0].first

    def _count(self, reason: str) -> None:
        self.dropped[reason] = self.dropped.get(reason, 0) + 1


def _cut(gap: Item, seq: int) -> Item:
    """Take from a gap what was confirmed."""
    gap.first = seq + 1
    if gap.count is not None:
        gap.count = gap.last - seq
    return gap
