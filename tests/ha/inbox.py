"""A connection under test, and what it delivered."""

import asyncio

import pytest

from hiq.ha.connection import Connection

DEADLINE = 60


class Inbox:
    """A connection and what it delivered, batch by batch."""

    def __init__(self, **options):
        self.batches = []
        self.open = []
        self.ended = 0
        self.changed = asyncio.Event()
        self.connection = Connection(
            self.on_message, self.on_batch_end, self.on_end, **options
        )

    def on_message(self, payload):
        self.open.append(bytes(payload))

    def on_batch_end(self):
        self.batches.append(self.open)
        self.open = []
        self.changed.set()

    def on_end(self):
        self.ended += 1

    @property
    def messages(self):
        return [message for batch in self.batches for message in batch]

    async def until(self, count):
        """Wait for so many messages."""
        async with asyncio.timeout(DEADLINE):
            while len(self.messages) < count:
                self.changed.clear()
                await self.changed.wait()

    async def loss(self):
        """Wait for the end and return why."""
        async with asyncio.timeout(DEADLINE):
            with pytest.raises(Exception) as caught:
                await self.connection.wait()
        assert self.ended == 1
        assert self.connection.ended
        await self.connection.close()
        return caught.value
