"""A web server on a free port over counters that a test sets by hand."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from hiq.settings import HttpSettings
from hiq.stats import SinkStats, Stats
from hiq.web.api import make_app
from hiq.web.bind import bind
from hiq.web.metrics import CONTENT_TYPE, StatsCollector, exposition
from hiq.web.pagefiles import PLAIN, page_files
from hiq.web.parts import Parts
from hiq.web.recent import Recent
from hiq.web.report import Build
from hiq.web.server import WebServer
from hiq.web.traffic import Traffic
from hiq.web.view import View

__all__ = ["NOW", "Served", "good_stats", "self_signed", "served"]

NOW = 1_790_000_000.0


def good_stats() -> Stats:
    """Counters of a service that runs well for 1000 seconds."""
    stats = Stats(started_at=NOW - 1000)
    stats.ha.state = "CONNECTED"
    stats.ha.subscribed = True
    stats.ha.url = "http://name:secret@ha.lan:8123"
    stats.journal.writable = True
    stats.journal.max_bytes = 1000
    stats.sinks["influxdb"] = SinkStats("influxdb", "influxdb1", state="ok")
    return stats


def self_signed(folder: Path) -> tuple[Path, Path]:
    """Return the files of a certificate for 127.0.0.1, and of its key."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1", "-keyout", str(key),
         "-out", str(cert), "-subj", "/CN=localhost",
         "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    return cert, key


class Served:
    """What a test asks."""

    def __init__(
        self,
        stats: Stats,
        server: WebServer,
        down: dict[str, str],
        parts: Parts | None = None,
        recent: Recent | None = None,
        traffic: Traffic | None = None,
    ) -> None:
        self.stats = stats
        self.parts = parts or Parts()
        self.recent = recent or Recent(NOW)
        self.now = NOW
        self.traffic = Traffic() if traffic is None else traffic
        self.server = server
        self.down = down
        self.session = aiohttp.ClientSession()

    async def get(
        self, path: str, method: str = "GET", **headers: str
    ) -> tuple[int, Any, Any]:
        """Return status, body (JSON if it is that) and headers of one answer."""
        async with self.session.request(
            method, self.server.url + path, headers=headers
        ) as answer:
            is_json = answer.content_type == "application/json"
            body = await (answer.json() if is_json else answer.text())
            return answer.status, body, answer.headers


@asynccontextmanager
async def served(
    stats: Stats | None = None,
    clock: Any = None,
    *,
    plain: bool = False,
    **settings: Any,
) -> AsyncIterator[Served]:
    """Serve counters on a free port of the loopback; `plain`: as without the bundle."""
    stats = stats or good_stats()
    http = HttpSettings(port=0, **settings)
    clock = clock or (lambda: asked.now)
    down: dict[str, str] = {}
    collector = StatsCollector(stats, clock, "1.2.3", lambda: 42)
    parts, traffic, recent = Parts(), Traffic(), Recent(NOW)
    view = View(
        stats,
        recent,
        down,
        Build("1.2.3"),
        clock,
        lambda: (exposition(collector, traffic), CONTENT_TYPE),
        parts,
        traffic,
    )
    # The policy follows the settings; the socket stays on the loopback.
    local = msgspec.structs.replace(http, host="127.0.0.1", auth="auto")
    files = page_files(bundle=PLAIN / "none") if plain else None
    server = WebServer(make_app(view, http, files), bind(local))
    await server.start()
    asked = Served(stats, server, down, parts, recent, traffic)
    try:
        yield asked
    finally:
        await asked.session.close()
        await server.close()
