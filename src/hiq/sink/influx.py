"""The sink for every server that takes line protocol over HTTP.

The gzip bytes of the journal are POSTed as they are. What differs between InfluxDB
1, 2, 3 and VictoriaMetrics is in `dialect`; what an answer means too. This module
must not know the journal, retry, wait between attempts, or open a batch.

A server that finds a body too big answers 413 before it has read it and closes; a
client that is still writing may see a broken pipe instead of the answer. So big
bodies, and every body after a reset, ask first (`Expect: 100-continue`, RFC 9110,
10.1.1). InfluxDB 1 says yes and refuses all the same: what `client` finds in the
socket then counts, and a batch that only ever meets resets is tried in halves. A
proxy that ignores the question costs one deadline; it is not asked again until the
next reset.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from hiq.errors import ConfigError, Problem
from hiq.sink import probe
from hiq.sink.base import Batch, Check, Done, Hold, Outcome, Retry, TooBig
from hiq.sink.client import CallFailed, Client
from hiq.sink.dialect import dialect, outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from hiq.settings.schema import SinkSettings

__all__ = ["InfluxSink"]

ASK_FIRST_BYTES = 1024 * 1024
"""Bodies above this ask before they are sent: it fits the usual socket buffers and
the default limit of a reverse proxy (nginx: client_max_body_size 1m)."""

RESETS = 3
"""So many resets in a row, and a batch of some size is taken to be too big."""

SMALL_BYTES = 64 * 1024
"""No server or proxy has so small a limit: a reset is not about the size."""

logger = logging.getLogger("hiq.sink")


class InfluxSink:
    """InfluxDB 1, 2, 3 or VictoriaMetrics; implements `hiq.sink.base.Sink`.

    Making one raises ConfigError for a URL or a CA certificate that cannot be used.
    After calling `write`: the outcome says what the server answered; a failed
    request is a Retry with `sent` True if the server may have stored the batch.
    """

    def __init__(
        self, settings: SinkSettings, *, clock: Callable[[], float] = time.time
    ) -> None:
        try:
            self._dialect = dialect(settings)
        except ValueError as exc:
            raise ConfigError(
                Problem(f"sink {settings.name}", 0, "url", str(exc))
            ) from None
        self._settings = settings
        self._clock = clock
        self._client = Client(settings, self._dialect.headers)
        self._after_reset = False
        self._resets = 0
        self._asking_works = True

    def __repr__(self) -> str:
        return f"InfluxSink({self.name!r}, {self._dialect.type}, {self._dialect.base})"

    @property
    def name(self) -> str:
        """Name given in the settings."""
        return self._settings.name

    @property
    def joins_members(self) -> bool:
        """Whether one body may hold several gzip members."""
        return self._dialect.joins_members

    @property
    def body_limit(self) -> int:
        """Largest body in bytes, as sent, that this kind of server takes."""
        return self._dialect.body_limit

    async def start(self) -> None:
        """Nothing to prepare: the first request connects."""

    async def write(self, batch: Batch) -> Outcome:
        """Send one batch and wait for the answer, at most `timeout` seconds."""
        size = len(batch.body)
        if size > self._dialect.body_limit and batch.points > 1:
            limit = self._dialect.body_limit
            return TooBig(f"{size} bytes, above the {limit} that the server takes")
        ask_first = self._after_reset or (size > ASK_FIRST_BYTES and self._asking_works)
        try:
            answer = await self._client.ask(
                "POST",
                self._dialect.write_url,
                data=batch.body,
                headers={
                    "Content-Encoding": "gzip",
                    "Content-Type": "text/plain; charset=utf-8",
                },
                ask_first=ask_first,
            )
        except CallFailed as failure:
            return self._failed(failure, batch, ask_first=ask_first)
        self._after_reset = False
        self._resets = 0
        result = outcome(
            self._dialect,
            answer.status,
            answer.headers,
            answer.body,
            now_s=self._clock(),
        )
        if answer.status == 417:  # Expectation Failed: somebody in between
            self._asking_works = False
            return Retry("417: will not be asked first again", sent=False)
        if not isinstance(result, Done):
            logger.debug("answer", extra={"sink": self.name, "status": answer.status})
        return result

    async def check(self) -> list[Check]:
        """Reach the server, log in, write one point to `hiq_check`, read it back."""
        return await probe.check(
            self._dialect, self._settings, self._client, self.write, self._clock
        )

    async def close(self) -> None:
        """Close the connection."""
        await self._client.close()

    def _failed(self, failure: CallFailed, batch: Batch, *, ask_first: bool) -> Outcome:
        if ask_first and failure.timed_out:
            self._asking_works = False
        self._after_reset = failure.reset and not ask_first
        self._resets = self._resets + 1 if failure.reset else 0
        if (
            self._resets >= RESETS
            and batch.points > 1
            and len(batch.body) > SMALL_BYTES
        ):
            self._resets = 0
            return TooBig(f"{RESETS} times {failure.reason}: trying less at once")
        if failure.advice:
            return Hold(failure.reason, failure.advice)
        return Retry(failure.reason, sent=failure.sent)
