"""A service whose monitor is quick, and what it tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hiq.settings import MonitorSettings
from tests.serving import Running, settings_for, until

if TYPE_CHECKING:
    from pathlib import Path

    from hiq.simulate.server import Simulator

QUICK = MonitorSettings(
    interval=0.05,
    ha_silent=0.3,
    entity_silent=0.3,
    learn=0.5,
    read_back=0.2,
    latency_warning=10.0,
    latency_critical=20.0,
)


def book(it: Running) -> tuple[list[str], list[str]]:
    """Keys of alerts that last, and of those that are over."""
    alerts = it.service.oversight.alerts
    return [one.key for one in alerts.active], [one.key for one in alerts.history]


async def told(it: Running, key: str) -> None:
    """Wait until an alert is raised."""
    await until(f"{key} is told", lambda: key in it.service.oversight.alerts)


async def over(it: Running, key: str) -> None:
    """Wait until it is over; it was raised once."""
    alerts = it.service.oversight.alerts
    await until(f"{key} is over", lambda: key not in alerts)
    assert [one.key for one in alerts.history].count(key) == 1


def quick(home: Simulator, folder: Path, **changes: Any) -> Any:
    """Settings with all times shortened."""
    changes.setdefault("monitor", QUICK)
    return settings_for(home, folder, **changes)
