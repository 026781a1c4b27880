"""The routes of the page beside the counters: history, stored, refused, settings.

Each asks its part; where there is none it answers 503. What a database is like, and
where refused points are kept, is not known here.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from aiohttp import web

from hiq.errors import HiqError
from hiq.web.answer import answer, unavailable
from hiq.web.query import parameters
from hiq.web.report import iso, moment
from hiq.web.types import page

if TYPE_CHECKING:
    from hiq.web.view import View

__all__ = ["MEANINGS", "PageRoutes"]

logger = logging.getLogger("hiq.web")

HOUR_S: Final = 3600.0
SAMPLES: Final = 50
MEANINGS: Final = {
    "BAD_JSON": "not JSON",
    "BAD_UTF8": "not UTF-8",
    "TOO_DEEP": "nested too deeply",
    "TOO_LARGE": "too large",
    "NOT_AN_OBJECT": "not an object",
    "NO_EVENT_TYPE": "without an event type",
    "BAD_DATA": "its data is not an object",
    "BAD_ENTITY_ID": "its entity id is missing, or none",
    "NO_NEW_STATE": "without the new state",
    "NOT_ENCODABLE": "cannot be written as line protocol",
    "BAD_TIME": "its time is missing, or none",
    "BAD_CONTEXT": "its context is no object",
    "BAD_OLD_STATE": "its old state is neither an object nor null",
    "STATE_TOO_LONG": "its state has more than 255 characters",
    "TIME_SKEW": "its time is more than an hour from now",
    "NEGATIVE_DURATION": "it is older than the state before",
    "LONG_DURATION": "the state before lasted for more than a week",
    "UNKNOWN_ORIGIN": "its origin is neither LOCAL nor REMOTE",
    "NON_FINITE_ATTRIBUTE": "an attribute is no finite number",
    "NO_MEMORY": "there was no memory for it",
}
"""What the reason codes of the core mean, said of an event."""


class PageRoutes:
    """Handlers by the names of the table of routes."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._parts = view.parts

    async def history(self, request: web.Request) -> web.Response:
        """Answer what the database holds of one entity."""
        query = parameters(request, page.HistoryQuery)
        if isinstance(query, web.Response):
            return query
        end = self._view.clock() if query.end is None else query.end
        start = max(0.0, end - HOUR_S) if query.start is None else query.start
        if self._parts.past is None:
            return unavailable("No sink can be read back")
        try:
            found = await self._parts.past.history(
                query.entity_id, start, end, query.limit
            )
        except HiqError as exc:
            return _failed(exc)
        return answer(found)

    async def stored(self, request: web.Request) -> web.Response:
        """Answer which entities have points."""
        query = parameters(request, page.StoredQuery)
        if isinstance(query, web.Response):
            return query
        if self._parts.past is None:
            return unavailable("No sink can be read back")
        try:
            found = await self._parts.past.stored(query)
        except HiqError as exc:
            return _failed(exc)
        return answer(found)

    async def refused(self, _request: web.Request) -> web.Response:
        """Answer what was not accepted, and why."""
        stats, parts = self._view.stats, self._parts
        rejects = () if parts.rejects is None else await parts.rejects()
        letters = {} if parts.letters is None else await parts.letters()
        found = page.Refusals(
            rejected=stats.rejected,
            newest=[
                page.RefusedEvent(
                    time=iso(at),
                    reason=reason,
                    meaning=MEANINGS.get(reason, ""),
                    sample=sample.decode("utf-8", "backslashreplace"),
                )
                for at, reason, sample in rejects[-SAMPLES:]
            ],
            dead_letters=[
                page.DeadLetters(
                    sink=sink.name,
                    count=sink.dead_lettered,
                    newest=list(letters.get(sink.name, ())),
                )
                for sink in stats.sinks.values()
            ],
            timestamp=moment(self._view.clock()),
        )
        return answer(found)

    async def settings(self, _request: web.Request) -> web.Response:
        """Answer the settings in force, without secrets."""
        if self._parts.settings is None:
            return unavailable("The settings are not known")
        shown, source = self._parts.settings()
        now = moment(self._view.clock())
        found = page.SettingsShown(settings=dict(shown), source=source, timestamp=now)
        return answer(found)

    async def close(self, _app: web.Application) -> None:
        """Let go of what reads databases."""
        if self._parts.past is not None:
            await self._parts.past.close()


def _failed(exc: HiqError) -> web.Response:
    logger.warning("the page could not read back: %s", exc)
    return unavailable(str(exc), 502)
