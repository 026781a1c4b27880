"""The aiohttp application: the table of routes with its handlers, and the page.

Reads the counters and what it is given; starts nothing, and must not know sinks,
journal or Home Assistant. Contract: docs/reference/http.md.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from aiohttp import web

from hiq.settings.hosts import is_loopback
from hiq.web.answer import answer
from hiq.web.client_socket import ClientSocket
from hiq.web.guard import Policy
from hiq.web.health import readiness
from hiq.web.middleware import MAX_BODY_BYTES, install
from hiq.web.openapi import document
from hiq.web.page_routes import PageRoutes
from hiq.web.pagefiles import page_files
from hiq.web.report import detailed, gaps, health, status
from hiq.web.routes import ROUTES, STATIC
from hiq.web.service_routes import ServiceRoutes
from hiq.web.status_socket import StatusSocket
from hiq.web.types.health import Alive, Ready, Running

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hiq.settings.schema import HttpSettings
    from hiq.stats import Stats
    from hiq.web.pagefiles import PageFiles
    from hiq.web.recent import Recent
    from hiq.web.report import Build
    from hiq.web.view import View

__all__ = ["make_app", "policy_of"]

D = TypeVar("D")


def policy_of(settings: HttpSettings) -> Policy:
    """Return who may ask for what.

    `/api` is open on a loopback bind with `auth` auto or none; everywhere else a token
    is needed, which `Parts.admit` judges.
    """
    loopback = is_loopback(settings.host)
    return Policy(
        loopback=loopback,
        api_open=loopback and settings.auth in {"auto", "none"},
        host=settings.host,
        origins=frozenset(settings.cors_origins),
        proxies=frozenset(settings.trusted_proxies),
    )


def make_app(
    view: View, settings: HttpSettings, files: PageFiles | None = None
) -> web.Application:
    """Return the application; the files of the page are those of this build."""
    app = web.Application(client_max_size=MAX_BODY_BYTES)
    policy = policy_of(settings)
    install(app, policy, view, settings.requests_per_minute)
    own, socket = _Routes(view, files or page_files()), StatusSocket(view)
    clients = ClientSocket(view, policy)
    page = PageRoutes(view)
    parts = (own, ServiceRoutes(view), page, socket, clients)
    app.on_shutdown.extend((socket.close, clients.close, page.close))
    for route in ROUTES:
        handler = next(
            found for part in parts if (found := getattr(part, route.name, None))
        )
        if route.method == "GET":
            app.router.add_get(route.path, handler)
        else:
            app.router.add_post(route.path, handler)
    app.router.add_get(STATIC, own.static)
    return app


class _Routes:
    def __init__(self, view: View, files: PageFiles) -> None:
        self._view = view
        self._described: Any = None
        self._files = files

    async def root(self, request: web.Request) -> web.Response:
        if "text/html" in request.headers.get("Accept", "").lower():
            return self._files.home.response(request)
        build = self._view.build
        return answer(Running(service=build.service, version=build.version))

    async def livez(self, _request: web.Request) -> web.Response:
        return answer(Alive())

    async def readyz(self, _request: web.Request) -> web.Response:
        reasons = readiness(self._view.stats)
        if reasons:
            return answer(Ready(status="not ready", reasons=reasons), 503)
        return answer(Ready(status="ready", reasons=reasons))

    async def health(self, _request: web.Request) -> web.Response:
        found = self._document(health)
        return answer(found, 503 if found.status == "unhealthy" else 200)

    async def detailed(self, _request: web.Request) -> web.Response:
        totals, per_minute = self._view.parts.totals, self._view.parts.per_minute
        make = partial(
            detailed,
            totals=None if totals is None else totals(),
            per_minute=None if per_minute is None else per_minute(),
        )
        return answer(self._document(make))

    async def status(self, _request: web.Request) -> web.Response:
        return answer(self._document(status))

    async def gaps(self, _request: web.Request) -> web.Response:
        return answer(gaps(self._view.stats, self._view.clock()))

    async def metrics(self, _request: web.Request) -> web.Response:
        body, content_type = self._view.metrics()
        return web.Response(body=body, headers={"Content-Type": content_type})

    async def openapi(self, _request: web.Request) -> web.Response:
        if self._described is None:  # takes milliseconds, and never changes
            self._described = answer(document(self._view.build.version)).body
        return web.Response(body=self._described, content_type="application/json")

    async def static(self, request: web.Request) -> web.Response:
        return self._files.response(request, request.match_info["name"])

    def _document(
        self, make: Callable[[Stats, float, Recent, Mapping[str, str], Build], D]
    ) -> D:
        view = self._view
        return make(view.stats, view.clock(), view.recent, view.down, view.build)
