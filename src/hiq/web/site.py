"""Puts routes, metrics and server together for one running service.

Importing this loads the HTTP library; the service does it in a thread. It must not
know what the counters count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hiq.web.api import make_app
from hiq.web.client_metrics import ClientsCollector
from hiq.web.home_metrics import HomeCollector
from hiq.web.memory_metrics import MemoryCollector
from hiq.web.metrics import CONTENT_TYPE, StatsCollector, exposition
from hiq.web.report import Build
from hiq.web.resident import resident_bytes
from hiq.web.server import WebServer
from hiq.web.traffic import Traffic
from hiq.web.view import View

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hiq.settings.schema import HttpSettings
    from hiq.stats import Stats
    from hiq.web.bind import Bound
    from hiq.web.parts import Parts
    from hiq.web.recent import Recent

__all__ = ["make_site", "resident_bytes"]


def make_site(
    bound: Bound,
    settings: HttpSettings,
    *,
    stats: Stats,
    recent: Recent,
    down: Mapping[str, str],
    clock: Callable[[], float],
    version: str,
    environment: Mapping[str, str],
    parts: Parts,
) -> WebServer:
    """Return the server, not started.

    Args:
        bound: the port.
        settings: who may ask for what.
        stats: the counters that are shown.
        recent: their gain in the last minutes.
        down: parts that failed, with the reason.
        clock: Unix seconds.
        version: of hiq.
        environment: where GIT_SHA and BUILD_TIME are read.
        parts: what else is there; may be filled later.
    """
    traffic = Traffic()
    collectors = (
        StatsCollector(stats, clock, version, resident_bytes),
        HomeCollector(stats, clock),
        MemoryCollector(stats),
        ClientsCollector(stats),
        parts,
        traffic,
    )
    build = Build(
        version,
        git_sha=environment.get("GIT_SHA", "unknown"),
        build_time=environment.get("BUILD_TIME", "unknown"),
    )

    view = View(
        stats=stats,
        recent=recent,
        down=down,
        build=build,
        clock=clock,
        metrics=lambda: (exposition(*collectors), CONTENT_TYPE),
        parts=parts,
        traffic=traffic,
    )
    return WebServer(make_app(view, settings), bound)
