"""What one session is owed, in order: numbered, sent, confirmed; or announced as a gap.

- `seq` begins at 1 and has no holes: every number is an event or lies in a gap.
- An event leaves by an ack, or when it is too old or one of too many; what leaves
  without an ack and was not sent is announced by one gap at its place.
- Nothing is reordered; what is sent again keeps its number and says so.

An event is a reference to what all sessions share, its number is its place: that is
all that a client costs per event. The clock is an argument: seconds that never go
back. It must not know sockets, frames or disks.
"""

from __future__ import annotations

from collections import deque
from itertools import chain, islice, takewhile
from typing import TYPE_CHECKING, Final, Literal

from hiq.clients.delivered import Counts, Delivered, Fate, FateOf
from hiq.clients.owed import Gap, Hole, Owed, Run
from hiq.clients.rounds import Rounds
from hiq.clients.sendings import Sendings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hiq.clients.owed import Reason

__all__ = ["Outbox", "Policy"]

Policy = Literal["drop_oldest", "reject", "close"]

ANY_SIZE: Final = 2**62


class Outbox:
    """The queue of one session.

    Args:
        limit: most events that wait.
        retention_s: how long one waits.
        policy: which goes when there are too many; `close` gives up the connection.
        ack_timeout_s: how long an ack may take before events are sent again.
        acked: up to where everything arrived; the next event has the number behind.
        tracked: events whose fate is remembered after they left.
        totals: counts of all sessions.
    """

    def __init__(
        self,
        *,
        limit: int = 1000,
        retention_s: float = 300.0,
        policy: Policy = "drop_oldest",
        ack_timeout_s: float = 30.0,
        acked: int = 0,
        tracked: int = 2000,
        totals: Counts | None = None,
    ) -> None:
        self._limit = limit
        self._retention_s = retention_s
        self.policy: Policy = policy
        self._unacked: deque[Owed | Hole] = deque()  # sent over this connection
        self._waiting: deque[Owed | Hole] = deque()  # behind those
        self._head = self._out = acked + 1  # numbers of the first of both together,
        self._lost: Hole | None = None  # and of the first that waits
        self._sendings = Sendings()
        self._again: deque[tuple[int, Owed]] = deque()
        self._rounds = Rounds(ack_timeout_s)
        self.next_seq = acked + 1
        self.acked = acked
        self.sent = acked
        self._ever_sent = acked
        self._restored = acked
        self.overflowed = False
        self.delivered = Delivered(tracked, Counts() if totals is None else totals)

    def __len__(self) -> int:
        return len(self._unacked) + len(self._waiting)

    @property
    def entries(self) -> Iterator[tuple[int, Owed]]:
        """Numbers and events that are not confirmed, oldest first."""
        at = self._head
        for entry in chain(self._unacked, self._waiting):
            if isinstance(entry, Hole):
                at = entry.last + 1
            else:
                yield at, entry
                at += 1

    @property
    def last_seq(self) -> int:
        """The highest number that was given."""
        return self.next_seq - 1

    @property
    def settled(self) -> int:
        """The highest number up to which nothing waits any more."""
        return self._head - 1

    @property
    def filling(self) -> float:
        """How full it is, 1 for full."""
        return len(self) / self._limit

    @property
    def unconfirmed(self) -> bool:
        """Whether something is being sent again, or was given up."""
        return self._rounds.unconfirmed

    # in

    def add(self, owed: Owed) -> None:
        """Take an event; the oldest leaves if there are too many."""
        if len(self._unacked) + len(self._waiting) >= self._limit:
            if self.policy == "reject":
                self.refuse("overflow", owed.added_s)
                return
            self.overflowed = self.policy == "close"
            while len(self) >= self._limit:
                self._drop("overflow")
        self._waiting.append(owed)
        self.next_seq += 1

    def refuse(self, reason: Reason, now_s: float) -> None:
        """Give a number to an event that cannot be sent: it is a gap at once."""
        self.delivered.dropped(reason)
        last = self._waiting[-1] if self._waiting else None
        known = isinstance(last, Hole) and last.count is not None
        hole = Hole(self.next_seq, self.next_seq, now_s, reason)
        if isinstance(last, Hole) and known and last.reason == reason:
            last.swallow(hole)
            last.added_s = now_s
        else:
            self._waiting.append(hole)
        self.next_seq += 1

    def interrupted(self, up_to: int, since_s: float | None, now_s: float) -> None:
        """Note that nobody knows what the numbers meant: hiq did not run since then."""
        hole = Hole(self.next_seq, up_to, now_s, "restart", None, since_s)
        self._waiting.append(hole)
        self.next_seq = up_to + 1
        self._restored = up_to  # each may have been sent
        while len(self) > self._limit:
            self._drop("overflow")

    def put_back(self, seq: int, owed: Owed) -> None:
        """Take what a store has kept, in order; for a new outbox only.

        What the numbers leave out was lost before the restart.
        """
        count = seq - self.next_seq
        if count > 0:
            hole = Hole(self.next_seq, seq - 1, owed.added_s, count=count)
            self._waiting.append(hole)
        self._waiting.append(owed)
        self.next_seq = seq + 1

    def newer(self, seq: int) -> list[tuple[int, Owed]]:
        """Return numbers and events behind `seq`, but for what was confirmed."""
        found: list[tuple[int, Owed]] = []
        at = self.next_seq
        for entry in chain(reversed(self._waiting), reversed(self._unacked)):
            at = entry.first if isinstance(entry, Hole) else at - 1
            if at <= seq:
                break
            if not isinstance(entry, Hole):
                found.append((at, entry))
        found.reverse()
        return found

    # out

    def take(
        self, durable: int, now_s: float, most_bytes: int = ANY_SIZE
    ) -> Run | Gap | None:
        """Return what is to be sent next; it counts as sent.

        Args:
            durable: the highest number that may be sent.
            now_s: seconds that never go back.
            most_bytes: no more events once they have so many bytes.
        """
        while self._again:
            seq, owed = self._again.popleft()
            if seq >= self._head:
                return self._went_out(Run(seq, (owed,), redelivered=True), now_s)
        lost = self._lost
        if lost is not None and lost.last > self.sent:
            return self._told(lost)
        if not self._waiting:
            return None
        entry = self._waiting[0]
        if isinstance(entry, Hole):
            if entry.last > durable:
                return None
            gap = self._told(entry)
            self._unacked.append(self._waiting.popleft())
            self._out = entry.last + 1
            return gap
        first = self._out
        redelivered = first <= self._ever_sent
        most = (min(durable, self._ever_sent) if redelivered else durable) - first + 1
        owed_now: list[Owed] = []
        size = 0
        for entry in islice(self._waiting, max(0, most)):
            if isinstance(entry, Hole):
                break
            owed_now.append(entry)
            size += entry.size
            if size >= most_bytes:
                break
        if not owed_now:
            return None
        pop = self._waiting.popleft
        for _ in owed_now:
            pop()
        self._unacked.extend(owed_now)
        self._out += len(owed_now)
        return self._went_out(Run(first, owed_now, redelivered), now_s)

    def _told(self, hole: Hole) -> Gap:
        first = max(hole.first, self.sent + 1)
        count = None if hole.count is None else hole.last - first + 1
        self._reached(hole.last)
        return Gap(first, hole.last, hole.reason, count, hole.since_s)

    def _went_out(self, run: Run, now_s: float) -> Run:
        """Note when it was sent, and how often."""
        last = run.first + len(run.owed) - 1
        self.delivered.sent(len(run.owed), again=run.redelivered)
        self._sendings.note(run.first, last, now_s, again=run.redelivered)
        self._reached(last)
        self._rounds.sent(now_s)
        return run

    def _reached(self, seq: int) -> None:
        self.sent = max(self.sent, seq)
        self._ever_sent = max(self._ever_sent, self.sent)

    def attach(self, last_seq: int) -> int:
        """Begin again after `last_seq`, which counts as acked; return how many come."""
        self.detach()
        self._rounds.ignored = False
        self._cut_to(last_seq, None)
        self.acked = max(self.acked, last_seq)
        self.sent = self.acked
        return sum(1 for _ in self.entries)

    def detach(self) -> None:
        """The connection is gone: everything that is not acked is to be sent again."""
        self._again.clear()
        self._rounds.stop()
        self._waiting.extendleft(reversed(self._unacked))
        self._unacked.clear()
        self._out = self._head
        self.sent = self.acked
        self.overflowed = False

    # confirmations

    def ack(self, seq: int, now_s: float) -> bool:
        """Confirm everything up to a number; False if it was never sent."""
        if not self.may_ack(seq):
            return False
        if seq <= self.acked:
            self.delivered.acked_again()
            return True
        self._cut_to(seq, now_s)
        self.acked = seq
        self.sent = max(self.sent, seq)
        self._rounds.ignored = False
        oldest = self._sendings.first() or (seq, now_s)
        self._rounds.begin(oldest[1] if self._unacked else None)
        return True

    def may_ack(self, seq: int) -> bool:
        """Return whether a number was ever sent."""
        return seq <= max(self._ever_sent, self._restored)

    def _cut_to(self, seq: int, now_s: float | None) -> None:
        if self._lost is not None:
            self._lost = None if self._lost.last <= seq else self._lost.cut(seq)
        sendings = self._sendings
        fates: list[FateOf] = []
        run = sendings.first()
        while self._head <= seq and len(self):
            at = self._head
            entry = self._first()
            if isinstance(entry, Hole):
                if entry.last > seq:
                    self._head = entry.cut(seq).first
                    break
                self._pop(entry)
                continue
            self._pop(entry)
            if run is not None and run[0] < at:
                sendings.forget(at)
                run = sendings.first()
            sent_s = None if run is None else run[1]
            fates.append(
                (entry.event.event_id, at, 1 + sendings.take_repeats(at), sent_s)
            )
        sendings.forget(self._head)
        self.delivered.left(fates, "confirmed", now_s)
        if not self._unacked:
            self._out = self._head

    # time

    def tick(self, now_s: float) -> None:
        """Let go what is too old, and send again what nobody confirmed."""
        before_s = now_s - self._retention_s
        while len(self) and self._first().added_s <= before_s:
            self._drop("expired")
        overdue_s = self._rounds.overdue_s(now_s)
        if overdue_s is None:
            return
        gave_up = self.unresponsive
        unconfirmed = self._sent_by(overdue_s)
        if not unconfirmed:
            self._rounds.begin(now_s if self._unacked else None)
        elif self._rounds.next(now_s):
            self._again = deque(unconfirmed)
        elif not gave_up:
            self.delivered.timed_out(len(unconfirmed))

    @property
    def unresponsive(self) -> bool:
        """Whether nobody confirmed anything, however often it was sent."""
        return self._rounds.over

    def _sent_by(self, moment_s: float) -> list[tuple[int, Owed]]:
        """Return numbers and events that were sent by then and are not confirmed."""
        last = self._sendings.up_to(moment_s)
        return list(takewhile(lambda entry: entry[0] <= last, self.entries))

    @property
    def due_s(self) -> float | None:
        """When `tick` has something to do for a client that is attached."""
        return self._rounds.due_s

    # what became of an event

    def fate(self, event_id: str) -> Fate | None:
        """Return what became of an event, None if it is not known (any more)."""
        for seq, owed in self.entries:
            if owed.event.event_id == event_id:
                return self._fate_of(seq)
        return self.delivered.get(event_id)

    def _fate_of(self, seq: int) -> Fate:
        if seq > self._ever_sent:
            return Fate(seq)
        status: Literal["timeout", "sent"] = "timeout" if self.unresponsive else "sent"
        sendings = self._sendings
        return Fate(seq, status, 1 + sendings.repeats(seq), sendings.when(seq))

    # leaving without an ack

    def give_up(self, kept: int) -> int:
        """Let all but the newest go, for want of memory; return how many events."""
        before = sum(self.delivered.counts.dropped.values())
        while len(self) > kept:
            self._drop("overflow")
        return sum(self.delivered.counts.dropped.values()) - before

    def _drop(self, reason: Reason) -> None:
        """Let the oldest go; one gap stands for all that left at the head."""
        at = self._head
        hole = entry = self._first()
        self._pop(entry)
        if not isinstance(hole, Hole):
            self.delivered.dropped(reason)
            attempts = self._sendings.take_repeats(at) + (at <= self._ever_sent)
            self.delivered.left([(hole.event.event_id, at, attempts, None)], "failed")
            hole = Hole(at, at, hole.added_s, reason)
        if self._lost is None:
            self._lost = hole
        else:
            self._lost.swallow(hole)
        self._sendings.forget(self._head)
        if not self._unacked:
            self._out = self._head

    def _first(self) -> Owed | Hole:
        return self._unacked[0] if self._unacked else self._waiting[0]

    def _pop(self, entry: Owed | Hole) -> None:
        """Take the first away."""
        (self._unacked or self._waiting).popleft()
        self._head = entry.last + 1 if isinstance(entry, Hole) else self._head + 1
