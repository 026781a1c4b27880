"""The history of the registries: each change is a point once, and none is lost."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from hiq.discovery import history as module
from hiq.discovery.history import RegistryHistory
from hiq.discovery.keepers import Answers
from hiq.discovery.pointlog import PointLog
from hiq.errors import JournalError
from hiq.ha.home import Home
from hiq.ha.registries import ConfigEntry, Device, Entity, Registry
from hiq.journal.files import Files
from hiq.stats import DiscoveryStats
from tests.lineprotocol import decode_one
from tests.serving import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

LAMP = Entity("light.lamp", id="r1", platform="hue", device_id="d", unique_id="u 1")
DEVICE = Device("d", name="Lamp", manufacturer="Maker, Inc", area_id="hall")
ENTRY = ConfigEntry("e", "hue", "Bridge", "loaded")
HOME = (
    Home()
    .with_rows(Registry.CONFIG_ENTRIES, [ENTRY])
    .with_rows(Registry.DEVICES, [DEVICE])
    .with_rows(Registry.ENTITIES, [LAMP])
)


class Rig:
    """One history, and a journal that can fail."""

    def __init__(self, folder: Path, files: Files | None = None) -> None:
        self.lines: list[str] = []
        self.broken = False
        self.now = 1_700_000_000.0
        self.stats = DiscoveryStats()
        self.log = PointLog(folder, files)
        self.it = RegistryHistory(
            self.log, self.put, self.stats, executor=None, clock=lambda: self.now
        )

    async def put(self, kind: str, lines: bytes, times_ns: Sequence[int]) -> None:
        """Take lines as the journal does."""
        if self.broken:
            raise JournalError("journal", "the disk says no")
        assert kind == "registry"
        assert len(times_ns) == lines.count(b"\n")
        self.lines += lines.decode().splitlines()

    def points(self) -> list[Any]:
        """What came since the last time."""
        found = [decode_one(line.encode()) for line in self.lines]
        self.lines.clear()
        return found

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run it as the service does, closing included."""
        await self.it.open()
        task = asyncio.create_task(self.it.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])
            await self.it.close()

    async def settled(self) -> None:
        """Wait until all is said."""
        await until(
            "all is said",
            lambda: not (self.it._waiting or self.log.owed or self.it._news.is_set()),
        )


async def test_each_row_is_a_point_with_names_of_the_homeiq_service(tmp_path):
    """Devices, entities and config entries; what is missing has a stand-in."""
    rig = Rig(tmp_path)
    async with rig.running():
        rig.it.changed(HOME)
        await rig.settled()
        entry, device, entity = rig.points()
    assert (entry.measurement, entry.tags, entry.fields) == (
        "config_entries",
        {"entry_id": "e", "domain": "hue", "state": "loaded"},
        {"title": "Bridge"},
    )
    assert (device.measurement, device.tags, device.fields) == (
        "devices",
        {
            "device_id": "d",
            "manufacturer": "Maker, Inc",
            "model": "Unknown",
            "area_id": "hall",
        },
        {"name": "Lamp", "sw_version": "Unknown", "entity_count": 1.0},
    )
    assert (entity.measurement, entity.tags, entity.fields) == (
        "entities",
        {
            "entity_id": "light.lamp",
            "device_id": "d",
            "domain": "light",
            "platform": "hue",
            "area_id": "hall",
        },
        {"unique_id": "u 1", "disabled": False},
    )
    assert {p.time_ns for p in (entry, device, entity)} == {1_700_000_000 * 10**9}


async def test_only_what_differs_is_said_and_a_restart_says_nothing_again(tmp_path):
    """A move of the device concerns its entities; a refresh that is equal nobody."""
    rig = Rig(tmp_path)
    async with rig.running():
        rig.it.changed(HOME)
        rig.it.refreshed(HOME, Answers())
        await rig.settled()
        assert len(rig.points()) == 3
        attic = Device("d", name="Lamp", manufacturer="Maker, Inc", area_id="attic")
        moved = HOME.with_row(Registry.DEVICES, attic)
        rig.it.changed(moved)
        await rig.settled()
        found = rig.points()
        assert [p.measurement for p in found] == ["devices", "entities"]
        assert {p.tags["area_id"] for p in found} == {"attic"}
        more = moved.with_row(Registry.ENTITIES, Entity("sensor.x", device_id="d"))
        rig.it.changed(more)
        await rig.settled()
        device, entity = rig.points()
        assert device.fields["entity_count"] == 2.0
        assert entity.tags["platform"] == "Unknown"
    again = Rig(tmp_path)
    async with again.running():
        again.it.refreshed(more, Answers())
        await again.settled()
        assert again.points() == []


async def test_what_is_gone_is_said_with_its_last_tags(tmp_path):
    """A rename is one that went and one that came; after a restart as well."""
    rig = Rig(tmp_path)
    async with rig.running():
        rig.it.changed(HOME)
        await rig.settled()
        rig.points()
        renamed = HOME.without(Registry.ENTITIES, "light.lamp")
        lamp = Entity("light.new", id="r1", platform="hue", device_id="d")
        rig.it.changed(renamed.with_row(Registry.ENTITIES, lamp))
        await rig.settled()
        new, old = rig.points()
        assert new.tags["entity_id"] == "light.new"
        assert (old.tags["entity_id"], old.fields) == ("light.lamp", {"removed": True})
        assert old.tags["area_id"] == "hall"
    again = Rig(tmp_path)
    async with again.running():
        again.it.refreshed(HOME.without(Registry.ENTITIES, "light.lamp"), Answers())
        await again.settled()
        found = {p.measurement: p for p in again.points()}
    assert found["entities"].tags["entity_id"] == "light.new"
    assert found["entities"].fields == {"removed": True}
    assert found["devices"].fields["entity_count"] == 0.0


async def test_nothing_is_said_of_a_home_that_is_half_known(tmp_path):
    """At the very first start entities come before devices; empty is not gone."""
    rig = Rig(tmp_path)
    async with rig.running():
        rig.it.changed(Home().with_rows(Registry.ENTITIES, [LAMP]))
        rig.it.changed(HOME)
        await rig.settled()
        assert len(rig.points()) == 3
    again = Rig(tmp_path)
    async with again.running():
        again.it.changed(HOME.with_rows(Registry.CONFIG_ENTRIES, []))
        await again.settled()
        assert again.points() == []
        again.it.refreshed(HOME.with_rows(Registry.CONFIG_ENTRIES, []), Answers())
        await again.settled()
        (gone,) = again.points()
        assert (gone.measurement, gone.fields) == ("config_entries", {"removed": True})


async def test_a_journal_that_fails_loses_nothing(tmp_path, monkeypatch):
    """Each change waits with its own time, and is said once."""
    monkeypatch.setattr(module, "delays", lambda: iter([0.001] * 10_000))
    rig = Rig(tmp_path)
    async with rig.running():
        rig.broken = True
        for number in range(3):
            rig.now += 1
            device = Device("d", name=f"Lamp {number}")
            rig.it.changed(HOME.with_row(Registry.DEVICES, device))
        await until("noted", lambda: len(rig.log.owed) >= 3)
        assert rig.points() == []
        rig.broken = False
        await rig.settled()
        names = [p.fields["name"] for p in rig.points() if p.measurement == "devices"]
    assert names == ["Lamp 0", "Lamp 1", "Lamp 2"]


async def test_what_was_not_journaled_is_said_after_a_restart_with_its_time(tmp_path):
    """Stopped or killed: the same point, so twice is once."""
    rig = Rig(tmp_path)
    async with rig.running():
        rig.broken = True
        rig.it.changed(HOME)
    assert rig.points() == []
    again = Rig(tmp_path)
    again.now += 500
    async with again.running():
        await again.settled()
        found = again.points()
    assert len(found) == 3
    assert {p.time_ns for p in found} == {1_700_000_000 * 10**9}


async def test_a_disk_that_cannot_be_written_is_told_once(
    tmp_path, monkeypatch, caplog
):
    """And what waits is written when it can be."""

    class Full(Files):
        full = True

        def write(self, fd: int, data: bytes) -> None:
            if self.full:
                raise OSError(28, "No space left on device")
            super().write(fd, data)

    monkeypatch.setattr(module, "delays", lambda: iter([0.001] * 10_000))
    files = Full()
    rig = Rig(tmp_path, files)
    async with rig.running():
        rig.it.changed(HOME)
        for _ in range(20):
            await asyncio.sleep(0.001)
        files.full = False
        await rig.settled()
        assert len(rig.points()) == 3
    assert caplog.text.count("history of the registries waits") == 1


async def test_too_many_homes_become_one(tmp_path, monkeypatch):
    """The last one holds; that some were left out is counted."""
    monkeypatch.setattr(module, "HOMES", 2)
    rig = Rig(tmp_path)
    await rig.it.open()
    for number in range(5):
        device = Device("d", name=f"Lamp {number}")
        rig.it.changed(HOME.with_row(Registry.DEVICES, device))
    assert rig.stats.failures["history"] == 3
    await rig.it.close()
    names = [json.loads(one.fields.partition("name=")[2].split(",")[0])
             for one in rig.log.owed if one.measurement == "devices"]  # fmt: skip
    assert names == ["Lamp 0", "Lamp 4"]


def test_the_file_is_written_anew_when_most_of_it_is_old(tmp_path, monkeypatch):
    """It stays about as long as there are rows."""
    monkeypatch.setattr("hiq.discovery.pointlog.SLACK", 10)
    log = PointLog(tmp_path)
    for number in range(200):
        log.append([module.Change("devices", "d", "devices", f"n={number}", number)])
        log.mark()
        assert len(log.path.read_bytes().splitlines()) <= 14
    again = PointLog(tmp_path)
    again.load()
    assert again.told == {("devices", "d"): ("devices", "n=199")}
    assert again.owed == []


@pytest.mark.parametrize("end", [b'["devices","d2","dev', b"\xff\xfe"])
def test_a_torn_end_costs_nothing_else(tmp_path, caplog, end):
    """What stands before it is known, what comes behind it is read."""
    log = PointLog(tmp_path)
    first = module.Change("devices", "d", "devices", "n=1", 1)
    log.append([first])
    with log.path.open("ab") as file:
        file.write(end)
    again = PointLog(tmp_path)
    again.load()
    assert again.owed == [first]
    assert "partly unreadable" in caplog.text
    second = module.Change("devices", "e", "devices", "n=2", 2)
    again.append([second])
    third = PointLog(tmp_path)
    third.load()
    assert third.owed == [first, second]
    third.mark()
    assert end not in log.path.read_bytes()
