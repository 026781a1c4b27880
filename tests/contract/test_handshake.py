"""Login, refusals, and what the REST side says to a token."""

from __future__ import annotations

import asyncio

import pytest
from websockets.exceptions import ConnectionClosed

from tests.contract.client import opened
from tests.contract.conftest import Peer
from tests.servers.process import http_request

REFUSED = "Invalid access token or password"
MALFORMED = [
    ({"type": "auth"}, REFUSED),
    ({"type": "auth", "api_password": "x"}, REFUSED),
    ({"type": "auth", "access_token": "wrong"}, REFUSED),
    ({"type": "auth", "access_token": ""}, REFUSED),
    (
        {"type": "ping", "id": 1},
        (
            "Auth message incorrectly formatted: "
            "extra keys not allowed @ data['id']. Got 1\n"
            "not a valid value for dictionary value @ data['type']. Got 'ping'"
        ),
    ),
    (
        {"type": "auth", "access_token": "x", "extra": 1},
        (
            "Auth message incorrectly formatted: "
            "extra keys not allowed @ data['extra']. Got 1"
        ),
    ),
    (
        {"access_token": "x"},
        (
            "Auth message incorrectly formatted: "
            "required key not provided @ data['type']. Got None"
        ),
    ),
    (
        {"type": "auth", "access_token": 5},
        (
            "Auth message incorrectly formatted: "
            "expected str for dictionary value @ data['access_token']. Got 5"
        ),
    ),
    ("[]", "Auth message incorrectly formatted: expected a dictionary. Got []"),
]


async def test_says_which_version_it_is_and_takes_the_token(peer: Peer):
    """The greeting and the answer to a good token have a type and a version."""
    async with opened(peer.websocket_url) as client:
        greeting = await client.message()
        await client.send({"type": "auth", "access_token": peer.token})
        welcome = await client.message()
    assert list(greeting) == list(welcome) == ["type", "ha_version"]
    assert (greeting["type"], welcome["type"]) == ("auth_required", "auth_ok")
    assert greeting["ha_version"] == welcome["ha_version"]


@pytest.mark.parametrize(("login", "text"), MALFORMED)
async def test_refuses_a_wrong_login_and_closes(peer: Peer, login, text: str):
    """A wrong login gets `auth_invalid` with a reason, then code 1000."""
    async with opened(peer.websocket_url) as client:
        await client.message()
        await client.send(login)
        assert await client.message() == {"type": "auth_invalid", "message": text}
        with pytest.raises(ConnectionClosed):
            await client.message()
        assert client.socket.close_code == 1000


async def test_closes_on_a_login_that_is_not_json(peer: Peer):
    """What is not JSON gets no answer, only code 1000."""
    async with opened(peer.websocket_url) as client:
        await client.message()
        await client.send("not json")
        with pytest.raises(ConnectionClosed):
            await client.message()
        assert client.socket.close_code == 1000


@pytest.mark.parametrize("path", ["/api/", "/api/config", "/api/states"])
async def test_rest_wants_the_token(peer: Peer, path: str):
    """REST answers 200 with the token and 401 without."""
    good = {"Authorization": f"Bearer {peer.token}"}
    ask = asyncio.to_thread
    with_token = await ask(http_request, f"{peer.url}{path}", headers=good)
    without = await ask(http_request, f"{peer.url}{path}")
    assert (with_token[0], without[0]) == (200, 401)
