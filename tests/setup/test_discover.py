"""Home Assistants are found by what they announce and where they usually are."""

from __future__ import annotations

import asyncio
import socket
import sys

import pytest
from zeroconf import ServiceInfo
from zeroconf.asyncio import AsyncZeroconf

from hiq.setup.discover import SERVICE, Found, find, told


def announced(**properties):
    """What a home tells the network about itself."""
    return ServiceInfo(
        SERVICE,
        f"Ours.{SERVICE}",
        addresses=[socket.inet_aton("192.0.2.7")],
        port=8123,
        properties=properties,
    )


@pytest.mark.parametrize(
    ("properties", "found"),
    [
        (
            {"internal_url": "https://ha.lan:8123/", "location_name": "House"},
            Found("https://ha.lan:8123", "House"),
        ),
        (
            {"base_url": "http://old.lan:8123", "version": "2023.1.0"},
            Found("http://old.lan:8123", "Ours", "2023.1.0"),
        ),
        ({"internal_url": "javascript:x"}, Found("http://192.0.2.7:8123", "Ours")),
        ({"location_name": "a\x1b[31m"}, Found("http://192.0.2.7:8123", "Ours")),
    ],
)
def test_an_announcement_is_read_with_care(properties, found):
    """Its own address if it is one, else where it came from; no control signs."""
    assert told(f"Ours.{SERVICE}", announced(**properties)) == found


def test_an_announcement_without_an_address_is_none():
    """There is nothing to connect to."""
    assert told("x", ServiceInfo(SERVICE, f"x.{SERVICE}", port=1)) is None


async def test_a_home_on_the_network_is_heard():
    """A real announcement by zeroconf, and a port that somebody listens on."""
    server = await asyncio.start_server(
        lambda _, writer: writer.close(), "127.0.0.1", 0
    )
    port = server.sockets[0].getsockname()[1]
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nobody = closed.getsockname()[1]
    async with AsyncZeroconf(interfaces=["127.0.0.1"]) as network:
        info = announced(internal_url="http://ha.lan:8123", location_name="House")
        await network.async_register_service(info)
        found, listened = await find(1.0, [("127.0.0.1", port), ("127.0.0.1", nobody)])
    server.close()
    assert listened
    assert Found("http://ha.lan:8123", "House") in found
    assert Found(f"http://127.0.0.1:{port}") in found
    assert all(str(nobody) not in one.url for one in found)


async def test_without_the_extra_only_the_usual_places_are_tried(monkeypatch):
    """And the answer says that the network was not listened to."""
    monkeypatch.setitem(sys.modules, "zeroconf.asyncio", None)
    assert await find(0.0, []) == ([], False)
