"""The routes: health, metrics, status and the page, as an aiohttp application.

Reads the counters and what it is given; starts nothing, changes nothing, and must
not know sinks, journal or Home Assistant. Contract: docs/reference/http.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

from hiq.settings.load import is_loopback
from hiq.web.guard import Policy, make_guard
from hiq.web.health import readiness
from hiq.web.openapi import document
from hiq.web.report import Build, detailed, gaps, health, status

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hiq.settings.schema import HttpSettings
    from hiq.stats import Stats
    from hiq.web.recent import Recent

__all__ = ["View", "make_app", "policy_of"]

STATIC = Path(__file__).parent / "static"
CONTENT_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
}
MAX_BODY_BYTES = 64 * 1024


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
    """

    stats: Stats
    recent: Recent
    down: Mapping[str, str]
    build: Build
    clock: Callable[[], float]
    metrics: Callable[[], tuple[bytes, str]]


def policy_of(settings: HttpSettings) -> Policy:
    """Return who may ask for what.

    Tokens are not checked by this version: `/api` is open on a loopback bind with
    `auth` auto or none, and closed everywhere else.
    """
    loopback = is_loopback(settings.host)
    return Policy(
        loopback=loopback,
        api_open=loopback and settings.auth in {"auto", "none"},
        host=settings.host,
        origins=frozenset(settings.cors_origins),
    )


def make_app(view: View, settings: HttpSettings) -> web.Application:
    """Return the application; reads the files of the page once."""
    app = web.Application(
        middlewares=[make_guard(policy_of(settings))], client_max_size=MAX_BODY_BYTES
    )
    routes = _Routes(view)
    app.router.add_get("/", routes.root)
    app.router.add_get("/livez", routes.livez)
    app.router.add_get("/healthz", routes.livez)
    app.router.add_get("/readyz", routes.readyz)
    app.router.add_get("/health", routes.health)
    app.router.add_get("/health/detailed", routes.detailed)
    app.router.add_get("/metrics", routes.metrics)
    app.router.add_get("/openapi.json", routes.openapi)
    app.router.add_get("/api/v1/status", routes.status)
    app.router.add_get("/api/v1/gaps", routes.gaps)
    app.router.add_get("/static/{name}", routes.static)
    return app


class _Routes:
    def __init__(self, view: View) -> None:
        self._view = view
        self._files = {
            path.name: (path.read_bytes(), CONTENT_TYPES[path.suffix])
            for path in sorted(STATIC.iterdir())
            if path.suffix in CONTENT_TYPES
        }

    async def root(self, request: web.Request) -> web.Response:
        if "text/html" in request.headers.get("Accept", "").lower():
            return self._file("index.html")
        build = self._view.build
        found = {"service": build.service, "version": build.version}
        return _json({**found, "status": "running"})

    async def livez(self, _request: web.Request) -> web.Response:
        return _json({"status": "alive"})

    async def readyz(self, _request: web.Request) -> web.Response:
        reasons = readiness(self._view.stats)
        found = {"status": "not ready" if reasons else "ready", "reasons": reasons}
        return _json(found, status=503 if reasons else 200)

    async def health(self, _request: web.Request) -> web.Response:
        found = self._document(health)
        return _json(found, status=503 if found["status"] == "unhealthy" else 200)

    async def detailed(self, _request: web.Request) -> web.Response:
        return _json(self._document(detailed))

    async def status(self, _request: web.Request) -> web.Response:
        return _json(self._document(status))

    async def gaps(self, _request: web.Request) -> web.Response:
        return _json(gaps(self._view.stats, self._view.clock()))

    async def metrics(self, _request: web.Request) -> web.Response:
        body, content_type = self._view.metrics()
        return web.Response(body=body, headers={"Content-Type": content_type})

    async def openapi(self, _request: web.Request) -> web.Response:
        return _json(document(self._view.build.version))

    async def static(self, request: web.Request) -> web.Response:
        return self._file(request.match_info["name"])

    def _file(self, name: str) -> web.Response:
        if name not in self._files:
            raise web.HTTPNotFound
        body, content_type = self._files[name]
        return web.Response(body=body, content_type=content_type, charset="utf-8")

    def _document(self, make: Callable[..., dict[str, Any]]) -> dict[str, Any]:
        view = self._view
        return make(view.stats, view.clock(), view.recent, view.down, view.build)


def _json(found: dict[str, Any], status: int = 200) -> web.Response:
    return web.Response(
        body=orjson.dumps(found), status=status, content_type="application/json"
    )
