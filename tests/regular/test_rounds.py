"""Snapshots: when they are written, of whom, and that they do not stop the reader."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from msgspec import Raw

from hiq.ha.home import Home
from hiq.ha.registries import Entity, Registry
from hiq.regular import rounds as module
from tests.regular.rig import EVERY, START, Rig


async def test_the_last_values_are_written_at_multiples_of_the_interval():
    """States at connect and events; one time for all, with the mark."""
    rig = Rig()
    rig.connect(sensor__a="1", sensor__b="2")
    async with rig.running():
        rig.event("sensor.a", "5", START)
        found = await rig.tick()
        assert {(p.measurement, p.fields["value"]) for p in found} == {
            ("sensor.a", 5.0),
            ("sensor.b", 2.0),
        }
        assert all(p.fields["hiq_snapshot"] == 1.0 for p in found)
        (stamp,) = {p.time_ns for p in found}
        assert stamp % (EVERY * 1e9) == 0
        again = await rig.tick()
        assert {p.time_ns for p in again} == {stamp + int(EVERY * 1e9)}
        assert len(again) == 2
    regular = rig.stats.regular
    assert (regular.rounds, regular.missed, regular.entities) == (2, 0, 2)
    assert rig.stats.received == 0


async def test_it_passes_on_what_a_watcher_is_told():
    """And returns what that one says is worth feeding."""
    rig = Rig()
    rig.it.subscribed(None, "")
    state = Raw(b'{"entity_id":"a.b"}')
    assert rig.it.fresh([state, state]) == [state]
    rig.it.lost("cut")
    assert rig.told == ["subscribed", "fresh", "lost"]


async def test_who_has_changed_since_has_a_point_of_its_own():
    """The snapshot would say at its time what came later."""
    rig = Rig()
    rig.connect(sensor__a="1", sensor__b="2")
    async with rig.running():
        await rig.tick()
        rig.event("sensor.a", "9", rig.now - module.LAG_S + EVERY + 1)
        found = await rig.tick()
        assert [p.measurement for p in found] == ["sensor.b"]
        assert len(await rig.tick()) == 2


async def test_what_is_gone_or_unavailable_makes_no_point():
    """As the schema says for a change."""
    rig = Rig()
    rig.connect(sensor__a="1", sensor__b="2", sensor__c="unavailable")
    async with rig.running():
        await rig.tick()
        rig.event("sensor.a", None, rig.now)
        rig.event("sensor.b", "unknown", rig.now)
        assert await rig.tick() == []


@pytest.mark.parametrize(
    ("rules", "wanted"),
    [
        ({}, {"light.a", "sensor.a", "sensor.b"}),
        ({"patterns": ({"domain": ["light"]},)}, {"sensor.a", "sensor.b"}),
        ({"mode": "include", "patterns": ({"entity_id": ["*.a"]},)},
         {"light.a", "sensor.a"}),
        ({"mode": "include", "patterns": ({"area_id": ["attic"]},)}, {"sensor.b"}),
        ({"patterns": ({"domain": ["sensor"]},),
          "exceptions": ({"device_class": ["power"]},)}, {"light.a", "sensor.b"}),
    ],
)  # fmt: skip
async def test_its_filter_says_who_is_in(rules, wanted):
    """With the keys of the main filter, registry and device class included."""
    rig = Rig(**rules)
    attic = [Entity("sensor.b", id="r", area_id="attic")]
    from hiq.ha.registries import Area  # noqa: PLC0415

    rig.it.changed(
        Home()
        .with_rows(Registry.AREAS, [Area("attic", "Attic")])
        .with_rows(Registry.ENTITIES, attic)
    )
    rig.it.fresh([])
    async with rig.running():
        rig.event("light.a", "on", START)
        rig.event("sensor.a", "1", START)
        rig.event("sensor.b", "2", START, device_class="power")
        found = await rig.tick()
    names = {f"{p.tags['domain']}.{p.tags['entity_id']}" for p in found}
    assert names == wanted


async def test_what_the_main_filter_leaves_out_is_in_no_snapshot():
    """Also states at connect, also by class, also after a reload of the filter."""
    rig = Rig(main={"patterns": [{"device_class": ["power"]}]})
    rig.connect(sensor__a="1", sensor__b="2")
    async with rig.running():
        rig.event("sensor.p", "3", START, device_class="power")
        assert {p.measurement for p in await rig.tick()} == {"sensor.a", "sensor.b"}
        rig.pipeline.set_filter({"filter": {"patterns": [{"entity_id": ["*.a"]}]}})
        assert {p.measurement for p in await rig.tick()} == {"sensor.b"}


async def test_limits_of_the_main_filter_do_not_thin_snapshots():
    """What has not changed is what is wanted; lists of attributes hold."""
    rig = Rig(
        main={
            "limits": [{"domain": ["sensor"], "min_change": 100.0}],
            "attributes": {"deny": ["secret"]},
        }
    )
    rig.it.fresh([])
    async with rig.running():
        rig.event("sensor.a", "1", START, secret="x", open="y")
        for _ in range(3):
            (point,) = await rig.tick()
            assert point.fields["value"] == 1.0
            assert "open_str" in point.fields
            assert "secret_str" not in point.fields


async def test_a_change_of_the_registry_is_in_the_next_snapshot():
    """Area tags, and who is wanted."""
    rig = Rig(schema="tidy", patterns=({"label": ["hidden"]},))
    rig.it.fresh([])
    from hiq.ha.registries import Area, Label  # noqa: PLC0415

    home = (
        Home()
        .with_rows(Registry.AREAS, [Area("attic", "Attic")])
        .with_rows(Registry.LABELS, [Label("hidden", "Hidden")])
        .with_rows(Registry.ENTITIES, [Entity("sensor.a", id="r", area_id="attic")])
    )
    async with rig.running():
        rig.event("sensor.a", "1", START)
        (point,) = await rig.tick()
        assert "area" not in point.tags
        rig.it.changed(home)
        (point,) = await rig.tick()
        assert point.tags["area"] == "Attic"
        row = Entity("sensor.a", id="r", area_id="attic", labels=("hidden",))
        rig.it.changed(home.with_row(Registry.ENTITIES, row))
        assert await rig.tick() == []
        rig.it.changed(home)
        rig.event("sensor.a", "2", rig.now)
        (point,) = await rig.tick()
        assert point.fields["value"] == 2.0


async def test_while_home_assistant_is_away_none_is_written(caplog):
    """Its last values are not known; the next connection begins anew."""
    caplog.set_level("INFO", logger="hiq.regular")
    rig = Rig()
    async with rig.running():
        assert await rig.tick() == []
        rig.connect(sensor__a="1", sensor__b="1")
        assert len(await rig.tick()) == 2
        rig.it.lost("cut")
        assert await rig.tick() == []
        rig.connect(sensor__b="2")
        (point,) = await rig.tick()
        assert point.fields["value"] == 2.0
    assert rig.stats.regular.missed == 2
    told = [r.reason for r in caplog.records if r.name == "hiq.regular"]
    assert told == ["not subscribed"] * 2


async def test_a_half_full_or_closed_journal_gets_none():
    """Its room is for changes; what was given up is not written later."""
    rig = Rig()
    rig.connect(sensor__a="1")
    async with rig.running():
        rig.stats.journal.bytes, rig.stats.journal.max_bytes = 60, 100
        assert await rig.tick() == []
        rig.stats.journal.bytes = 40
        rig.broken = True
        assert await rig.tick() == []
        rig.broken = False
        assert len(await rig.tick()) == 1
    assert (rig.stats.regular.missed, rig.stats.regular.rounds) == (2, 1)


async def test_a_snapshot_that_takes_too_long_is_given_up(monkeypatch):
    """The next one is whole."""
    monkeypatch.setattr(module, "SHARE", 1e-6)
    rig = Rig()
    rig.connect(sensor__a="1")
    stuck = asyncio.Event()
    put = rig.it._put

    async def never(*_: Any) -> None:
        await stuck.wait()

    rig.it._put = never
    async with rig.running():
        assert await rig.tick() == []
        assert rig.stats.regular.missed == 1
        rig.it._put = put
        monkeypatch.setattr(module, "SHARE", 0.9)
        assert len(await rig.tick()) == 1


async def test_the_loop_has_its_turn_between_steps():
    """Thousands of entities are written in many steps, and all of them."""
    rig = Rig()
    rig.it.fresh([])
    for number in range(2000):
        rig.event(f"sensor.s{number}", str(number), START)
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with rig.running():
        counting = asyncio.create_task(count())
        found = await rig.tick()
        counting.cancel()
    assert len(found) == 2000
    assert turns >= 2000 / module.SLICE
    assert {len(v.state) > 0 for v in rig.it.values.present()} == {True}
