"""Recorded frames, sent again by the simulated home.

A recording holds one WebSocket text message a line, as `hiq record` writes it. Each
event in it goes, byte for byte, to the clients that subscribed to its type; the
simulated home itself does not change.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hiq.simulate.server import Simulator

__all__ = ["events", "replay"]

# Far below the limits at which a slow client is cut.
WAITING = 512
TURN = 100


class _Message(msgspec.Struct):
    type: str = ""
    event: msgspec.Raw = msgspec.Raw(b"null")


class _Type(msgspec.Struct):
    event_type: str = ""


_frame = msgspec.json.Decoder(_Message | list[_Message])
_type = msgspec.json.Decoder(_Type)


def events(frames: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
    """Yield event type and event of every event message.

    Other messages, lines that are no frames, and events without a type (the diffs
    of `subscribe_entities`) are passed over.
    """
    for frame in frames:
        try:
            content = _frame.decode(frame)
        except msgspec.DecodeError:
            continue
        for message in content if isinstance(content, list) else [content]:
            if message.type == "event":
                event = bytes(message.event)
                event_type = _type.decode(event).event_type
                if event_type:
                    yield event_type, event


async def replay(
    simulator: Simulator,
    frames: Iterable[bytes],
    rate: float | None = None,
    deadline_s: float = 60.0,
) -> int:
    """Send the events; return how many.

    Args:
        simulator: where; its clients should have subscribed.
        frames: lines of a recording.
        rate: events per second; None is as fast as the slowest client reads.
        deadline_s: how long a client may take nothing, without a rate.

    Raises:
        TimeoutError: a client stopped reading, but was not cut.
    """
    loop = asyncio.get_running_loop()
    start_s = loop.time()
    count = 0
    for event_type, event in events(frames):
        simulator.send(event_type, event)
        count += 1
        if rate:
            early_s = start_s + count / rate - loop.time()
            if early_s > 0:
                await asyncio.sleep(early_s)
        elif count % TURN == 0:
            await simulator.room(WAITING, deadline_s)
            await asyncio.sleep(0)
    return count
