"""Answers of any length from a database, line by line.

For commands that read back what a sink holds; what the service sends goes through
`client`, whose answers are short. Follows no redirect, keeps no cookie. It does not
know what a line means.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp

from hiq.errors import SinkUnreadable
from hiq.sink.client import CONNECT_S, server_tls

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from hiq.settings.schema import SinkSettings

__all__ = ["LINE_BYTES", "Lines"]

LINE_BYTES = 64 * 1024 * 1024
"""Longest line that is taken."""
WORDS_BYTES = 500


class Lines:
    """Requests to one server; the deadline is for each wait, not for the whole.

    Every failure is a SinkUnreadable. After calling `close`: nothing is open.
    """

    def __init__(self, settings: SinkSettings, headers: Mapping[str, str]) -> None:
        self._name = settings.name
        self._timeout_s = settings.timeout
        self._headers = dict(headers)
        self._tls = server_tls(settings)
        self._session: aiohttp.ClientSession | None = None

    async def ask(
        self,
        method: str,
        url: str,
        *,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator[bytes]:
        """Yield the lines of a good answer, without their ends."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                headers=self._headers, cookie_jar=aiohttp.DummyCookieJar()
            )
        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=CONNECT_S, sock_read=self._timeout_s
        )
        try:
            async with self._session.request(
                method,
                url,
                data=data,
                headers=headers,
                allow_redirects=False,
                timeout=timeout,
                ssl=True if self._tls is None else self._tls,
            ) as response:
                if response.status not in {200, 204}:
                    words = await response.content.read(WORDS_BYTES)
                    text = " ".join(words.decode("utf-8", "replace").split())
                    raise self._failed(f"status {response.status}: {text}")
                rest = bytearray()
                async for part in response.content.iter_any():
                    rest += part
                    if b"\n" in part:
                        *whole, rest = rest.split(b"\n")
                        for line in whole:
                            yield bytes(line)
                    if len(rest) > LINE_BYTES:
                        raise self._failed(f"a line of more than {LINE_BYTES} bytes")
                if rest:
                    yield bytes(rest)
        except TimeoutError as exc:
            reason = f"no answer within {self._timeout_s:g} s"
            raise self._failed(reason) from exc
        except (aiohttp.ClientError, OSError, ValueError) as exc:
            raise self._failed(str(exc) or type(exc).__name__) from exc

    async def close(self) -> None:
        """Close the connections; twice is fine."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _failed(self, reason: str) -> SinkUnreadable:
        return SinkUnreadable(self._name, reason)
