"""A simulated home in a thread of its own, that changes all the time.

What it has fired is the truth: Home Assistant's recorder and every subscriber at once.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any, Self, TypeVar

from hiq.simulate.server import Simulator
from hiq.simulate.world import World

__all__ = ["Home", "Key"]

Key = tuple[str, int]
"""Entity and nanoseconds."""

T = TypeVar("T")
NO_POINT = {"unknown", "unavailable", ""}
DEADLINE_S = 30.0


class Home:
    """The simulator, to be used from an ordinary thread; a context manager."""

    def __init__(self, entities: int, seed: int) -> None:
        self.simulator = Simulator(
            World(entities=entities, seed=seed), history=2_000_000
        )
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self.wait(self.simulator.start())
        return self

    def __exit__(self, *_: object) -> None:
        self.wait(self.simulator.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(DEADLINE_S)
        self._loop.close()

    @property
    def login(self) -> dict[str, str]:
        """Where it is and how to log in, as environment of hiq."""
        return {"HA_HTTP_URL": self.simulator.url, "HA_TOKEN": self.simulator.token}

    def pace(self, rate: float) -> None:
        """Change so many states per second from now on."""
        self.do(lambda: setattr(self.simulator, "rate", rate))

    def do(self, work: Callable[[], T]) -> T:
        """Do something in the simulator's thread."""

        async def run() -> T:
            return work()

        return self.wait(run())

    def wait(self, work: Any) -> Any:
        """Wait for a coroutine that runs in the simulator's thread."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(DEADLINE_S)

    def truth(self) -> set[Key]:
        """Return what has been fired and makes a point."""
        fired = self.do(lambda: list(self.simulator.fired))
        return {
            (one.entity_id, one.updated_us * 1000)
            for one in fired
            if one.state not in NO_POINT
        }
