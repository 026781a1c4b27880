"""The server of clients: who may connect, decided before the upgrade, and who is there.

Refusals are HTTP answers. Limits are counted from the moment a place is given until it
is free again, whatever happens in between. It must not know where events come from,
nor how tokens are verified.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, Self

from aiohttp import web

from hiq.backoff import wait
from hiq.clients.connection import Connection
from hiq.clients.denied import Denied
from hiq.clients.homeiq import HomeIq
from hiq.clients.principal import Principal
from hiq.clients.protocol import NAME, Conversation
from hiq.clients.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp.abc import AbstractStreamWriter

    from hiq.clients.clocks import Clocks
    from hiq.clients.connection import Talk
    from hiq.clients.gate import Gate
    from hiq.clients.hub import Hub

__all__ = ["ClientServer"]

logger = logging.getLogger("hiq.clients")

GOING_AWAY: Final = 1001
TRY_AGAIN_LATER: Final = 1013
END_S: Final = 0.4


class ClientServer:
    """The clients of /ws.

    After calling `close`: every client was told 1001, and none is left.
    """

    def __init__(
        self,
        hub: Hub,
        gate: Gate,
        clocks: Clocks,
        *,
        changed: Callable[[], object] = lambda: None,
        on_status: Callable[[HomeIq, bool], object] = lambda _it, _on: None,
    ) -> None:
        self.hub = hub
        self.gate = gate
        self._clocks = clocks
        self._changed = changed
        self._on_status = on_status
        self._connections: dict[Connection, Talk] = {}
        self._by_user: Counter[str] = Counter()
        self._by_address: Counter[str] = Counter()
        self._turns = Turns()
        self._open = 0
        self._stopping = False
        self._short = False
        self._closed = asyncio.Event()
        self.accepted = 0
        self.ended: Counter[str] = Counter()
        self.aborted = 0

    @property
    def count(self) -> int:
        """How many are connected, or about to be."""
        return self._by_user.total()

    def figures(self) -> dict[str, Any]:
        """Return what health shows."""
        hub = self.hub
        boxes = [session.outbox for session in hub.sessions]
        totals = hub.sessions.totals
        return {
            "connections": self.count,
            "users": len(self._by_user),
            "addresses": len(self._by_address),
            "handlers": self._open,
            "sessions": len(hub.sessions),
            "accepted": self.accepted,
            "ended": dict(self.ended),
            "aborted": self.aborted,
            "events": hub.events,
            "waiting": sum(len(box) for box in boxes),
            "fullest": round(max((box.filling for box in boxes), default=0.0), 3),
            "dropped": sum(totals.dropped.values()),
            "dropped_by": dict(totals.dropped),
            "delivery": {
                "tracked": sum(len(box) + len(box.delivered) for box in boxes),
                **totals.figures(),
            },
        }

    async def handle(
        self, request: web.Request, address: str, *, origin_allowed: bool
    ) -> web.StreamResponse:
        """Serve one client until it leaves, or refuse it."""
        offers = _offers(request)
        socket = web.WebSocketResponse(
            timeout=self.hub.rules.close_timeout,
            autoping=False,
            max_msg_size=self.hub.rules.hard_bytes,
            compress=False,
            protocols=(NAME,),
        )
        verdict: Principal | Denied
        if self._stopping:
            return _refusal(503, "STOPPING", "The server is stopping.")
        if self._short:
            return _refusal(503, "SHORT_OF_MEMORY", "Memory is short, try again later.")
        verdict = self.gate.judge(request, address, offers, origin_allowed)
        if isinstance(verdict, Principal) and (full := self._full(verdict, address)):
            verdict = full
        self.gate.counts.count(verdict)
        if isinstance(verdict, Denied):
            return web.Response(
                body=verdict.body(),
                status=verdict.status,
                headers=verdict.headers,
                content_type="application/json",
            )
        with _Place(self, verdict.sub, address) as place:
            writer = await socket.prepare(request)
            assert writer is not None
            await self._serve(socket, request, writer, verdict, place)
        return socket

    async def close(self) -> None:
        """End all clients: the service stops."""
        self._stopping = True
        for talk in list(self._connections.values()):
            talk.close(GOING_AWAY, "server stopping")
        if self._open:
            await wait(self._closed, END_S)

    def turn_away(self) -> int:
        """Close every connection, refuse new ones until `welcome`; return how many."""
        self._short = True
        for talk in list(self._connections.values()):
            talk.close(TRY_AGAIN_LATER, "short of memory")
        return len(self._connections)

    def welcome(self) -> None:
        """Let clients come again."""
        self._short = False

    def _full(self, principal: Principal, address: str) -> Denied | None:
        rules = self.hub.rules
        if self._by_user[principal.sub] >= rules.connections_per_user:
            found = Denied("CONNECTION_LIMIT", "of this user", 1)
        elif self._by_address[address] >= rules.connections_per_address:
            found = Denied("CONNECTION_LIMIT", "of this address", 1)
        else:
            return None
        self._trim()
        return found

    def _trim(self) -> None:
        """Looking at a counter makes no entry, but taking away leaves one of zero."""
        self._by_user += Counter()
        self._by_address += Counter()

    async def _serve(
        self,
        socket: web.WebSocketResponse,
        request: web.Request,
        writer: AbstractStreamWriter,
        principal: Principal,
        place: _Place,
    ) -> None:
        connection = Connection(
            socket,
            request,
            writer,
            rules=self.hub.rules,
            clocks=self._clocks,
            turns=self._turns,
        )
        talk = self._talk(socket, principal, connection)
        self._connections[connection] = talk
        self.accepted += 1
        self._changed()
        well = False
        try:
            if self._stopping:
                talk.close(GOING_AWAY, "server stopping")
            well = await connection.run(talk)
        finally:
            # The place is free at once, not when the peer has said goodbye.
            del self._connections[connection]
            place.leave()
            talk.end(well=well or talk.closing is not None)
            self._changed()
        code = talk.closing[0] if talk.closing else socket.close_code or 1006
        self.ended[str(code)] += 1
        if not await connection.finish(talk):
            self.aborted += 1
        level = logging.WARNING if code in {4408, 4429} else logging.INFO
        logger.log(
            level,
            "a client left",
            extra={
                "user": principal.sub,
                "code": code,
                "reason": talk.closing[1] if talk.closing else "",
            },
        )

    def _talk(
        self,
        socket: web.WebSocketResponse,
        principal: Principal,
        connection: Connection,
    ) -> Talk:
        name = f"c_{self.hub.fresh()}"
        if socket.ws_protocol == NAME:
            return Conversation(
                self.hub,
                principal,
                name,
                self._clocks,
                wake=connection.wake,
                verify=self.gate.verify,
                leeway_s=self.gate.leeway_s,
            )
        return HomeIq(
            self.hub,
            principal,
            name,
            self._clocks,
            wake=connection.wake,
            leeway_s=self.gate.leeway_s,
            on_status=self._on_status,
        )

    # places

    def enter(self, sub: str, address: str) -> None:
        """Count one in."""
        self._by_user[sub] += 1
        self._by_address[address] += 1

    def leave(self, sub: str, address: str) -> None:
        """Count one out."""
        self._by_user[sub] -= 1
        self._by_address[address] -= 1
        self._trim()

    def opened(self) -> None:
        """Count a handler that runs."""
        self._open += 1
        self._closed.clear()

    def over(self) -> None:
        """Count a handler that ended."""
        self._open -= 1
        if not self._open:
            self._closed.set()


class _Place:
    """One place among the connections, given back exactly once."""

    def __init__(self, server: ClientServer, sub: str, address: str) -> None:
        self._server = server
        self._key = (sub, address)
        self._taken = False

    def __enter__(self) -> Self:
        self._server.enter(*self._key)
        self._server.opened()
        self._taken = True
        return self

    def __exit__(self, *_exc: object) -> None:
        self.leave()
        self._server.over()

    def leave(self) -> None:
        """Give it back; a no-op the second time."""
        if self._taken:
            self._taken = False
            self._server.leave(*self._key)


def _offers(request: web.Request) -> tuple[str, ...]:
    given = ",".join(request.headers.getall("Sec-WebSocket-Protocol", ()))
    return tuple(offer.strip() for offer in given.split(",") if offer.strip())


def _refusal(status: int, code: str, message: str) -> web.Response:
    return web.json_response({"error_code": code, "message": message}, status=status)
