"""Discovery of a big home: how long, how much memory, and how long the reader stands.

`python -m benchmarks.discovery` serves 20,000 entities on 2,000 devices from another
process, connects twice, with and without a cache, lets events come all the time, and
prints how much later than wanted a timer of one millisecond came: during the load of
the registries, and outside of it. So long a frame has to wait for the reader.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import multiprocessing
import resource
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import msgspec
from websockets.asyncio.server import ServerConnection, serve

from hiq import Pipeline
from hiq.discovery.cache import Cache
from hiq.discovery.discovery import Discovery
from hiq.ha.registries import Registry
from hiq.ingest import Ingest
from hiq.settings.schema import DiscoverySettings, HomeAssistantSettings
from hiq.simulate import registries
from hiq.stats import Stats

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection

TOKEN = "t" * 40
ENTITIES = 20_000
PER_DEVICE = 10
ENTITY_BYTES = 560
"""What a row has in real homes, so that the answer is 11 MB."""
EVENTS_PER_S = 200
QUIET_S = 5.0
EVENT = (
    '{"type":"event","event":{"event_type":"state_changed","data":{"entity_id":"%s",'
    '"old_state":null,"new_state":{"entity_id":"%s","state":"%d","attributes":{},'
    '"last_changed":"2026-11-20T10:00:00.%06d+00:00",'
    '"last_updated":"2026-11-20T10:00:00.%06d+00:00",'
    '"context":{"id":"c","parent_id":null,"user_id":null}}},"origin":"LOCAL",'
    '"time_fired":"2026-11-20T10:00:00.%06d+00:00",'
    '"context":{"id":"c","parent_id":null,"user_id":null}},"id":%d}'
)


def answers(count: int) -> tuple[dict[str, bytes], list[str]]:
    """Return the answers to all list commands, and the ids of the entities."""
    registries.ENTITIES_PER_DEVICE = PER_DEVICE
    home = registries.Home(count, 1)
    entities = home.entity_rows()
    for row in entities:
        short = ENTITY_BYTES - len(msgspec.json.encode(row))
        row["options"]["filler"] = "x" * max(short, 0)
    found = {
        Registry.FLOORS: home.floor_rows(),
        Registry.LABELS: home.label_rows(),
        Registry.AREAS: home.area_rows(),
        Registry.CONFIG_ENTRIES: home.config_entry_rows(),
        Registry.DEVICES: home.device_rows(),
        Registry.ENTITIES: entities,
    }
    rows = {str(name): msgspec.json.encode(several) for name, several in found.items()}
    return rows, [row["entity_id"] for row in entities]


async def serve_home(pipe: Connection, count: int) -> None:
    """Be Home Assistant until the pipe closes."""
    lists, names = answers(count)

    async def one(socket: ServerConnection) -> None:
        await socket.send('{"type":"auth_required","ha_version":"2026.11.0"}')
        await socket.recv()
        await socket.send('{"type":"auth_ok","ha_version":"2026.11.0"}')
        playing: asyncio.Task[None] | None = None
        async for text in socket:
            command = json.loads(text)
            number, kind = command["id"], command["type"]
            result = lists.get(kind, b"[]" if kind == "get_states" else b"null")
            if kind == "get_config":
                result = b'{"state":"RUNNING"}'
            head = b'{"id":%d,"type":"result","success":true,"result":' % number
            await socket.send((head + result + b"}").decode())
            if command.get("event_type") == "state_changed":
                playing = asyncio.create_task(play(socket, names, number))
        if playing is not None:
            playing.cancel()

    async with serve(one, "127.0.0.1", 0, compression=None, max_size=None) as server:
        pipe.send((next(iter(server.sockets)).getsockname()[1], lists))
        await asyncio.to_thread(pipe.recv)


async def play(socket: ServerConnection, names: list[str], number: int) -> None:
    """Send events at a steady pace."""
    loop = asyncio.get_running_loop()
    began_s, sent = loop.time(), 0
    while True:
        while sent < (loop.time() - began_s) * EVENTS_PER_S:
            name = names[sent * 7919 % len(names)]
            us = sent % 1_000_000
            await socket.send(EVENT % (name, name, sent, us, us, us, number))
            sent += 1
        await asyncio.sleep(0.005)


def home_process(pipe: Connection, count: int) -> None:
    """Serve in this process."""
    asyncio.run(serve_home(pipe, count))


class Lag:
    """How much later than wanted a timer of one millisecond comes, by phase."""

    PERIOD_S = 0.001

    def __init__(self) -> None:
        self.phase = "load"
        self.seconds: dict[str, list[float]] = {"load": [], "steady": []}

    async def run(self) -> None:
        """Measure for ever."""
        while True:
            due_s = time.perf_counter() + self.PERIOD_S
            await asyncio.sleep(self.PERIOD_S)
            late_s = time.perf_counter() - due_s
            self.seconds[self.phase].append(max(0.0, late_s))


async def measure(port: int, folder: Path, *, cached: bool) -> dict[str, Any]:
    """Connect once; return what it took."""
    stats, pipeline, lag = Stats(), Pipeline(), Lag()
    discovery = Discovery(
        pipeline, stats, DiscoverySettings(), hold=frozenset(Registry)
    )
    cache = Cache(folder)
    rss_before = memory_bytes()
    began_s = time.perf_counter()
    restored_s = 0.0
    lagging = asyncio.create_task(lag.run())
    await asyncio.sleep(0.01)
    if cached and (found := cache.load()) is not None:
        await discovery.restore(found.home, found.read_at_s)
        restored_s = time.perf_counter() - began_s
    ingest = Ingest(
        HomeAssistantSettings(url=f"http://127.0.0.1:{port}", token=TOKEN),
        pipeline,
        stats,
        on_data=pipeline.take,
        env={},
        registrar=discovery,
    )
    tasks = [asyncio.create_task(work()) for work in (ingest.run, discovery.run)]
    while not stats.discovery.refreshes:  # noqa: ASYNC110  nothing tells of it
        await asyncio.sleep(0.001)
    lag.phase = "steady"
    received = stats.received
    await asyncio.sleep(QUIET_S)
    lagging.cancel()
    await ingest.stop()
    for task in tasks:
        task.cancel()
    if not cached:
        cache.save(discovery.home, "", time.time())
    gc.collect()
    return {
        "cached": cached,
        "discovery_s": stats.discovery.load_s,
        "restore_s": restored_s,
        "updates": stats.discovery.updates,
        "entities": stats.discovery.sizes["entities"],
        "devices": stats.discovery.sizes["devices"],
        "events_per_s": (stats.received - received) / QUIET_S,
        "memory_mib": (memory_bytes() - rss_before) / 2**20,
        "longest_load_ms": max(lag.seconds["load"]) * 1000,
        "p999_steady_ms": quantile(lag.seconds["steady"], 0.999) * 1000,
        "longest_steady_ms": max(lag.seconds["steady"]) * 1000,
        "cache_mib": cache.path.stat().st_size / 2**20,
    }


def quantile(values: list[float], share: float) -> float:
    """Return the value below which this share lies."""
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def memory_bytes() -> int:
    """Return the resident memory of this process."""
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123
        return int(file.read().split()[1]) * resource.getpagesize()


def lines(found: dict[str, Any]) -> Iterator[str]:
    """Yield what was measured, for people."""
    yield "with cache" if found["cached"] else "without cache"
    for name, value in found.items():
        if name != "cached":
            yield (
                f"  {name:<18} {value:.3f}"
                if isinstance(value, float)
                else (f"  {name:<18} {value}")
            )


def main() -> int:
    """Measure both ways; exit status 1 if a stall is longer than promised."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entities", type=int, default=ENTITIES)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    here, there = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    home = context.Process(target=home_process, args=(there, options.entities))
    home.start()
    port, lists = here.recv()
    sizes = {name: len(answer) for name, answer in lists.items()}
    del lists
    with TemporaryDirectory() as folder:
        found = [
            asyncio.run(measure(port, Path(folder), cached=cached))
            for cached in (False, True)
        ]
    here.send(None)
    home.join()
    if options.json:
        print(json.dumps({"sizes": sizes, "runs": found}))
    else:
        print("\n".join(f"{name}: {size} bytes" for name, size in sizes.items()))
        for one in found:
            print("\n".join(lines(one)))
    good = all(
        one["longest_load_ms"] <= 60.0 and one["p999_steady_ms"] <= 5.0 for one in found
    )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
