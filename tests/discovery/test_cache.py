"""The home on disk: whole, private, of one address, and not written needlessly."""

from __future__ import annotations

import asyncio
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from hiq.discovery.cache import NAME, RENAMES, Cache
from hiq.discovery.keepers import Answers
from hiq.discovery.renames import FIRST_LIMIT, LIMIT, Rename, Renames
from hiq.discovery.saving import CacheKeeper
from hiq.ha.home import Home, changes
from hiq.ha.registries import Area, Entity, Registry, decode_row
from hiq.journal.files import Files
from hiq.simulate import registries

URL = "http://home:8123"


def home() -> Home:
    """All registries of a simulated home."""
    rows = registries.Home(40, 5)
    made = Home()
    for registry, several in (
        (Registry.FLOORS, rows.floor_rows()),
        (Registry.LABELS, rows.label_rows()),
        (Registry.AREAS, rows.area_rows()),
        (Registry.CONFIG_ENTRIES, rows.config_entry_rows()),
        (Registry.DEVICES, rows.device_rows()),
        (Registry.ENTITIES, rows.entity_rows()),
    ):
        decoded = [decode_row(registry, msgspec.json.encode(row)) for row in several]
        made = made.with_rows(registry, decoded)
    return made


def test_a_home_comes_back_as_it_was(tmp_path):
    """Every tag is the same, the age is that of the reading, only we may read it."""
    cache = Cache(tmp_path / "new")
    assert cache.load(URL) is None
    cache.save(home(), URL, 1_700_000_000.0)
    found = cache.load(URL)
    assert found.read_at_s == 1_700_000_000.0
    assert found.home == home()
    assert changes(found.home, home()) == []
    assert os.stat(cache.path).st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [b"", b"\x93no", msgspec.msgpack.encode({})])
def test_a_broken_file_is_ignored_and_told(tmp_path, caplog, content):
    """The registry is read from Home Assistant then."""
    (tmp_path / NAME).write_bytes(content)
    (tmp_path / RENAMES).write_bytes(content)
    assert Cache(tmp_path).load(URL) is None
    assert Cache(tmp_path).load_renames().last == ()
    assert "cached registry is not used" in caplog.text


def test_the_home_of_another_address_is_not_ours(tmp_path, caplog):
    """Tags of another home would be wrong ones."""
    cache = Cache(tmp_path)
    cache.save(home(), URL, 1.0)
    assert cache.load("http://other:8123") is None
    assert "another home" in caplog.records[0].reason
    assert cache.load() is not None


def keeper(folder) -> CacheKeeper:
    """One that writes at once, in this thread's executor."""
    return CacheKeeper(
        Cache(folder), URL, executor=None, clock=lambda: 2000.0, quiet_s=0.0
    )


async def test_a_change_is_written_and_an_equal_home_only_touches_the_file(tmp_path):
    """Thirty megabytes a day of equal files would wear a card out."""
    it, cache = keeper(tmp_path), Cache(tmp_path)
    it.changed(home())
    await it.flush()
    inode = os.stat(cache.path).st_ino
    it.refreshed(home(), Answers())
    await it.flush()
    assert os.stat(cache.path).st_ino == inode
    assert cache.load(URL).read_at_s == 2000.0
    it.changed(home().with_row(Registry.AREAS, Area("new", "New")))
    await it.flush()
    assert "new" in cache.load(URL).home.areas


async def test_changes_are_written_by_themselves(tmp_path):
    """The task waits for news and then for quiet."""
    it, cache = keeper(tmp_path), Cache(tmp_path)
    task = asyncio.create_task(it.run())
    renames = Renames()
    renames.add(Rename(1.0, "a.b", "a.c", "r1"))
    it.renamed(renames)
    it.changed(home())
    async with asyncio.timeout(10):
        while cache.load(URL) is None:
            await asyncio.sleep(0.001)
    task.cancel()
    assert cache.load_renames().first_ids == {"r1": "a.b"}


class Full(Files):
    """A disk without room, for a while."""

    full = True

    def replace(self, path: Path, data: bytes, *, sync: bool) -> None:
        """Replace, or fail."""
        if self.full:
            raise OSError(28, "No space left on device")
        super().replace(path, data, sync=sync)


async def test_what_a_full_disk_refused_is_written_later(tmp_path):
    """Home Assistant does not know what an entity was called first."""
    disk = Full()
    it = CacheKeeper(
        Cache(tmp_path, disk), URL, executor=None, clock=lambda: 2000.0, quiet_s=0.0
    )
    renames = Renames()
    renames.add(Rename(1.0, "a.b", "a.c", "r1"))
    it.renamed(renames)
    it.refreshed(home(), Answers())
    await it.flush()
    disk.full = False
    await it.flush()
    cache = Cache(tmp_path)
    assert cache.load_renames().first_ids == {"r1": "a.b"}
    assert cache.load(URL) is not None


async def test_a_stop_within_a_write_loses_no_rename(tmp_path):
    """The write may not have begun: the last flush does it."""
    busy = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        it = CacheKeeper(
            Cache(tmp_path), URL, executor=pool, clock=lambda: 2000.0, quiet_s=0.0
        )
        pool.submit(busy.wait, 60.0)
        renames = Renames()
        renames.add(Rename(1.0, "a.b", "a.c", "r1"))
        it.renamed(renames)
        task = asyncio.ensure_future(it.flush())
        for _ in range(5):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        busy.set()
        await it.flush()
    assert Cache(tmp_path).load_renames().first_ids == {"r1": "a.b"}


async def test_a_disk_that_cannot_be_written_is_told_once(tmp_path, caplog):
    """And it stops nothing."""
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    it = keeper(tmp_path / "file")
    for _ in range(3):
        it.changed(Home().with_rows(Registry.ENTITIES, [Entity("a.b")]))
        await it.flush()
    assert caplog.text.count("cannot be kept") == 1


def test_renames_are_bounded():
    """The oldest give way, and the first name stays the first."""
    it = Renames()
    for number in range(FIRST_LIMIT + 1):
        it.add(Rename(0.0, f"a.old{number}", f"a.new{number}", f"r{number}"))
    it.add(Rename(0.0, "a.new5", "a.newer5", "r5"))
    assert len(it.last) == LIMIT
    assert len(it.first_ids) == FIRST_LIMIT
    assert it.forgotten == 1
    assert it.first_ids["r5"] == "a.old5"
    assert Renames.decode(it.encode()).encode() == it.encode()
