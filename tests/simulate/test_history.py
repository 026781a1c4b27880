"""The history of a simulated home is bounded; its answers are tested by contract."""

from __future__ import annotations

from hiq.simulate.history import History, Query
from hiq.simulate.world import World

NOW = 1_700_000_000_000_000
ENTITY = "sensor.x"


def remember(history: History, count: int, entity_id: str = ENTITY) -> None:
    """Add states 0, 1, 2 ... a second apart, each two microseconds."""
    world = World(1)
    for number in range(count):
        change = world.set(
            entity_id, str(number), {"n": number}, NOW + number * 1_000_000
        )
        assert change.new
        history.add(change.new)


def states(history: History, **fields) -> list:
    """Return the states of the answer for one entity."""
    query = Query(
        **{"start_us": NOW - 1, "end_us": None, "entity_ids": [ENTITY], **fields}
    )
    return [row["s"] for row in history.answer(query).get(ENTITY, [])]


def test_the_oldest_changes_are_forgotten_and_counted():
    """Beyond the limit the oldest of all entities goes first."""
    history = History(limit=5)
    remember(history, 3, "sensor.old")
    remember(history, 4)
    assert len(history) == 5
    assert history.forgotten == 2
    assert states(history) == ["0", "1", "2", "3"]
    old = Query(NOW - 1, None, ["sensor.old"])
    assert [row["s"] for row in history.answer(old)["sensor.old"]] == ["2"]


def test_an_entity_that_is_wholly_forgotten_is_not_answered():
    """Forgetting the last row of an entity forgets the entity."""
    history = History(limit=2)
    remember(history, 1, "sensor.old")
    remember(history, 2)
    assert history.answer(Query(0, None, ["sensor.old", "sensor.no"])) == {}


def test_the_start_state_is_there_without_any_later_change():
    """An entity that did not change in the window has its state at the start."""
    history = History()
    remember(history, 2)
    start_us = NOW + 5_000_000
    assert states(history, start_us=start_us) == ["1"]
    assert states(history, start_us=start_us, include_start_time_state=False) == []


def test_a_removal_is_a_row_without_a_state():
    """A removed entity has a row with null, until it comes back."""
    history = History()
    remember(history, 1)
    history.remove(ENTITY, NOW + 1_000_000)
    assert states(history) == ["0", None]


def test_the_window_ends_before_its_end():
    """A change at the end is not in the window, one before is."""
    history = History()
    remember(history, 3)
    assert states(history, end_us=NOW + 2_000_000) == ["0", "1"]
