"""The whole service while its disk is full, read-only or failing.

It says so, loses nothing, and goes on by itself when the disk is well again.
"""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from hiq.journal import journal as journal_module
from hiq.settings import JournalSettings
from tests.journal.disk import Disk
from tests.serving import running, sent, settings_for, stored, until

pytestmark = pytest.mark.asyncio


def mount(*arguments):
    """Mount something; skip where this is not allowed."""
    if os.geteuid() or shutil.which("mount") is None:
        pytest.skip("mounting needs root")
    done = subprocess.run(
        ["mount", *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"cannot mount here: {done.stderr.strip()}")


def unmount(path):
    """Take the topmost mount away."""
    subprocess.run(["umount", "-l", path], check=True)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 1 MiB."""
    path = tmp_path / "small"
    path.mkdir()
    mount("-t", "tmpfs", "-o", "size=1m", "none", str(path))
    yield path
    unmount(path)


async def fails_and_recovers(it, home, *words):
    """Fire while the disk is bad; return a function that waits for the end of it."""
    home.fire(300)
    await until("it is noticed", lambda: not it.stats.journal.writable)
    status, body = await it.get("/readyz")
    assert status == 503
    (reason,) = body["reasons"]
    assert "the journal cannot be written" in reason
    assert any(text in reason for text in words), reason
    _, health = await it.get("/health")
    assert health["status"] == "unhealthy"
    assert any(text in reason for reason in health["reasons"] for text in words)

    async def recovered():
        await until("it is written again", lambda: it.stats.journal.writable)
        home.fire(100)
        fired = home.fired_total
        await until("all has come", lambda: it.stats.received >= fired)
        await it.settled()
        assert (await it.get("/readyz"))[0] == 200
        assert it.stats.imbalance() == 0
        assert not it.stats.errors

    return recovered


async def test_a_full_disk(simulator, tmp_path, small_disk):
    """A full disk is a state in health; when there is room, everything is stored."""
    journal = JournalSettings(path=str(small_disk / "j"), commit=0.01, min_free_bytes=0)
    async with running(settings_for(simulator, tmp_path, journal=journal)) as it:
        await until("subscribed", lambda: it.stats.snapshot_states)
        await it.settled()
        ballast = small_disk / "ballast"
        with pytest.raises(OSError, match="No space"), ballast.open("wb") as file:
            while True:
                os.write(file.fileno(), bytes(4096))
        recovered = await fails_and_recovers(
            it, simulator, "No space left on device", "the disk is full"
        )
        ballast.unlink()
        await recovered()
    assert stored(tmp_path) == sent(simulator)


async def test_a_read_only_file_system(simulator, tmp_path):
    """So is a read-only mount over the journal's folder."""
    folder = tmp_path / "j"
    journal = JournalSettings(
        path=str(folder), commit=0.01, min_free_bytes=0, max_bytes=4 * 2000
    )
    async with running(settings_for(simulator, tmp_path, journal=journal)) as it:
        await until("subscribed", lambda: it.stats.snapshot_states)
        await it.settled()
        mount("--bind", str(folder), str(folder))
        try:
            mount("-o", "remount,bind,ro", str(folder))
            recovered = await fails_and_recovers(it, simulator, "Read-only file system")
        finally:
            unmount(folder)
        await recovered()
    assert stored(tmp_path) == sent(simulator)


@pytest.mark.parametrize("operation", ["write", "sync"])
async def test_a_failing_disk(simulator, tmp_path, monkeypatch, operation):
    """So are write errors and sync errors (EIO)."""
    disk = Disk()
    monkeypatch.setattr(journal_module, "Files", lambda: disk)
    async with running(settings_for(simulator, tmp_path)) as it:
        await until("subscribed", lambda: it.stats.snapshot_states)
        await it.settled()
        disk.fail(operation, errno.EIO)
        recovered = await fails_and_recovers(it, simulator, "Input/output error")
        disk.heal()
        await recovered()
    assert stored(tmp_path) == sent(simulator)
    assert Path(tmp_path / "journal").is_dir()
