"""What changed is written: after a failure, beside a bad row, at a stop in mid-write."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import hiq.clients.changes
import hiq.keeping
from hiq.keeping import Keeping
from tests.clients.kept import FULL, Kept, in_thread


async def until(check: Callable[[], object]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(5):
        while not check():
            await asyncio.sleep(0.01)


async def test_a_failed_write_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without anything else that changes."""
    monkeypatch.setattr(hiq.keeping, "RETRY_S", 0.02)
    kept = Kept(tmp_path)
    keeping = Keeping(in_thread, time.time)
    keeping.begin(kept.store)
    write = kept.store.write
    fails = [FULL, RuntimeError("something else")]

    def failing(*args: Any) -> None:
        if fails:
            raise fails.pop()
        write(*args)

    monkeypatch.setattr(kept.store, "write", failing)
    kept.write("alice", 1)
    running = asyncio.create_task(keeping.run())
    await until(lambda: kept.documents() == {"alice": 2})
    assert not running.done()
    running.cancel()
    await keeping.close()


def test_a_row_that_cannot_be_written(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It costs the others nothing."""
    kept = Kept(tmp_path)
    kept.write("alice", 1)
    kept.write("\udcff", 1)
    kept.session("bob")
    (session,) = kept.hub.sessions
    session.sub = "\udcff"
    kept.hub.changed(session)
    kept.write("carl", 1)
    kept.flush()
    assert kept.documents() == {"alice": 2, "carl": 2}
    assert [one.levelno for one in caplog.records] == [logging.ERROR] * 2
    kept.store.close()


async def test_stopping_before_a_write_has_begun(tmp_path: Path) -> None:
    """What was taken is written, though its task is cancelled."""
    kept = Kept(tmp_path)
    let = threading.Event()
    with ThreadPoolExecutor(1) as pool:

        async def one_thread(work: Callable[[], Any]) -> Any:
            return await asyncio.get_running_loop().run_in_executor(pool, work)

        keeping = Keeping(one_thread, time.time)
        pool.submit(let.wait, 5)
        kept.write("alice", 1)
        keeping.begin(kept.store)
        running = asyncio.create_task(keeping.run())
        await asyncio.sleep(0.05)
        running.cancel()
        await asyncio.sleep(0)
        let.set()
        await keeping.close()
    assert kept.documents() == {"alice": 2}


async def test_stopping_in_the_middle_of_a_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last write waits for it, and both are on the disk."""
    kept = Kept(tmp_path)
    keeping = Keeping(in_thread, time.time)
    begun, let = threading.Event(), threading.Event()
    write_run = hiq.clients.changes._write_run

    def slow(*args: Any) -> None:
        begun.set()
        assert let.wait(5)
        write_run(*args)

    monkeypatch.setattr(hiq.clients.changes, "_write_run", slow)
    kept.write("alice", 1)
    keeping.begin(kept.store)
    running = asyncio.create_task(keeping.run())
    await asyncio.to_thread(begun.wait, 5)
    running.cancel()
    await asyncio.sleep(0)
    kept.write("bob", 2)
    closing = asyncio.create_task(keeping.close())
    await asyncio.sleep(0.05)
    let.set()
    await closing
    assert kept.documents() == {"alice": 2, "bob": 2}
