"""One connection with its session, driven until it ends."""

import asyncio
import json
import time

import pytest

from hiq.errors import AuthError, CommandError, ConnectionLost
from hiq.ha import events as ha
from hiq.ha.connection import Connection
from hiq.ha.conversation import Conversation
from hiq.ha.locate import Candidate, websocket_url
from hiq.ha.messages import decode_message, split
from hiq.ha.session import Timing
from tests.ha.home import TOKEN, event, scripted_home, state

DEADLINE = 20

pytestmark = pytest.mark.usefixtures("listener")


class Fed:
    """Stands where the feed stands in the service."""

    compiled = None

    def __init__(self, call):
        self.call = call

    def __call__(self, frame, *, snapshot):
        return self.call(frame, snapshot=snapshot)


class Talk:
    """A conversation that keeps what it was given."""

    def __init__(self, timing=None):
        self.events = []
        self.fed = []
        self.batches = 0
        self.news = asyncio.Event()
        self.conversation = Conversation(
            Fed(self.feed),
            self.on_event,
            self.on_batch_end,
            clock=time.monotonic,
            timing=timing,
        )

    def feed(self, frame, *, snapshot):
        self.news.set()
        pieces = [bytes(piece) for piece in split(frame)]
        ours = [p for p in pieces if decode_message(p).type == "event"]
        for piece in ours:
            data = json.loads(piece)["event"]["data"]
            self.fed.append((data["entity_id"], data["new_state"]["state"], snapshot))
        return [p for p in pieces if p not in ours]

    def on_event(self, event):
        self.events.append(event)
        self.news.set()

    def on_batch_end(self):
        self.batches += 1

    async def until(self, condition):
        """Wait until it is so."""
        async with asyncio.timeout(DEADLINE):
            while not condition():
                self.news.clear()
                await self.news.wait()

    async def run(self, url, **options):
        """Hold the conversation to its end."""
        options = {"event_types": ("state_changed",)} | options
        candidate = Candidate("primary", websocket_url(url))
        async with asyncio.timeout(DEADLINE):
            await self.conversation.run(candidate, TOKEN, **options)


async def test_states_are_fed_in_the_order_of_the_stream():
    """Live events behind the states wait for them, in the same frame and the next."""
    async with scripted_home() as home:
        states = [state(f"a.s{i}", "old") for i in range(700)]
        home.answers["get_states"] = f"[{','.join(states)}]"
        home.after["get_states"] = [event("a.s0", "new"), event("a.s1", "new")]
        home.after["subscribe_events"] = [event("a.s2", "first")]
        talk = Talk()
        async with asyncio.TaskGroup() as group:
            group.create_task(talk.run(home.url))
            await talk.until(lambda: len(talk.fed) == 703)
            talk.conversation.stop()
    assert talk.fed[0] == ("a.s2", "first", False)
    assert talk.fed[1:701] == [(f"a.s{i}", "old", True) for i in range(700)]
    assert talk.fed[701:] == [("a.s0", "new", False), ("a.s1", "new", False)]
    assert talk.batches >= 5


async def test_the_socket_may_rest_unless_an_answer_is_due():
    """Answers come as soon as they can, and are due from the question on."""
    async with scripted_home() as home:
        home.answers["get_states"] = None
        talk = Talk()
        async with asyncio.TaskGroup() as group:
            group.create_task(talk.run(home.url))
            await talk.until(
                lambda: any(isinstance(e, ha.Subscribed) for e in talk.events)
            )
            due = talk.conversation._connection.may_rest
            talk.conversation.stop()
        assert not due
        home.answers["get_states"] = "[]"
        talk = Talk()
        async with asyncio.TaskGroup() as group:
            group.create_task(talk.run(home.url))
            await talk.until(
                lambda: any(isinstance(e, ha.StatesReceived) for e in talk.events)
            )
            await talk.until(lambda: talk.batches)
            connection = talk.conversation._connection
            assert connection.may_rest
            talk.conversation._session._next_ping = 0.0
            talk.conversation._wake.set()
            await talk.until(lambda: any(isinstance(e, ha.Ponged) for e in talk.events))
            assert connection.may_rest
            talk.conversation.stop()


async def test_states_asked_twice_keep_their_place():
    """Answers that arrive while states are fed are taken afterwards, in order."""
    async with scripted_home() as home:
        home.answers["get_config"] = '{"state":"STARTING"}'
        home.answers["get_states"] = f"[{','.join([state('a.s', 'x')] * 600)}]"
        talk = Talk(Timing(poll_s=0.01))
        async with asyncio.TaskGroup() as group:
            group.create_task(talk.run(home.url))
            await talk.until(lambda: len(talk.fed) == 600)
            home.answers["get_states"] = f"[{state('a.s', 'y')}]"
            home.after["get_states"] = [event("a.s", "z")]
            home.answers["get_config"] = '{"state":"RUNNING"}'
            await talk.until(lambda: len(talk.fed) == 602)
            talk.conversation.stop()
    assert talk.fed[600:] == [("a.s", "y", True), ("a.s", "z", False)]


async def test_a_broken_frame_among_the_answers_is_fed_as_it_is():
    """What cannot be cut into messages is left for the pipeline to judge."""
    broken = []
    async with scripted_home() as home:
        home.answers["get_states"] = None
        talk = Talk()

        def feed(frame, *, snapshot):
            if bytes(frame).startswith(b"[{]"):
                broken.append(bytes(frame))
                talk.news.set()
                return []
            return talk.feed(frame, snapshot=snapshot)

        talk.conversation._feed = Fed(feed)
        async with asyncio.TaskGroup() as group:
            group.create_task(talk.run(home.url))
            await home.until("get_states")
            await home.socket.send("[{]")
            await talk.until(lambda: broken)
            talk.conversation.stop()
    assert broken == [b"[{]"]


async def test_a_missing_answer_ends_it(monkeypatch):
    """A command without an answer is a loss after its deadline, without a goodbye."""
    waits = []

    async def close(self, deadline_s=1.0):
        waits.append(deadline_s)
        await Connection.close(self, deadline_s)

    monkeypatch.setattr(
        "hiq.ha.conversation.Connection", type("Spy", (Connection,), {"close": close})
    )
    async with scripted_home() as home:
        home.answers["get_states"] = None
        talk = Talk(Timing(command_s=0.05))
        with pytest.raises(ConnectionLost, match="no answer to get_states"):
            await talk.run(home.url)
    assert waits[0] == 0


async def test_a_missing_greeting_ends_it():
    """A WebSocket server that says nothing is left."""
    async with scripted_home() as home:
        home.greeting = None
        talk = Talk(Timing(auth_s=0.05))
        with pytest.raises(ConnectionLost, match="auth_required"):
            await talk.run(home.url)


async def test_a_refused_token_comes_out():
    """auth_invalid ends it with what Home Assistant said."""
    async with scripted_home() as home:
        home.tokens.clear()
        with pytest.raises(AuthError, match="Invalid"):
            await Talk().run(home.url)


async def test_a_refusal_in_a_frame_that_waited_comes_out():
    """Also what is found after the states were fed ends the conversation."""
    async with scripted_home() as home:
        home.answers["get_states"] = f"[{','.join([state('a.s', 'x')] * 600)}]"
        talk = Talk()

        def on_event(event):
            if isinstance(event, ha.Event):
                raise CommandError("x", "y", "z")

        talk.conversation._on_event = on_event
        home.after["get_states"] = ['{"id":9,"type":"event","event":{"data":5}}']
        talk.feed_all = talk.feed

        def feed(frame, *, snapshot):
            if b'"data":5' in bytes(frame) and not snapshot:
                return [bytes(frame)] if bytes(frame)[:1] != b"[" else []
            return talk.feed_all(frame, snapshot=snapshot)

        talk.conversation._feed = Fed(feed)
        with pytest.raises(CommandError):
            await talk.run(home.url)
    assert len(talk.fed) == 600


async def test_an_encrypted_address_needs_a_certificate():
    """An https address is TLS: a server without it is a loss, not plain text."""
    async with scripted_home() as home:
        with pytest.raises(ConnectionLost, match="TLS"):
            await Talk().run(home.url.replace("http", "https"))
    assert home.logins == []


async def test_stop_before_the_end_of_the_states():
    """After stop not even the rest of the states is fed."""
    async with scripted_home() as home:
        home.answers["get_states"] = f"[{','.join([state('a.s', 'x')] * 2000)}]"
        home.after["get_states"] = [event("a.s", "y")]
        talk = Talk()
        talk.on_batch_end_was = talk.on_batch_end

        def stop():
            if len(talk.fed) >= 256:
                talk.conversation.stop()

        talk.conversation._on_batch_end = stop
        await talk.run(home.url)
    assert len(talk.fed) == 256
    assert not talk.conversation.paused
