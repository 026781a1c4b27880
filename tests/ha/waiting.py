"""A connection whose lone events wait, and a peer that sends one frame a read."""

import asyncio
from contextlib import asynccontextmanager

from hiq.ha.gathering import Gathering
from tests.ha.home import event
from tests.ha.lane import DEADLINE, Changing, Intake
from tests.ha.server import serving_raw


class Waiting(Changing):
    """Both, and what the listener asked and told."""

    def __init__(self, within_s=0.0):
        super().__init__()
        self.may_wait = True
        self.began = 0
        self.asked = 0
        self.gathering = Gathering(self._ask, self._began, within_s)
        self.intake = Intake(gathering=self.gathering)

    def _ask(self):
        self.asked += 1
        self.changed.set()
        return self.may_wait

    def _began(self):
        self.began += 1
        self.changed.set()

    async def until_began(self, times):
        """Wait until a first event has waited so many times."""
        await self.until(lambda: self.began >= times)

    def values(self):
        """The values of the lines until now."""
        lines = self.intake.pipeline.take().splitlines()
        return [float(line.split()[-2].partition(b"=")[2]) for line in lines]

    @asynccontextmanager
    async def talking(self):
        """Yield what sends frames; each has been read when it returns.

        A pong of the peer's ping tells that, and is no message.
        """
        peers = asyncio.Queue()
        ended = asyncio.Event()

        async def handler(peer):
            await peer.read_frame()
            await peers.put(peer)
            await ended.wait()

        async with serving_raw(handler) as url:
            await self.intake.connection.open(url)
            self.intake.connection.send(b"go")
            async with asyncio.timeout(DEADLINE):
                yield await peers.get()
            await self.intake.connection.close(0.0)
            ended.set()


def change(number):
    """One state_changed message."""
    return event("a.b", str(number), number % 60).encode()
