"""What the core says about one frame, and what it hands out.

Pure values: they know nothing of JSON, line protocol or memory. A Verdict is
made once per frame, never per event.
"""

from typing import NamedTuple

__all__ = ["Taken", "Verdict"]


class Verdict(NamedTuple):
    """What became of one frame.

    - `events == points + filtered + skipped + duplicates + rejected` for a valid frame;
    - a frame that is not valid JSON has `rejected == 1` and `events == 0`.
    """

    events: int
    """`state_changed` messages in the frame."""
    points: int
    """Lines added to the buffer."""
    filtered: int
    """Events refused by the entity filter."""
    skipped: int
    """Events that by rule give no point: removed, unknown, unavailable, no field."""
    rejected: int
    """Events, or the whole frame, refused by validation."""
    duplicates: int
    """Snapshot states whose time stamp had been seen already."""
    passed: list[bytes]
    """The messages that are not state events, in order."""
    full: bool
    """The buffer is above its high-water mark: take before the next feed."""


class Taken(NamedTuple):
    """Finished lines, grouped by series, in the order of arrival inside a series."""

    data: bytes
    points: int
    first_ns: int
    """Smallest time stamp, 0 if there is no line."""
    last_ns: int
    """Largest time stamp, 0 if there is no line."""
