"""Helpers of the sink tests: batches, and sinks that are closed at the end."""

from __future__ import annotations

import gzip
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from hiq.settings.schema import SinkSettings
from hiq.sink import make
from hiq.sink.base import Batch, Sink


def batch(*texts: str | bytes) -> Batch:
    """Return a batch with one gzip member per text."""
    members = [t.encode() if isinstance(t, str) else t for t in texts]
    points = sum(member.count(b"\n") for member in members)
    return Batch(b"".join(gzip.compress(m, 1) for m in members), points)


@pytest.fixture
async def open_sink(tmp_path: Path) -> AsyncIterator[Callable[..., Sink]]:
    """Give a function that makes a sink from settings; it is closed at the end."""
    made: list[Sink] = []

    def sink(kind: str, **more: object) -> Sink:
        made.append(make(SinkSettings(name="db", type=kind, **more), data_dir=tmp_path))
        return made[-1]

    yield sink
    for one in made:
        await one.close()


def noise(size: int) -> bytes:
    """Return one valid line that gzip cannot shrink below about `size` bytes."""
    parts = (os.urandom(1000).hex().encode() for _ in range(size // 1000 + 1))
    return b"m " + b",".join(b's%d="%s"' % pair for pair in enumerate(parts)) + b" 1\n"
