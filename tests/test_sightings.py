"""Questions for states, in front of who else asks on the connection."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from hiq.errors import CommandError
from hiq.ha.commands import Question
from hiq.ha.events import Answered, Event, HoldEnded
from hiq.sightings import QUESTION, Sightings


class Behind:
    """Who else asks."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def opening(self) -> tuple[tuple[Question, ...], float]:
        """Ask something."""
        return (Question("first"),), 3.0

    def connected(self, line: Any) -> None:
        """Note it."""
        self.seen.append(line)

    def take(self, event: Any) -> None:
        """Note it."""
        self.seen.append(event)

    def lost(self) -> None:
        """Note it."""
        self.seen.append("lost")


class Line:
    """A connection."""

    def __init__(self) -> None:
        self.asked: list[Question] = []

    def ask(self, question: Question) -> bool:
        """Note it."""
        self.asked.append(question)
        return True

    def release(self) -> None:
        """Not needed."""


def make() -> tuple[Sightings, Behind, list[Any]]:
    """Return it between the two, and what it told."""
    behind, told = Behind(), []
    return (
        Sightings(behind, told=told.append, lost=lambda: told.append("lost")),
        behind,
        told,
    )


def answer(content: Any) -> Answered:
    """Return an answer to its question."""
    return Answered(QUESTION, msgspec.Raw(json.dumps(content).encode()))


def test_it_asks_on_the_connection_that_is_there() -> None:
    """Not before, and not when it is lost; who stands behind is told of both."""
    sightings, behind, told = make()
    line = Line()
    assert not sightings.ask()
    sightings.connected(line)
    assert sightings.ask()
    sightings.lost()
    assert not sightings.ask()
    assert line.asked == [QUESTION]
    assert behind.seen == [line, "lost"]
    assert told == ["lost"]
    assert sightings.opening() == ((Question("first"),), 3.0)


def test_only_its_own_answers_are_taken() -> None:
    """Everything else goes on, an answer to the same command of another too."""
    sightings, behind, told = make()
    state = {"entity_id": "sensor.a", "last_updated": "10:00", "state": "1"}
    sightings.take(answer([state]))
    others = [HoldEnded(), Event(b"{}"), Answered(Question(QUESTION.name))]
    for event in others:
        sightings.take(event)
    assert told == [{"sensor.a": "10:00"}]
    assert behind.seen == others


def test_an_answer_that_is_none_is_left_alone() -> None:
    """Refused, or not what was expected: nothing is told."""
    sightings, behind, told = make()
    refused = CommandError("get_states", "unauthorized", "no")
    sightings.take(Answered(QUESTION, error=refused))
    sightings.take(answer({"not": "a list"}))
    assert (told, behind.seen) == ([], [])
