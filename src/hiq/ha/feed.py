"""What Home Assistant's side needs of the pipeline, and the count of what went in.

The compiled pipeline is on a lower floor, but a recorder or a test may stand in for
it, so the need is written as protocols. Nothing here holds on to a frame.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hiq.stats import Stats

__all__ = ["Feed", "FeedPipeline", "FeedVerdict", "Payload", "count"]

Payload = bytes | memoryview


class FeedVerdict(Protocol):
    """What became of one frame; see `hiq.Verdict`."""

    @property
    def events(self) -> int:
        """State events in the frame."""
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
        """Events refused; 1 without events: the frame is no JSON."""
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


class Feed(Protocol):
    """What takes frames: returns the messages in them that are no state events."""

    def __call__(self, frame: Payload, *, snapshot: bool) -> Sequence[bytes]:
        """Take one text message; the payload is valid during the call only."""
        ...


def count(stats: Stats, verdict: FeedVerdict, size: int, *, snapshot: bool) -> None:
    """Add one frame of `size` bytes to the counters.

    A frame that is no JSON has no events and is counted apart, so that received
    stays the sum of what became of events.
    """
    stats.ha.frames += 1
    stats.ha.bytes += size
    if verdict.events:
        stats.received += verdict.events
        stats.filtered += verdict.filtered
        stats.skipped += verdict.skipped
        stats.rejected += verdict.rejected
        stats.duplicate += verdict.duplicates
        if snapshot:
            stats.snapshot_states += verdict.events
    elif verdict.rejected:
        stats.bad_frames += 1
