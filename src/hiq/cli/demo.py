"""`hiq demo`: a simulated home through the whole pipeline, nothing to install.

What it claims at the end is computed from outside the pipeline: the simulator knows
every state that it sent, the store is read by itself, and `lost` is the difference.
"""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
import tempfile
from contextlib import nullcontext, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hiq.cli.options import json_option

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hiq.service import Service
    from hiq.settings import Settings
    from hiq.simulate.server import Fired, Simulator

__all__ = ["command", "lost_points"]

STORE = "store.db"
PORTS_TRIED = 100
SUBSCRIBE_S = 30.0
LOOK_S = 0.05
SETTLE_S = 30.0
SETTLE_LOOK_S = 0.25
FOR_EVER_S = 1e9
REMEMBERED = 1_000_000
NO_POINT = {"unknown", "unavailable", ""}
"""States that make no point, by the rules of Home Assistant's own integration."""
SAMPLE = """\
  SELECT strftime('%H:%M:%f', time_ns / 1e9, 'unixepoch') AS utc,
         entity_id, number AS value, measurement AS unit
  FROM points WHERE domain = 'sensor' AND field = 'value'
  ORDER BY time_ns DESC LIMIT 5
"""
KEYS = "SELECT DISTINCT entity_id, time_ns FROM points"


@click.command()
@click.option(
    "--port",
    default=8001,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port of the page; 0 is any.",
)
@click.option(
    "--entities", default=200, show_default=True, type=click.IntRange(1, 100_000)
)
@click.option(
    "--rate",
    default=50.0,
    show_default=True,
    type=click.FloatRange(0),
    help="Changes per second.",
)
@click.option(
    "--duration",
    default=0.0,
    show_default=True,
    type=click.FloatRange(0),
    help="Seconds; 0 runs until Ctrl-C.",
)
@json_option
def command(
    *, port: int, entities: int, rate: float, duration: float, as_json: bool
) -> None:
    r"""Run a simulated home through the whole pipeline.

    Nothing has to be there: the home is simulated, the points go to the embedded
    store in a temporary folder. At the end every state that the home has sent is
    looked up in the store. Exit status 1 if one is missing.

    \b
    Examples:
      hiq demo
      hiq demo --duration 20
      hiq demo --entities 2000 --rate 1000 --port 8080
    """
    from hiq import log
    from hiq.settings import LogSettings

    log.setup(LogSettings(), quiet=True)
    # What is meant for people gives way to the document.
    told = redirect_stdout(sys.stderr) if as_json else nullcontext()
    with told:
        counts = asyncio.run(_run(port, entities, rate, duration))
    if as_json:
        click.echo(json.dumps(counts))
    if counts["lost"]:
        raise SystemExit(1)


async def _run(
    port: int, entities: int, rate: float, duration: float
) -> dict[str, int]:
    from hiq import leaving
    from hiq.service import Service
    from hiq.simulate.server import Simulator
    from hiq.simulate.world import World

    leaving.as_usual()  # from here on there is something to be removed
    with tempfile.TemporaryDirectory(prefix="hiq-demo-") as folder:
        simulator = Simulator(World(entities, seed=1), remember=REMEMBERED)
        await simulator.start()
        service = Service(_settings(Path(folder), simulator, _free_port(port)))
        if not await _until_stopped(service, simulator, rate, duration):
            raise click.Abort
        return _summary(service, simulator, Path(folder) / STORE)


async def _until_stopped(
    service: Service, simulator: Simulator, rate: float, duration: float
) -> bool:
    """Run it; return False if it was stopped before there was anything to tell."""
    from hiq.errors import HiqError

    stop = asyncio.Event()
    _handle_signals(service, stop)
    failures: tuple[BaseException, ...] = ()
    begun = False
    try:
        async with asyncio.TaskGroup() as group:
            running = group.create_task(service.run())
            running.add_done_callback(lambda _: stop.set())
            begun = await _show(service, simulator, stop, rate, duration)
            service.stop()
    except* HiqError as found:
        failures = found.exceptions
    finally:
        await simulator.stop()
    for failure in failures:
        raise failure
    return begun


async def _show(
    service: Service,
    simulator: Simulator,
    stop: asyncio.Event,
    rate: float,
    duration: float,
) -> bool:
    """Let the home change for so long, then wait until all has arrived.

    Returns False if it was stopped before the home's states had come.
    """
    from hiq.backoff import wait

    stats = service.stats
    for _ in range(int(SUBSCRIBE_S / LOOK_S)):
        # What was at the start comes with the states at connect, before any change.
        if stats.snapshot_states or await wait(stop, LOOK_S):
            break
    if stop.is_set():
        return bool(stats.snapshot_states)
    ending = f"It ends after {duration:g} seconds." if duration else "Ctrl-C ends it."
    click.echo(
        f"A simulated home of {len(simulator.world.states)} entities, {rate:g} changes "
        "a second.\n"
        "hiq is connected to it as to a real Home Assistant. Every change goes\n"
        "through the journal on disk into the embedded store.\n\n"
        f"  See it live:  {service.url}/\n\n"
        f"{ending}"
    )
    simulator.rate = rate
    await wait(stop, duration or FOR_EVER_S)
    simulator.rate = 0.0
    await _settle(service, simulator)
    return True


async def _settle(service: Service, simulator: Simulator) -> None:
    """Wait until nothing is on its way, twice in a row; at most half a minute."""
    stats = service.stats
    before = -1
    for _ in range(int(SETTLE_S / SETTLE_LOOK_S)):
        pending = sum(sink.pending for sink in stats.sinks.values())
        quiet = not (simulator.pending or stats.buffered or pending)
        if quiet and before == stats.received:
            return
        before = stats.received if quiet else -1
        await asyncio.sleep(SETTLE_LOOK_S)


def _settings(folder: Path, simulator: Simulator, port: int) -> Settings:
    from hiq.settings import (
        HomeAssistantSettings,
        HttpSettings,
        Settings,
        SinkSettings,
    )

    return Settings(
        home_assistant=HomeAssistantSettings(url=simulator.url, token=simulator.token),
        sinks=(SinkSettings(name="store", type="sqlite", path=STORE),),
        http=HttpSettings(port=port),
        data_dir=folder,
    )


def _free_port(wanted: int) -> int:
    """Return the wanted port, or the next one that is free, with a note."""
    if wanted == 0:
        return 0
    for port in range(wanted, min(wanted + PORTS_TRIED, 65536)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port != wanted:
            click.echo(f"note: port {wanted} is taken, the page is on {port}")
        return port
    return wanted


def _handle_signals(service: Service, stop: asyncio.Event) -> None:
    def on_signal(number: int) -> None:
        if stop.is_set():
            service.on_signal(number)
        stop.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, on_signal, number)


def lost_points(
    fired: Iterable[Fired], stored: set[tuple[str, int]]
) -> list[tuple[str, int]]:
    """Return entity and time (nanoseconds) of every state that has no point.

    Args:
        fired: what the simulated home has sent.
        stored: entity and time of every point in the store.
    """
    return [
        key
        for entity_id, updated_us, state in fired
        if state not in NO_POINT
        and (key := (entity_id, updated_us * 1000)) not in stored
    ]


def _summary(service: Service, simulator: Simulator, store: Path) -> dict[str, int]:
    """Print what came of it; return the counts."""
    from hiq.sink.reader import Reader

    with Reader(store) as reader:
        stored = {(str(entity), int(at)) for entity, at in reader.sql(KEYS)[1]}
        names, found = reader.sql(SAMPLE)
        rows = [names, *([str(cell) for cell in row] for row in found)]
    lost = lost_points(simulator.fired, stored)
    click.echo("\nNewest values of sensors, read from the store:\n")
    click.echo(SAMPLE)
    widths = [max(len(row[i]) for row in rows) for i in range(len(names))]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo(f"  {'  '.join(cells).rstrip()}")
    events = service.stats.received
    click.echo(f"\nevents={events} points={len(stored)} lost={len(lost)}")
    for entity_id, at in lost[:5]:
        click.echo(f"  lost: {entity_id} at {at} ns", err=True)
    return {"events": events, "points": len(stored), "lost": len(lost)}
