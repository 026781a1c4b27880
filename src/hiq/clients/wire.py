"""WebSocket messages as a server sends them: whole and unmasked (RFC 6455, 5.2).

Events are put together here for one client at a time: a head that all of them share,
the number, what all clients share, the JSON of Home Assistant. It must not know
sockets.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from hiq.clients.owed import Run

__all__ = ["events", "text"]

TEXT: Final = 0x81
SHORT: Final = 126
MIDDLE: Final = 1 << 16
_MIDDLE: Final = Struct("!BBH").pack
_LONG: Final = Struct("!BBQ").pack


def head(size: int) -> bytes:
    """Return what stands before a text of so many bytes."""
    if size < SHORT:
        return bytes((TEXT, size))
    return _MIDDLE(TEXT, 126, size) if size < MIDDLE else _LONG(TEXT, 127, size)


def text(payload: bytes) -> bytes:
    """Return one message."""
    return head(len(payload)) + payload


def events(ts: bytes, run: Run) -> bytes:
    """Return the messages of a run of events."""
    time = b'%b","seq":' % ts
    length = len(time) + 1
    pieces: list[bytes] = []
    seq = run.first
    for owed in run.owed:
        number = b"%d" % seq
        opening, json = owed.opening, owed.json
        middle = owed.again() if run.redelivered else owed.middle
        size = length + len(opening) + len(number) + len(middle) + len(json)
        pieces += (head(size), opening, time, number, middle, json, b"}")
        seq += 1
    return b"".join(pieces)
