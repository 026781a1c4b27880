"""One read of the socket is at most so long, whatever has piled up in it.

picows doubles its buffer as long as reads fill it, so after a stall one read could be
all that the kernel holds: many MiB of memory that are never given back, and a loop that
does nothing else meanwhile. This stands between the transport and picows' protocol and
only shortens the room that is offered. Frames are not known here; a longer message
still gets the room that it needs, over several reads.

And how to wait for the read of a socket that had been left alone.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["READ_BYTES", "BoundedReads", "bound_reads", "next_read"]

READ_BYTES: Final = 1024 * 1024


class BoundedReads(asyncio.BufferedProtocol):
    """The protocol of picows with less room; all other calls go straight to it."""

    def __init__(self, inner: asyncio.BufferedProtocol, limit: int) -> None:
        self._limit = limit
        self._get_buffer: Callable[[int], memoryview] = inner.get_buffer  # type: ignore[assignment]
        # Attributes of the instance, so that the transport finds them at no cost.
        for name in (
            "buffer_updated",
            "eof_received",
            "connection_lost",
            "pause_writing",
            "resume_writing",
        ):
            setattr(self, name, getattr(inner, name))

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return where the transport may write."""
        room = self._get_buffer(sizehint)
        return room if len(room) <= self._limit else room[: self._limit]


def bound_reads(transport: asyncio.Transport, limit: int = READ_BYTES) -> None:
    """Let this transport read at most `limit` bytes at a time from now on."""
    inner = transport.get_protocol()
    assert isinstance(inner, asyncio.BufferedProtocol)
    transport.set_protocol(BoundedReads(inner, limit))


async def next_read() -> None:
    """Return when a socket that is read again has been read, if anything was in it.

    The loop finds it at its next turn, and reads it behind what is due already.
    """
    await asyncio.sleep(0)
    await asyncio.sleep(0)
