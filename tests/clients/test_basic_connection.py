"""A client connects: upgrade, states, first answers, refusals, failures."""

from __future__ import annotations

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidURI

from hiq.errors import ConnectionLost
from hiq.ha.connection import Connection
from tests.clients.serving import Hiq, Tab, shared, tab
from tests.servers.process import free_port

pytestmark = pytest.mark.asyncio(loop_scope="module")


hiq = shared()


async def test_upgrade_with_a_token_then_welcome(hiq: Hiq) -> None:
    """A good token is upgraded, `hiq.v1` chosen, and the welcome comes."""
    async with hiq.open() as socket:
        assert socket.subprotocol == "hiq.v1"
        client = await Tab(socket).greet()
        assert client.welcome["user"] == "alice"
        status = await client.ask("get_status", id=1)
        assert status["data"]["state"] == "ready"


async def test_a_browser_shows_its_token_as_a_subprotocol(hiq: Hiq) -> None:
    """The entry with the token is never echoed, and never logged."""
    secret = hiq.token()
    async with hiq.open(
        headers={}, subprotocols=["hiq.v1", f"bearer.{secret}"]
    ) as socket:
        assert socket.subprotocol == "hiq.v1"
        await Tab(socket).greet()
    async with hiq.open(headers={}, subprotocols=[f"bearer.{secret}"]) as socket:
        assert socket.subprotocol is None
        await socket.recv()
    assert secret not in hiq.log_tail(100_000)


async def test_an_unknown_type_is_answered(hiq: Hiq) -> None:
    """`{type: test}` gets UNKNOWN_TYPE, a ping after it its pong."""
    async with tab(hiq) as client:
        answer = await client.ask("test")
        assert (answer["type"], answer["code"]) == ("error", "UNKNOWN_TYPE")
        assert (await client.ask("ping", id="p"))["id"] == "p"


async def test_extra_headers_and_subprotocols_are_tolerated(hiq: Hiq) -> None:
    """What nobody knows does no harm."""
    headers = {**hiq.bearer(), "X-Anything": "1", "User-Agent": "test"}
    async with hiq.open(headers=headers, subprotocols=["chat", "hiq.v1"]) as socket:
        await Tab(socket).greet()


async def test_a_bad_token_is_refused_before_the_upgrade(hiq: Hiq) -> None:
    """401 with its code, not an accepted socket."""
    status, body = await hiq.refusal(headers={"Authorization": "Bearer nonsense"})
    assert (status, body["error_code"], body["retry_allowed"]) == (
        401,
        "INVALID_FORMAT",
        False,
    )


async def test_what_is_not_there_fails_with_its_cause(hiq: Hiq) -> None:
    """A closed port (not when time is over), a name and an address that are none."""
    with pytest.raises(OSError, match=r"refused|Connect"):
        async with connect(f"ws://127.0.0.1:{free_port()}/ws", open_timeout=None):
            pass
    with pytest.raises(OSError):
        async with connect("ws://nowhere.invalid/ws", open_timeout=5):
            pass
    with pytest.raises(InvalidURI):
        async with connect("http:nonsense"):
            pass


async def test_three_clients_at_once(hiq: Hiq) -> None:
    """Three are connected together, each with a session of its own."""
    async with tab(hiq) as one, tab(hiq) as two, tab(hiq, "bob") as three:
        names = {client.welcome["session"] for client in (one, two, three)}
        assert len(names) == 3
        for client in (one, two, three):
            assert (await client.ask("ping"))["type"] == "pong"


async def test_a_closed_client_cannot_send(hiq: Hiq) -> None:
    """After the close frame nothing goes out any more."""
    async with tab(hiq) as client:
        await client.socket.close()
        with pytest.raises(ConnectionClosed):
            await client.tell("ping")
    await hiq.alone()


async def test_our_own_client_fails_in_the_same_cases() -> None:
    """Each of two attempts names its cause; the pause between is `backoff`'s."""
    for _ in range(2):
        connection = Connection(lambda _: None, lambda: None, lambda: None)
        with pytest.raises(ConnectionLost, match=r"refused|Connect"):
            await connection.open(f"ws://127.0.0.1:{free_port()}/api/websocket")
