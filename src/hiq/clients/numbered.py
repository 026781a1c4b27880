"""The events of one session in their order, each with its number: the queue itself.

What was sent over this connection comes first, what waits lies behind it; nothing is
reordered. An event is a reference to what all sessions share, its number is its place:
that is all that a client costs per event. It must not know limits, connections or
what a client is told.
"""

from __future__ import annotations

from collections import deque
from itertools import chain, islice
from typing import TYPE_CHECKING

from hiq.clients.owed import Hole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hiq.clients.owed import Owed, Reason

__all__ = ["Numbered"]


class Numbered:
    """Events and holes, oldest first.

    Attributes:
        unacked: what was sent over this connection.
        waiting: what comes behind.
        head: number of the first of both together.
        out: number of the first that waits.
        next_seq: number of the next that enters.
        lost: stands for all that left at the head and is not confirmed.
    """

    __slots__ = ("head", "lost", "next_seq", "out", "unacked", "waiting")

    def __init__(self, first: int) -> None:
        self.unacked: deque[Owed | Hole] = deque()
        self.waiting: deque[Owed | Hole] = deque()
        self.head = self.out = self.next_seq = first
        self.lost: Hole | None = None

    def __len__(self) -> int:
        return len(self.unacked) + len(self.waiting)

    @property
    def entries(self) -> Iterator[tuple[int, Owed]]:
        """Numbers and events, oldest first."""
        at = self.head
        for entry in chain(self.unacked, self.waiting):
            if isinstance(entry, Hole):
                at = entry.last + 1
            else:
                yield at, entry
                at += 1

    def newer(self, seq: int) -> list[tuple[int, Owed]]:
        """Return numbers and events behind `seq`."""
        found: list[tuple[int, Owed]] = []
        at = self.next_seq
        for entry in chain(reversed(self.waiting), reversed(self.unacked)):
            at = entry.first if isinstance(entry, Hole) else at - 1
            if at <= seq:
                break
            if not isinstance(entry, Hole):
                found.append((at, entry))
        found.reverse()
        return found

    # at the end

    def add(self, owed: Owed) -> None:
        """Give an event the next number."""
        self.waiting.append(owed)
        self.next_seq += 1

    def add_hole(self, hole: Hole) -> None:
        """Take a hole that begins with the next number."""
        self.waiting.append(hole)
        self.next_seq = hole.last + 1

    def leave_out(self, reason: Reason, now_s: float) -> None:
        """Give the next number to nothing; a hole for the same reason grows."""
        seq = self.next_seq
        last = self.waiting[-1] if self.waiting else None
        if (
            isinstance(last, Hole)
            and last.count is not None  # else nobody knows what it stands for
            and last.reason == reason
        ):
            last.last = seq
            last.count += 1
            last.added_s = now_s
            self.next_seq = seq + 1
        else:
            self.add_hole(Hole(seq, seq, now_s, reason))

    # in the middle

    def send(self, most: int, most_bytes: int) -> list[Owed]:
        """Count events that wait as sent, and return them; none from a hole on.

        Args:
            most: so many at most.
            most_bytes: no more once they have so many bytes.
        """
        found: list[Owed] = []
        size = 0
        for entry in islice(self.waiting, most):
            if isinstance(entry, Hole):
                break
            found.append(entry)
            size += entry.size
            if size >= most_bytes:
                break
        pop = self.waiting.popleft
        for _ in found:
            pop()
        self.unacked.extend(found)
        self.out += len(found)
        return found

    def send_hole(self, hole: Hole) -> None:
        """Count the hole that waits first as sent."""
        self.unacked.append(self.waiting.popleft())
        self.out = hole.last + 1

    def rewind(self) -> None:
        """Let everything wait again."""
        self.waiting.extendleft(reversed(self.unacked))
        self.unacked.clear()
        self.out = self.head

    # at the head

    def first(self) -> Owed | Hole | None:
        """Return the oldest, None if there is none."""
        if self.unacked:
            return self.unacked[0]
        return self.waiting[0] if self.waiting else None

    def drop(self, reason: Reason) -> Owed | Hole:
        """Take the oldest away, and let `lost` stand for it; IndexError without one."""
        at = self.head
        entry = (self.unacked or self.waiting).popleft()
        hole = entry if isinstance(entry, Hole) else Hole(at, at, entry.added_s, reason)
        self.head = hole.last + 1
        self.out = max(self.out, self.head)  # higher if it was not sent
        if self.lost is None:
            self.lost = hole
        else:
            self.lost.swallow(hole)
        return entry

    def confirm(self, seq: int) -> list[tuple[int, Owed]]:
        """Take all numbers up to `seq` away; return those of events, with them."""
        if self.lost is not None:
            self.lost = None if self.lost.last <= seq else self.lost.cut(seq)
        found: list[tuple[int, Owed]] = []
        while self.head <= seq and (queue := self.unacked or self.waiting):
            entry = queue[0]
            if not isinstance(entry, Hole):
                found.append((self.head, entry))
                self.head += 1
            elif entry.last <= seq:
                self.head = entry.last + 1
            else:
                self.head = entry.cut(seq).first
                break
            queue.popleft()
        self.out = max(self.out, self.head)
        return found
