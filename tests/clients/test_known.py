"""The states that a client is shown first: asked for once, kept up to date, bounded."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import pytest

from hiq.clients.known import Known
from hiq.clients.principal import Scopes
from hiq.clients.shedding import shed
from hiq.clients.subscriptions import Event
from hiq.ha.commands import Command, Question
from hiq.ha.events import Answered, HoldEnded
from hiq.ha.session import CommandError
from hiq.statesdesk import StatesDesk
from tests.clients.talk import Home, Tab, state_event

LARGE = 1024 * 1024


def state(entity_id: str, value: str = "on", **attributes: Any) -> bytes:
    """A state of `get_states`."""
    found = {"entity_id": entity_id, "state": value, "attributes": attributes}
    return json.dumps({**found, "context": {"id": "c"}}).encode()


def told(known: Known) -> dict[str, Any]:
    """What would be shown."""
    return {name: json.loads(found) for name, _number, found in known.states()}


def test_states_and_events_are_shown_alike() -> None:
    """What was read and what was accepted have the same fields; the last one counts."""
    known = Known()
    known.learn("light.a", state("light.a", "off", level=1))
    known.learn("light.b", state("light.b"))
    known.put(Event("e", 7, "light.b", 1, state_event("light.b", "off", 2)))
    assert told(known) == {
        "light.a": {"state": "off", "attributes": {"level": 1}},
        "light.b": {"state": "off", "attributes": {"n": 2}},
    }
    assert [number for _, number, _ in known.states()] == [0, 7]
    removed = b'{"data":{"entity_id":"light.a","new_state":null}}'
    known.put(Event("e", 8, "light.a", 2, removed))
    known.put(Event("e", 9, "light.c", 2, b'{"data":7}'))
    assert set(told(known)) == {"light.b"}


def test_there_is_a_bound_in_bytes() -> None:
    """What does not fit is left out and counted, and nothing old is shown for it."""
    known = Known(most_bytes=300)
    known.learn("light.a", state("light.a"))
    known.learn("light.b", state("light.b", text="x" * 300))
    assert (set(told(known)), known.left_out) == ({"light.a"}, 1)
    known.learn("light.a", state("light.a", text="x" * 300))
    assert (told(known), known.left_out, known.bytes) == ({}, 2, 0)
    known.learn("light.a", state("light.a"))
    known.clear()
    assert (len(known), known.bytes) == (0, 0)


class Asked:
    """Somebody who answers when told to."""

    def __init__(self, home: Home, there: bool = True) -> None:
        self.home = home
        self.there = there
        self.questions = 0
        home.hub.informing.ask = self.ask

    def ask(self) -> bool:
        """Count."""
        self.questions += self.there
        return self.there

    def answer(self, states: Iterable[bytes] | None) -> None:
        """Answer all who wait."""
        self.home.hub.informing.answered(states, LARGE)


def entities(tab: Tab) -> list[set[str]]:
    """The entities of each snapshot that waits."""
    frames = tab.read()
    assert {frame["type"] for frame in frames} <= {"state_snapshot", "event"}
    return [
        set(frame["entities"]) for frame in frames if frame["type"] == "state_snapshot"
    ]


def test_the_snapshot_comes_with_the_answer() -> None:
    """Each of those who wait is shown what it subscribed to, and nothing else."""
    home = Home()
    asked = Asked(home)
    one, two = home.tab(), home.tab("bob")
    assert [frame["type"] for frame in one.say("subscribe")] == ["result"]
    two.say("subscribe", filter={"domains": ["sensor"]})
    asked.answer([state("light.a"), state("sensor.b"), b"7", b"{}"])
    assert entities(one) == [{"light.a", "sensor.b"}]
    assert entities(two) == [{"sensor.b"}]
    asked.answer([state("light.a")])
    assert entities(one) == []


def test_only_what_is_wanted_is_kept() -> None:
    """A filter for one domain costs no memory for the others."""
    home = Home()
    asked = Asked(home)
    tab = home.tab()
    tab.say("subscribe", filter={"domains": ["sensor"]})
    asked.answer([state("light.a"), state("sensor.b"), state("sensor.c", "x" * LARGE)])
    assert len(home.hub.last) == 1


def test_nobody_is_asked_for_what_is_followed_already() -> None:
    """With a client that follows everything, others are shown what is known at once."""
    home = Home()
    asked = Asked(home)
    home.tab().say("subscribe")
    asked.answer([state("light.a"), state("sensor.b")])
    home.fire("light.a")
    other = home.tab("bob")
    _result, snapshot = other.say("subscribe", filter={"domains": ["light"]})
    assert snapshot["entities"]["light.a"]["attributes"] == {"n": 1}
    assert asked.questions == 1


def test_without_home_assistant_what_is_known_is_shown_and_the_rest_later() -> None:
    """A client that comes during an outage is told all when it is over."""
    home = Home()
    asked = Asked(home)
    home.tab("bob").say("subscribe", filter={"domains": ["light"]})
    asked.answer([state("light.a"), state("sensor.b")])
    asked.there = False
    tab = home.tab()
    _result, snapshot = tab.say("subscribe")
    assert set(snapshot["entities"]) == {"light.a"}
    assert home.hub.informing.wanted
    asked.answer([state("light.a"), state("sensor.b")])
    assert entities(tab) == [{"light.a", "sensor.b"}]


def test_an_answer_that_is_none_ends_the_wait() -> None:
    """What is known is shown, and who left does not wait any more."""
    home = Home()
    asked = Asked(home)
    tab, gone = home.tab(), home.tab("bob")
    tab.say("subscribe")
    gone.say("subscribe")
    gone.it.end()
    home.fire("light.a")
    asked.answer(None)
    assert entities(tab) == [{"light.a"}]
    assert not home.hub.informing.wanted


def test_a_session_that_is_resumed_is_not_asked_for_again() -> None:
    """Its entities were followed all the time."""
    home = Home()
    asked = Asked(home)
    tab = home.tab()
    tab.say("subscribe")
    asked.answer([state("light.a", "off")])
    tab.it.end()
    home.fire("light.a")
    back = home.tab()
    _result, snapshot, _event = back.say(
        "resume", session=tab.welcome["session"], last_seq=0
    )
    assert snapshot["entities"]["light.a"]["state"] == "on"
    assert asked.questions == 1


def test_what_was_given_up_is_asked_for_again() -> None:
    """After memory was short, who begins to listen is shown all states, old and new."""
    home = Home()
    asked = Asked(home)
    everything = home.tab()
    everything.say("subscribe")
    asked.answer([state("light.a"), state("sensor.b")])
    everything.read()
    server: Any = SimpleNamespace(hub=home.hub)
    assert shed(server, "snapshots") == 2
    tab = home.tab("bob")
    found = tab.say("subscribe", filter={"domains": ["light"]})
    assert [frame["type"] for frame in found] == ["result"]
    assert asked.questions == 2
    asked.answer([state("light.a"), state("sensor.b")])
    assert entities(tab) == [{"light.a"}]
    assert entities(everything) == []
    home.tab("carl").say("subscribe", filter={"domains": ["light"]})
    assert asked.questions == 2


def test_what_is_given_up_before_it_is_shown_is_asked_for_again() -> None:
    """A snapshot that waits for its turn is followed by one that holds all states."""
    home = Home()
    asked = Asked(home)
    tab = home.tab()
    tab.it.receive('{"type":"subscribe"}', 20)
    asked.answer([state("light.a")])
    server: Any = SimpleNamespace(hub=home.hub)
    assert shed(server, "snapshots") == 1
    assert [frame["type"] for frame in tab.read()] == ["result", "state_snapshot"]
    assert asked.questions == 2
    asked.answer([state("light.a")])
    assert entities(tab) == [{"light.a"}]
    assert asked.questions == 2


class Line:
    """A connection to Home Assistant, and who else asks on it."""

    def __init__(self) -> None:
        self.open = True
        self.asked: list[Question] = []
        self.passed: list[Any] = []

    def ask(self, question: Question) -> bool:
        """Ask."""
        if self.open:
            self.asked.append(question)
        return self.open

    def release(self) -> None:
        """Not for us."""

    def opening(self) -> tuple[tuple[Question, ...], float]:
        """Nothing."""
        return (), 1.0

    def connected(self, line: Any) -> None:
        """Pass it on."""
        self.passed.append(line)

    def take(self, event: Any) -> None:
        """Pass it on."""
        self.passed.append(event)

    def lost(self) -> None:
        """Pass it on."""
        self.passed.append("lost")


@pytest.fixture
def desk() -> tuple[StatesDesk, Line, Home]:
    """A desk that may ask at any time, a line, and clients."""
    found, line, home = StatesDesk(least_s=0.0), Line(), Home()
    found.behind(line)
    found.serve(home.hub.informing)
    return found, line, home


async def test_one_question_for_all_who_come_at_once(
    desk: tuple[StatesDesk, Line, Home],
) -> None:
    """Two clients, one question; its answer goes to nobody else."""
    it, line, home = desk
    it.connected(line)
    one, two = home.tab(), home.tab("bob")
    one.say("subscribe")
    two.say("subscribe")
    (question,) = line.asked
    result: Any = b"[%b]" % state("light.a")
    it.take(Answered(question, result))
    assert entities(one) == entities(two) == [{"light.a"}]
    assert line.passed == [line]


async def test_not_more_than_one_question_in_its_time() -> None:
    """The second one waits, and is asked when the first is old enough."""
    it, line, home = StatesDesk(least_s=0.05), Line(), Home()
    it.behind(line)
    it.serve(home.hub.informing)
    it.connected(line)
    home.tab().say("subscribe", filter={"domains": ["light"]})
    it.take(Answered(line.asked[0], b"[]"))  # type: ignore[arg-type]
    home.tab("bob").say("subscribe", filter={"domains": ["sensor"]})
    assert len(line.asked) == 1
    async with asyncio.timeout(5):
        while len(line.asked) < 2:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("how", ["refused", "unreadable"])
async def test_a_bad_answer_is_told(
    desk: tuple[StatesDesk, Line, Home], how: str
) -> None:
    """Who waits does not wait for ever."""
    it, line, home = desk
    it.connected(line)
    tab = home.tab()
    tab.say("subscribe")
    home.fire("light.a")
    error = CommandError(Command.GET_STATES, "unauthorized", "no")
    raw: Any = b"{}"
    refused = Answered(line.asked[0], error=error)
    it.take(refused if how == "refused" else Answered(line.asked[0], raw))
    assert entities(tab) == [{"light.a"}]


async def test_who_waits_is_asked_for_when_the_connection_is_there(
    desk: tuple[StatesDesk, Line, Home],
) -> None:
    """Before the first connection, and after one that was lost with a question open."""
    it, line, home = desk
    tab = home.tab()
    tab.say("subscribe")
    assert line.asked == []
    it.connected(line)
    it.lost()
    it.connected(line)
    assert len(line.asked) == 2
    it.take(Answered(line.asked[1], b"[]"))  # type: ignore[arg-type]
    assert entities(tab) == [set()]
    assert line.passed == [line, "lost", line]


async def test_everything_else_is_passed_on(
    desk: tuple[StatesDesk, Line, Home],
) -> None:
    """Answers to others, and the end of a hold."""
    it, line, _home = desk
    others = [HoldEnded(), Answered(Question("config/area_registry/list"))]
    for event in others:
        it.take(event)
    assert line.passed == others
    assert it.opening() == ((), 1.0)


def test_a_token_that_is_narrowed_is_shown_its_entities_only() -> None:
    """Also what others follow, and so is known, is not shown to it."""
    home = Home()
    asked = Asked(home)
    home.tab("bob").say("subscribe")
    tab = home.tab(scopes=Scopes(frozenset(("read",)), ("sensor.*",)))
    tab.say("subscribe")
    asked.answer([state("light.a"), state("sensor.b")])
    assert entities(tab) == [{"sensor.b"}]
    home.fire("light.a")
    _result, snapshot = tab.say("subscribe", filter={"domains": ["light"]})
    assert set(snapshot["entities"]) == {"sensor.b"}
