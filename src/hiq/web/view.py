"""What the routes show: counters, their recent gain, and the other parts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hiq.web.parts import Parts
from hiq.web.traffic import Traffic

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hiq.stats import Stats
    from hiq.web.recent import Recent
    from hiq.web.report import Build

__all__ = ["View"]


@dataclass(frozen=True, slots=True)
class View:
    """What the routes show.

    Attributes:
        stats: the counters of this run.
        recent: their gain in the last minutes.
        down: background tasks that failed and wait for their restart, with reason.
        build: what is running.
        clock: Unix seconds.
        metrics: the text of one Prometheus scrape and its content type.
        parts: what else is there.
        traffic: requests, counted.
    """

    stats: Stats
    recent: Recent
    down: Mapping[str, str]
    build: Build
    clock: Callable[[], float]
    metrics: Callable[[], tuple[bytes, str]]
    parts: Parts = field(default_factory=Parts)
    traffic: Traffic = field(default_factory=Traffic)
