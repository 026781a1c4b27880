"""Clients that only receive, to be run as processes of their own and measured.

    python -m benchmarks.receivers KIND URL

- `picows`: the baseline, a bare listener that copies each frame and counts it;
- `websockets`, `aiohttp`: the same with other libraries, as bytes where they can;
- `connection`: hiq's own connection, with a callback that only counts;
- `feed`: the same, with each frame the short way into a `Pipeline`, lines thrown away;
- `ingest`: hiq's whole side towards Home Assistant, lines thrown away.

Each prints the messages it took when the other side hangs up.
"""

from __future__ import annotations

import asyncio
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from hiq.ha.listening import Lane

TAKE_BYTES = 1024 * 1024


async def picows(url: str) -> int:
    """Copy each frame."""
    import picows as library  # noqa: PLC0415  a process pays for one library

    class Listener(library.WSListener):
        def __init__(self) -> None:
            super().__init__()
            self.count = 0
            self.kept = b""

        def on_ws_frame(self, _: library.WSTransport, frame: library.WSFrame) -> None:
            if frame.msg_type is library.WSMsgType.TEXT:
                self.kept = frame.get_payload_as_bytes()
                self.count += 1

    transport, listener = await library.ws_connect(
        Listener, url, enable_auto_pong=True, max_frame_size=1 << 26
    )
    await transport.wait_disconnected()
    assert isinstance(listener, Listener)
    return listener.count


async def websockets(url: str) -> int:
    """Take each message as bytes, without decoding."""
    from websockets.asyncio.client import connect  # noqa: PLC0415
    from websockets.exceptions import ConnectionClosed  # noqa: PLC0415

    count = 0
    async with connect(url, compression=None, max_size=1 << 26, proxy=None) as client:
        try:
            while True:
                await client.recv(decode=False)
                count += 1
        except ConnectionClosed:
            return count


async def aiohttp(url: str) -> int:
    """Take each message as text."""
    import aiohttp as library  # noqa: PLC0415

    count = 0
    async with (
        library.ClientSession() as session,
        session.ws_connect(url, max_msg_size=1 << 26) as client,
    ):
        async for message in client:
            if message.type is library.WSMsgType.TEXT:
                count += 1
    return count


async def connection(url: str) -> int:
    """Count each message on hiq's own connection."""
    count = 0

    def take(_: bytes | memoryview) -> None:
        nonlocal count
        count += 1

    await _own(url, take, lambda: None)
    return count


async def feed(url: str) -> int:
    """Feed each message the short way; counts events."""
    from hiq import Pipeline  # noqa: PLC0415
    from hiq.ha.feed import Feed  # noqa: PLC0415
    from hiq.ha.listening import Lane  # noqa: PLC0415
    from hiq.stats import Stats  # noqa: PLC0415

    pipeline = Pipeline()
    stats = Stats()

    def read() -> None:
        if pipeline.buffered_bytes >= TAKE_BYTES:
            pipeline.take_batch()

    def passed(_: list[bytes]) -> None:
        """Nothing is asked here, so nothing is answered."""

    put = Feed(pipeline, stats, on_full=read, clock=time.time)

    def take(payload: bytes | memoryview) -> None:
        put(payload, snapshot=False)

    await _own(url, take, read, Lane(pipeline, put.add, read, passed))
    return stats.received


async def ingest(url: str) -> int:
    """Everything up to the pump; counts events."""
    from hiq import Pipeline  # noqa: PLC0415
    from hiq.ingest import Ingest  # noqa: PLC0415
    from hiq.settings.schema import HomeAssistantSettings  # noqa: PLC0415
    from hiq.stats import Stats  # noqa: PLC0415

    pipeline = Pipeline()
    stats = Stats()

    def on_data() -> None:
        if pipeline.buffered_bytes >= TAKE_BYTES:
            pipeline.take_batch()

    settings = HomeAssistantSettings(url=url, token="t" * 40)
    part = Ingest(settings, pipeline, stats, on_data=on_data)
    async with asyncio.TaskGroup() as group:
        group.create_task(part.run())
        while not stats.ha.reconnects:  # noqa: ASYNC110  it has no event for this
            await asyncio.sleep(0.5)
        await part.stop()
    return stats.received


async def _own(
    url: str,
    take: Callable[[bytes | memoryview], None],
    read: Callable[[], None],
    lane: Lane | None = None,
) -> None:
    """Run hiq's connection until it is cut."""
    from hiq.errors import ConnectionLost  # noqa: PLC0415
    from hiq.ha.connection import Connection  # noqa: PLC0415

    client = Connection(take, read, lambda: None, lane=lane)
    client.direct = lane is not None
    await client.open(url)
    try:
        await client.wait()
    except ConnectionLost:
        await client.close()


KINDS: dict[str, Callable[[str], Awaitable[int]]] = {
    run.__name__: run for run in (picows, websockets, aiohttp, connection, feed, ingest)
}

if __name__ == "__main__":
    print(asyncio.run(KINDS[sys.argv[1]](sys.argv[2])))  # type: ignore[arg-type]
