"""One event for all who want it, and the holes between events.

All sessions whose filters answer to the same ids share one `Owed`: what their frames
have in common is made once, and the JSON of Home Assistant is never copied before a
frame is put together. It must not know sessions, numbers or sockets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import msgspec

from hiq.clients.subscriptions import VIOLATION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hiq.clients.subscriptions import Event

__all__ = ["Gap", "Hole", "Owed", "Reason", "Run"]

Reason = Literal["overflow", "expired", "session_expired", "restart"]

EVENT: Final = b'{"type":"event","ts":"'
VIOLATED: Final = b'{"type":"%b","ts":"' % VIOLATION.encode()
FIRST: Final = b"false"
AGAIN: Final = b"true"


class Owed:
    """An event, and the filters that want it.

    Attributes:
        added_s: when it was accepted.
        opening: what a frame begins with, up to its time.
        middle: what stands in it between number and event.
        json: the event in it; a broken contract is spread over the frame.
        size: about how many bytes it has.
    """

    __slots__ = ("added_s", "event", "json", "middle", "opening", "size", "subs")

    def __init__(self, event: Event, subs: tuple[str, ...], added_s: float) -> None:
        self.event = event
        self.subs = subs
        self.added_s = added_s
        violation = event.event_type == VIOLATION
        self.opening = VIOLATED if violation else EVENT
        self.json = event.json[1:-1] if violation else event.json
        self.middle = self._middle(FIRST)
        self.size = len(self.middle) + len(event.json) + 64

    def again(self) -> bytes:
        """Return the middle of a frame that is sent once more."""
        return self._middle(AGAIN)

    def _middle(self, redelivered: bytes) -> bytes:
        event = self.event
        if event.event_type == VIOLATION:
            return b',"redelivered":%b,' % redelivered
        return (
            b',"event_id":"%b","subs":%b,"redelivered":%b,"validation":%b,"event":'
            % (
                event.event_id.encode(),
                msgspec.json.encode(self.subs),
                redelivered,
                event.validation,
            )
        )


class Run(NamedTuple):
    """Events with numbers from `first` on; `redelivered`: they were sent before."""

    first: int
    owed: Sequence[Owed]
    redelivered: bool


@dataclass(slots=True)
class Hole:
    """Numbers without events, in their place; `count` is None if nobody knows."""

    first: int
    last: int
    added_s: float
    reason: Reason = "overflow"
    count: int | None = 1
    since_s: float | None = None

    def cut(self, seq: int) -> Hole:
        """Take away what was confirmed."""
        self.first = seq + 1
        if self.count is not None:
            self.count = self.last - seq
        return self

    def swallow(self, other: Hole) -> None:
        """Stand for the hole right behind it as well."""
        both_known = self.count is not None and other.count is not None
        self.last = other.last
        self.since_s = other.since_s if self.since_s is None else self.since_s
        self.count = self.last - self.first + 1 if both_known else None


@dataclass(frozen=True, slots=True)
class Gap:
    """Numbers that will not come, as a client is told."""

    first: int
    last: int
    reason: Reason
    count: int | None
    since_s: float | None = None
