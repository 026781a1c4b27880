"""The client of the Autobahn campaign: hiq's connection, sending back what it gets.

    python -m tests.autobahn.client URL

It takes binary messages, which hiq does not, and is strict about UTF-8, which in hiq
the pipeline is; so the suite can judge everything that the connection does itself.
Every case is run with both listeners, each an agent of its own.
"""

from __future__ import annotations

import asyncio
import sys
import time
from unittest.mock import patch

from hiq.errors import ConnectionLost, ProtocolError
from hiq.ha import connection, listening

INVALID_TEXT = 1007
CASE_S = 60.0


def agents() -> dict[str, object]:
    """Return the listeners by the name of their agent."""
    found = listening.compiled()
    assert not isinstance(found, str), found
    return {"hiq-compiled": found, "hiq-plain": listening.PlainListener}


class Echo:
    """One connection that sends back every message."""

    def __init__(self) -> None:
        self.texts: list[bytes] = []
        self._connection = connection.Connection(
            self._text,
            lambda: None,
            lambda: None,
            on_binary=lambda data: self._connection.send(bytes(data), binary=True),
        )

    def _text(self, payload: bytes | memoryview) -> None:
        text = bytes(payload)
        try:
            text.decode()
        except UnicodeDecodeError as exc:
            raise ProtocolError(str(exc), close_code=INVALID_TEXT) from exc
        self.texts.append(text)
        self._connection.send(text)

    async def run(self, url: str) -> None:
        """Serve one case to its end."""
        await self._connection.open(url)
        try:
            async with asyncio.timeout(CASE_S):
                await self._connection.wait()
        except (ConnectionLost, ProtocolError):
            pass
        finally:
            await self._connection.close()


async def main(url: str) -> None:
    """Run all cases."""
    counting = Echo()
    await counting.run(f"{url}/getCaseCount")
    count = int(counting.texts[0])
    for agent, listener in agents().items():
        began = time.monotonic()
        with patch.object(connection, "make_listener", listener):
            for case in range(1, count + 1):
                await Echo().run(f"{url}/runCase?case={case}&agent={agent}")
        print(f"{agent}: {count} cases in {time.monotonic() - began:.0f} s", flush=True)
        await Echo().run(f"{url}/updateReports?agent={agent}")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
