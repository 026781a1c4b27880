"""What the filter of the running service decided, as its route tells it.

Reads the counters of the core; it knows no HTTP and reads no settings file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hiq._core.decision import FilterCounts

__all__ = ["FilterMonitor", "FilterPipeline", "filter_options"]

KEYS = ("include", "exclude", "filter")
MOST_RULES = 100
"""Rules that are told one by one; of more, those that decided most."""


class FilterPipeline(Protocol):
    """What is needed of the pipeline."""

    @property
    def filter_counts(self) -> FilterCounts:
        """What the filter decided since it was set."""

    def set_filter(self, options: Mapping[str, object] | None) -> None:
        """Put another filter in force, from the next frame on."""


def filter_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of the options of a pipeline decides, without empty values."""
    return {key: options[key] for key in KEYS if options.get(key)}


class FilterMonitor:
    """The filter in force, and its counts since it was set."""

    def __init__(
        self,
        pipeline: FilterPipeline,
        options: Mapping[str, Any],
        *,
        clock: Callable[[], float],
    ) -> None:
        self._pipeline = pipeline
        self._clock = clock
        self._options = filter_options(options)
        self._since = clock()

    def replace(self, options: Mapping[str, Any]) -> bool:
        """Put another filter in force; False if it is the same.

        ValueError: it is bad, and nothing has changed.
        """
        wanted = filter_options(options)
        if wanted == self._options:
            return False
        self._pipeline.set_filter(wanted)
        self._options = wanted
        self._since = self._clock()
        return True

    def statistics(self, now: float) -> dict[str, Any] | None:
        """Return the counts, None if no filter is set."""
        if not self._options:
            return None
        counts = self._pipeline.filter_counts
        rules: Mapping[str, Any] = self._options.get("filter") or {}
        total = counts.filtered + counts.passed + counts.exceptions
        most = sorted(counts.rules.items(), key=lambda item: (-item[1], item[0]))
        return {
            "filtered_count": counts.filtered,
            "passed_count": counts.passed,
            "exception_count": counts.exceptions,
            "thinned_count": counts.thinned,
            "total_processed": total,
            "filter_rate": counts.filtered / total if total else 0.0,
            "uptime_seconds": max(0.0, now - self._since),
            "mode": rules.get("mode", "exclude"),
            "patterns_count": len(rules.get("patterns") or ()),
            "exceptions_count": len(rules.get("exceptions") or ()),
            "rules": dict(most[:MOST_RULES]),
        }
