"""The simulated Home Assistant as a server, with faults on command.

It serves one world to any number of clients, on the `websockets` library: another
implementation than the one hiq connects with. Everything it fires is remembered, so
that a test can compare what arrived elsewhere with what happened.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections import deque
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple
from weakref import WeakSet

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.protocol import State

from hiq.accepting import stop_accepting
from hiq.simulate import rest
from hiq.simulate.history import MICROSECONDS, History
from hiq.simulate.link import Limits, Link
from hiq.simulate.protocol import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from websockets.http11 import Request, Response

    from hiq.simulate.protocol import Log
    from hiq.simulate.world import Change, World

__all__ = ["Fired", "Simulator", "due"]

TICK_S = 0.02
MAX_FRAME = 4 * 1024 * 1024
HEARTBEAT_S = 55.0
LOGS = 1000


class Fired(NamedTuple):
    """One state that was: `state` is what a client would see."""

    entity_id: str
    updated_us: int
    state: str


class _Connection(ServerConnection):
    """A connection that is known before its handshake: the library hides those."""

    everyone: ClassVar[WeakSet[_Connection]] = WeakSet()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.everyone.add(self)


class Simulator:
    """A Home Assistant of a simulated home, at `url` with `token`.

    - `rate`: changes per second by itself, 0 for none; may be set at any time.
    - `fire`, `set`, `remove`, `fire_event`: changes on command, at once.
    - `mute`: events are not sent, all else goes on. `refuse_login`: auth_invalid.
      `garble`, `drop`, `freeze` and `thaw`, `down` and `up`: see there.
    - `fired`: the last `remember` states, those at the start included;
      `fired_total` counts all of them. Removals have no state and are not in it.
    - `links`: the connections that live; `logs`: what the clients did, dead ones
      included, oldest first.
    """

    def __init__(
        self,
        world: World,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        token: str | None = None,
        rate: float = 0.0,
        clock: Callable[[], float] = time.time,
        limits: Limits | None = None,
        remember: int = 2_000_000,
        history: int = 50_000,
    ) -> None:
        self.world = world
        self.host = host
        self.port = port
        self.token = token or secrets.token_urlsafe(48)
        self.rate = rate
        self.mute = False
        self.refuse_login = False
        self.hidden: frozenset[str] = frozenset()
        self.links: list[Link] = []
        self.logs: deque[Log] = deque(maxlen=LOGS)
        self.fired: deque[Fired] = deque(maxlen=remember)
        self.fired_total = 0
        self.history = History(history)
        self._clock = clock
        self._limits = limits or Limits()
        self._server: Server | None = None
        self._pacer: asyncio.TimerHandle | None = None
        self._paced_s = 0.0
        self._taken = asyncio.Event()

    @property
    def url(self) -> str:
        """What goes into hiq's settings; known after `start`."""
        return f"http://{self.host}:{self.port}"

    @property
    def pending(self) -> int:
        """Messages that wait for the slowest client."""
        return max((link.pending for link in self.links), default=0)

    def now_us(self) -> int:
        """Return microseconds since 1970."""
        return int(self._clock() * MICROSECONDS)

    # running

    async def start(self) -> None:
        """Listen, and begin to change by `rate`."""
        if not self.world.states:
            self.world.begin(self.now_us())
            for state in self.world.states.values():
                self._remember(Fired(state.entity_id, state.updated_us, state.state))
                self.history.add(state)
        await self.up()
        self._paced_s = asyncio.get_running_loop().time()
        self._pace()

    async def stop(self) -> None:
        """Say so and end all connections, as Home Assistant does; twice is fine."""
        if self._pacer is not None:
            self._pacer.cancel()
            self._pacer = None
        self.fire_event("homeassistant_stop", {})
        for _ in range(3):  # the writers' turn
            await asyncio.sleep(0)
        await self.down()

    async def up(self) -> None:
        """Listen again, on the same port."""
        if self._server is not None:
            return
        self._server = await serve(
            self._serve,
            self.host,
            self.port,
            compression=None,
            max_size=MAX_FRAME,
            ping_interval=HEARTBEAT_S,
            ping_timeout=HEARTBEAT_S,
            process_request=self._http,
            create_connection=_Connection,
            logger=logging.getLogger("hiq.simulate.server"),
        )
        self.port = next(iter(self._server.sockets)).getsockname()[1]

    async def down(self) -> None:
        """End all connections and refuse new ones until `up`; the home goes on."""
        server, self._server = self._server, None
        if server is None:
            return
        await stop_accepting(server.sockets)
        for connection in _Connection.everyone:
            if connection.server is server and connection.state is State.CONNECTING:
                connection.transport.abort()  # or the server waits for its handshake
        self.drop()
        server.close()
        await server.wait_closed()

    # changes

    def fire(self, count: int = 1) -> list[Change]:
        """Make `count` changes of the home in one turn of the loop."""
        return [self._send(self.world.step(self.now_us())) for _ in range(count)]

    def set(
        self, entity_id: str, state: str, attributes: Mapping[str, Any] | None = None
    ) -> Change:
        """Set a state; the entity may be new."""
        now_us = self.now_us()
        return self._send(self.world.set(entity_id, state, attributes, now_us))

    def remove(self, entity_id: str) -> Change:
        """Remove a state; KeyError if there is none."""
        return self._send(self.world.remove(entity_id, self.now_us()))

    def giant(self, size: int, entity_id: str = "sensor.giant") -> Change:
        """Set a state with an attribute of `size` bytes."""
        return self.set(entity_id, str(size), {"filler": "x" * size})

    def fire_event(self, event_type: str, data: Mapping[str, Any]) -> None:
        """Fire another event than `state_changed`."""
        self.send(event_type, self.world.event(event_type, data, self.now_us()))

    def revise(self, registry: str, key: str, changes: dict[str, Any] | None) -> None:
        """Change a row of a registry, None drops it, and say so; see `Home.revise`."""
        self.world.home.revise(registry, key, changes)
        action = "remove" if changes is None else "update"
        data: dict[str, Any] = {"action": action, f"{registry}_id": key}
        if changes is not None and registry == "entity" and "entity_id" in changes:
            data |= {"entity_id": changes["entity_id"], "old_entity_id": key}
        self.fire_event(f"{registry}_registry_updated", data)

    def send(self, event_type: str, event: bytes) -> None:
        """Send the JSON of an event to who subscribed to its type."""
        if self.mute:
            return
        for link in self.links:
            link.push(link.session.event(event_type, event))

    async def room(self, pending: int, deadline_s: float = 60.0) -> None:
        """Wait until no client has more than `pending` messages waiting.

        Raises:
            TimeoutError: a client took nothing for `deadline_s` seconds.
        """
        while self.pending > pending:
            self._taken.clear()
            async with asyncio.timeout(deadline_s):
                await self._taken.wait()

    # faults

    def hide(self, *commands: str) -> None:
        """Do not know these commands, on connections made from now on."""
        self.hidden = frozenset(commands)

    async def garble(self, frame: bytes) -> None:
        """Send a text frame of any bytes to all clients."""
        for link in list(self.links):
            await link.garble(frame)

    def drop(self) -> None:
        """Cut all connections without a close frame."""
        for link in list(self.links):
            link.cut("dropped")

    def freeze(self) -> None:
        """Let all connections hang: open, but nothing is read or written."""
        for link in self.links:
            link.freeze()

    def thaw(self) -> None:
        """Go on after `freeze`."""
        for link in self.links:
            link.thaw()

    def change_token(self, token: str) -> None:
        """Revoke the token: cut everybody, take only the new one from now on."""
        self.token = token
        self.drop()

    # inside

    def _send(self, change: Change) -> Change:
        if change.new is not None:
            new = change.new
            self._remember(Fired(new.entity_id, new.updated_us, new.state))
            self.history.add(new)
        else:
            self.history.remove(change.entity_id, change.time_us)
        self.send("state_changed", change.json)
        return change

    def _remember(self, fired: Fired) -> None:
        self.fired.append(fired)
        self.fired_total += 1

    def _pace(self) -> None:
        """Make the changes that are due."""
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        count, rest_s = due(now_s - self._paced_s, self.rate)
        self._paced_s = now_s - rest_s
        self.fire(count)
        self._pacer = loop.call_later(TICK_S, self._pace)

    async def _serve(self, socket: ServerConnection) -> None:
        session = Session(self.world, self.history, self.token)
        session.refuse = self.refuse_login
        session.hidden = self.hidden
        link = Link(
            socket,
            session,
            self._limits,
            now_us=self.now_us,
            on_taken=self._taken.set,
        )
        self.logs.append(session.log)
        self.links.append(link)
        try:
            await link.run()
        finally:
            self.links.remove(link)
            self._taken.set()

    def _http(self, connection: ServerConnection, request: Request) -> Response | None:
        del connection
        return rest.answer(request, self.token, self.world)


def due(passed_s: float, rate: float) -> tuple[int, float]:
    """Return the changes that are due after some time, and the time left over.

    What is not a whole change counts the next time; after a pause of more than a
    second the rest is given up.
    """
    if not rate:
        return 0, 0.0
    passed_s = min(passed_s, max(1.0, 1.0 / rate))
    count = int(passed_s * rate)
    return count, passed_s - count / rate
