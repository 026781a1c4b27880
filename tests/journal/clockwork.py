"""Time and threads for tests: waits end when the test says so, jobs run in place."""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor, Future


class InPlace(Executor):
    """An executor that does the work at once, in the calling thread."""

    def submit(self, fn, /, *args, **kwargs):
        done = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as exc:
            done.set_exception(exc)
        return done


class Clockwork:
    """Stands for the clock and for `backoff.wait`; time passes on command only."""

    def __init__(self):
        self.now = 1_000.0
        self.asked = []
        self._running = {}

    def __call__(self):
        return self.now

    async def wait(self, event, seconds):
        """Return True if the event comes, False when `tick` is called."""
        self.asked.append(seconds)
        if event.is_set():
            return True
        over = asyncio.Event()
        self._running[over] = seconds
        tasks = [asyncio.ensure_future(e.wait()) for e in (event, over)]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._running.pop(over, None)
            for task in tasks:
                task.cancel()
        return event.is_set()

    @property
    def waiting(self):
        """The seconds of the waits that have not ended."""
        return sorted(self._running.values())

    async def tick(self):
        """Let all running waits end, as if their time had passed."""
        await until(lambda: self._running)
        ended, self._running = self._running, {}
        self.now += max(ended.values())
        for over in ended:
            over.set()
        await asyncio.sleep(0)


async def until(condition):
    """Let the loop turn until the condition holds."""
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0)


def steady(initial=1.0, maximum=60.0, factor=2.0):
    """Pauses without jitter."""
    while True:
        yield initial
        initial = min(initial * factor, maximum)
