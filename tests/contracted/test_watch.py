"""Events into the engine: subscriptions, order within a read, what is missed."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any

import msgspec
import pytest

from hiq.assure.chains import Engine
from hiq.assure.contracts import Violation, contract_of
from hiq.assure.contracts_targets import Targets
from hiq.contracted import watch as watch_module
from hiq.contracted.watch import ContractWatch
from hiq.errors import CommandError
from hiq.ha.commands import Question
from hiq.ha.events import Answered, Event, HoldEnded
from hiq.observe import Observers
from hiq.other_events import OtherEvents
from hiq.settings.schema import EventsSettings
from hiq.stats import Stats
from tests.assure.making import declared, event

CONTEXT = {"id": "c1", "parent_id": None, "user_id": None}


class Others:
    """Who else is registrar and watcher, and is told."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def opening(self) -> tuple[tuple[Question, ...], float]:
        """Ask something of one's own."""
        return (Question("get_services"),), 15.0

    def connected(self, line: object) -> None:
        """Take note."""
        self.told.append("connected")

    def take(self, event: Answered | HoldEnded | Event) -> None:
        """Take note."""
        self.told.append(event)

    def lost(self, reason: str | None = None) -> None:
        """Take note."""
        self.told.append(("lost", reason))

    def subscribed(self, candidate: object, token: str) -> None:
        """Take note."""
        self.told.append("subscribed")

    def fresh(self, states: list[msgspec.Raw]) -> list[msgspec.Raw]:
        """Want all but the first."""
        return states[1:]


class Told:
    """Keeps what is told."""

    def __init__(self) -> None:
        self.found: list[Violation] = []
        self.waiting = 0
        self.untold: dict[str, int] = {"home_assistant": 0}

    def tell(self, violation: Violation, ask: object) -> None:
        """Keep it."""
        self.found.append(violation)

    async def flush(self) -> None:
        """Nothing waits."""


class World:
    """A watch, with a clock."""

    def __init__(self) -> None:
        self.now = 0.0
        self.stats = Stats()
        self.others, self.told = Others(), Told()
        self.observers = Observers()
        self.targets = Targets()
        self.engine = Engine(
            [contract_of(given) for given in declared("[agent_run, ha_automation]")],
            excuse=self.targets.excuse,
        )
        self.watch = ContractWatch(
            self.engine,
            self.targets,
            self.told,  # type: ignore[arg-type]
            self.stats,
            observers=self.observers,
            events=OtherEvents(EventsSettings(), self.others, self, self.stats),  # type: ignore[arg-type]
            watcher=self.others,  # type: ignore[arg-type]
            monotonic=lambda: self.now,
        )

    def fire(self, event_type: str, at_s: float, **data: Any) -> None:
        """Let an event of a subscription come."""
        self.watch.take(Event(message(event(event_type, at_s, CONTEXT, **data))))

    def state(self, entity_id: str, state: str, at_s: float) -> None:
        """Let a state be accepted."""
        data = {"entity_id": entity_id, "new_state": {"state": state}}
        json_ = event("state_changed", at_s, CONTEXT, **data)
        self.watch._observe([(1, entity_id, 0, json_)])

    async def judge(self) -> None:
        """Let the watch run until it waits."""
        task = asyncio.create_task(self.watch.run())
        for _ in range(20):
            await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    def figures(self, name: str = "ha_automation") -> dict[str, Any]:
        """Return the counts of a contract."""
        return dict(self.engine.figures()[name])


def message(json_: bytes) -> bytes:
    """Wrap an event as it comes from a subscription."""
    return b'{"type":"event","event":%b,"id":7}' % json_


@pytest.fixture
def world() -> World:
    """Give a watch that is connected."""
    made = World()
    made.watch.opening()
    made.watch.connected(made)  # type: ignore[arg-type]
    return made


def refusal(event_type: str) -> Answered:
    """Return what Home Assistant answers to who is no administrator."""
    question = Question("subscribe_events", (("event_type", event_type),))
    error = CommandError("subscribe_events", "unauthorized", "Unauthorized")
    return Answered(question, error=error)


def test_subscriptions_are_asked_for_in_front(world: World) -> None:
    """Each type once, but states, which come another way; the others' after them."""
    questions, hold_s = world.watch.opening()
    assert hold_s == 15.0
    asked = [question.argument for question in questions[:-1]]
    assert "automation_triggered" in asked
    assert "state_changed" not in asked
    assert len(set(asked)) == len(asked)
    assert questions[-1].name == "get_services"


def test_what_is_not_ours_is_passed_on(world: World) -> None:
    """Events and answers of others, and all that a watcher is told."""
    other = Event(message(event("area_registry_updated", 0.0)))
    answer = Answered(Question("get_services"))
    broken = Event(b"{")
    for one in (other, answer, broken):
        world.watch.take(one)
    assert world.others.told == ["connected", other, answer, broken]
    states = [msgspec.Raw(b'{"entity_id":"light.x","state":"on"}')] * 2
    assert len(world.watch.fresh(states)) == 1


async def test_events_of_one_read_are_judged_in_the_order_of_their_times(
    world: World,
) -> None:
    """The state comes another way, and may come in front of what it answers."""
    world.state("light.x", "on", 2.0)
    world.fire("automation_triggered", 0.0)
    call = {"domain": "light", "service": "turn_on"}
    data = {"entity_id": ["light.x"]}
    world.fire("call_service", 1.0, **call, service_data=data)
    await world.judge()
    assert world.figures()["open"] == 1
    world.now = 31.0
    await world.judge()
    assert world.told.found == []
    assert world.figures()["completed"] == 1


async def test_a_refused_subscription_is_told_and_its_contract_left_alone(
    world: World,
) -> None:
    """The other contract is watched; a new connection begins anew."""
    world.watch.take(refusal("automation_triggered"))
    assert "ha_automation not watched" in world.stats.concerns["contracts"].reason
    world.fire("automation_triggered", 0.0)
    world.fire("agent_started", 0.0, run_id="r")
    await world.judge()
    assert world.figures()["opened"] == 0
    assert world.figures("agent_run")["opened"] == 1
    world.watch.opening()
    assert "contracts" not in world.stats.concerns


async def test_a_lost_connection_forgets_everything(world: World) -> None:
    """Open chains, states of targets, and what had not been judged yet."""
    world.fire("agent_started", 0.0, run_id="r")
    await world.judge()
    world.fire("agent_thinking", 1.0, run_id="r")
    world.watch.lost("gone")
    world.watch.lost()
    assert world.others.told[-2:] == [("lost", "gone"), ("lost", None)]
    world.now = 100.0
    await world.judge()
    assert world.told.found == []
    assert world.figures("agent_run")["interrupted"] == 1


async def test_while_the_socket_is_not_read_silence_is_ours(world: World) -> None:
    """Open chains are not judged by a clock that runs while we do not read."""
    world.fire("agent_started", 0.0, run_id="r")
    await world.judge()
    world.stats.ha.paused = True
    world.now = 100.0
    await world.judge()
    assert world.told.found == []
    assert world.figures("agent_run")["interrupted"] == 1


async def test_what_waits_is_bounded(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond the bound it begins anew, and says how much was missed."""
    monkeypatch.setattr(watch_module, "MOST_PENDING", 3)
    for number in range(5):
        world.fire("agent_started", number, run_id=str(number))
    assert world.watch.missed == 3
    await world.judge()
    assert world.figures("agent_run")["opened"] == 2


async def test_a_limit_is_told_without_any_event(world: World) -> None:
    """The watch wakes up by itself."""
    world.fire("agent_started", 0.0, run_id="r")
    await world.judge()
    world.now = 30.5
    await world.judge()
    assert [violation.code for violation in world.told.found] == ["GAP_EXCEEDED"]


def test_figures_are_shown_in_health(world: World) -> None:
    """With what was refused, unreadable, missed and untold."""
    world.watch._observe([(1, "light.x", 0, b"{")])
    found = json.loads(json.dumps(world.stats.sections["contracts"]()))
    assert found["unreadable"] == 1
    assert set(found["contracts"]) == {"agent_run", "ha_automation"}
