"""What one POST costs: hiq's client beside a bare socket and aiohttp's client.

    python -m benchmarks.post [--requests 60] [--pause 50]

Processor time of the thread that asks, per request, less that of the pause before it:
with a pause (ms), as a service that commits now and then, and back to back. The body is
a batch of 25 recorded lines; the server says 204 to everything.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from typing import TYPE_CHECKING

import aiohttp

from benchmarks.data import load
from benchmarks.loopback import Database
from hiq.packing import compress
from hiq.settings.schema import SinkSettings
from hiq.sink.base import Batch, Done
from hiq.sink.influx import InfluxSink

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

LINES = 25
ROUNDS = 5
HEAD = "POST /write?db=hiq HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n"


async def cost_us(
    ask: Callable[[], Awaitable[object]], requests: int, pause_s: float
) -> float:
    """Processor time of one request; median of the rounds."""
    found = []
    for _ in range(ROUNDS):
        spent = []
        for work in (False, True):
            began = time.thread_time()
            for _ in range(requests):
                if pause_s:
                    await asyncio.sleep(pause_s)
                if work:
                    await ask()
            spent.append(time.thread_time() - began)
        found.append((spent[1] - spent[0]) / requests * 1e6)
    return statistics.median(found)


async def measure(requests: int, pause_s: float) -> dict[str, float]:
    """Microseconds of each client."""
    lines = b"".join(load("single").lines.splitlines(keepends=True)[:LINES])
    batch = Batch(compress(lines), LINES)
    with Database() as database:
        settings = SinkSettings(
            name="one", type="influxdb1", url=database.url, database="hiq"
        )
        sink = InfluxSink(settings)
        port = int(database.url.rpartition(":")[2])
        stream, out = await asyncio.open_connection("127.0.0.1", port)
        session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())

        async def by_socket() -> None:
            out.write(HEAD.format(len(batch.body)).encode() + batch.body)
            await stream.readuntil(b"\r\n\r\n")

        async def by_hiq() -> None:
            assert await sink.write(batch) == Done()

        async def by_aiohttp() -> None:
            async with session.post(database.url, data=batch.body) as answer:
                assert answer.status == 204

        clients = {"socket": by_socket, "hiq": by_hiq, "aiohttp": by_aiohttp}
        for ask in clients.values():
            await ask()
        found = {
            name: await cost_us(ask, requests, pause_s) for name, ask in clients.items()
        }
        out.close()
        await session.close()
        await sink.close()
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--requests", type=int, default=60)
    parser.add_argument("--pause", type=float, default=50.0, help="milliseconds")
    given = parser.parse_args()
    print("| pause | bare socket µs | hiq µs | aiohttp µs | aiohttp / hiq |")
    print("|---|---|---|---|---|")
    for pause_ms in (given.pause, 0.0):
        found = asyncio.run(measure(given.requests, pause_ms / 1000))
        print(
            f"| {pause_ms:g} ms | {found['socket']:.0f} | {found['hiq']:.0f} "
            f"| {found['aiohttp']:.0f} | {found['aiohttp'] / found['hiq']:.1f} |"
        )


if __name__ == "__main__":
    main()
