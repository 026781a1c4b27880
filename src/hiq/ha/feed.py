"""Frames go into the pipeline here, and what became of them into the counters.

The compiled pipeline is on a lower floor, but a recorder or a test may stand in for
it, so the need is written as protocols. Nothing here holds on to a frame.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from hiq._core import Pipeline

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hiq.ha.gathering import Gathering
    from hiq.stats import Stats

__all__ = ["Feed", "FeedPipeline", "FeedVerdict", "Payload"]

Payload = bytes | memoryview


class FeedVerdict(Protocol):
    """What became of one frame; see `hiq.Verdict`."""

    @property
    def events(self) -> int:
        """State events in the frame."""
        ...

    @property
    def points(self) -> int:
        """Events that became lines."""
        ...

    @property
    def filtered(self) -> int:
        """Events that the filter dropped."""
        ...

    @property
    def skipped(self) -> int:
        """Events that make no point by rule."""
        ...

    @property
    def rejected(self) -> int:
        """Events refused; and what holds none: a frame that is no JSON, a number."""
        ...

    @property
    def duplicates(self) -> int:
        """States of a snapshot that were seen as events already."""
        ...

    @property
    def passed(self) -> Sequence[bytes]:
        """Messages that are no state events, in order."""
        ...

    @property
    def full(self) -> bool:
        """Whether the lines should be taken before the next frame."""
        ...


class FeedPipeline(Protocol):
    """What is needed of `hiq.Pipeline`."""

    def feed(self, frame: Payload, snapshot: bool = ...) -> FeedVerdict:
        """Take one text message; never raises for bad content."""
        ...

    def set_tags(self, entity_id: str, tags: Mapping[str, str] | None) -> None:
        """Set the registry tags of one entity, None removes them."""
        ...


class Observed(Protocol):
    """Who sees accepted events; see `hiq.observe.Observers`."""

    def tell(self) -> None:
        """Tell everybody what was accepted since the last time."""
        ...


class Feed:
    """The way of frames into a pipeline, counted.

    - After a call, or after `add`: the counters are right.
    - `on_full` is called when the lines should be taken before the next frame.
    - `gathering`: lets lone state events wait, on the way without this object.
    - `compiled`: the pipeline, if frames may be put into it without this object;
      whoever does so calls `add`, then `on_full`, before anyone looks.
    """

    def __init__(
        self,
        pipeline: FeedPipeline,
        stats: Stats,
        *,
        on_full: Callable[[], object],
        clock: Callable[[], float],
        observers: Observed | None = None,
        gathering: Gathering | None = None,
    ) -> None:
        self._observers = observers
        self.gathering = gathering
        # Of exactly this type: a subclass may have a `feed` of its own.
        self.compiled = pipeline if type(pipeline) is Pipeline else None
        self.on_full = on_full
        self._pipeline = pipeline
        self._stats = stats
        self._clock = clock

    def __call__(self, frame: Payload, *, snapshot: bool) -> Sequence[bytes]:
        """Take one text message; the payload is valid during the call only.

        Returns the messages in it that are no state events.
        """
        verdict = self._pipeline.feed(frame, snapshot)
        points, filtered, skipped = verdict.points, verdict.filtered, verdict.skipped
        duplicates = verdict.duplicates
        rejected = verdict.events - points - filtered - skipped - duplicates
        self.add(
            1,
            len(frame),
            verdict.rejected - rejected,
            verdict.events,
            filtered,
            skipped,
            duplicates,
            rejected,
            snapshot=snapshot,
        )
        if verdict.full:
            self.on_full()
        return verdict.passed

    def add(  # noqa: PLR0917  the listener gives them from C, by position
        self,
        frames: int,
        size: int,
        unreadable: int,
        events: int,
        filtered: int,
        skipped: int,
        duplicates: int,
        rejected: int,
        *,
        snapshot: bool = False,
    ) -> None:
        """Add what became of some frames to the counters.

        What is unreadable holds no events and is counted apart, so that received
        stays the sum of what became of events.
        """
        stats, ha = self._stats, self._stats.ha
        ha.frames += frames
        ha.bytes += size
        if events:
            stats.received += events
            stats.filtered += filtered
            stats.skipped += skipped
            stats.duplicate += duplicates
            stats.rejected += rejected
            if snapshot:
                stats.snapshot_states += events
            else:
                stats.changes += events
                ha.last_event_at = self._clock()
                if stats.on_change is not None:
                    stats.stirred()
        if unreadable:
            stats.bad_frames += unreadable
        if (rejected or unreadable) and stats.on_refused is not None:
            stats.on_refused()
        if events and self._observers is not None:
            self._observers.tell()
