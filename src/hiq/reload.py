"""Read the settings again while the service runs, and take over what can be.

All or nothing: with a bad file nothing changes, and all that is wrong is said. Live
are the filter, the levels of log and validation, and the token of Home Assistant;
everything else is named as needing a restart. Asked for by SIGHUP and by the routes.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from hiq import log
from hiq.errors import ConfigError, Problem
from hiq.filtering import KEYS, FilterMonitor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hiq.assure.levels import Level
    from hiq.filtering import FilterPipeline
    from hiq.settings import HomeAssistantSettings, Settings
    from hiq.web.parts import Parts

__all__ = ["RESTART", "Reloader", "differences"]

logger = logging.getLogger("hiq.reload")

RESTART = " (needs a restart)"
TOKENS = frozenset(
    ("home_assistant.token", "home_assistant.token_file", "home_assistant.fallback")
)
FILTER = frozenset(("filter", "influxdb.include", "influxdb.exclude"))
LEVEL = "log.level"
VALIDATION = "validation.level"
LIVE = TOKENS | FILTER | {LEVEL, VALIDATION}
NOT_SET = frozenset(("source", "notes"))


class TokenReader(Protocol):
    """Who logs in to Home Assistant."""

    def reload(self, settings: HomeAssistantSettings | None = None) -> None:
        """Try again now; new settings hold from the next connection on."""


class Past(Protocol):
    """Who restores the past."""

    def set_filter(self, options: Mapping[str, Any]) -> None:
        """Restore with another filter from now on."""


def differences(old: Settings, new: Settings) -> list[str]:
    """Return the dotted names of the settings that differ, sorted."""
    found = set()
    for section in old.__struct_fields__:
        before, after = getattr(old, section), getattr(new, section)
        if section in NOT_SET or before == after:
            continue
        ours, theirs = _keys(section, before), _keys(section, after)
        if ours is None or theirs is None:
            found.add(section)
        else:
            found |= {
                f"{section}.{key}"
                for key in {*ours, *theirs}
                if ours.get(key) != theirs.get(key)
            }
    return sorted(found)


def _keys(section: str, value: object) -> dict[str, Any] | None:
    """Return a section key by key, None if it is told as one."""
    if isinstance(value, msgspec.Struct):
        return msgspec.structs.asdict(value)
    if section == "influxdb":
        return value if isinstance(value, dict) else {}
    return None


class Reloader:
    """The settings in force, and the way to others.

    - `reload()` and `reload_filter()` raise ConfigError with every problem, and then
      nothing has changed; they return the names of what has, those that only a
      restart can take over marked as such.
    - `read` returns the settings anew; without it only the token is tried again.
    - `request()` does it in the background; `run` is for the supervisor.
    """

    def __init__(
        self, settings: Settings, read: Callable[[], Settings] | None = None
    ) -> None:
        self.settings = settings
        self._read = read
        self._monitor: FilterMonitor | None = None
        self._tokens: TokenReader | None = None
        self._past: Past | None = None
        self.set_validation: Callable[[Level], object] = lambda _level: None
        self._asked = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()

    def attach(
        self,
        pipeline: FilterPipeline,
        parts: Parts,
        clock: Callable[[], float],
        tokens: TokenReader | None,
        past: Past | None,
    ) -> None:
        """Take note of who has to be told, and tell the routes."""
        options = self.settings.pipeline_options
        self._monitor = FilterMonitor(pipeline, options, clock=clock)
        self._tokens, self._past = tokens, past
        parts.filter_statistics = self._monitor.statistics
        if self._read is not None:
            parts.reload_filter = self.reload_filter
            parts.reload_settings = self.reload

    def request(self) -> None:
        """Reload soon, and log what came of it."""
        self._asked.set()

    async def run(self) -> None:
        """Do what was requested, for ever."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            changed: list[str] | None
            try:
                changed = await self.reload()
            except ConfigError as exc:
                changed = None
                for problem in exc.problems:
                    logger.warning("not reloaded: %s", problem)
            if changed is not None:
                logger.info("reloaded", extra={"changed": changed})
            if self._tokens is not None:
                self._tokens.reload()

    async def reload(self) -> list[str]:
        """Take over everything that can be taken over live."""
        return await self._take(LIVE)

    async def reload_filter(self) -> list[str]:
        """Take over the filter only; other differences are not looked at."""
        return await self._take(FILTER, silent=True)

    async def _take(self, wanted: frozenset[str], *, silent: bool = False) -> list[str]:
        """Take over some settings; returns the names of what differs."""
        async with self._one_at_a_time:
            assert self._monitor is not None, "attach comes first"
            new = self.settings
            if self._read is not None:
                new = await asyncio.to_thread(self._read)
            names = differences(self.settings, new)
            taken = [name for name in names if name in wanted]
            merged = _merged(self.settings, new, taken)
            try:
                changed = self._monitor.replace(merged.pipeline_options)
            except ValueError as exc:
                where = new.source or "settings"
                raise ConfigError(Problem(where, 0, "filter", str(exc))) from exc
            self.settings = merged
            if changed and self._past is not None:
                self._past.set_filter(merged.pipeline_options)
            if VALIDATION in taken:
                self.set_validation(merged.validation.level)
            if LEVEL in taken:
                logging.getLogger("hiq").setLevel(merged.log.level.upper())
            if TOKENS.intersection(taken) and self._tokens is not None:
                log.hide(*merged.secrets)
                self._tokens.reload(merged.home_assistant)
            if silent:
                return taken
            return [name if name in taken else name + RESTART for name in names]


def _merged(old: Settings, new: Settings, taken: list[str]) -> Settings:
    """Return the old settings with some names as in the new ones."""
    changes: dict[str, Any] = {}
    for name in taken:
        section, _, key = name.partition(".")
        if not key:
            changes[section] = getattr(new, section)
        elif section != "influxdb":
            before = changes.get(section, getattr(old, section))
            value = getattr(getattr(new, section), key)
            changes[section] = msgspec.structs.replace(before, **{key: value})
    if any(name.startswith("influxdb.") for name in taken):
        block = {k: v for k, v in (old.influxdb or {}).items() if k not in KEYS}
        given = new.influxdb or {}
        changes["influxdb"] = {**block, **{k: given[k] for k in KEYS if k in given}}
    return msgspec.structs.replace(old, **changes)
