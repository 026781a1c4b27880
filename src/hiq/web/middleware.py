"""What every request goes through, and what every answer carries.

Request id, limits of rate, size and time, the guard, errors as JSON, the count, and
the security headers. While a request is answered, each line of the log carries its id.
It must not know what a route answers.
"""

from __future__ import annotations

import asyncio
import logging
import re
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from aiohttp import web

from hiq.log import Throttle, correlation
from hiq.web.answer import answer, refusal
from hiq.web.guard import is_open, preflight, refused, route_of
from hiq.web.limits import AddressLimit
from hiq.web.routes import ROUTES
from hiq.web.types.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp.typedefs import Handler, Middleware

    from hiq.web.guard import Policy
    from hiq.web.view import View

__all__ = ["MAX_BODY_BYTES", "install"]

logger = logging.getLogger("hiq.web")

REQUEST_DEADLINE_S = 10.0
MAX_BODY_BYTES = 64 * 1024
REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
SOCKETS: Final = frozenset(route.path for route in ROUTES if route.socket)
SECURITY_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; "
        "img-src 'self' data:; connect-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Server": "hiq",
}
FRAMED_HEADERS: Final = {
    **SECURITY_HEADERS,
    "X-Frame-Options": "SAMEORIGIN",
    "Content-Security-Policy": SECURITY_HEADERS["Content-Security-Policy"].replace(
        "frame-ancestors 'none'", "frame-ancestors 'self'"
    ),
}
"""Behind Home Assistant's ingress the page is a panel: a frame of the same origin."""
INGRESS: Final = "X-Ingress-Path"
"""No page can make a browser send it; only a proxy of the user's own does."""
REPEAT_S: Final = 60.0
HSTS: Final = "max-age=31536000"
EXPOSED: Final = "X-Request-ID, X-Process-Time"


def install(app: web.Application, policy: Policy, view: View, per_minute: int) -> None:
    """Put an application behind a policy.

    Args:
        app: whose requests go through it from now on.
        policy: who may ask for what.
        view: where requests are counted, and who judges tokens.
        per_minute: requests of one address to closed routes; 0 = any number.
    """
    app.middlewares.append(_middleware(policy, view, AddressLimit(per_minute)))
    app.on_response_prepare.append(_of_sockets(policy))


def _middleware(policy: Policy, view: View, limit: AddressLimit) -> Middleware:
    traffic = view.traffic
    faults = Throttle(REPEAT_S, monotonic)

    def stopped(request: web.Request, request_id: str) -> web.Response | None:
        """Return the answer to who gets no further; None for all others."""
        try:
            return (
                preflight(request, policy)
                or refused(request, policy, view.parts)
                or _limited(request, policy, limit)
            )
        except Exception as exc:
            # Nobody was asked for a token yet: strangers must not fill the log.
            suppressed = faults.allow(type(exc))
            if suppressed is not None:
                logger.exception(
                    "request cannot be judged",
                    extra={**_about(request), "suppressed": suppressed},
                )
            return _fault(request_id)

    @web.middleware
    async def pass_through(
        request: web.Request, handler: Handler
    ) -> web.StreamResponse:
        began_s = perf_counter()
        given = request.headers.get("X-Request-ID", "")
        request_id = given if REQUEST_ID.fullmatch(given) else uuid4().hex
        token = correlation.set(request_id)
        traffic.active += 1
        status = 499  # the client went away
        try:
            found: web.StreamResponse | None = stopped(request, request_id)
            if found is None:
                found = await _answer(request, handler, request_id)
            status = found.status
            if not found.prepared:
                _add_headers(request, found, policy)
                taken_s = perf_counter() - began_s
                found.headers["X-Process-Time"] = f"{taken_s:.6f}"
            return found
        finally:
            traffic.active -= 1
            taken_s = perf_counter() - began_s
            traffic.count(request.method, route_of(request.match_info), status, taken_s)
            correlation.reset(token)

    return pass_through


def _limited(
    request: web.Request, policy: Policy, limit: AddressLimit
) -> web.Response | None:
    """Return the refusal of a request that is one too many, or too large."""
    if (request.content_length or 0) > MAX_BODY_BYTES:
        return refusal(413, "too_large", f"a body has at most {MAX_BODY_BYTES} bytes")
    if is_open(request):
        return None
    wait_s = limit.wait_s(policy.address(request), monotonic())
    if not wait_s:
        return None
    found = refusal(429, "too_many_requests", "too many requests from this address")
    found.headers["Retry-After"] = str(int(wait_s) + 1)
    return found


async def _answer(
    request: web.Request, handler: Handler, request_id: str
) -> web.StreamResponse:
    try:
        if request.path in SOCKETS:
            return await handler(request)
        async with asyncio.timeout(REQUEST_DEADLINE_S):
            return await handler(request)
    except web.HTTPException as exc:
        found = refusal(exc.status, exc.reason.lower().replace(" ", "_"), exc.reason)
        if "Allow" in exc.headers:
            found.headers["Allow"] = exc.headers["Allow"]
        return found
    except TimeoutError:
        return refusal(503, "timeout", "the answer took too long")
    except Exception:
        logger.exception("request failed", extra=_about(request))
        return _fault(request_id)


def _about(request: web.Request) -> dict[str, str]:
    return {"method": request.method, "path": request.path}


def _fault(request_id: str) -> web.Response:
    return answer(Fault("Internal server error", request_id), 500)


def _add_headers(
    request: web.Request, found: web.StreamResponse, policy: Policy
) -> None:
    headers = found.headers
    secured = FRAMED_HEADERS if INGRESS in request.headers else SECURITY_HEADERS
    for name, value in secured.items():
        headers.setdefault(name, value)
    headers["X-Request-ID"] = correlation.get()
    if request.secure:
        headers["Strict-Transport-Security"] = HSTS
    if policy.origins:
        headers.add("Vary", "Origin")
    origin = request.headers.get("Origin", "")
    if origin in policy.origins:
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Expose-Headers"] = EXPOSED
        headers["Cross-Origin-Resource-Policy"] = "cross-origin"


def _of_sockets(
    policy: Policy,
) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    async def add(request: web.Request, found: web.StreamResponse) -> None:
        # The handler of a WebSocket answers while it runs, so its headers are due now.
        if isinstance(found, web.WebSocketResponse):
            _add_headers(request, found, policy)

    return add
