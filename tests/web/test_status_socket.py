"""/ws/status, asked by a client of another library."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from hiq.web import status_socket
from hiq.web.house import House
from tests.serving import until
from tests.web.serving import Served, served
from tests.web.test_house import event, state


@asynccontextmanager
async def home(**settings: Any) -> AsyncIterator[tuple[Served, House]]:
    """Serve a house with one lamp that is on."""
    async with served(**settings) as hiq:
        house = hiq.parts.house = House()
        house.begin([state("light.lamp", "on")])
        yield hiq, house


def client(hiq: Served, **options: Any) -> connect:
    """Return a connection to be opened."""
    return connect(hiq.server.url.replace("http", "ws") + "/ws/status", **options)


async def next_frame(socket: ClientConnection) -> Any:
    """Return the next frame."""
    async with asyncio.timeout(10):
        return json.loads(await socket.recv())


async def closed(socket: ClientConnection) -> int:
    """Read to the end; return the code."""
    async with asyncio.timeout(10):
        try:
            while True:
                await socket.recv()
        except ConnectionClosed as exc:
            assert exc.rcvd is not None
            return exc.rcvd.code


async def test_snapshot_then_changes() -> None:
    """The house as it is, then each change; what a client says is ignored."""
    async with home() as (hiq, house), client(hiq) as socket:
        snapshot = await next_frame(socket)
        assert snapshot["type"] == "snapshot"
        assert snapshot["lights_by_area"] == [
            {"area": "unknown", "on_count": 1, "off_count": 0}
        ]
        for text in ("hello", "{", '{"type":"ping"}'):
            await socket.send(text)
        house.observe([event("switch.pump", "on")])
        assert await next_frame(socket) == {
            "type": "delta",
            "section": "switches_on",
            "data": ["switch.pump"],
        }


async def test_nobody_is_served_what_is_not_known() -> None:
    """Closed with 1013: try again later."""
    async with served() as hiq:
        async with client(hiq) as socket:
            assert await closed(socket) == 1013
        hiq.parts.house = House()
        async with client(hiq) as socket:
            assert await closed(socket) == 1013


async def test_pings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sign of life while nothing happens."""
    monkeypatch.setattr(status_socket, "PING_S", 0.01)
    async with home() as (hiq, _), client(hiq) as socket:
        await next_frame(socket)
        assert await next_frame(socket) == {"type": "ping"}
        assert await next_frame(socket) == {"type": "ping"}


async def test_a_client_that_does_not_read_is_closed() -> None:
    """It harms nobody: the others get every frame, and the house never waits."""
    async with (
        home() as (hiq, house),
        client(hiq) as good,
        client(hiq, max_queue=1, ping_interval=None) as bad,
    ):
        await next_frame(good)
        bad.transport.pause_reading()
        name = "x" * 100_000
        for number in range(status_socket.MAX_WAITING + 200):
            house.observe([event("person.a", str(number), friendly_name=name)])
            frame = await next_frame(good)
            assert frame["data"]["state"] == str(number)
        await until("one is left", lambda: hiq.traffic.sockets == 1)
        text = (await hiq.get("/metrics"))[1]
        assert "http_websocket_clients 1.0" in text
        assert "http_websocket_slow_total 1.0" in text
        bad.transport.abort()


async def test_a_client_that_leaves_is_forgotten() -> None:
    """With the last one nobody listens to the house any more."""
    async with home() as (hiq, house):
        async with client(hiq) as socket:
            await next_frame(socket)
            assert house.is_watched
        await until("forgotten", lambda: not house.is_watched)


async def test_a_client_that_vanishes_is_forgotten() -> None:
    """A connection that breaks without a word ends in the same way."""
    async with home() as (hiq, house), client(hiq) as socket:
        await next_frame(socket)
        socket.transport.abort()
        house.observe([event("person.a", "home")])
        await until("forgotten", lambda: not house.is_watched)


async def test_the_end_of_the_service() -> None:
    """Clients are told 1001."""
    async with home() as (hiq, _), client(hiq) as socket:
        await next_frame(socket)
        ending = asyncio.ensure_future(hiq.server.close())
        assert await closed(socket) == 1001
        await ending


async def test_large_messages_are_refused() -> None:
    """More than 64 KiB is closed with 1009."""
    async with home() as (hiq, _), client(hiq) as socket:
        await socket.send("x" * 70_000)
        assert await closed(socket) == 1009


async def test_the_number_of_clients_is_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One too many is refused before the upgrade."""
    monkeypatch.setattr(status_socket, "MAX_CLIENTS", 1)
    async with home() as (hiq, _), client(hiq) as first:
        await next_frame(first)
        with pytest.raises(InvalidStatus) as caught:
            async with client(hiq):
                pass
        assert caught.value.response.status_code == 503


@pytest.mark.parametrize(
    ("settings", "header", "status"),
    [
        ({}, {"Origin": "https://evil.example"}, 403),
        ({"auth": "jwt"}, {}, 401),
    ],
)
async def test_strangers_are_refused_before_the_upgrade(
    settings: dict[str, str], header: dict[str, str], status: int
) -> None:
    """A foreign origin gets 403, who has no token 401."""
    async with home(**settings) as (hiq, _):
        with pytest.raises(InvalidStatus) as caught:
            async with client(hiq, additional_headers=header):
                pass
        assert caught.value.response.status_code == status


async def test_the_handshake_carries_the_headers() -> None:
    """Request id and security headers are in the answer 101 too."""
    async with home() as (hiq, _):
        headers = {"X-Request-ID": "abc"}
        async with client(hiq, additional_headers=headers) as socket:
            assert socket.response is not None
            assert socket.response.headers["X-Request-ID"] == "abc"
            assert socket.response.headers["X-Frame-Options"] == "DENY"
