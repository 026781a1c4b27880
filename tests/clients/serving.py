"""`hiq serve` as a subprocess for clients: a simulated home, tokens, health."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from hiq.simulate.server import Simulator
from hiq.simulate.world import World
from tests.clients.tokens import SECRET, token
from tests.e2e.process import HiqServe

CONFIG = """
http: {{auth: {auth}, requests_per_minute: 0}}
journal: {{commit: 20ms, min_free_bytes: 0}}
backfill: {{enabled: false}}
sinks: [{{type: sqlite, name: store}}]
security: {{secret_file: {secret}{security}}}
clients: {{{clients}}}
"""
DEADLINE_S = 20.0


class Hiq(HiqServe):
    """`hiq serve`, and clients for it."""

    home: Simulator

    def token(self, sub: str = "alice", **claims: Any) -> str:
        """Return a good token, unless the claims make it a bad one."""
        return token(now=time.time(), sub=sub, **claims)

    def bearer(self, sub: str = "alice", **claims: Any) -> dict[str, str]:
        """Return the header."""
        return {"Authorization": f"Bearer {self.token(sub, **claims)}"}

    def open(
        self,
        sub: str = "alice",
        *,
        headers: dict[str, str] | None = None,
        protocol: str | None = "hiq.v1",
        **options: Any,
    ) -> connect:
        """Return a connection to be opened."""
        options.setdefault("ping_interval", None)
        options.setdefault("compression", None)
        return connect(
            self.url.replace("http", "ws") + options.pop("path", "/ws"),
            subprotocols=options.pop("subprotocols", protocol and [protocol]),
            additional_headers=self.bearer(sub) if headers is None else headers,
            **options,
        )

    async def refusal(self, **options: Any) -> tuple[int, dict[str, Any]]:
        """Try to connect; return status and body of the refusal."""
        try:
            async with asyncio.timeout(5), self.open(**options):
                raise AssertionError("it was accepted")
        except InvalidStatus as exc:
            return exc.response.status_code, json.loads(exc.response.body or b"{}")

    async def health(self) -> dict[str, Any]:
        """Return the document of /health."""
        status, body = await asyncio.to_thread(self.get, "/health")
        assert status in {200, 503}, body
        return dict(body)

    async def until(
        self, what: str, check: Callable[[dict[str, Any]], object], seconds: float = 10
    ) -> dict[str, Any]:
        """Ask for health until it shows something."""
        deadline = time.monotonic() + seconds
        while True:
            found = await self.health()
            if check(found):
                return found
            assert time.monotonic() < deadline, f"never: {what}: {found['clients']}"
            await asyncio.sleep(0.05)

    async def alone(self) -> dict[str, Any]:
        """Wait until no client is left."""
        return await self.until("alone", lambda h: h["clients"]["connections"] == 0)


class Tab:
    """One client of `hiq.v1`, after its welcome."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.welcome: dict[str, Any] = {}
        self.snapshot: dict[str, Any] = {}

    async def greet(self) -> Tab:
        """Take the welcome and the snapshot."""
        self.welcome = await self.next()
        self.snapshot = await self.next()
        assert self.welcome["type"] == "welcome", self.welcome
        assert self.snapshot["type"] == "state_snapshot", self.snapshot
        return self

    async def next(self, seconds: float = DEADLINE_S) -> dict[str, Any]:
        """Return the next frame."""
        async with asyncio.timeout(seconds):
            return dict(json.loads(await self.socket.recv()))

    async def wait_for(self, kind: str) -> dict[str, Any]:
        """Return the next frame of a kind, whatever comes before it."""
        while (found := await self.next())["type"] != kind:
            assert found["type"] != "error", found
        return found

    async def tell(self, kind: str, **fields: Any) -> None:
        """Send a frame."""
        await self.socket.send(json.dumps({"type": kind, **fields}))

    async def ask(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Send a frame, return the next one."""
        await self.tell(kind, **fields)
        return await self.next()

    async def raw(self, text: str | bytes) -> dict[str, Any]:
        """Send a text, return the next frame."""
        await self.socket.send(text)
        return await self.next()

    async def subscribe(self, **wanted: Any) -> str:
        """Subscribe; return the id."""
        await self.tell("subscribe", id="s", filter=wanted)
        found = await self.wait_for("result")
        return str(found["data"]["subscription"])

    async def events(self, count: int) -> list[dict[str, Any]]:
        """Return so many events, in the order in which they come."""
        found: list[dict[str, Any]] = []
        while len(found) < count:
            frame = await self.next()
            if frame["type"] == "event":
                found.append(frame)
        return found


@asynccontextmanager
async def tab(hiq: Hiq, sub: str = "alice", **options: Any) -> AsyncIterator[Tab]:
    """Connect, take the welcome, leave at the end."""
    async with hiq.open(sub, **options) as socket:
        yield await Tab(socket).greet()


@asynccontextmanager
async def hiq_serve(
    folder: Path,
    clients: str = "",
    security: str = "",
    entities: int = 30,
    auth: str = "jwt",
) -> AsyncIterator[Hiq]:
    """Run `hiq serve` for a simulated home that changes when told to."""
    home = Simulator(World(entities=entities, seed=1), rate=0)
    await home.start()
    folder.mkdir(parents=True, exist_ok=True)
    secret = folder / "secret"
    secret.write_bytes(SECRET)
    config = CONFIG.format(
        auth=auth, secret=secret, clients=clients, security=security and f", {security}"
    )
    hiq = Hiq(folder / "hiq", config, HA_HTTP_URL=home.url, HA_TOKEN=home.token)
    hiq.home = home
    try:
        await asyncio.to_thread(hiq.start)
        yield hiq
    finally:
        with contextlib.suppress(Exception):
            hiq.kill()
        await home.stop()


def shared(clients: str = "", security: str = "") -> Any:
    """Return a fixture: a service that all tests of one file share."""

    @pytest_asyncio.fixture(scope="module", loop_scope="module")
    async def hiq(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hiq]:
        async with hiq_serve(tmp_path_factory.mktemp("hiq"), clients, security) as it:
            yield it

    return hiq
