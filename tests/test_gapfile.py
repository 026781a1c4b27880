"""The file of the ledger of gaps."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from hiq.gapfile import GapFile
from hiq.gaps import Ledger
from hiq.journal.files import Files

if TYPE_CHECKING:
    from pathlib import Path


class Failing(Files):
    """A disk that refuses while told to."""

    broken = True

    def replace(self, path: Path, data: bytes, *, sync: bool) -> None:
        """Replace, or fail."""
        if self.broken:
            raise OSError(28, "No space left on device")
        super().replace(path, data, sync=sync)


async def test_changes_are_kept_over_a_restart(tmp_path):
    """What was noted, from any thread, is there after the next start."""
    path = tmp_path / "data" / "gaps.json"
    one = Ledger()
    file = GapFile(one, path)
    await file.load()
    task = asyncio.ensure_future(file.run())
    number = one.open("disconnected", 1.0, source="home_assistant")
    thread = threading.Thread(
        target=lambda: one.settle(number, "repaired", "backfill", end_s=2.0)
    )
    thread.start()
    thread.join()
    async with asyncio.timeout(10):
        while not path.exists():
            await asyncio.sleep(0.01)
    task.cancel()
    assert await file.flush()
    two = Ledger()
    await GapFile(two, path).load()
    assert two.gaps == one.gaps


async def test_a_file_that_is_no_ledger_is_set_aside(tmp_path, caplog):
    """Garbage is not overwritten but renamed, and the ledger begins anew."""
    path = tmp_path / "gaps.json"
    path.write_bytes(b"garbage")
    ledger = Ledger()
    await GapFile(ledger, path).load()
    assert ledger.gaps == ()
    assert (tmp_path / "gaps.bad").read_bytes() == b"garbage"
    assert "cannot be read" in caplog.text


async def test_a_full_disk_is_tried_again(tmp_path, caplog):
    """A write that fails is said once and done when the disk has room."""
    path = tmp_path / "gaps.json"
    ledger = Ledger()
    disk = Failing()
    file = GapFile(ledger, path, files=disk)
    await file.load()
    ledger.open("stopped", 1.0, source="home_assistant")
    await asyncio.sleep(0)
    assert not await file.flush()
    assert not await file.flush()
    assert caplog.text.count("cannot be written") == 1
    disk.broken = False
    assert await file.flush()
    assert path.exists()


async def test_a_stop_within_a_write_loses_no_change(tmp_path):
    """The write may not have begun: the last flush does it."""
    path = tmp_path / "gaps.json"
    ledger, busy = Ledger(), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        file = GapFile(ledger, path, executor=pool)
        await file.load()
        pool.submit(busy.wait, 60.0)
        ledger.open("disconnected", 1.0, source="home_assistant")
        await asyncio.sleep(0)
        task = asyncio.ensure_future(file.flush())
        for _ in range(5):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        busy.set()
        assert await file.flush()
    again = Ledger()
    await GapFile(again, path).load()
    assert again.gaps == ledger.gaps
