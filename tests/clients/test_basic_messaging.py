"""Messages go to the server and come back, whole, in time, by a second connection too."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.clients.serving import Hiq, shared, tab

pytestmark = pytest.mark.asyncio(loop_scope="module")

hiq = shared()
NESTED = {
    "text": "Grüße, naïve café, 温度, \U0001f321",
    "nothing": None,
    "number": 3.14159,
    "negative": -123,
    "yes": True,
    "list": [1, [2, {"deep": "er"}]],
    "entities": {"light.kitchen": {"hidden": False}},
}


async def test_one_and_three_messages(hiq: Hiq) -> None:
    """Each is answered, with its id, in order; sending waits for no answer."""
    async with tab(hiq) as client:
        answer = await client.ask("ping", id=0)
        assert (answer["type"], answer["id"]) == ("pong", 0)
        assert answer["timestamp"].endswith("Z")
        for number in (1, 2, 3):
            await client.tell("ping", id=number)
        assert [(await client.next())["id"] for _ in range(3)] == [1, 2, 3]


async def test_status(hiq: Hiq) -> None:
    """Without an event the connection is described."""
    async with tab(hiq) as client:
        status = (await client.ask("get_status", id=5))["data"]
        assert status["user"] == "alice"
        assert status["session"] == client.welcome["session"]
        assert (status["last_seq"], status["pending"]) == (0, 0)
        assert status["frames_received"] == 1


async def test_a_nested_object_comes_back_equal(hiq: Hiq) -> None:
    """What one connection writes another one reads, byte for byte the same values."""
    async with tab(hiq, "nested") as writer, tab(hiq, "nested") as reader:
        await writer.tell("state_update", id=1, version=1, state=NESTED)
        assert (await writer.next())["data"] == {"version": 2}
        assert (await reader.wait_for("state_updated"))["version"] == 2
        for client in (writer, reader):
            await client.tell("get_current_state", id=2)
            assert (await client.wait_for("current_state"))["state"] == NESTED


async def test_a_thousand_bytes(hiq: Hiq) -> None:
    """A message of a thousand bytes is nothing special."""
    async with tab(hiq) as client:
        text = json.dumps({"type": "ping", "id": 1, "filler": "x" * 1000})
        assert (await client.raw(text))["type"] == "pong"


async def test_a_server_that_says_nothing_is_noticed(hiq: Hiq) -> None:
    """Without an event nothing comes in a client's own 2 s; then it answers."""
    async with tab(hiq) as client:
        with pytest.raises(TimeoutError):
            await client.next(2.0)
        assert (await client.ask("ping", id=1))["type"] == "pong"


async def test_events_are_the_json_of_home_assistant(hiq: Hiq) -> None:
    """What the home fired arrives unchanged, and only what was asked for."""
    async with tab(hiq) as client:
        await client.subscribe(domains=["light"])
        hiq.home.set("sensor.outside", "21", {"unit": "°C"})
        change = hiq.home.set(
            "light.kitchen", "on", {"brightness": 255, "name": "Küche"}
        )
        (frame,) = await client.events(1)
        assert frame["seq"] == 1
        assert frame["event"] == json.loads(change.json)
        await client.tell("ack", seq=1, id="a")
        assert (await client.next())["data"] == {"acked": 1}


async def test_written_follows_the_database(hiq: Hiq) -> None:
    """Who asks is told when the required databases have it."""
    async with tab(hiq) as client:
        await client.subscribe(domains=["light"], written=True)
        hiq.home.set("light.kitchen", "off", {})
        await client.events(1)
        async with asyncio.timeout(10):
            assert (await client.wait_for("written"))["up_to_seq"] == 1


async def test_the_dialect_of_homeiq(hiq: Hiq) -> None:
    """Without `hiq.v1`: connection, pong, echo, channels, events, errors in its words."""
    async with hiq.open("homeiq", protocol=None) as socket:
        deltas: list[dict] = []

        async def heard() -> dict:
            """The next frame that is no delta of the house status."""
            while True:
                frame = json.loads(await socket.recv())
                if frame.get("channel") != "status":
                    return frame
                deltas.append(frame["event"])

        async def ask(text: str) -> dict:
            await socket.send(text)
            return await heard()

        hello = json.loads(await socket.recv())
        assert (hello["type"], hello["status"]) == ("connection", "connected")
        assert hello["message"] == "Connected to HA Ingestor WebSocket"
        assert (await ask('{"type":"ping"}'))["type"] == "pong"
        echo = await ask('{"type":"what","n":1}')
        assert echo["original"] == {"type": "what", "n": 1}
        assert echo["correlation_id"] == hello["correlation_id"]
        channels = ["domain:light", "entity:sensor.*", "status", "nonsense"]
        taken = await ask(json.dumps({"type": "subscribe", "channels": channels}))
        assert (taken["status"], taken["channels"]) == ("subscribed", channels[:3])
        assert "nonsense" in (await heard())["message"]
        hiq.home.set("switch.x", "on", {})
        hiq.home.set("light.kitchen", "on", {})
        event = await heard()
        assert (event["type"], event["channel"]) == ("event", "domain:light")
        assert event["event"]["data"]["entity_id"] == "light.kitchen"
        assert (await ask("[]"))["message"] == "Message must be a JSON object"
        assert (await ask("{"))["message"].startswith("Invalid JSON format: ")
        large = await ask("x" * 65_537)
        assert large["message"] == (
            "Message size (65537 bytes) exceeds maximum allowed size (65536 bytes)"
        )
        sections = {delta["section"] for delta in deltas}
        assert sections == {"switches_on", "lights_by_area"}
