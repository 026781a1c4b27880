"""Discovery between Home Assistant and the pipeline: what is asked, what is told."""

from __future__ import annotations

import asyncio

import pytest

from hiq.errors import CommandError, ConnectionLost
from hiq.ha.events import HoldEnded
from hiq.ha.home import Home
from hiq.ha.registries import Registry
from tests.discovery.desk import desk

LISTS = set(Registry)


async def test_everything_is_asked_at_connect_and_told_to_the_pipeline():
    """Six registries, five subscriptions; each enabled entity gets its tags."""
    async with desk() as it:
        assert it.connect() == 15.0
        await it.settled()
        assert {q.name for q in it.asked} == LISTS | {"subscribe_events"}
        assert len(it.told) == 30
        entity = it.rows[Registry.ENTITIES][1]
        tags = it.told[entity["entity_id"]]
        assert tags["rid"] == entity["id"]
        assert {"area", "device", "integration", "manufacturer"} <= tags.keys()
        assert it.released
        assert it.stats.discovery.sizes["entities"] == 30
        assert it.stats.discovery.refreshes == 1


async def test_the_subscription_waits_only_without_a_known_home():
    """At a reconnect, and with a cache, nothing waits."""
    async with desk() as it:
        it.connect()
        await it.settled()
        it.it.lost()
        assert it.connect() == 0.0
    async with desk() as it:
        await it.it.restore(Home(), 1.0)
        assert it.connect() == 0.0


async def test_the_subscription_goes_when_what_it_waits_for_is_told():
    """Other registries may be slower."""
    async with desk() as it:
        it.silent = {Registry.DEVICES}
        it.connect()
        await it.settled()
        assert it.released == 1
        assert len(it.told) == 30
    async with desk(hold=frozenset(Registry)) as it:
        it.silent = {Registry.DEVICES}
        it.connect()
        await it.settled()
        assert it.released == 0


async def test_a_second_registry_that_is_equal_tells_nothing():
    """Only differences reach the pipeline."""
    async with desk() as it:
        it.connect()
        await it.settled()
        before = it.calls
        assert await it.it.trigger() == (len(it.rows[Registry.DEVICES]), 30)
        assert it.calls == before


async def test_a_changed_entity_is_asked_for_alone_and_has_its_new_area():
    """Then the area is removed, and the tag goes."""
    async with desk() as it:
        it.connect()
        await it.settled()
        it.asked.clear()
        row = it.rows[Registry.ENTITIES][1]
        row["area_id"] = "garden"
        entity_id = row["entity_id"]
        it.event("entity_registry_updated", action="update", entity_id=entity_id)
        await it.settled()
        assert [q.name for q in it.asked] == ["config/entity_registry/get"]
        assert it.told[entity_id]["area"] == "Garden"
        it.event("area_registry_updated", action="remove", area_id="garden")
        await it.settled()
        assert not {"area", "area_id"} & it.told[entity_id].keys()


async def test_a_removed_entity_loses_its_tags_without_a_question():
    """The event says all."""
    async with desk() as it:
        it.connect()
        await it.settled()
        it.asked.clear()
        entity_id = it.rows[Registry.ENTITIES][0]["entity_id"]
        it.event("entity_registry_updated", action="remove", entity_id=entity_id)
        await it.settled()
        assert entity_id not in it.told
        assert not it.asked


async def test_a_rename_clears_the_old_id_and_keeps_the_first():
    """The tags move to the new id, which knows the first one, over two renames."""
    async with desk() as it:
        it.connect()
        await it.settled()
        row = it.rows[Registry.ENTITIES][0]
        first = row["entity_id"]
        for new in ("sensor.second", "sensor.third"):
            old, row["entity_id"] = row["entity_id"], new
            it.event(
                "entity_registry_updated",
                action="update",
                entity_id=new,
                old_entity_id=old,
            )
            await it.settled()
            assert old not in it.told
            assert it.told[new]["first_entity_id"] == first
        assert it.stats.discovery.renames == 2
        assert [r.old for r in it.it.renames.last] == [first, "sensor.second"]


@pytest.mark.parametrize(
    ("event_type", "registry", "key"),
    [
        ("device_registry_updated", Registry.DEVICES, "device_id"),
        ("area_registry_updated", Registry.AREAS, "area_id"),
        ("floor_registry_updated", Registry.FLOORS, "floor_id"),
        ("label_registry_updated", Registry.LABELS, "label_id"),
    ],
)
async def test_a_change_elsewhere_asks_for_that_registry_only(
    event_type, registry, key
):
    """A new row is followed at once."""
    async with desk() as it:
        it.connect()
        await it.settled()
        it.asked.clear()
        it.event(event_type, action="update", **{key: "x"})
        await it.settled()
        assert [q.name for q in it.asked] == [registry]


async def test_a_change_while_the_answer_is_on_its_way_is_asked_for_again():
    """The answer may be older than the change."""
    async with desk() as it:
        it.connect()
        await it.settled()
        it.silent = {Registry.AREAS}
        it.asked.clear()
        for _ in range(3):
            it.event("area_registry_updated", action="update", area_id="hall")
        await it.settled()
        assert len(it.asked) == 1
        it.silent = set()
        it.it.take(it.answer(it.asked[0]))
        await it.settled()
        assert len(it.asked) == 2


async def test_many_changes_at_once_ask_for_the_whole_list():
    """More than a hundred single questions are not sent."""
    async with desk() as it:
        it.connect()
        await it.settled()
        it.silent = {"config/entity_registry/get", Registry.ENTITIES}
        it.asked.clear()
        for number in range(150):
            entity_id = f"sensor.n{number}"
            it.event("entity_registry_updated", action="create", entity_id=entity_id)
        await it.settled()
        for _ in range(10):
            await it.settled()
        names = [q.name for q in it.asked]
        assert names.count("config/entity_registry/get") == 100
        assert names.count(Registry.ENTITIES) == 1


async def test_an_older_home_has_no_floors_and_labels():
    """Unknown commands are no failure."""
    async with desk() as it:
        it.refused = dict.fromkeys(
            (Registry.FLOORS, Registry.LABELS), "unknown_command"
        )
        it.connect()
        await it.settled()
        assert it.stats.discovery.refreshes == 1
        assert not it.stats.discovery.failures
        assert "area" in next(iter(it.told.values()))


async def test_a_failed_registry_degrades_health_and_is_asked_again(caplog):
    """What was known stays; after half a minute it is tried again."""
    async with desk() as it:
        it.connect()
        await it.settled()
        it.refused = {Registry.DEVICES: "timeout"}
        with pytest.raises(CommandError, match="device_registry"):
            await it.it.trigger()
        assert "device" in next(iter(it.told.values()))
        await it.settled()
        assert "devices" in it.stats.concerns["discovery"].reason
        assert it.stats.discovery.failures == {"devices": 1}
        it.refused = {}
        it.now += 31.0
        it.event("other", action="x")  # the clock of the test does not tick by itself
        await it.settled()
        it.event("other", action="x")
        await it.settled()
        assert "discovery" not in it.stats.concerns
    assert "device_registry" in caplog.text


async def test_a_registry_that_is_not_read_for_long_warns(caplog):
    """Once, however often it is looked at."""
    async with desk() as it:
        await it.it.restore(Home(), it.now - 4000.0)
        for _ in range(3):
            it.event("other")
            await it.settled()
        assert "not read for 4000 s" in it.stats.concerns["discovery"].reason
    assert caplog.text.count("out of date") == 1


async def test_everything_is_read_again_now_and_then():
    """After half an hour, without any event."""
    async with desk() as it:
        it.connect()
        await it.settled()
        it.asked.clear()
        it.now += 1801.0
        it.event("other")
        await it.settled()
        assert {q.name for q in it.asked} == LISTS


async def test_events_without_registry_are_in_the_ledger():
    """What was encoded after the wait has no tags, and is told so."""
    async with desk(hold=frozenset(Registry)) as it:
        it.silent = set(Registry)
        it.connect()
        await it.settled()
        it.it.take(HoldEnded())
        await it.settled()
        (gap,) = it.stats.gaps.gaps
        assert (gap.cause, gap.state) == ("registry_late", "open")
        it.silent = set()
        for question in list(it.asked):
            if question.name in LISTS:
                it.it.take(it.answer(question))
        await it.settled()
        (gap,) = it.stats.gaps.gaps
        assert (gap.state, gap.points) == ("lost", 0)


async def test_a_trigger_without_connection_says_so():
    """Before the first, and when it ends meanwhile."""
    async with desk() as it:
        with pytest.raises(ConnectionLost):
            await it.it.trigger()
        it.connect()
        await it.settled()
        it.silent = set(Registry)
        asking = asyncio.create_task(it.it.trigger())
        await it.settled()
        it.it.lost()
        with pytest.raises(ConnectionLost, match="ended"):
            await asking


async def test_a_bad_event_and_a_bad_answer_change_nothing():
    """They are counted."""
    async with desk() as it:
        it.connect()
        await it.settled()
        before = dict(it.told)
        it.event("entity_registry_updated", entity_id=7)
        it.rows[Registry.ENTITIES] = {"not": "a list"}
        with pytest.raises(CommandError, match="unreadable_answer"):
            await it.it.trigger()
        assert it.told == before
        assert it.stats.discovery.unreadable == 1
