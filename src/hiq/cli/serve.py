"""`hiq serve`: the service in the foreground, until a signal ends it."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
import threading
import time
from functools import partial
from typing import TYPE_CHECKING

import click

from hiq.cli.options import (
    config_option,
    environment,
    load_settings,
    require_home_assistant,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hiq.service import Service
    from hiq.settings import Settings

__all__ = ["command", "end", "handle_signals", "pass_over"]

logger = logging.getLogger("hiq.service")

THREADS_END_S = 1.0


@click.command()
@config_option
def command(config: Path | None) -> None:
    r"""Run the service: Home Assistant in, databases out.

    It runs in the foreground until SIGTERM or SIGINT, stops in order within ten
    seconds, and reads token and settings again on SIGHUP. Home Assistant and the
    databases may come and go in any order.

    \b
    Examples:
      hiq serve
      hiq serve --config /etc/hiq/hiq.yaml
      HA_TOKEN=... HIQ_HOME_ASSISTANT__URL=http://ha.lan:8123 hiq serve
    """
    from hiq import __version__, leaving, log
    from hiq._core.heap import limit_heap

    limit_heap()
    settings = _read(config)
    log.setup(settings.log)
    _say_start(settings, __version__)
    status = asyncio.run(_serve(settings, partial(_read, config)))
    leaving.not_any_more()
    logging.shutdown()
    end(status)


def _read(config: Path | None) -> Settings:
    """Return the settings of a service; ConfigError also without a token."""
    settings = load_settings(config)
    require_home_assistant(settings)
    return settings


def _say_start(settings: Settings, version: str) -> None:
    logger.info(
        "hiq starts",
        extra={
            "version": version,
            "sinks": [f"{sink.name} ({sink.type})" for sink in settings.sinks],
            "data_dir": str(settings.data_dir),
            "config": settings.source or "none",
        },
    )
    for note in settings.notes:
        logger.info("%s", note)


def pass_over() -> None:
    """Let the garbage collector pass over all that is there now.

    Modules and classes stay until the end, and looking through them, as Python does
    now and then, keeps every event waiting for 20 ms.
    """
    gc.collect()
    gc.freeze()


async def _serve(settings: Settings, read: Callable[[], Settings]) -> int:
    from hiq.service import Service

    service = Service(
        settings,
        environment=environment(),
        read_settings=read,
        loaded=pass_over,
    )
    handle_signals(service)
    return await service.run()


def handle_signals(service: Service) -> None:
    """Let the signals of this process stop or reload a service."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, service.on_signal, number)
    loop.add_signal_handler(signal.SIGHUP, service.reload)


def end(status: int) -> None:
    """End the process, although a thread may still hang in a broken disk."""
    deadline = time.monotonic() + THREADS_END_S
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join(max(0.0, deadline - time.monotonic()))
            if thread.is_alive():
                sys.stderr.flush()
                os._exit(status)
    sys.exit(status)
