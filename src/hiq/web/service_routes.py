"""The routes of rates, alerts, filter, reloads, discovery, entities and the house.

Each asks its part; where there is none it answers 503, in the shape that users of the
HomeIQ service read. How a part does its work is not known here.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import msgspec
from aiohttp import web

from hiq.errors import ConfigError, HiqError
from hiq.web.answer import answer, unavailable
from hiq.web.directory import devices_page, entities_page
from hiq.web.query import parameters
from hiq.web.report import moment
from hiq.web.types import errors, house, service
from hiq.web.types.home import DeviceQuery, EntityQuery, RenameList

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from hiq.web.view import View

__all__ = ["ServiceRoutes"]

logger = logging.getLogger("hiq.web")


class ServiceRoutes:
    """Handlers by the names of the table of routes."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._parts = view.parts

    async def event_rate(self, _request: web.Request) -> web.Response:
        """Answer how many events come."""
        if self._parts.rates is None:
            name = self._view.build.service
            failure = service.RateFailure(
                service=name, error="Rate monitor not available"
            )
            return answer(service.NoRates(detail=failure), 503)
        return answer(self._parts.rates(self._view.clock()))

    async def alerts(self, _request: web.Request) -> web.Response:
        """Answer what is wrong now, and was lately."""
        if self._parts.alarms is None:
            return unavailable("The monitor is not there")
        return answer(self._parts.alarms.document(self._view.clock()))

    async def filter_stats(self, _request: web.Request) -> web.Response:
        """Answer what the filter decided."""
        make = self._parts.filter_statistics
        found = None if make is None else make(self._view.clock())
        if found is None:
            text = "Entity filter not configured"
            return answer(service.FilterAnswer(enabled=False, message=text))
        statistics = msgspec.convert(found, service.FilterStatistics)
        return answer(service.FilterAnswer(enabled=True, statistics=statistics))

    async def filter_reload(self, _request: web.Request) -> web.Response:
        """Read the filter again."""
        return await self._reload(self._parts.reload_filter, "filter")

    async def config_reload(self, _request: web.Request) -> web.Response:
        """Read the settings again."""
        return await self._reload(self._parts.reload_settings, "settings")

    async def _reload(
        self, work: Callable[[], Awaitable[Sequence[str]]] | None, what: str
    ) -> web.Response:
        if work is None:
            return unavailable(f"The {what} cannot be reloaded by this service")
        try:
            changed = await work()
        except ConfigError as exc:
            problems = tuple(str(problem) for problem in exc.problems)
            text = f"the {what} are unchanged: {len(problems)} problems"
            return answer(errors.Problems("invalid_config", text, problems), 422)
        found = service.Reloaded(
            changed=list(changed), timestamp=moment(self._view.clock())
        )
        return answer(found)

    async def discovery_trigger(self, _request: web.Request) -> web.Response:
        """Read the registries now."""
        if self._parts.discover is None or self._view.stats.ha.state != "CONNECTED":
            return unavailable("Connection manager or discovery service not available")
        try:
            devices, entities = await self._parts.discover()
        except HiqError as exc:
            logger.warning("discovery on request failed: %s", exc)
            return unavailable(str(exc), 502)
        found = service.Discovered(
            devices_discovered=devices,
            entities_discovered=entities,
            timestamp=moment(self._view.clock()),
        )
        return answer(found)

    async def entities(self, request: web.Request) -> web.Response:
        """Answer entities of the registry."""
        if self._parts.entities is None:
            return unavailable("The registry is not known")
        query = parameters(request, EntityQuery)
        if isinstance(query, web.Response):
            return query
        now = moment(self._view.clock())
        return answer(entities_page(self._parts.entities(), query, now))

    async def renames(self, _request: web.Request) -> web.Response:
        """Answer the last renames of entities."""
        if self._parts.renames is None:
            return unavailable("The registry is not known")
        return answer(RenameList(renames=list(self._parts.renames())))

    async def devices(self, request: web.Request) -> web.Response:
        """Answer devices of the registry."""
        if self._parts.devices is None:
            return unavailable("The registry is not known")
        query = parameters(request, DeviceQuery)
        if isinstance(query, web.Response):
            return query
        now = moment(self._view.clock())
        return answer(devices_page(self._parts.devices(), query, now))

    async def house(self, _request: web.Request) -> web.Response:
        """Answer the status of the house."""
        board = self._parts.house
        if board is None or not board.known:
            return answer(house.NotKnown(detail="No state is known yet"), 503)
        return answer(board.status(moment(self._view.clock())))
