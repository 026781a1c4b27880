"""The stream sink: lines as they are, and readers that go away."""

from __future__ import annotations

import io
import os
import threading

from tests.sink.conftest import batch

from hiq.settings.schema import SinkSettings
from hiq.sink.base import Batch, Done, Hold, Refused, Retry
from hiq.sink.stdout import StdoutSink

SETTINGS = SinkSettings(name="out", type="stdout", timeout=0.1)


async def test_lines_come_out_as_they_are() -> None:
    """Every member of the batch is written, in order."""
    stream = io.BytesIO()
    sink = StdoutSink(SETTINGS, stream)
    await sink.start()
    assert await sink.write(batch("a v=1 1\n", "b v=2 2\n")) == Done()
    assert stream.getvalue() == b"a v=1 1\nb v=2 2\n"
    assert [row.ok for row in await sink.check()] == [True]
    await sink.close()
    assert not stream.closed


async def test_standard_output_is_the_default(capfdbinary) -> None:
    """Without a stream the lines go to stdout."""
    sink = StdoutSink(SETTINGS)
    assert await sink.write(batch("a v=1 1\n")) == Done()
    assert sink.name == "out"


async def test_a_reader_that_has_gone_is_held() -> None:
    """A broken pipe does not heal by itself."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb", buffering=0) as stream:
        sink = StdoutSink(SETTINGS, stream)
        assert isinstance(await sink.write(batch("a v=1 1\n")), Hold)


async def test_a_reader_that_waits_is_retried() -> None:
    """A full pipe holds up neither the loop nor a second batch; then it goes on."""
    go = threading.Event()

    class Slow(io.BytesIO):
        def write(self, data) -> int:
            go.wait(30)
            return super().write(data)

    sink = StdoutSink(SETTINGS, Slow())
    first = await sink.write(batch("a v=1 1\n"))
    assert isinstance(first, Retry)
    second = await sink.write(batch("b v=1 1\n"))
    assert isinstance(second, Retry)
    assert second.sent is False
    go.set()
    await sink._putting
    assert await sink.write(batch("c v=1 1\n")) == Done()


async def test_a_closed_stream_and_bad_gzip() -> None:
    """A closed stream may come back; what is not gzip never will."""
    stream = io.BytesIO()
    stream.close()
    sink = StdoutSink(SETTINGS, stream)
    assert isinstance(await sink.write(batch("a v=1 1\n")), Retry)
    assert isinstance(await sink.write(Batch(b"junk", 1)), Refused)
    assert [row.ok for row in await sink.check()] == [False]
