"""Clients of `/ws` within the service: made when the first one comes, kept running.

Who may ask is known from the start; the rest is loaded with the first client, or at
the start if the last run had sessions. While no filter wants anything, nothing of the
events is looked at. It must not know the protocol.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from hiq.admission import Admission
from hiq.backoff import wait
from hiq.clients.clocks import Clocks
from hiq.clients.rules import Rules
from hiq.clients.shedding import shed
from hiq.inorder import InOrder
from hiq.keeping import Keeping
from hiq.registryfacts import RegistryFacts
from hiq.statesdesk import StatesDesk
from hiq.statusclients import StatusClients
from hiq.validating import verdict_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from aiohttp import web

    from hiq.clients.gate import Gate
    from hiq.clients.hub import Hub
    from hiq.clients.server import ClientServer
    from hiq.clients.sessions import Session
    from hiq.clients.store import Store
    from hiq.event_points import OtherEvent
    from hiq.observe import Observers, Tapped
    from hiq.settings.schema import ClientsSettings, Settings
    from hiq.stats import Stats
    from hiq.web.parts import Parts

__all__ = ["FILE", "Guests"]

logger = logging.getLogger("hiq.clients")

FILE: Final = "clients.db"
BUSY_S: Final = 0.2
CALM_S: Final = 1.0


class Guests:
    """The clients of a service.

    - After `open`: `Parts.admit` and `Parts.clients` answer. ConfigError: a key that is
      named cannot be had.
    - `run` is for ever; `close` ends all clients and writes what is left.
    """

    def __init__(
        self,
        settings: Settings,
        stats: Stats,
        parts: Parts,
        observers: Observers,
        *,
        in_thread: Callable[[Callable[[], Any]], Awaitable[Any]],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._stats = stats
        self._parts = parts
        self._observers = observers
        self._in_thread = in_thread
        self._clocks = Clocks(clock, time.monotonic)
        self.desk = StatesDesk()
        self._admission = Admission(settings, self._clocks, in_thread)
        self._gate: Gate | None = None
        self._server: ClientServer | None = None
        self._keeping = Keeping(in_thread, self._clocks.wall)
        self._making = asyncio.Lock()
        self._changed = asyncio.Event()
        self._watching = False
        self._in_order = (
            InOrder(self._give_states, self._give_event)
            if settings.events.types
            else None  # nothing has to wait for anything
        )
        self._status = StatusClients(parts)
        self._registry = RegistryFacts(parts)
        self.on_sent: Callable[[int], object] = lambda _time_ns: None

    async def open(self) -> None:
        """Know who may ask; take up what the last run left."""
        gate = self._gate = await self._admission.open()
        self._stats.sections["auth"] = gate.figures
        if gate.mode != "none":
            self._parts.admit = gate.admit
        self._parts.of_ingress = gate.of_ingress
        if not self._settings.clients.enabled:
            return
        self._stats.sections["clients"] = self._figures
        self._parts.clients = self.handle
        self._parts.close_clients = self.close
        if (self._settings.data_dir / FILE).exists():
            await self._made()

    async def handle(
        self, request: web.Request, address: str, *, origin_allowed: bool
    ) -> web.StreamResponse:
        """Serve one client."""
        server = await self._made()
        return await server.handle(request, address, origin_allowed=origin_allowed)

    def alert(self, **fields: Any) -> int:
        """Tell an alert of the monitor to the clients that want it."""
        return 0 if self._server is None else self._server.hub.alert(**fields)

    def violation(self, json: bytes) -> int:
        """Tell a broken contract to the clients that want it."""
        return self._other("contract_violation", json)

    def event(self, event: OtherEvent) -> None:
        """Give an event that is no state change to the clients that want it."""
        if self._in_order is None:
            self._give_event(event)
        else:
            self._in_order.other(event)

    def _give_event(self, event: OtherEvent) -> None:
        entity_id = event.about.get("entity", "")
        self._other(event.event_type, event.json, entity_id)

    def _other(self, kind: str, json: bytes, entity_id: str = "") -> int:
        if self._server is None:
            return 0
        now_s = self._clocks.steady()
        return self._server.hub.other(kind, json, now_s, entity_id=entity_id)

    def sessions(self) -> tuple[Session, ...]:
        """Return the sessions of all clients."""
        return () if self._server is None else tuple(self._server.hub.sessions)

    async def run(self) -> None:
        """Keep time and disk for clients, while there are any."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._admission.run())
            group.create_task(self._keep_time())
            group.create_task(self._keeping.run())

    async def close(self) -> None:
        """End all clients; calling it twice does nothing."""
        if self._server is not None:
            await self._server.close()
            self._watch(on=False)
        await self._keeping.close()

    # making

    async def _made(self) -> ClientServer:
        """Return the server, made when it is first needed."""
        async with self._making:
            if self._server is None:
                self._server = await self._make()
                self._changed.set()
            return self._server

    async def _make(self) -> ClientServer:
        hub_class, server_class, store_class = await self._in_thread(_load)
        rules = rules_of(self._settings.clients)
        store = store_class(
            self._settings.data_dir / FILE,
            rules,
            self._clocks,
            durable=self._settings.clients.durable,
        )
        try:
            server = await self._serve(store, rules, hub_class, server_class)
        except BaseException:
            await self._in_thread(store.close)
            raise
        self._keeping.begin(store)
        self._parts.shed_clients = partial(shed, server)
        return server

    async def _serve(
        self,
        store: Store,
        rules: Rules,
        hub_class: type[Hub],
        server_class: type[ClientServer],
    ) -> ClientServer:
        """Return a server with what the store has."""
        key = await self._in_thread(store.open)
        hub = hub_class(
            rules,
            key,
            lambda: secrets.token_hex(16),
            keeper=store,
            facts=self._registry.of,
            interest=partial(self._observers.set_interest, self._observe),
        )
        await self._in_thread(partial(store.restore, hub))
        hub.verdict = verdict_of(self._stats, self._clocks.wall)
        self.desk.serve(hub.informing)
        # At once, so that an event right after the answer to `subscribe` is seen.
        hub.on_sent = self.on_sent
        hub.changed_interest = partial(self._interest_changed, hub)
        assert self._gate is not None
        return server_class(
            hub,
            self._gate,
            self._clocks,
            changed=self._changed.set,
            on_status=self._status.wanted,
        )

    # events

    def _watch(self, *, on: bool) -> None:
        """Let accepted states come, or no longer."""
        if on is self._watching:
            return
        self._watching = on
        if on:
            self._observers.add(self._observe)
        else:
            self._observers.remove(self._observe)

    def _interest_changed(self, hub: Hub) -> None:
        self._registry.begin(hub)
        self._watch(on=not hub.idle)
        self._observers.forget_interests(self._observe)
        self._changed.set()

    def _observe(self, found: Sequence[Tapped]) -> None:
        if self._in_order is None:
            self._give_states(found)
        else:
            self._in_order.states(found)

    def _give_states(self, found: Sequence[Tapped]) -> None:
        if self._server is not None:
            stats = self._stats
            refused = stats.filtered + stats.skipped + stats.duplicate + stats.rejected
            taken = stats.received - refused
            self._server.hub.observe(found, self._clocks.steady(), taken)

    def _written(self) -> int:
        """Return how many of the accepted points every required database has."""
        stats = self._stats
        sinks = [sink for sink in stats.sinks.values() if sink.required]
        # New points pass a backlog, so that only without one the number says which.
        waiting = [sink.pending for sink in sinks if not sink.backlog]
        if len(waiting) < len(sinks):
            return 0
        return stats.accepted - max(waiting, default=0)

    # running

    async def _keep_time(self) -> None:
        self._registry.expire()
        while True:
            server = self._server
            if server is None or not (len(server.hub.sessions) or server.count):
                self._watch(on=False)
                self._changed.clear()
                await self._changed.wait()
                self._registry.expire()
                continue
            now_s = self._clocks.steady()
            self._registry.keep(server.hub, now_s)
            self._watch(on=not server.hub.idle)
            self._status.watch()
            server.hub.tick(now_s, self._written())
            self._changed.clear()
            await wait(self._changed, BUSY_S if server.hub.in_a_hurry else CALM_S)

    def _figures(self) -> dict[str, Any]:
        if self._server is None:
            return {"connections": 0, "sessions": 0}
        return self._server.figures()


def rules_of(clients: ClientsSettings) -> Rules:
    """Return what the settings say."""
    return Rules(
        message_bytes=clients.message_bytes,
        hard_bytes=max(clients.hard_bytes, clients.message_bytes),
        messages_per_minute=clients.messages_per_minute,
        acks_per_minute=clients.acks_per_minute,
        connections_per_user=clients.connections_per_user,
        connections_per_address=clients.connections_per_address,
        sessions_per_user=clients.sessions_per_user,
        subscriptions=clients.subscriptions,
        outbox_events=clients.outbox_events,
        outbox_seconds=clients.outbox_age,
        overflow=clients.overflow,
        session_seconds=clients.session_age,
        ack_timeout=clients.ack_timeout,
        send_timeout=clients.send_timeout,
        heartbeat_interval=clients.heartbeat_interval,
        heartbeat_timeout=clients.heartbeat_timeout,
        heartbeat_missed=clients.heartbeat_missed,
    )


def _load() -> tuple[Any, Any, Any]:
    from hiq.clients.hub import Hub  # noqa: PLC0415  takes long: not before needed
    from hiq.clients.server import ClientServer  # noqa: PLC0415
    from hiq.clients.store import Store  # noqa: PLC0415

    return Hub, ClientServer, Store
