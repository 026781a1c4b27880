"""Questions to the recorder over a connection of their own."""

import asyncio
from datetime import UTC, datetime

import pytest

from hiq.errors import AuthError, CommandError, ConnectionLost, ProtocolError
from hiq.ha.commands import Command
from hiq.ha.history import connected
from hiq.ha.locate import Candidate, websocket_url
from hiq.simulate.server import Simulator
from tests.contract.conftest import Peer
from tests.contract.conftest import peer as peer  # noqa: PLC0414  a fixture
from tests.ha.home import TOKEN, scripted_home


def at(url: str) -> Candidate:
    """The place as the settings would name it."""
    return Candidate("primary", websocket_url(url))


async def test_every_change_is_a_row_of_exactly_one_window(peer: Peer):
    """Changes come back once each, wherever in time the windows are cut."""
    name = "sensor.history_client"
    before = int(datetime.now(UTC).timestamp() * 1e6)
    for level in range(6):
        await peer.set_state(name, "on", level=level)
    await peer.remove_state(name)
    async with connected(at(peer.url), peer.token) as history:
        async with asyncio.timeout(20):  # until the recorder has committed
            while True:
                rows = (await history.rows([name, "sun.sun"], before)).get(name, [])
                if len(rows) == 7:
                    break
                await asyncio.sleep(0.1)
        assert [row.state for row in rows] == ["on"] * 6 + [None]
        for cut in rows:
            left = await history.rows([name], before, cut.updated_us)
            right = await history.rows([name], cut.updated_us)
            assert left[name] + right.get(name, []) == rows
        assert await history.rows([], before) == {}
        assert (await history.info()).works
        states = await history.states()
        assert {"input_number.inpx_0"} <= {state.entity_id for state in states}
        assert (await history.home()).entities
        assert history.answer_bytes > 2


async def test_a_refused_token(simulator: Simulator):
    """A wrong token is an AuthError, with the words of Home Assistant."""
    with pytest.raises(AuthError, match="Invalid access token"):
        async with connected(at(simulator.url), "x" * 40):
            pass


async def test_a_home_without_recorder():
    """What a home refuses is a CommandError with its code; the connection lives on."""
    async with scripted_home() as home, connected(at(home.url), TOKEN) as history:
        home.answers["history/history_during_period"] = "!unknown_command"
        with pytest.raises(CommandError) as caught:
            await history.rows(["sun.sun"], 0)
        assert caught.value.code == "unknown_command"
        assert await history.states() == []


async def test_an_answer_of_another_form():
    """An answer that is not understood is a ProtocolError that names the question."""
    async with scripted_home() as home, connected(at(home.url), TOKEN) as history:
        home.answers["history/history_during_period"] = '[{"s":1}]'
        with pytest.raises(ProtocolError, match="history_during_period"):
            await history.rows(["sun.sun"], 0)


async def test_no_answer_in_time():
    """A question that stays without an answer ends the connection by its deadline."""
    async with (
        scripted_home() as home,
        connected(at(home.url), TOKEN, question_s=0.1) as history,
    ):
        home.answers["get_states"] = None
        with pytest.raises(ConnectionLost, match="no answer to get_states"):
            await history.states()
        with pytest.raises(ConnectionLost):
            await history.info()


async def test_a_lost_connection_ends_the_wait(simulator: Simulator):
    """When the home goes away the waiting question fails at once."""
    async with connected(at(simulator.url), simulator.token) as history:
        simulator.freeze()
        question = asyncio.ensure_future(history.ask(Command.GET_STATES))
        await asyncio.sleep(0.05)
        simulator.drop()
        with pytest.raises(ConnectionLost):
            await question
