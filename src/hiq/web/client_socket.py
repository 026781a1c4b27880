"""The WebSocket /ws: handed to the part that serves clients.

Who may connect is decided there, by rules of its own; only what HTTP says about the
request is found here. It must not know the protocol.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from hiq.web.answer import refusal, unavailable
from hiq.web.guard import origin_allowed

if TYPE_CHECKING:
    from hiq.web.guard import Policy
    from hiq.web.view import View

__all__ = ["ClientSocket"]


class ClientSocket:
    """The handler of /ws."""

    def __init__(self, view: View, policy: Policy) -> None:
        self._view = view
        self._policy = policy

    async def client_socket(self, request: web.Request) -> web.StreamResponse:
        """Serve one client until it leaves."""
        clients = self._view.parts.clients
        if not web.WebSocketResponse().can_prepare(request):
            return refusal(400, "no_websocket", "this route is a WebSocket")
        if clients is None:
            return unavailable("Clients are not served: see clients.enabled")
        return await clients(
            request,
            self._policy.address(request),
            origin_allowed=origin_allowed(request, self._policy),
        )

    async def close(self, _app: web.Application) -> None:
        """End all clients: the service stops."""
        if self._view.parts.close_clients is not None:
            await self._view.parts.close_clients()
