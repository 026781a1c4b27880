"""Bad input is answered with its code, and the connection stays open."""

from __future__ import annotations

import pytest

from tests.clients.serving import Hiq, shared, tab

pytestmark = pytest.mark.asyncio(loop_scope="module")

hiq = shared("messages_per_minute: 1000")
NINE: list[tuple[str | bytes, str]] = [
    ('{"type": "ping"', "INVALID_JSON"),
    ("plain text", "INVALID_JSON"),
    ("", "INVALID_JSON"),
    ("null", "NOT_AN_OBJECT"),
    ("[1, 2]", "NOT_AN_OBJECT"),
    ("42", "NOT_AN_OBJECT"),
    ("{}", "MISSING_TYPE"),
    ('{"type": null}', "MISSING_TYPE"),
    ('{"type": "no such thing"}', "UNKNOWN_TYPE"),
]
MORE: list[tuple[str | bytes, str]] = [
    (b"binary", "BINARY_NOT_SUPPORTED"),
    ('{"type":"ping","x":' + "[" * 100 + "]" * 100 + "}", "INVALID_JSON"),
    ('{"type":"ping","x":NaN}', "INVALID_JSON"),
    ('{"type":"ack","seq":5}', "INVALID_ACK"),
    ('{"type":"ping","user":"bob"}', "FORBIDDEN"),
    ("x" * 65_537, "MESSAGE_TOO_LARGE"),
    ("é" * 32_769, "MESSAGE_TOO_LARGE"),
]


@pytest.mark.parametrize(("text", "code"), NINE + MORE, ids=lambda v: str(v)[:20])
async def test_each_bad_input_has_its_code(
    hiq: Hiq, text: str | bytes, code: str
) -> None:
    """An error that names the cause, then a ping as if nothing had been."""
    async with tab(hiq) as client:
        answer = await client.raw(text)
        assert (answer["type"], answer["code"]) == ("error", code)
        assert len(answer["message"]) > 20
        assert (await client.ask("ping"))["type"] == "pong"


async def test_four_errors_then_a_ping(hiq: Hiq) -> None:
    """And five in one go: each has its answer, in order."""
    async with tab(hiq) as client:
        for text, code in NINE[:4]:
            assert (await client.raw(text))["code"] == code
        assert (await client.ask("ping", id=1))["id"] == 1
        for text, _code in NINE[4:]:
            await client.socket.send(text)
        codes = [(await client.next())["code"] for _ in range(5)]
        assert codes == [code for _text, code in NINE[4:]]
        assert (await client.ask("ping", id=2))["id"] == 2


async def test_the_largest_message_is_taken(hiq: Hiq) -> None:
    """65,536 bytes are answered; above 262,144 the connection ends with 1009."""
    async with tab(hiq) as client:
        head = '{"type":"ping","x":"'
        text = head + "x" * (65_536 - len(head) - 2) + '"}'
        assert len(text) == 65_536
        assert (await client.raw(text))["type"] == "pong"
        await client.socket.send("x" * 262_145)
        await client.socket.wait_closed()
        assert client.socket.close_code == 1009
    await hiq.alone()


async def test_the_limit_of_rate_over_the_wire(
    tmp_path_factory: pytest.TempPathFactory, hiq: Hiq
) -> None:
    """One more than allowed is refused with the time to wait; another goes on."""
    async with tab(hiq, "fast") as client, tab(hiq, "slow") as other:
        for number in range(1000):
            await client.tell("ping", id=number)
            assert (await client.next())["id"] == number
        refused = await client.ask("ping")
        assert refused["code"] == "RATE_LIMITED"
        assert 1 <= refused["retry_after"] <= 60
        assert (await other.ask("ping"))["type"] == "pong"
