"""`hiq simulate`: a Home Assistant to connect to, without a Home Assistant."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

import click

from hiq.errors import ConfigError, Problem

if TYPE_CHECKING:
    from hiq.simulate.server import Simulator

__all__ = ["command"]


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address.")
@click.option(
    "--port",
    default=8123,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port; 0 is any.",
)
@click.option(
    "--entities", default=200, show_default=True, type=click.IntRange(1, 100_000)
)
@click.option(
    "--rate",
    default=10.0,
    show_default=True,
    type=click.FloatRange(0),
    help="Changes per second.",
)
@click.option("--seed", default=1, show_default=True, help="Another one, another home.")
@click.option("--token", help="The only token it takes; default: a new one.")
def command(
    *, host: str, port: int, entities: int, rate: float, seed: int, token: str | None
) -> None:
    r"""Be a Home Assistant to connect to, as far as hiq can see.

    \b
    Examples:
      hiq simulate
      hiq simulate --entities 2000 --rate 500
      hiq simulate --port 0 --token my-own-token
    """
    from hiq.simulate.server import Simulator
    from hiq.simulate.world import World

    simulator = Simulator(
        World(entities, seed),
        host=host,
        port=port,
        token=token,
        rate=rate,
        remember=0,
    )
    asyncio.run(_run(simulator))


async def _run(simulator: Simulator) -> None:
    """Serve until SIGINT or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        await simulator.start()
    except OSError as exc:
        text = f"cannot listen on {simulator.host}:{simulator.port}: {exc.strerror}"
        raise ConfigError(Problem("command line", 0, "--port", text)) from exc
    click.echo(f"url:   {simulator.url}")
    click.echo(f"token: {simulator.token}")
    click.echo(
        f"\n{len(simulator.world.states)} entities, {simulator.rate:g} changes a "
        "second. In another terminal:\n"
        f"  HIQ_HOME_ASSISTANT__URL={simulator.url} "
        f"HA_TOKEN={simulator.token} hiq serve\n"
        "Ctrl-C ends it."
    )
    await stop.wait()
    await simulator.stop()
    click.echo(f"{simulator.fired_total} states", err=True)
