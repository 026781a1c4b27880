"""Says how true the registries still are: failures, age, and points without tags.

Counts, warns at most once in ten minutes for each cause, tells /health, and notes in
the ledger when the pipeline had to begin without registries. It asks nothing.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from hiq import log
from hiq.stats import Concern

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from hiq.errors import HiqError
    from hiq.ha.registries import Registry
    from hiq.settings.schema import DiscoverySettings
    from hiq.stats import Stats

__all__ = ["CONCERN", "WARN_S", "Freshness"]

logger = logging.getLogger("hiq.discovery")

WARN_S: Final = 600.0
CONCERN: Final = "discovery"


class Freshness:
    """What is said about the registries of one home."""

    def __init__(
        self,
        stats: Stats,
        settings: DiscoverySettings,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
    ) -> None:
        self._stats = stats
        self._settings = settings
        self._clock = clock
        self._throttle = log.Throttle(WARN_S, monotonic)
        self._late: int | None = None

    def failed(self, registry: Registry, error: HiqError) -> None:
        """Take note that a registry did not come."""
        stats = self._stats.discovery
        stats.failures[registry.name.lower()] += 1
        stats.last_error = str(error)
        if self._throttle.allow(registry) is not None:
            logger.warning("%s", error)

    def judge(self, failed: Collection[Registry]) -> None:
        """Tell of registries that were not read, or not for long."""
        read_at_s = self._stats.discovery.read_at
        age_s = 0.0 if read_at_s is None else self._clock() - read_at_s
        if age_s > 2 * self._settings.refresh:
            reason = f"not read for {age_s:.0f} s"
        elif failed:
            names = sorted(registry.name.lower() for registry in failed)
            reason = f"Home Assistant did not give {', '.join(names)}"
        else:
            self._stats.concerns.pop(CONCERN, None)
            return
        self._stats.concerns[CONCERN] = Concern("degraded", f"registries: {reason}")
        if self._throttle.allow("stale") is not None:
            logger.warning(
                "the registries of Home Assistant may be out of date",
                extra={"reason": reason},
            )

    def hold_ended(self) -> None:
        """Take note that events come, and the registries are not here."""
        self._stats.discovery.late += 1
        if self._late is None:
            self._late = self._stats.gaps.open(
                "registry_late",
                self._clock(),
                source="home_assistant",
                detail=f"no registry in {self._settings.hold:g} s",
            )
        logger.warning(
            "the registries did not come in time; points have no tags of theirs",
            extra={"seconds": self._settings.hold},
        )

    def arrived(self) -> None:
        """Take note that the registries are here; settles what was noted."""
        if self._late is not None:
            number, self._late = self._late, None
            text = "points of this time have no tags of the registry; none is missing"
            self._stats.gaps.settle(number, "lost", text, points=0)
