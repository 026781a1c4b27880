"""What the simulated home answers over REST: the few questions a client asks."""

from __future__ import annotations

import hmac
import http
from typing import TYPE_CHECKING

from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from hiq.simulate.protocol import VERSION, render

if TYPE_CHECKING:
    from hiq.simulate.world import World

__all__ = ["answer"]

WEBSOCKET = "/api/websocket"


def answer(request: Request, token: str, world: World) -> Response | None:
    """Return the answer of a home with this token; None opens the WebSocket.

    Source: https://developers.home-assistant.io/docs/api/rest
    """
    path = request.path.partition("?")[0]
    if path == WEBSOCKET:
        return None
    given = request.headers.get("Authorization", "")
    wanted = f"Bearer {token}"
    if not path.startswith("/api/"):
        return _response(http.HTTPStatus.NOT_FOUND, b"404: Not Found")
    if not hmac.compare_digest(given.encode(), wanted.encode()):
        return _response(http.HTTPStatus.UNAUTHORIZED, b"401: Unauthorized")
    match path:
        case "/api/":
            body = render({"message": "API running."})
        case "/api/config":
            body = render(world.home.config(VERSION))
        case "/api/states":
            body = b"[%b]" % b",".join(state.json for state in world.states.values())
        case _:
            return _response(http.HTTPStatus.NOT_FOUND, b"404: Not Found")
    return _response(http.HTTPStatus.OK, body, "application/json")


def _response(
    status: http.HTTPStatus, body: bytes, content_type: str = "text/plain"
) -> Response:
    headers = Headers()
    headers["Content-Type"] = content_type
    headers["Content-Length"] = str(len(body))
    headers["Connection"] = "close"
    return Response(status.value, status.phrase, headers, body)
