"""Events other than state changes: asked for, taken, passed on, refused."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from hiq.discovery.questions import SUBSCRIPTIONS
from hiq.errors import CommandError
from hiq.ha.commands import Question
from hiq.ha.events import Answered, Event, HoldEnded
from hiq.other_events import OtherEvents
from hiq.settings.schema import EventsSettings
from hiq.stats import Stats
from tests.test_event_points import FIRED_NS, message

if TYPE_CHECKING:
    from hiq.event_points import OtherEvent


class Behind:
    """Who keeps the registries: notes what it gets."""

    def __init__(self) -> None:
        self.taken: list[Any] = []

    def opening(self) -> tuple[tuple[Question, ...], float]:
        """Ask for what discovery asks."""
        return SUBSCRIPTIONS, 3.0

    def take(self, event: Any) -> None:
        """Note it."""
        self.taken.append(event)

    def connected(self, line: Any) -> None:
        """Note it."""
        self.taken.append(line)

    def lost(self) -> None:
        """Note it."""
        self.taken.append("lost")


class Lines:
    """Gets the points."""

    def __init__(self) -> None:
        self.stamps: list[int] = []

    def add(self, kind: str, lines: bytes, times_ns: list[int]) -> bool:
        """Note the stamps of points of events."""
        assert kind == "events"
        assert lines.count(b"\n") == len(times_ns) == 1
        self.stamps += times_ns
        return True


class Rig:
    """The part with what is around it."""

    def __init__(self, *types: str) -> None:
        self.behind, self.lines, self.stats = Behind(), Lines(), Stats()
        self.events = OtherEvents(
            EventsSettings(types=types),
            self.behind,
            self.lines,  # type: ignore[arg-type]
            self.stats,
        )

    def asked(self) -> list[str]:
        """The event types that are subscribed."""
        questions, hold_s = self.events.opening()
        assert hold_s == 3.0
        return [question.argument for question in questions]

    def answer(self, event_type: str, code: str = "") -> None:
        """Let Home Assistant answer the subscription."""
        question = Question("subscribe_events", (("event_type", event_type),))
        error = CommandError("subscribe_events", code, "") if code else None
        self.events.take(Answered(question, error=error))


def test_each_type_is_subscribed_once() -> None:
    """Those that discovery follows too; what is needed by others is added."""
    rig = Rig("call_service", "area_registry_updated")
    rig.events.need(["call_service", "mine"], print)
    asked = rig.asked()
    assert asked[:2] == ["call_service", "mine"]
    assert sorted(asked) == sorted(set(asked))


def test_only_what_was_chosen_becomes_points() -> None:
    """A type that only others need is shown to them, and is no point."""
    rig = Rig("call_service")
    rig.events.need(["mine"], print)
    seen: list[OtherEvent] = []
    rig.events.add(seen.append)
    for text in (message(), message("mine", {}), message("theirs", {})):
        rig.events.take(Event(text))
    assert rig.lines.stamps == [FIRED_NS]
    assert [event.event_type for event in seen] == ["call_service", "mine"]
    assert rig.behind.taken == [Event(message("theirs", {}))]


def test_events_of_one_microsecond_keep_apart() -> None:
    """Each has a stamp of its own, so none takes the place of another."""
    rig = Rig("call_service")
    for _ in range(3):
        rig.events.take(Event(message()))
    assert rig.lines.stamps == [FIRED_NS, FIRED_NS + 1, FIRED_NS + 2]


def test_what_is_not_ours_is_passed_on() -> None:
    """Answers, holds, connections; and registry events also if they are points."""
    rig = Rig("area_registry_updated")
    registry = Event(message("area_registry_updated", {"action": "create"}))
    others = [registry, HoldEnded(), Answered(Question("x")), "line", "lost"]
    for event in others[:3]:
        rig.events.take(event)  # type: ignore[arg-type]
    rig.events.connected("line")  # type: ignore[arg-type]
    rig.events.lost()
    assert rig.behind.taken == others
    assert len(rig.lines.stamps) == 1


def test_a_refusal_is_told_once_and_until_it_is_taken_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It says that an administrator's token is needed."""
    rig = Rig("call_service", "mine")
    with caplog.at_level(logging.WARNING):
        for _ in range(2):  # it reconnects
            rig.answer("call_service", "unauthorized")
            rig.answer("mine")
    assert len(caplog.records) == 1
    reason = rig.stats.concerns["events"].reason
    assert "call_service (needs the token of an administrator)" in reason
    rig.answer("call_service")
    assert "events" not in rig.stats.concerns


def test_who_needs_a_type_is_told_of_its_refusal() -> None:
    """And says so in its own words; it is no matter of the points."""
    rig = Rig("call_service")
    told: list[tuple[str, str]] = []
    rig.events.need(["mine", "call_service"], lambda *found: told.append(found))
    rig.answer("mine", "unauthorized")
    assert rig.stats.concerns == {}
    rig.answer("call_service", "unauthorized")
    rig.answer("call_service")
    assert told == [("mine", "unauthorized"), ("call_service", "unauthorized")]


def test_an_event_against_the_rules_is_counted_and_stops_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The next one is taken."""
    rig = Rig("call_service")
    with caplog.at_level(logging.WARNING):
        rig.events.take(Event(message(data=[])))
        rig.events.take(Event(message(data=[])))
    rig.events.take(Event(message()))
    assert "data is no object" in str(caplog.records[0].__dict__)
    assert len(caplog.records) == 1
    assert (rig.stats.received, rig.stats.rejected) == (2, 2)
    assert len(rig.lines.stamps) == 1


def test_a_listener_that_fails_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """The point is made, the next listener is told, the fault is counted."""
    rig = Rig("call_service")
    seen: list[OtherEvent] = []

    def broken(_event: OtherEvent) -> None:
        raise RuntimeError("a fault")

    rig.events.add(broken)
    rig.events.add(seen.append)
    with caplog.at_level(logging.ERROR):
        rig.events.take(Event(message()))
    assert (len(seen), len(rig.lines.stamps)) == (1, 1)
    assert rig.stats.errors == {"observer": 1}
