"""The look at memory: what it asks of the parts, and what it says."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest

from hiq.memorywatch import MemoryWatch, allowed_bytes
from hiq.settings import MemorySettings
from hiq.stats import Stats
from hiq.web.exposition import text_of
from hiq.web.health import checks
from hiq.web.memory_metrics import MemoryCollector
from hiq.web.recent import Recent


class Process:
    """A process whose memory is what the test says."""

    def __init__(self) -> None:
        self.used: int | None = 0
        self.waiting = 0
        self.taken: list[str] = []
        self.calms = 0
        self.free = 0
        self.pauses: list[float] = []
        self.stats = Stats()
        self.watch = MemoryWatch(
            MemorySettings(max_bytes=1000 * 2**20, outbox_bytes=10),
            self.stats,
            {
                "outboxes": lambda: self.took("outboxes", 5),
                "clients": lambda: self.took("clients", 2),
                "buffers": self.later,
            },
            calm=self.calm,
            give_back=self.give_back,
            waiting=lambda: self.waiting,
            used=lambda: self.used,
            limit_bytes=1000 * 2**20,
            sleep=self.sleep,
        )

    def give_back(self) -> None:
        """Use less."""
        if self.used is not None:
            self.used, self.free = self.used - self.free, 0

    def took(self, name: str, count: int) -> int:
        """Note that a step was taken."""
        self.taken.append(name)
        return count

    async def later(self) -> int:
        """A step that takes time."""
        await asyncio.sleep(0)
        return self.took("buffers", 7)

    def calm(self) -> None:
        """Count."""
        self.calms += 1

    async def sleep(self, seconds: float) -> None:
        """Note how long; the third time is the last."""
        self.pauses.append(seconds)
        if len(self.pauses) == 3:
            raise asyncio.CancelledError
        self.used = 800 * 2**20

    async def look(self, mebibytes: int) -> list[str]:
        """Look once; returns what was done."""
        self.used, self.taken = mebibytes * 2**20, []
        await self.watch.look()
        return self.taken

    def health(self) -> Any:
        """What health says of memory, None if nothing."""
        found = checks(self.stats, 0.0, Recent(0.0).gained(self.stats, 0.0), {})
        return next((check for check in found if check.name == "memory"), None)


async def test_what_is_free_goes_back_before_anything_is_given_up() -> None:
    """Memory that nobody uses is not short."""
    process = Process()
    process.free = 300 * 2**20
    assert await process.look(900) == []
    assert (process.used, process.free) == (600 * 2**20, 0)
    assert process.stats.memory.level == 0


async def test_steps_are_taken_counted_and_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Clients first; a step that nobody does is passed over; calm again at the end."""
    caplog.set_level(logging.INFO, logger="hiq.memory")
    process = Process()
    assert await process.look(700) == []
    assert process.health() is None
    assert await process.look(800) == ["outboxes"]
    assert process.health().status == "degraded"
    assert process.health().reason.startswith("800 MiB of 1000MiB are used")
    assert await process.look(800) == ["outboxes"]  # snapshots: nobody
    assert await process.look(800) == ["outboxes", "clients"]
    assert await process.look(1001) == ["outboxes", "clients", "buffers"]
    assert process.health().status == "unhealthy"
    assert process.calms == 0
    assert await process.look(600) == []
    assert (process.calms, process.health()) == (1, None)
    assert process.stats.memory.shed == {"outboxes": 20, "clients": 4, "buffers": 7}
    said = [record.getMessage() for record in caplog.records]
    assert said[0] == "memory is short"
    assert said[-2:] == ["memory is critical", "memory is calm"]
    assert caplog.records[-2].__dict__["given_up"] == {
        "outboxes": 5,
        "clients": 2,
        "buffers": 7,
    }


async def test_a_part_has_a_limit_of_its_own() -> None:
    """Too much waits for clients: they give it up although memory is free."""
    process = Process()
    process.waiting = 11
    assert await process.look(1) == ["outboxes"]
    assert process.health() is None
    assert process.stats.memory.parts == {"outboxes": 11}


async def test_metrics() -> None:
    """Limit, level, parts and what was given up."""
    process = Process()
    await process.look(1001)
    lines = text_of(MemoryCollector(process.stats).collect()).decode().splitlines()
    assert [line for line in lines if not line.startswith("#")] == [
        "hiq_memory_limit_bytes 1048576000.0",
        "hiq_memory_level 2.0",
        'hiq_memory_part_bytes{part="outboxes"} 0.0',
        'hiq_memory_part_limit_bytes{part="outboxes"} 10.0',
        'hiq_memory_shed_total{step="outboxes"} 5.0',
        'hiq_memory_shed_total{step="clients"} 2.0',
        'hiq_memory_shed_total{step="buffers"} 7.0',
    ]
    assert not list(MemoryCollector(Stats()).collect())


async def test_it_looks_more_often_while_memory_is_short() -> None:
    """Every 30 s, then every 5 s."""
    process = Process()
    with pytest.raises(asyncio.CancelledError):
        await process.watch.run()
    assert process.pauses == [30.0, 5.0, 5.0]


async def test_without_the_kernels_file_nothing_is_given_up() -> None:
    """Where memory cannot be known nothing is done."""
    process = Process()
    process.used = None
    await process.watch.look()
    assert process.taken == []


@pytest.mark.parametrize(
    ("text", "expected"), [("500\n", 500), ("max\n", 1000), ("2000\n", 1000)]
)
def test_the_limit_of_a_container_counts(
    tmp_path: Path, text: str, expected: int
) -> None:
    """If it is lower."""
    (tmp_path / "memory.max").write_text(text)
    files = (tmp_path / "none", tmp_path / "memory.max")
    assert allowed_bytes(1000, files) == expected
