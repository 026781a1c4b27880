"""What is asked for, when, and what is kept of the answers."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import msgspec
import pytest

from hiq.discovery.asker import Asker
from hiq.ha.registries import Registry
from hiq.settings.schema import DiscoverySettings

if TYPE_CHECKING:
    from hiq.ha.commands import Question

ANSWER = msgspec.Raw(b"[]")


class Line:
    """A connection that notes what is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def ask(self, question: Question) -> bool:
        """Note it."""
        self.asked.append(question.name)
        return True

    def release(self) -> None:
        """Nothing waits here."""


class Clock:
    """Seconds that a test moves."""

    now_s = 1000.0

    def __call__(self) -> float:
        """Return them."""
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    """A clock."""
    return Clock()


@pytest.fixture
def asker(clock: Clock) -> Asker:
    """One that refreshes every minute, and has just been answered to everything."""
    asker = Asker(DiscoverySettings(refresh=60.0), clock, with_services=False)
    asker.opening(())
    for registry in Registry:
        asker.keep(registry, ANSWER)
        asker.has_list(registry)
    answers = asker.settle()
    assert answers is not None
    assert answers.devices is ANSWER
    assert answers.services is None
    return asker


def test_everything_is_asked_again_in_time(asker: Asker, clock: Clock) -> None:
    """Once a minute each list, and not before."""
    line = Line()
    asker.connected(line)
    asker.on_time()
    assert line.asked == []
    assert asker.pause_s(3600.0) == pytest.approx(60.0)
    clock.now_s += 60.0
    asker.on_time()
    asker.on_time()
    assert sorted(line.asked) == sorted(Registry)


def test_a_list_that_is_on_its_way_is_asked_for_once_more(asker: Asker) -> None:
    """The answer may be older than the second change."""
    line = Line()
    asker.connected(line)
    for _ in range(3):
        asker.ask_list(Registry.AREAS)
    assert line.asked == [Registry.AREAS]
    asker.has_list(Registry.AREAS)
    assert line.asked == [Registry.AREAS] * 2
    asker.has_list(Registry.AREAS)
    assert len(line.asked) == 2


def test_the_answer_to_one_change_is_not_kept(asker: Asker) -> None:
    """It would hold the memory of a whole message until the next refresh."""
    asker.connected(Line())
    asker.ask_list(Registry.ENTITIES)
    asker.keep(Registry.ENTITIES, ANSWER)
    asker.has_list(Registry.ENTITIES)
    assert asker.settle() is None
    asker.refresh()
    answers = asker.settle()
    assert answers is not None
    assert answers.entities is None


def test_a_lost_connection_leaves_no_answers(asker: Asker) -> None:
    """The next one asks for everything again."""
    held = sys.getrefcount(ANSWER)
    asker.opening(())
    asker.keep(Registry.DEVICES, ANSWER)
    assert sys.getrefcount(ANSWER) == held + 1
    asker.lost()
    assert sys.getrefcount(ANSWER) == held
    assert asker.settle() is None
    assert asker.owed.nothing
    assert not asker.has_line
