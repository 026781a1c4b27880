"""The look at the service: one line per change, and signs of life."""

from __future__ import annotations

import asyncio
import logging
import socket
from pathlib import Path

import pytest

from hiq.notify import Notifier
from hiq.watch import Watch
from hiq.web.recent import Recent
from tests.web.serving import NOW, good_stats


def test_health_is_logged_when_it_changes(caplog: pytest.LogCaptureFixture) -> None:
    """Many looks make one line per change."""
    caplog.set_level(logging.INFO, "hiq.health")
    stats = good_stats()
    down: dict[str, str] = {}
    watch = Watch(stats, Recent(NOW), down, Notifier({}), clock=lambda: NOW)
    watch.look()
    assert caplog.records == []
    down["pump"] = "boom"
    watch.look()
    watch.look()
    down.clear()
    watch.look()
    watch.look()
    assert [(r.levelname, r.getMessage()) for r in caplog.records] == [
        ("WARNING", "health is unhealthy"),
        ("INFO", "health is healthy"),
    ]
    assert "pump: boom" in caplog.records[0].reasons[0]  # type: ignore[attr-defined]


async def test_the_watchdog_is_fed_in_time(tmp_path: Path) -> None:
    """Signs of life go out at half the time that systemd allows."""
    pauses: list[float] = []
    looked = asyncio.Event()

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        looked.set()
        await asyncio.Event().wait()

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(5)
        environment = {
            "NOTIFY_SOCKET": str(tmp_path / "notify"),
            "WATCHDOG_USEC": "10000000",
        }
        watch = Watch(
            good_stats(), Recent(NOW), {}, Notifier(environment),
            clock=lambda: NOW, sleep=sleep,
        )  # fmt: skip
        async with asyncio.TaskGroup() as group:
            task = group.create_task(watch.run())
            await looked.wait()
            task.cancel()
        text = manager.recv(1000).decode()
    assert pauses == [5.0]
    assert text.startswith("WATCHDOG=1\nSTATUS=healthy; Home Assistant connected")
