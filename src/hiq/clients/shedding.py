"""What clients give up when memory runs short, step by step.

Events that wait become gaps, which clients are told; connections are closed with a code
that says to come again later. It does not know when memory is short.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from hiq.clients.hub import Hub
    from hiq.clients.server import ClientServer

__all__ = ["KEPT", "shed", "waiting_bytes"]

KEPT: Final = 10
"""Events of each session that stay, the newest: what a client that keeps up needs."""
SAMPLE: Final = 8
OVERHEAD_BYTES: Final = 400
"""Of the objects around the JSON of one event."""


def waiting_bytes(hub: Hub) -> int:
    """Return about how many bytes of events wait, as if none had two readers."""
    total = 0
    for session in hub.sessions:
        box = session.outbox
        sizes = [len(owed.event.json) for _, owed in islice(box.entries, SAMPLE)]
        if sizes:
            total += len(box) * (sum(sizes) // len(sizes) + OVERHEAD_BYTES)
    return total + sum(stream.waiting_bytes for stream in hub.streams)


def shed(server: ClientServer, step: str) -> int:
    """Take one step; returns how much was given up.

    `calm` is the end of all steps; `waiting` takes none, and returns bytes.
    """
    hub = server.hub
    match step:
        case "outboxes":
            return sum(session.outbox.give_up(KEPT) for session in hub.sessions) + sum(
                stream.give_up(KEPT) for stream in hub.streams
            )
        case "snapshots":
            count = len(hub.last)
            hub.informing.forget()
            return count
        case "clients":
            return server.turn_away()
        case "waiting":
            return waiting_bytes(hub)
        case "calm":
            server.welcome()
    return 0
