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


def attribute_change(domain: str) -> tuple[History, str]:
    """Return a history of a state and a change of its attributes alone."""
    history, world, entity_id = History(), World(1), f"{domain}.x"
    for number in (1, 2):
        change = world.set(entity_id, "on", {"n": number}, NOW + number)
        assert change.new
        history.add(change.new)
    return history, entity_id


def test_attribute_changes_count_where_they_are_significant():
    """A climate's attributes are worth a row, a sensor's only if asked for."""
    rows = {}
    for domain in ("sensor", "climate"):
        history, name = attribute_change(domain)
        for significant in (True, False):
            query = Query(NOW, None, [name], significant_changes_only=significant)
            rows[domain, significant] = history.answer(query)[name]
    assert {key: len(found) for key, found in rows.items()} == {
        ("sensor", True): 1,
        ("sensor", False): 2,
        ("climate", True): 2,
        ("climate", False): 2,
    }
    assert rows["sensor", False][1]["lc"] == (NOW + 1) / 1e6
    assert "lc" not in rows["climate", True][1]


def test_minimal_rows_leave_out_repeats_and_attributes():
    """Of a sensor that repeats its state one row is left; of a climate all are."""
    lengths = []
    for domain in ("sensor", "climate"):
        history, name = attribute_change(domain)
        query = Query(
            NOW, None, [name], minimal_response=True, significant_changes_only=False
        )
        lengths.append([sorted(row) for row in history.answer(query)[name]])
    assert lengths == [[["a", "lu", "s"]], [["a", "lu", "s"], ["a", "lc", "lu", "s"]]]


def test_without_attributes_they_are_empty():
    """`no_attributes` keeps the key, with nothing in it."""
    history = History()
    remember(history, 2)
    query = Query(NOW - 1, None, [ENTITY], no_attributes=True)
    assert [row["a"] for row in history.answer(query)[ENTITY]] == [{}, {}]
