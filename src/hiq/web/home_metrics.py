"""The registries of the home as Prometheus text: their size, age, failures, renames.

Also what a data-api was sent of them, and the snapshots of last values. Labels name
registries and lists, never entities. Names and units: docs/reference/metrics.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hiq.web.exposition import Family

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hiq.stats import Stats

__all__ = ["HomeCollector"]


class HomeCollector:
    """Reads the counters of discovery; `clock` gives Unix seconds."""

    def __init__(self, stats: Stats, clock: Callable[[], float]) -> None:
        self._stats = stats
        self._clock = clock

    def collect(self) -> Iterator[Family]:
        """Yield every family, read at this moment."""
        yield from self._registries()
        yield from self._snapshots()

    def _registries(self) -> Iterator[Family]:
        stats = self._stats.discovery
        rows = Family("hiq_registry_rows", "Rows that are known.", labels=("registry",))
        for registry, count in stats.sizes.items():
            rows.add(count, registry)
        yield rows
        if stats.read_at is not None:
            age_s = max(0.0, self._clock() - stats.read_at)
            text = "Since all registries were read, by this run or the last."
            yield Family("hiq_registry_age_seconds", text).add(age_s)
        if stats.refreshes:
            text = "How long reading all of them took the last time."
            yield Family("hiq_registry_load_seconds", text).add(stats.load_s)
        for name, text, value in (
            ("refreshes", "Times that all registries were read.", stats.refreshes),
            ("changes", "Events that told a change of one.", stats.changes),
            ("updates", "Entities whose tags were told anew.", stats.updates),
            ("renames", "Entities that got another id.", stats.renames),
            ("unreadable", "Rows and events that could not be read.", stats.unreadable),
            ("late", "Times that events began without registries.", stats.late),
        ):
            yield Family(f"hiq_registry_{name}_total", text, "counter").add(value)
        failures = Family(
            "hiq_registry_failures_total",
            "Answers of Home Assistant that did not come.",
            "counter",
            ("registry",),
        )
        for registry, count in stats.failures.items():
            failures.add(count, registry)
        yield failures
        uploads = Family(
            "hiq_data_api_uploads_total",
            "Lists for the data-api, by what became of them.",
            "counter",
            ("list", "result"),
        )
        for (name, result), count in stats.published.items():
            uploads.add(count, name, result)
        yield uploads
        text = "Lists that are still to be uploaded to the data-api."
        yield Family("hiq_data_api_pending", text).add(stats.publishing)

    def _snapshots(self) -> Iterator[Family]:
        stats = self._stats.regular
        text = "Snapshots of last values, by what became of them."
        rounds = Family("hiq_snapshots_total", text, "counter", ("result",))
        yield rounds.add(stats.rounds, "written").add(stats.missed, "missed")
        text = "Entities in the last one."
        yield Family("hiq_snapshot_entities", text).add(stats.entities)
        text = "States that found no room in memory."
        name = "hiq_snapshot_left_out_total"
        yield Family(name, text, "counter").add(stats.left_out)
