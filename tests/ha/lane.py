"""A connection that feeds a compiled pipeline, as the service has it, and its log."""

import asyncio

import pytest

from hiq import Pipeline
from hiq.ha.connection import Connection
from hiq.ha.feed import Feed
from hiq.ha.listening import Lane
from hiq.stats import Stats

DEADLINE = 60


class Changing:
    """Something whose changes can be waited for; who changes it sets `changed`."""

    def __init__(self):
        self.changed = asyncio.Event()

    async def until(self, condition):
        """Wait until it is so; looked at after each change."""
        async with asyncio.timeout(DEADLINE):
            while not condition():
                self.changed.clear()
                await self.changed.wait()


class Intake(Changing):
    """Both ways into one pipeline: the short one, and the one through the owner.

    `log` has what was called, in order: the texts of messages that are no events, and
    for a full pipeline and the end of a read the events counted until then.
    """

    def __init__(self, options=None, gathering=None, **more):
        super().__init__()
        self.stats = Stats()
        self.pipeline = Pipeline(options)
        self.log = []
        self.slow = 0
        self.told = 0
        self.ended = 0
        feed = Feed(self.pipeline, self.stats, on_full=self.on_full, clock=lambda: 1.0)
        self.feed = feed
        lane = Lane(self.pipeline, self.count, self.on_full, self.on_passed, gathering)
        self.connection = Connection(
            self.on_message, self.on_read, self.on_end, lane=lane, **more
        )
        self.connection.direct = True

    def count(self, *counts):
        self.told += 1
        self.feed.add(*counts)

    def on_full(self):
        self.log.append(("full", self.stats.received))
        self.pipeline.take()

    def on_passed(self, passed):
        self.log += [("passed", bytes(message)) for message in passed]

    def on_message(self, payload):
        self.slow += 1
        passed = self.feed(payload, snapshot=False)
        if passed:
            self.on_passed(passed)

    def on_read(self):
        self.log.append(("read", self.stats.received))
        self.changed.set()

    def on_end(self):
        self.ended += 1
        self.changed.set()

    async def loss(self):
        """Wait for the end and return why."""
        async with asyncio.timeout(DEADLINE):
            with pytest.raises(Exception) as caught:
                await self.connection.wait()
        await self.connection.close()
        return caught.value
