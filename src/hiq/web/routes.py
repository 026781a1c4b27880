"""The table of routes: what there is, who may ask, and what is answered.

Server, guard, metrics and /openapi.json read this table, so that none of them can say
something else. It must not know how a route is answered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from hiq.web.types import alerts, clients, errors, health, home, house, page, service

__all__ = ["OPEN_PATHS", "ROUTES", "STATIC", "Access", "Answer", "Route"]

Access: TypeAlias = Literal["open", "read", "control"]

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: its status, when it comes, and the struct in its body."""

    status: int
    text: str
    body: Any = None
    content_type: str = JSON


@dataclass(frozen=True, slots=True)
class Route:
    """One route.

    Attributes:
        name: of its handler.
        access: `open` to everyone; `read` and `control` need a token with that scope
            unless authentication is off; `control` takes no foreign origin at all.
        query: the struct that its query parameters make.
        socket: it becomes a WebSocket, whose frames are these structs.
        shows_all: entities of every kind can be in its answer, so that a token which is
            narrowed to some may not ask.
    """

    method: Literal["GET", "POST"]
    path: str
    name: str
    summary: str
    answers: tuple[Answer, ...]
    access: Access = "read"
    query: type[Any] | None = None
    socket: tuple[Any, ...] = ()
    shows_all: bool = False


def _missing(what: str, body: Any = errors.Unavailable) -> Answer:
    return Answer(503, f"{what} is not available.", body)


def _served(body: Any, text: str = "Served.") -> Answer:
    return Answer(200, text, body)


WRONG_FILE = Answer(422, "The file is wrong; what runs is unchanged.", errors.Problems)
WRONG_QUERY = Answer(400, "A parameter is wrong.", errors.Refusal)
UNREADABLE = Answer(502, "The database could not be read.", errors.Unavailable)

ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        "/",
        "root",
        "The status page for a browser, else service, version and status.",
        (
            _served(health.Running),
            Answer(200, "The page, if text/html is accepted.", None, "text/html"),
        ),
        "open",
    ),
    Route(
        "GET",
        "/livez",
        "livez",
        "Does the loop turn?",
        (_served(health.Alive, "It does."),),
        "open",
    ),
    Route(
        "GET",
        "/healthz",
        "livez",
        "The same as /livez.",
        (_served(health.Alive, "It does."),),
        "open",
    ),
    Route(
        "GET",
        "/readyz",
        "readyz",
        "Subscribed to Home Assistant now, and the journal can be written?",
        (
            _served(health.Ready, "Ready."),
            Answer(503, "Not ready, with the reasons.", health.Ready),
        ),
        "open",
    ),
    Route(
        "GET",
        "/health",
        "health",
        "The whole picture: connection, counters, journal, sinks, checks.",
        (
            _served(health.Health, "Healthy or degraded."),
            Answer(503, "Unhealthy.", health.Health),
        ),
        "open",
    ),
    Route(
        "GET",
        "/health/detailed",
        "detailed",
        "Connection and subscription as HomeIQ shows them; 200 also if unhealthy.",
        (_served(health.Detailed),),
        "open",
    ),
    Route(
        "GET",
        "/metrics",
        "metrics",
        "Counters as Prometheus reads them.",
        (Answer(200, "Text format 0.0.4.", None, "text/plain"),),
        "open",
    ),
    Route(
        "GET",
        "/openapi.json",
        "openapi",
        "This document.",
        (_served(dict[str, Any]),),
        "open",
    ),
    Route(
        "GET",
        "/api/v1/status",
        "status",
        "What /health says, with the counters on the top level too.",
        (_served(health.Status),),
    ),
    Route(
        "GET",
        "/api/v1/gaps",
        "gaps",
        "The ledger of gaps: when something may be missing, why, and its fate.",
        (_served(health.GapList),),
    ),
    Route(
        "GET",
        "/api/v1/alerts",
        "alerts",
        "What is wrong now and was lately, with latencies and what the audit says.",
        (_served(alerts.AlertList), _missing("The monitor")),
        shows_all=True,
    ),
    Route(
        "GET",
        "/api/v1/event-rate",
        "event_rate",
        "How many events come: windows, types, domains, the busiest entities.",
        (_served(service.EventRate), _missing("The rate monitor", service.NoRates)),
        shows_all=True,
    ),
    Route(
        "GET",
        "/api/v1/filter/stats",
        "filter_stats",
        "What the entity filter decided.",
        (_served(service.FilterAnswer),),
    ),
    Route(
        "POST",
        "/api/v1/filter/reload",
        "filter_reload",
        "Read the filter again; a wrong one changes nothing.",
        (_served(service.Reloaded), WRONG_FILE, _missing("The reload")),
        "control",
    ),
    Route(
        "POST",
        "/api/v1/config/reload",
        "config_reload",
        "Read the settings again; wrong ones change nothing.",
        (_served(service.Reloaded), WRONG_FILE, _missing("The reload")),
        "control",
    ),
    Route(
        "POST",
        "/api/v1/discovery/trigger",
        "discovery_trigger",
        "Read the registries of Home Assistant now.",
        (
            _served(service.Discovered),
            Answer(502, "Home Assistant did not answer well.", errors.Unavailable),
            _missing("Discovery"),
        ),
        "control",
    ),
    Route(
        "GET",
        "/api/v1/entities",
        "entities",
        "Entities of the registry, with what their device and area add.",
        (_served(home.EntityPage), WRONG_QUERY, _missing("The registry")),
        query=home.EntityQuery,
        shows_all=True,
    ),
    Route(
        "GET",
        "/api/v1/entities/renames",
        "renames",
        "The last renames of entities.",
        (_served(home.RenameList), _missing("The registry")),
        shows_all=True,
    ),
    Route(
        "GET",
        "/api/v1/devices",
        "devices",
        "Devices of the registry.",
        (_served(home.DevicePage), WRONG_QUERY, _missing("The registry")),
        query=home.DeviceQuery,
        shows_all=True,
    ),
    Route(
        "GET",
        "/api/v1/history",
        "history",
        "What the database holds of one entity, for a chart.",
        (_served(page.History), WRONG_QUERY, UNREADABLE, _missing("Reading back")),
        query=page.HistoryQuery,
        shows_all=True,
    ),
    Route(
        "GET",
        "/api/v1/stored",
        "stored",
        "Entities that have points, and when the newest one is.",
        (_served(page.StoredPage), WRONG_QUERY, UNREADABLE, _missing("Reading back")),
        query=page.StoredQuery,
        shows_all=True,
    ),
    Route(
        "GET",
        "/api/v1/refused",
        "refused",
        "The newest events that were not accepted, points that a sink refused.",
        (_served(page.Refusals),),
        shows_all=True,
    ),
    Route(
        "GET",
        "/api/v1/settings",
        "settings",
        "The settings in force, secrets masked.",
        (_served(page.SettingsShown), _missing("The settings")),
        shows_all=True,
    ),
    Route(
        "GET",
        "/api/status/house",
        "house",
        "The status of the house: climate, presence, lights, sensors.",
        (_served(house.HouseStatus), _missing("The status", house.NotKnown)),
        shows_all=True,
    ),
    Route(
        "GET",
        "/ws",
        "client_socket",
        "Live events for clients: the protocol `hiq.v1`, or the dialect of HomeIQ. "
        "Who may connect is decided before the upgrade.",
        (
            Answer(101, "Frames follow."),
            Answer(400, "Not a WebSocket request.", errors.Refusal),
            Answer(401, "No token, or none that is good.", errors.Refusal),
            Answer(403, "The origin may not connect.", errors.Refusal),
            Answer(429, "Too many connections or wrong tokens.", errors.Refusal),
            _missing("The service for clients"),
        ),
        socket=(clients.ClientFrame,),
    ),
    Route(
        "GET",
        "/ws/status",
        "status_socket",
        "The status of the house as a WebSocket: a snapshot, then what changes. "
        "Closed with 1013 while no status is known, with 4408 if the client does "
        "not read.",
        (
            Answer(101, "Frames follow."),
            Answer(400, "Not a WebSocket request.", errors.Refusal),
        ),
        socket=house.FRAMES,
        shows_all=True,
    ),
)
STATIC = "/static/{name}"
OPEN_PATHS = frozenset(route.path for route in ROUTES if route.access == "open")
