"""A simulated home in a thread of its own, that changes all the time.

What it has fired is the truth: Home Assistant's recorder and every subscriber at once.
A proxy stands before it, so that the network can fail.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self, TypeVar

from hiq.simulate.server import Simulator
from hiq.simulate.world import World
from tests.proxy import Proxy

__all__ = ["Home", "Key"]

Key = tuple[str, int]
"""Entity and nanoseconds."""

T = TypeVar("T")
NO_POINT = {"unknown", "unavailable", ""}
DEADLINE_S = 30.0


class Home:
    """The simulator, to be used from an ordinary thread; a context manager.

    - `token_file`: where hiq finds the token.
    """

    def __init__(self, folder: Path, entities: int, seed: int) -> None:
        self.simulator = Simulator(
            World(entities=entities, seed=seed), history=2_000_000
        )
        self.token_file = folder / "token"
        self._proxy: Proxy
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self.wait(self.simulator.start())
        self._proxy = Proxy(self.simulator.port)
        self.wait(self._proxy.__aenter__())
        self.write_token()
        return self

    def __exit__(self, *_: object) -> None:
        self.wait(self._proxy.__aexit__())
        self.wait(self.simulator.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(DEADLINE_S)
        self._loop.close()

    @property
    def login(self) -> dict[str, str]:
        """Where it is and how to log in, as environment of hiq."""
        return {
            "HA_HTTP_URL": self._proxy.url,
            "HIQ_HOME_ASSISTANT__TOKEN_FILE": str(self.token_file),
        }

    def write_token(self) -> None:
        """Write the present token where hiq finds it."""
        new = self.token_file.with_suffix(".new")
        new.write_text(self.simulator.token)
        new.replace(self.token_file)

    def pace(self, rate: float) -> None:
        """Change so many states per second from now on."""
        self.do(lambda: setattr(self.simulator, "rate", rate))

    def stall(self) -> None:
        """Let the network swallow everything from now on."""
        self.do(self._proxy.stall)

    def resume(self) -> None:
        """Let the network work again."""
        self.do(self._proxy.resume)

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
