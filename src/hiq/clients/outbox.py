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
from itertools import takewhile
from typing import TYPE_CHECKING, Final, Literal

from hiq.clients.delivered import Counts, Delivered, Fate, FateOf
from hiq.clients.numbered import Numbered
from hiq.clients.owed import Gap, Hole, Run
from hiq.clients.rounds import Rounds
from hiq.clients.sendings import Sendings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hiq.clients.owed import Owed, Reason

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
        self._numbered = Numbered(acked + 1)
        self._sendings = Sendings()
        self._again: deque[tuple[int, Owed]] = deque()
        self._rounds = Rounds(ack_timeout_s)
        self.acked = acked
        self.sent = acked
        self._ever_sent = acked
        self._restored = acked
        self.overflowed = False
        self.delivered = Delivered(tracked, Counts() if totals is None else totals)

    def __len__(self) -> int:
        return len(self._numbered)

    @property
    def entries(self) -> Iterator[tuple[int, Owed]]:
        """Numbers and events that are not confirmed, oldest first."""
        return self._numbered.entries

    @property
    def next_seq(self) -> int:
        """The number of the next event."""
        return self._numbered.next_seq

    @property
    def last_seq(self) -> int:
        """The highest number that was given."""
        return self._numbered.next_seq - 1

    @property
    def settled(self) -> int:
        """The highest number up to which nothing waits any more."""
        return self._numbered.head - 1

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
        numbered = self._numbered
        if len(numbered.unacked) + len(numbered.waiting) >= self._limit:
            if self.policy == "reject":
                self.refuse("overflow", owed.added_s)
                return
            self.overflowed = self.policy == "close"
            while len(numbered) >= self._limit:
                self._drop("overflow")
        numbered.waiting.append(owed)  # as `Numbered.add`: a call for each is too dear
        numbered.next_seq += 1

    def refuse(self, reason: Reason, now_s: float) -> None:
        """Give a number to an event that cannot be sent: it is a gap at once."""
        self.delivered.dropped(reason)
        self._numbered.leave_out(reason, now_s)

    def interrupted(self, up_to: int, since_s: float | None, now_s: float) -> None:
        """Note that nobody knows what the numbers meant: hiq did not run since then."""
        hole = Hole(self.next_seq, up_to, now_s, "restart", None, since_s)
        self._numbered.add_hole(hole)
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
            self._numbered.add_hole(hole)
        self._numbered.add(owed)

    def newer(self, seq: int) -> list[tuple[int, Owed]]:
        """Return numbers and events behind `seq`, but for what was confirmed."""
        return self._numbered.newer(seq)

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
        numbered = self._numbered
        while self._again:
            seq, owed = self._again.popleft()
            if seq >= numbered.head:
                return self._went_out(Run(seq, (owed,), redelivered=True), now_s)
        lost = numbered.lost
        if lost is not None and lost.last > self.sent:
            return self._told(lost)
        if not numbered.waiting:
            return None
        entry = numbered.waiting[0]
        if isinstance(entry, Hole):
            if entry.last > durable:
                return None
            numbered.send_hole(entry)
            return self._told(entry)
        first = numbered.out
        redelivered = first <= self._ever_sent
        most = (min(durable, self._ever_sent) if redelivered else durable) - first + 1
        if most <= 0:
            return None
        run = Run(first, numbered.send(most, most_bytes), redelivered)
        return self._went_out(run, now_s)

    def _told(self, hole: Hole) -> Gap:
        first = max(hole.first, self.sent + 1)
        count = None if hole.count is None else hole.last - first + 1
        self.sent = max(self.sent, hole.last)
        self._ever_sent = max(self._ever_sent, self.sent)
        return Gap(first, hole.last, hole.reason, count, hole.since_s)

    def _went_out(self, run: Run, now_s: float) -> Run:
        """Note when it was sent, and how often."""
        last = run.first + len(run.owed) - 1
        self.delivered.sent(len(run.owed), again=run.redelivered)
        self._sendings.note(run.first, last, now_s, again=run.redelivered)
        self.sent = max(self.sent, last)
        self._ever_sent = max(self._ever_sent, self.sent)
        self._rounds.sent(now_s)
        return run

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
        self._numbered.rewind()
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
        self._rounds.begin(oldest[1] if self._numbered.unacked else None)
        return True

    def may_ack(self, seq: int) -> bool:
        """Return whether a number was ever sent."""
        return seq <= max(self._ever_sent, self._restored)

    def _cut_to(self, seq: int, now_s: float | None) -> None:
        sendings = self._sendings
        fates: list[FateOf] = []
        run = sendings.first()
        for at, owed in self._numbered.confirm(seq):
            if run is not None and run[0] < at:
                sendings.forget(at)
                run = sendings.first()
            sent_s = None if run is None else run[1]
            fates.append(
                (owed.event.event_id, at, 1 + sendings.take_repeats(at), sent_s)
            )
        sendings.forget(self._numbered.head)
        self.delivered.left(fates, "confirmed", now_s)

    # time

    def tick(self, now_s: float) -> None:
        """Let go what is too old, and send again what nobody confirmed."""
        before_s = now_s - self._retention_s
        first = self._numbered.first
        while (oldest := first()) is not None and oldest.added_s <= before_s:
            self._drop("expired")
        overdue_s = self._rounds.overdue_s(now_s)
        if overdue_s is None:
            return
        gave_up = self.unresponsive
        unconfirmed = self._sent_by(overdue_s)
        if not unconfirmed:
            self._rounds.begin(now_s if self._numbered.unacked else None)
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
        at = self._numbered.head
        entry = self._numbered.drop(reason)
        if not isinstance(entry, Hole):
            self.delivered.dropped(reason)
            attempts = self._sendings.take_repeats(at) + (at <= self._ever_sent)
            self.delivered.left([(entry.event.event_id, at, attempts, None)], "failed")
        self._sendings.forget(self._numbered.head)
