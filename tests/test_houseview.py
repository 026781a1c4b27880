"""The status of the house within the service: read only when somebody looks."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import msgspec
import pytest

from hiq import Pipeline
from hiq.houseview import HouseView
from hiq.observe import Observers
from tests.events import frame, state_changed

if TYPE_CHECKING:
    from hiq.roles import Watcher


class Nobody:
    """Who wants no state at connect."""

    def fresh(self, states: list[msgspec.Raw]) -> list[msgspec.Raw]:
        """Want them all."""
        return states


class Rig:
    """A pipeline, and the house that is seen through it."""

    def __init__(self) -> None:
        self.pipeline, self.observers = Pipeline(), Observers()
        self.observers.bind(self.pipeline)
        view = HouseView(self.observers, self.pipeline, cast("Watcher", Nobody()))
        self.house = view.house
        view.fresh([])

    def fire(self, name: str, state: str) -> None:
        """Let an entity change."""
        self.pipeline.feed(frame([state_changed(name, state)]))
        self.observers.tell()

    def lights_on(self) -> int:
        """How many lights are on, by the status."""
        rooms = self.house.status("now").lights_by_area
        return sum(room.on_count for room in rooms)


@pytest.fixture(name="rig")
def _rig() -> Rig:
    return Rig()


def test_the_status_is_that_of_the_last_event(rig: Rig) -> None:
    """However many came since somebody looked."""
    for state in ("on", "off", "on"):
        rig.fire("light.a", state)
        rig.fire("light.b", state)
    assert rig.lights_on() == 2
    rig.fire("light.b", "off")
    assert rig.lights_on() == 1


def test_nothing_is_read_while_nobody_looks(rig: Rig) -> None:
    """After its first event an entity is left to the core until then."""
    rig.fire("light.a", "on")
    seen: list[int] = []
    rig.house.observe = lambda events: seen.append(len(list(events)))  # type: ignore[method-assign]
    for state in ("off", "on", "off"):
        rig.fire("light.a", state)
    assert seen == []
    rig.house.status("now")
    assert seen == [1]


def test_who_listens_is_told_of_every_change(rig: Rig) -> None:
    """Also of those that were held; after it has left they are held again."""
    rig.fire("light.a", "on")
    rig.fire("light.a", "off")
    told: list[object] = []
    rig.house.listen(told.append)
    rig.fire("light.a", "on")
    rig.fire("light.a", "off")
    assert len(told) == 3
    rig.house.unlisten(told.append)
    rig.fire("light.a", "on")
    rig.fire("light.a", "on")
    assert (len(told), rig.lights_on()) == (3, 1)
