"""Who may ask for what: Host, Origin, the open routes against the closed ones.

A page of a foreign site can make a browser send requests to a loopback address, and
by DNS rebinding read the answers. Such a request still carries the foreign name in
its Host header (RFC 9110, section 7.2), so on a loopback bind only names of this
host are served. A WebSocket is no exception: the browser sends its Origin, and nobody
else checks it. It must not know what a route answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from aiohttp import web

from hiq.settings.hosts import is_loopback
from hiq.web.answer import refusal
from hiq.web.parts import Credentials
from hiq.web.routes import OPEN_PATHS, ROUTES, STATIC

if TYPE_CHECKING:
    from aiohttp.web_urldispatcher import UrlMappingMatchInfo

    from hiq.web.parts import Parts

__all__ = ["Policy", "origin_allowed", "preflight", "refused", "route_of"]

STATIC_PREFIX: Final = STATIC.partition("{")[0]
CONTROL_PATHS: Final = frozenset(
    route.path for route in ROUTES if route.access == "control"
)
SHOW_ALL: Final = frozenset(route.path for route in ROUTES if route.shows_all)
METHODS: Final = {
    path: ", ".join(sorted({route.method for route in ROUTES if route.path == path}))
    for path in {route.path for route in ROUTES}
}
ALLOWED_HEADERS: Final = "Authorization, Content-Type, X-Request-ID"
PREFLIGHT_S: Final = 600
UNMATCHED: Final = "unmatched"
CLIENTS: Final = "/ws"
"""Decides by itself who may connect, with codes of its own; only Host is for us."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Who may ask for what.

    Attributes:
        loopback: bound to a loopback address, so the Host header must name it.
        api_open: /api answers without a token.
        host: the name that the server is bound to.
        origins: foreign origins that may read /api from a browser.
        proxies: addresses whose X-Forwarded-For is believed.
    """

    loopback: bool
    api_open: bool
    host: str
    origins: frozenset[str] = frozenset()
    proxies: frozenset[str] = frozenset()

    def address(self, request: web.Request) -> str:
        """Return the address of who asks: the nearest that is no proxy of ours."""
        address = request.remote or ""
        if address not in self.proxies:
            return address
        # Some proxies append a line of their own to what the client sent: all of them
        # are one list (RFC 9110, section 5.3).
        chain = ",".join(request.headers.getall("X-Forwarded-For", ())).split(",")
        for hop in reversed([hop.strip() for hop in chain if hop.strip()]):
            address = hop
            if hop not in self.proxies:
                break
        return address[:64]


def route_of(match: UrlMappingMatchInfo) -> str:
    """Return the path of the route as the table has it; `unmatched` without one."""
    if match.http_exception is not None:
        return UNMATCHED
    resource = match.route.resource
    return resource.canonical if resource is not None else UNMATCHED


def is_open(request: web.Request) -> bool:
    """Return whether everyone may ask.

    What counts is the route that was found, not how its path was spelled.
    """
    route = route_of(request.match_info)
    if route == UNMATCHED:
        return request.path in OPEN_PATHS or request.path.startswith(STATIC_PREFIX)
    return route in OPEN_PATHS or route == STATIC


def refused(request: web.Request, policy: Policy, parts: Parts) -> web.Response | None:
    """Return the refusal of a request that may not pass; None if it may."""
    if policy.loopback and not _names_this_host(request, policy):
        return refusal(
            403, "foreign_host", "the Host header does not name this machine"
        )
    if is_open(request):
        return None
    if route_of(request.match_info) == CLIENTS and parts.clients is not None:
        return None
    origin = request.headers.get("Origin")
    if not policy.api_open:
        denied = _denied(request, policy, parts)
        if denied is not None:
            return denied
    if origin is not None and not (
        _same_or_listed(request, origin, policy) or parts.of_ingress(request)
    ):
        return refusal(403, "foreign_origin", "this origin is not listed")
    if not policy.api_open:
        return None
    if _is_control(request) and not _from_here(request, origin):
        return refusal(
            403, "foreign_origin", "only pages of hiq itself may change something"
        )
    return None


def _is_control(request: web.Request) -> bool:
    """Return whether something is changed; all but GET and HEAD may do that."""
    return (
        route_of(request.match_info) in CONTROL_PATHS
        or request.path in CONTROL_PATHS
        or request.method not in {"GET", "HEAD", "OPTIONS"}
    )


def _denied(request: web.Request, policy: Policy, parts: Parts) -> web.Response | None:
    """Return the refusal of who does not show a good token; None if one is shown."""
    if parts.admit is None:
        found = refusal(
            401,
            "unauthorized",
            "without a loopback bind only the open routes are served; "
            "see http.host and http.auth",
        )
        found.headers["WWW-Authenticate"] = "Bearer"
        return found
    offers = request.headers.get("Sec-WebSocket-Protocol", "").split(",")
    denial = parts.admit(
        Credentials(
            authorization=request.headers.get("Authorization"),
            protocols=tuple(offer.strip() for offer in offers if offer.strip()),
            query=frozenset(request.query),
            address=policy.address(request),
            peer=request.remote or "",
            access="control" if _is_control(request) else "read",
            shows_all=route_of(request.match_info) in SHOW_ALL,
        )
    )
    if denial is None:
        return None
    return web.Response(
        body=denial.body(),
        status=denial.status,
        headers=dict(denial.headers),
        content_type="application/json",
    )


def preflight(request: web.Request, policy: Policy) -> web.Response | None:
    """Return the answer to a browser that asks whether it may ask; None if none does.

    Without a token nothing can be changed from a foreign origin, but with one it can,
    so all methods of the route are allowed here and judged when they come.
    """
    origin = request.headers.get("Origin")
    wanted = request.headers.get("Access-Control-Request-Method")
    if request.method != "OPTIONS" or origin is None or wanted is None:
        return None
    if policy.loopback and not _names_this_host(request, policy):
        return None
    if not _same_or_listed(request, origin, policy):
        return refusal(403, "foreign_origin", "this origin is not listed")
    methods = METHODS.get(request.path)
    if methods is None:
        return None
    answer = web.Response(status=204)
    answer.headers["Access-Control-Allow-Methods"] = methods
    answer.headers["Access-Control-Allow-Headers"] = ALLOWED_HEADERS
    answer.headers["Access-Control-Max-Age"] = str(PREFLIGHT_S)
    return answer


def _names_this_host(request: web.Request, policy: Policy) -> bool:
    given = request.headers.get("Host", "")
    try:
        name = "" if "@" in given else urlsplit(f"//{given}").hostname or ""
    except ValueError:
        return False
    return (
        is_loopback(name)
        or name.endswith(".localhost")
        or name == policy.host.strip("[]").lower()
    )


def origin_allowed(request: web.Request, policy: Policy) -> bool:
    """Return whether a page of the origin may connect; without one nobody minds."""
    origin = request.headers.get("Origin")
    return origin is None or _same_or_listed(request, origin, policy)


def _is_same(request: web.Request, origin: str) -> bool:
    return origin == f"{request.scheme}://{request.headers.get('Host', '')}"


def _same_or_listed(request: web.Request, origin: str, policy: Policy) -> bool:
    return origin in policy.origins or _is_same(request, origin)


def _from_here(request: web.Request, origin: str | None) -> bool:
    """Return whether a page of hiq itself, or no page at all, asks.

    A browser tells both, and a program neither (Fetch Metadata, section 2.2).
    """
    if request.headers.get("Sec-Fetch-Site", "none") not in {"same-origin", "none"}:
        return False
    return origin is None or _is_same(request, origin)
