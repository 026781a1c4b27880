"""Uploads devices, entities and services to a data-api after each refresh.

One refresh waits at most: a newer one takes its place. Three tries each, certificates
verified, the result in the counters and in health; nothing else waits for it.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from hiq import backoff, log
from hiq.discovery.upload import bodies
from hiq.settings.schema import SinkSettings
from hiq.sink.client import CallFailed, Client
from hiq.stats import Concern

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hiq.discovery.keepers import Answers
    from hiq.discovery.renames import Renames
    from hiq.ha.home import Home
    from hiq.settings.schema import DataApiSettings
    from hiq.stats import Stats

__all__ = ["TRIES", "Publisher"]

logger = logging.getLogger("hiq.discovery")

TRIES: Final = 3
TIMEOUT_S: Final = 30.0
LONGEST_KEY: Final = 4096
OK: Final = 200
TOLERATED: Final = {401, 403, 404}
"""A data-api without a place for services says so; the other lists need theirs."""
CONCERN: Final = "data_api"


class Publisher:
    """Keeps one data-api up to date; `run` is for ever."""

    def __init__(
        self,
        settings: DataApiSettings,
        stats: Stats,
        *,
        pauses: Callable[[], Iterator[float]] = backoff.delays,
    ) -> None:
        self._settings = settings
        self._stats = stats
        self._pauses = pauses
        self._address = (settings.url or "").rstrip("/")
        # The client of databases does all that is needed here too.
        place = SinkSettings(
            name="data_api",
            type="stdout",
            url=self._address,
            ca_cert=settings.ca_cert,
            timeout=TIMEOUT_S,
        )
        self._client = Client(place, {"Content-Type": "application/json"})
        self._next: tuple[Home, Answers] | None = None
        self._news = asyncio.Event()
        self._told: set[str] = set()
        self._no_services = ""

    def refreshed(self, home: Home, answers: Answers) -> None:
        """Publish it soon."""
        self._next = home, answers
        self._measure(0)
        self._news.set()

    def changed(self, home: Home) -> None:
        """Wait for the next refresh: only that has the rows unchanged."""

    def renamed(self, renames: Renames) -> None:
        """Leave it to the next refresh."""

    async def run(self) -> None:
        """Publish each refresh, for ever."""
        try:
            while True:
                await self._news.wait()
                self._news.clear()
                if self._next is not None:
                    (home, answers), self._next = self._next, None
                    await self.publish(home, answers)
        finally:
            await self._client.close()

    async def publish(self, home: Home, answers: Answers) -> None:
        """Upload all there is; what goes wrong is counted and told."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(None, bodies, home, *answers)
        except msgspec.DecodeError as exc:
            found, problems = {}, [f"devices: {exc}"]
        else:
            problems = []
        for left, (name, body) in zip(
            range(len(found), 0, -1), found.items(), strict=True
        ):
            self._measure(left)
            problem = await self._upload(name, body)
            if problem:
                problems.append(f"{name}: {problem}")
        self._measure(0)
        if not problems:
            self._stats.concerns.pop(CONCERN, None)
            self._told &= {self._no_services}
            return
        reason = "; ".join(problems)
        self._stats.concerns[CONCERN] = Concern("degraded", f"data-api: {reason}")
        self._say("the registries could not be published", reason)

    async def _upload(self, name: str, body: bytes) -> str:
        """Upload one list; return why it did not succeed, "" if it did."""
        published = self._stats.discovery.published
        problem = ""
        pauses = self._pauses()
        for attempt in range(TRIES):
            if attempt:
                await backoff.wait(asyncio.Event(), next(pauses))
            try:
                status = await self._post(name, body)
            except (CallFailed, OSError, UnicodeDecodeError) as exc:
                problem = str(exc)
                continue
            if status == OK:
                published[name, "ok"] += 1
                return ""
            if name == "services" and status in TOLERATED:
                published[name, "refused"] += 1
                self._no_services = f"status {status} for services"
                self._say("the data-api takes no services", self._no_services)
                return ""
            problem = f"status {status}"
        published[name, "failed"] += 1
        return problem

    def _measure(self, left: int) -> None:
        """Show how many lists are to be uploaded, those of the next time included."""
        waiting = () if self._next is None else self._next[1]
        coming = sum(answer is not None for answer in waiting)
        self._stats.discovery.publishing = left + coming

    async def _post(self, name: str, body: bytes) -> int:
        """Return the status of one request; raises CallFailed, OSError."""
        headers = authorization(self._key())
        url = f"{self._address}/internal/{name}/bulk_upsert"
        answer = await self._client.ask("POST", url, data=body, headers=headers)
        return answer.status

    def _key(self) -> str | None:
        """Return the key, read afresh if it lies in a file; raises OSError."""
        settings = self._settings
        if settings.api_key is not None or settings.api_key_file is None:
            return settings.api_key
        with Path(settings.api_key_file).open(encoding="utf-8") as file:
            key = file.read(LONGEST_KEY).strip()
        log.hide(key)
        return key

    def _say(self, what: str, reason: str) -> None:
        """Warn, once until everything succeeds again."""
        if reason not in self._told:
            self._told = {reason, self._no_services}
            logger.warning(what, extra={"reason": reason})


def authorization(key: str | None) -> dict[str, str]:
    """Return the header that carries a key; none without one."""
    return {"Authorization": f"Bearer {key}"} if key else {}
