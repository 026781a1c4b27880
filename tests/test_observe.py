"""The fan-out of accepted events: once per read, to all, and nothing for nobody."""

from __future__ import annotations

import logging

import pytest

from hiq import Pipeline
from hiq.ha.feed import Feed
from hiq.observe import Observers
from hiq.stats import Stats
from tests.events import frame, state_changed


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
    observers = Observers()
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
