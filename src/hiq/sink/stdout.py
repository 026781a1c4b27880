"""The sink that writes the lines to a stream: for a look, a pipe, and for tests.

It opens the batch and writes every line as it is. What was handed to the stream and
flushed counts as done: who reads the pipe has it then. It must not know files.
"""

from __future__ import annotations

import asyncio
import sys
import zlib
from typing import TYPE_CHECKING, BinaryIO

from hiq.sink.base import Batch, Check, Done, Hold, Outcome, Refused, Retry

if TYPE_CHECKING:
    from hiq.settings.schema import SinkSettings

__all__ = ["StdoutSink"]


class StdoutSink:
    """Lines to a binary stream, standard output by default."""

    joins_members = True

    def __init__(self, settings: SinkSettings, stream: BinaryIO | None = None) -> None:
        self._settings = settings
        self._stream = sys.stdout.buffer if stream is None else stream
        self._putting: asyncio.Future[None] | None = None

    @property
    def name(self) -> str:
        """Name given in the settings."""
        return self._settings.name

    async def start(self) -> None:
        """Nothing to prepare."""

    async def write(self, batch: Batch) -> Outcome:
        """Write the lines, in a thread: a full pipe must not stop the loop."""
        if self._putting is not None and not self._putting.done():
            return Retry("the reader has not taken the batch before", sent=False)
        try:
            lines = batch.lines()
        except zlib.error as exc:
            return Refused(f"not gzip: {exc}")
        loop = asyncio.get_running_loop()
        self._putting = loop.run_in_executor(None, self._put, lines)
        self._putting.add_done_callback(_observe)
        try:
            async with asyncio.timeout(self._settings.timeout):
                await asyncio.shield(self._putting)
        except TimeoutError:
            return Retry(f"nobody reads for {self._settings.timeout:g} s")
        except BrokenPipeError:
            return Hold("broken pipe", "whoever read the output has gone: restart hiq")
        except (OSError, ValueError) as exc:
            return Retry(str(exc))
        return Done()

    async def check(self) -> list[Check]:
        """Say that there is a stream; writing a test line would spoil a pipe."""
        closed = self._stream.closed
        return [
            Check(
                "stream",
                ok=not closed,
                detail="closed" if closed else "open",
                advice="run hiq with a standard output" if closed else "",
            )
        ]

    async def close(self) -> None:
        """Leave the stream open: it is not ours."""

    def _put(self, lines: bytes) -> None:
        self._stream.write(lines)
        self._stream.flush()


def _observe(future: asyncio.Future[None]) -> None:
    """Look at the error of a write that outlived its deadline: the next one says it."""
    if not future.cancelled():
        future.exception()
