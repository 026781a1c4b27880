"""The fan-out of accepted events: once per read, to all, and nothing for nobody."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence

import pytest

from hiq import Pipeline
from hiq.ha.feed import Feed
from hiq.observe import Observers, Tapped
from hiq.stats import Stats
from tests.events import frame, state_changed

NAMES = ["light.a", "light.b", "light.c"]


def fed(observers: Observers, *names: str) -> None:
    """Feed one frame of changes."""
    payload = frame([state_changed(name) for name in names])
    pipeline = Pipeline()
    observers.bind(pipeline)
    Feed(
        pipeline, Stats(), on_full=lambda: None, clock=lambda: 0.0, observers=observers
    )(payload, snapshot=False)


def test_all_are_told_once_per_read() -> None:
    """Two observers, one frame of two changes: one call each, with both."""
    observers = Observers()
    told: list[list[str]] = []
    for _ in range(2):
        observers.add(lambda found: told.append([one[1] for one in found]))
    fed(observers, "light.a", "light.b")
    assert told == [["light.a", "light.b"]] * 2


def test_who_left_is_not_told() -> None:
    """After the last one left nothing is collected."""
    observers = Observers()
    told: list[object] = []
    observers.add(told.append)
    observers.remove(told.append)
    observers.remove(told.append)
    assert not observers.active
    fed(observers, "light.a")
    assert told == []


def test_one_that_fails_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """It is told of once; the others and ingestion go on."""
    errors: Counter[str] = Counter()
    observers = Observers(errors)
    told: list[object] = []

    def broken(_found: object) -> None:
        raise RuntimeError("a fault")

    observers.add(broken)
    observers.add(told.append)
    with caplog.at_level(logging.ERROR):
        fed(observers, "light.a")
        fed(observers, "light.b")
    assert len(told) == 2
    assert len(caplog.records) == 1
    assert errors == {"observer": 2}


class Watcher:
    """Notes what it is told, and does not want some entities."""

    def __init__(self, observers: Observers, *unwanted: str) -> None:
        self.observers = observers
        self.unwanted = unwanted
        self.told: list[str] = []

    def take(self, found: Sequence[Tapped]) -> None:
        """Note, and say what is not wanted."""
        for number, entity_id, _, _ in found:
            self.told.append(entity_id)
            if entity_id in self.unwanted:
                self.observers.set_interest(self.take, number, False)

    def said(self) -> list[str]:
        """Return what it was told since the last time."""
        told, self.told = self.told, []
        return told


def test_only_what_nobody_wants_is_left_out() -> None:
    """An entity goes when the last who wants it leaves, and comes with a new one."""
    observers, pipeline = Observers(), Pipeline()
    observers.bind(pipeline)
    picky, other = Watcher(observers, "light.a", "light.b"), Watcher(observers)
    other.unwanted = ("light.a",)

    def fire() -> None:
        pipeline.feed(frame([state_changed(name) for name in NAMES]))
        observers.tell()

    for one in (picky, other):
        observers.add(one.take)
        observers.add(one.take)
    fire()
    assert (picky.said(), other.said()) == (NAMES, NAMES)
    fire()
    assert (picky.said(), other.said()) == (NAMES[1:], NAMES[1:])
    observers.remove(other.take)
    fire()
    assert (picky.said(), other.said()) == (NAMES[2:], [])
    observers.add(other.take)
    fire()
    assert (picky.said(), other.said()) == (NAMES, NAMES)
    fire()
    assert other.said() == NAMES[1:]
    observers.forget_interests(other.take)
    other.unwanted = ()
    fire()
    fire()
    assert other.said() == NAMES * 2
    observers.remove(picky.take)
    observers.remove(other.take)
    observers.add(picky.take)
    picky.said()
    fire()
    assert picky.said() == NAMES


def test_newest_events_are_held_for_who_fetches_them() -> None:
    """Nobody is told of them; once another wants every event, all are told."""
    observers, pipeline = Observers(), Pipeline()
    observers.bind(pipeline)
    told: list[list[str]] = []

    def fetching(found: Sequence[Tapped]) -> None:
        told.append([name for _, name, *_ in found])
        for number, *_ in found:
            observers.set_interest(fetching, number, True, newest=True)

    def fire(*names: str) -> None:
        pipeline.feed(frame([state_changed(name) for name in names]))
        observers.tell()

    observers.add(fetching)
    fire(*NAMES)
    assert told == [NAMES]
    fire(*NAMES)
    fire(*NAMES[:2])
    assert told == [NAMES]
    assert len(observers.newest()) == 3
    every = Watcher(observers)
    observers.add(every.take)
    fire("light.a")
    assert (told, every.said()) == ([NAMES, ["light.a"]], ["light.a"])
    assert observers.newest() == []
    observers.remove(every.take)
    fire("light.a")
    assert (told[2:], len(observers.newest())) == ([], 1)


def test_patience_ends_with_the_first_who_has_none() -> None:
    """Whoever listens says whether it minds to be told a little later."""
    observers = Observers()
    told: list[object] = []
    calm: list[object] = []
    observers.add(calm.append, patient=True)
    assert observers.patient
    observers.add(told.append)
    assert not observers.patient
    observers.add(told.append, patient=True)
    assert observers.patient
    observers.add(told.append)
    observers.remove(told.append)
    assert observers.patient
