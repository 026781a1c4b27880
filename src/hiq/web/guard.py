"""What every request has to pass, and what every answer carries.

One middleware: request id, deadline, Host and Origin checks, the open routes against
the closed ones, errors as JSON, security headers. It must not know what a route
answers.

A page of a foreign site can make a browser send requests to a loopback address, and
by DNS rebinding read the answers. Such a request still carries the foreign name in
its Host header (RFC 9110, section 7.2), so on a loopback bind only names of this
host are served.
"""

from __future__ import annotations

import asyncio
import logging
import re
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import uuid4

from aiohttp import web

from hiq.settings.load import is_loopback

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler, Middleware

__all__ = ["Policy", "make_guard", "refusal"]

logger = logging.getLogger("hiq.web")

REQUEST_DEADLINE_S = 10.0
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
OPEN_ROUTES = frozenset(
    {
        "/",
        "/livez",
        "/readyz",
        "/healthz",
        "/health",
        "/health/detailed",
        "/metrics",
        "/openapi.json",
    }
)
OPEN_PREFIX = "/static/"
SECURITY_HEADERS = {
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
HSTS = "max-age=31536000"


@dataclass(frozen=True, slots=True)
class Policy:
    """Who may ask for what.

    Attributes:
        loopback: bound to a loopback address, so the Host header must name it.
        api_open: /api answers without a token.
        host: the name that the server is bound to.
        origins: foreign origins that may read /api from a browser.
    """

    loopback: bool
    api_open: bool
    host: str
    origins: frozenset[str] = frozenset()


def refusal(status: int, code: str, message: str) -> web.Response:
    """Return a refusal in the shape that all of them have."""
    return web.json_response({"error_code": code, "message": message}, status=status)


def make_guard(policy: Policy) -> Middleware:
    """Return the middleware that applies a policy."""

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        began = perf_counter()
        answer: web.StreamResponse
        given = request.headers.get("X-Request-ID", "")
        request_id = given if REQUEST_ID.fullmatch(given) else uuid4().hex
        answer = _refused(request, policy) or await _answer(
            request, handler, request_id
        )
        answer.headers["X-Request-ID"] = request_id
        answer.headers["X-Process-Time"] = f"{perf_counter() - began:.6f}"
        for name, value in SECURITY_HEADERS.items():
            answer.headers.setdefault(name, value)
        if request.secure:
            answer.headers["Strict-Transport-Security"] = HSTS
        origin = request.headers.get("Origin", "")
        if origin in policy.origins:
            answer.headers["Access-Control-Allow-Origin"] = origin
            answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
            answer.headers["Vary"] = "Origin"
        return answer

    return guard


async def _answer(
    request: web.Request, handler: Handler, request_id: str
) -> web.StreamResponse:
    try:
        async with asyncio.timeout(REQUEST_DEADLINE_S):
            return await handler(request)
    except web.HTTPException as exc:
        answer = refusal(exc.status, exc.reason.lower().replace(" ", "_"), exc.reason)
        if "Allow" in exc.headers:
            answer.headers["Allow"] = exc.headers["Allow"]
        return answer
    except TimeoutError:
        return refusal(503, "timeout", "the answer took too long")
    except Exception:
        logger.exception("request failed", extra={"request_id": request_id})
        body = {"error": "Internal server error", "request_id": request_id}
        return web.json_response(body, status=500)


def _refused(request: web.Request, policy: Policy) -> web.Response | None:
    """Return the refusal of a request that may not pass; None if it may."""
    if policy.loopback and not _names_this_host(request, policy):
        return refusal(
            403, "foreign_host", "the Host header does not name this machine"
        )
    path = request.path
    if path in OPEN_ROUTES or path.startswith(OPEN_PREFIX):
        return None
    if not policy.api_open:
        answer = refusal(
            401,
            "unauthorized",
            "without a loopback bind only the open routes are served; "
            "see http.host and http.auth",
        )
        answer.headers["WWW-Authenticate"] = "Bearer"
        return answer
    origin = request.headers.get("Origin")
    if origin is not None and not _same_or_listed(request, origin, policy):
        return refusal(403, "foreign_origin", "this origin is not listed")
    return None


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


def _same_or_listed(request: web.Request, origin: str, policy: Policy) -> bool:
    if origin in policy.origins:
        return True
    return origin == f"{request.scheme}://{request.headers.get('Host', '')}"
