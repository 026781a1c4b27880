"""Subscriptions, the shape of events, their order, and coalesced frames."""

from __future__ import annotations

import asyncio
import itertools
from datetime import datetime

import pytest
from websockets.exceptions import ConnectionClosed

from tests.contract.client import Client, opened
from tests.contract.conftest import Peer


async def subscribed(client: Client, event_type: str = "state_changed") -> int:
    """Subscribe; return the id."""
    number = await client.command("subscribe_events", event_type=event_type)
    assert (await client.answer(number))["result"] is None
    return number


async def numbers(client: Client, count: int) -> list[dict]:
    """Return the next events of input_number.inpx_*."""
    found: list[dict] = []
    while len(found) < count:
        [message] = await client.events(1)
        if message["event"]["data"]["entity_id"].startswith("input_number.inpx_"):
            found.append(message)
    return found


async def test_an_event_has_the_keys_of_an_event(peer: Peer):
    """Keys and order of message, event, data and state; the id comes last."""
    async with opened(peer.websocket_url, peer.token) as client:
        number = await subscribed(client)
        await peer.set_numbers(1)
        await peer.set_numbers(2)
        _, message = await numbers(client, 2)
    event = message["event"]
    data = event["data"]
    assert message["id"] == number
    assert list(message) == ["type", "event", "id"]
    assert list(event) == ["event_type", "data", "origin", "time_fired", "context"]
    assert list(data) == ["entity_id", "old_state", "new_state"]
    assert event["event_type"] == "state_changed"
    assert event["origin"] == "LOCAL"
    assert event["time_fired"] == data["new_state"]["last_updated"]
    assert event["context"] == data["new_state"]["context"]
    assert datetime.fromisoformat(event["time_fired"]).utcoffset().seconds == 0
    assert (data["old_state"]["state"], data["new_state"]["state"]) == ("1.0", "2.0")


async def test_the_old_state_is_the_new_state_of_before(peer: Peer):
    """Events of one entity form a chain without a gap, in the order of time."""
    async with opened(peer.websocket_url, peer.token) as client:
        await subscribed(client)
        await peer.set_numbers(*range(20, 40))
        events = [message["event"] for message in await numbers(client, 20)]
    times = [event["time_fired"] for event in events]
    assert times == sorted(set(times), key=datetime.fromisoformat)
    for before, after in itertools.pairwise(events):
        assert after["data"]["old_state"] == before["data"]["new_state"]


async def test_creation_and_removal_have_null_on_one_side(peer: Peer):
    """A new entity has no old state, a removed one no new state."""
    async with opened(peer.websocket_url, peer.token) as client:
        await subscribed(client)
        await peer.set_state("sensor.contract", "1", unit_of_measurement="W")
        await peer.remove_state("sensor.contract")
        seen = []
        while len(seen) < 2:
            [message] = await client.events(1)
            if message["event"]["data"]["entity_id"] == "sensor.contract":
                seen.append(message["event"]["data"])
    assert [data["old_state"] is None for data in seen] == [True, False]
    assert [data["new_state"] is None for data in seen] == [False, True]


async def test_an_attribute_change_keeps_last_changed(peer: Peer):
    """When only attributes change, last_updated moves and last_changed does not."""
    async with opened(peer.websocket_url, peer.token) as client:
        await peer.set_state("sensor.contract", "1", level=1)
        await subscribed(client)
        await peer.set_state("sensor.contract", "1", level=2)
        while True:
            [message] = await client.events(1)
            data = message["event"]["data"]
            if data["entity_id"] == "sensor.contract":
                break
    await peer.remove_state("sensor.contract")
    old, new = data["old_state"], data["new_state"]
    assert old["last_changed"] == new["last_changed"] != new["last_updated"]


async def test_a_subscription_gets_its_event_type_only(peer: Peer):
    """With another type no state event comes, without a type they all come."""
    async with opened(peer.websocket_url, peer.token) as client:
        await subscribed(client, "never_fired")
        everything = await client.command("subscribe_events")
        await client.answer(everything)
        await peer.set_numbers(3)
        [message] = await numbers(StateEvents(client), 1)
        assert message["id"] == everything


class StateEvents(Client):
    """A view of a client that passes over other events than state changes."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def message(self) -> dict:
        while True:
            message = await self._client.message()
            if message.get("event", {}).get("event_type") == "state_changed":
                return message


async def test_unsubscribed_means_no_more_events(peer: Peer):
    """After the result of `unsubscribe_events` nothing comes, and twice is an error."""
    async with opened(peer.websocket_url, peer.token) as client:
        subscription = await subscribed(client)
        await client.ask("unsubscribe_events", subscription=subscription)
        await peer.set_numbers(4)
        await client.command("ping")
        assert (await client.message())["type"] == "pong"
        again = await client.command("unsubscribe_events", subscription=subscription)
        assert (await client.answer(again))["error"]["code"] == "not_found"


async def test_a_pong_comes_after_the_events_before_it(peer: Peer):
    """Events and pongs go through one queue, in order."""
    async with opened(peer.websocket_url, peer.token) as client:
        await subscribed(client)
        await peer.set_numbers(*range(50, 60))
        number = await client.command("ping")
        seen = 0
        while (message := await client.message())["type"] != "pong":
            entity_id = message["event"]["data"]["entity_id"]
            seen += entity_id == "input_number.inpx_0"
        assert message == {"id": number, "type": "pong"}
        assert seen == 10


async def test_without_the_feature_every_frame_is_one_message(peer: Peer):
    """A client that did not ask for arrays gets none."""
    async with opened(peer.websocket_url, peer.token) as client:
        await subscribed(client)
        await peer.set_numbers(*range(200), entities=60)
        await numbers(client, 200)
        assert all(isinstance(frame, dict) for frame in client.frames)


async def test_with_the_feature_frames_may_be_arrays(peer: Peer):
    """Coalesced frames are arrays of two messages or more, or objects; none is lost."""
    async with opened(peer.websocket_url, peer.token) as client:
        features = {"coalesce_messages": 1}
        assert await client.ask("supported_features", features=features) is None
        await subscribed(client)
        await peer.set_numbers(*range(300, 700), entities=60)
        events = await numbers(client, 400)
        states = [m["event"]["data"]["new_state"]["state"] for m in events]
        assert states == [f"{value}.0" for value in range(300, 700)]
        arrays = [frame for frame in client.frames if isinstance(frame, list)]
        assert arrays
        assert all(len(frame) > 1 for frame in arrays)


async def test_stopping_ends_the_connection(peer: Peer, new_home_assistant):
    """When Home Assistant stops, the connection ends by itself, soon."""
    if peer.real:
        own = await asyncio.to_thread(new_home_assistant, peer.version)
        peer = Peer(own.url, own.token, own, None)
    async with opened(peer.websocket_url, peer.token) as client:
        await subscribed(client, "homeassistant_stop")
        async with asyncio.TaskGroup() as group:
            if peer.real:
                group.create_task(asyncio.to_thread(peer.real.stop))
            if peer.simulated:
                group.create_task(peer.simulated.stop())
            with pytest.raises(ConnectionClosed):
                while True:
                    await client.message()
        assert client.socket.close_code in (1000, 1006)
