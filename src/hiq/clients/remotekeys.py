"""A key set at an address: fetched, kept on disk, the last good one stays in force.

Fetched at the start, then at intervals, and soon when a token names a key that is not
in it. Nobody waits for it: while there is no key at all, tokens cannot be judged, which
is what their owners are told. Certificates are verified and no redirect is followed.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from typing import TYPE_CHECKING, Final

import aiohttp
import jwt

from hiq.backoff import delays, wait
from hiq.clients.keys import KeySet, key_set, write_private
from hiq.log import Throttle

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

__all__ = ["CACHE", "FetchedKeys"]

logger = logging.getLogger("hiq.clients")

CACHE: Final = "jwks.json"
TIMEOUT_S: Final = 10.0
FIRST_RETRY_S: Final = 2.0
LEAST_S: Final = 30.0
"""Between two fetches, whatever tokens strangers show."""
MAX_BYTES: Final = 1024 * 1024
PIECE_BYTES: Final = 64 * 1024
REPEAT_S: Final = 600.0
OK: Final = 200


class FetchedKeys:
    """One key set.

    - After `load`: the last good one of an earlier run is in force.
    - `run` is for ever. `failures` in a row, and why the last one was one.

    Args:
        url: where it is.
        cache: where the last good one is kept.
        refresh_s: between two fetches.
        ca_cert: file with the certificates to trust; None trusts the system's.
        wall: Unix seconds.
        least_s: between two fetches at least.
        pause: waits for an event, at most so many seconds.
    """

    def __init__(
        self,
        url: str,
        cache: Path,
        *,
        refresh_s: float,
        ca_cert: str | None,
        wall: Callable[[], float],
        least_s: float = LEAST_S,
        pause: Callable[[asyncio.Event, float], Awaitable[bool]] = wait,
    ) -> None:
        self._url = url
        self._cache = cache
        self._refresh_s = refresh_s
        self._ca_cert = ca_cert
        self._wall = wall
        self._least_s = min(least_s, refresh_s)
        self._pause = pause
        self._hurry = asyncio.Event()
        self._throttle = Throttle(REPEAT_S, wall)
        self._tls: ssl.SSLContext | None = None
        self.keys: KeySet = {}
        self.good_at_s: float | None = None
        self.fetches = 0
        self.failures = 0
        self.last_error: str | None = None

    def load(self) -> None:
        """Take what an earlier run has kept, and read certificates. Blocks.

        OSError, ssl.SSLError: the file with certificates cannot be used.
        """
        self._tls = ssl.create_default_context(cafile=self._ca_cert)
        try:
            content = self._cache.read_bytes()
            self.keys = key_set(content)
            self.good_at_s = self._cache.stat().st_mtime
        except FileNotFoundError:
            return
        except (OSError, ValueError, jwt.PyJWTError) as exc:
            logger.warning(
                "the kept key set cannot be read",
                extra={"file": str(self._cache), "reason": type(exc).__name__},
            )

    def look_again(self) -> None:
        """Fetch it soon."""
        self._hurry.set()

    async def run(self) -> None:
        """Fetch it again and again, for ever."""
        pauses = delays(FIRST_RETRY_S, self._refresh_s)
        while True:
            self._hurry.clear()
            if await self.fetch():
                pauses = delays(FIRST_RETRY_S, self._refresh_s)
                await self._pause(asyncio.Event(), self._least_s)
                await self._pause(self._hurry, self._refresh_s - self._least_s)
            else:
                await self._pause(asyncio.Event(), next(pauses))

    async def fetch(self) -> bool:
        """Fetch it once; return whether there is a new good one."""
        self.fetches += 1
        try:
            content = await self._get()
            found = key_set(content)
        except (
            *(aiohttp.ClientError, TimeoutError, OSError, ValueError, jwt.PyJWTError),
        ) as exc:
            self.failures += 1
            self.last_error = f"{type(exc).__name__}: {exc}"[:200]
            if self._throttle.allow(self.last_error) is not None:
                logger.warning(
                    "the key set cannot be fetched, the last good one stays in force",
                    extra={"url": self._url, "reason": self.last_error},
                )
            return False
        self.failures, self.last_error = 0, None
        self.good_at_s = self._wall()
        if found.keys() != self.keys.keys():
            logger.info("key set fetched", extra={"keys": len(found)})
        self.keys = found
        await self._keep(content)
        return True

    async def _get(self) -> bytes:
        """Return the body; ValueError if it is no answer that can be used."""
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(
                self._url,
                allow_redirects=False,
                ssl=self._tls or True,
                headers={"Accept": "application/json"},
            ) as answer,
        ):
            if answer.status != OK:
                raise ValueError(f"status {answer.status}")
            found = bytearray()
            async for piece in answer.content.iter_chunked(PIECE_BYTES):
                found += piece
                if len(found) > MAX_BYTES:
                    raise ValueError(f"more than {MAX_BYTES} bytes")
            return bytes(found)

    async def _keep(self, content: bytes) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(
                None, write_private, self._cache, content.decode()
            )
        except OSError as exc:
            logger.warning(
                "the key set cannot be kept",
                extra={"file": str(self._cache), "reason": exc.strerror},
            )
