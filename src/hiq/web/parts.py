"""What other parts of the service give to the routes; None = not there (yet).

The service fills it in while it starts; a route whose part is missing answers 503.
Plain functions, so that no part has to know HTTP and no route any part.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import (
        Awaitable,
        Callable,
        Iterable,
        Iterator,
        Mapping,
        Sequence,
    )

    from aiohttp import web

    from hiq.web.exposition import Family
    from hiq.web.house import House
    from hiq.web.routes import Access
    from hiq.web.types.alerts import AlertList
    from hiq.web.types.home import Device, Entity, Rename
    from hiq.web.types.page import History, Letter, StoredPage, StoredQuery
    from hiq.web.types.service import EventRate

__all__ = ["Credentials", "Denial", "Parts"]


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request brings to show who asks.

    Attributes:
        authorization: the header; None without one.
        protocols: what Sec-WebSocket-Protocol offers, in order.
        query: the names of the parameters in the address.
        address: where it comes from.
        peer: the other end of the connection itself, whatever headers say.
        access: what is asked for, `read` or `control`.
        shows_all: entities of every kind can be in the answer.
    """

    authorization: str | None
    protocols: tuple[str, ...]
    query: frozenset[str]
    address: str
    peer: str
    access: Access
    shows_all: bool = False


class Denial(Protocol):
    """A refusal as HTTP says it."""

    @property
    def status(self) -> int:
        """The HTTP status."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers that go with it."""

    def body(self) -> bytes:
        """Return its JSON."""


class ServeClient(Protocol):
    """Serves a client of /ws until it leaves."""

    async def __call__(
        self, request: web.Request, address: str, *, origin_allowed: bool
    ) -> web.StreamResponse:
        """Return what was answered."""


Rejected = tuple[float | None, str, bytes]


class Past(Protocol):
    """Who reads back what a sink holds; HiqError where that fails."""

    async def history(
        self, entity_id: str, start_s: float, end_s: float, most: int
    ) -> History:
        """Return the points of one entity, `most` at most; times in Unix seconds."""

    async def stored(self, query: StoredQuery) -> StoredPage:
        """Return the entities that have points."""

    async def close(self) -> None:
        """Let go of everything; twice is fine."""


class Alarms(Protocol):
    """Who knows what is wrong."""

    def document(self, now: float) -> AlertList:
        """Return the document of /api/v1/alerts."""

    def collect(self) -> Iterator[Family]:
        """Yield what is shown as metrics."""


@dataclass(slots=True)
class Parts:
    """Functions that answer for a part.

    Attributes:
        rates: Unix seconds -> the document of event rates.
        per_minute: events of the last minute.
        families: further metrics.
        filter_statistics: Unix seconds -> its counts; None if no filter is set.
        reload_filter: reads the filter again, names what changed; ConfigError says
            all that is wrong with the file, and nothing is changed.
        reload_settings: the same for the settings.
        discover: reads the registries now -> how many devices and entities.
        entities: those of the registry, in the order of their ids.
        devices: the same for devices.
        renames: the last renames of entities, oldest first.
        house: the status of the house.
        totals: events of all runs by type, this one included.
        admit: judges who asks where authentication is on; None lets the request pass.
            Without it nobody passes.
        of_ingress: whether a page that Home Assistant's ingress shows is asking.
        clients: serves a client of /ws: request, its address, whether its origin may.
        close_clients: ends all of them.
        shed_clients: takes a step against a shortage of memory; None before the first
            client. `waiting` returns the bytes that wait for them.
        past: reads back what was written.
        rejects: the newest events that were refused: Unix seconds if known, reason
            code, first bytes.
        letters: the newest points that each sink refused for good.
        settings: those in force as they may be shown, and their file.
        alarms: what is wrong now, and was lately.
    """

    rates: Callable[[float], EventRate] | None = None
    per_minute: Callable[[], float] | None = None
    families: Callable[[], Iterable[Family]] | None = None
    filter_statistics: Callable[[float], Mapping[str, Any] | None] | None = None
    reload_filter: Callable[[], Awaitable[Sequence[str]]] | None = None
    reload_settings: Callable[[], Awaitable[Sequence[str]]] | None = None
    discover: Callable[[], Awaitable[tuple[int, int]]] | None = None
    entities: Callable[[], Sequence[Entity]] | None = None
    devices: Callable[[], Sequence[Device]] | None = None
    renames: Callable[[], Sequence[Rename]] | None = None
    house: House | None = None
    totals: Callable[[], Mapping[str, int]] | None = None
    admit: Callable[[Credentials], Denial | None] | None = None
    of_ingress: Callable[[web.Request], bool] = lambda _request: False
    clients: ServeClient | None = None
    close_clients: Callable[[], Awaitable[None]] | None = None
    shed_clients: Callable[[str], int] | None = None
    past: Past | None = None
    rejects: Callable[[], Awaitable[Sequence[Rejected]]] | None = None
    letters: Callable[[], Awaitable[Mapping[str, Sequence[Letter]]]] | None = None
    settings: Callable[[], tuple[Mapping[str, Any], str | None]] | None = None
    alarms: Alarms | None = None

    def collect(self) -> Iterable[Family]:
        """Return the metrics of the parts."""
        known = () if self.families is None else self.families()
        return known if self.alarms is None else chain(known, self.alarms.collect())
